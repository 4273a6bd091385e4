//! Leader and deputy: who takes over from whom.

use ringleader_election::Timer;
use ringleader_shared::event::ElectionCause;
use ringleader_shared::link::LinkKind;
use ringleader_shared::message::{Election, StateUpdate};
use ringleader_shared::{Mandate, RingMessage, Role, Term};

use crate::quiet_ring::{QuietRing, contender, name};

#[test]
fn the_deputy_and_nobody_else_watches_the_leader() {
    let ring = QuietRing::led_by_d();
    assert!(ring.has_link("C", "D", LinkKind::Heartbeat));
    for who in ["A", "B", "D"] {
        assert_eq!(ring.node(who).wanted_links().leader, None, "{who}");
    }
}

#[test]
fn the_deputy_leads_at_once_in_the_next_term_when_the_leader_dies() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").step();
    while ring.role("C") != Role::Leader {
        assert!(ring.step());
    }
    assert_eq!(ring.term("C"), 2);
    assert_eq!(ring.log("C").first().map(String::as_str), Some("D does not answer: my successor is now A"));
    assert_eq!(ring.log("C")[1], "D is lost: as its deputy I take over and lead term 2");
    ring.settle();
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.completed.iter().map(|done| done.0).collect::<Vec<_>>(), [ElectionCause::Takeover]);
}

#[test]
fn leader_after_leader_dies_until_the_last_one_leads_alone() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").settle();
    ring.assert_led_by("C", Some("B"));
    ring.kill("C").settle();
    ring.assert_led_by("B", Some("A"));
    ring.kill("B").settle();
    ring.assert_led_by("A", None);
    assert_eq!(ring.term("A"), 4);
    assert!(
        !ring.runs("A", Timer::Lap) && !ring.runs("A", Timer::Election) && !ring.runs("A", Timer::Deputy)
    );
}

#[test]
fn the_leader_stays_and_finds_the_next_deputy_when_its_deputy_dies() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("C").settle();
    ring.assert_led_by("D", Some("B"));
    assert_eq!(ring.term("D"), 1);
    assert_eq!(ring.completed.iter().map(|done| done.0).collect::<Vec<_>>(), [ElectionCause::NewDeputy]);
    assert!(ring.log("D").contains(&"my deputy C is lost: looking for the next one".to_owned()));
    assert!(ring.log("D").contains(&"my deputy is B (100)".to_owned()));
}

#[test]
fn deputy_after_deputy_dies_until_the_leader_is_alone() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("C").settle();
    ring.kill("B").settle();
    ring.assert_led_by("D", Some("A"));
    ring.kill("A").settle();
    ring.assert_led_by("D", None);
    assert_eq!(ring.term("D"), 1);
    assert!(!ring.runs("D", Timer::Lap) && !ring.runs("D", Timer::Deputy));
}

#[test]
fn leader_and_deputy_lost_at_once_are_followed_by_an_election_after_the_timeout() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").kill("C").settle();
    assert!(ring.runs("A", Timer::Election) || ring.runs("B", Timer::Election));
    ring.let_time_pass();
    ring.assert_led_by("B", Some("A"));
}

#[test]
fn leader_and_deputy_lost_at_once_in_a_larger_ring_wherever_they_sit() {
    for leader_at in 0..6 {
        for deputy_at in (0..6).filter(|&at| at != leader_at) {
            let mut attributes = [10, 11, 12, 13, 14, 15];
            attributes[leader_at] = 100;
            attributes[deputy_at] = 90;
            let best = |taken: &[usize]| {
                let left = (0..6).filter(|at| !taken.contains(at)).max_by_key(|&at| attributes[at]);
                left.expect("somebody is left")
            };
            let names = ["A", "B", "C", "D", "E", "F"];
            let third = best(&[leader_at, deputy_at]);
            let fourth = best(&[leader_at, deputy_at, third]);
            let mut ring = QuietRing::of(&attributes);
            ring.initiate("A").settle();
            ring.assert_led_by(names[leader_at], Some(names[deputy_at]));
            ring.kill(names[leader_at]).kill(names[deputy_at]).let_time_pass();
            ring.assert_led_by(names[third], Some(names[fourth]));
        }
    }
}

