//! Succession switched off: nobody is deputy, and the loss of the leader is answered by an election.

use ringleader_election::Timer;
use ringleader_election::classic::properties;
use ringleader_shared::link::LinkKind;
use ringleader_shared::message::Classic;
use ringleader_shared::{AlgorithmName, RingMessage, RingSettings, Safety, Succession};

use crate::quiet_ring::QuietRing;

fn settings(algorithm: AlgorithmName, safety: Safety) -> RingSettings {
    RingSettings { algorithm, safety, succession: Succession::Election, ..RingSettings::default() }
}

fn without_deputy(algorithm: AlgorithmName, attributes: &[u64]) -> QuietRing {
    QuietRing::new(attributes, settings(algorithm, Safety::Available))
}

fn searches(ring: &QuietRing) -> usize {
    ring.sent.iter().filter(|sent| matches!(sent.message, RingMessage::DeputySearch(_))).count()
}

#[test]
fn a_quiet_election_costs_what_it_costs_with_a_deputy_and_names_none() {
    let mut ring = without_deputy(AlgorithmName::MaxRing, &[90, 100, 110, 120]);
    ring.initiate("A").settle();
    ring.assert_led_by("D", None);
    assert_eq!((ring.messages(), searches(&ring)), (11, 0));
    assert!(!ring.has_link("C", "D", LinkKind::Heartbeat));
    assert!(!ring.runs("D", Timer::Deputy) && !ring.runs("D", Timer::Lap));
}

#[test]
fn a_classic_election_is_followed_by_one_lap_instead_of_two() {
    for algorithm in AlgorithmName::ALL.into_iter().filter(|name| *name != AlgorithmName::MaxRing) {
        let mut ring = without_deputy(algorithm, &[90, 140, 110, 120, 100]);
        ring.initiate("A").settle();
        let leader = ring.leaders().first().cloned().unwrap_or_default();
        ring.assert_led_by(&leader, None);
        let announcing =
            ring.sent.iter().filter(|sent| matches!(sent.message, RingMessage::Elected(_))).count();
        assert_eq!((announcing, searches(&ring)), (5, 0), "{algorithm}");
    }
}

#[test]
fn the_death_of_the_leader_is_answered_by_the_rings_algorithm_without_waiting() {
    for algorithm in AlgorithmName::ALL {
        for attributes in [[90, 140, 110, 120, 100], [140, 90, 100, 110, 120], [120, 110, 100, 90, 140]] {
            let mut ring = without_deputy(algorithm, &attributes);
            ring.initiate("A").settle();
            let first = ring.leaders().first().cloned().expect("a leader");
            ring.forget().kill(&first).settle();
            let second = ring.leaders().first().cloned().unwrap_or_default();
            ring.assert_led_by(&second, None);
            assert_eq!(searches(&ring), 0);
            let of_it = |message: &RingMessage| match message {
                RingMessage::Classic(Classic { algorithm: of, .. }) => *of == algorithm,
                RingMessage::Election(_) => algorithm == AlgorithmName::MaxRing,
                _ => false,
            };
            assert!(ring.sent.iter().any(|sent| of_it(&sent.message)), "{algorithm}: {:?}", ring.described());
            if properties(algorithm).best_wins() {
                let best =
                    (0..5).filter(|place| attributes[*place] != 140).max_by_key(|place| attributes[*place]);
                assert_eq!(second, ["A", "B", "C", "D", "E"][best.expect("four are left")], "{algorithm}");
            }
            assert_eq!(ring.term(&second), 2, "{algorithm} {attributes:?}: {:?}", ring.described());
        }
    }
}

/// The textbook's: the coordinator dies, a lower member notices, challenges the higher ones, and the highest
/// that answers wins.
#[test]
fn the_bullys_textbook_example() {
    let mut ring = without_deputy(AlgorithmName::Bully, &[10, 20, 30, 40, 50]);
    ring.initiate("A").settle();
    ring.assert_led_by("E", None);
    ring.forget().kill("E").settle();
    ring.assert_led_by("D", None);
    assert_eq!(ring.term("D"), 2);
    let log = ring.log("D");
    assert!(!log.iter().any(|line| line.contains("starting again")), "{log:?}");
}

#[test]
fn leader_and_the_member_before_it_may_die_together() {
    for algorithm in AlgorithmName::ALL {
        let mut ring = without_deputy(algorithm, &[90, 100, 110, 120, 130]);
        ring.initiate("A").settle();
        let leader = ring.leaders().first().cloned().expect("a leader");
        let before = match leader.as_str() {
            "A" => "E",
            "B" => "A",
            "C" => "B",
            "D" => "C",
            _ => "D",
        };
        ring.kill(before).kill(&leader).let_time_pass();
        let next = ring.leaders().first().cloned().unwrap_or_default();
        ring.assert_led_by(&next, None);
    }
}

#[test]
fn with_a_quorum_the_election_is_held_while_the_lease_runs_out() {
    let mut ring = QuietRing::new(&[90, 100, 110, 120], settings(AlgorithmName::MaxRing, Safety::Quorum));
    ring.initiate("A").settle();
    ring.run_for(std::time::Duration::from_secs(1));
    ring.assert_led_by("D", None);
    ring.kill("D").settle();
    assert_eq!(ring.leaders(), Vec::<String>::new(), "the lease of D is not over");
    ring.run_for(std::time::Duration::from_secs(20));
    ring.assert_led_by("C", None);
}

#[test]
fn switched_off_while_a_leader_leads_its_deputy_is_none_at_once() {
    let mut ring = QuietRing::led_by_d();
    ring.succeed_by(Succession::Election).settle();
    ring.assert_led_by("D", None);
    assert_eq!((ring.term("D"), ring.messages()), (1, 4));
    ring.succeed_by(Succession::Deputy).settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.term("D"), 1);
}

#[test]
fn a_deputy_that_has_not_heard_of_the_change_takes_over_or_takes_part_and_one_leads() {
    let mut ring = QuietRing::led_by_d();
    ring.change_succession("A", Succession::Election);
    ring.kill("D").let_time_pass();
    assert_eq!(ring.leaders(), ["C"]);
}
