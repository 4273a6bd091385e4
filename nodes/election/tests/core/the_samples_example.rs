//! The sample's own ring: A, B, C, D with 90, 100, 110, 120, and A initiates.

use ringleader_shared::Role;
use ringleader_shared::event::ElectionCause;

use crate::quiet_ring::QuietRing;

#[test]
fn d_leads_and_c_is_its_deputy() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!([ring.role("A"), ring.role("B")], [Role::Follower, Role::Follower]);
    assert_eq!(ring.term("A"), 1);
}

#[test]
fn eleven_messages_go_round_in_this_order() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A").settle();
    assert_eq!(
        ring.described(),
        [
            "A>B election 1: A -, hop 1",
            "B>C election 1: B A, hop 2",
            "C>D election 1: C B, hop 3",
            "D>A election 1: D C, hop 4",
            "A>B election 1: D C, hop 5",
            "B>C election 1: D C, hop 6",
            "C>D election 1: D C, hop 7",
            "D>A elected 1: D C, hop 1",
            "A>B elected 1: D C, hop 2",
            "B>C elected 1: D C, hop 3",
            "C>D elected 1: D C, hop 4",
        ]
    );
    assert_eq!(ring.completed.len(), 1);
    let (cause, mandate, members) = ring.completed[0];
    assert_eq!((cause, members), (ElectionCause::Election, 4));
    assert_eq!(Some(&mandate), ring.node("A").mandate());
}

#[test]
fn every_card_says_why() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A").settle();
    assert_eq!(
        ring.log("A"),
        [
            "initiating the election of term 1 with my attribute (90)",
            "passing on D (120): higher than mine (90)",
            "following D, the leader of term 1; C is its deputy",
            "passing on the result: D leads, C is its deputy",
        ]
    );
    assert_eq!(
        ring.log("B"),
        [
            "replacing A (90) with me (100): mine is higher",
            "passing on D (120): higher than mine (100)",
            "following D, the leader of term 1; C is its deputy",
            "passing on the result: D leads, C is its deputy",
        ]
    );
    assert_eq!(
        ring.log("C"),
        [
            "replacing B (100) with me (110): mine is higher",
            "passing on D (120): higher than mine (110)",
            "I am the deputy of D in term 1: watching it",
            "passing on the result: D leads, C is its deputy",
        ]
    );
    assert_eq!(
        ring.log("D"),
        [
            "replacing C (110) with me (120): mine is higher",
            "my own value (120) came back: nobody is higher, I am the leader of term 1; C (110) is my deputy",
        ]
    );
}

#[test]
fn when_the_leader_is_killed_its_predecessor_routes_to_a_and_takes_over() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").settle();
    assert_eq!(ring.successor("C"), "A");
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.term("A"), 2);
    assert_eq!(
        ring.described(),
        [
            "C>A search 2: C -, hop 1",
            "A>B search 2: C A, hop 2",
            "B>C search 2: C B, hop 3",
            "C>A elected 2: C B, hop 1",
            "A>B elected 2: C B, hop 2",
            "B>C elected 2: C B, hop 3",
        ]
    );
}
