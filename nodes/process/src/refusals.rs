//! Rate limit for reports of refused connections: a few at once, then one a second, which counts those
//! before it. So refused connections can't fill a queue, a log or a history.

use std::time::Duration;

/// The reports that may be made at once after a quiet time.
const AT_ONCE: u32 = 10;

/// The time after which another report may be made.
const EVERY: Duration = Duration::from_secs(1);

/// Refused connections that wait for a report. `T` describes one of them.
#[derive(Debug)]
pub struct Refusals<T> {
    left: u32,
    refilled: Duration,
    held: Option<(T, u64)>,
}

impl<T> Default for Refusals<T> {
    fn default() -> Self {
        Self { left: AT_ONCE, refilled: Duration::ZERO, held: None }
    }
}

impl<T> Refusals<T> {
    /// Notes that `count` connections were refused at `now`, a time of any clock that does not go back.
    /// Returns the report that is due, and how many refused connections it stands for.
    pub fn note(&mut self, now: Duration, refusal: T, count: u64) -> Option<(T, u64)> {
        let before = self.held.take().map_or(0, |(_, count)| count);
        self.held = Some((refusal, before.saturating_add(count)));
        self.due(now)
    }

    /// The report that was held back and is due now.
    pub fn due(&mut self, now: Duration) -> Option<(T, u64)> {
        let refill = u32::try_from(now.saturating_sub(self.refilled).as_nanos() / EVERY.as_nanos());
        let refill = refill.unwrap_or(u32::MAX);
        if refill > 0 {
            self.left = self.left.saturating_add(refill).min(AT_ONCE);
            self.refilled = if self.left == AT_ONCE { now } else { self.refilled + EVERY * refill };
        }
        if self.left == 0 {
            return None;
        }
        let due = self.held.take()?;
        self.left -= 1;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_reported_once_a_second_and_every_one_of_it_is_counted() {
        let mut refusals = Refusals::default();
        let (mut reports, mut counted) = (0_u64, 0);
        let mut report = |due: Option<(u64, u64)>| {
            reports += u64::from(due.is_some());
            counted += due.map_or(0, |(_, count)| count);
        };
        // 5,000 a second, for ten seconds.
        for n in 0..50_000_u64 {
            report(refusals.note(Duration::from_micros(200 * n), n, 1));
        }
        report(refusals.due(Duration::from_secs(11)));
        assert!(reports <= u64::from(AT_ONCE) + 11, "{reports}");
        assert_eq!(counted, 50_000);
        assert_eq!(refusals.due(Duration::from_secs(99)), None);
    }

    #[test]
    fn a_single_one_is_reported_at_once() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.note(Duration::from_secs(5), "a", 1), Some(("a", 1)));
        assert_eq!(refusals.note(Duration::from_secs(5), "b", 2), Some(("b", 2)));
    }
}
