//! The pace of updates: a busy ring must not keep the page busy.

use std::time::Duration;

use leptos::prelude::*;

use super::clock::now_ms;

/// The times of updates: the first is made at once, and those that follow soon after it are made together.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The earliest time of the next update.
    due_ms: f64,
    is_planned: bool,
}

impl Pace {
    /// Plans an update. Returns the wait until it is due, in milliseconds, or `None` when one is planned
    /// already.
    fn plan(&mut self, now_ms: f64) -> Option<f64> {
        let wait_ms = (!self.is_planned).then_some(self.due_ms - now_ms);
        self.is_planned = true;
        wait_ms
    }

    /// Notes that the planned update is made now. The next one may follow after `rest_ms`.
    pub(super) fn done(&mut self, now_ms: f64, rest_ms: f64) {
        self.is_planned = false;
        self.due_ms = now_ms + rest_ms;
    }
}

/// Makes an update when this pace allows it: now, later, or with the one that is planned already.
pub(super) fn after(pace: StoredValue<Pace>, update: impl FnOnce() + 'static) {
    match pace.try_update_value(|pace| pace.plan(now_ms())).flatten() {
        Some(wait_ms) if wait_ms <= 0.0 => update(),
        Some(wait_ms) => set_timeout(update, Duration::from_secs_f64(wait_ms / 1000.0)),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_update_is_made_at_once_and_those_that_follow_soon_are_made_together() {
        let mut pace = Pace::default();
        assert!(pace.plan(1_000.0).is_some_and(|wait| wait <= 0.0));
        pace.done(1_000.0, 250.0);
        assert_eq!(pace.plan(1_050.0), Some(200.0));
        assert_eq!(pace.plan(1_100.0), None);
        pace.done(1_250.0, 250.0);
        assert_eq!(pace.plan(1_300.0), Some(200.0));
    }
}
