//! Everything that an event follows from, or leads to.

use super::Causality;
use crate::timeline::Position;

/// A set of events: the past or the future of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cone {
    apex: Position,
    /// The position before the events that the bits are about.
    begin: Position,
    bits: Vec<u64>,
    len: usize,
}

/// The relation of an event to the one that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It is that event.
    Same,
    /// It may have led to it.
    Past,
    /// It may follow from it.
    Future,
    /// Neither: nothing of the one has reached the other.
    Concurrent,
}

impl Cone {
    /// The events that are reached from one by repeated steps.
    pub(super) fn spread(
        causality: &Causality,
        apex: Position,
        step: impl Fn(Position, &mut Vec<Position>),
    ) -> Self {
        let (begin, end) = (causality.begin(), causality.end());
        let words = (end.0 - begin.0).div_ceil(64);
        let mut cone = Self { apex, begin, bits: vec![0; words as usize], len: 0 };
        let mut found = Vec::from_iter(causality.get(apex).map(|_| apex));
        while let Some(event) = found.pop() {
            if cone.insert(event) {
                step(event, &mut found);
            }
        }
        cone
    }

    fn bit(&self, at: Position) -> Option<(usize, u64)> {
        let far = at.0.checked_sub(self.begin.0 + 1)?;
        Some((usize::try_from(far / 64).ok()?, 1 << (far % 64)))
    }

    fn insert(&mut self, at: Position) -> bool {
        let Some((word, bit)) = self.bit(at) else { return false };
        let Some(word) = self.bits.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.len += usize::from(is_new);
        is_new
    }

    /// The event whose past or future it is.
    #[must_use]
    pub const fn apex(&self) -> Position {
        self.apex
    }

    /// Whether it has this event.
    #[must_use]
    pub fn contains(&self, at: Position) -> bool {
        let Some((word, bit)) = self.bit(at) else { return false };
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The number of events in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no event: the one that it was asked for is not kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its events in order.
    pub fn iter(&self) -> impl Iterator<Item = Position> {
        (0..).zip(&self.bits).flat_map(|(place, word)| {
            let first = self.begin.0 + place * 64 + 1;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| Position(first + bit))
        })
    }
}

impl Relation {
    /// The relation of an event to the apex of these two cones.
    #[must_use]
    pub fn of(at: Position, past: &Cone, future: &Cone) -> Self {
        match (past.contains(at), future.contains(at)) {
            _ if at == past.apex() => Self::Same,
            (true, _) => Self::Past,
            (false, true) => Self::Future,
            (false, false) => Self::Concurrent,
        }
    }
}
