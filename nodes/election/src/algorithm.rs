//! The shape of every election algorithm: inputs, effects, timers.

use std::sync::Arc;
use std::time::Duration;

use ringleader_shared::event::ElectionCause;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{
    AlgorithmName, Contender, DropReason, Explanation, Mandate, NodeId, Promise, RingSettings, Role, Term,
};
use serde::{Deserialize, Serialize};

use crate::classic::Progress;

/// The caller's clock, since an origin of its own. Only differences count.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub Duration);

impl Time {
    /// The time from `earlier` until this; zero when that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// An input of a member.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Input<M> {
    /// The ring is (now) this. The first input, and again at each change.
    Configured {
        /// The members in ring order; the member itself among them.
        ring: Arc<[Contender]>,
        /// Time-outs of the member.
        timing: Timing,
        /// The settings of the ring, the same at every member. The pace is the caller's business.
        #[serde(flatten)]
        settings: RingSettings,
        /// The seed of the random numbers that the member draws. Members whose random numbers are to be
        /// independent need independent seeds, as [`crate::random::derived`] gives them.
        seed: u64,
        /// The highest term that any member has seen in this run, as far as the caller knows; zero before the
        /// first election.
        highest_term: Term,
    },
    /// Somebody wants an election.
    Initiate,
    /// Somebody wants an election that several members initiate: of this term, unless it has begun already.
    InitiateTogether {
        /// The term.
        term: Term,
    },
    /// A message arrived.
    Received {
        /// The neighbour that sent it.
        from: NodeId,
        /// The message.
        message: M,
    },
    /// A timer ran out.
    TimerFired(Timer),
    /// A link with this member works.
    LinkUp {
        /// The other end.
        peer: NodeId,
        /// The kind of link.
        link: LinkKind,
        /// The end that dialled.
        direction: LinkDirection,
    },
    /// A link with this member failed, or could not be made: it is thought dead or hung.
    LinkDown {
        /// The other end.
        peer: NodeId,
        /// The kind of link.
        link: LinkKind,
        /// The end that dialled.
        direction: LinkDirection,
    },
    /// A link with this member was made anew, after one that failed although the member lives. The core has
    /// not learned of the failure; what was under way may be lost with it.
    LinkReplaced {
        /// The other end.
        peer: NodeId,
        /// The kind of link.
        link: LinkKind,
        /// The end that dialled.
        direction: LinkDirection,
    },
    /// One crossing of the slowest link of this member takes so long, by its pings: half the time of a round
    /// trip, with its deviation. Zero where links are fast.
    LinksMeasured {
        /// So long.
        crossing: Duration,
    },
    /// The other end closed a link gracefully, and no other one of that kind with it is up.
    LinkClosed {
        /// The other end.
        peer: NodeId,
        /// The kind of link.
        link: LinkKind,
        /// The end that dialled.
        direction: LinkDirection,
    },
}

/// An effect that the caller carries out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect<M> {
    /// Send this to that member, in order with everything sent to it before.
    Send {
        /// Receiver: the successor, or the neighbour that a message came from.
        to: NodeId,
        /// The message.
        message: M,
    },
    /// Keep this across a restart, before any effect that comes after it is carried out. Quorum mode only.
    Promise(Promise),
    /// Start this timer, or start it anew. The caller adds jitter to those that [`Timer::has_jitter`]: up to
    /// half as much again.
    StartTimer {
        /// The timer.
        timer: Timer,
        /// Time from now until it fires.
        after: Duration,
    },
    /// Stop this timer if it runs.
    CancelTimer(Timer),
    /// The member's role, term, leader or deputy changed.
    Became {
        /// Its role.
        role: Role,
        /// Its term.
        term: Term,
        /// The leader that it follows.
        mandate: Option<Mandate>,
    },
    /// The member's progress in a classic election has changed.
    ProgressChanged(Option<(AlgorithmName, Progress<Contender>)>),
    /// Ring messages go to this member from now on.
    SuccessorChanged(NodeId),
    /// The message that was just received is not acted on.
    Drop {
        /// The neighbour that sent it.
        from: NodeId,
        /// The message.
        message: M,
        /// Reason for dropping it.
        reason: DropReason,
    },
    /// The leader's lap came back: every live member knows.
    Completed {
        /// The cause of the leadership.
        cause: ElectionCause,
        /// The leader.
        mandate: Mandate,
        /// Links that the lap crossed: the number of live members.
        members: u32,
    },
    /// Gives the reason for what the member did.
    Explain(Explanation),
}

/// The timers of an algorithm. At most one of each runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// No live leader in sight for an election timeout.
    Election,
    /// The leader's own lap did not come back.
    Lap,
    /// The deputy did not open its heartbeat link.
    Deputy,
    /// Quorum mode: the lease that this member holds, or waits out, is over.
    Lease,
    /// Quorum mode: time to have the lease renewed.
    Renewal,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Self; 5] = [Self::Election, Self::Lap, Self::Deputy, Self::Lease, Self::Renewal];

    /// Whether the caller adds jitter, so that several members don't do the same thing at the same time.
    #[must_use]
    pub const fn has_jitter(self) -> bool {
        matches!(self, Self::Election | Self::Lap | Self::Deputy)
    }
}

/// Time-outs of a member. The caller scales them with the pace of the ring.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timing {
    /// The time that an election may take before its initiator starts it anew; other members wait twice as
    /// long.
    pub election: Duration,
    /// The time that a leader waits for its lap to come back.
    pub lap: Duration,
    /// The time that a leader waits for its deputy's heartbeat link.
    pub deputy: Duration,
    /// Quorum mode: the time for which a member that grants its lease votes for nobody else.
    pub lease: Duration,
}

/// The links that a member wants to have dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WantedLinks {
    /// The successor; `None` when alone.
    pub successor: Option<NodeId>,
    /// The leader, when this member is its deputy.
    pub leader: Option<NodeId>,
    /// Whether direct links with others are kept: each is dialled when there is something to send.
    pub direct: bool,
}
