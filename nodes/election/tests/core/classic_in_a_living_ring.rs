//! The classic elections among members that die and come back: terms, ring repair and succession are laid around each.

use ringleader_election::classic::facts;
use ringleader_shared::link::LinkKind;
use ringleader_shared::{AlgorithmName, RingMessage, Role, Safety};

use crate::quiet_ring::QuietRing;

fn classic() -> impl Iterator<Item = AlgorithmName> {
    AlgorithmName::ALL.into_iter().filter(|name| *name != AlgorithmName::MaxRing)
}

/// The one that leads; every live member follows it, and one deputy where two or more live.
#[track_caller]
fn leader(ring: &QuietRing, members: &[&str]) -> String {
    let leads = |who: &&&str| ring.role(who) == Role::Leader;
    let leader = members.iter().find(leads).unwrap_or_else(|| panic!("nobody leads of {members:?}"));
    let deputy = members.iter().find(|who| ring.role(who) == Role::Deputy);
    ring.assert_led_by(leader, deputy.copied());
    assert_eq!(deputy.is_some(), members.len() > 1, "a deputy");
    (*leader).to_owned()
}

fn contest(ring: &QuietRing) -> u64 {
    ring.sent.iter().filter(|sent| matches!(sent.message, RingMessage::Contest { .. })).count() as u64
}

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

#[test]
fn whoever_initiates_every_member_follows_the_same_leader_and_the_best_of_the_others_is_its_deputy() {
    for algorithm in classic() {
        for safety in [Safety::Available, Safety::Quorum] {
            for size in 2..=6 {
                let (members, attributes) = (&NAMES[..size], [90, 140, 110, 120, 100, 130]);
                for (at, initiator) in members.iter().enumerate() {
                    let mut ring = QuietRing::holding(algorithm, &attributes[..size], safety);
                    ring.initiate(initiator).settle();
                    let leader = leader(&ring, members);
                    if let Some(highest) = facts(algorithm).winner(&attributes[..size], [at]) {
                        let winner = attributes.iter().position(|attribute| *attribute == highest);
                        let winner = winner.and_then(|at| members.get(at)).copied();
                        assert_eq!((Some(leader.as_str()), algorithm), (winner, algorithm));
                    }
                }
            }
        }
    }
}

#[test]
fn all_at_once_take_as_many_messages_as_the_bound_says_at_most_and_one_term() {
    for algorithm in classic().filter(|name| facts(*name).bound.worst_case) {
        let mut ring = QuietRing::holding(algorithm, &[90, 140, 110, 120, 100, 130], Safety::Available);
        ring.initiate_all(1).settle();
        assert_eq!(leader(&ring, &NAMES), "B");
        assert_eq!(ring.node("A").term().0, 1, "{algorithm}");
        #[allow(clippy::cast_precision_loss, reason = "few")]
        let sent = contest(&ring) as f64;
        assert!(sent <= (facts(algorithm).bound.messages)(6.0), "{algorithm}: {sent}");
    }
}

#[test]
fn where_only_initiators_may_win_the_highest_of_them_leads_and_the_best_of_all_others_is_its_deputy() {
    let attributes = [90, 140, 110, 120, 100, 130];
    for initiators in [&["A"][..], &["A", "E"], &["C", "D"], &["E", "F", "A"], &NAMES] {
        let mut ring =
            QuietRing::holding(AlgorithmName::ChangRobertsInitiators, &attributes, Safety::Available);
        for who in initiators {
            ring.initiate(who);
        }
        ring.settle();
        let best = |of: &mut dyn Iterator<Item = &&'static str>| {
            of.max_by_key(|who| attributes[NAMES.iter().position(|name| name == *who).expect("a member")])
                .copied()
                .expect("one at least")
        };
        let winner = best(&mut initiators.iter());
        let deputy = best(&mut NAMES.iter().filter(|who| **who != winner));
        ring.assert_led_by(winner, Some(deputy));
        assert_eq!(ring.node("A").term().0, 1, "{initiators:?} decide one term");
    }
}

