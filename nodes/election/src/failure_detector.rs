//! Failure detection by silence: the peer of a link counts as hung when nothing was heard of it for too long.
//!
//! Pure, as the core: the caller owns the clock and passes the time. It drives a [`FailureDetector`] per link
//! so:
//! 1. its loop wakes at least once per heartbeat, and reports each turn with [`FailureDetector::woke`];
//! 2. it reports every frame of the peer with [`FailureDetector::heard`];
//! 3. it waits until [`FailureDetector::next_deadline`] at most, and then asks for the
//!    [`FailureDetector::verdict`].
//!
//! As in accrual detectors (Hayashibara and others, 2004), silence is judged by recent experience and not
//! by a constant. Unlike them, this one uses the worst [`Lateness`] and not a distribution, because a stall
//! of the machine is no sample of any. All links of a process share one, because a stall hits all of them.

use std::time::Duration;

use crate::Time;

/// The time for which a lateness is remembered at least; at most twice as long.
pub const REMEMBERED: Duration = Duration::from_secs(10);

/// The extra silence that the worst lateness allows, in times of itself.
const EARNS: u32 = 3;

/// The most patience, in times of the configured value: a peer that hangs is found in the end.
pub const AT_MOST: u32 = 4;

/// The verdict on the peer of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It was heard recently, or this process may have slept through a frame of it.
    Alive,
    /// It was silent for too long.
    Hung {
        /// The time since it was heard.
        silent_for: Duration,
    },
}

/// The failure detector of one link.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FailureDetector {
    heartbeat: Duration,
    hung_after: Duration,
    last_heard: Time,
    last_woke: Time,
    /// The silence that is allowed until the next turn of the caller's loop.
    patience: Duration,
}

impl FailureDetector {
    /// Begins to measure silence. A peer sends something every `heartbeat`; one that is silent for
    /// `hung_after` is hung, on a machine that is never late.
    #[must_use]
    pub const fn new(now: Time, heartbeat: Duration, hung_after: Duration) -> Self {
        Self { heartbeat, hung_after, last_heard: now, last_woke: now, patience: hung_after }
    }

    /// Changes the durations, from the next turn of the caller's loop on.
    pub const fn configure(&mut self, heartbeat: Duration, hung_after: Duration) {
        (self.heartbeat, self.hung_after) = (heartbeat, hung_after);
    }

    /// Notes a frame of the peer.
    pub fn heard(&mut self, now: Time, lateness: &mut Lateness) {
        lateness.observe(now, now.since(self.last_heard), self.heartbeat);
        self.last_heard = now;
    }

    /// Notes a turn of the caller's loop. Suspects this process first: after a gap longer than
    /// [`FailureDetector::starved_after`] the silence that was measured is void.
    pub fn woke(&mut self, now: Time, lateness: &mut Lateness) {
        lateness.observe(now, now.since(self.last_woke), self.heartbeat);
        if self.is_starved(now) {
            self.last_heard = now;
        }
        self.last_woke = now;
        self.patience = lateness.patience(now, self.hung_after);
    }

    /// Judges the peer. One that was only late makes the next deadline later.
    pub fn verdict(&self, now: Time, lateness: &mut Lateness) -> Verdict {
        if now < self.next_deadline() || self.is_starved(now) {
            return Verdict::Alive;
        }
        let silent_for = now.since(self.last_heard);
        lateness.observe(now, silent_for, self.heartbeat);
        Verdict::Hung { silent_for }
    }

    /// The time at which a peer that stays silent is hung.
    #[must_use]
    pub fn next_deadline(&self) -> Time {
        Time(self.last_heard.0.saturating_add(self.patience))
    }

    /// The longest time between two turns of the caller's loop. After a longer one this process was stopped
    /// or starved.
    #[must_use]
    pub fn starved_after(&self) -> Duration {
        self.heartbeat.saturating_add(self.hung_after / 3)
    }

    fn is_starved(&self, now: Time) -> bool {
        now.since(self.last_woke) > self.starved_after()
    }
}

/// The worst lateness of a process lately, which makes its failure detectors patient on a busy machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Lateness {
    since: Option<Time>,
    present: Duration,
    former: Duration,
}

