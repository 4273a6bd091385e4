//! A simulated ring reports what a real one reports: the reducer that the page draws with reads it, and
//! so does the checker that reads real streams.

use std::collections::BTreeSet;

use ringleader_shared::invariants::EventChecker;
use ringleader_shared::view::NodeView;
use ringleader_shared::{Event, EventKind, NodeName, RingView, Role, Safety};
use ringleader_simulator::{Case, World};

use ringleader_testing::cases::all_hold;
use ringleader_testing::cases::{DEATHS, EVERYTHING, Faults, NOTHING, QUORUM, SETTINGS};

/// More than any message or dial takes, in microseconds: what was sent after this before the end may still be
/// under way.
const UNDER_WAY_US: u64 = 1_000_000;

/// Reads a stream to its end: nothing in it must never be, and every message in it ended somehow.
fn read(events: &[Event]) -> Result<RingView, String> {
    let (mut view, mut invariants) = (RingView::empty(), EventChecker::default());
    let end = events.last().map_or(0, |event| event.at_us).saturating_sub(UNDER_WAY_US);
    let (before, last) = events.split_at(events.partition_point(|event| event.at_us < end));
    for event in before {
        view.apply(event);
        adds_up(&view)?;
        invariants.see(event, &view)?;
    }
    invariants.begin_round();
    for event in last {
        view.apply(event);
        adds_up(&view)?;
        invariants.see(event, &view)?;
    }
    invariants.end_round(&view)?;
    Ok(view)
}

/// Checks that the view of the ring follows from that of the members.
fn adds_up(view: &RingView) -> Result<(), String> {
    let one = |names: BTreeSet<Option<&NodeName>>| match Vec::from_iter(names)[..] {
        [Some(name)] if view.node(name).is_some_and(NodeView::is_live) => Some(name.clone()),
        _ => None,
    };
    let leader = one(view.live().map(|node| node.leader.as_ref()).collect());
    let deputy = one(view.live().map(|node| node.deputy.as_ref()).collect()).filter(|_| leader.is_some());
    let leads = |name: &&NodeName| {
        let stands =
            |node: &NodeView| view.settings.safety == Safety::Available || node.role == Some(Role::Leader);
        view.live().any(|node| node.name == **name && stands(node))
    };
    let followed: BTreeSet<&NodeName> =
        view.live().filter_map(|node| node.leader.as_ref()).filter(leads).collect();
    let ought = (leader, deputy, followed.len() > 1);
    let is = (view.leader.clone(), view.deputy.clone(), view.split_brain);
    if is == ought {
        Ok(())
    } else {
        Err(format!("after {} the view says {is:?} instead of {ought:?}", view.seq))
    }
}

/// The view that the events add up to agrees with the members themselves.
fn as_the_members_see_it(world: &World, view: &RingView) -> Result<(), String> {
    let agreed = world.agreed();
    let ours = (
        agreed.map(|agreed| world.name(agreed.leader)),
        agreed.and_then(|agreed| agreed.deputy).map(|deputy| world.name(deputy)),
    );
    let theirs = (view.leader.clone(), view.deputy.clone());
    if agreed.is_some() && ours != theirs {
        return Err(format!("the members agree on {ours:?}, the view shows {theirs:?}"));
    }
    Ok(())
}

fn reported_well(case: &Case) -> Result<(), String> {
    let world = case.report();
    let view = read(world.events())?;
    as_the_members_see_it(&world, &view)
}

fn all_reported_well(schedules: u32, faults: Faults, safety: Safety) {
    all_hold(schedules, faults, safety, reported_well);
}

#[test]
fn an_undisturbed_ring_is_reported_well() {
    all_reported_well(500, NOTHING, Safety::Available);
}

#[test]
fn a_ring_whose_members_die_is_reported_well() {
    all_reported_well(2000, DEATHS, Safety::Available);
}

#[test]
fn a_ring_to_which_everything_happens_is_reported_well() {
    all_reported_well(2000, EVERYTHING, Safety::Available);
    all_reported_well(1000, QUORUM, Safety::Quorum);
    all_reported_well(1000, Faults { algorithms: true, ..SETTINGS }, Safety::Available);
}

#[test]
fn the_view_counts_an_undisturbed_election_as_the_formula_does() {
    let case: Case =
        "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A".parse().expect("a case");
    let view = read(case.report().events()).expect("all is well");
    let election = view.elections.front().expect("there was one");
    assert_eq!((election.messages, election.expected), (11, Some(11)));
    assert_eq!(view.leader.map(|leader| leader.to_string()).as_deref(), Some("D"));
}

#[test]
fn a_stream_in_which_two_lead_one_term_is_found_out() {
    let case: Case = "seed 1; ring 1 2 3; uniform 50us 3000us; 20000us initiate A".parse().expect("a case");
    let mut events = case.report().events().to_vec();
    let mut second = events
        .iter()
        .rfind(|event| matches!(&event.kind, EventKind::RoleChanged { role: Role::Leader, .. }))
        .cloned()
        .expect("somebody leads");
    second.node = Some("A".parse().expect("a name"));
    events.push(second);
    let found = read(&events).expect_err("two lead");
    assert!(found.starts_with("there are never two leaders in one term"), "{found}");
}

#[test]
fn a_stream_in_which_two_lead_at_one_instant_with_a_quorum_is_found_out() {
    let case: Case = "seed 1; ring 1 2 3; quorum; uniform 50us 3000us; 20000us initiate A; 900000us kill C"
        .parse()
        .expect("a case");
    let mut events = case.report().events().to_vec();
    read(&events).expect("all is well");
    // Had C lived as long as this says, B would have led beside it.
    let death =
        events.iter().position(|event| matches!(event.kind, EventKind::Exited { .. })).expect("C dies");
    let mut death = events.remove(death);
    death.at_us = events.last().expect("an event").at_us;
    events.push(death);
    let found = read(&events).expect_err("two lead");
    assert!(found.starts_with("in quorum mode there are never two leaders at one instant"), "{found}");
}
