//! Elections: who wins, whatever the ring looks like and whoever starts.

use ringleader_election::{DropReason, Timer};
use ringleader_shared::event::ElectionCause;
use ringleader_shared::message::{Elected, Election, StateUpdate};
use ringleader_shared::{Attribute, Contender, RingMessage, Role, Term};

use crate::quiet_ring::{QuietRing, contender, id, is_state_update, name};

/// Every arrangement of 1..=n.
fn arrangements(n: u64) -> Vec<Vec<u64>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in arrangements(n - 1) {
        for at in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(at, n);
            all.push(longer);
        }
    }
    all
}

const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];

fn best_two(attributes: &[u64]) -> (&'static str, Option<&'static str>) {
    let mut order: Vec<usize> = (0..attributes.len()).collect();
    order.sort_by_key(|&n| std::cmp::Reverse((attributes[n], n)));
    (NAMES[order[0]], order.get(1).map(|&n| NAMES[n]))
}

#[test]
fn whoever_initiates_together_the_best_leads_and_the_second_best_is_its_deputy() {
    for n in 1..=5 {
        let mut rings = arrangements(n);
        rings.push(vec![7; usize::try_from(n).expect("small")]);
        for attributes in rings {
            let (leader, deputy) = best_two(&attributes);
            for initiators in 1..1_u32 << n {
                let mut ring = QuietRing::of(&attributes);
                for (bit, who) in NAMES.iter().enumerate() {
                    if initiators & 1 << bit != 0 {
                        ring.initiate(who);
                    }
                }
                ring.settle();
                ring.assert_led_by(leader, deputy);
                assert_eq!(ring.term(leader), 1, "{attributes:?}, initiators {initiators:b}");
                assert_eq!(ring.completed.len(), 1, "one lap comes back");
            }
        }
    }
}

#[test]
fn a_second_initiator_in_the_middle_of_an_election_changes_nothing_of_its_outcome() {
    for steps in 0..16 {
        for second in NAMES {
            let mut ring = QuietRing::of(&[3, 5, 1, 4, 2]);
            ring.initiate("C");
            for _ in 0..steps {
                ring.step();
            }
            ring.initiate(second).settle();
            ring.assert_led_by("B", Some("D"));
        }
    }
}

#[test]
fn equal_attributes_are_distinguished_by_id() {
    let mut ring = QuietRing::of(&[7, 7, 7]);
    ring.initiate("B").settle();
    ring.assert_led_by("C", Some("B"));
    assert!(ring.log("A").contains(&"passing on C (7): same as mine, its id is higher".to_owned()));
    assert!(ring.log("C").contains(&"replacing B (7) with me: same as mine, my id is higher".to_owned()));
}

#[test]
fn a_ring_of_one_leads_itself_without_a_word() {
    let mut ring = QuietRing::of(&[90]);
    ring.initiate("A").settle();
    ring.assert_led_by("A", None);
    assert!(ring.sent.is_empty());
    assert!(!ring.runs("A", Timer::Lap) && !ring.runs("A", Timer::Election));
    assert_eq!(
        ring.log("A"),
        [
            "initiating the election of term 1 with my attribute (90)",
            "nobody else is left in the ring: I lead term 1 alone",
        ]
    );
}

#[test]
fn in_a_ring_of_two_the_other_one_is_the_deputy() {
    for initiator in ["A", "B"] {
        let mut ring = QuietRing::of(&[90, 100]);
        ring.initiate(initiator).settle();
        ring.assert_led_by("B", Some("A"));
    }
}

#[test]
fn each_election_has_a_higher_term_than_the_one_before() {
    let mut ring = QuietRing::of(&[90, 100, 110]);
    for term in 1..=4 {
        ring.initiate("B").settle();
        ring.assert_led_by("C", Some("B"));
        assert_eq!(ring.term("A"), term);
    }
}

#[test]
fn a_quiet_election_leaves_no_timer_running() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("B").settle();
    for who in ["A", "B", "C", "D"] {
        for timer in [Timer::Election, Timer::Lap, Timer::Deputy] {
            assert!(!ring.runs(who, timer), "{who} {timer:?}");
        }
    }
}