impl Lateness {
    /// Notes that an event was due after `due` and came after `took`.
    fn observe(&mut self, now: Time, took: Duration, due: Duration) {
        self.turn(now);
        self.present = self.present.max(took.saturating_sub(due));
    }

    /// How long a link may be silent now, when `configured` is enough on a machine that is never late.
    fn patience(&mut self, now: Time, configured: Duration) -> Duration {
        self.turn(now);
        let worst = self.present.max(self.former);
        configured.saturating_add(worst.saturating_mul(EARNS)).min(configured.saturating_mul(AT_MOST))
    }

    fn turn(&mut self, now: Time) {
        let age = now.since(*self.since.get_or_insert(now));
        if age >= REMEMBERED {
            self.former = if age < REMEMBERED * 2 { self.present } else { Duration::ZERO };
            self.present = Duration::ZERO;
            self.since = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEARTBEAT: Duration = ms(50);
    const HUNG_AFTER: Duration = ms(150);

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    const fn at(after: Duration) -> Time {
        Time(after)
    }

    fn detector() -> (FailureDetector, Lateness) {
        (FailureDetector::new(at(ms(0)), HEARTBEAT, HUNG_AFTER), Lateness::default())
    }

    #[test]
    fn on_a_machine_that_is_never_late_patience_is_what_is_configured() {
        let (mut detector, mut lateness) = detector();
        detector.heard(at(ms(49)), &mut lateness);
        detector.woke(at(ms(50)), &mut lateness);
        assert_eq!(detector.next_deadline(), at(ms(49) + HUNG_AFTER));
    }

    #[test]
    fn a_peer_is_hung_when_it_was_silent_for_so_long_and_not_before() {
        let (mut detector, mut lateness) = detector();
        detector.heard(at(ms(10)), &mut lateness);
        for turn in [50, 100, 150] {
            detector.woke(at(ms(turn)), &mut lateness);
        }
        assert_eq!(detector.verdict(at(ms(159)), &mut lateness), Verdict::Alive);
        assert_eq!(detector.verdict(at(ms(160)), &mut lateness), Verdict::Hung { silent_for: HUNG_AFTER });
    }

    #[test]
    fn a_process_that_was_starved_measures_the_silence_anew() {
        let (mut detector, mut lateness) = detector();
        // Longer than any patience.
        let late = detector.starved_after() + HUNG_AFTER * AT_MOST;
        assert_eq!(detector.verdict(at(late), &mut lateness), Verdict::Alive);
        detector.woke(at(late), &mut lateness);
        assert!(detector.next_deadline() >= at(late + HUNG_AFTER));
    }

    #[test]
    fn a_peer_that_was_only_late_has_more_time_afterwards() {
        let (mut detector, mut lateness) = detector();
        for turn in [50, 100] {
            detector.woke(at(ms(turn)), &mut lateness);
        }
        assert_eq!(detector.verdict(at(ms(150)), &mut lateness), Verdict::Hung { silent_for: HUNG_AFTER });
        detector.woke(at(ms(150)), &mut lateness);
        assert_eq!(detector.next_deadline(), at(ms(150 + 3 * 100)));
    }

    #[test]
    fn a_turn_that_comes_late_makes_patient() {
        let (mut detector, mut lateness) = detector();
        detector.woke(at(ms(80)), &mut lateness);
        assert_eq!(detector.next_deadline(), at(ms(150 + 3 * 30)));
    }

    #[test]
    fn new_durations_count_from_the_next_turn_on() {
        let (mut detector, mut lateness) = detector();
        detector.configure(ms(500), ms(2_000));
        assert_eq!(detector.next_deadline(), at(HUNG_AFTER));
        detector.woke(at(ms(400)), &mut lateness);
        assert_eq!(detector.next_deadline(), at(ms(2_000)));
    }

    #[test]
    fn lateness_on_one_link_makes_all_patient_for_a_while() {
        let (mut late, mut lateness) = detector();
        late.heard(at(ms(90)), &mut lateness);
        let mut patience = |now| {
            let mut other = FailureDetector::new(now, HEARTBEAT, HUNG_AFTER);
            other.woke(now, &mut lateness);
            other.next_deadline().since(now)
        };
        assert_eq!(patience(at(ms(90))), ms(150 + 3 * 40));
        assert_eq!(patience(at(REMEMBERED)), ms(150 + 3 * 40));
        assert_eq!(patience(at(ms(90) + REMEMBERED * 2)), HUNG_AFTER);
    }

    #[test]
    fn patience_has_an_end() {
        let mut lateness = Lateness::default();
        lateness.observe(at(ms(0)), Duration::from_secs(60), HEARTBEAT);
        assert_eq!(lateness.patience(at(ms(0)), HUNG_AFTER), HUNG_AFTER * AT_MOST);
    }

    #[test]
    fn lateness_of_long_ago_is_forgotten_though_nothing_happened_meanwhile() {
        let mut lateness = Lateness::default();
        lateness.observe(at(ms(0)), ms(90), HEARTBEAT);
        assert_eq!(lateness.patience(at(REMEMBERED * 5), HUNG_AFTER), HUNG_AFTER);
    }

    /// Something that happens on a link, and how long after the thing before.
    #[derive(Debug, Clone, Copy)]
    enum Happens {
        Heard,
        Woke,
        Judged,
    }

    fn history() -> impl Strategy<Value = Vec<(Duration, Happens)>> {
        let happens = prop::sample::select(vec![Happens::Heard, Happens::Woke, Happens::Judged]);
        prop::collection::vec(((0_u64..250).prop_map(ms), happens), 0..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_peer_is_hung_only_after_a_silence_that_this_process_was_awake_for(history in history()) {
            let (mut detector, mut lateness) = detector();
            let (mut now, mut heard, mut woke) = (at(ms(0)), at(ms(0)), at(ms(0)));
            for (after, happens) in history {
                now = at(now.0 + after);
                match happens {
                    Happens::Heard => {
                        detector.heard(now, &mut lateness);
                        heard = now;
                    }
                    Happens::Woke => {
                        detector.woke(now, &mut lateness);
                        woke = now;
                    }
                    Happens::Judged => {
                        if let Verdict::Hung { silent_for } = detector.verdict(now, &mut lateness) {
                            prop_assert!(silent_for >= HUNG_AFTER && silent_for <= now.since(heard));
                            prop_assert!(now.since(woke) <= detector.starved_after());
                        }
                    }
                }
            }
        }

        #[test]
        fn a_peer_that_stays_silent_is_hung_in_the_end_whatever_was_before(history in history()) {
            let (mut detector, mut lateness) = detector();
            let mut now = at(ms(0));
            for (after, happens) in history {
                now = at(now.0 + after);
                match happens {
                    Happens::Heard => detector.heard(now, &mut lateness),
                    Happens::Woke => detector.woke(now, &mut lateness),
                    Happens::Judged => drop(detector.verdict(now, &mut lateness)),
                }
            }
            let silent_since = now;
            detector.woke(now, &mut lateness);
            while now < detector.next_deadline() {
                now = detector.next_deadline().min(at(now.0 + HEARTBEAT));
                if now < detector.next_deadline() {
                    detector.woke(now, &mut lateness);
                }
            }
            prop_assert!(detector.verdict(now, &mut lateness) != Verdict::Alive);
            prop_assert!(now.since(silent_since) <= HUNG_AFTER * AT_MOST);
        }

        #[test]
        fn a_peer_that_sends_all_the_time_is_never_hung_however_this_process_stalls(
            stalls in prop::collection::vec(0_u64..1_000, 0..60),
        ) {
            let (mut detector, mut lateness) = detector();
            let mut now = at(ms(0));
            for stall in stalls {
                now = at(now.0 + ms(stall));
                // The deadline may be seen before the frame that waits.
                prop_assert_eq!(detector.verdict(now, &mut lateness), Verdict::Alive);
                detector.woke(now, &mut lateness);
                prop_assert_eq!(detector.verdict(now, &mut lateness), Verdict::Alive);
                detector.heard(now, &mut lateness);
            }
        }
    }
}
