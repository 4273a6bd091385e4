//! Quorum mode: no leader without a majority behind it, and never two at one instant.

use std::time::Duration;

use ringleader_election::Timer;
use ringleader_shared::message::{Ballot, DeputySearch, Elected, Lease, StateUpdate};
use ringleader_shared::{Mandate, RingMessage, Role, Safety, Term};

use crate::quiet_ring::{QuietRing, TIMING, contender, name};

/// The lease of the ring's [`TIMING`], in milliseconds.
const LEASE_MS: u64 = TIMING.lease.as_secs() * 1_000 + TIMING.lease.subsec_millis() as u64;

/// Long enough for everything that a ring does after a fault.
const LONG: Duration = Duration::from_secs(20);

/// The ballot of a lap that has its leader's vote, begun so many nanoseconds after the beginning.
const fn ballot(begun_ns: u64) -> Ballot {
    Ballot { begun_ns, lease_ms: LEASE_MS, votes: 1 }
}

const fn lease(mandate: Mandate, begun_ns: u64) -> Lease {
    Lease { mandate, ballot: ballot(begun_ns), highest: mandate.term, hops: 1 }
}

fn led_by_d() -> QuietRing {
    let mut ring = QuietRing::with(&[90, 100, 110, 120], Safety::Quorum);
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
    ring.forget();
    ring
}

#[test]
fn a_quiet_election_costs_the_same_as_without_a_quorum() {
    let mut ring = QuietRing::with(&[90, 100, 110, 120], Safety::Quorum);
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.messages(), 11, "{:#?}", ring.described());
    assert!(
        ring.log("D")
            .iter()
            .any(|line| line.contains("4 members promise to follow me and grant me a lease, 3 are needed"))
    );
    assert!(ring.log("A").iter().any(|line| line.contains("promising to follow D")));
}

#[test]
fn a_leader_whose_lease_is_renewed_stays_and_the_ring_is_quiet() {
    let mut ring = led_by_d();
    ring.run_for(LONG);
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.messages(), 0, "{:#?}", ring.described());
}

#[test]
fn a_deputy_takes_over_when_the_dead_leaders_lease_is_over_and_not_before() {
    let mut ring = led_by_d();
    ring.kill("D").settle();
    assert_eq!(ring.leaders(), [""; 0]);
    assert!(ring.log("C").iter().any(|line| line.contains("waiting until the lease of D is over")));
    ring.run_for(TIMING.lease - Duration::from_millis(1));
    assert_eq!(ring.leaders(), [""; 0]);
    ring.run_for(TIMING.lease);
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.successor("C"), "A");
}

#[test]
fn two_of_four_elect_nobody() {
    let mut ring = led_by_d();
    ring.kill("D").kill("C").run_for(LONG);
    assert_eq!(ring.leaders(), [""; 0]);
    assert_eq!((ring.follows("A"), ring.follows("B")), (None, None));
    let said = [ring.log("A"), ring.log("B")].concat();
    assert!(said.iter().any(|line| line.contains("only 2 of the 3 that are needed")), "{said:#?}");
    ring.start("C").probe().run_for(LONG);
    ring.assert_led_by("C", Some("B"));
}

#[test]
fn a_leader_that_loses_the_majority_steps_down_when_its_lease_is_over() {
    let mut ring = led_by_d();
    ring.kill("A").kill("B").run_for(TIMING.lease);
    assert_eq!(ring.leaders(), [""; 0]);
    assert!(ring.log("D").iter().any(|line| line.contains("no majority has renewed my lease")));
}

#[test]
fn the_last_survivor_does_not_lead_and_does_not_raise_the_term() {
    let mut ring = led_by_d();
    ring.kill("A").kill("B").kill("D").run_for(LONG);
    assert_eq!(ring.role("C"), Role::Follower);
    let term = ring.term("C");
    ring.run_for(LONG);
    assert_eq!(ring.term("C"), term);
    for who in ["A", "B", "D"] {
        ring.start(who);
    }
    ring.settle().probe().run_for(LONG);
    assert_eq!(ring.leaders().len(), 1);
}

#[test]
fn a_restarted_member_keeps_its_promise() {
    let mut ring = led_by_d();
    let promised = ring.node("B").promise().expect("B promised to follow D");
    ring.kill("B").settle();
    ring.start("B");
    assert_eq!(ring.node("B").promise(), Some(promised));
    assert_eq!(ring.node("B").term(), promised.term);
    ring.probe().run_for(LONG);
    ring.assert_led_by("D", Some("C"));
}

#[test]
fn all_restarted_at_once_find_a_leader_again_by_themselves() {
    let mut ring = led_by_d();
    for who in ["A", "B", "C", "D"] {
        ring.kill(who);
    }
    for who in ["A", "B", "C", "D"] {
        ring.start(who);
    }
    ring.settle().probe().run_for(LONG);
    assert_eq!(ring.leaders(), ["D"]);
    assert!(ring.term("D") > 1);
}

#[test]
fn a_lease_lap_that_passes_again_does_not_count_twice() {
    let mut ring = led_by_d();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    let lap = |begun_ns| lease(mandate, begun_ns);
    for (begun_ns, votes) in [(5_000, 2), (5_000, 1), (4_000, 1), (6_000, 2)] {
        let passed_on = ring.answer("D", "A", lap(begun_ns));
        let counted = passed_on.iter().find_map(|message| match message {
            RingMessage::Lease(Lease { ballot, .. }) => Some(ballot.votes),
            _ => None,
        });
        assert_eq!(counted, Some(votes), "a lap begun at {begun_ns} ns");
    }
}