#[test]
fn the_new_leader_that_dies_while_it_looks_for_its_deputy_is_followed_too() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D");
    ring.until_on_its_way("B", "C", |message| matches!(message, RingMessage::DeputySearch(_)));
    ring.kill("C").let_time_pass();
    ring.assert_led_by("B", Some("A"));
}

#[test]
fn the_deputy_that_dies_while_the_result_goes_round_is_replaced() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A");
    ring.until_on_its_way("B", "C", |message| matches!(message, RingMessage::Elected(_)));
    ring.kill("C").let_time_pass();
    ring.assert_led_by("D", Some("B"));
}

#[test]
fn a_deputy_that_never_opens_its_heartbeat_link_is_replaced() {
    // C is dead before D knows that C shall be its deputy, and no link of D's reported it.
    let mut ring = QuietRing::of(&[90, 110, 100, 120]);
    ring.initiate("A");
    ring.until_on_its_way("C", "D", |message| {
        matches!(message, RingMessage::Election(Election { hops: 7, .. }))
    });
    ring.kill("B").let_time_pass();
    ring.assert_led_by("D", Some("C"));
    assert!(ring.log("D").contains(&"my deputy B does not answer".to_owned()), "{:?}", ring.log("D"));
}

#[test]
fn a_lost_search_is_sent_again_when_the_lap_timer_runs_out() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D");
    ring.until_on_its_way("A", "B", |message| matches!(message, RingMessage::DeputySearch(_)));
    ring.lose_next().settle();
    assert_eq!(ring.role("C"), Role::Leader);
    assert!(ring.runs("C", Timer::Lap));
    ring.let_time_pass();
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.term("C"), 2);
    assert!(ring.log("C").contains(&"my lap did not come back in time: sending another".to_owned()));
}

#[test]
fn a_lost_result_is_sent_again_when_the_lap_timer_runs_out() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A");
    ring.until_on_its_way("A", "B", |message| matches!(message, RingMessage::Elected(_)));
    ring.lose_next().let_time_pass();
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.term("D"), 1);
}

#[test]
fn a_lost_election_message_is_followed_by_another_election_after_the_timeout() {
    let mut quiet = QuietRing::of(&[90, 100, 110, 120]);
    quiet.initiate("A").settle();
    for lost in 0..quiet.sent.len() {
        let mut ring = QuietRing::of(&[90, 100, 110, 120]);
        ring.initiate("A");
        let gone = quiet.sent[lost];
        let (from, to) = (name(gone.from), name(gone.to));
        ring.until_on_its_way(&from, &to, |message| *message == gone.message);
        ring.lose_next().let_time_pass();
        ring.assert_led_by("D", Some("C"));
    }
}

#[test]
fn a_leader_that_hears_of_a_newer_term_steps_down() {
    let mut ring = QuietRing::led_by_d();
    let newer = Mandate { term: Term(7), ..*ring.node("B").mandate().expect("B follows") };
    let leader = contender("B", 100);
    let newer = Mandate { leader, deputy: None, ..newer };
    ring.deliver("A", "D", StateUpdate { term: Term(7), mandate: Some(newer) });
    assert_eq!(ring.role("D"), Role::Follower);
    assert_eq!(ring.follows("D").as_deref(), Some("B"));
    assert!(ring.log("D").contains(&"stepping down: B leads the newer term 7".to_owned()));
}

#[test]
fn a_leader_steps_down_while_an_election_of_a_newer_term_runs() {
    let mut ring = QuietRing::led_by_d();
    ring.initiate("A");
    ring.until_on_its_way("D", "A", |message| matches!(message, RingMessage::Election(_)));
    assert_ne!(ring.role("D"), Role::Leader);
    assert!(
        ring.log("D").contains(&"stepping down: an election of the newer term 2 is under way".to_owned())
    );
    ring.settle();
    ring.assert_led_by("D", Some("C"));
}

#[test]
fn a_lap_goes_on_although_a_member_learned_its_news_from_a_neighbour_before() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D");
    ring.until_on_its_way("A", "B", |message| matches!(message, RingMessage::DeputySearch(_)));
    let mandate = ring.node("A").mandate().copied();
    ring.deliver("A", "B", StateUpdate { term: Term(2), mandate });
    assert_eq!(ring.follows("B").as_deref(), Some("C"));
    ring.settle();
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.messages(), 2 * 3);
}

