//! The wire between two nodes: how a link is asked for and what crosses it. `docs/protocol.md` has the
//! whole protocol.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::MessageId;
use crate::message::RingMessage;

/// The version of the node-link protocol. Both ends must have the same.
pub const PROTOCOL: u32 = 2;

/// The largest message on a node link, in bytes. A ring message is under 1 kB; more is a fault or an attack.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// The largest single WebSocket frame on a node link, in bytes.
pub const MAX_FRAME: usize = 16 * 1024;

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

/// A frame on a node link, as one WebSocket text message each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkFrame {
    /// Which sending this is.
    pub id: MessageId,
    /// The sender's Lamport clock.
    pub lamport: u64,
    /// When it was sent, by the sender's monotonic clock, in nanoseconds. Comparable on one machine.
    pub sent_ns: u64,
    /// The message.
    pub message: RingMessage,
}
