//! Finds the causes of an event among those before it, and the events that came before their cause.

mod links;
mod members;

use std::collections::{HashMap, VecDeque};

use self::links::LinkStates;
use self::members::MemberStates;
use crate::action::{NodeAction, NodeRequest};
use crate::event::{Event, EventKind};
use crate::explanation::{Explanation, NamedExplanation};
use crate::id::{Incarnation, MessageId, NodeName};
use crate::timeline::Position;

/// The most events that wait for a cause that may come after them.
const MOST_WAITING: usize = 256;

/// The longest time that an event waits for its cause, in microseconds.
const WAITS_US: u64 = 5_000_000;

/// The longest time from the first sign of a death to the report of the server, in microseconds.
const NOTICED_WITHIN_US: u64 = 100_000;

/// The causes of an event, and the effects that came before it.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The event before it in the life of its node.
    pub(super) before: Option<Position>,
    /// Its cause from outside.
    pub(super) outside: Option<Position>,
    /// Causes and events before them that are their effects.
    pub(super) late: Vec<(Position, Position)>,
}

/// The last events that others may follow from.
#[derive(Debug, Clone, Default)]
pub(super) struct Matching {
    lives: HashMap<(NodeName, Incarnation), Life>,
    members: MemberStates,
    links: LinkStates,
    /// The last change of a setting.
    settings: Option<Position>,
    waiting: VecDeque<Waiting>,
    /// A death that nobody requested, if it was the last event. In a simulated ring it is that of a member
    /// which is being removed, and is never late.
    unasked: Option<(Position, u64, NodeName)>,
}

/// One start of a node.
#[derive(Debug, Clone, Default)]
struct Life {
    last: Position,
    /// The numbers of its messages and the positions of their sendings, in order.
    sent: VecDeque<(u64, Position)>,
}

/// An event whose cause may come after it.
#[derive(Debug, Clone)]
struct Waiting {
    position: Position,
    at_us: u64,
    cause: LateCause,
}

/// A cause that may come after its effect: nodes report to the server by connections of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LateCause {
    Sending(MessageId),
    Death(NodeName),
    Initiating(NodeName),
}

/// Whether an event belongs to the life of its node. The others are what the user does to the ring.
pub(crate) fn is_of_life(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::RunStarted { .. }
            | EventKind::MemberAdded { .. }
            | EventKind::MemberRemoved
            | EventKind::AttributeChanged { .. }
            | EventKind::EligibilityChanged { .. }
            | EventKind::SettingsChanged { .. }
            | EventKind::LinkFaultChanged { .. }
            | EventKind::PartitionChanged { .. }
            | EventKind::Requested { .. }
    )
}

impl Matching {
    pub(super) fn push(&mut self, event: &Event, at: Position) -> Found {
        let outside = self.outside(event, at);
        let mut found = Found { before: None, outside, late: self.late(event, at) };
        if let Some(node) = event.node.as_ref().filter(|_| is_of_life(&event.kind)) {
            let life = self.lives.entry((node.clone(), event.incarnation)).or_default();
            found.before = Some(std::mem::replace(&mut life.last, at)).filter(|before| before.0 > 0);
            if let EventKind::Sent { message, .. } = &event.kind {
                life.sent.push_back((message.id.number, at));
            }
        }
        if let EventKind::SettingsChanged { .. } = event.kind {
            self.settings = Some(at);
        }
        self.links.note(event, at);
        self.members.note(event, at);
        found
    }

    pub(super) fn forget_before(&mut self, begin: Position) {
        for life in self.lives.values_mut() {
            let surplus = life.sent.partition_point(|(_, position)| *position <= begin);
            life.sent.drain(..surplus);
        }
        // The last event of a life that goes on is kept, however old it is.
        self.lives.retain(|(node, incarnation), life| {
            life.last > begin || self.members.start_of(node) == Some(*incarnation)
        });
        self.waiting.retain(|waiting| waiting.position > begin);
    }

    pub(super) fn size(&self) -> usize {
        let sent = self.lives.values().map(|life| life.sent.capacity() * size_of::<(u64, Position)>());
        let lives = self.lives.capacity() * size_of::<((NodeName, Incarnation), Life)>();
        sent.sum::<usize>() + lives + self.waiting.capacity() * size_of::<Waiting>()
    }

    fn sending(&self, id: &MessageId) -> Option<Position> {
        let life = self.lives.get(&(id.from.clone(), id.incarnation))?;
        let place = life.sent.binary_search_by_key(&id.number, |(number, _)| *number).ok()?;
        life.sent.get(place).map(|(_, position)| *position)
    }

