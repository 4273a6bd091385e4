//! Restarts of nodes that died: after a growing pause, and only so often, so that a node that can't run
//! is given up.

use std::collections::VecDeque;
use std::time::Duration;

use ringleader_shared::{EventKind, Incarnation, NodeId, RunId};

use super::{ChildEvent, Supervisor, milliseconds};

/// The number of restarts of one node, within [`WITHIN`], before it is given up.
const BUDGET: usize = 5;

/// The time for which a restart counts against the budget.
const WITHIN: Duration = Duration::from_secs(60);

/// The pause before the first restart; each that counts doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The restarts of one node that still count, by the monotonic clock, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Restarts(VecDeque<u64>);

impl Restarts {
    /// The pause before the next restart; `None` when there have been too many.
    fn next(&mut self, now_ns: u64) -> Option<Duration> {
        let within_ns = u64::try_from(WITHIN.as_nanos()).unwrap_or(u64::MAX);
        self.0.retain(|at_ns| now_ns.saturating_sub(*at_ns) < within_ns);
        if self.0.len() >= BUDGET {
            return None;
        }
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push_back(now_ns);
        Some(pause)
    }

    /// Clears the count, because a person asked for another try.
    pub(super) fn forgive(&mut self) {
        self.0.clear();
    }
}

impl Supervisor {
    /// Handles the end of a node that was not asked to leave: it is started again after a pause, or given
    /// up.
    pub(super) fn restart_later(&mut self, index: usize, now_ns: u64) {
        if !self.config.restart {
            return;
        }
        let Some(node) = self.nodes.get_mut(index) else { return };
        let (name, id, incarnation) = (node.member.name.clone(), node.member.id, node.member.incarnation);
        let Some(pause) = node.restarts.next(now_ns) else {
            let reason = format!(
                "it died {} times within {} s; find out why, then start it",
                BUDGET + 1,
                WITHIN.as_secs()
            );
            tracing::error!(node = %name, "given up: {reason}");
            self.bus.announce(Some(&name), incarnation, EventKind::GivenUp { reason });
            return;
        };
        let after_ms = milliseconds(pause);
        self.bus.announce(Some(&name), incarnation, EventKind::RestartPlanned { after_ms });
        let (child_events, run) = (self.child_events_in.clone(), self.run);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let _ = child_events.send(ChildEvent::RestartDue { run, id, incarnation });
        });
    }

    /// Starts the node after the pause. Meanwhile it may have been started or removed, or another ring
    /// may have been formed.
    pub(super) fn restart_due(&mut self, run: RunId, id: NodeId, incarnation: Incarnation) {
        let index = self.nodes.iter().position(|node| {
            node.member.id == id && node.member.incarnation == incarnation && node.process.is_none()
        });
        let index = index.filter(|_| run == self.run);
        if let Some(index) = index {
            self.spawn(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn pauses_double_until_the_budget_is_spent_and_grow_short_again_with_time() {
        let mut restarts = Restarts::default();
        let pauses: Vec<_> = (0..7).map(|n| restarts.next(n * SECOND).map(milliseconds)).collect();
        assert_eq!(pauses, [Some(250), Some(500), Some(1000), Some(2000), Some(4000), None, None]);
        assert_eq!(restarts.next(61 * SECOND).map(milliseconds), Some(2000), "two of five are long ago");
        assert_eq!(restarts.next(3600 * SECOND).map(milliseconds), Some(250));
        restarts.forgive();
        assert_eq!(restarts.next(3600 * SECOND).map(milliseconds), Some(250));
    }
}
