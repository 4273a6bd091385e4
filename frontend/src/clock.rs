//! How old an event is: the server's clock told by the page's.

use std::collections::VecDeque;

/// How many events the estimate looks back. Enough that one quick event is among them, few enough that a computer that
/// slept is right again soon.
const WINDOW: usize = 32;

/// Estimates where the server's clock stands from the events that came quickest.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    /// For each of the last events: the page's time at arrival minus the server's time of it, in milliseconds.
    offsets: VecDeque<f64>,
}

impl ServerClock {
    /// An event of `at_us` arrives `now_ms` by the page's clock: when did it happen by the page's clock?
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

    /// Another server, another clock.
    pub(crate) fn reset(&mut self) {
        self.offsets.clear();
    }
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
    fn after_a_sleep_of_one_side_the_estimate_heals() {
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
