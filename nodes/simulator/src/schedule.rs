//! What is done to a ring, and when.

use std::fmt;
use std::time::Duration;

use ringleader_shared::NodeName;

/// One thing that is done to the member at this place of the ring order (from 0). What makes no sense, such as killing
/// a dead member, is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A user asks it for an election.
    Initiate(usize),
    /// It dies. What it had sent still arrives.
    Kill(usize),
    /// It starts again, without memory.
    Start(usize),
    /// It hangs: it processes nothing, its links stay open until others give up.
    Pause(usize),
    /// It goes on, beginning with what has piled up.
    Resume(usize),
}

impl Action {
    /// The place of the member that it is done to.
    #[must_use]
    pub fn place(&self) -> usize {
        match *self {
            Self::Initiate(n) | Self::Kill(n) | Self::Start(n) | Self::Pause(n) | Self::Resume(n) => n,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Initiate(_) => "initiate",
            Self::Kill(_) => "kill",
            Self::Start(_) => "start",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
        };
        write!(f, "{word} {}", NodeName::nth(self.place()))
    }
}

/// Actions, each with the time that passes before it is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// The actions in order.
    pub steps: Vec<(Duration, Action)>,
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (wait, action) in &self.steps {
            writeln!(f, "  after {wait:?} {action}")?;
        }
        Ok(())
    }
}
