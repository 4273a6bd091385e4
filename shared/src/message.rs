//! The messages between members.

use serde::{Deserialize, Serialize};

use crate::algorithm::{AlgorithmName, Payload, PortKind};
use crate::id::{Attribute, NodeId, Term};
use crate::json;

/// A member as it stands in an election. Ordered by attribute, ties broken by id: never ambiguous. Members
/// that may not lead stand below all that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Contender {
    /// Whether it may lead and be deputy. Left out of JSON when it may.
    #[serde(default = "json::yes", skip_serializing_if = "json::is_yes")]
    pub eligible: bool,
    /// Its priority when it entered the message.
    pub attribute: Attribute,
    /// The member's id.
    pub id: NodeId,
}

impl Contender {
    /// A member that may lead.
    #[must_use]
    pub const fn new(attribute: Attribute, id: NodeId) -> Self {
        Self { eligible: true, attribute, id }
    }
}

/// The leader and deputy of a term: the outcome of an election or a takeover, and of the search for a deputy
/// that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mandate {
    /// The term in which the leader leads.
    pub term: Term,
    /// The leader.
    pub leader: Contender,
    /// Counts the deputy searches of this leader in this term, from 0: the deputy that the election found.
    pub deputy_epoch: u32,
    /// The deputy; `None` while it is being looked for, or when the leader is alone.
    pub deputy: Option<Contender>,
}

impl Mandate {
    /// The order of mandates, newest last: the term, then (for two sides of a ring that was torn
    /// apart) the better leader, then the later deputy epoch, then a filled one over one that is still open.
    #[must_use]
    pub fn rank(&self) -> (Term, Contender, u32, bool) {
        (self.term, self.leader, self.deputy_epoch, self.deputy.is_some())
    }
}

/// The promise of a member in quorum mode, kept across a restart: in this term it follows this leader and
/// no other, and it promises nothing in an older term any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The term.
    pub term: Term,
    /// The leader.
    pub leader: NodeId,
}

/// A message between members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RingMessage {
    /// An election by max-ring: carries the best and the second best member seen so far.
    Election {
        /// The term being decided.
        term: Term,
        /// The member that started this message.
        initiator: NodeId,
        /// The best member so far.
        candidate: Contender,
        /// The second best member so far.
        deputy: Option<Contender>,
        /// Links crossed when it arrives, this one included.
        hops: u32,
    },
    /// An election by one of the classic algorithms.
    Classic {
        /// The term being decided.
        term: Term,
        /// By which algorithm.
        algorithm: AlgorithmName,
        /// The port by which it leaves its sender.
        port: PortKind,
        /// Which of the sender's messages by that port in this term, from 1: the algorithms rely on links
        /// that lose, double and reorder nothing. 0 on direct links, where nothing depends on it.
        number: u32,
        /// How many members take part, for algorithms that must know it; 0 for others.
        size: u32,
        /// Its content.
        payload: Payload,
    },
    /// Before an election whose algorithm must know how many members there are: counts them.
    RollCall {
        /// The term to be decided.
        term: Term,
        /// By which algorithm.
        algorithm: AlgorithmName,
        /// The member that counts.
        initiator: NodeId,
        /// Links crossed when it arrives, this one included.
        hops: u32,
    },
    /// After a classic election that ended at another member than the winner: goes on until it is there.
    Found {
        /// The term that is decided.
        term: Term,
        /// The winner.
        leader: Contender,
        /// Links crossed when it arrives, this one included.
        hops: u32,
    },
    /// Announces to every member that an election has ended because nobody took part that may lead.
    Vacant {
        /// The term that stays without a leader.
        term: Term,
        /// The member at which the election ended.
        initiator: NodeId,
        /// Links crossed when it arrives, this one included.
        hops: u32,
    },
    /// A leader announces that it leads and looks for its deputy on the same lap.
    DeputySearch {
        /// The leader; its deputy is open.
        mandate: Mandate,
        /// The best member seen so far that is not the leader.
        deputy: Option<Contender>,
        /// Links crossed when it arrives, this one included.
        hops: u32,
        /// Members that have promised to follow, the leader included. Counts in quorum mode.
        votes: u32,
    },
    /// The result, announced to every member by one lap.
    Elected {
        /// The leader and its deputy.
        mandate: Mandate,
        /// Links crossed when it arrives, this one included.
        hops: u32,
        /// Members that have promised to follow, the leader included. Counts in quorum mode.
        votes: u32,
    },
    /// Quorum mode: the leader has its lease renewed.
    Lease {
        /// The leader.
        mandate: Mandate,
        /// When the lap began, in nanoseconds of the leader's clock. Means something to the leader only.
        begun_ns: u64,
        /// The highest term that a member on the way has seen.
        highest: Term,
        /// Members that grant the lease, the leader included.
        votes: u32,
        /// Links crossed when it arrives, this one included.
        hops: u32,
    },
    /// The term and mandate that a node knows, sent to a neighbour when their link comes up or when the
    /// neighbour spoke of an older term.
    StateUpdate {
        /// The highest term the sender has seen.
        term: Term,
        /// The leader, as far as the sender knows.
        mandate: Option<Mandate>,
    },
}

impl RingMessage {
    /// Whether this is upkeep: as frequent as heartbeats, and reported as little.
    #[must_use]
    pub fn is_upkeep(&self) -> bool {
        matches!(self, Self::Lease { .. })
    }

    /// Whether the message belongs to an election, a search or a result: such a message waits for the pace of
    /// its link. Others keep neighbours up to date.
    #[must_use]
    pub fn is_paced(&self) -> bool {
        match self {
            Self::Election { .. }
            | Self::Classic { .. }
            | Self::RollCall { .. }
            | Self::Found { .. }
            | Self::Vacant { .. }
            | Self::DeputySearch { .. }
            | Self::Elected { .. } => true,
            Self::Lease { .. } | Self::StateUpdate { .. } => false,
        }
    }

    /// The mandate that the message carries, if any.
    #[must_use]
    pub fn mandate(&self) -> Option<&Mandate> {
        match self {
            Self::DeputySearch { mandate, .. }
            | Self::Elected { mandate, .. }
            | Self::Lease { mandate, .. } => Some(mandate),
            Self::StateUpdate { mandate, .. } => mandate.as_ref(),
            Self::Election { .. }
            | Self::Classic { .. }
            | Self::RollCall { .. }
            | Self::Found { .. }
            | Self::Vacant { .. } => None,
        }
    }

    /// The term that the message is about.
    #[must_use]
    pub fn term(&self) -> Term {
        match self {
            Self::Election { term, .. }
            | Self::Classic { term, .. }
            | Self::RollCall { term, .. }
            | Self::Found { term, .. }
            | Self::Vacant { term, .. }
            | Self::StateUpdate { term, .. } => *term,
            Self::DeputySearch { mandate, .. }
            | Self::Elected { mandate, .. }
            | Self::Lease { mandate, .. } => mandate.term,
        }
    }
}
