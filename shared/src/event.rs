//! The events of a ring: every message, decision, fault and change, as one kind of event.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Map;

use crate::action::NodeRequest;
use crate::algorithm::{AlgorithmName, PortKind, Progress};
use crate::explanation::{NamedDropReason, NamedExplanation};
use crate::fault::{Injection, LinkFault};
use crate::id::{Attribute, Incarnation, MessageId, NodeName, RunId, Seq, Term};
use crate::json::{self, Fields};
use crate::link::{LinkDirection, LinkEnd, LinkKind};
use crate::ring::Member;
use crate::role::Role;
use crate::settings::RingSettings;

/// One event on the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its place on the bus. Grows by one from event to event.
    pub seq: Seq,
    /// The time at which it happened, in microseconds since the server started, by the machine's monotonic
    /// clock.
    pub at_us: u64,
    /// The node of the event; `None` for the ring as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeName>,
    /// The start of that node.
    pub incarnation: Incarnation,
    /// The node's Lamport clock; 0 for events of the server.
    pub lamport: u64,
    /// The kind of event.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// A kind of event. Tagged by `kind` in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// The server: a run begins, at start-up and after a reset. All that was known before is void.
    RunStarted {
        /// The new run.
        run: RunId,
        /// The configured members in ring order.
        members: Vec<Member>,
        /// The term from which this run's terms go on: the highest of earlier runs, where those are kept,
        /// else zero.
        highest_term: Term,
        /// The settings of the ring, among the other fields in JSON.
        #[serde(flatten)]
        settings: RingSettings,
    },
    /// The server: a member joined the configuration at the end of the ring order.
    MemberAdded {
        /// The new member.
        member: Member,
    },
    /// The server: this node left the configuration.
    MemberRemoved,
    /// The server: this node's attribute was changed; it counts from the next election.
    AttributeChanged {
        /// The new value.
        attribute: Attribute,
    },
    /// The server: whether this node may lead and be deputy was changed; it counts from the next election.
    EligibilityChanged {
        /// Whether it may.
        eligible: bool,
    },
    /// The server: a setting of the ring was changed.
    SettingsChanged {
        /// All settings as they are from now on, among the other fields in JSON.
        #[serde(flatten)]
        settings: RingSettings,
    },
    /// The server: what happens to everything that one node says to another was changed; this replaces what
    /// was before.
    LinkFaultChanged {
        /// The sender.
        from: NodeName,
        /// The receiver.
        to: NodeName,
        /// The fault between them.
        fault: LinkFault,
    },
    /// The server: the ring was parted, or is whole again. Nothing crosses from one side to another.
    PartitionChanged {
        /// The sides; members that none names are together on one more. None when the ring is whole.
        sides: Vec<Vec<NodeName>>,
    },
    /// The server: an action on the node was requested, or an election at it.
    Requested {
        /// The request: kill, exit, start, pause, resume, initiate.
        action: NodeRequest,
    },
    /// The server: a process was spawned for this node.
    Spawned {
        /// Its process id.
        pid: u32,
    },
    /// The server: this node could not be started.
    StartFailed {
        /// The reason, and what to do about it.
        reason: String,
    },
    /// The server: this node died and is started again after a pause.
    RestartPlanned {
        /// The pause, in milliseconds.
        after_ms: u64,
    },
    /// The server: this node died so often that it is not started again by itself.
    GivenUp {
        /// The number of its deaths, and what to do about them.
        reason: String,
    },
    /// The server: this node's process ended.
    Exited {
        /// Its exit code, when it ended by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
        /// The signal that ended it.
        #[serde(skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
    },
    /// The server: this node was asked to leave, did not within this time, and was killed.
    ExitOverdue {
        /// The time that it had, in milliseconds.
        after_ms: u64,
    },
    /// The server: this node's process wrote a line to its standard error output: a warning, or the error
    /// with which it ended.
    Stderr {
        /// The line, at most 2,000 bytes of it.
        text: String,
    },
    /// The server: the kernel has stopped this node's process: SIGSTOP, from any sender.
    Paused,
    /// The server: the kernel has let this node's process go on: SIGCONT, from any sender.
    Resumed,

    /// The node is configured and takes part.
    Ready {
        /// The address at which it accepts node links, as `host:port`.
        address: String,
    },
    /// The port that the node was to use is not free; it uses another one.
    PortTaken {
        /// The port.
        port: u16,
        /// The error of the operating system.
        reason: String,
    },
    /// The role of the node has changed, or its term, or the leader or deputy that it knows.
    RoleChanged {
        /// Its role.
        role: Role,
        /// Its term.
        term: Term,
        /// The leader that it follows.
        leader: Option<NodeName>,
        /// The deputy that it knows.
        deputy: Option<NodeName>,
    },
    /// The progress of the node in a classic election has changed.
    ProgressChanged {
        /// The progress; `None` when the node takes part in no classic election.
        progress: Option<Progress>,
    },
    /// The node sends its ring messages to another member from now on.
    SuccessorChanged {
        /// The new successor; itself when it is alone.
        successor: NodeName,
    },
    /// The node put a ring message on a link.
    Sent {
        /// The message.
        message: MessageInfo,
        /// The receiver.
        to: NodeName,
        /// The time for which the link holds it back for the pace, in microseconds.
        hold_us: u64,
    },
    /// A ring message arrived.
    Received {
        /// The message.
        message: MessageInfo,
        /// The sender.
        from: NodeName,
        /// The time from its sending to its arrival, in microseconds, by the machine's monotonic clock.
        travel_us: u64,
    },
    /// A ring message was received and not acted on.
    Dropped {
        /// The message.
        message: MessageInfo,
        /// The sender.
        from: NodeName,
        /// The reason.
        reason: NamedDropReason,
        /// Whether something went wrong; otherwise a rule of the algorithm ended the message here.
        trouble: bool,
    },
    /// A message that was put on a link never left: the link went down first.
    Lost {
        /// The message.
        message: MessageInfo,
        /// The intended receiver.
        to: NodeName,
    },
    /// A fault on a link did this to a message. Reported by the sender, by the receiver when the message was
    /// on its way already, or by the relay that was passing it on.
    Injected {
        /// The message.
        message: MessageInfo,
        /// The sender; to a relay, the neighbour that it came from.
        from: NodeName,
        /// The receiver; from a relay, the neighbour that it was to go to.
        to: NodeName,
        /// The fault.
        fault: Injection,
    },
    /// A link came up.
    LinkUp {
        /// The other end.
        peer: NodeName,
        /// The kind of link.
        link: LinkKind,
        /// The end of the link that this node is.
        direction: LinkDirection,
        /// The relays that it goes through, in order from this node to the peer. A direct link has none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        relays: Vec<NodeName>,
    },
    /// A link went down or could not be made.
    LinkDown {
        /// The other end.
        peer: NodeName,
        /// The kind of link.
        link: LinkKind,
        /// The end of the link that this node is.
        direction: LinkDirection,
        /// The reason.
        cause: LinkEnd,
        /// True when the peer counts as dead or hung; false when the link was closed gracefully.
        failure: bool,
    },
    /// Heartbeats between leader and deputy go through: one report a second at most, whatever their rate.
    Heartbeat {
        /// The other end.
        peer: NodeName,
        /// The last round trip, in microseconds.
        rtt_us: u64,
    },
    /// The node decided something.
    Explained {
        /// The decision and its reason.
        explanation: NamedExplanation,
    },
    /// The node can't keep a promise on its disk, and ends before it breaks one.
    PromiseFailed {
        /// The reason.
        reason: String,
    },
    /// The node was asked to exit, and leaves the ring gracefully.
    Leaving,
    /// The node can't record its core's inputs and effects any more (`--record`); it goes on without.
    RecordingEnded {
        /// The error of the operating system.
        reason: String,
    },
    /// The leader's lap came back: every live member knows the outcome.
    Completed {
        /// The cause of its leadership.
        cause: ElectionCause,
        /// The term.
        term: Term,
        /// The leader.
        leader: NodeName,
        /// The deputy; none when the leader is alone.
        deputy: Option<NodeName>,
        /// Links that the lap crossed: the number of live members.
        members: u32,
    },
    /// A connection to the node was refused or closed because of what it did.
    Refused {
        /// The other end, as `host:port`.
        remote: String,
        /// The reason.
        reason: String,
        /// The number of connections that were refused since the last report, this one among them. At least
        /// 1.
        count: u64,
    },
    /// The node produced events faster than the control link took them, and some are lost.
    Overflow {
        /// The number of lost events.
        lost: u64,
    },
}

