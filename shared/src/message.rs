//! The messages between members.

use std::time::Duration;

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

    /// Whether this member is the deputy.
    #[must_use]
    pub fn names_deputy(&self, id: NodeId) -> bool {
        self.deputy.is_some_and(|deputy| deputy.id == id)
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
    /// The longest lease that it has granted to this leader in this term, in milliseconds: after a restart it
    /// waits for as long. Zero in files of versions that did not keep it.
    #[serde(default)]
    pub lease_ms: u64,
}

impl Promise {
    /// The promise to follow this mandate's leader in its term, with a lease of this length.
    #[must_use]
    pub fn new(mandate: &Mandate, lease: Duration) -> Self {
        let lease_ms = u64::try_from(lease.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self { term: mandate.term, leader: mandate.leader.id, lease_ms }
    }

    /// Whether it is for this mandate's leader, in its term.
    #[must_use]
    pub fn is_for(&self, mandate: &Mandate) -> bool {
        (self.term, self.leader) == (mandate.term, mandate.leader.id)
    }

    /// The longest lease that was granted with it.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }
}

/// The vote that goes round with a lap in quorum mode: each member that votes for the leader grants it a
/// lease, and is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ballot {
    /// The time at which the lap began, in nanoseconds of the leader's clock. Only the leader compares it
    /// with a time; for others a later lap has a higher one.
    pub begun_ns: u64,
    /// The length of the lease that is asked for, in milliseconds.
    pub lease_ms: u64,
    /// Members that promise to follow and grant the lease, the leader included.
    pub votes: u32,
}

