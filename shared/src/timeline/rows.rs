//! The events of a timeline that have a row of their own in a diagram, and the numbers of the rows.

use std::collections::VecDeque;

use super::Position;
use crate::event::{Event, EventKind};

/// The rows, each with the position after its event. Numbers begin with 1, and stay the same when old rows
/// are dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    dropped: u64,
    kept: VecDeque<u64>,
}

/// Whether an event has a row: reports that come by the clock and repetitions have none.
const fn has_row(event: &Event) -> bool {
    !matches!(event.kind, EventKind::Heartbeat { .. } | EventKind::ProgressChanged { .. })
}

impl Rows {
    pub(super) fn push(&mut self, event: &Event, position: Position) {
        if has_row(event) {
            self.kept.push_back(position.0);
        }
    }

    /// The number of rows up to a position: the number of its own row, where its event has one.
    pub(super) fn until(&self, position: Position) -> u64 {
        self.dropped + self.kept.partition_point(|kept| *kept <= position.0) as u64
    }

    /// The position of a row.
    pub(super) fn position(&self, row: u64) -> Option<Position> {
        let place = usize::try_from(row.checked_sub(self.dropped + 1)?).ok()?;
        self.kept.get(place).copied().map(Position)
    }

    /// The number before that of the first row, and that of the last one.
    pub(super) fn ends(&self) -> (u64, u64) {
        (self.dropped, self.dropped + self.kept.len() as u64)
    }

    pub(super) fn drop_until(&mut self, position: Position) {
        let old = self.kept.partition_point(|kept| *kept <= position.0);
        self.kept.drain(..old);
        self.dropped += old as u64;
    }

    pub(super) fn forget_after(&mut self, position: Position) {
        self.kept.truncate(self.kept.partition_point(|kept| *kept <= position.0));
    }
}
