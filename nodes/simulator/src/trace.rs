//! The events of a run, the same as a real ring reports, their fingerprint, and a drawing of them
//! in space and time.

use std::fmt::Write;
use std::hash::Hasher;

use fnv::FnvHasher;
use ringleader_election::{Effect, events};
use ringleader_shared::event::{EventKind, MessageInfo};
use ringleader_shared::fault::{Injection, Share};
use ringleader_shared::text::describe;
use ringleader_shared::{
    Event, Incarnation, LinkFault, Member, MessageId, NodeName, NodeState, RingMessage, RingSpec, RingView,
    Role, RunId, Seq, Term,
};
use uuid::Uuid;

use crate::network::{NodeIndex, Packet};
use crate::rng::{PerMille, nanoseconds};
use crate::schedule::{self, Disturbance};
use crate::setup::{Latency, Setup};

/// Makes events of what happens, and keeps them until they are taken.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    events: Vec<Event>,
    /// The last event that was made.
    seq: Seq,
    /// Every member that ever was, so that each has its name.
    ring: RingSpec,
    /// The message that a member is being given, and its sender.
    receiving: Option<(MessageInfo, NodeName)>,
}

impl Recorder {
    pub(crate) fn new(setup: &Setup) -> Self {
        let member = |(place, contender): (usize, &ringleader_shared::Contender)| Member {
            id: contender.id,
            name: schedule::name(place),
            attribute: contender.attribute,
            eligible: contender.eligible,
            incarnation: Incarnation(0),
            address: None,
        };
        let members: Vec<Member> = setup.members.iter().enumerate().map(member).collect();
        let mut recorder = Self {
            events: Vec::new(),
            seq: Seq(0),
            ring: RingSpec { members: members.clone() },
            receiving: None,
        };
        let run = RunId(Uuid::from_u128(u128::from(setup.seed)));
        let kind = EventKind::RunStarted { run, members, highest_term: Term::ZERO, settings: setup.settings };
        recorder.report(0, None, kind);
        recorder
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(crate) fn take(&mut self, into: &mut Vec<Event>) {
        into.append(&mut self.events);
    }

    /// Keeps an event; a member's with which start of it this is, and its Lamport clock.
    pub(crate) fn report(&mut self, now: u64, node: Option<(NodeIndex, Incarnation, u64)>, kind: EventKind) {
        if let EventKind::MemberAdded { member } = &kind {
            self.ring.members.push(member.clone());
        }
        self.seq = self.seq.next();
        let seq = self.seq;
        let name = node.map(|(place, _, _)| schedule::name(place.index()));
        let (incarnation, lamport) = node.map(|(_, start, lamport)| (start, lamport)).unwrap_or_default();
        self.events.push(Event { seq, at_us: now / 1000, node: name, incarnation, lamport, kind });
    }

    pub(crate) fn info(&self, packet: &Packet) -> MessageInfo {
        let id = MessageId {
            from: schedule::name(packet.from.index()),
            incarnation: Incarnation(packet.incarnation),
            number: packet.number,
        };
        events::message_info(&self.ring, id, &packet.message)
    }

    pub(crate) fn sent(&mut self, now: u64, packet: &Packet, to: NodeIndex) {
        if !packet.message.is_upkeep() {
            let kind =
                EventKind::Sent { message: self.info(packet), to: schedule::name(to.index()), hold_us: 0 };
            self.report(now, Some((packet.from, Incarnation(packet.incarnation), packet.lamport)), kind);
        }
    }

    pub(crate) fn received(
        &mut self,
        now: u64,
        packet: &Packet,
        me: NodeIndex,
        lamport: u64,
        incarnation: Option<Incarnation>,
    ) {
        if packet.message.is_upkeep() {
            return;
        }
        let (message, from) = (self.info(packet), schedule::name(packet.from.index()));
        self.receiving = Some((message.clone(), from.clone()));
        let travel_us = now.saturating_sub(packet.sent) / 1000;
        let kind = EventKind::Received { message, from, travel_us };
        self.report(now, Some((me, incarnation.unwrap_or_default(), lamport)), kind);
    }

    pub(crate) fn handled(&mut self) {
        self.receiving = None;
    }

    pub(crate) fn lost(&self, packet: &Packet, to: NodeIndex) -> EventKind {
        EventKind::Lost { message: self.info(packet), to: schedule::name(to.index()) }
    }

    pub(crate) fn injected(
        &self,
        packet: &Packet,
        from: NodeIndex,
        to: NodeIndex,
        fault: Injection,
    ) -> EventKind {
        let (from, to) = (schedule::name(from.index()), schedule::name(to.index()));
        EventKind::Injected { message: self.info(packet), from, to, fault }
    }

    pub(crate) fn event(&self, effect: &Effect<RingMessage>) -> Option<EventKind> {
        let receiving = self.receiving.as_ref().map(|(message, from)| (message, from));
        events::event(&self.ring, effect, receiving)
    }
}

/// A process id for a start of a member: no real one, but each its own.
pub(crate) fn pid(place: usize, incarnation: Incarnation) -> u32 {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    place.saturating_add(1).saturating_mul(1000).saturating_add(incarnation.0)
}

/// A fault in the words of the API, which knows delays instead of distributions: the mean is given.
pub(crate) fn link_fault(cut: bool, disturbance: Option<Disturbance>) -> LinkFault {
    let Some(Disturbance { latency, drop, duplicate, reorder }) = disturbance else {
        return LinkFault { cut, ..LinkFault::default() };
    };
    let mean = match latency {
        Latency::Constant(time) => time,
        Latency::Uniform { min, max } => (min + max) / 2,
        Latency::Exponential { mean } => mean,
    };
    let share = |likely: PerMille| Share::try_from(f64::from(likely.times()) / 1000.0).unwrap_or_default();
    LinkFault {
        cut,
        delay_ms: nanoseconds(mean) / 1_000_000,
        drop: share(drop),
        duplicate: share(duplicate),
        reorder: share(reorder),
    }
}

/// A number that two runs share when they reported the same, byte for byte: FNV-1a over the events as JSON.
///
/// # Panics
/// Never: events can always be written as JSON.
#[must_use]
pub fn fingerprint(events: &[Event]) -> u64 {
    let mut hasher = FnvHasher::default();
    for event in events {
        hasher.write((serde_json::to_string(event).unwrap_or_default() + "\n").as_bytes());
    }
    hasher.finish()
}

/// Draws events in space and time: a column for each member, a line for each event.
///
/// In a column is what the member is: `L` leader, `D` deputy, `C` candidate, `f` follower, `p` paused, `s`
/// starting, nothing when it is dead. Brackets mark whose event it is.
#[must_use]
pub fn draw(events: &[Event]) -> String {
    let mut text = String::new();
    let mut ring = RingView::empty();
    let mut columns = usize::MAX;
    for event in events {
        ring.apply(event);
        if columns != ring.nodes.len() {
            columns = ring.nodes.len();
            let names: String = ring.nodes.iter().map(|node| format!("{:^3}", node.name.as_str())).collect();
            let _ = writeln!(text, "        ms  {names}");
        }
        if !is_drawn(&event.kind) {
            continue;
        }
        let _ = write!(text, "{:>6}.{:03}  ", event.at_us / 1000, event.at_us % 1000);
        for node in &ring.nodes {
            let state = match (node.state, node.role) {
                (NodeState::Stopped, _) => ' ',
                (NodeState::Starting, _) => 's',
                (NodeState::Paused, _) => 'p',
                (NodeState::Running, Some(Role::Leader)) => 'L',
                (NodeState::Running, Some(Role::Deputy)) => 'D',
                (NodeState::Running, Some(Role::Candidate)) => 'C',
                (NodeState::Running, Some(Role::Follower) | None) => 'f',
            };
            let is_its = event.node.as_ref() == Some(&node.name);
            let _ = if is_its { write!(text, "[{state}]") } else { write!(text, " {state} ") };
        }
        let who = event.node.as_ref().map_or("ring", |node| node.as_str());
        let _ = writeln!(text, "  {who:<4} {}", describe(&event.kind));
    }
    text
}

/// Whether an event means something to a reader of a trace.
fn is_drawn(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::RunStarted { .. }
            | EventKind::Spawned { .. }
            | EventKind::Ready { .. }
            | EventKind::Heartbeat { .. }
            | EventKind::ProgressChanged { .. }
    )
}
