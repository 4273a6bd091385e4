//! A position in the stream of events, the value of `after`: `SEQ`, or `RUN:SEQ`, which no other server
//! has.

use ringleader_shared::{RunId, Seq};
use serde::Deserialize;

use crate::bus::EventPosition;

/// The value of `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct After(pub(super) EventPosition);

impl TryFrom<String> for After {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (run, seq) = match text.split_once(':') {
            Some((run, seq)) => (Some(run), seq),
            None => (None, text.as_str()),
        };
        let run = run.map(|run| run.parse().map(RunId)).transpose().ok();
        // No event follows the largest number, and no event will ever have it.
        let seq = seq.parse::<u64>().map(|seq| Seq(seq.min(u64::MAX - 1))).ok();
        let position = run.zip(seq).map(|(run, seq)| Self(EventPosition { run, seq }));
        position.ok_or_else(|| {
            "after is SEQ or RUN:SEQ: the number of an event, and the id of its run before it".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_number_with_or_without_its_run() {
        let run = RunId(uuid::Uuid::from_u128(7));
        let position = |run, seq| Ok(After(EventPosition { run, seq: Seq(seq) }));
        for (text, expected) in [
            ("0".to_owned(), position(None, 0)),
            ("18446744073709551615".to_owned(), position(None, u64::MAX - 1)),
            (format!("{run}:26"), position(Some(run), 26)),
        ] {
            assert_eq!(After::try_from(text.clone()), expected, "{text}");
        }
        for text in [
            "",
            ":",
            "-1",
            "1.0",
            "26:",
            ":26",
            "x:26",
            &format!("{run}"),
            &format!("{run}:"),
            &format!("{run}:2:6"),
        ] {
            assert!(After::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
