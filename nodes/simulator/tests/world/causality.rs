//! The causes of events, their cones, and answers to *why*, against vector clocks that the test computes by
//! itself.

mod clocks;
mod why;

use std::collections::BTreeSet;

use ringleader_shared::causality::{Causality, Relation};
use ringleader_shared::event::EventKind;
use ringleader_shared::explanation::Explanation;
use ringleader_shared::link::LinkEnd;
use ringleader_shared::timeline::Position;
use ringleader_shared::{Event, NodeState, RingView, Safety};
use ringleader_simulator::Case;
use ringleader_testing::cases::{EVERYTHING, Faults, QUORUM, SETTINGS, all_hold};

use self::clocks::Clocks;

/// Everything at once, with classic elections too.
const CLASSIC: Faults = Faults { algorithms: true, ..SETTINGS };

fn positions(events: &[Event]) -> impl DoubleEndedIterator<Item = Position> {
    (1..=events.len() as u64).map(Position)
}

/// Each event that is not the user's has a cause, all causes precede their effects, and effects are causes
/// turned round.
fn is_sound(case: &Case) -> Result<(), String> {
    let world = case.report();
    let events = world.events();
    let causality = Causality::of(events);
    let clocks = Clocks::of(events);
    let mut turned = BTreeSet::new();
    for at in positions(events) {
        let event = &events[at.0 as usize - 1];
        for cause in causality.causes(at) {
            if !clocks.precedes(cause, at) {
                return Err(format!("{cause:?} does not precede {at:?}: {event:?}"));
            }
            turned.insert((cause, at));
        }
        let is_receipt = matches!(event.kind, EventKind::Received { .. });
        if is_receipt && causality.outside(at) != clocks.sending(at) {
            return Err(format!("the sending of {at:?} is another: {event:?}"));
        }
        if causality.causes(at).next().is_none() && clocks.has_cause(at) {
            return Err(format!("{at:?} has no cause: {event:?}"));
        }
    }
    for at in positions(events) {
        let effects: Vec<Position> = causality.effects(at).collect();
        let expected = turned.range((at, Position(0))..(Position(at.0 + 1), Position(0)));
        let expected: BTreeSet<Position> = expected.map(|(_, effect)| *effect).collect();
        if effects.len() != expected.len() || !effects.iter().all(|effect| expected.contains(effect)) {
            return Err(format!("the effects of {at:?} are {effects:?} instead of {expected:?}"));
        }
    }
    is_exact(events, &causality)
}

/// Requests are the causes of just what members do at once when asked, and silence is that of a member that
/// hangs or is dead, or of a link with a fault, by the state of the ring at that time.
fn is_exact(events: &[Event], causality: &Causality) -> Result<(), String> {
    let mut view = RingView::empty();
    for (event, at) in events.iter().zip((1..).map(Position)) {
        let outside = causality.outside(at);
        let cause = outside.map(|outside| &events[outside.0 as usize - 1]);
        let asked = |action: &str| {
            let before = &events[..at.0 as usize - 1];
            let request = before.iter().rposition(|before| before.lamport == 0)?;
            let is_it =
                matches!(&events[request].kind, EventKind::Requested { action: it } if it.as_str() == action);
            let is_its =
                events[request..].iter().take(at.0 as usize - request).all(|it| it.node == event.node);
            (is_it && is_its && events[request].at_us == event.at_us).then_some(Position(request as u64 + 1))
        };
        let expected = match &event.kind {
            EventKind::Explained { explanation: Explanation::Initiating { .. } } => asked("initiate"),
            EventKind::Exited { .. } => asked("kill"),
            EventKind::Paused => asked("pause"),
            EventKind::Resumed => asked("resume"),
            EventKind::LinkDown { peer, cause: end, .. } if end.is_silence() => {
                // The faults of a member's links go with it, in the view.
                let is_gone = view.node(peer).is_none();
                let is_true = is_gone
                    || cause.is_none_or(|cause| match &cause.kind {
                        EventKind::Paused => {
                            view.node(peer).is_some_and(|peer| peer.state == NodeState::Paused)
                        }
                        EventKind::Exited { .. } => view.node(peer).is_some_and(|peer| peer.role.is_none()),
                        EventKind::LinkFaultChanged { from, to, fault } => view
                            .faults
                            .iter()
                            .any(|link| (&link.from, &link.to, &link.fault) == (from, to, fault)),
                        _ => false,
                    });
                if !is_true {
                    return Err(format!("{event:?} is not because of {cause:?}"));
                }
                outside
            }
            _ => outside,
        };
        // A member may initiate for another reason in the same instant, after it has answered the request.
        let is_other = matches!(event.kind, EventKind::Explained { .. }) && outside.is_none();
        if outside != expected && !is_other {
            return Err(format!("{event:?} is because of {cause:?} instead of {expected:?}"));
        }
        view.apply(event);
    }
    Ok(())
}