#[test]
fn who_has_only_seen_worse_than_itself_is_a_candidate() {
    let mut ring = QuietRing::of(&[90, 100, 110]);
    ring.initiate("A");
    assert_eq!(ring.role("A"), Role::Candidate);
    ring.step();
    assert_eq!([ring.role("A"), ring.role("B")], [Role::Candidate; 2]);
    ring.settle();
    assert_eq!(
        [ring.role("A"), ring.role("B"), ring.role("C")],
        [Role::Follower, Role::Deputy, Role::Leader]
    );
}

#[test]
fn an_edited_attribute_counts_from_the_next_election_only() {
    let mut ring = QuietRing::led_by_d();
    ring.edit("A", 130).settle();
    ring.assert_led_by("D", Some("C"));
    assert!(ring.sent.is_empty(), "an edit is no reason to speak");
    ring.initiate("B").settle();
    ring.assert_led_by("A", Some("D"));
}

#[test]
fn an_attribute_edited_while_its_own_message_is_under_way_does_not_count_in_that_election() {
    let mut ring = QuietRing::of(&[90, 100, 110]);
    ring.initiate("C");
    ring.edit("C", 50).settle();
    ring.assert_led_by("C", Some("B"));
    ring.initiate("C").settle();
    ring.assert_led_by("B", Some("A"));
}

#[test]
fn a_message_of_an_older_term_is_dropped_and_its_sender_is_updated() {
    let mut ring = QuietRing::led_by_d();
    ring.initiate("B").settle().forget();
    let old = Election {
        term: Term(1),
        initiator: id("A"),
        candidate: Contender::new(Attribute(200), id("A")),
        deputy: None,
        hops: 1,
    };
    ring.deliver("A", "B", old);
    assert_eq!(ring.dropped, [("B".to_owned(), old.into(), DropReason::OlderTerm { mine: Term(2) })]);
    assert_eq!(ring.state_updates("B"), ["B>A update 2: D C"]);
    ring.settle();
    ring.assert_led_by("D", Some("C"));
}

#[test]
fn a_message_of_a_term_that_has_its_leader_is_dropped_and_its_sender_is_updated() {
    let mut ring = QuietRing::led_by_d();
    let late = Election {
        term: Term(1),
        initiator: id("A"),
        candidate: Contender::new(Attribute(200), id("A")),
        deputy: None,
        hops: 1,
    };
    ring.deliver("A", "B", late);
    assert_eq!(ring.dropped, [("B".to_owned(), late.into(), DropReason::AlreadyDecided { term: Term(1) })]);
    assert_eq!(ring.state_updates("B"), ["B>A update 1: D C"]);
}

#[test]
fn a_worse_candidate_than_the_one_passed_on_is_dropped() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.initiate("D").step();
    let best = Contender::new(Attribute(120), id("D"));
    let worse = Election {
        term: Term(1),
        initiator: id("C"),
        candidate: Contender::new(Attribute(110), id("C")),
        deputy: None,
        hops: 2,
    };
    ring.deliver("D", "A", worse);
    assert_eq!(ring.dropped, [("A".to_owned(), worse.into(), DropReason::BetterPassedOn { best })]);
}

#[test]
fn a_message_that_has_crossed_four_laps_of_links_is_dropped() {
    let mut ring = QuietRing::led_by_d();
    let lost = |hops| Election {
        term: Term(9),
        initiator: id("A"),
        candidate: Contender::new(Attribute(200), id("A")),
        deputy: None,
        hops,
    };
    ring.deliver("A", "B", lost(17));
    assert_eq!(ring.dropped, [("B".to_owned(), lost(17).into(), DropReason::HopBudget { budget: 16 })]);
    assert_eq!(ring.term("B"), 1);
    ring.deliver("A", "B", lost(16));
    assert_eq!(ring.term("B"), 9);
}

