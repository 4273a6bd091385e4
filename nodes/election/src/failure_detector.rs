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
//! by a constant. Unlike them, this one uses the worst lateness and not a distribution, because a stall
//! of the machine is no sample of any. All links of a process share one [`LocalHealth`], because a stall hits
//! all of them, and because a process that hears nobody at all suspects itself first (Dadgar, Phillips,
//! Currey: *Lifeguard*, 2018).

use std::collections::BTreeMap;
use std::time::Duration;

use ringleader_shared::NodeId;

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
    peer: NodeId,
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
    /// Begins to measure silence. The peer sends something every `heartbeat`; when it is silent for
    /// `hung_after`, it is hung, on a machine that is never late.
    #[must_use]
    pub const fn new(peer: NodeId, now: Time, heartbeat: Duration, hung_after: Duration) -> Self {
        Self {
            peer,
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
    pub fn heard(&mut self, now: Time, health: &mut LocalHealth) {
        health.lateness.observe(now, now.since(self.last_heard), self.heartbeat);
        health.heard.insert(self.peer, now);
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
    pub fn woke(&mut self, now: Time, health: &mut LocalHealth) {
        health.lateness.observe(now, now.since(self.last_woke), self.heartbeat);
        if self.is_starved(now) {
            self.hear(now);
        }
        self.last_woke = now;
        let slow = self.round_trip.map_or(Duration::ZERO, |it| it.answers_within() + self.heartbeat);
        self.patience = health.patience(now, self.hung_after.max(slow), self.heartbeat);
    }

    /// Judges the peer. If it may be only late, and not behind a link that failed, the caller notes the
    /// silence with [`LocalHealth::observe`], which makes all deadlines later.
    pub fn verdict(&mut self, now: Time, health: &LocalHealth) -> Verdict {
        if now < self.next_deadline() || self.is_starved(now) {
            return Verdict::Alive;
        }
        if now < self.hung_at() {
            self.doubted = true;
            return Verdict::Doubtful;
        }
        if health.is_deaf(now, self.heartbeat) && self.patience < self.hung_after.saturating_mul(AT_MOST) {
            // The next turn of the loop allows for that.
            return Verdict::Alive;
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

/// The health of a process as its links show it: all its failure detectors share one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LocalHealth {
    lateness: Lateness,
    /// The time at which each peer was heard last, on whichever link.
    heard: BTreeMap<NodeId, Time>,
}

impl LocalHealth {
    /// Notes that an event was due after `due` and came after `took`.
    pub fn observe(&mut self, now: Time, took: Duration, due: Duration) {
        self.lateness.observe(now, took, due);
    }

    /// Forgets a peer whose link has ended: its silence says nothing any more.
    pub fn forget(&mut self, peer: NodeId) {
        self.heard.remove(&peer);
    }

    /// The silence that is allowed on a link now, when `configured` is enough where nothing is late.
    fn patience(&mut self, now: Time, configured: Duration, heartbeat: Duration) -> Duration {
        if self.is_deaf(now, heartbeat) {
            return configured.saturating_mul(AT_MOST);
        }
        self.lateness.patience(now, configured)
    }

    /// Whether nobody is heard any more, of two peers or more that were heard all the time until then. It is
    /// more probable that this process is cut off, or that its network has become slow, than that all peers
    /// hang since the same moment.
    fn is_deaf(&self, now: Time, heartbeat: Duration) -> bool {
        let longest = heartbeat * 3 / 2;
        let Some(last) = self.heard.values().max() else { return false };
        let until_then = self.heard.values().filter(|heard| last.since(**heard) <= longest).count();
        until_then >= 2 && now.since(*last) > longest
    }
}

/// The worst lateness of a process lately, which makes its failure detectors patient on a busy machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Lateness {
    since: Option<Time>,
    present: Duration,
    former: Duration,
}

impl Lateness {
    fn observe(&mut self, now: Time, took: Duration, due: Duration) {
        self.turn(now);
        self.present = self.present.max(took.saturating_sub(due));
    }

    /// The silence that is allowed on a link now, when `configured` is enough on a machine that is never
    /// late.
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

    fn peer(number: u128) -> NodeId {
        NodeId(uuid::Uuid::from_u128(number))
    }

    fn detector() -> (FailureDetector, LocalHealth) {
        (FailureDetector::new(peer(1), at(ms(0)), HEARTBEAT, HUNG_AFTER), LocalHealth::default())
    }

    #[test]
    fn on_a_machine_that_is_never_late_patience_is_what_is_configured() {
        let (mut detector, mut health) = detector();
        detector.heard(at(ms(49)), &mut health);
        detector.woke(at(ms(50)), &mut health);
        assert_eq!(detector.hung_at(), at(ms(49) + HUNG_AFTER));
    }

    #[test]
    fn a_peer_is_hung_when_it_was_silent_for_so_long_and_not_before() {
        let (mut detector, mut health) = detector();
        detector.heard(at(ms(10)), &mut health);
        for turn in [50, 100, 150] {
            detector.woke(at(ms(turn)), &mut health);
        }
        assert_eq!(detector.verdict(at(ms(159)), &health), Verdict::Doubtful);
        assert_eq!(detector.verdict(at(ms(160)), &health), Verdict::Hung { silent_for: HUNG_AFTER });
    }

    #[test]
    fn a_process_that_was_starved_measures_the_silence_anew() {
        let (mut detector, mut health) = detector();
        // Longer than any patience.
        let late = detector.starved_after() + HUNG_AFTER * AT_MOST;
        assert_eq!(detector.verdict(at(late), &health), Verdict::Alive);
        detector.woke(at(late), &mut health);
        assert!(detector.hung_at() >= at(late + HUNG_AFTER));
    }

    #[test]
    fn a_silence_that_is_noted_as_lateness_gives_more_time_afterwards() {
        let (mut detector, mut health) = detector();
        for turn in [50, 100] {
            detector.woke(at(ms(turn)), &mut health);
        }
        assert_eq!(detector.verdict(at(ms(150)), &health), Verdict::Hung { silent_for: HUNG_AFTER });
        detector.woke(at(ms(150)), &mut health);
        assert_eq!(detector.hung_at(), at(HUNG_AFTER), "the link may have failed");
        health.observe(at(ms(150)), HUNG_AFTER, HEARTBEAT);
        detector.woke(at(ms(150)), &mut health);
        assert_eq!(detector.hung_at(), at(ms(150 + 3 * 100)));
    }

    #[test]
    fn a_silence_is_doubtful_once_before_the_peer_is_hung() {
        let (mut detector, mut health) = detector();
        assert_eq!(detector.next_deadline(), at(ms(100)));
        for turn in [50, 100] {
            detector.woke(at(ms(turn)), &mut health);
        }
        assert_eq!(detector.verdict(at(ms(100)), &health), Verdict::Doubtful);
        assert_eq!(detector.next_deadline(), at(HUNG_AFTER));
        assert_eq!(detector.verdict(at(ms(120)), &health), Verdict::Alive);
        detector.heard(at(ms(120)), &mut health);
        detector.woke(at(ms(121)), &mut health);
        assert!(detector.next_deadline() < at(ms(120) + HUNG_AFTER * 3), "the next silence is doubted anew");
        assert!(detector.next_deadline() < detector.hung_at());
    }

    #[test]
    fn on_a_slow_link_a_peer_may_be_silent_for_as_long_as_an_answer_takes() {
        let (mut detector, mut health) = detector();
        for turn in 1..=20 {
            detector.heard(at(ms(turn * 50)), &mut health);
            detector.measured(ms(400));
            detector.woke(at(ms(turn * 50)), &mut health);
        }
        let patience = detector.hung_at().since(at(ms(1000)));
        assert!((ms(450)..ms(500)).contains(&patience), "{patience:?}");
        assert_eq!(detector.round_trip().map(RoundTrip::smoothed), Some(ms(400)));
    }

    #[test]
    fn a_turn_that_comes_late_makes_patient() {
        let (mut detector, mut health) = detector();
        detector.woke(at(ms(80)), &mut health);
        assert_eq!(detector.hung_at(), at(ms(150 + 3 * 30)));
    }

    #[test]
    fn new_durations_count_from_the_next_turn_on() {
        let (mut detector, mut health) = detector();
        detector.configure(ms(500), ms(2_000));
        assert_eq!(detector.hung_at(), at(HUNG_AFTER));
        detector.woke(at(ms(400)), &mut health);
        assert_eq!(detector.hung_at(), at(ms(2_000)));
    }

    #[test]
    fn lateness_on_one_link_makes_all_patient_for_a_while() {
        let (mut late, mut health) = detector();
        late.heard(at(ms(90)), &mut health);
        let mut patience = |now| {
            let mut other = FailureDetector::new(peer(2), now, HEARTBEAT, HUNG_AFTER);
            other.woke(now, &mut health);
            other.hung_at().since(now)
        };
        assert_eq!(patience(at(ms(90))), ms(150 + 3 * 40));
        assert_eq!(patience(at(REMEMBERED)), ms(150 + 3 * 40));
        assert_eq!(patience(at(ms(90) + REMEMBERED * 2)), HUNG_AFTER);
    }

    #[test]
    fn patience_has_an_end() {
        let mut health = LocalHealth::default();
        health.observe(at(ms(0)), Duration::from_secs(60), HEARTBEAT);
        assert_eq!(health.patience(at(ms(0)), HUNG_AFTER, HEARTBEAT), HUNG_AFTER * AT_MOST);
    }

    #[test]
    fn lateness_of_long_ago_is_forgotten_though_nothing_happened_meanwhile() {
        let mut health = LocalHealth::default();
        health.observe(at(ms(0)), ms(90), HEARTBEAT);
        assert_eq!(health.patience(at(REMEMBERED * 5), HUNG_AFTER, HEARTBEAT), HUNG_AFTER);
    }

    /// Two peers that were heard every heartbeat until 100 ms, and 20 ms later.
    fn two_peers() -> ([FailureDetector; 2], LocalHealth) {
        let mut health = LocalHealth::default();
        let mut both = [(1, 0), (2, 20)]
            .map(|(number, since)| FailureDetector::new(peer(number), at(ms(since)), HEARTBEAT, HUNG_AFTER));
        for turn in [50, 100] {
            for (detector, later) in both.iter_mut().zip([0, 20]) {
                detector.heard(at(ms(turn + later)), &mut health);
                detector.woke(at(ms(turn + later)), &mut health);
            }
        }
        (both, health)
    }

    #[test]
    fn a_process_that_hears_nobody_any_more_suspects_itself_first() {
        let ([mut first, mut second], mut health) = two_peers();
        for turn in [150, 200, 250] {
            for detector in [&mut first, &mut second] {
                detector.woke(at(ms(turn)), &mut health);
                let verdict = detector.verdict(at(ms(turn)), &health);
                assert!(!matches!(verdict, Verdict::Hung { .. }), "at {turn} ms");
            }
        }
        assert_eq!(first.hung_at(), at(ms(100) + HUNG_AFTER * AT_MOST));
        // The second answers, 90 ms late: the network had become slow. The first is only given time for that.
        second.heard(at(ms(260)), &mut health);
        first.woke(at(ms(260)), &mut health);
        assert_eq!(first.hung_at(), at(ms(100) + HUNG_AFTER + EARNS * ms(90)));
    }

    #[test]
    fn peers_that_all_hang_are_hung_in_the_end() {
        let ([mut first, _], mut health) = two_peers();
        for turn in (150..700).step_by(50) {
            first.woke(at(ms(turn)), &mut health);
        }
        assert_eq!(first.verdict(at(ms(700)), &health), Verdict::Hung { silent_for: HUNG_AFTER * AT_MOST });
    }

    #[test]
    fn one_peer_that_is_silent_is_hung_as_soon_as_ever_where_the_other_has_gone() {
        let ([mut first, _], mut health) = two_peers();
        health.forget(peer(2));
        for turn in [150, 200, 250] {
            first.woke(at(ms(turn)), &mut health);
        }
        assert_eq!(first.verdict(at(ms(250)), &health), Verdict::Hung { silent_for: HUNG_AFTER });
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
            let (mut detector, mut health) = detector();
            let (mut now, mut heard, mut woke) = (at(ms(0)), at(ms(0)), at(ms(0)));
            for (after, happens) in history {
                now = at(now.0 + after);
                match happens {
                    Happens::Heard => {
                        detector.heard(now, &mut health);
                        heard = now;
                    }
                    Happens::Woke => {
                        detector.woke(now, &mut health);
                        woke = now;
                    }
                    Happens::Judged => {
                        if let Verdict::Hung { silent_for } = detector.verdict(now, &health) {
                            prop_assert!(silent_for >= HUNG_AFTER && silent_for <= now.since(heard));
                            prop_assert!(now.since(woke) <= detector.starved_after());
                        }
                    }
                }
            }
        }

        #[test]
        fn a_peer_that_stays_silent_is_hung_in_the_end_whatever_was_before(history in history()) {
            let (mut detector, mut health) = detector();
            let mut now = at(ms(0));
            for (after, happens) in history {
                now = at(now.0 + after);
                match happens {
                    Happens::Heard => detector.heard(now, &mut health),
                    Happens::Woke => detector.woke(now, &mut health),
                    Happens::Judged => drop(detector.verdict(now, &health)),
                }
            }
            let silent_since = now;
            detector.woke(now, &mut health);
            while now < detector.hung_at() {
                now = detector.hung_at().min(at(now.0 + HEARTBEAT));
                if now < detector.hung_at() {
                    detector.woke(now, &mut health);
                }
            }
            let is_hung = matches!(detector.verdict(now, &health), Verdict::Hung { .. });
            prop_assert!(is_hung);
            prop_assert!(now.since(silent_since) <= HUNG_AFTER * AT_MOST);
        }

        #[test]
        fn a_peer_that_sends_all_the_time_is_never_hung_however_this_process_stalls(
            stalls in prop::collection::vec(0_u64..1_000, 0..60),
        ) {
            let (mut detector, mut health) = detector();
            let mut now = at(ms(0));
            for stall in stalls {
                now = at(now.0 + ms(stall));
                // The deadline may be seen before the frame that waits.
                let before = detector.verdict(now, &health);
                detector.woke(now, &mut health);
                let is_hung = [before, detector.verdict(now, &health)].iter().any(|it| matches!(it, Verdict::Hung { .. }));
                prop_assert!(!is_hung);
                detector.heard(now, &mut health);
            }
        }
    }
}
