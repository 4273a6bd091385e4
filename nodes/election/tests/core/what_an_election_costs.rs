//! The number of messages of a quiet election, takeover and search, against the formulas.

use ringleader_election::random;
use ringleader_shared::event::ElectionCause;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::view::quiet_cost;

use crate::quiet_ring::{QuietRing, id, name};

/// The member that should win: the highest attribute, the later member (its id is higher) among equals.
fn best(attributes: &[u64]) -> usize {
    (0..attributes.len()).max_by_key(|&n| (attributes[n], n)).expect("a ring has members")
}

fn shuffled(n: usize, seed: u64) -> Vec<u64> {
    let mut attributes: Vec<u64> = (1..=n as u64).collect();
    for i in (1..n).rev() {
        let drawn = usize::try_from(random::derived(seed, i as u64) >> 33).expect("31 bits");
        attributes.swap(i, drawn % (i + 1));
    }
    attributes
}

#[track_caller]
fn assert_cost_from_every_initiator(attributes: &[u64]) {
    let n = attributes.len();
    let winner = best(attributes);
    for initiator in 0..n {
        let mut ring = QuietRing::of(attributes);
        let initiator_name = ringleader_shared::NodeName::nth(initiator);
        ring.initiate(initiator_name.as_str()).settle();
        let distance = u32::try_from((winner + n - initiator) % n).expect("small");
        let members = u32::try_from(n).expect("small");
        let (cost, formula) = (ring.messages(), quiet_cost(members, distance));
        assert_eq!(cost, formula, "{n} members {attributes:?}, {initiator_name} initiates");
        assert!(cost < 3 * members, "at most 3n - 1");
        assert_eq!(ring.completed.len(), 1);
        let (cause, mandate, counted) = ring.completed[0];
        assert_eq!((cause, counted), (ElectionCause::Election, members));
        assert_eq!(name(mandate.leader.id), ringleader_shared::NodeName::nth(winner).to_string());
    }
}

#[test]
fn increasing_attributes_cost_what_the_formula_says_from_every_initiator() {
    for n in 1..=64 {
        assert_cost_from_every_initiator(&(1..=n).collect::<Vec<u64>>());
    }
}

#[test]
fn decreasing_attributes_cost_what_the_formula_says_from_every_initiator() {
    for n in 1..=64 {
        assert_cost_from_every_initiator(&(1..=n).rev().collect::<Vec<u64>>());
    }
}

#[test]
fn shuffled_attributes_cost_what_the_formula_says_from_every_initiator() {
    for n in 1..=64 {
        assert_cost_from_every_initiator(&shuffled(n, 7 + n as u64));
    }
}

#[test]
fn equal_attributes_cost_what_the_formula_says_from_every_initiator() {
    for n in 1..=64 {
        assert_cost_from_every_initiator(&vec![5; n]);
    }
}

#[test]
fn the_worst_initiator_is_right_after_the_winner_and_costs_three_n_minus_one() {
    assert_eq!(quiet_cost(4, 3), 11);
    assert_eq!(quiet_cost(64, 63), 3 * 64 - 1);
    assert_eq!(quiet_cost(1, 0), 0);
}

#[test]
fn a_takeover_costs_two_laps_of_those_who_are_left() {
    for n in 2..=16_u32 {
        let attributes: Vec<u64> = (1..=n.into()).collect();
        let mut ring = QuietRing::of(&attributes);
        let leader = ringleader_shared::NodeName::nth(n as usize - 1);
        ring.initiate("A").settle().forget().kill(leader.as_str()).settle();
        let left = n - 1;
        assert_eq!(ring.messages(), if left == 1 { 0 } else { 2 * left }, "{n} members");
        assert_eq!(ring.completed.len(), 1);
        let (cause, _, members) = ring.completed[0];
        assert_eq!((cause, members), (ElectionCause::Takeover, left));
    }
}

#[test]
fn a_new_deputy_costs_two_laps_of_those_who_are_left() {
    for n in 3..=16_u32 {
        let attributes: Vec<u64> = (1..=n.into()).collect();
        let mut ring = QuietRing::of(&attributes);
        let deputy = ringleader_shared::NodeName::nth(n as usize - 2);
        ring.initiate("A").settle().forget().kill(deputy.as_str()).settle();
        assert_eq!(ring.messages(), 2 * (n - 1), "{n} members");
        let (cause, _, members) = ring.completed[0];
        assert_eq!((cause, members), (ElectionCause::NewDeputy, n - 1));
    }
}

#[test]
fn a_takeover_costs_one_more_when_its_lap_reaches_the_gap_before_the_news_does() {
    let mut ring = QuietRing::of(&[110, 100, 90, 120]);
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("A"));
    ring.forget();
    ring.kill_unnoticed("D").notice("A", "D", LinkKind::Heartbeat, LinkDirection::Outgoing).settle();
    ring.assert_led_by("A", Some("B"));
    let to_the_dead = ring.sent.iter().filter(|sent| sent.to == id("D")).count();
    assert_eq!((ring.messages(), to_the_dead), (2 * 3 + 1, 1));
}
