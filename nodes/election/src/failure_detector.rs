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

/// The time after which a peer is doubted that may be silent for so long: two thirds. The rest is the time in
/// which others can be asked about it.
#[must_use]
pub fn doubtful_after(silence: Duration) -> Duration {
    silence / 3 * 2
}

/// The verdict on the peer of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It was heard recently, or this process may have slept through a frame of it.
    Alive,
    /// It was silent for so long that it may be hung ([`doubtful_after`]). Said once for each silence.
    Doubtful,
    /// It was silent for too long.
    Hung {
        /// The time since it was heard.
        silent_for: Duration,
    },
}

/// The round-trip time of a link as it has been measured lately: smoothed, with its deviation, as TCP
/// measures it (Jacobson, 1988; RFC 6298).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoundTrip {
    smoothed: Duration,
    deviation: Duration,
}

impl RoundTrip {
    /// The first measurement.
    #[must_use]
    pub fn first(took: Duration) -> Self {
        Self { smoothed: took, deviation: took / 2 }
    }

    /// Takes another measurement in.
    #[must_use]
    pub fn and(self, took: Duration) -> Self {
        let Self { smoothed, deviation } = self;
        Self { smoothed: (smoothed * 7 + took) / 8, deviation: (deviation * 3 + smoothed.abs_diff(took)) / 4 }
    }

    /// The smoothed round-trip time.
    #[must_use]
    pub const fn smoothed(self) -> Duration {
        self.smoothed
    }

    /// The time within which an answer comes, but for rare exceptions.
    #[must_use]
    pub fn answers_within(self) -> Duration {
        self.smoothed + self.deviation * 4
    }
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
    /// Whether the present silence has been reported as doubtful.
    doubted: bool,
    round_trip: Option<RoundTrip>,
}

impl FailureDetector {
    /// Begins to measure silence. A peer sends something every `heartbeat`; one that is silent for
    /// `hung_after` is hung, on a machine that is never late.
    #[must_use]
    pub const fn new(now: Time, heartbeat: Duration, hung_after: Duration) -> Self {
        Self {
            heartbeat,
            hung_after,
            last_heard: now,
            last_woke: now,
            patience: hung_after,
            doubted: false,
            round_trip: None,
        }
    }

    /// Changes the durations, from the next turn of the caller's loop on.
    pub const fn configure(&mut self, heartbeat: Duration, hung_after: Duration) {
        (self.heartbeat, self.hung_after) = (heartbeat, hung_after);
    }

    /// Notes a frame of the peer.
    pub fn heard(&mut self, now: Time, lateness: &mut Lateness) {
        lateness.observe(now, now.since(self.last_heard), self.heartbeat);
        self.hear(now);
    }

    const fn hear(&mut self, now: Time) {
        (self.last_heard, self.doubted) = (now, false);
    }

    /// Notes that the answer to a ping took so long. On a slow link the peer may be silent for longer: for as
    /// long as an answer takes there, and a heartbeat.
    pub fn measured(&mut self, took: Duration) {
        self.round_trip = Some(self.round_trip.map_or_else(|| RoundTrip::first(took), |it| it.and(took)));
    }

    /// The round-trip time of the link, once it has been measured.
    #[must_use]
    pub const fn round_trip(&self) -> Option<RoundTrip> {
        self.round_trip
    }

    /// Notes a turn of the caller's loop. Suspects this process first: after a gap longer than
    /// [`FailureDetector::starved_after`] the silence that was measured is void.
    pub fn woke(&mut self, now: Time, lateness: &mut Lateness) {
        lateness.observe(now, now.since(self.last_woke), self.heartbeat);
        if self.is_starved(now) {
            self.hear(now);
        }
        self.last_woke = now;
        let slow = self.round_trip.map_or(Duration::ZERO, |it| it.answers_within() + self.heartbeat);
        self.patience = lateness.patience(now, self.hung_after.max(slow));
    }

    /// Judges the peer. If it may be only late, and not behind a link that failed, the caller notes the
    /// silence with [`Lateness::observe`], which makes all deadlines later.
    pub fn verdict(&mut self, now: Time) -> Verdict {
        if now < self.next_deadline() || self.is_starved(now) {
            return Verdict::Alive;
        }
        if now < self.hung_at() {
            self.doubted = true;
            return Verdict::Doubtful;
        }
        Verdict::Hung { silent_for: now.since(self.last_heard) }
    }

    /// The time at which the verdict on a peer that stays silent is another: first it is doubtful, then hung.
    #[must_use]
    pub fn next_deadline(&self) -> Time {
        let doubtful_at = Time(self.last_heard.0.saturating_add(doubtful_after(self.patience)));
        if self.doubted { self.hung_at() } else { doubtful_at }
    }

