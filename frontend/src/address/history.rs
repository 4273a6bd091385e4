//! The place in the history, as a fragment of the page's address.
//!
//! ```text
//! history
//! history?search=bully%20A
//! history?run=9b839034-164d-4ff9-84ae-bf08e24ad801&at=417
//! history?compare=9b839034-164d-4ff9-84ae-bf08e24ad801,0d0f0a52-6bd0-4bd3-9f4c-1c1ba7a35bb1
//! ```

use std::fmt::Write as _;

use ringleader_shared::{RunId, Seq};

/// The place in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HistoryPlace {
    /// The list of the runs with these words, of all when there are none.
    List {
        /// The words.
        search: String,
    },
    /// A run.
    Run {
        /// The run.
        run: RunId,
        /// The event after which it is shown; `None` for the beginning.
        at: Option<Seq>,
    },
    /// Two runs beside each other.
    Compare(RunId, RunId),
}

impl HistoryPlace {
    /// The first word of a fragment that leads to the history.
    pub(crate) const WORD: &'static str = "history";

    /// The list of all runs.
    pub(crate) const fn list() -> Self {
        Self::List { search: String::new() }
    }

    /// Whether a fragment, without its `#`, leads to the history.
    pub(crate) fn is_meant(fragment: &str) -> bool {
        fragment.split('?').next() == Some(Self::WORD)
    }

    /// Reads a fragment.
    ///
    /// # Errors
    /// When a part makes no sense: the part, and what is allowed there.
    pub(crate) fn read(fragment: &str) -> Result<Self, String> {
        let (mut place, mut moment) = (Self::list(), None);
        let (_, parts) = fragment.split_once('?').unwrap_or_default();
        for part in parts.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let refused = |allowed: &str| format!("{part:.80}: {allowed}");
            match name {
                "search" => place = Self::List { search: decode(value) },
                "run" => {
                    let run = value.parse().map_err(|_| refused("a run has an id, a UUID"))?;
                    place = Self::Run { run, at: None };
                }
                "at" => {
                    let at = value.parse().map_err(|_| refused("a moment is the number of an event"))?;
                    moment = Some(Seq(at));
                }
                "compare" => {
                    let ids = value
                        .split_once(',')
                        .and_then(|(one, other)| Some(Self::Compare(one.parse().ok()?, other.parse().ok()?)));
                    place = ids.ok_or_else(|| refused("two runs, with a comma between their ids"))?;
                }
                _ => return Err(refused("one of search, run, at and compare")),
            }
        }
        if let Self::Run { at, .. } = &mut place {
            *at = moment;
        }
        Ok(place)
    }

    /// The fragment of this place.
    pub(crate) fn fragment(&self) -> String {
        let word = Self::WORD;
        match self {
            Self::List { search } if search.is_empty() => word.to_owned(),
            Self::List { search } => format!("{word}?search={}", encode(search)),
            Self::Run { run, at: None } => format!("{word}?run={run}"),
            Self::Run { run, at: Some(at) } => format!("{word}?run={run}&at={at}"),
            Self::Compare(one, other) => format!("{word}?compare={one},{other}"),
        }
    }
}

/// Encodes a text as a value in an address.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Decodes a value of an address. What is no code stands for itself.
pub(super) fn decode(text: &str) -> String {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        decoded.push(code.unwrap_or(*first));
        rest = after.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "9b839034-164d-4ff9-84ae-bf08e24ad801";
    const OTHER: &str = "0d0f0a52-6bd0-4bd3-9f4c-1c1ba7a35bb1";

    fn id(text: &str) -> RunId {
        text.parse().expect("a UUID")
    }

    #[test]
    fn a_place_is_the_same_after_its_address() {
        let list = |search: &str| HistoryPlace::List { search: search.to_owned() };
        for place in [
            HistoryPlace::list(),
            list("bully  A&b=c, 50 % + ü → #1?"),
            HistoryPlace::Run { run: id(ONE), at: None },
            HistoryPlace::Run { run: id(ONE), at: Some(Seq(417)) },
            HistoryPlace::Compare(id(ONE), id(OTHER)),
        ] {
            let fragment = place.fragment();
            assert!(fragment.is_ascii() && !fragment.contains(' '), "{fragment}");
            assert_eq!(HistoryPlace::read(&fragment), Ok(place));
        }
    }

    #[test]
    fn an_address_that_a_reader_typed_is_read_too() {
        let of = |search: &str| HistoryPlace::read(&format!("history?search={search}"));
        let list = |search: &str| Ok(HistoryPlace::List { search: search.to_owned() });
        assert_eq!(
            (of("a b"), of("100%"), of("%zz%4"), of("%e2%86")),
            (list("a b"), list("100%"), list("%zz%4"), list("\u{FFFD}"))
        );
        assert_eq!(of(""), Ok(HistoryPlace::list()));
        let both = HistoryPlace::read(&format!("history?at=3&run={ONE}"));
        assert_eq!(both, Ok(HistoryPlace::Run { run: id(ONE), at: Some(Seq(3)) }));
    }

    #[test]
    fn a_part_that_makes_no_sense_is_named_with_what_is_allowed() {
        for (fragment, why) in [
            ("history?run=7", "run=7: a run has an id, a UUID"),
            (
                "history?run=9b839034-164d-4ff9-84ae-bf08e24ad801&at=x",
                "at=x: a moment is the number of an event",
            ),
            ("history?compare=1", "compare=1: two runs, with a comma between their ids"),
            ("history?color=red", "color=red: one of search, run, at and compare"),
        ] {
            assert_eq!(HistoryPlace::read(fragment), Err(why.to_owned()));
        }
    }
}
