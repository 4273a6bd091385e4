//! The life of each node on a timeline: its state, role and term, and the moments at which they changed.

use std::collections::{BTreeMap, VecDeque};

use super::Position;
use crate::event::{Event, EventKind};
use crate::id::{NodeName, Term};
use crate::role::{NodeState, Role};
use crate::view::RingView;

/// The number of a lane: lanes are numbered in the order in which their nodes appeared.
pub type LaneNumber = u32;

/// A change in the life of a node: it is so from this position on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The position after the event.
    pub position: Position,
    /// The time of the event, in microseconds.
    pub at_us: u64,
    /// The state of its process; `None` while it is no member.
    pub state: Option<NodeState>,
    /// Its role; `None` when it does not run.
    pub role: Option<Role>,
    /// Its term.
    pub term: Term,
}

/// One node's lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    name: NodeName,
    since: Position,
    turns: VecDeque<Turn>,
}

impl Lane {
    /// Its node.
    #[must_use]
    pub const fn name(&self) -> &NodeName {
        &self.name
    }

    /// The changes from one position to another, in order; the first is the last one before them.
    pub fn turns(&self, from: Position, to: Position) -> impl Iterator<Item = Turn> {
        let first = self.turns.partition_point(|turn| turn.position <= from).saturating_sub(1);
        self.turns.iter().skip(first).take_while(move |turn| turn.position <= to).copied()
    }

    /// The last change up to a position.
    #[must_use]
    pub fn at(&self, position: Position) -> Option<Turn> {
        let next = self.turns.partition_point(|turn| turn.position <= position);
        self.turns.get(next.checked_sub(1)?).copied()
    }

    fn turn(&mut self, turn: Turn) {
        let same = |last: &Turn| (last.state, last.role, last.term) == (turn.state, turn.role, turn.term);
        if !self.turns.back().is_some_and(same) {
            self.turns.push_back(turn);
        }
    }
}

/// The lanes of all nodes that were ever members.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    numbers: BTreeMap<NodeName, LaneNumber>,
}

impl Lanes {
    /// The lanes of a timeline that begins with this state.
    pub(super) fn of(view: &RingView) -> Self {
        let mut lanes = Self::default();
        lanes.take_over(view, Position(view.seq.0), 0);
        lanes
    }

    /// All lanes, in the order of their numbers.
    pub(super) fn all(&self) -> &[Lane] {
        &self.lanes
    }

    /// The number of a node's lane, which is made if there is none.
    pub(super) fn number(&mut self, name: &NodeName, since: Position) -> LaneNumber {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.lanes.len() as LaneNumber;
        self.lanes.push(Lane { name: name.clone(), since, turns: VecDeque::new() });
        self.numbers.insert(name.clone(), number);
        number
    }

    /// The number of a node's lane, if it has one.
    pub(super) fn known(&self, name: &NodeName) -> Option<LaneNumber> {
        self.numbers.get(name).copied()
    }

    /// Takes in an event that led to this state.
    pub(super) fn push(&mut self, event: &Event, position: Position, at_us: u64, view: &RingView) {
        match (&event.kind, &event.node) {
            (EventKind::RunStarted { .. }, _) => self.take_over(view, position, at_us),
            (EventKind::MemberAdded { member }, _) => self.note(view, &member.name, position, at_us),
            (
                EventKind::MemberRemoved
                | EventKind::Spawned { .. }
                | EventKind::StartFailed { .. }
                | EventKind::Exited { .. }
                | EventKind::Paused
                | EventKind::Resumed
                | EventKind::Ready { .. }
                | EventKind::RoleChanged { .. },
                Some(node),
            ) => self.note(view, node, position, at_us),
            _ => {}
        }
    }

    /// Takes over the states of all nodes.
    fn take_over(&mut self, view: &RingView, position: Position, at_us: u64) {
        let former: Vec<NodeName> = self.lanes.iter().map(|lane| lane.name.clone()).collect();
        for name in former.iter().chain(view.nodes.iter().map(|node| &node.name)) {
            self.note(view, name, position, at_us);
        }
    }

    fn note(&mut self, view: &RingView, name: &NodeName, position: Position, at_us: u64) {
        let number = self.number(name, position);
        let node = view.node(name);
        let turn = Turn {
            position,
            at_us,
            state: node.map(|node| node.state),
            role: node.and_then(|node| node.role),
            term: node.map_or(Term::ZERO, |node| node.term),
        };
        if let Some(lane) = self.lanes.get_mut(number as usize) {
            lane.turn(turn);
        }
    }

    /// Drops the changes up to a position, but the last one of each lane.
    pub(super) fn drop_until(&mut self, position: Position) {
        for lane in &mut self.lanes {
            let old = lane.turns.partition_point(|turn| turn.position <= position);
            lane.turns.drain(..old.saturating_sub(1));
        }
    }

    /// Forgets everything after a position.
    pub(super) fn forget_after(&mut self, position: Position) {
        let kept = self.lanes.partition_point(|lane| lane.since <= position);
        for lane in self.lanes.drain(kept..) {
            self.numbers.remove(&lane.name);
        }
        for lane in &mut self.lanes {
            let kept = lane.turns.partition_point(|turn| turn.position <= position);
            lane.turns.truncate(kept);
        }
    }
}
