//! The causes of events: which of them could have led to which.
//!
//! An event's causes are the one before it in the life of its node and at most one from outside: for a
//! receipt its sending, for a death or an election the request, for a lost link the death or the fault behind
//! it. Message ids are on the events, so that no vector clocks are needed on the wire. A [`Causality`] holds
//! these links for the events of a [`Timeline`](crate::timeline::Timeline), 20 bytes each and
//! 16 more for a sending; [`Cone`]s follow them.
//!
//! Events are named by the [`Position`] after them, as marks are. Requests and other changes by the user have
//! no cause. On a live ring an event may be on the bus before its cause, whose position is then the later
//! one.

mod cone;
mod links;
mod matching;

use std::collections::VecDeque;
use std::sync::Arc;

pub use self::cone::{Cone, Relation};
use self::links::Links;
use self::matching::Matching;
pub(crate) use self::matching::is_of_life;
use crate::event::{Event, EventKind};
use crate::timeline::{Position, Timeline};

/// Events in order, each named by the position after it.
pub trait Events {
    /// The position before the oldest event that is kept.
    fn begin(&self) -> Position;

    /// The position after the last event.
    fn end(&self) -> Position;

    /// The event that led to a position.
    fn event(&self, at: Position) -> Option<&Event>;
}

impl Events for Timeline {
    fn begin(&self) -> Position {
        Self::begin(self)
    }

    fn end(&self) -> Position {
        Self::end(self)
    }

    fn event(&self, at: Position) -> Option<&Event> {
        self.event_after(Position(at.0.checked_sub(1)?)).map(Arc::as_ref)
    }
}

impl Events for [Event] {
    fn begin(&self) -> Position {
        Position(0)
    }

    fn end(&self) -> Position {
        Position(self.len() as u64)
    }

    fn event(&self, at: Position) -> Option<&Event> {
        self.get(usize::try_from(at.0.checked_sub(1)?).ok()?)
    }
}

/// The causes and effects of the last events.
#[derive(Debug, Clone, Default)]
pub struct Causality {
    /// The number of events that were forgotten, the oldest first.
    forgotten: u64,
    links: VecDeque<Links>,
    matching: Matching,
}

impl Causality {
    /// An index of no events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An index of no events, the first of which will be the one after a position.
    #[must_use]
    pub fn beginning_at(position: Position) -> Self {
        Self { forgotten: position.0, ..Self::default() }
    }

    /// An index of these events, in order.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut causality = Self::new();
        events.into_iter().for_each(|event| causality.push(event));
        causality
    }

    /// Appends an event.
    pub fn push(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::RunStarted { .. }) {
            self.matching = Matching::default();
        }
        self.links.push_back(Links::default());
        let at = self.end();
        let found = self.matching.push(event, at);
        if let Some(before) = found.before {
            self.follow(before, at);
        }
        if let Some(outside) = found.outside {
            self.attach(outside, at);
        }
        found.late.into_iter().for_each(|(cause, effect)| self.attach(cause, effect));
    }

    /// Forgets the events up to a position, as the timeline does that drops them.
    pub fn forget_before(&mut self, begin: Position) {
        let surplus = begin.0.saturating_sub(self.forgotten).min(self.links.len() as u64);
        if surplus == 0 {
            return;
        }
        self.links.drain(..surplus as usize);
        self.forgotten += surplus;
        self.matching.forget_before(Position(self.forgotten));
    }

    /// The position before the oldest event that is kept.
    #[must_use]
    pub const fn begin(&self) -> Position {
        Position(self.forgotten)
    }

    /// The position after the last event.
    #[must_use]
    pub fn end(&self) -> Position {
        Position(self.forgotten + self.links.len() as u64)
    }

    /// The event before this one in the life of its node.
    #[must_use]
    pub fn before(&self, at: Position) -> Option<Position> {
        self.whole(self.get(at)?.before)
    }

    /// The event after this one in the life of its node.
    #[must_use]
    pub fn after(&self, at: Position) -> Option<Position> {
        self.whole(self.get(at)?.after)
    }

    /// The cause from outside the life of its node: the sending of a message, a request, a fault.
    #[must_use]
    pub fn outside(&self, at: Position) -> Option<Position> {
        self.whole(self.get(at)?.outside)
    }

    /// The direct causes of an event, those that are kept.
    pub fn causes(&self, at: Position) -> impl Iterator<Item = Position> {
        let before = self.before(at);
        before.into_iter().chain(self.outside(at).filter(|outside| Some(*outside) != before))
    }

    /// The direct effects of an event.
    pub fn effects(&self, at: Position) -> impl Iterator<Item = Position> {
        let after = self.after(at);
        after.into_iter().chain(self.outside_effects(at).filter(move |effect| Some(*effect) != after))
    }

    /// The events whose cause from outside this is, newest first.
    fn outside_effects(&self, at: Position) -> impl Iterator<Item = Position> {
        let newest = self.get(at).and_then(|links| self.whole(links.effect));
        std::iter::successors(newest, |effect| self.whole(self.get(*effect)?.next))
    }

    /// Everything that this event follows from, itself included. Takes time in proportion to its size, and a
    /// bit for each event in between.
    #[must_use]
    pub fn past(&self, at: Position) -> Cone {
        Cone::spread(self, at, |event, found| found.extend(self.causes(event)))
    }

    /// Everything that follows from this event, itself included. Takes as long as [`Causality::past`].
    #[must_use]
    pub fn future(&self, at: Position) -> Cone {
        Cone::spread(self, at, |event, found| found.extend(self.effects(event)))
    }

    /// The bytes that the index occupies, about: those of its rooms, without what maps need beside their
    /// entries.
    #[must_use]
    pub fn size(&self) -> usize {
        self.links.capacity() * size_of::<Links>() + self.matching.size()
    }

    fn get(&self, at: Position) -> Option<&Links> {
        self.links.get(usize::try_from(at.0.checked_sub(self.forgotten + 1)?).ok()?)
    }

    fn get_mut(&mut self, at: Position) -> Option<&mut Links> {
        self.links.get_mut(usize::try_from(at.0.checked_sub(self.forgotten + 1)?).ok()?)
    }

    /// The position whose lower half this is, if it is kept.
    fn whole(&self, half: u32) -> Option<Position> {
        let far = half.wrapping_sub(self.forgotten as u32);
        let is_kept = half != 0 && (1..=self.links.len() as u64).contains(&u64::from(far));
        is_kept.then(|| Position(self.forgotten + u64::from(far)))
    }

    fn follow(&mut self, before: Position, at: Position) {
        let Some(links) = self.get_mut(before) else { return };
        links.after = half(at);
        if let Some(links) = self.get_mut(at) {
            links.before = half(before);
        }
    }

    /// Gives an event its cause from outside. The effects of a cause are linked newest first, so that those
    /// that are forgotten are at the end.
    fn attach(&mut self, cause: Position, effect: Position) {
        if self.get(cause).is_none() || cause == effect {
            return;
        }
        let newer = self.outside_effects(cause).take_while(|other| *other > effect).last();
        let next = match newer {
            Some(newer) => self.get_mut(newer).map(|links| std::mem::replace(&mut links.next, half(effect))),
            None => self.get_mut(cause).map(|links| std::mem::replace(&mut links.effect, half(effect))),
        };
        if let Some(links) = self.get_mut(effect) {
            links.outside = half(cause);
            links.next = next.unwrap_or_default();
        }
    }
}

/// The lower half of a position: enough among the events that are kept.
const fn half(at: Position) -> u32 {
    at.0 as u32
}
