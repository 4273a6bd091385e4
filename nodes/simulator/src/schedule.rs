//! The actions on a ring, and their times.

use std::fmt;
use std::time::Duration;

use ringleader_shared::{ChangeRing, NodeName, Term};

use crate::rng::PerMille;
use crate::setup::Latency;

/// One thing that is done to members at these places of the ring order (from 0). What makes no sense, such as
/// killing a dead member, is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A user asks it for an election.
    Initiate(usize),
    /// Every live member is asked for an election, all at the same instant.
    InitiateAll,
    /// It is asked, with others at the same instant, for an election of this term.
    InitiateTogether {
        /// Index of the member.
        place: usize,
        /// The term.
        term: Term,
    },
    /// It dies. What it had sent still arrives.
    Kill(usize),
    /// It starts again. It remembers what it promised, and nothing else.
    Start(usize),
    /// It hangs: it processes nothing, its links stay open until others give up.
    Pause(usize),
    /// It goes on, beginning with what has piled up.
    Resume(usize),
    /// Nothing crosses from one to the other any more, and neither end is notified.
    Cut {
        /// The sender.
        from: usize,
        /// The receiver.
        to: usize,
    },
    /// Nothing crosses between the two any more, in either direction.
    Sever {
        /// One end.
        one: usize,
        /// The other end.
        other: usize,
    },
    /// Messages from one to the other are disturbed from now on.
    Disturb {
        /// The sender.
        from: usize,
        /// The receiver.
        to: usize,
        /// The disturbance. Replaces what was before.
        disturbance: Disturbance,
    },
    /// The links between the two are as good as any others again, in both directions.
    Mend {
        /// One end.
        one: usize,
        /// The other end.
        other: usize,
    },
    /// Its clock runs fast or slow from now on.
    Drift {
        /// The member.
        place: usize,
        /// Thousandths by which it is too fast; negative is too slow. -900 to 9000.
        per_mille: i16,
    },
    /// A new member joins at the end of the ring order and starts.
    Add {
        /// Its attribute.
        attribute: u64,
        /// Whether it may lead.
        eligible: bool,
    },
    /// It dies and leaves the ring for ever, unless it is the last one.
    Remove(usize),
    /// Its attribute is another from now on.
    Attribute {
        /// The member.
        place: usize,
        /// The new one.
        attribute: u64,
    },
    /// It may lead from now on, or may not any more.
    Eligible {
        /// The member's place.
        place: usize,
        /// Whether it may.
        eligible: bool,
    },
    /// Settings of the ring are changed; the members learn of it as they do of a new ring.
    Change(ChangeRing),
}

/// The disturbance of messages on one link in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Disturbance {
    /// Time for which everything is under way.
    pub latency: Latency,
    /// Share of the messages that are lost.
    pub drop: PerMille,
    /// Share of the messages that arrive twice.
    pub duplicate: PerMille,
    /// Share of the messages that may be overtaken by later ones.
    pub reorder: PerMille,
}

/// The name of the member at this place.
pub(crate) fn name(place: usize) -> NodeName {
    NodeName::nth(place)
}

impl fmt::Display for Action {
    /// As [`crate::Case`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::InitiateAll => f.write_str("initiate all"),
            Self::InitiateTogether { place, term } => write!(f, "initiate {} term {term}", name(place)),
            Self::Initiate(place) => write!(f, "initiate {}", name(place)),
            Self::Kill(place) => write!(f, "kill {}", name(place)),
            Self::Start(place) => write!(f, "start {}", name(place)),
            Self::Pause(place) => write!(f, "pause {}", name(place)),
            Self::Resume(place) => write!(f, "resume {}", name(place)),
            Self::Cut { from, to } => write!(f, "cut {} {}", name(from), name(to)),
            Self::Sever { one, other } => write!(f, "sever {} {}", name(one), name(other)),
            Self::Mend { one, other } => write!(f, "mend {} {}", name(one), name(other)),
            Self::Disturb { from, to, disturbance } => {
                let Disturbance { latency, drop, duplicate, reorder } = disturbance;
                write!(
                    f,
                    "disturb {} {} {latency} drop {drop} duplicate {duplicate} reorder {reorder}",
                    name(from),
                    name(to)
                )
            }
            Self::Drift { place, per_mille } => write!(f, "drift {} {per_mille}", name(place)),
            Self::Add { attribute, eligible: true } => write!(f, "add {attribute}"),
            Self::Add { attribute, eligible: false } => write!(f, "add {attribute} ineligible"),
            Self::Eligible { place, eligible: true } => write!(f, "eligible {}", name(place)),
            Self::Eligible { place, eligible: false } => write!(f, "ineligible {}", name(place)),
            Self::Change(change) => change.fmt(f),
            Self::Remove(place) => write!(f, "remove {}", name(place)),
            Self::Attribute { place, attribute } => write!(f, "attribute {} {attribute}", name(place)),
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(time) => write!(f, "constant {}", Written(*time)),
            Self::Uniform { min, max } => write!(f, "uniform {} {}", Written(*min), Written(*max)),
            Self::Exponential { mean } => write!(f, "exponential {}", Written(*mean)),
        }
    }
}

/// A time as a [`crate::Case`] says it: in microseconds, or in nanoseconds where those would not be exact.
struct Written(Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.as_nanos();
        if nanoseconds.is_multiple_of(1000) {
            write!(f, "{}us", nanoseconds / 1000)
        } else {
            write!(f, "{nanoseconds}ns")
        }
    }
}

/// Actions, each with the time that passes before it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// The actions in order.
    pub steps: Vec<(Duration, Action)>,
}

impl fmt::Display for Schedule {
    /// As [`crate::Case`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (wait, action)) in self.steps.iter().enumerate() {
            let apart = if n == 0 { "" } else { "; " };
            write!(f, "{apart}{} {action}", Written(*wait))?;
        }
        Ok(())
    }
}
