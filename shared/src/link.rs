//! The wire between two nodes: the request for a link, and the frames on it. `docs/protocol.md` has the whole
//! protocol.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{MessageId, NodeId};
use crate::json;
use crate::message::RingMessage;

/// The version of the node-link protocol. Both ends must have the same.
pub const PROTOCOL: u32 = 3;

/// The largest message on a node link, in bytes. A ring message is under 1 kB; more is a fault or an attack.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// The largest single WebSocket frame on a node link, in bytes.
pub const MAX_FRAME: usize = 16 * 1024;

/// The most relays that a link may go through.
pub const MAX_RELAYS: usize = 8;

/// The most members that the path of a [`PathFrame`] may name.
pub const MAX_PATH: usize = MAX_RELAYS + 1;

/// The message of the dialler of a standby link when the link becomes its ring link: the whole text of one
/// message, before any other.
pub const IN_USE: &str = "\"in use\"";

/// The use of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// From a node to its successor: ring messages.
    Ring,
    /// From the deputy to the leader: heartbeats.
    Heartbeat,
    /// Between any two members, while an election is held in which everyone talks to everyone.
    Direct,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ring => "ring",
            Self::Heartbeat => "heartbeat",
            Self::Direct => "direct",
        })
    }
}

/// The direction of a link as one of its ends sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkDirection {
    /// This node dialled.
    Outgoing,
    /// The other node dialled.
    Incoming,
}

/// WebSocket close codes of node links. 4000 and up are for applications (RFC 6455, 7.4.2).
pub mod close {
    /// The node leaves the ring gracefully.
    pub const LEAVING: u16 = 1001;
    /// A frame of a kind that node links don't use.
    pub const UNSUPPORTED: u16 = 1003;
    /// A frame that can't be read as a `LinkFrame`, or that names another sender.
    pub const MALFORMED: u16 = 1007;
    /// More pings than any heartbeat needs.
    pub const TOO_MUCH: u16 = 1008;
    /// A message over the limit.
    pub const TOO_BIG: u16 = 1009;
    /// The link is not needed any more: its dialler has another successor, or dialled anew.
    pub const NOT_NEEDED: u16 = 4000;
    /// The peer was silent for so long that it counts as hung.
    pub const SILENT: u16 = 4001;
    /// A relay of the link has lost the other side, without a close frame. The reason of the close frame is
    /// [`PEER`] or [`RELAY`].
    pub const PEER_LOST: u16 = 4002;

    /// The reason of [`PEER_LOST`] when the relay's other side was the end of the link.
    pub const PEER: &str = "peer";
    /// The reason of [`PEER_LOST`] when the relay's other side was another relay.
    pub const RELAY: &str = "relay";
}

/// The end of a link, or the reason why it could not be made. Tagged by `kind` in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LinkEnd {
    /// This node closed it, because it no longer needs it.
    NotNeeded,
    /// The peer's process was replaced by a new one.
    Restarted,
    /// The peer closed it.
    Closed {
        /// The code of the close frame: one of [`close`], where the peer keeps the protocol.
        code: u16,
        /// The text of the close frame; may be empty.
        reason: String,
    },
    /// The connection broke, without a close frame. On a relayed link: that of the peer to the last relay.
    Broken,
    /// A relay of the link is gone, or can't be reached. The peer may be alive.
    RelayLost,
    /// Nothing was heard of the peer.
    Silent {
        /// The time for which this lasted, in milliseconds.
        silent_for_ms: u64,
    },
    /// The peer reads nothing, so that nothing more can be written.
    Unread {
        /// The time for which this lasted, in milliseconds.
        unread_for_ms: u64,
    },
    /// The peer broke the protocol.
    Misbehaved {
        /// The rule, in words.
        reason: String,
    },
    /// Nobody listens at the peer's address.
    NobodyListens {
        /// The address, where there is one: members of a simulated ring have none.
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    /// The peer did not answer the dial.
    Unanswered {
        /// Its address, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        /// The time that the dialler waited, in milliseconds.
        waited_ms: u64,
    },
    /// The dial failed in another way.
    DialFailed {
        /// The error, with the address.
        reason: String,
    },
}

