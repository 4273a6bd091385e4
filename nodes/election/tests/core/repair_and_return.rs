//! Ring repair and its reverse: members that die, and members that come back.

use ringleader_election::Timer;
use ringleader_shared::message::{Elected, Election, StateUpdate};
use ringleader_shared::{RingMessage, Role};

use crate::quiet_ring::{QuietRing, contender};

#[test]
fn a_leader_that_has_left_the_ring_counts_as_lost_whoever_reports_it() {
    let mut ring = QuietRing::of(&[90, 100, 110]);
    let gone = ringleader_shared::Mandate {
        term: ringleader_shared::Term(1),
        leader: contender("Z", 999),
        deputy_epoch: 0,
        deputy: None,
    };
    ring.deliver("C", "A", StateUpdate { term: gone.term, mandate: Some(gone) });
    assert!(ring.runs("A", Timer::Election));
    ring.let_time_pass();
    ring.assert_led_by("C", Some("B"));
}

#[test]
fn a_restarted_leader_reports_that_it_drops_the_lap_of_its_earlier_start() {
    let mut ring = QuietRing::led_by_d();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    ring.kill("D").start("D");
    ring.deliver("C", "D", StateUpdate { term: mandate.term, mandate: Some(mandate) });
    ring.forget();
    ring.deliver("C", "D", Elected { mandate, hops: 5, ballot: None });
    assert_eq!(ring.dropped.len(), 1);
}

#[test]
fn the_ring_closes_past_any_number_of_dead_members() {
    // H leads, A is its deputy; B to G die one after the other.
    let mut ring = QuietRing::of(&[70, 10, 11, 12, 13, 14, 15, 80]);
    ring.initiate("C").settle();
    for (dead, successor) in [("B", "C"), ("C", "D"), ("D", "E"), ("E", "F"), ("F", "G"), ("G", "H")] {
        ring.kill(dead).settle();
        assert_eq!(ring.successor("A"), successor);
        ring.assert_led_by("H", Some("A"));
    }
    assert_eq!(ring.successor("H"), "A");
}

#[test]
fn the_ring_closes_past_neighbours_that_die_together() {
    let mut ring = QuietRing::of(&[70, 10, 11, 12, 13, 80]);
    ring.initiate("C").settle();
    ring.kill("B").kill("C").kill("D").kill("E").settle();
    assert_eq!(ring.successor("A"), "F");
    ring.assert_led_by("F", Some("A"));
}

#[test]
fn an_election_works_in_a_repaired_ring() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("B").settle().forget();
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
    // A is two links before D in the ring of three.
    assert_eq!(ring.messages(), 2 + 2 * 3);
}

#[test]
fn whoever_is_left_of_all_leads_alone() {
    for survivor in ["A", "B", "C", "D"] {
        let mut ring = QuietRing::led_by_d();
        for dead in ["A", "B", "C", "D"].into_iter().filter(|&who| who != survivor) {
            ring.kill(dead);
        }
        ring.let_time_pass();
        ring.assert_led_by(survivor, None);
        assert_eq!(ring.successor(survivor), survivor);
    }
}

#[test]
fn a_message_lost_with_the_successor_that_held_it_is_sent_to_the_next_one() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A");
    ring.until_on_its_way("A", "B", |message| matches!(message, RingMessage::Election(_)));
    ring.kill("B").settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.term("D"), 1, "the same election");
    assert!(ring.log("A").contains(&"my last message may be lost: sending it again, to C".to_owned()));
}

#[test]
fn a_member_killed_at_any_moment_of_an_election_leaves_one_leader() {
    let names = ["A", "B", "C", "D"];
    for initiator in names {
        for dead in names {
            for steps in 0..24 {
                let mut ring = QuietRing::of(&[90, 100, 110, 120]);
                ring.initiate(initiator);
                for _ in 0..steps {
                    ring.step();
                }
                ring.kill(dead).let_time_pass();
                if initiator == dead && steps == 0 {
                    continue; // Its message was all that there was, and it arrives, or nothing was ever sent.
                }
                let left: Vec<&str> = names.into_iter().filter(|&who| who != dead).collect();
                let leading: Vec<&&str> = left.iter().filter(|who| ring.role(who) == Role::Leader).collect();
                assert_eq!(leading.len(), 1, "{initiator} initiates, {dead} dies after {steps} steps");
                let deputy: Vec<&&str> = left.iter().filter(|who| ring.role(who) == Role::Deputy).collect();
                assert_eq!(deputy.len(), 1, "{initiator} initiates, {dead} dies after {steps} steps");
                ring.assert_led_by(leading[0], Some(deputy[0]));
            }
        }
    }
}

