//! Members that may never lead nor be deputy: they take part, vote and pass on, and nobody follows them.

use proptest::prelude::*;
use ringleader_election::classic::properties;
use ringleader_shared::message::Vacant;
use ringleader_shared::{AlgorithmName, RingSettings, Safety, Succession};

use crate::quiet_ring::{QuietRing, id};

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// A ring in which these may not lead.
fn ring(attributes: &[u64], settings: RingSettings, may_not: &[&str]) -> QuietRing {
    let mut ring = QuietRing::new(attributes, settings);
    for who in may_not {
        ring.let_lead(who, false);
    }
    ring.settle();
    ring
}

fn max_ring(attributes: &[u64], may_not: &[&str]) -> QuietRing {
    ring(attributes, RingSettings::default(), may_not)
}

fn holding(algorithm: AlgorithmName) -> RingSettings {
    RingSettings { algorithm, ..RingSettings::default() }
}

/// Nobody leads, nobody waits for anybody, and everybody has said why.
#[track_caller]
fn assert_vacant(ring: &QuietRing) {
    assert_eq!(ring.leaders(), Vec::<String>::new());
    for who in ring.live() {
        assert_eq!(ring.follows(&who), None, "{who}");
        assert!(!ring.runs(&who, ringleader_election::Timer::Election), "{who} waits");
    }
}

#[test]
fn the_best_of_those_that_may_leads_and_the_next_best_is_its_deputy_at_the_usual_cost() {
    let mut ring = max_ring(&[90, 100, 110, 120], &["D"]);
    ring.initiate("A").settle();
    ring.assert_led_by("C", Some("B"));
    assert_eq!(ring.messages(), 2 + 2 * 4);
    let mut ring = max_ring(&[90, 100, 110, 120], &["A", "D"]);
    ring.initiate("A").settle();
    ring.assert_led_by("C", Some("B"));
}

#[test]
fn an_only_one_that_may_lead_has_no_deputy_and_does_not_look_for_one_in_vain() {
    let mut ring = max_ring(&[90, 100, 110, 120], &["A", "B", "D"]);
    ring.initiate("B").settle();
    ring.assert_led_by("C", None);
    assert_eq!(ring.messages(), 1 + 2 * 4);
    ring.forget().let_time_pass();
    assert_eq!(ring.messages(), 0);
}

#[test]
fn where_nobody_may_lead_everybody_learns_that_the_election_is_over() {
    for algorithm in AlgorithmName::ALL {
        for size in 1..=4 {
            for initiator in &NAMES[..size] {
                let mut ring = ring(&[90, 120, 100, 110][..size], holding(algorithm), &NAMES[..size]);
                ring.initiate(initiator).let_time_pass();
                assert_vacant(&ring);
                let log = ring.log(initiator);
                assert!(
                    log.iter().any(|line| line.contains("no live member may lead")),
                    "{algorithm} {log:?}"
                );
            }
        }
    }
    let mut ring = max_ring(&[90, 120, 100, 110], &NAMES[..4]);
    ring.initiate("A").settle();
    assert_eq!(ring.messages(), 2 * 4, "{:?}", ring.described());
}

#[test]
fn one_that_comes_back_or_is_allowed_to_leads_at_once() {
    for algorithm in AlgorithmName::ALL {
        let mut ring = ring(&[90, 100, 110, 120], holding(algorithm), &["A", "C", "D"]);
        ring.initiate("A").settle();
        ring.assert_led_by("B", None);
        ring.kill("B").let_time_pass();
        assert_vacant(&ring);
        ring.start("B").settle().probe().let_time_pass();
        ring.assert_led_by("B", None);
        ring.kill("B").let_time_pass();
        assert_vacant(&ring);
        ring.let_lead("D", true).let_time_pass();
        ring.assert_led_by("D", None);
    }
}

#[test]
fn an_only_member_that_may_lead_from_now_on_leads() {
    let mut ring = max_ring(&[90], &["A"]);
    ring.initiate("A").let_time_pass();
    assert_vacant(&ring);
    ring.let_lead("A", true).settle();
    ring.assert_led_by("A", None);
}

#[test]
fn one_that_may_be_deputy_is_found_wherever_it_comes_back() {
    for who in ["B", "C", "D"] {
        let may_not: Vec<&str> = ["B", "C", "D", "E"].into_iter().filter(|one| *one != who).collect();
        let mut ring = max_ring(&[200, 100, 110, 120, 130], &may_not);
        ring.initiate("A").settle();
        ring.assert_led_by("A", Some(who));
        ring.kill(who).let_time_pass();
        ring.assert_led_by("A", None);
        ring.start(who).settle().probe().let_time_pass();
        ring.assert_led_by("A", Some(who));
        assert_eq!(ring.term("A"), 1);
    }
}

#[test]
fn a_deputy_that_may_not_lead_any_more_is_replaced_at_once_and_never_takes_over() {
    let mut ring = QuietRing::led_by_d();
    ring.let_lead("C", false).settle();
    ring.assert_led_by("D", Some("B"));
    let mut ring = QuietRing::led_by_d();
    ring.kill("D").let_lead("C", false).let_time_pass();
    ring.assert_led_by("B", Some("A"));
}

