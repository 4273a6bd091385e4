//! The clocks: the page's own, and an estimate of the server's.

use std::collections::VecDeque;
use std::time::Duration;

use leptos::prelude::{GetValue, SetValue, StoredValue, window};

/// The number of events that the estimate is made from: enough that one of them arrived quickly, few enough
/// that it is correct again soon after the computer slept.
const WINDOW: usize = 32;

/// An estimate of the server's clock, from the events that arrived most quickly.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    /// For each of the last events: the page's time of its arrival minus the server's time of it, in
    /// milliseconds.
    offsets: VecDeque<f64>,
}

impl ServerClock {
    /// The page's time, in milliseconds, of an event that happened at the server's time `at_us` and arrived
    /// at `now_ms`.
    pub(crate) fn happened(&mut self, at_us: u64, now_ms: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "exact to a microsecond for 285 years")]
        let at_ms = at_us as f64 / 1000.0;
        self.offsets.push_back(now_ms - at_ms);
        if self.offsets.len() > WINDOW {
            self.offsets.pop_front();
        }
        at_ms + self.least_offset()
    }

    fn least_offset(&self) -> f64 {
        self.offsets.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The server's time now, in microseconds since it started; `None` before the first frame.
    pub(crate) fn server_us(&self, now_ms: f64) -> Option<u64> {
        let us = (now_ms - self.least_offset()) * 1000.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time since the server started"
        )]
        (us.is_finite() && us >= 0.0).then_some(us as u64)
    }

    /// Forgets everything: another server has another clock.
    pub(crate) fn reset(&mut self) {
        self.offsets.clear();
    }
}

/// The longest frame, in milliseconds. A longer one counts as this long: a page that was hidden does not
/// catch up.
const LONGEST_FRAME_MS: f64 = 100.0;

/// The time since the last frame, at most that of the longest one. Notes the time of this one.
pub(crate) fn since_last_frame(framed_ms: StoredValue<Option<f64>>) -> Duration {
    let now = now_ms();
    let before = framed_ms.get_value().unwrap_or(now);
    framed_ms.set_value(Some(now));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let us = ((now - before).clamp(0.0, LONGEST_FRAME_MS) * 1000.0) as u64;
    Duration::from_micros(us)
}

/// A time in whole microseconds.
pub(crate) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The page's clock, in milliseconds since the page was opened.
pub(crate) fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_came_late_happened_before() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.happened(1_000_000, 5_000.0), 5_000.0);
        // Sent a second later, arrived three seconds later.
        assert_eq!(clock.happened(2_000_000, 8_000.0), 6_000.0);
    }

    #[test]
    fn the_servers_time_is_known_from_the_first_event_on() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.server_us(7_000.0), None);
        clock.happened(1_000_000, 5_000.0);
        assert_eq!(clock.server_us(7_000.0), Some(3_000_000));
    }

    #[test]
    fn after_one_side_slept_the_estimate_recovers() {
        let mut clock = ServerClock::default();
        clock.happened(0, 0.0);
        let mut last = 0.0;
        for n in 1..=40 {
            last = 60_000.0 + f64::from(n)
                - clock.happened(u64::try_from(n).expect("positive") * 1000, 60_000.0 + f64::from(n));
        }
        assert_eq!(last, 0.0);
    }
}
