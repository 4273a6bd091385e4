//! The time without a leader, by the events' clock and whatever the order in which they are reported.

use ringleader_shared::event::MessageKind;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkKind};
use ringleader_shared::view::{LossCause, Outage, REMEMBERED_OUTAGES, Took};
use ringleader_shared::{EventKind, LinkFault, NodeName, RingSettings, RingView, Role, Safety, Term};

use crate::story::{Story, name};

/// An event of the tests: its time, its node, its kind.
type Report = (u64, &'static str, EventKind);

fn requested(action: &str) -> EventKind {
    EventKind::Requested { action: action.to_owned().try_into().expect("a request") }
}

fn killed() -> EventKind {
    EventKind::Exited { code: None, signal: Some(9) }
}

fn link_down(peer: &str) -> EventKind {
    EventKind::LinkDown {
        peer: name(peer),
        link: LinkKind::Heartbeat,
        direction: LinkDirection::Outgoing,
        cause: LinkEnd::Broken,
        failure: true,
    }
}

fn role_changed(role: Role, term: u64, leader: Option<&str>) -> EventKind {
    EventKind::RoleChanged { role, term: Term(term), leader: leader.map(name), deputy: None }
}

fn follows(leader: &str, term: u64) -> EventKind {
    role_changed(Role::Follower, term, Some(leader))
}

/// A ring of four that follows D in term 1 since moment 900.
fn led_by_d() -> Story {
    let mut story = Story::of(&["A", "B", "C", "D"]);
    for (at, node, role) in [
        (600, "D", Role::Leader),
        (700, "A", Role::Follower),
        (800, "B", Role::Follower),
        (900, "C", Role::Deputy),
    ] {
        story.emit_at(at, node, 1, role_changed(role, 1, Some("D")));
    }
    assert_eq!(story.view.leaderless.watched.as_ref().map(|watched| watched.since_us), Some(900));
    story
}

fn emit(story: &mut Story, reports: &[Report]) {
    for (at, node, kind) in reports {
        let incarnation = u32::from(!node.is_empty());
        story.emit_at(*at, node, incarnation, kind.clone());
    }
}

/// D is killed at 1000, which its deputy notices at 1400; it claims term 2 at 1450, and the last member
/// follows it at 1900.
fn a_killing() -> Vec<Report> {
    vec![
        (1_000, "D", requested("kill")),
        (1_300, "D", killed()),
        (1_400, "C", link_down("D")),
        (1_450, "C", role_changed(Role::Leader, 2, Some("C"))),
        (1_700, "A", follows("C", 2)),
        (1_900, "B", follows("C", 2)),
    ]
}

fn last(view: &RingView) -> &Outage {
    assert_eq!(view.leaderless.now, None, "it is over");
    view.leaderless.past.front().expect("there was an outage")
}

const KILLING: Took = Took { total_us: 900, noticing_us: 400, waiting_us: 50, electing_us: 450 };

#[test]
fn a_killed_leader_is_missed_from_the_request_until_the_last_one_follows_the_next() {
    let mut story = led_by_d();
    emit(&mut story, &a_killing());
    let outage = last(&story.view);
    assert_eq!((outage.lost.as_str(), outage.cause, outage.number), ("D", LossCause::Killed, 1));
    assert_eq!((outage.started_us, outage.ended_us, outage.led_since_us), (1_000, Some(1_900), 900));
    assert_eq!(outage.leader.as_ref().map(NodeName::as_str), Some("C"));
    assert_eq!(outage.took, Some(KILLING));
}

/// All orders of some things.
fn orders(things: &[Report]) -> Vec<Vec<Report>> {
    let [_, _, ..] = things else { return vec![things.to_vec()] };
    (0..things.len())
        .flat_map(|first| {
            let mut rest = things.to_vec();
            let first = rest.remove(first);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, first.clone());
                order
            })
        })
        .collect()
}

#[test]
fn the_figure_is_the_same_in_every_order_of_the_reports() {
    let orders = orders(&a_killing());
    assert_eq!(orders.len(), 720);
    for order in orders {
        let mut story = led_by_d();
        emit(&mut story, &order);
        let reported: Vec<u64> = order.iter().map(|(at, ..)| *at).collect();
        let outage = last(&story.view);
        assert_eq!(
            (outage.took, outage.cause),
            (Some(KILLING), LossCause::Killed),
            "reported in this order: {reported:?}"
        );
    }
}

