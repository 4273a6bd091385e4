//! The control link: the reports of a node process to its server, and the server's commands.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::event::EventKind;
use crate::fault::NodeFault;
use crate::id::{Incarnation, NodeId, RunId, Term};
use crate::ring::RingSpec;
use crate::settings::RingSettings;

/// The path of the control endpoint on the server's control listener.
pub const CONTROL_PATH: &str = "/control";

/// Environment variable: the control endpoint's URL, `ws://127.0.0.1:PORT/control`.
pub const CONTROL_ENV: &str = "RINGLEADER_CONTROL";

/// Environment variable: the run's secret, which every node link and control link must carry as a bearer
/// token.
pub const SECRET_ENV: &str = "RINGLEADER_SECRET";

/// Environment variable: the process id of the supervisor, so that a child notices when its supervisor ended
/// before the child could ask the kernel to be killed with it.
pub const SUPERVISOR_ENV: &str = "RINGLEADER_SUPERVISOR";

/// A report of a node to the server, one WebSocket text message each. The first is always `Hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum NodeReport {
    /// The node is up and accepts links.
    Hello {
        /// The id of the node.
        id: NodeId,
        /// The start of the node.
        incarnation: Incarnation,
        /// Its process id.
        pid: u32,
        /// The address at which it accepts node links.
        address: SocketAddr,
    },
    /// Events, oldest first.
    Events {
        /// The events.
        events: Vec<NodeEvent>,
    },
}

/// One event as the node reports it; the server adds the node's name and a sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEvent {
    /// The node's Lamport clock after the event.
    pub lamport: u64,
    /// The time of the event by `CLOCK_MONOTONIC`, in nanoseconds: one clock for all processes of a machine.
    pub at_ns: u64,
    /// The kind of event.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// A command of the server to a node, one WebSocket text message each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum NodeCommand {
    /// The whole configuration; replaces the one before. The first command is always this one.
    Configure(Configuration),
    /// Start an election.
    Initiate,
    /// Start an election together with others: of this term, unless it has begun already.
    InitiateTogether {
        /// The term.
        term: Term,
    },
    /// Leave gracefully: close the links, end the process with code 0.
    Exit,
}

/// The configuration of a node: its ring, the settings and times, and the faults of its links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The run.
    pub run: RunId,
    /// The ring.
    pub ring: RingSpec,
    /// The settings of the ring.
    pub settings: RingSettings,
    /// The interval between pings of a link, in milliseconds.
    pub heartbeat_ms: u64,
    /// The longest silence of a link at full speed, in milliseconds: after it the peer counts as hung. Nodes
    /// add two hop delays.
    pub hung_after_ms: u64,
    /// The highest term that any node has reported in this run; zero before the first election. A node that
    /// has heard of no election takes it from here: after the loss of all that had, terms go on from it.
    pub highest_term: Term,
    /// The faults on this node's links, from it and to it.
    #[serde(default)]
    pub faults: Vec<NodeFault>,
}
