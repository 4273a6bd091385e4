//! The way back from an event to its causes.

use super::chain::{Chain, Ending, Step};
use super::decisions;
use crate::causality::{Causality, Events};
use crate::event::{Event, EventKind, MessageKind};
use crate::id::NodeName;
use crate::timeline::Position;

/// Events and their causes, to go back in.
pub(super) struct Back<'a, 'c, E: ?Sized> {
    pub(super) events: &'a E,
    pub(super) causality: &'c Causality,
}

/// A step of the way back.
enum Cause {
    Event(Position),
    Ends(Ending),
}

impl<'a, E: Events + ?Sized> Back<'a, '_, E> {
    fn kind(&self, at: Position) -> Option<&'a EventKind> {
        self.events.event(at).map(|event| &event.kind)
    }

    /// The last event of a node up to a position that is of this kind.
    pub(super) fn last_of(
        &self,
        node: &NodeName,
        at: Position,
        is_it: impl Fn(&EventKind) -> bool,
    ) -> Option<Position> {
        let before = (self.events.begin().0 + 1..=at.0).rev().map(Position);
        let mut before = before.filter_map(|at| Some((at, self.events.event(at)?)));
        let is_its = |event: &Event| event.node.as_ref() == Some(node) && is_it(&event.kind);
        before.find(|(_, event)| is_its(event)).map(|(at, _)| at)
    }

    /// The event by which a node became a member.
    pub(super) fn configured(&self, node: &NodeName, at: Position) -> Option<Position> {
        let before = (self.events.begin().0 + 1..=at.0).rev().map(Position);
        let mut before = before.filter_map(|at| Some((at, self.events.event(at)?)));
        let is_it = |event: &Event| match &event.kind {
            EventKind::RunStarted { .. } => true,
            EventKind::MemberAdded { member } => member.name == *node,
            _ => false,
        };
        before.find(|(_, event)| is_it(event)).map(|(at, _)| at)
    }

    /// The events of a node's present or last life up to a position, newest first.
    pub(super) fn life(&self, node: &NodeName, at: Position) -> impl Iterator<Item = (Position, &'a Event)> {
        let last = self.last_of(node, at, crate::causality::is_of_life);
        let before = std::iter::successors(last, |at| self.causality.before(*at));
        before.map_while(|at| Some((at, self.events.event(at)?)))
    }

    /// The last event of this kind before a position, in the same life.
    pub(super) fn earlier(&self, at: Position, is_it: impl Fn(&EventKind) -> bool) -> Option<Position> {
        let mut before = std::iter::successors(self.causality.before(at), |at| self.causality.before(*at));
        before.find(|at| self.kind(*at).is_some_and(&is_it))
    }

    /// The event by which a node came to its role, or lost it: the first report of its role in its term.
    pub(super) fn role(&self, node: &NodeName, at: Position) -> Option<Position> {
        let mut found: Option<(Position, &EventKind)> = None;
        for (at, event) in self.life(node, at) {
            match (&event.kind, found) {
                (EventKind::RoleChanged { role, term, .. }, Some((_, newer))) => match newer {
                    EventKind::RoleChanged { role: now, term: in_term, .. }
                        if (now, in_term) == (role, term) =>
                    {
                        found = Some((at, &event.kind));
                    }
                    _ => break,
                },
                (
                    EventKind::RoleChanged { .. } | EventKind::Exited { .. } | EventKind::Ready { .. },
                    None,
                ) => found = Some((at, &event.kind)),
                (EventKind::Exited { .. } | EventKind::Spawned { .. }, Some(_)) => break,
                _ => {}
            }
        }
        found.map(|(at, _)| at)
    }

    /// The chain of an event. `None` when it is not kept.
    pub(super) fn chain(&self, at: Position) -> Option<Chain<'a>> {
        let mut steps = vec![Step::at(self.events, at)?];
        let mut here = at;
        // Events form no circle, but a stream that a program made up might.
        for _ in self.events.begin().0..self.events.end().0 {
            let (reason, cause) = self.cause(here);
            steps.extend(reason.and_then(|reason| Step::at(self.events, reason)));
            let step = match cause {
                Cause::Ends(ending) => return Some(Chain::new(steps, ending)),
                Cause::Event(cause) => Step::at(self.events, cause).map(|step| (cause, step)),
            };
            let Some((cause, step)) = step else { break };
            here = cause;
            if let Some(origin) = self.origin(here) {
                here = origin;
                steps.extend(Step::at(self.events, origin));
            } else {
                steps.push(step);
            }
        }
        Some(Chain::new(steps, Ending::Forgotten))
    }

    /// The sending of a message by the member that did not just pass it on. `None` when that is this one.
    fn origin(&self, sent: Position) -> Option<Position> {
        let mut origin = None;
        let mut here = sent;
        while let Some(EventKind::Sent { message: out, .. }) = self.kind(here)
            && let Some(input) = self.input(here)
            && let Some(EventKind::Received { message, .. }) = self.kind(input)
            && (message.message, message.term) == (out.message, out.term)
            && self.reason(here, input).is_none()
            && let Some(before) = self.causality.outside(input)
            && before < here
        {
            (origin, here) = (Some(before), before);
        }
        origin
    }

    /// The reason that a member gave for an event, and what has led to it.
    fn cause(&self, at: Position) -> (Option<Position>, Cause) {
        let Some(kind) = self.kind(at) else { return (None, Cause::Ends(Ending::Forgotten)) };
        if let Some(ending) = self.ending(at, kind) {
            return (None, Cause::Ends(ending));
        }
        if let Some(outside) = self.causality.outside(at) {
            return (None, Cause::Event(outside));
        }
        if let EventKind::Received { .. } = kind {
            return (None, Cause::Ends(Ending::Forgotten));
        }
        let Some(input) = self.input(at) else { return (None, Cause::Ends(Ending::Forgotten)) };
        (self.reason(at, input), Cause::Event(input))
    }

    fn ending(&self, at: Position, kind: &EventKind) -> Option<Ending> {
        let is_unasked = || self.causality.outside(at).is_none();
        let fault = |is_one: bool| if is_one { Ending::Fault } else { Ending::Action };
        match kind {
            EventKind::RunStarted { .. } => Some(Ending::Beginning),
            EventKind::LinkFaultChanged { fault: it, .. } => Some(fault(!it.is_none())),
            EventKind::PartitionChanged { sides } => Some(fault(!sides.is_empty())),
            EventKind::Exited { .. } | EventKind::Paused | EventKind::LinkDown { failure: true, .. } => {
                is_unasked().then_some(Ending::Fault)
            }
            EventKind::Resumed => is_unasked().then_some(Ending::Action),
            kind if !crate::causality::is_of_life(kind) => Some(Ending::Action),
            _ => None,
        }
    }

    /// The last thing before an event, in the life of its node, that reached the node from outside, or that
    /// it did because time had passed.
    ///
    /// A link that comes up is one where the node has decided something about it. Otherwise it came up in
    /// the course of something else, such as that a standby link was put in use.
    fn input(&self, at: Position) -> Option<Position> {
        let mut is_decided = match self.kind(at)? {
            EventKind::Explained { .. } | EventKind::SuccessorChanged { .. } => true,
            EventKind::Sent { message, .. } => message.message == MessageKind::StateUpdate,
            _ => false,
        };
        let mut before = std::iter::successors(self.causality.before(at), |at| self.causality.before(*at));
        before.find(|at| match self.kind(*at) {
            Some(EventKind::LinkUp { .. }) => is_decided,
            Some(EventKind::Explained { explanation }) => {
                is_decided = true;
                decisions::is_of_time(explanation) || self.causality.outside(*at).is_some()
            }
            Some(EventKind::LinkDown { .. } | EventKind::Received { .. } | EventKind::Spawned { .. }) => true,
            _ => self.causality.outside(*at).is_some(),
        })
    }

    /// The last decision between what reached a node and an event, other than to pass a message on; for a
    /// sending, other than to follow what the message says.
    fn reason(&self, at: Position, input: Position) -> Option<Position> {
        let is_sending = matches!(self.kind(at), Some(EventKind::Sent { .. }));
        let before = std::iter::successors(self.causality.before(at), |at| self.causality.before(*at));
        let mut between = before.take_while(|at| *at != input);
        between.find(|at| match self.kind(*at) {
            Some(EventKind::Explained { explanation }) if is_sending => {
                !decisions::passes_on(explanation) && !decisions::follows(explanation)
            }
            Some(EventKind::Explained { explanation }) => !decisions::passes_on(explanation),
            _ => false,
        })
    }
}
