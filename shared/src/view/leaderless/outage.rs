//! One time without a leader: its cause, its moments and its parts.

use serde::{Deserialize, Serialize};

use crate::id::{Incarnation, NodeName, Term};
use crate::json;

/// The cause of the loss of a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossCause {
    /// Its process was ended by a signal, on request or not.
    Killed,
    /// Its process ended by itself or was asked to.
    Exited,
    /// Its process was stopped: it hangs.
    Hung,
    /// It was removed from the ring.
    Removed,
    /// Cut links keep it from most of the live members.
    CutOff,
    /// Its links failed, and nothing else is known of it.
    LinkLost,
    /// An election in a newer term began while it led.
    Unseated,
    /// Quorum mode: its lease ran out.
    LeaseLost,
}

impl LossCause {
    /// The word of the API and of the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Exited => "exited",
            Self::Hung => "hung",
            Self::Removed => "removed",
            Self::CutOff => "cut_off",
            Self::LinkLost => "link_lost",
            Self::Unseated => "unseated",
            Self::LeaseLost => "lease_lost",
        }
    }
}

/// One time without a leader. Moments are in microseconds since the server started, by the events' clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outage {
    /// The number of the outage in its run, from 1.
    pub number: u64,
    /// The leader that was lost.
    pub lost: NodeName,
    /// The start of that member.
    pub incarnation: Incarnation,
    /// The term that it led.
    pub term: Term,
    /// The cause of its loss.
    pub cause: LossCause,
    /// The moment from which all live members had followed it.
    pub led_since_us: u64,
    /// The last moment at which it served.
    pub started_us: u64,
    /// The first moment at which a live member acted on the loss; `None` before.
    pub noticed_us: Option<u64>,
    /// The moment of the first message or claim of a newer term; `None` before.
    pub claimed_us: Option<u64>,
    /// The first moment at which all live members followed the next leader; `None` while the outage runs.
    pub ended_us: Option<u64>,
    /// The next leader: the same one when it came back; `None` while the outage runs.
    pub leader: Option<NodeName>,
    /// The times that it took; `None` while the outage runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<Took>,
    /// The latest change of what members follow, or of who lives.
    pub(super) turned_us: u64,
    /// Whether the lost leader may be the next one in the same term: its process goes on, or its links do.
    pub(super) may_return: bool,
}

json::read_by_name! { Outage { number, lost, incarnation, term, cause, led_since_us, started_us, noticed_us, claimed_us, ended_us, leader, took, turned_us, may_return } }

/// A time without a leader and its parts, in microseconds. The parts add up to the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Took {
    /// The time from the last moment at which the old leader served until all live members followed the next
    /// one.
    pub total_us: u64,
    /// The part until the first live member acted on the loss.
    pub noticing_us: u64,
    /// The part from then until the first message or claim of a newer term: time-outs, and leases that run
    /// out.
    pub waiting_us: u64,
    /// The part from then until all live members followed the next leader.
    pub electing_us: u64,
}

json::read_by_name! { Took { total_us, noticing_us, waiting_us, electing_us } }

impl Outage {
    /// The times that it took, or has taken until this moment while it runs.
    #[must_use]
    pub fn took_at(&self, now_us: u64) -> Took {
        let end = self.ended_us.unwrap_or(now_us).max(self.started_us);
        let claimed = self.claimed_us.unwrap_or(end).clamp(self.started_us, end);
        let noticed = self.noticed_us.unwrap_or(claimed).clamp(self.started_us, claimed);
        Took {
            total_us: end - self.started_us,
            noticing_us: noticed - self.started_us,
            waiting_us: claimed - noticed,
            electing_us: end - claimed,
        }
    }

    /// Adds up the times of an outage that has ended.
    pub(super) fn add_up(&mut self) {
        self.took = self.ended_us.map(|ended_us| self.took_at(ended_us));
    }

    pub(super) fn is_of(&self, name: Option<&NodeName>, incarnation: Incarnation) -> bool {
        name == Some(&self.lost) && incarnation == self.incarnation
    }

    /// Adds evidence of the loss. The earliest evidence gives its time and cause; evidence from the silence
    /// of links gives way to evidence about the process.
    pub(super) fn explain(&mut self, at_us: u64, cause: LossCause) {
        if at_us < self.started_us || self.cause == LossCause::LinkLost {
            self.cause = cause;
            self.may_return = false;
        }
        self.started_us = self.started_us.min(at_us);
        self.add_up();
    }

    /// Notes that a member acted on the loss. A loss that only links show began with the first of them.
    pub(super) fn notice(&mut self, at_us: u64) {
        self.noticed_us = Some(self.noticed_us.map_or(at_us, |before| before.min(at_us)));
        if self.cause == LossCause::LinkLost {
            self.started_us = self.started_us.min(at_us);
        }
        self.add_up();
    }

    /// Notes that a member reported a newer term. With it the time of a leader ends that an election unseats.
    pub(super) fn claim(&mut self, at_us: u64) {
        self.claimed_us = Some(self.claimed_us.map_or(at_us, |before| before.min(at_us)));
        if self.cause == LossCause::Unseated {
            self.started_us = self.started_us.min(at_us);
        }
        self.add_up();
    }
}