json::read_by_kind! { LinkEnd:
    "not_needed" => NotNeeded {},
    "restarted" => Restarted {},
    "closed" => Closed { code, reason },
    "broken" => Broken {},
    "relay_lost" => RelayLost {},
    "silent" => Silent { silent_for_ms },
    "unread" => Unread { unread_for_ms },
    "misbehaved" => Misbehaved { reason },
    "nobody_listens" => NobodyListens { address },
    "unanswered" => Unanswered { address, waited_ms },
    "dial_failed" => DialFailed { reason },
}

impl LinkEnd {
    /// Whether nothing was heard of the peer: it was silent, or a relay on the way to it was lost. Nobody
    /// need be dead then.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        match self {
            Self::Silent { .. } | Self::Unread { .. } | Self::Unanswered { .. } | Self::RelayLost => true,
            Self::NotNeeded
            | Self::Restarted
            | Self::Closed { .. }
            | Self::Broken
            | Self::Misbehaved { .. }
            | Self::NobodyListens { .. }
            | Self::DialFailed { .. } => false,
        }
    }
}

/// The sentence for people.
impl fmt::Display for LinkEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNeeded => f.write_str("not needed any more"),
            Self::Restarted => f.write_str("the node was restarted"),
            Self::Closed { code: close::LEAVING, .. } => f.write_str("it left gracefully"),
            Self::Closed { code: close::SILENT, .. } => {
                f.write_str("the other end had heard nothing from this node for too long")
            }
            Self::Closed { code, reason } if reason.is_empty() => {
                write!(f, "closed by the other end with code {code}")
            }
            Self::Closed { reason, .. } | Self::Misbehaved { reason } | Self::DialFailed { reason } => {
                f.write_str(reason)
            }
            Self::Broken => f.write_str("the connection broke"),
            Self::RelayLost => f.write_str("a relay was lost"),
            Self::Silent { silent_for_ms } => write!(f, "no answer for {silent_for_ms} ms"),
            Self::Unread { unread_for_ms } => write!(f, "reads nothing for {unread_for_ms} ms"),
            Self::NobodyListens { address: Some(address) } => write!(f, "nobody listens at {address}"),
            Self::NobodyListens { address: None } => f.write_str("nobody takes the dial"),
            Self::Unanswered { address: Some(address), waited_ms } => {
                write!(f, "no answer from {address} within {waited_ms} ms")
            }
            Self::Unanswered { address: None, waited_ms } => write!(f, "no answer within {waited_ms} ms"),
        }
    }
}

/// A frame on a node link, as one WebSocket text message each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkFrame {
    /// The id of this sending.
    pub id: MessageId,
    /// The sender's Lamport clock.
    pub lamport: u64,
    /// The time of its sending by the sender's monotonic clock, in nanoseconds. Comparable on one machine.
    pub sent_ns: u64,
    /// The message.
    pub message: RingMessage,
}

/// A frame by which members find a path to one that they can't reach directly, as one WebSocket text message
/// each. It may come on any link that is up. Tagged by `type` in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum PathFrame {
    /// Asks for a path.
    #[serde(rename = "path_request")]
    Request(PathRequest),
    /// Answers a request.
    #[serde(rename = "path_reply")]
    Reply(PathReply),
}

/// A request for a path from its origin to its target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathRequest {
    /// The member that looks for a path.
    pub origin: NodeId,
    /// The member to be reached.
    pub target: NodeId,
    /// The origin's own count of requests, by which replies find theirs.
    pub number: u64,
    /// The members that have passed it on, in order; at most [`MAX_PATH`].
    #[serde(deserialize_with = "short_path")]
    pub path: Vec<NodeId>,
}

/// The answer to a [`PathRequest`], with its origin, target and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathReply {
    /// The member that asked.
    pub origin: NodeId,
    /// The member to be reached.
    pub target: NodeId,
    /// The number of the request.
    pub number: u64,
    /// The path that was found, in order from the origin; at most [`MAX_PATH`].
    #[serde(deserialize_with = "short_path")]
    pub path: Vec<NodeId>,
}

fn short_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NodeId>, D::Error> {
    let path = Vec::deserialize(deserializer)?;
    if path.len() > MAX_PATH {
        return Err(D::Error::custom(format!("a path of more than {MAX_PATH} members")));
    }
    Ok(path)
}