#[test]
fn lelann_takes_exactly_n_squared_whoever_initiates() {
    for initiator in NAMES {
        let mut ring =
            QuietRing::holding(AlgorithmName::LeLann, &[90, 140, 110, 120, 100, 130], Safety::Available);
        ring.initiate(initiator).settle();
        assert_eq!(contest(&ring), 36);
    }
}

#[test]
fn when_the_leader_dies_its_deputy_takes_over_without_a_contest() {
    for algorithm in classic() {
        let mut ring = QuietRing::holding(algorithm, &[90, 100, 110, 120], Safety::Available);
        ring.initiate("B").settle();
        let first = leader(&ring, &NAMES[..4]);
        ring.forget();
        ring.kill(&first).settle();
        let left: Vec<&str> = NAMES[..4].iter().copied().filter(|who| *who != first).collect();
        leader(&ring, &left);
        assert_eq!(contest(&ring), 0, "{algorithm}");
    }
}

#[test]
fn a_contest_goes_on_without_a_member_that_dies_in_its_midst_in_the_next_term() {
    for algorithm in classic() {
        for dead in &NAMES[..5] {
            for arrivals in 0..40 {
                let mut ring = QuietRing::holding(algorithm, &[90, 140, 110, 120, 100], Safety::Available);
                ring.initiate("A").arrive(arrivals);
                ring.kill(dead).settle();
                ring.let_time_pass();
                let left: Vec<&str> = NAMES[..5].iter().copied().filter(|who| who != dead).collect();
                leader(&ring, &left);
            }
        }
    }
}

#[test]
fn a_member_that_comes_back_in_the_midst_of_a_contest_follows_in_the_end() {
    for algorithm in classic() {
        for arrivals in 0..30 {
            let mut ring = QuietRing::holding(algorithm, &[90, 140, 110, 120, 100], Safety::Available);
            ring.initiate("A").settle();
            ring.kill("C").settle();
            ring.initiate("D").arrive(arrivals);
            ring.start("C").probe().settle();
            ring.let_time_pass();
            leader(&ring, &NAMES[..5]);
        }
    }
}

#[test]
fn the_last_one_alive_leads_alone() {
    for algorithm in classic() {
        let mut ring = QuietRing::holding(algorithm, &[90, 100], Safety::Available);
        ring.kill("B").settle();
        ring.initiate("A").settle();
        ring.assert_led_by("A", None);
    }
}

#[test]
fn direct_links_are_there_for_the_bully_only_and_gone_when_everyone_knows() {
    let mut ring = QuietRing::holding(AlgorithmName::Bully, &[90, 100, 110, 120], Safety::Available);
    ring.initiate("A").arrive(1);
    assert!(ring.has_link("A", "C", LinkKind::Direct));
    ring.settle();
    leader(&ring, &NAMES[..4]);
    assert!(!ring.has_link("A", "C", LinkKind::Direct));
    assert!(!ring.has_link("A", "D", LinkKind::Direct));
}

#[test]
fn two_algorithms_in_one_term_do_not_mix() {
    let mut ring = QuietRing::holding(AlgorithmName::Franklin, &[90, 100, 110, 120], Safety::Available);
    ring.initiate("A");
    // The supervisor has not heard of A's election yet: C's is of the same term.
    ring.reached(0).change_algorithm("C", AlgorithmName::MaxRing);
    ring.initiate("C").settle();
    ring.let_time_pass();
    leader(&ring, &NAMES[..4]);
    assert!(ring.dropped.iter().any(|(_, _, why)| format!("{why:?}").starts_with("OtherAlgorithm")));
}

#[test]
fn every_member_says_why_it_did_what_it_did() {
    for algorithm in classic() {
        let mut ring = QuietRing::holding(algorithm, &[90, 140, 110, 120], Safety::Available);
        ring.initiate("A").settle();
        for who in &NAMES[..4] {
            let log = ring.log(who);
            assert!(log.len() >= 2, "{algorithm}, {who}: {log:?}");
        }
    }
}
