//! The classic elections among members that die and come back: terms, ring repair and succession are laid
//! around each.

use ringleader_election::classic::properties;
use ringleader_shared::link::LinkKind;
use ringleader_shared::{AlgorithmName, Role, Safety};
use ringleader_testing::each_classic;

use crate::quiet_ring::QuietRing;

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

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// B is the best, F the second best.
const ATTRIBUTES: [u64; 6] = [90, 140, 110, 120, 100, 130];

fn whoever_initiates_the_election_keeps_its_promises(algorithm: AlgorithmName) {
    for safety in [Safety::Available, Safety::Quorum] {
        for size in 2..=6 {
            for initiator in &NAMES[..size] {
                let mut ring = QuietRing::holding(algorithm, &ATTRIBUTES[..size], safety);
                ring.initiate(initiator).settle();
                ring.assert_promises_kept(&[initiator]);
            }
        }
    }
}

fn all_at_once_keep_its_promises_in_one_term(algorithm: AlgorithmName) {
    let mut ring = QuietRing::holding(algorithm, &ATTRIBUTES, Safety::Available);
    ring.initiate_all(1).settle();
    ring.assert_promises_kept(&NAMES);
    assert_eq!(ring.node("A").term().0, 1);
}

fn several_at_once_keep_its_promises_in_one_term(algorithm: AlgorithmName) {
    for initiators in [&["A", "E"][..], &["C", "D"], &["E", "F", "A"]] {
        let mut ring = QuietRing::holding(algorithm, &ATTRIBUTES, Safety::Available);
        for who in initiators {
            ring.initiate(who);
        }
        ring.settle();
        ring.assert_promises_kept(initiators);
        assert_eq!(ring.node("A").term().0, 1, "{initiators:?} decide one term");
    }
}

#[test]
fn lelann_takes_exactly_n_squared_whoever_initiates() {
    for initiator in NAMES {
        let mut ring = QuietRing::holding(AlgorithmName::LeLann, &ATTRIBUTES, Safety::Available);
        ring.initiate(initiator).settle();
        assert_eq!(ring.election_messages(), 36);
    }
}

fn when_the_leader_dies_its_deputy_takes_over_without_an_election(algorithm: AlgorithmName) {
    let mut ring = QuietRing::holding(algorithm, &[90, 100, 110, 120], Safety::Available);
    ring.initiate("B").settle();
    let first = leader(&ring, &NAMES[..4]);
    ring.forget();
    ring.kill(&first).settle();
    let left: Vec<&str> = NAMES[..4].iter().copied().filter(|who| *who != first).collect();
    leader(&ring, &left);
    assert_eq!(ring.election_messages(), 0, "{algorithm}");
}

fn an_election_goes_on_without_a_member_that_dies_in_its_midst_in_the_next_term(algorithm: AlgorithmName) {
    for dead in &NAMES[..5] {
        for arrivals in 0..40 {
            let mut ring = QuietRing::holding(algorithm, &ATTRIBUTES[..5], Safety::Available);
            ring.initiate("A").arrive(arrivals);
            ring.kill(dead).settle();
            ring.let_time_pass();
            let left: Vec<&str> = NAMES[..5].iter().copied().filter(|who| who != dead).collect();
            leader(&ring, &left);
        }
    }
}

fn a_member_that_comes_back_in_the_midst_of_an_election_follows_in_the_end(algorithm: AlgorithmName) {
    for arrivals in 0..30 {
        let mut ring = QuietRing::holding(algorithm, &ATTRIBUTES[..5], Safety::Available);
        ring.initiate("A").settle();
        ring.kill("C").settle();
        ring.initiate("D").arrive(arrivals);
        ring.start("C").probe().settle();
        ring.let_time_pass();
        leader(&ring, &NAMES[..5]);
    }
}

fn the_last_one_alive_leads_alone(algorithm: AlgorithmName) {
    let mut ring = QuietRing::holding(algorithm, &[90, 100], Safety::Available);
    ring.kill("B").settle();
    ring.initiate("A").settle();
    ring.assert_led_by("A", None);
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

fn every_member_says_why_it_did_what_it_did(algorithm: AlgorithmName) {
    let mut ring = QuietRing::holding(algorithm, &[90, 140, 110, 120], Safety::Available);
    ring.initiate("A").settle();
    for who in &NAMES[..4] {
        let log = ring.log(who);
        assert!(log.len() >= 2, "{algorithm}, {who}: {log:?}");
    }
}

each_classic!(if |name| properties(name).among_processes =>
    whoever_initiates_the_election_keeps_its_promises,
    all_at_once_keep_its_promises_in_one_term,
    several_at_once_keep_its_promises_in_one_term,
    when_the_leader_dies_its_deputy_takes_over_without_an_election,
    an_election_goes_on_without_a_member_that_dies_in_its_midst_in_the_next_term,
    a_member_that_comes_back_in_the_midst_of_an_election_follows_in_the_end,
    the_last_one_alive_leads_alone,
    every_member_says_why_it_did_what_it_did,
);