/// The cones of some events are what repeated single steps reach.
fn cones_are_whole(case: &Case) -> Result<(), String> {
    let world = case.report();
    let events = world.events();
    let causality = Causality::of(events);
    for at in positions(events).step_by(events.len() / 5 + 1) {
        let (past, future) = (causality.past(at), causality.future(at));
        let mut reached = vec![false; events.len() + 1];
        reached[at.0 as usize] = true;
        for other in positions(events).rev() {
            if reached[other.0 as usize] {
                causality.causes(other).for_each(|cause| reached[cause.0 as usize] = true);
            }
        }
        for other in positions(events) {
            let leads_here = causality.past(other).contains(at);
            let expected = match (reached[other.0 as usize], leads_here) {
                _ if other == at => Relation::Same,
                (true, _) => Relation::Past,
                (false, true) => Relation::Future,
                (false, false) => Relation::Concurrent,
            };
            let found = Relation::of(other, &past, &future);
            if found != expected {
                return Err(format!("{other:?} is {found:?} to {at:?} instead of {expected:?}"));
            }
        }
        let listed: Vec<Position> = past.iter().collect();
        let expected: Vec<Position> = positions(events).filter(|other| reached[other.0 as usize]).collect();
        if listed != expected || past.len() != expected.len() {
            return Err(format!("the past of {at:?} is listed as {listed:?}"));
        }
    }
    Ok(())
}

#[test]
fn causes_precede_their_effects_by_the_vector_clocks_of_the_run() {
    all_hold(3_000, EVERYTHING, Safety::Available, is_sound);
    all_hold(1_000, QUORUM, Safety::Quorum, is_sound);
    all_hold(1_000, CLASSIC, Safety::Available, is_sound);
}

#[test]
fn a_cone_is_what_steps_from_cause_to_cause_reach() {
    all_hold(60, EVERYTHING, Safety::Available, cones_are_whole);
}

#[test]
fn a_receipt_on_the_bus_before_its_sending_and_a_kill_after_its_consequences_find_their_causes() {
    let case: Case =
        "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; \
         500000us initiate B"
            .parse()
            .expect("a case");
    let world = case.report();
    // On a real ring what is asked for takes some time to have its effects.
    let earlier = |event: &Event| match event.kind {
        EventKind::Requested { .. } => Event { at_us: event.at_us - 1, ..event.clone() },
        _ => event.clone(),
    };
    let events: Vec<Event> = world.events().iter().map(earlier).collect();
    let in_order = Causality::of(&events);
    let is_late = |event: &Event| match &event.kind {
        EventKind::Sent { .. } => true,
        EventKind::Requested { action } => action.as_str() == "kill" || action.as_str() == "initiate",
        EventKind::Exited { .. } => true,
        _ => false,
    };
    // Each of these comes after up to nine events that followed it.
    let mut late: Vec<(usize, &Event)> = events.iter().enumerate().collect();
    late.sort_by_key(|(place, event)| if is_late(event) { (place + 9, 1) } else { (*place, 0) });
    let position = |place: usize| {
        Position(late.iter().position(|(other, _)| *other == place).expect("it is there") as u64 + 1)
    };
    let causality = Causality::of(late.iter().map(|(_, event)| *event));
    let mut compared = 0;
    for (place, event) in events.iter().enumerate() {
        let Some(cause) = in_order.outside(Position(place as u64 + 1)) else { continue };
        let cause_of = causality.outside(position(place));
        let expected = Some(position(cause.0 as usize - 1));
        let is_request = matches!(events[cause.0 as usize - 1].kind, EventKind::Exited { .. });
        // A link whose end is known before the death follows from the request.
        let request = expected.map(|exited| causality.outside(exited));
        assert!(
            cause_of == expected || (is_request && Some(cause_of) == request),
            "{event:?}: {cause_of:?} instead of {expected:?}"
        );
        compared += usize::from(cause_of > Some(position(place)));
    }
    assert!(compared > 10, "only {compared} causes came late");
    for at in positions(&events) {
        // As they are forgotten: the oldest at the end.
        let effects = causality.effects(at).filter(|effect| causality.outside(*effect) == Some(at));
        let effects: Vec<Position> = effects.collect();
        let expected = positions(&events).rev().filter(|other| causality.outside(*other) == Some(at));
        let after = causality.after(at);
        let expected: Vec<Position> = expected.collect();
        let (mut sorted, mut effects) = (expected, effects);
        sorted.retain(|effect| Some(*effect) != after);
        effects.retain(|effect| Some(*effect) != after);
        assert_eq!(effects, sorted, "{at:?}");
    }
}