#[test]
fn a_leader_that_may_not_lead_any_more_stays_until_the_next_election() {
    let mut ring = QuietRing::led_by_d();
    ring.let_lead("D", false).settle();
    ring.assert_led_by("D", Some("C"));
    ring.initiate("A").settle();
    ring.assert_led_by("C", Some("B"));
}

#[test]
fn one_that_may_not_lead_votes() {
    let quorum = RingSettings { safety: Safety::Quorum, ..RingSettings::default() };
    let mut ring = ring(&[90, 100, 110, 120], quorum, &["A", "B"]);
    ring.initiate("A").settle();
    ring.assert_led_by("D", Some("C"));
    ring.kill("C").run_for(std::time::Duration::from_secs(20));
    ring.assert_led_by("D", None);
}

#[test]
fn where_only_initiators_may_win_and_none_of_them_may_lead_the_next_that_may_does() {
    let settings = holding(AlgorithmName::ChangRobertsInitiators);
    let mut one = ring(&[1, 2, 3, 4, 5], settings, &["B", "D"]);
    one.initiate("B").settle();
    assert_eq!(one.leaders(), ["C"], "its label came home, so the first after it that may lead initiates");
    let mut two = ring(&[1, 2, 3, 4, 5], settings, &["B", "D"]);
    two.initiate("D").initiate("A").settle();
    assert_eq!((two.leaders(), two.node("A").term().0), (vec!["A".to_owned()], 1));
}

#[test]
fn an_anonymous_ring_elects_anyone_that_may() {
    for initiator in ["A", "B", "C"] {
        let mut ring = ring(&[1, 2, 3, 4, 5], holding(AlgorithmName::ItaiRodeh), &["B", "D"]);
        ring.initiate(initiator).settle();
        let leader = ring.leaders().first().cloned().expect("a leader");
        assert!(["A", "C", "E"].contains(&leader.as_str()), "{leader}");
        let drawn = |who: &str| ring.log(who).iter().any(|line| line.contains("drawn"));
        assert!(!drawn("B") && !drawn("D"), "passive members draw nothing");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any exclusions, any initiators, and a death: the best live member that may lead leads.
    #[test]
    fn the_winner_is_the_best_live_member_that_may_lead(
        algorithm in prop::sample::select(AlgorithmName::ALL.to_vec()),
        attributes in prop::collection::vec(1_u64..5, 1..=6),
        may_not in any::<u8>(),
        initiator in 0_usize..6,
        everyone in any::<bool>(),
        dies in prop::option::of(0_usize..6),
        succession in prop::sample::select(Succession::ALL.to_vec()),
    ) {
        let size = attributes.len();
        let settings = RingSettings { algorithm, succession, ..RingSettings::default() };
        let excluded: Vec<&str> = (0..size).filter(|place| may_not >> place & 1 == 1).map(|place| NAMES[place]).collect();
        let mut ring = ring(&attributes, settings, &excluded);
        let expected = |ring: &QuietRing| {
            let live = ring.live();
            let may = (0..size).filter(|place| !excluded.contains(&NAMES[*place]) && live.iter().any(|who| who == NAMES[*place]));
            may.max_by_key(|place| (attributes[*place], *place)).map(|place| NAMES[place])
        };
        let check = |ring: &QuietRing, in_an_election: bool| -> Result<(), TestCaseError> {
            let leaders = ring.leaders();
            let Some(best) = expected(ring) else {
                assert_vacant(ring);
                return Ok(());
            };
            prop_assert_eq!(leaders.len(), 1, "{:?}", ring.described());
            let best_wins = properties(algorithm).best_wins();
            if in_an_election && best_wins {
                prop_assert_eq!(leaders[0].as_str(), best, "{:?}", ring.described());
            }
            prop_assert!(!excluded.contains(&leaders[0].as_str()), "{:?}", ring.described());
            for who in ring.live() {
                let mandate = ring.node(&who).mandate();
                prop_assert!(mandate.is_some_and(|mandate| mandate.leader.eligible));
                let deputy = mandate.and_then(|mandate| mandate.deputy);
                prop_assert!(deputy.is_none_or(|deputy| deputy.eligible));
                prop_assert!(succession == Succession::Deputy || deputy.is_none());
            }
            Ok(())
        };
        if everyone {
            ring.initiate_all(1).let_time_pass();
        } else {
            ring.initiate(NAMES[initiator % size]).let_time_pass();
        }
        check(&ring, true)?;
        if let Some(place) = dies.filter(|_| size > 1) {
            let leads = ring.leaders().first().map(String::as_str) == Some(NAMES[place % size]);
            ring.kill(NAMES[place % size]).let_time_pass();
            check(&ring, leads && succession == Succession::Election)?;
        }
    }
}

#[test]
fn an_unheard_member_that_may_lead_answers_a_vacancy_with_an_election() {
    let mut ring = max_ring(&[90, 100, 110], &["A", "B"]);
    ring.deliver("B", "C", Vacant { term: ringleader_shared::Term(1), initiator: id("A"), hops: 2 });
    ring.settle();
    ring.assert_led_by("C", None);
}
