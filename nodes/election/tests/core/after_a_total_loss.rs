//! A start in a ring that has held elections: it follows the leader, and where there is none a
//! leader comes, in a term above all that were used.

use std::time::Duration;

use ringleader_election::Timer;
use ringleader_shared::{RingMessage, Safety};

use crate::quiet_ring::QuietRing;

const LONG: Duration = Duration::from_secs(10);
const ALL: [&str; 4] = ["A", "B", "C", "D"];

/// All members die and start again, in this order.
fn lost_and_started(mut ring: QuietRing, order: [&str; 4]) -> QuietRing {
    for who in ALL {
        ring.kill(who);
    }
    for who in order {
        ring.start(who).settle().probe().settle();
    }
    ring
}

#[test]
fn after_the_loss_of_all_members_a_leader_comes_by_itself_in_a_newer_term() {
    for order in [["A", "B", "C", "D"], ["D", "C", "B", "A"], ["C", "A", "D", "B"]] {
        let mut ring = lost_and_started(QuietRing::led_by_d(), order);
        assert_eq!(ring.leaders(), [""; 0], "a start waits for a neighbour that knows the leader");
        ring.run_for(LONG).assert_led_by("D", Some("C"));
        assert!(ring.term("D") > 1, "term 1 was led before, and {} is led now", ring.term("D"));
    }
}

#[test]
fn with_a_quorum_too() {
    let mut ring = QuietRing::with(&[90, 100, 110, 120], Safety::Quorum);
    ring.initiate("A").run_for(LONG).assert_led_by("D", Some("C"));
    // Members of another mode's run left no promise; the term is known all the same.
    ring.forget_promises().reached(6);
    let mut ring = lost_and_started(ring, ALL);
    ring.run_for(LONG).run_for(LONG).assert_led_by("D", Some("C"));
    assert!(ring.term("D") > 6, "{}", ring.term("D"));
}

#[test]
fn a_start_that_stays_the_only_one_leads_alone() {
    let mut ring = QuietRing::led_by_d();
    for who in ALL {
        ring.kill(who);
    }
    ring.start("B").run_for(LONG).assert_led_by("B", None);
    assert!(ring.term("B") > 1);
}

#[test]
fn a_promise_of_quorum_mode_is_reason_enough_to_wait_for_a_leader_in_the_other_mode() {
    let mut ring = QuietRing::with(&[90, 100, 110, 120], Safety::Quorum);
    ring.initiate("A").run_for(LONG).make(Safety::Available).run_for(LONG);
    let mut ring = lost_and_started(ring, ALL);
    ring.run_for(LONG).assert_led_by("D", Some("C"));
}

#[test]
fn a_fresh_ring_waits_for_the_first_initiation() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    for who in ALL {
        assert!(!ring.runs(who, Timer::Election), "{who}");
    }
    ring.run_for(LONG);
    assert_eq!(ring.described(), [""; 0]);
}

#[test]
fn a_start_never_unseats_a_working_leader_also_when_higher_terms_were_seen() {
    for who in ALL {
        for highest in [1, 2, 7] {
            let mut ring = QuietRing::led_by_d();
            ring.reached(highest).kill(who).settle().run_for(LONG);
            let leader = ring.leaders();
            let term = ring.term(&leader[0]);
            ring.forget().start(who).probe().run_for(LONG);
            assert_eq!(ring.leaders(), leader, "{who} returns after term {highest}");
            assert_eq!(ring.term(who), term);
            let elections = ring.sent.iter().filter(|sent| matches!(sent.message, RingMessage::Election(_)));
            assert_eq!(elections.count(), 0, "{:?}", ring.described());
        }
    }
}

#[test]
fn what_a_start_initiates_is_above_all_terms_that_were_seen() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("A").run_for(LONG).reached(7).start("A").probe().run_for(LONG);
    assert_eq!(ring.term("A"), 1);
    ring.initiate("A").settle().assert_led_by("D", Some("C"));
    assert_eq!(ring.term("A"), 8);
}

#[test]
fn a_deputy_that_knows_of_higher_terms_is_elected_instead_of_taking_one_that_was_used() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("B").kill("C").run_for(LONG).reached(7).start("C").probe().run_for(LONG);
    // A is the deputy; when it is lost, C is.
    ring.kill("A").run_for(LONG).assert_led_by("D", Some("C"));
    ring.forget().kill("D").run_for(LONG).assert_led_by("C", None);
    assert!(ring.term("C") > 7, "{}", ring.term("C"));
}

#[test]
fn a_configuration_that_is_sent_again_changes_nothing() {
    let mut ring = QuietRing::led_by_d();
    ring.reached(9).edit("A", 90).run_for(LONG).assert_led_by("D", Some("C"));
    assert_eq!((ring.term("D"), ring.described()), (1, vec![]));
    for who in ALL {
        assert!(!ring.runs(who, Timer::Election), "{who}");
    }
}

#[test]
fn a_member_that_heard_of_no_election_learns_from_its_configuration_that_there_was_one() {
    let mut ring = QuietRing::of(&[90, 100]);
    ring.kill("B").settle().reached(3).edit("A", 90);
    ring.run_for(LONG).assert_led_by("A", None);
    assert!(ring.term("A") > 3);
    let waited = ring.log("A");
    assert!(waited.iter().any(|line| line.contains("term 3 has been reached")), "{waited:?}");
}
