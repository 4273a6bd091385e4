//! The lateness of this process lately, which makes its failure detector patient on a busy machine.
//!
//! As in accrual detectors (Hayashibara and others, 2004), silence is judged by recent experience and not
//! by a constant. Unlike them, this one uses the worst lateness and not a distribution, because a stall
//! of the machine is no sample of any. It uses one measure for all links, because a stall hits all of
//! them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The time for which a lateness is remembered at least; at most twice as long.
pub(super) const REMEMBERED: Duration = Duration::from_secs(10);

/// The extra silence that the worst lateness allows, in times of itself.
pub(super) const EARNS: u32 = 3;

/// The most patience, in times of the configured value: a peer that hangs is found in the end.
pub(super) const AT_MOST: u32 = 4;

/// The worst lateness of the last while. Cheap to clone; all clones share their content.
#[derive(Debug, Clone, Default)]
pub(super) struct Lateness {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    since: Option<Instant>,
    now: Duration,
    before: Duration,
}

impl Lateness {
    /// Notes that an event was due after `due` and came after `took`.
    pub(super) fn saw(&self, at: Instant, took: Duration, due: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.turn(at);
        seen.now = seen.now.max(took.saturating_sub(due));
    }

    /// How long a link may be silent now, when `configured` is enough on a machine that is never late.
    pub(super) fn patience(&self, at: Instant, configured: Duration) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.turn(at);
        let worst = seen.now.max(seen.before);
        (configured + worst.saturating_mul(EARNS)).min(configured.saturating_mul(AT_MOST))
    }
}

impl Seen {
    fn turn(&mut self, at: Instant) {
        let since = *self.since.get_or_insert(at);
        let age = at.duration_since(since);
        if age >= REMEMBERED {
            self.before = if age < REMEMBERED * 2 { self.now } else { Duration::ZERO };
            self.now = Duration::ZERO;
            self.since = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURED: Duration = Duration::from_millis(150);
    const DUE: Duration = Duration::from_millis(50);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn on_a_machine_that_is_never_late_it_is_what_is_configured() {
        let (lateness, start) = (Lateness::default(), Instant::now());
        assert_eq!(lateness.patience(start, CONFIGURED), CONFIGURED);
        lateness.saw(start, ms(49), DUE);
        assert_eq!(lateness.patience(start, CONFIGURED), CONFIGURED);
    }

    #[test]
    fn lateness_on_one_link_makes_all_patient_for_a_while() {
        let (lateness, start) = (Lateness::default(), Instant::now());
        lateness.clone().saw(start, ms(90), DUE);
        assert_eq!(lateness.patience(start, CONFIGURED), ms(150 + 3 * 40));
        lateness.saw(start, ms(60), DUE);
        assert_eq!(lateness.patience(start + REMEMBERED, CONFIGURED), ms(150 + 3 * 40));
        assert_eq!(lateness.patience(start + REMEMBERED * 2, CONFIGURED), CONFIGURED);
    }

    #[test]
    fn patience_has_an_end() {
        let (lateness, start) = (Lateness::default(), Instant::now());
        lateness.saw(start, Duration::from_secs(60), DUE);
        assert_eq!(lateness.patience(start, CONFIGURED), CONFIGURED * 4);
    }

    #[test]
    fn what_was_long_ago_is_forgotten_though_nobody_asked_meanwhile() {
        let (lateness, start) = (Lateness::default(), Instant::now());
        lateness.saw(start, ms(90), DUE);
        assert_eq!(lateness.patience(start + REMEMBERED * 5, CONFIGURED), CONFIGURED);
    }
}
