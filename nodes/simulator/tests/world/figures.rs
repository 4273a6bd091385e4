//! The figures that the reducer makes of the events, against what the members themselves did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ringleader_shared::event::{ElectionCause, MessageKind};
use ringleader_shared::{
    AlgorithmName, Event, EventKind, Explanation, Incarnation, NodeName, RingView, Role, Safety, Term,
};
use ringleader_simulator::{Action, Case, Schedule, Setup};

use ringleader_testing::cases::all_hold;
use ringleader_testing::cases::{DEATHS, EVERYTHING, Faults, QUORUM};

/// The start of a member.
type Start = (NodeName, Incarnation);

/// The members that initiated the election of each term by the core's own word, and had anybody to send a
/// message to or led alone.
fn initiators(events: &[Event]) -> BTreeMap<Term, BTreeSet<Start>> {
    let of = |event: &Event| event.node.clone().map(|node| (node, event.incarnation));
    let mut said: BTreeSet<(Term, Start)> = BTreeSet::new();
    let mut sent = BTreeMap::<Term, BTreeSet<Start>>::new();
    for event in events {
        let Some(start) = of(event) else { continue };
        match &event.kind {
            EventKind::Explained { explanation } => match explanation {
                Explanation::Initiating { term, .. } | Explanation::InitiatingIneligible { term } => {
                    said.insert((*term, start));
                }
                // Alone it sends nothing until a member comes back and becomes its deputy: in the same term.
                Explanation::AloneAndLeading { term, .. } if said.contains(&(*term, start.clone())) => {
                    sent.entry(*term).or_default().insert(start);
                }
                _ => {}
            },
            EventKind::Sent { message, .. } => {
                let asks = matches!(
                    message.message,
                    MessageKind::Election | MessageKind::Classic | MessageKind::RollCall
                );
                if asks && said.contains(&(message.term, start.clone())) {
                    sent.entry(message.term).or_default().insert(start);
                }
            }
            _ => {}
        }
    }
    sent
}

fn view(events: &[Event]) -> RingView {
    let mut view = RingView::empty();
    events.iter().for_each(|event| view.apply(event));
    view
}

/// Holds what the view counts against what the members said.
fn counted_well(events: &[Event]) -> Result<(), String> {
    let view = view(events);
    if view.elections.len() == ringleader_shared::view::REMEMBERED_ELECTIONS {
        return Ok(());
    }
    let mut counted = BTreeMap::<Term, usize>::new();
    for election in
        view.elections.iter().filter(|one| one.cause == ElectionCause::Election && one.messages > 0)
    {
        *counted.entry(election.term).or_default() += election.initiators as usize;
    }
    let truth: BTreeMap<Term, usize> =
        initiators(events).into_iter().map(|(term, starts)| (term, starts.len())).collect();
    // A term that a deputy took over in is shown as that, whoever else had initiated it.
    let ought = |term: &Term| truth.get(term).copied().unwrap_or(0);
    match counted.iter().find(|(term, count)| **count != ought(term)) {
        None => Ok(()),
        Some((term, count)) => Err(format!("term {term}: {count} instead of {} initiators", ought(term))),
    }
}

#[test]
fn as_many_initiators_are_counted_as_initiated_whatever_the_election() {
    for algorithm in AlgorithmName::ALL {
        for (asked, actions) in [
            (1, vec![Action::Initiate(1)]),
            (2, vec![Action::Initiate(0), Action::Initiate(2)]),
            (4, vec![Action::InitiateAll]),
        ] {
            let mut wait = Duration::from_millis(20);
            let steps = actions.into_iter().map(|action| (std::mem::take(&mut wait), action)).collect();
            let setup = Setup::of(&[100, 120, 90, 110]).seed(1).algorithm(algorithm);
            let case = Case { setup, schedule: Schedule { steps } };
            let world = case.report();
            let events = world.events();
            let election = view(events).elections.back().cloned().expect("there was one");
            assert_eq!(election.initiators, asked, "{case}");
            assert_eq!(
                initiators(events).get(&election.term).map(BTreeSet::len),
                Some(asked as usize),
                "{case}"
            );
            assert!(election.took_us.is_some(), "{case}");
        }
    }
}

/// Holds the times without a leader against what the view says of the members, event by event.
fn timed_well(events: &[Event]) -> Result<(), String> {
    let mut view = RingView::empty();
    for event in events {
        view.apply(event);
        let after = |what: String| Err(format!("after {}: {what}", event.seq));
        let leaderless = &view.leaderless;
        if leaderless.now.is_some() && leaderless.watched.is_some() {
            return after("there is a leader and there is none".to_owned());
        }
        if let Some(watched) = &leaderless.watched {
            let leads = view.node(&watched.leader).is_some_and(|node| {
                node.is_live() && node.role == Some(Role::Leader) && node.term >= watched.term
            });
            if !leads {
                return after(format!("{} does not lead term {}", watched.leader, watched.term));
            }
        }
        if let (Some(outage), Some(leader)) = (&leaderless.now, &view.leader)
            && !view.has_cuts()
            && outage.lost != *leader
        {
            return after(format!("all follow {leader}, and still {} is missed", outage.lost));
        }
        for outage in &leaderless.past {
            let adds_up = outage.took.is_some_and(|took| {
                let parts = took.noticing_us + took.waiting_us + took.electing_us;
                parts == took.total_us && outage.ended_us == Some(outage.started_us + took.total_us)
            });
            if !adds_up {
                return after(format!("{outage:?} does not add up"));
            }
        }
    }
    Ok(())
}

fn all_reported_well(
    schedules: u32,
    faults: Faults,
    safety: Safety,
    well: fn(&[Event]) -> Result<(), String>,
) {
    all_hold(schedules, faults, safety, |case| well(case.report().events()));
}

#[test]
fn initiators_are_counted_well_while_members_die_whatever_the_election() {
    all_reported_well(1_000, Faults { algorithms: true, ..DEATHS }, Safety::Available, counted_well);
    all_reported_well(500, Faults { algorithms: true, ..DEATHS }, Safety::Quorum, counted_well);
}

#[test]
fn the_times_without_a_leader_agree_with_the_members_whatever_happens() {
    all_reported_well(1_000, EVERYTHING, Safety::Available, timed_well);
    all_reported_well(500, Faults { algorithms: true, ..EVERYTHING }, Safety::Available, timed_well);
    all_reported_well(500, QUORUM, Safety::Quorum, timed_well);
}