/// Makes a struct of each message, and [`RingMessage`] of all of them.
macro_rules! messages {
    ($($(#[$doc:meta])+ pub struct $message:ident { $($fields:tt)+ })+) => {
        $(
            $(#[$doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $message { $($fields)+ }

            impl From<$message> for RingMessage {
                fn from(message: $message) -> Self {
                    Self::$message(message)
                }
            }
        )+

        /// A message between members.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        pub enum RingMessage {
            $($(#[$doc])+ $message($message),)+
        }
    };
}

messages! {
    /// An election by max-ring: carries the best and the second best member seen so far.
    pub struct Election {
        /// The term being decided.
        pub term: Term,
        /// The member that started this message.
        pub initiator: NodeId,
        /// The best member so far.
        pub candidate: Contender,
        /// The second best member so far.
        pub deputy: Option<Contender>,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
    }

    /// An election by one of the classic algorithms.
    pub struct Classic {
        /// The term being decided.
        pub term: Term,
        /// The algorithm.
        pub algorithm: AlgorithmName,
        /// The port by which it leaves its sender.
        pub port: PortKind,
        /// The number of the message among those that its sender sent by that port in this term, from 1: the
        /// algorithms rely on links that lose, double and reorder nothing. 0 on direct links, where nothing
        /// depends on it.
        pub number: u32,
        /// The number of members that take part, for algorithms that must know it; 0 for others.
        pub size: u32,
        /// Its content.
        pub payload: Payload,
    }

    /// Counts the members before an election whose algorithm must know their number.
    pub struct RollCall {
        /// The term to be decided.
        pub term: Term,
        /// The algorithm.
        pub algorithm: AlgorithmName,
        /// The member that counts.
        pub initiator: NodeId,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
    }

    /// Goes to the winner of a classic election that ended at another member.
    pub struct Found {
        /// The term that is decided.
        pub term: Term,
        /// The winner.
        pub leader: Contender,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
    }

    /// Announces to every member that an election has ended because nobody took part that may lead.
    pub struct Vacant {
        /// The term that stays without a leader.
        pub term: Term,
        /// The member at which the election ended.
        pub initiator: NodeId,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
    }

    /// Asks round the ring before a term is raised for a failure: whether a leader lives, and whether
    /// messages of this member come home. What Raft calls a pre-vote (Ongaro, 2014).
    pub struct Inquiry {
        /// The highest term that a member on the way has seen.
        pub term: Term,
        /// The member that asks.
        pub initiator: NodeId,
        /// The mandate of a member on the way that leads.
        pub leader: Option<Mandate>,
        /// Members that have no leader, the one that asks included. Counts in quorum mode.
        pub supporters: u32,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
    }

    /// A leader announces that it leads and looks for its deputy on the same lap.
    pub struct DeputySearch {
        /// The leader; its deputy is open.
        pub mandate: Mandate,
        /// The best member seen so far that is not the leader.
        pub deputy: Option<Contender>,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
        /// The vote on the leader, in quorum mode, when it claims to lead. Left out of JSON where there is
        /// none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ballot: Option<Ballot>,
    }

    /// The result, announced to every member by one lap.
    pub struct Elected {
        /// The leader and its deputy.
        pub mandate: Mandate,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
        /// The vote on the leader, in quorum mode, when it claims to lead. Left out of JSON where there is
        /// none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ballot: Option<Ballot>,
    }

    /// Quorum mode: the leader has its lease renewed.
    pub struct Lease {
        /// The leader.
        pub mandate: Mandate,
        /// The vote on it.
        pub ballot: Ballot,
        /// The highest term that a member on the way has seen.
        pub highest: Term,
        /// Links crossed when it arrives, this one included.
        pub hops: u32,
    }

    /// The term and mandate that a node knows, sent to a neighbour when their link comes up or when the
    /// neighbour spoke of an older term.
    pub struct StateUpdate {
        /// The highest term the sender has seen.
        pub term: Term,
        /// The leader, as far as the sender knows.
        pub mandate: Option<Mandate>,
    }
}

impl RingMessage {
    /// Whether this is upkeep: as frequent as heartbeats, and reported as little.
    #[must_use]
    pub fn is_upkeep(&self) -> bool {
        matches!(self, Self::Lease(_))
    }

    /// Whether the message goes on a direct link, as those of the bully's election do.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        matches!(self, Self::Classic(Classic { port: PortKind::Peer, .. }))
    }

    /// Whether the message belongs to an election, a search or a result: such a message waits for the pace of
    /// its link. Others keep neighbours up to date.
    #[must_use]
    pub fn is_paced(&self) -> bool {
        !matches!(self, Self::Lease(_) | Self::StateUpdate(_))
    }

    /// The mandate that the message carries, if any.
    #[must_use]
    pub fn mandate(&self) -> Option<&Mandate> {
        match self {
            Self::DeputySearch(search) => Some(&search.mandate),
            Self::Elected(elected) => Some(&elected.mandate),
            Self::Lease(lease) => Some(&lease.mandate),
            Self::StateUpdate(update) => update.mandate.as_ref(),
            Self::Inquiry(inquiry) => inquiry.leader.as_ref(),
            Self::Election(_) | Self::Classic(_) | Self::RollCall(_) | Self::Found(_) | Self::Vacant(_) => {
                None
            }
        }
    }

    /// The term that the message is about.
    #[must_use]
    pub fn term(&self) -> Term {
        match self {
            Self::Election(election) => election.term,
            Self::Classic(classic) => classic.term,
            Self::RollCall(call) => call.term,
            Self::Found(found) => found.term,
            Self::Vacant(vacant) => vacant.term,
            Self::Inquiry(inquiry) => inquiry.term,
            Self::DeputySearch(search) => search.mandate.term,
            Self::Elected(elected) => elected.mandate.term,
            Self::Lease(lease) => lease.mandate.term,
            Self::StateUpdate(update) => update.term,
        }
    }

    /// The links that the message has crossed when it arrives; `None` for one that goes to a neighbour only,
    /// or whose hops mean something to its algorithm only.
    #[must_use]
    pub fn hops(&self) -> Option<u32> {
        match self {
            Self::Election(election) => Some(election.hops),
            Self::RollCall(call) => Some(call.hops),
            Self::Found(found) => Some(found.hops),
            Self::Vacant(vacant) => Some(vacant.hops),
            Self::Inquiry(inquiry) => Some(inquiry.hops),
            Self::DeputySearch(search) => Some(search.hops),
            Self::Elected(elected) => Some(elected.hops),
            Self::Lease(lease) => Some(lease.hops),
            Self::Classic(_) | Self::StateUpdate(_) => None,
        }
    }
}
