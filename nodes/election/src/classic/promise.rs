//! Promises of an election as data, and the one check of them: for theory, checker, living rings and real
//! processes.

use std::fmt;

use super::Properties;

/// The member that must win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Winner {
    /// The highest label of all, for any initiators: a message wakes a member that it finds asleep.
    Highest,
    /// The highest label of those that start of their own accord.
    HighestInitiator,
    /// Any member: labels don't decide.
    Anyone,
}

/// End of an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// One member knows the winner, and one more lap announces it: `n` messages, which the bounds leave out.
    WinnerAnnounces,
    /// Every member learns the winner from the election itself.
    EveryoneKnows,
    /// All agree after a while and nobody knows that it is over: until then a member may take a leader back.
    Stabilises,
}

/// The quantities on which the cost of an election depends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instance {
    /// The number of members.
    pub n: f64,
    /// The largest label. Where labels are not numbers it is `n`, as if they were dealt as ranks.
    pub largest_label: f64,
    /// Number of members that start of their own accord.
    pub initiators: f64,
}

impl Instance {
    /// A ring of `n` members with the labels 1 to `n`, all of which start.
    #[must_use]
    pub const fn all(n: f64) -> Self {
        Self { n, largest_label: n, initiators: n }
    }

    /// The same where so many of them start.
    #[must_use]
    pub const fn initiated_by(self, initiators: f64) -> Self {
        Self { initiators, ..self }
    }
}

/// A number of messages for an instance.
pub type Formula = fn(Instance) -> f64;

/// The point up to which an election was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Announcement {
    /// Only the election itself: the lap that may announce the winner is no part of it.
    Absent,
    /// The end; so many messages announced the winner.
    Counted(u64),
    /// The end; the announcement does more than its paper's, so its messages are not counted.
    Uncounted,
}

/// An election when nothing was under way any more.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a, L> {
    /// The labels, in ring order.
    pub labels: &'a [L],
    /// The places of those that started of their own accord, at least one.
    pub initiators: &'a [usize],
    /// The label of the one leader; `None` when there was none, or more than one.
    pub leader: Option<L>,
    /// Number of members that know that leader.
    pub informed: usize,
    /// The election's own messages, without the announcement.
    pub messages: u64,
    /// The point up to which it was watched.
    pub announcement: Announcement,
}

/// A promise that an election did not keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BrokenPromise<L> {
    /// No leader, or more than one.
    NoOneLeader,
    /// Another label leads than the one that must.
    WrongLeader {
        /// The label that leads.
        leader: L,
        /// The label that must; `None` where only an initiator may, and none of them has that label.
        winner: Option<L>,
    },
    /// Too few members know the leader, or too many before it was announced.
    WrongNumberInformed {
        /// Number of members that do.
        informed: usize,
        /// Number of members that should.
        expected: usize,
    },
    /// More messages than the bound allows.
    TooManyMessages {
        /// Number of messages that were sent.
        sent: u64,
        /// The most messages that the bound allows.
        most: f64,
    },
    /// Another number of messages announced the winner than there are members.
    WrongAnnouncement {
        /// Number of messages that were sent.
        sent: u64,
        /// Number of messages that should be.
        expected: u64,
    },
}

impl<L: fmt::Debug> fmt::Display for BrokenPromise<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOneLeader => f.write_str("there is not one leader"),
            Self::WrongLeader { leader, winner } => write!(f, "{leader:?} leads instead of {winner:?}"),
            Self::WrongNumberInformed { informed, expected } => {
                write!(f, "{informed} members know the leader instead of {expected}")
            }
            Self::TooManyMessages { sent, most } => write!(f, "{sent} messages, {most} are allowed"),
            Self::WrongAnnouncement { sent, expected } => {
                write!(f, "{sent} messages announce the winner instead of {expected}")
            }
        }
    }
}

impl Properties {
    /// The label that must win a ring where those at these places, at least one, start of their own accord.
    /// `None` where labels don't decide.
    pub fn winner<L: Copy + Ord>(
        &self,
        labels: &[L],
        initiators: impl IntoIterator<Item = usize>,
    ) -> Option<L> {
        match self.winner {
            Winner::Highest => labels.iter().copied().max(),
            Winner::HighestInitiator => initiators.into_iter().filter_map(|at| labels.get(at).copied()).max(),
            Winner::Anyone => None,
        }
    }

    /// Whether the best member of all wins, for any initiators.
    #[must_use]
    pub const fn best_wins(&self) -> bool {
        matches!(self.winner, Winner::Highest)
    }