#[test]
fn a_duplicate_of_any_message_changes_nothing() {
    let mut quiet = QuietRing::of(&[90, 100, 110, 120]);
    quiet.initiate("A").settle();
    for copied in quiet.sent.clone() {
        let mut ring = QuietRing::of(&[90, 100, 110, 120]);
        ring.initiate("A").settle().forget();
        ring.deliver(&name(copied.from), &name(copied.to), copied.message);
        let distinct = usize::from(!is_state_update(&copied.message));
        assert_eq!(ring.dropped.len(), distinct, "{copied:?}");
        ring.settle();
        ring.assert_led_by("D", Some("C"));
        assert_eq!(ring.messages(), 0, "{:?}", ring.described());
    }
}

#[test]
fn every_message_of_an_election_sent_twice_still_elects_once() {
    let mut ring = QuietRing::of(&[90, 100, 110, 120]);
    ring.duplicating(true).initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.term("A"), 1);
    assert_eq!(ring.completed.len(), 1);
    assert_eq!(ring.completed[0].0, ElectionCause::Election);
}

#[test]
fn a_member_alone_leads_before_its_election_is_complete() {
    use ringleader_election::{Core, Effect, Input, Time, Timing};
    use ringleader_shared::{Contender, RingSettings, Role, Term};
    use std::time::Duration;

    let me = contender("A", 90);
    let mut core = Core::new(me.id);
    let mut effects = Vec::new();
    let patience = Duration::from_secs(1);
    let timing = Timing { election: patience, lap: patience, deputy: patience, lease: patience };
    let ring: Vec<Contender> = vec![me];
    let settings = RingSettings::default();
    let configured =
        Input::Configured { ring: ring.into(), timing, settings, seed: 0, highest_term: Term::ZERO };
    core.handle(Time::default(), configured, &mut effects);
    effects.clear();
    core.handle(Time::default(), Input::Initiate, &mut effects);
    let leads = effects.iter().position(|it| matches!(it, Effect::Became { role: Role::Leader, .. }));
    let completed = effects.iter().position(|it| matches!(it, Effect::Completed { members: 1, .. }));
    assert!(leads.is_some() && leads < completed, "{effects:?}");
}

#[test]
fn what_no_member_of_the_ring_would_say_changes_nothing() {
    let mut ring = QuietRing::led_by_d();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    let (a, stranger) = (contender("A", 90), contender("Z", 999));
    let term = Term(u64::MAX);
    let last = ringleader_shared::Mandate { term, ..mandate };
    let twice = ringleader_shared::Mandate { term: Term(2), deputy: Some(mandate.leader), ..mandate };
    ring.forget();
    let nonsense: [RingMessage; 5] = [
        Election { term, initiator: a.id, candidate: stranger, deputy: None, hops: 1 }.into(),
        Elected { mandate: last, hops: 1, ballot: None }.into(),
        StateUpdate { term, mandate: None }.into(),
        Elected { mandate: twice, hops: 1, ballot: None }.into(),
        StateUpdate { term: Term(2), mandate: Some(twice) }.into(),
    ];
    for message in nonsense {
        ring.deliver("D", "A", message).settle();
    }
    assert_eq!(ring.dropped.len(), 5, "{:?}", ring.dropped);
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.term("A"), 1);
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
    assert_eq!(ring.term("A"), 2);
}

#[test]
fn a_mandate_with_another_attribute_than_the_configured_one_is_followed_and_reported() {
    let mut ring = QuietRing::led_by_d();
    let mandate = *ring.node("A").mandate().expect("A follows D");
    let leader = ringleader_shared::Contender { attribute: Attribute(7), ..mandate.leader };
    let other = ringleader_shared::Mandate { term: Term(2), leader, ..mandate };
    ring.forget();
    ring.deliver("D", "A", StateUpdate { term: Term(2), mandate: Some(other) });
    assert_eq!(ring.term("A"), 2);
    let words = "the mandate gives D the attribute 7, and here it is 120: it was changed since, or the mandate is false";
    assert!(ring.log("A").iter().any(|line| line == words), "{:?}", ring.log("A"));
    assert_eq!(ring.follows("A").as_deref(), Some("D"));
}