#[test]
fn while_nobody_replaces_a_leader_the_outage_runs_and_says_in_which_part() {
    let mut story = led_by_d();
    let all = a_killing();
    emit(&mut story, &all[..1]);
    let part_at = |story: &Story, now| {
        let outage = story.view.leaderless.now.as_ref().expect("it runs");
        assert_eq!((outage.started_us, outage.ended_us, outage.took), (1_000, None, None));
        let took = outage.took_at(now);
        assert_eq!(took.total_us, took.noticing_us + took.waiting_us + took.electing_us);
        (took.noticing_us, took.waiting_us, took.electing_us)
    };
    assert_eq!(part_at(&story, 1_200), (200, 0, 0));
    emit(&mut story, &all[1..3]);
    assert_eq!(part_at(&story, 1_420), (400, 20, 0));
    emit(&mut story, &all[3..5]);
    assert_eq!(part_at(&story, 9_000_000), (400, 50, 8_998_550));
}

#[test]
fn a_hung_leader_is_missed_from_its_pause_and_one_that_goes_on_unnoticed_is_the_next_one() {
    let mut story = led_by_d();
    emit(&mut story, &[(1_000, "D", requested("pause")), (1_010, "D", EventKind::Paused)]);
    assert_eq!(
        story.view.leaderless.now.as_ref().map(|now| (now.started_us, now.cause)),
        Some((1_000, LossCause::Hung))
    );
    emit(&mut story, &[(51_000, "D", requested("resume")), (51_000, "D", EventKind::Resumed)]);
    let outage = last(&story.view);
    assert_eq!(outage.leader.as_ref().map(NodeName::as_str), Some("D"));
    let took = Took { total_us: 50_000, noticing_us: 50_000, waiting_us: 0, electing_us: 0 };
    assert_eq!(outage.took, Some(took));
    assert!(story.view.leaderless.watched.is_some());
}

#[test]
fn the_death_of_a_leader_that_nobody_asked_for_is_dated_by_the_first_that_shows_it() {
    let mut story = led_by_d();
    let death: Vec<Report> =
        a_killing().into_iter().filter(|(_, _, kind)| *kind != requested("kill")).collect();
    emit(&mut story, &death);
    assert_eq!((last(&story.view).started_us, last(&story.view).cause), (1_300, LossCause::Killed));
    // The links are quicker than the news that the process ended: its end explains them, and they date it.
    let mut story = led_by_d();
    let mut death = death;
    let exit = death.remove(0);
    emit(&mut story, &death);
    assert_eq!(last(&story.view).cause, LossCause::LinkLost);
    emit(&mut story, &[(2_500, exit.1, exit.2)]);
    assert_eq!((last(&story.view).started_us, last(&story.view).cause), (1_400, LossCause::Killed));
}

#[test]
fn a_restart_of_a_follower_is_no_outage() {
    let mut story = led_by_d();
    emit(
        &mut story,
        &[(2_000, "A", requested("kill")), (2_100, "A", killed()), (2_200, "D", link_down("A"))],
    );
    story.starts("A", 2);
    assert_eq!(story.view.leader, None, "the newcomer follows nobody yet");
    assert_eq!((&story.view.leaderless.now, story.view.leaderless.past.len()), (&None, 0));
}

#[test]
fn an_old_failure_of_a_link_to_a_leader_that_speaks_since_dates_nothing() {
    let mut story = led_by_d();
    emit(
        &mut story,
        &[(2_000, "A", link_down("D")), (3_000, "D", EventKind::Heartbeat { peer: name("C"), rtt_us: 90 })],
    );
    story.sends_at(60_000, "A", "B", MessageKind::Election, 2, "A", 1);
    let outage = story.view.leaderless.now.as_ref().expect("an election unseats it");
    assert_eq!((outage.started_us, outage.cause), (60_000, LossCause::Unseated));
}

#[test]
fn an_election_unseats_a_leader_that_lives_and_all_of_it_is_electing() {
    let mut story = led_by_d();
    story.sends_at(2_000, "A", "B", MessageKind::Election, 2, "A", 1);
    emit(
        &mut story,
        &[
            (2_001, "A", role_changed(Role::Candidate, 2, None)),
            (2_100, "B", role_changed(Role::Follower, 2, None)),
        ],
    );
    emit(
        &mut story,
        &[
            (2_200, "C", role_changed(Role::Candidate, 2, None)),
            (2_300, "D", role_changed(Role::Candidate, 2, None)),
        ],
    );
    emit(
        &mut story,
        &[(2_600, "D", role_changed(Role::Leader, 2, Some("D"))), (2_700, "A", follows("D", 2))],
    );
    emit(&mut story, &[(2_800, "B", follows("D", 2)), (2_900, "C", follows("D", 2))]);
    let outage = last(&story.view);
    assert_eq!(
        (outage.cause, outage.leader.as_ref().map(NodeName::as_str)),
        (LossCause::Unseated, Some("D"))
    );
    assert_eq!(outage.took, Some(Took { total_us: 900, noticing_us: 0, waiting_us: 0, electing_us: 900 }));
}