    /// Whether this label may lead a ring where those at these places start of their own accord.
    pub fn may_lead<L: Copy + Ord>(
        &self,
        leader: L,
        labels: &[L],
        initiators: impl IntoIterator<Item = usize>,
    ) -> bool {
        match self.winner {
            Winner::Anyone => labels.contains(&leader),
            Winner::Highest | Winner::HighestInitiator => self.winner(labels, initiators) == Some(leader),
        }
    }

    /// Checks everything that an election promises of its end.
    ///
    /// # Errors
    /// The first promise that is not kept.
    pub fn check<L: Copy + Ord>(&self, observed: &Observed<'_, L>) -> Result<(), BrokenPromise<L>> {
        let Observed { labels, initiators, informed, messages, announcement, .. } = *observed;
        let leader = observed.leader.ok_or(BrokenPromise::NoOneLeader)?;
        if !self.may_lead(leader, labels, initiators.iter().copied()) {
            let winner = self.winner(labels, initiators.iter().copied());
            return Err(BrokenPromise::WrongLeader { leader, winner });
        }
        let lap_follows = self.ending == Ending::WinnerAnnounces;
        let expected = if lap_follows && announcement == Announcement::Absent { 1 } else { labels.len() };
        if informed != expected {
            return Err(BrokenPromise::WrongNumberInformed { informed, expected });
        }
        let instance = Instance::all(labels.len() as f64).initiated_by(initiators.len() as f64);
        if let Some(most) = self.bound.most(instance).filter(|most| messages as f64 > most + 1e-9) {
            return Err(BrokenPromise::TooManyMessages { sent: messages, most });
        }
        let expected = if lap_follows { labels.len() as u64 } else { 0 };
        match announcement {
            Announcement::Counted(sent) if sent != expected => {
                Err(BrokenPromise::WrongAnnouncement { sent, expected })
            }
            Announcement::Counted(_) | Announcement::Absent | Announcement::Uncounted => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classic::{ChangRoberts, ChangRobertsInitiators, Classic, ItaiRodeh, LeLann};

    const RING: [u32; 4] = [3, 1, 4, 2];

    fn observed(leader: u32, initiators: &[usize]) -> Observed<'_, u32> {
        let announcement = Announcement::Counted(4);
        Observed { labels: &RING, initiators, leader: Some(leader), informed: 4, messages: 7, announcement }
    }

    #[test]
    fn each_promise_that_is_broken_is_named() {
        let properties = ChangRoberts::<u32>::PROPERTIES;
        let kept = observed(4, &[0, 1]);
        assert_eq!(properties.check(&kept), Ok(()));
        assert_eq!(properties.check(&Observed { leader: None, ..kept }), Err(BrokenPromise::NoOneLeader));
        assert_eq!(
            properties.check(&observed(3, &[0, 1])),
            Err(BrokenPromise::WrongLeader { leader: 3, winner: Some(4) })
        );
        assert_eq!(
            properties.check(&Observed { informed: 3, ..kept }),
            Err(BrokenPromise::WrongNumberInformed { informed: 3, expected: 4 })
        );
        assert_eq!(
            properties.check(&Observed { messages: 11, ..kept }),
            Err(BrokenPromise::TooManyMessages { sent: 11, most: 10.0 })
        );
        assert_eq!(
            properties.check(&Observed { announcement: Announcement::Counted(3), ..kept }),
            Err(BrokenPromise::WrongAnnouncement { sent: 3, expected: 4 })
        );
        let alone = Observed { informed: 1, announcement: Announcement::Absent, ..kept };
        assert_eq!(properties.check(&alone), Ok(()));
        let lelann = LeLann::<u32>::PROPERTIES;
        assert!(lelann.check(&alone).is_err(), "there everyone knows without an announcement");
        assert!(lelann.check(&kept).is_err(), "and there is none");
    }

    #[test]
    fn who_must_win_depends_on_the_algorithm() {
        let initiators = ChangRobertsInitiators::<u32>::PROPERTIES;
        assert_eq!(initiators.check(&observed(3, &[0, 1])), Ok(()));
        assert!(initiators.check(&observed(4, &[0, 1])).is_err());
        let anyone = ItaiRodeh::<u32>::PROPERTIES;
        assert!(RING.iter().all(|label| anyone.may_lead(*label, &RING, [0])));
        assert!(!anyone.may_lead(5, &RING, [0]), "but a member");
    }
}
