//! A moment of the live ring, as a fragment of the page's address.
//!
//! ```text
//! live
//! live?run=9b839034-164d-4ff9-84ae-bf08e24ad801&at=417
//! ```

use ringleader_shared::{RunId, Seq};

use super::LIVE;

/// A moment of a run that was live when its address was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LiveMoment {
    /// The run.
    pub(crate) run: RunId,
    /// The event after which it is shown.
    pub(crate) at: Seq,
}

impl LiveMoment {
    /// Reads a fragment of the live ring; `None` is the present.
    ///
    /// # Errors
    /// When a part makes no sense: the part, and what is allowed there.
    pub(crate) fn read(fragment: &str) -> Result<Option<Self>, String> {
        let (mut run, mut at) = (None, None);
        // The word may be left out.
        let parts = fragment.split_once('?').map_or(fragment, |(_, parts)| parts);
        for part in parts.split('&').filter(|part| part.contains('=')) {
            let (name, value) = part.split_once('=').unwrap_or_default();
            let refused = |allowed: &str| format!("{part:.80}: {allowed}");
            match name {
                "run" => run = Some(value.parse().map_err(|_| refused("a run has an id, a UUID"))?),
                "at" => {
                    at =
                        Some(Seq(value.parse().map_err(|_| refused("a moment is the number of an event"))?))
                }
                _ => return Err(refused("one of run and at")),
            }
        }
        match (run, at) {
            (Some(run), Some(at)) => Ok(Some(Self { run, at })),
            (None, None) => Ok(None),
            _ => Err("a moment of the live ring has a run and the number of an event, as in run=…&at=417"
                .to_owned()),
        }
    }

    /// The fragment of a moment, or of the present.
    pub(crate) fn fragment(moment: Option<Self>) -> String {
        moment.map_or_else(|| LIVE.to_owned(), |Self { run, at }| format!("{LIVE}?run={run}&at={at}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_after_its_address() {
        let run = "9b839034-164d-4ff9-84ae-bf08e24ad801".parse().expect("a UUID");
        for moment in [None, Some(LiveMoment { run, at: Seq(417) })] {
            assert_eq!(LiveMoment::read(&LiveMoment::fragment(moment)), Ok(moment));
        }
        let short = format!("run={run}&at=417");
        assert_eq!(LiveMoment::read(&short), Ok(Some(LiveMoment { run, at: Seq(417) })));
        assert_eq!(LiveMoment::read(""), Ok(None));
    }

    #[test]
    fn half_a_moment_is_none() {
        assert!(LiveMoment::read("live?at=417").is_err_and(|why| why.contains("a run and the number")));
        assert!(LiveMoment::read("live?at=x").is_err_and(|why| why.starts_with("at=x: ")));
        assert!(LiveMoment::read("live?color=red").is_err_and(|why| why.contains("one of run and at")));
    }
}