#[test]
fn a_leader_whose_lease_runs_out_is_lost_until_another_one_has_a_majority() {
    let mut story = Story::of(&["A", "B", "C", "D"]);
    story.emit(
        "",
        0,
        EventKind::SettingsChanged {
            settings: RingSettings { safety: Safety::Quorum, ..RingSettings::default() },
        },
    );
    for (at, node, role) in [
        (600, "D", Role::Leader),
        (700, "A", Role::Follower),
        (800, "B", Role::Follower),
        (900, "C", Role::Deputy),
    ] {
        story.emit_at(at, node, 1, role_changed(role, 1, Some("D")));
    }
    emit(&mut story, &[(5_000, "D", role_changed(Role::Follower, 1, None))]);
    let outage = story.view.leaderless.now.as_ref().expect("it runs");
    assert_eq!((outage.started_us, outage.cause), (5_000, LossCause::LeaseLost));
    assert_eq!(
        outage.took_at(8_000),
        Took { total_us: 3_000, noticing_us: 0, waiting_us: 3_000, electing_us: 0 }
    );
}

#[test]
fn a_leader_that_is_cut_off_from_most_is_lost_and_one_that_keeps_half_is_not() {
    let mut story = led_by_d();
    let sides = |names: &[&str]| EventKind::PartitionChanged {
        sides: vec![names.iter().map(|text| name(text)).collect()],
    };
    emit(&mut story, &[(2_000, "", sides(&["A", "B"]))]);
    story.sends_at(9_000, "A", "B", MessageKind::Election, 2, "A", 1);
    emit(
        &mut story,
        &[(9_100, "B", role_changed(Role::Leader, 2, Some("B"))), (9_200, "A", follows("B", 2))],
    );
    assert_eq!((&story.view.leaderless.now, story.view.leaderless.past.len()), (&None, 0), "D still leads C");

    let mut story = led_by_d();
    emit(&mut story, &[(2_000, "", sides(&["D"]))]);
    let outage = story.view.leaderless.now.as_ref().expect("three of four have no leader");
    assert_eq!((outage.started_us, outage.cause), (2_000, LossCause::CutOff));
    emit(
        &mut story,
        &[(152_000, "C", link_down("D")), (152_100, "C", role_changed(Role::Leader, 2, Some("C")))],
    );
    emit(&mut story, &[(152_300, "A", follows("C", 2)), (152_500, "B", follows("C", 2))]);
    let took = Took { total_us: 150_500, noticing_us: 150_000, waiting_us: 100, electing_us: 400 };
    assert_eq!(last(&story.view).took, Some(took), "D has not heard of it, and need not");
}

#[test]
fn a_cut_that_ends_before_anybody_noticed_gives_the_leader_back() {
    let mut story = led_by_d();
    let (from, to) = (name("D"), name("A"));
    for peer in ["A", "B", "C"] {
        let fault = LinkFault::CUT;
        emit(
            &mut story,
            &[(2_000, "", EventKind::LinkFaultChanged { from: from.clone(), to: name(peer), fault })],
        );
    }
    assert!(story.view.leaderless.now.is_some());
    let fault = LinkFault::default();
    emit(&mut story, &[(2_700, "", EventKind::LinkFaultChanged { from, to, fault })]);
    let outage = last(&story.view);
    assert_eq!(
        (outage.leader.as_ref().map(NodeName::as_str), outage.took.map(|took| took.total_us)),
        (Some("D"), Some(700))
    );
}

#[test]
fn the_view_remembers_the_newest_outages_and_a_snapshot_of_a_running_one_goes_on() {
    let mut story = led_by_d();
    let (mut at, mut term) = (1_000, 1);
    for _ in 0..REMEMBERED_OUTAGES + 3 {
        term += 1;
        story.sends_at(at, "A", "B", MessageKind::Election, term, "A", 1);
        let json = serde_json::to_string(&story.view).expect("a view can be written");
        story.view = serde_json::from_str(&json).expect("a view can be read");
        emit(&mut story, &[(at + 1, "D", role_changed(Role::Candidate, term, None))]);
        for (node, role) in
            [("A", Role::Follower), ("B", Role::Follower), ("C", Role::Deputy), ("D", Role::Leader)]
        {
            emit(
                &mut story,
                &[
                    (at + 10, node, role_changed(Role::Follower, term, None)),
                    (at + 50, node, role_changed(role, term, Some("D"))),
                ],
            );
        }
        at += 1_000;
    }
    let numbers: Vec<u64> = story.view.leaderless.past.iter().map(|outage| outage.number).collect();
    let newest = u64::try_from(REMEMBERED_OUTAGES + 3).expect("a few");
    assert_eq!(numbers, (4..=newest).rev().collect::<Vec<_>>());
    assert!(
        story.view.leaderless.past.iter().all(|outage| outage.took.map(|took| took.total_us) == Some(50))
    );
}