#[test]
fn a_link_that_breaks_late_or_early_is_because_of_the_death_that_broke_it() {
    // D dies and is started again before anybody notices, and then dies once more.
    let case: Case =
        "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; \
                      0us start D; 500000us kill D"
            .parse()
            .expect("a case");
    let world = case.report();
    let events = world.events();
    let find = |kind: fn(&EventKind) -> bool| {
        let found = positions(events).zip(events).filter(|(_, event)| kind(&event.kind));
        let of_d = found.filter(|(_, event)| event.node.as_ref().is_some_and(|node| node.as_str() == "D"));
        of_d.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let deaths = find(|kind| matches!(kind, EventKind::Exited { .. }));
    let [first, second] = deaths[..] else { panic!("{deaths:?}") };
    let broken = |event: &Event| matches!(&event.kind, EventKind::LinkDown { peer, cause: LinkEnd::Broken, .. } if peer.as_str() == "D");
    let causality = Causality::of(events);
    let mut counts = [0, 0];
    for (at, event) in positions(events).zip(events).filter(|(_, event)| broken(event)) {
        let expected = if at < second { first } else { second };
        assert_eq!(causality.outside(at), Some(expected), "{event:?}");
        counts[usize::from(expected == second)] += 1;
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");

    // The same with the second death after all that followed from it, as on a live ring.
    let kills = find(|kind| matches!(kind, EventKind::Requested { action } if action.as_str() == "kill"));
    let mut late: Vec<Event> = events.to_vec();
    let exited = late.remove(second.0 as usize - 1);
    let kill = late.remove(kills[1].0 as usize - 1);
    late.extend([Event { at_us: kill.at_us - 1, ..kill }, exited]);
    let causality = Causality::of(&late);
    let request = Position(late.len() as u64 - 1);
    for (at, event) in positions(&late).zip(&late).filter(|(_, event)| broken(event)) {
        let expected = if event.seq.0 < second.0 { first } else { request };
        assert_eq!(causality.outside(at), Some(expected), "{event:?}");
    }
    assert_eq!(causality.outside(Position(late.len() as u64)), Some(request));
}

#[test]
fn what_is_forgotten_is_no_cause_and_positions_stay_what_they_are() {
    let case: Case = "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D"
        .parse()
        .expect("a case");
    let world = case.report();
    let events = world.events();
    let whole = Causality::of(events);
    let mut causality = Causality::new();
    let begin = Position(events.len() as u64 / 2);
    for (event, at) in events.iter().zip(1..) {
        causality.push(event);
        causality.forget_before(begin.min(Position(at)));
    }
    assert_eq!((causality.begin(), causality.end()), (begin, whole.end()));
    for at in positions(events) {
        let kept = |at: &Position| *at > begin;
        let of = |of: &Causality| of.causes(at).filter(kept).collect::<Vec<_>>();
        let expected = if kept(&at) { of(&whole) } else { Vec::new() };
        assert_eq!(causality.causes(at).collect::<Vec<_>>(), expected, "{at:?}");
        let effects = |of: &Causality| of.effects(at).filter(kept).collect::<Vec<_>>();
        let expected = if kept(&at) { effects(&whole) } else { Vec::new() };
        assert_eq!(causality.effects(at).collect::<Vec<_>>(), expected, "{at:?}");
    }
    assert_eq!(causality.past(begin).len(), 0, "it is not kept");
}