json::read_by_kind! { EventKind:
    "run_started" => RunStarted { run, members, highest_term } and settings,
    "member_added" => MemberAdded { member },
    "member_removed" => MemberRemoved {},
    "attribute_changed" => AttributeChanged { attribute },
    "eligibility_changed" => EligibilityChanged { eligible },
    "settings_changed" => SettingsChanged {} and settings,
    "link_fault_changed" => LinkFaultChanged { from, to, fault },
    "partition_changed" => PartitionChanged { sides },
    "requested" => Requested { action },
    "spawned" => Spawned { pid },
    "start_failed" => StartFailed { reason },
    "restart_planned" => RestartPlanned { after_ms },
    "given_up" => GivenUp { reason },
    "exited" => Exited { code, signal },
    "exit_overdue" => ExitOverdue { after_ms },
    "stderr" => Stderr { text },
    "paused" => Paused {},
    "resumed" => Resumed {},
    "ready" => Ready { address },
    "port_taken" => PortTaken { port, reason },
    "role_changed" => RoleChanged { role, term, leader, deputy },
    "progress_changed" => ProgressChanged { progress },
    "successor_changed" => SuccessorChanged { successor },
    "sent" => Sent { message, to, hold_us },
    "received" => Received { message, from, travel_us },
    "dropped" => Dropped { message, from, reason, trouble },
    "lost" => Lost { message, to },
    "injected" => Injected { message, from, to, fault },
    "link_up" => LinkUp { peer, link, direction } or default { relays },
    "link_down" => LinkDown { peer, link, direction, cause, failure },
    "heartbeat" => Heartbeat { peer, rtt_us },
    "explained" => Explained { explanation },
    "promise_failed" => PromiseFailed { reason },
    "leaving" => Leaving {},
    "recording_ended" => RecordingEnded { reason },
    "completed" => Completed { cause, term, leader, deputy, members },
    "refused" => Refused { remote, reason, count },
    "overflow" => Overflow { lost },
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::of(Map::deserialize(deserializer)?);
        let event = Self {
            seq: fields.take("seq"),
            at_us: fields.take("at_us"),
            node: fields.take("node"),
            incarnation: fields.take_or_default("incarnation"),
            lamport: fields.take_or_default("lamport"),
            kind: EventKind::take(&mut fields),
        };
        fields.whole(event).map_err(D::Error::custom)
    }
}

