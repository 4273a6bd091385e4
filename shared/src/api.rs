//! Bodies of the HTTP API. Unknown fields are refused, so that a misspelt one is not silently ignored.

mod runs;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::fault::FaultyLink;
use crate::id::{Attribute, NodeId, NodeName, Seq};
use crate::json;
pub use crate::settings::ChangeRing;

pub use self::runs::{
    ArchiveState, ArchiveStatus, ChangeRun, Gap, KeptElections, KeptEvents, KeptRun, KeptRuns, MAX_RUN_NAME,
    RunEnd,
};

/// The body of `POST /api/v1/elections`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartElection {
    /// The initiator; without it the first live member in ring order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator: Option<NodeName>,
    /// Several members that initiate, all in the same term. In place of `initiator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiators: Option<Vec<NodeName>>,
    /// Every live member initiates, all in the same term. In place of the other two.
    #[serde(default, skip_serializing_if = "std::ops::Not::not", deserialize_with = "json::only_yes")]
    pub everyone: bool,
}

/// The initiators of an election that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Initiators {
    /// The first live member in ring order.
    First,
    /// This member.
    One(NodeName),
    /// These members, all in the same term.
    Together(Vec<NodeName>),
    /// Every live member, all in the same term.
    All,
}

/// More than one of `initiator`, `initiators` and `everyone` is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one of initiator, initiators and everyone can be given")]
pub struct AmbiguousInitiators;

impl TryFrom<StartElection> for Initiators {
    type Error = AmbiguousInitiators;

    fn try_from(body: StartElection) -> Result<Self, AmbiguousInitiators> {
        match (body.initiator, body.initiators, body.everyone) {
            (None, None, false) => Ok(Self::First),
            (Some(name), None, false) => Ok(Self::One(name)),
            (None, Some(names), false) => Ok(Self::Together(names)),
            (None, None, true) => Ok(Self::All),
            _ => Err(AmbiguousInitiators),
        }
    }
}

impl From<Initiators> for StartElection {
    fn from(initiators: Initiators) -> Self {
        let body = Self::default();
        match initiators {
            Initiators::First => body,
            Initiators::One(name) => Self { initiator: Some(name), ..body },
            Initiators::Together(names) => Self { initiators: Some(names), ..body },
            Initiators::All => Self { everyone: true, ..body },
        }
    }
}

/// The answer to `POST /api/v1/elections`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElectionStarted {
    /// The initiator; of several the first in ring order.
    pub initiator: NodeName,
    /// All initiators, in ring order.
    pub initiators: Vec<NodeName>,
}

/// The body of `POST /api/v1/nodes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddNode {
    /// Its name, not yet taken.
    pub name: NodeName,
    /// Its priority.
    pub attribute: Attribute,
    /// Its id, which decides between equal attributes; without one it follows from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<NodeId>,
    /// Whether it may lead and be deputy; unless said otherwise it may.
    #[serde(default = "json::yes", skip_serializing_if = "json::is_yes")]
    pub eligible: bool,
}

/// The body of `PATCH /api/v1/nodes/{name}`, with at least one field. Both count from the next election on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeNode {
    /// The new priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<Attribute>,
    /// Whether it may lead and be deputy. A leader that may not any more stays until the next election; a
    /// deputy is replaced at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eligible: Option<bool>,
}

/// The slowest pace, in milliseconds a hop.
pub const MAX_HOP_DELAY_MS: u64 = 10_000;

/// The body of `POST /api/v1/partitions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The sides between which nothing gets through. Members that no group names are together on one more
    /// side.
    pub groups: Vec<Vec<NodeName>>,
}

/// The answer to `GET /api/v1/links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// The links that don't carry everything at once, a partition's among them, in ring order.
    pub faulty: Vec<FaultyLink>,
    /// The sides of the partition; none when there is none.
    pub partition: Vec<Vec<NodeName>>,
}

/// The answer to `GET /api/v1/events?after=SEQ&limit=N`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventPage {
    /// The events after `after`, oldest first.
    pub events: Vec<Event>,
    /// The oldest event still in the history; what lies before is gone.
    pub oldest: Seq,
    /// The newest event.
    pub newest: Seq,
}

json::read_by_name! { EventPage { events, oldest, newest } }

/// The answer to `GET /api/v1/access`: the rights of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The rights of the token, or of a caller that needs none.
    pub kind: AccessKind,
}

/// The rights of a token. On the loopback, where no token is asked for, everybody is an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// Everything.
    Operator,
    /// Look.
    Viewer,
}

/// An error, as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Always `about:blank`: status and title identify the problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The problem in a line, for a person.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// More about this case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