    /// The time at which a peer that stays silent is hung.
    #[must_use]
    pub fn hung_at(&self) -> Time {
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
    pub fn observe(&mut self, now: Time, took: Duration, due: Duration) {
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
        assert_eq!(detector.hung_at(), at(ms(49) + HUNG_AFTER));
    }

    #[test]
    fn a_peer_is_hung_when_it_was_silent_for_so_long_and_not_before() {
        let (mut detector, mut lateness) = detector();
        detector.heard(at(ms(10)), &mut lateness);
        for turn in [50, 100, 150] {
            detector.woke(at(ms(turn)), &mut lateness);
        }
        assert_eq!(detector.verdict(at(ms(159))), Verdict::Doubtful);
        assert_eq!(detector.verdict(at(ms(160))), Verdict::Hung { silent_for: HUNG_AFTER });
    }

    #[test]
    fn a_process_that_was_starved_measures_the_silence_anew() {
        let (mut detector, mut lateness) = detector();
        // Longer than any patience.
        let late = detector.starved_after() + HUNG_AFTER * AT_MOST;
        assert_eq!(detector.verdict(at(late)), Verdict::Alive);
        detector.woke(at(late), &mut lateness);
        assert!(detector.hung_at() >= at(late + HUNG_AFTER));
    }

    #[test]
    fn a_silence_that_is_noted_as_lateness_gives_more_time_afterwards() {
        let (mut detector, mut lateness) = detector();
        for turn in [50, 100] {
            detector.woke(at(ms(turn)), &mut lateness);
        }
        assert_eq!(detector.verdict(at(ms(150))), Verdict::Hung { silent_for: HUNG_AFTER });
        detector.woke(at(ms(150)), &mut lateness);
        assert_eq!(detector.hung_at(), at(HUNG_AFTER), "the link may have failed");
        lateness.observe(at(ms(150)), HUNG_AFTER, HEARTBEAT);
        detector.woke(at(ms(150)), &mut lateness);
        assert_eq!(detector.hung_at(), at(ms(150 + 3 * 100)));
    }

    #[test]
    fn a_silence_is_doubtful_once_before_the_peer_is_hung() {
        let (mut detector, mut lateness) = detector();
        assert_eq!(detector.next_deadline(), at(ms(100)));
        for turn in [50, 100] {
            detector.woke(at(ms(turn)), &mut lateness);
        }
        assert_eq!(detector.verdict(at(ms(100))), Verdict::Doubtful);
        assert_eq!(detector.next_deadline(), at(HUNG_AFTER));
        assert_eq!(detector.verdict(at(ms(120))), Verdict::Alive);
        detector.heard(at(ms(120)), &mut lateness);
        detector.woke(at(ms(121)), &mut lateness);
        assert!(detector.next_deadline() < at(ms(120) + HUNG_AFTER * 3), "the next silence is doubted anew");
        assert!(detector.next_deadline() < detector.hung_at());
    }

    #[test]
    fn on_a_slow_link_a_peer_may_be_silent_for_as_long_as_an_answer_takes() {
        let (mut detector, mut lateness) = detector();
        for turn in 1..=20 {
            detector.heard(at(ms(turn * 50)), &mut lateness);
            detector.measured(ms(400));
            detector.woke(at(ms(turn * 50)), &mut lateness);
        }
        let patience = detector.hung_at().since(at(ms(1000)));
        assert!((ms(450)..ms(500)).contains(&patience), "{patience:?}");
        assert_eq!(detector.round_trip().map(RoundTrip::smoothed), Some(ms(400)));
    }

    #[test]
    fn a_turn_that_comes_late_makes_patient() {
        let (mut detector, mut lateness) = detector();
        detector.woke(at(ms(80)), &mut lateness);
        assert_eq!(detector.hung_at(), at(ms(150 + 3 * 30)));
    }

    #[test]
    fn new_durations_count_from_the_next_turn_on() {
        let (mut detector, mut lateness) = detector();
        detector.configure(ms(500), ms(2_000));
        assert_eq!(detector.hung_at(), at(HUNG_AFTER));
        detector.woke(at(ms(400)), &mut lateness);
        assert_eq!(detector.hung_at(), at(ms(2_000)));
    }

    #[test]
    fn lateness_on_one_link_makes_all_patient_for_a_while() {
        let (mut late, mut lateness) = detector();
        late.heard(at(ms(90)), &mut lateness);
        let mut patience = |now| {
            let mut other = FailureDetector::new(now, HEARTBEAT, HUNG_AFTER);
            other.woke(now, &mut lateness);
            other.hung_at().since(now)
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
                        if let Verdict::Hung { silent_for } = detector.verdict(now) {
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
                    Happens::Judged => drop(detector.verdict(now)),
                }
            }
            let silent_since = now;
            detector.woke(now, &mut lateness);
            while now < detector.hung_at() {
                now = detector.hung_at().min(at(now.0 + HEARTBEAT));
                if now < detector.hung_at() {
                    detector.woke(now, &mut lateness);
                }
            }
            let is_hung = matches!(detector.verdict(now), Verdict::Hung { .. });
            prop_assert!(is_hung);
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
                let before = detector.verdict(now);
                detector.woke(now, &mut lateness);
                let is_hung = [before, detector.verdict(now)].iter().any(|it| matches!(it, Verdict::Hung { .. }));
                prop_assert!(!is_hung);
                detector.heard(now, &mut lateness);
            }
        }
    }
}