    /// The cause of an event from outside the life of its node. Where it may still come, the event waits.
    fn outside(&mut self, event: &Event, at: Position) -> Option<Position> {
        let node = event.node.as_ref()?;
        let (cause, late) = match &event.kind {
            EventKind::Received { message, .. }
            | EventKind::Dropped { message, .. }
            | EventKind::Lost { message, .. } => {
                (self.sending(&message.id), Some(LateCause::Sending(message.id.clone())))
            }
            EventKind::Injected { message, from, to, .. } => match self.links.fault(from, to) {
                Some(fault) if *node == message.id.from => (Some(fault), None),
                _ => (self.sending(&message.id), Some(LateCause::Sending(message.id.clone()))),
            },
            EventKind::LinkDown { peer, link, direction, cause, .. } => {
                let up = self.links.up(node, peer, *link, *direction);
                let cause = self.links.end_of(node, peer, cause, up, &self.members);
                (cause.position, cause.may_be_death.then(|| LateCause::Death(peer.clone())))
            }
            EventKind::LinkUp { peer, direction, relays, .. } if relays.is_empty() => {
                (self.links.way_to(node, peer, *direction, &self.members), None)
            }
            EventKind::Explained { explanation } => self.decided(node, explanation),
            _ => (self.members.cause(node, &event.kind), None),
        };
        if let (None, Some(cause)) = (cause, late) {
            if self.waiting.len() == MOST_WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back(Waiting { position: at, at_us: event.at_us, cause });
        }
        cause
    }

    /// The request or change that a decision follows.
    fn decided(
        &mut self,
        node: &NodeName,
        explanation: &NamedExplanation,
    ) -> (Option<Position>, Option<LateCause>) {
        match explanation {
            Explanation::Initiating { .. } | Explanation::InitiatingIneligible { .. } => {
                (self.members.take_initiate(node), Some(LateCause::Initiating(node.clone())))
            }
            Explanation::TakingPartAlready { .. } | Explanation::NoQuorum { .. } => {
                (self.members.take_initiate(node), None)
            }
            Explanation::RenewingForQuorum | Explanation::NoDeputyFromNowOn => (self.settings, None),
            Explanation::DeputyMayNotLead { deputy } => (self.members.eligibility_changed(deputy), None),
            Explanation::NewSuccessor { successor } => (self.members.added(successor), None),
            _ => (None, None),
        }
    }

    /// The events that waited for this one, or for the death before it.
    fn late(&mut self, event: &Event, at: Position) -> Vec<(Position, Position)> {
        let is_over = |waiting: &Waiting| waiting.at_us.saturating_add(WAITS_US) < event.at_us;
        while self.waiting.front().is_some_and(is_over) {
            self.waiting.pop_front();
        }
        let mut late = Vec::new();
        let is_removed = matches!(event.kind, EventKind::MemberRemoved);
        if let Some((death, at_us, node)) = self.unasked.take()
            && !(is_removed && event.node.as_ref() == Some(&node))
        {
            let since_us = at_us.saturating_sub(NOTICED_WITHIN_US);
            self.end_waiting(&LateCause::Death(node), since_us, death, &mut late);
        }
        // A request was made before its effects. A removal is reported about when the neighbours notice it.
        let (requested_us, noticed_us) = (event.at_us + 1, event.at_us.saturating_sub(NOTICED_WITHIN_US));
        let (cause, since_us) = match (&event.kind, &event.node) {
            (EventKind::Sent { message, .. }, _) => (LateCause::Sending(message.id.clone()), 0),
            (EventKind::Requested { action }, Some(node)) => match action {
                NodeRequest::Act(NodeAction::Kill | NodeAction::Exit) => {
                    (LateCause::Death(node.clone()), requested_us)
                }
                NodeRequest::Act(NodeAction::Start | NodeAction::Pause | NodeAction::Resume) => return late,
                NodeRequest::Initiate => (LateCause::Initiating(node.clone()), requested_us),
            },
            (EventKind::Exited { .. }, Some(node)) => {
                let is_unasked = self.members.death(node).is_none();
                self.unasked = is_unasked.then(|| (at, event.at_us, node.clone()));
                return late;
            }
            (EventKind::MemberRemoved, Some(node)) if self.members.death(node).is_none() => {
                (LateCause::Death(node.clone()), noticed_us)
            }
            _ => return late,
        };
        let found = late.len();
        self.end_waiting(&cause, since_us, at, &mut late);
        if let (LateCause::Initiating(node), true) = (&cause, late.len() > found) {
            self.members.initiated_already(node);
        }
        late
    }

    /// Gives the events that wait for this cause, and are not from before that time, their cause.
    fn end_waiting(
        &mut self,
        cause: &LateCause,
        since_us: u64,
        at: Position,
        late: &mut Vec<(Position, Position)>,
    ) {
        self.waiting.retain(|waiting| {
            let follows = waiting.cause == *cause && waiting.at_us >= since_us;
            late.extend(follows.then_some((at, waiting.position)));
            !follows
        });
    }
}
