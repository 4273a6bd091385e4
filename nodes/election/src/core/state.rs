//! The states of a member, and what it keeps in each.

use ringleader_shared::event::ElectionCause;
use ringleader_shared::{Contender, Mandate};

use crate::Time;

/// The state of a member in its term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// Knows no leader and takes part in no election: before the first one, after one that nobody could win,
    /// and after it has given up a claim or a lease.
    Idle,
    /// Takes part in an election.
    Electing {
        /// The best candidate that was passed on in this term.
        best: Option<Contender>,
    },
    /// Quorum mode: has won an election or takes over, and has no lease yet.
    Claiming {
        leadership: Leadership,
        /// Whether a majority has promised to follow: then a lease lap is under way.
        promised: bool,
    },
    /// Leads.
    Leading {
        leadership: Leadership,
        /// Quorum mode: the end of the lease that a majority has granted.
        leased_until: Option<Time>,
    },
    /// Follows a leader, or waits for the next one when that is lost.
    Following(Following),
}

/// The facts that a member keeps while it leads or claims to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Leadership {
    /// Its own mandate.
    pub(super) mandate: Mandate,
    /// The lap that it waits for.
    pub(super) lap: Option<Lap>,
    /// The cause of the leadership, for the report when the lap is back.
    pub(super) cause: ElectionCause,
    /// Whether somebody who might be deputy has come since the last search for one began. Counts where some
    /// member may not lead: there a search may find nobody.
    pub(super) company: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lap {
    /// Looks for a deputy.
    Search,
    /// Announces the result.
    Announcing,
}

/// The facts that a member keeps while it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Following {
    /// The mandate of the leader; that of an earlier start of this member when it names this member.
    pub(super) mandate: Mandate,
    /// Whether the leader is known not to answer.
    pub(super) leader_lost: bool,
    /// Whether the leader itself has confirmed this start of the member as its deputy.
    pub(super) confirmed: bool,
    /// Whether this member may be deputy of a leader that has none and has missed it in its search.
    pub(super) unnoticed: bool,
}

impl State {
    /// The mandate of the term, whether its leader leads, is lost, or only claims to lead.
    pub(super) fn mandate(&self) -> Option<Mandate> {
        match self {
            Self::Idle | Self::Electing { .. } => None,
            Self::Claiming { leadership, .. } | Self::Leading { leadership, .. } => Some(leadership.mandate),
            Self::Following(following) => Some(following.mandate),
        }
    }

    pub(super) fn is_electing(&self) -> bool {
        matches!(self, Self::Electing { .. })
    }

    /// The best candidate that was passed on in the election that runs.
    pub(super) fn best(&self) -> Option<Contender> {
        let Self::Electing { best } = self else { return None };
        *best
    }

    /// The facts of a member that leads or claims to.
    pub(super) fn leadership(mut self) -> Option<Leadership> {
        self.leadership_mut().copied()
    }

    pub(super) fn leadership_mut(&mut self) -> Option<&mut Leadership> {
        match self {
            Self::Claiming { leadership, .. } | Self::Leading { leadership, .. } => Some(leadership),
            Self::Idle | Self::Electing { .. } | Self::Following(_) => None,
        }
    }

    /// The facts of a member that follows.
    pub(super) fn following(&self) -> Option<Following> {
        let Self::Following(following) = self else { return None };
        Some(*following)
    }
}
