//! The leader that the members follow, and the first signs of its loss.

use serde::Serialize;

use super::outage::{LossCause, Outage};
use crate::id::{Incarnation, NodeName, Term};
use crate::json;

/// The leader that the members follow, and the first signs of its loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watched {
    /// The leader.
    pub leader: NodeName,
    /// The start of that member.
    pub incarnation: Incarnation,
    /// The term that it leads.
    pub term: Term,
    /// The moment from which all live members followed it.
    pub since_us: u64,
    /// Its own latest event.
    pub(super) heard_us: u64,
    /// The first failure of a link to it since then.
    pub(super) failed_us: Option<u64>,
}

json::read_by_name! { Watched { leader, incarnation, term, since_us, heard_us, failed_us } }

impl Watched {
    /// The first failure of a link to a leader of which nothing has been heard since.
    pub(super) fn silent_since(&self) -> Option<u64> {
        self.failed_us.filter(|failed_us| *failed_us > self.heard_us)
    }

    pub(super) fn failed(&mut self, at_us: u64) {
        self.failed_us = Some(self.silent_since().map_or(at_us, |before| before.min(at_us)));
    }

    pub(super) fn lost(&self, number: u64, at_us: u64, cause: LossCause) -> Outage {
        Outage {
            number,
            lost: self.leader.clone(),
            incarnation: self.incarnation,
            term: self.term,
            cause,
            led_since_us: self.since_us,
            started_us: at_us,
            noticed_us: self.silent_since().filter(|failed_us| *failed_us >= at_us),
            claimed_us: None,
            ended_us: None,
            leader: None,
            took: None,
            turned_us: at_us,
            may_return: match cause {
                // It leads on when the evidence against it is refuted.
                LossCause::CutOff | LossCause::LinkLost | LossCause::Unseated | LossCause::LeaseLost => true,
                LossCause::Killed | LossCause::Exited | LossCause::Hung | LossCause::Removed => false,
            },
        }
    }
}
