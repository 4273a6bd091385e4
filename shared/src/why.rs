//! Answers to *why?* and *why not?*: chains of events, each following from the next.
//!
//! A [`Chain`] begins with the event that made it so and leads back, cause by cause, to something the user
//! did, to a fault, or to the beginning. Members that only passed a message on are left out. A [`Step`] can
//! only be made of an event on the timeline, and its sentence is made of that event.

mod back;
mod chain;
mod decisions;
mod sentence;

pub use self::chain::{Chain, Ending, Step};

use self::back::Back;
use crate::causality::{Causality, Events};
use crate::event::{EventKind, MessageKind};
use crate::explanation::Explanation;
use crate::id::{MessageId, NodeName};
use crate::role::Role;
use crate::timeline::{Moment, Position};

/// A thing to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The leader of the ring, as [`RingView::leading`](crate::RingView::leading) finds it.
    Leader,
    /// The role of a node, or that it has none.
    Role(NodeName),
    /// The reason for which a node does not lead.
    NotLeading(NodeName),
    /// The last death of a node.
    Death(NodeName),
    /// A message that was sent.
    Message(MessageId),
    /// An event, such as that of a mark.
    Event(Position),
}

/// The reason for which a node does not lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It does not run.
    Dead,
    /// It hangs.
    Hung,
    /// It may not lead.
    Ineligible,
    /// It is outside of the ring, and raises no term.
    Outside,
    /// It has met a better one in an election.
    SawBetter,
    /// It follows a leader that it has heard of.
    Follows,
    /// It has heard of no leader, or has no majority behind itself.
    Waits,
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    obstacle: Option<Obstacle>,
    chains: Vec<Chain<'a>>,
}

impl<'a> Answer<'a> {
    /// For *why not*: the reason.
    #[must_use]
    pub const fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle
    }

    /// The chains, the shortest first. One begins with the event that was asked about; the others with what
    /// had to be so for it, such as that a node was deputy before it took over.
    #[must_use]
    pub fn chains(&self) -> &[Chain<'a>] {
        &self.chains
    }
}

/// Answers a question about a moment. `None` where nothing of the kind is so, or no event of it is kept.
#[must_use]
pub fn why<'a, E: Events + ?Sized>(
    events: &'a E,
    causality: &Causality,
    moment: &Moment,
    subject: &Subject,
) -> Option<Answer<'a>> {
    let back = Back { events, causality };
    let at = moment.position();
    let last = match subject {
        Subject::Leader => back.role(&moment.view().leading()?.name, at)?,
        Subject::Role(node) => back.role(node, at)?,
        Subject::NotLeading(node) => return why_not(&back, moment, node),
        Subject::Death(node) => back.last_of(node, at, |kind| matches!(kind, EventKind::Exited { .. }))?,
        Subject::Message(id) => back.last_of(
            &id.from,
            at,
            |kind| matches!(kind, EventKind::Sent { message, .. } if message.id == *id),
        )?,
        Subject::Event(position) => *position,
    };
    answer(&back, None, last)
}

fn answer<'a, E: Events + ?Sized>(
    back: &Back<'a, '_, E>,
    obstacle: Option<Obstacle>,
    at: Position,
) -> Option<Answer<'a>> {
    let first = back.chain(at)?;
    let node = first.steps().first().and_then(|step| step.event().node.as_ref());
    let presupposed = first.steps().iter().find_map(|step| presupposed(back, step, node));
    let condition = presupposed.and_then(|at| back.chain(at));
    let mut chains: Vec<Chain<'a>> = std::iter::once(first).chain(condition).collect();
    chains.sort_by_key(|chain| chain.steps().len());
    Some(Answer { obstacle, chains })
}

/// The event by which something had become so that a step presupposes: that the node was the deputy that
/// takes over, or that a neighbour knew the leader that it names.
fn presupposed<E: Events + ?Sized>(
    back: &Back<'_, '_, E>,
    step: &Step<'_>,
    node: Option<&NodeName>,
) -> Option<Position> {
    let event = step.event();
    match &event.kind {
        EventKind::Explained { explanation: Explanation::TakingOver { .. } }
            if event.node.as_ref() == node =>
        {
            let is_deputy =
                |kind: &EventKind| matches!(kind, EventKind::RoleChanged { role: Role::Deputy, .. });
            back.earlier(step.position(), is_deputy)
        }
        EventKind::Sent { message, .. } if message.message == MessageKind::StateUpdate => {
            back.earlier(step.position(), |kind| decisions::is_of_leader(kind, message))
        }
        _ => None,
    }
}

/// The reason for which a node does not lead. `None` when it does, or is no member.
fn why_not<'a, E: Events + ?Sized>(
    back: &Back<'a, '_, E>,
    moment: &Moment,
    node: &NodeName,
) -> Option<Answer<'a>> {
    let at = moment.position();
    let member = moment.view().node(node)?;
    let last = |is_it: fn(&EventKind) -> bool| back.last_of(node, at, is_it);
    let found = |obstacle: Obstacle, at: Option<Position>| answer(back, Some(obstacle), at?);
    let begins = || back.configured(node, at);
    let Some(role) = member.role else {
        let is_death = |kind: &EventKind| {
            matches!(
                kind,
                EventKind::Exited { .. } | EventKind::StartFailed { .. } | EventKind::Spawned { .. }
            )
        };
        return found(Obstacle::Dead, last(is_death).or_else(begins));
    };
    if !member.is_live() {
        return found(Obstacle::Hung, last(|kind| matches!(kind, EventKind::Paused)));
    }
    if role == Role::Leader {
        return None;
    }
    if !member.eligible {
        let changed = last(|kind| matches!(kind, EventKind::EligibilityChanged { eligible: false }));
        return found(Obstacle::Ineligible, changed.or_else(begins));
    }
    let leader = member.leader.as_ref().filter(|leader| *leader != node);
    if member.outside.is_some() && leader.is_none() {
        let is_it = |kind: &EventKind| matches!(kind, EventKind::Explained { explanation } if explanation.is_of_outside());
        return found(Obstacle::Outside, last(is_it));
    }
    let here = back.role(node, at);
    let better = back.life(node, at).find(|(_, event)| match &event.kind {
        EventKind::Explained { explanation } => decisions::saw_better(explanation, node),
        EventKind::RoleChanged { term, .. } => *term < member.term,
        _ => false,
    });
    let is_decision = |kind: &EventKind| matches!(kind, EventKind::Explained { .. });
    let better = better.filter(|(_, event)| is_decision(&event.kind)).map(|(at, _)| at);
    match (better, leader) {
        (Some(better), _) => found(Obstacle::SawBetter, Some(better)),
        (None, Some(_)) => found(Obstacle::Follows, here),
        (None, None) => found(Obstacle::Waits, here.or_else(begins)),
    }
}