#[test]
fn a_claim_that_passes_again_after_a_rivals_does_not_count_twice() {
    let mut ring = QuietRing::with(&[90, 100, 110, 120], Safety::Quorum);
    let mandate =
        |leader| Mandate { term: Term(1), leader, deputy_epoch: 0, deputy: Some(contender("B", 100)) };
    let (claim, rival) = (mandate(contender("D", 120)), mandate(contender("C", 110)));
    for (mandate, votes) in [(claim, 2), (rival, 1), (claim, 1)] {
        let passed_on = ring.answer("D", "A", Elected { mandate, hops: 1, ballot: Some(ballot(5_000)) });
        let counted = passed_on.iter().find_map(|message| match message {
            RingMessage::Elected(Elected { ballot, .. }) => ballot.map(|ballot| ballot.votes),
            _ => None,
        });
        assert_eq!(counted, Some(votes), "{passed_on:?}");
    }
}

#[test]
fn a_claimant_leads_as_soon_as_its_claim_is_back() {
    let mut ring = QuietRing::with(&[90, 100, 110, 120], Safety::Quorum);
    ring.initiate("A");
    while ring.leaders().is_empty() {
        assert!(ring.step(), "nobody leads");
    }
    assert_eq!((ring.follows("A"), ring.follows("C")), (None, None), "a lease lap is to announce D yet");
    ring.settle();
    ring.assert_led_by("D", Some("C"));
}

#[test]
fn a_restarted_member_votes_for_nobody_until_what_it_may_have_granted_is_over() {
    let mut ring = led_by_d();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    ring.kill("A").start("A");
    let lap = |begun_ns| lease(mandate, begun_ns);
    let votes = |messages: Vec<RingMessage>| {
        messages.iter().find_map(|message| match message {
            RingMessage::Lease(Lease { ballot, .. }) => Some(ballot.votes),
            _ => None,
        })
    };
    assert_eq!(votes(ring.answer("D", "A", lap(u64::MAX - 1))), Some(1));
    ring.run_for(TIMING.lease);
    assert_eq!(votes(ring.answer("D", "A", lap(u64::MAX))), Some(2));
}

#[test]
fn a_member_promises_one_leader_in_a_term() {
    let mut ring = QuietRing::with(&[90, 100, 110, 120], Safety::Quorum);
    ring.initiate("A").settle();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    let rival = Mandate { leader: contender("C", 999), ..mandate };
    ring.forget();
    ring.deliver("D", "A", Elected { mandate: rival, hops: 1, ballot: Some(ballot(u64::MAX)) }).settle();
    assert_eq!(ring.follows("A").as_deref(), Some("D"));
    assert_eq!(ring.dropped.len(), 1, "{:?}", ring.dropped);
}

#[test]
fn a_promise_holds_in_its_term_when_the_lease_is_long_over() {
    let mut ring = led_by_d();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    ring.kill("D").kill("C").run_for(TIMING.lease + Duration::from_millis(1));
    let lap = |mandate: Mandate| lease(mandate, 0);
    let rival = Mandate { leader: contender("C", 110), deputy: None, ..mandate };
    let of_the_next_term = Mandate { term: mandate.term.next(), ..rival };
    for (mandate, counted) in [(rival, 1), (of_the_next_term, 2)] {
        let passed_on = ring.answer("B", "A", lap(mandate));
        assert!(
            passed_on.iter().any(
                |message| matches!(message, RingMessage::Lease(Lease { ballot, .. }) if ballot.votes == counted)
            ),
            "{passed_on:?}"
        );
    }
}

#[test]
fn a_lease_that_is_granted_holds_against_a_claim_of_a_newer_term() {
    let mut ring = led_by_d();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    let term = mandate.term.next();
    let rival = Mandate { term, leader: contender("C", 110), deputy: None, ..mandate };
    ring.deliver("D", "A", DeputySearch { mandate: rival, deputy: None, hops: 1, ballot: Some(ballot(0)) });
    assert_eq!(ring.node("A").promise().map(|promise| promise.term), Some(mandate.term));
    assert_eq!(ring.follows("A").as_deref(), Some("D"));
    assert!(ring.log("A").iter().any(|line| line.contains("not promising to follow C")));
}

#[test]
fn a_term_that_somebody_promised_on_its_own_does_not_unseat_for_long() {
    let mut ring = led_by_d();
    // C takes D for dead for a while, alone.
    ring.deliver("C", "D", StateUpdate { term: Term(9), mandate: None });
    ring.run_for(LONG);
    assert_eq!(ring.leaders(), ["D"]);
}

#[test]
fn a_ring_that_is_switched_to_quorum_elects_with_promises_and_back_is_as_it_was() {
    let mut ring = QuietRing::led_by_d();
    assert_eq!(ring.node("A").promise(), None);
    ring.make(Safety::Quorum).run_for(LONG);
    ring.assert_led_by("D", Some("C"));
    assert!(ring.node("A").promise().is_some());
    ring.make(Safety::Available).kill("D").settle();
    ring.assert_led_by("C", Some("B"));
}

#[test]
fn a_ring_of_one_needs_nobody() {
    let mut ring = QuietRing::with(&[90], Safety::Quorum);
    ring.initiate("A").settle();
    ring.assert_led_by("A", None);
    ring.run_for(LONG);
    ring.assert_led_by("A", None);
    assert!(!ring.runs("A", Timer::Renewal));
}

#[test]
fn rings_of_every_size_elect_and_take_over() {
    for n in 2..=16_u64 {
        let attributes: Vec<u64> = (1..=n).collect();
        let mut ring = QuietRing::with(&attributes, Safety::Quorum);
        ring.initiate("A").settle();
        let last = name(ring.node("A").mandate().expect("A follows").leader.id);
        ring.kill(&last).run_for(LONG);
        assert_eq!(ring.leaders().len(), usize::from(n > 2), "{n} members");
    }
}