/// The cause of a leader's mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElectionCause {
    /// By an election.
    Election,
    /// The deputy took over.
    Takeover,
    /// The leader stayed and found a new deputy.
    NewDeputy,
}

/// The kind of ring message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// An election by max-ring.
    Election,
    /// An election by a classic algorithm.
    Classic,
    /// Counts the members before an election.
    RollCall,
    /// On its way to the winner of an election.
    Found,
    /// Announces that an election has ended without anybody who may lead.
    Vacant,
    /// Asks round the ring before a term is raised for a failure. Not part of any election.
    Inquiry,
    /// A leader looks for its deputy.
    DeputySearch,
    /// The result.
    Elected,
    /// A leader has its lease renewed.
    Lease,
    /// The term and mandate that a node knows, sent to a neighbour. Not part of any election.
    StateUpdate,
}

impl MessageKind {
    /// The name of this kind, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Election => "election",
            Self::Classic => "classic",
            Self::RollCall => "roll call",
            Self::Found => "found",
            Self::Vacant => "vacant",
            Self::Inquiry => "inquiry",
            Self::DeputySearch => "deputy search",
            Self::Elected => "elected",
            Self::Lease => "lease",
            Self::StateUpdate => "state update",
        }
    }
}

/// A member and its attribute, by the name that people know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedContender {
    /// The member's name.
    pub name: NodeName,
    /// Its attribute in the message.
    pub attribute: Attribute,
}

json::read_by_name! { NamedContender { name, attribute } }

/// A ring message as people see it: names instead of ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageInfo {
    /// The id of this sending.
    pub id: MessageId,
    /// The kind of message.
    pub message: MessageKind,
    /// The term that it is about.
    pub term: Term,
    /// The member that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator: Option<NodeName>,
    /// The best member so far, or the leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<NamedContender>,
    /// The second best member so far, or the deputy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deputy: Option<NamedContender>,
    /// Links crossed when it arrives; 0 for kinds that don't count them.
    pub hops: u32,
    /// The classic algorithm, for its messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<AlgorithmName>,
    /// The port by which it leaves its sender, for messages of classic algorithms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<PortKind>,
    /// Its further content, for messages of classic algorithms: `probe, 3 left`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

json::read_by_name! { MessageInfo { id, message, term, initiator, candidate, deputy, hops, algorithm, port, says } }