#[test]
fn the_candidate_that_dies_before_its_message_comes_back_is_noticed_by_a_neighbour() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A");
    ring.until_on_its_way("C", "D", |message| {
        matches!(message, RingMessage::Election(Election { hops: 7, .. }))
    });
    ring.kill("D").settle();
    assert!(
        ring.log("C").contains(&"D (120) was about to win and is lost: starting again".to_owned()),
        "{:?}",
        ring.log("C")
    );
    ring.let_time_pass();
    ring.assert_led_by("C", Some("B"));
}

#[test]
fn a_restarted_member_learns_the_leader_and_follows_without_unseating_it() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("B").settle();
    ring.start("B").settle().probe().settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!([ring.successor("A"), ring.successor("B")], ["B", "C"]);
    assert_eq!(
        ring.messages(),
        ring.dropped.len() as u32,
        "nothing but what was sent again: {:?}",
        ring.described()
    );
}

#[test]
fn a_restarted_member_with_the_highest_attribute_follows_too() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").settle();
    ring.assert_led_by("C", Some("B"));
    ring.start("D").settle().probe().settle();
    ring.assert_led_by("C", Some("B"));
    ring.let_time_pass();
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.term("D"), 2);
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
}

#[test]
fn a_leader_alone_makes_the_first_member_that_returns_its_deputy() {
    let mut ring = QuietRing::of(&[90, 100]);
    ring.initiate("A").settle().kill("A").settle();
    ring.assert_led_by("B", None);
    ring.start("A").settle().probe().settle();
    ring.assert_led_by("B", Some("A"));
    assert_eq!(ring.term("B"), 1);
}

#[test]
fn a_restarted_former_leader_that_hears_of_its_old_mandate_does_not_resume_it() {
    // D and its deputy die; D is back before the others have elected anybody.
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").kill("C").settle();
    ring.start("D").settle();
    assert_eq!(ring.role("D"), Role::Follower);
    assert_eq!(ring.follows("D").as_deref(), Some("D"));
    assert!(ring.log("D").iter().any(|line| line.starts_with("I was the leader of term 1 before")));
    // Until its ring is closed again, what D asks does not come home.
    ring.run_for(std::time::Duration::from_secs(20)).probe().let_time_pass();
    let leader = ring.follows("A").expect("A follows somebody");
    let deputy = if leader == "B" { "A" } else { "B" };
    ring.assert_led_by(&leader, Some(deputy));
    assert!(ring.term("D") > 1, "in a newer term");
}

#[test]
fn a_restarted_member_that_initiates_before_it_knows_anything_learns_of_the_leader() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("B").settle();
    ring.start("B").initiate("B").settle().probe().settle();
    ring.assert_led_by("D", Some("C"));
    assert!(!ring.runs("B", Timer::Election));
}

#[test]
fn all_members_restarted_one_by_one_still_follow_one_leader() {
    let mut ring = QuietRing::led_by_d();
    for who in ["A", "B", "C", "D", "C", "A", "D", "B"] {
        ring.kill(who).settle();
        ring.start(who).settle().probe().let_time_pass();
        let leader = ring.follows(who).expect("it learned");
        let leading: Vec<&str> =
            ["A", "B", "C", "D"].into_iter().filter(|name| ring.role(name) == Role::Leader).collect();
        assert_eq!(leading, [leader.as_str()], "after the restart of {who}");
        assert_ne!(leader, who);
    }
}

#[test]
fn a_removed_leader_is_followed_by_its_deputy() {
    let mut ring = QuietRing::led_by_d();
    ring.remove("D").settle();
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.successor("C"), "A");
}

#[test]
fn a_removed_deputy_is_replaced() {
    let mut ring = QuietRing::led_by_d();
    ring.remove("C").settle();
    ring.assert_led_by("D", Some("B"));
}

#[test]
fn an_added_member_is_admitted_once_it_answers() {
    let mut ring = QuietRing::led_by_d();
    ring.add("E", 200).settle().probe().settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!([ring.successor("D"), ring.successor("E")], ["E", "A"]);
    ring.initiate("A").settle();
    ring.assert_led_by("E", Some("D"));
}