#[test]
fn a_deputy_that_leaves_for_an_election_of_which_nothing_comes_is_replaced() {
    let mut ring = QuietRing::led_by_d();
    ring.initiate("C").kill("C").settle();
    // Its message reached D only if it was sent there before it died; D is led to a new deputy either way.
    ring.let_time_pass();
    ring.assert_led_by("D", Some("B"));
}

#[test]
fn a_leader_whose_deputy_stops_watching_waits_for_it_and_then_finds_another() {
    let mut ring = QuietRing::led_by_d();
    ring.initiate("C");
    assert!(!ring.has_link("C", "D", LinkKind::Heartbeat));
    ring.lose_next().kill_unnoticed("C").settle();
    assert_eq!(ring.role("D"), Role::Leader);
    assert!(ring.runs("D", Timer::Deputy));
    ring.let_time_pass();
    ring.assert_led_by("D", Some("B"));
}

#[test]
fn a_deputy_that_the_leader_never_confirmed_starts_an_election_instead_of_taking_over() {
    // C learns from a neighbour that it is the deputy, but D has appointed B since.
    let mut ring = QuietRing::led_by_d();
    let old = ring.node("A").mandate().copied();
    ring.kill("C").settle();
    ring.assert_led_by("D", Some("B"));
    ring.start("C").deliver("B", "C", StateUpdate { term: Term(1), mandate: old });
    assert_eq!(ring.role("C"), Role::Deputy);
    ring.kill("D");
    while ring.step() {
        let both_lead = ring.role("C") == Role::Leader && ring.role("B") == Role::Leader;
        assert!(
            !both_lead || ring.term("B") != ring.term("C"),
            "B: {:#?} C: {:#?}",
            ring.log("B"),
            ring.log("C")
        );
    }
    assert!(
        ring.log("C").iter().any(|line| line.ends_with("starting an election instead")),
        "{:?}",
        ring.log("C")
    );
    ring.let_time_pass();
    assert!(ring.follows("A").is_some_and(|leader| ["B", "C"].contains(&leader.as_str())));
}

#[test]
fn a_leader_shows_a_member_that_watches_it_by_mistake_its_deputy() {
    let mut ring = QuietRing::led_by_d();
    let old = ring.node("A").mandate().copied();
    ring.kill("C").settle();
    ring.start("C").deliver("B", "C", StateUpdate { term: Term(1), mandate: old }).forget();
    ring.settle();
    assert!(
        ring.state_updates("D").contains(&"D>C update 1: D B".to_owned()),
        "{:?}",
        ring.state_updates("D")
    );
    assert_eq!(ring.role("C"), Role::Follower);
}

#[test]
fn the_leader_itself_confirms_its_deputy_once_it_is_watched() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("A").settle();
    assert_eq!(ring.state_updates("D"), ["D>C update 1: D C"]);
    for who in ["A", "B", "C"] {
        assert!(ring.state_updates(who).is_empty(), "{who}");
    }
}

#[test]
fn a_restarted_former_leader_announces_nothing() {
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").kill("C").settle();
    ring.start("D").settle().forget().probe().settle();
    assert!(!ring.state_updates("D").is_empty());
    assert!(
        ring.state_updates("D").iter().all(|line| line.ends_with("nobody")),
        "{:?}",
        ring.state_updates("D")
    );
}

#[test]
fn the_late_word_of_a_leader_that_is_routed_past_does_not_end_the_waiting_for_another() {
    let mut ring = QuietRing::of(&[110, 90, 120]);
    ring.initiate("A").settle();
    ring.assert_led_by("C", Some("A"));
    let mandate = ring.node("C").mandate().copied();
    ring.kill("C");
    while !ring.runs("B", Timer::Election) {
        assert!(ring.step(), "B does not notice that C is lost");
    }
    ring.deliver("C", "B", StateUpdate { term: Term(1), mandate });
    assert!(ring.runs("B", Timer::Election), "no link is left that could tell B that C is dead");
}
