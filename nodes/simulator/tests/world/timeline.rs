//! The states of a timeline are the folds of its events, however one moves in it.

use std::sync::Arc;

use ringleader_shared::timeline::{FlightChange, MarkKind, Position, SNAPSHOT_EVERY, Timeline};
use ringleader_shared::{Event, EventKind, MessageId, NodeName, RingView, Safety};
use ringleader_simulator::Case;
use ringleader_testing::cases::{EVERYTHING, QUORUM, all_hold};

fn fold(events: &[Event]) -> RingView {
    let mut view = RingView::empty();
    events.iter().for_each(|event| view.apply(event));
    view
}

fn of(events: &[Event], most: usize) -> Timeline {
    let mut timeline = Timeline::new(RingView::empty(), most);
    events.iter().for_each(|event| timeline.push(Arc::new(event.clone())));
    timeline
}

/// Positions all over a timeline, in an order that goes forwards and back.
fn jumps(events: usize) -> impl Iterator<Item = u64> {
    let places = [0, 1, 7, 3, 511, 512, 513, 5, 1_024, 600].into_iter();
    let all = events as u64 + 1;
    places.chain((1..24).map(move |n| n * 7_919)).map(move |place| place % all)
}

/// The events that are not later than this on a timeline.
fn before_time(events: &[Event], at_us: u64) -> &[Event] {
    let mut latest = 0;
    let until = events.iter().position(|event| {
        latest = event.at_us.max(latest);
        latest > at_us
    });
    &events[..until.unwrap_or(events.len())]
}

fn departs(event: &Arc<Event>) -> Option<MessageId> {
    match &event.kind {
        EventKind::Sent { message, .. } => Some(message.id.clone()),
        _ => None,
    }
}

/// The messages that were sent and have not ended, by a search through all events.
fn in_transit(events: &[Event]) -> Vec<MessageId> {
    let mut flying: Vec<(MessageId, NodeName, NodeName)> = Vec::new();
    for change in events.iter().filter_map(FlightChange::of) {
        match change {
            FlightChange::Departs { message, from, to, .. } => {
                flying.push((message.id.clone(), from.clone(), to.clone()));
            }
            FlightChange::Arrives { message, .. } | FlightChange::Lost(message) => {
                flying.retain(|(id, ..)| *id != message.id);
            }
            FlightChange::LinkGone(a, b) => flying.retain(|(_, from, to)| (from, to) != (a, b)),
            FlightChange::NodeGone(gone) => flying.retain(|(_, from, to)| from != gone && to != gone),
            FlightChange::NewRun => flying.clear(),
        }
    }
    flying.into_iter().map(|(id, ..)| id).collect()
}

fn is_same(one: &Timeline, other: &Timeline) -> bool {
    let flights = |timeline: &Timeline| {
        let times = (0..20).map(|part| timeline.now_us() * part / 20);
        times
            .map(|at_us| timeline.flights_at(at_us).map(|(it, _)| it).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    one.end() == other.end()
        && one.now_us() == other.now_us()
        && one.now() == other.now()
        && one.marks().eq(other.marks())
        && one.lanes() == other.lanes()
        && one.row_ends() == other.row_ends()
        && flights(one) == flights(other)
}

/// Whether the messages of the stretch after a position are those in transit there and those sent in it.
fn stretch(events: &[Event], timeline: &Timeline, from: Position) -> Result<(), String> {
    let to = Position((from.0 + 100).min(timeline.end().0));
    let within = &events[from.0 as usize..to.0 as usize];
    let sent = within.iter().filter_map(|event| departs(&Arc::new(event.clone())));
    let expected: Vec<MessageId> = in_transit(&events[..from.0 as usize]).into_iter().chain(sent).collect();
    let flights: Vec<_> = timeline.flights_between(from, to).collect();
    let found: Vec<MessageId> =
        flights.iter().filter_map(|flight| departs(timeline.event_before(flight.sent)?)).collect();
    if found != expected {
        return Err(format!("from {from:?} to {to:?} there are {found:?} instead of {expected:?}"));
    }
    for flight in &flights {
        let sender = timeline.event_before(flight.sent).and_then(|event| event.node.as_ref());
        let lane = timeline.lanes().get(flight.from as usize).map(|lane| lane.name());
        if sender != lane {
            return Err(format!("a message of {sender:?} is in the lane of {lane:?}"));
        }
    }
    Ok(())
}

/// Whether the lanes have the states, roles and terms that the nodes have in the view.
fn lives(timeline: &Timeline, view: &RingView, at: Position) -> Result<(), String> {
    for lane in timeline.lanes() {
        let node = view.node(lane.name());
        let turn = lane.at(at);
        let shown = turn.and_then(|turn| Some((turn.state?, turn.role, turn.term)));
        let expected = node.map(|node| (node.state, node.role, node.term));
        if shown != expected {
            return Err(format!("at {at:?} {} is {shown:?} instead of {expected:?}", lane.name()));
        }
    }
    let row = timeline.rows_until(at);
    match timeline.position_of_row(row) {
        Some(position) if position > at => Err(format!("row {row} is after {at:?}")),
        None if row > 0 => Err(format!("row {row} is nowhere")),
        _ => Ok(()),
    }
}

fn exact(case: &Case) -> Result<(), String> {
    let world = case.report();
    let events = world.events();
    let timeline = of(events, usize::MAX / 2);
    let mut moment = timeline.at(Position(0));
    for place in jumps(events.len()) {
        timeline.seek(&mut moment, Position(place));
        let before = &events[..place as usize];
        if *moment.view() != fold(before) {
            return Err(format!("at {place} of {} the state is another", events.len()));
        }
        let at_us = timeline.time_at(Position(place));
        let expected = before.iter().map(|event| event.at_us).max();
        if expected.is_some_and(|expected| expected != at_us) {
            return Err(format!("at {place} the time is {at_us} instead of {expected:?}"));
        }
        if timeline.position_at(at_us) < Position(place) {
            return Err(format!("{at_us} is before {place}"));
        }
        let naive = in_transit(before_time(events, at_us));
        let shown: Vec<MessageId> =
            timeline.flights_at(at_us).filter_map(|(_, sent)| departs(sent)).collect();
        if shown != naive {
            return Err(format!("at {at_us} µs {shown:?} are in transit instead of {naive:?}"));
        }
        stretch(events, &timeline, Position(place))?;
        lives(&timeline, moment.view(), Position(place))?;
        let mut again = timeline.clone();
        again.forget_after(Position(place), moment.view());
        if again.end() != Position(place) || again.now() != moment.view() {
            return Err(format!("after {place} something is not forgotten"));
        }
        events[place as usize..].iter().for_each(|event| again.push(Arc::new(event.clone())));
        if !is_same(&timeline, &again) {
            return Err(format!("the events after {place} make another timeline the second time"));
        }
    }
    let end_us = timeline.now_us() + 1;
    let counted: u64 = timeline.density(0, end_us, 97).iter().sum();
    if counted != events.len() as u64 {
        return Err(format!("{counted} of {} events are drawn", events.len()));
    }
    Ok(())
}

#[test]
fn the_state_at_any_position_is_the_fold_of_all_events_up_to_it() {
    all_hold(200, EVERYTHING, Safety::Available, exact);
    all_hold(100, QUORUM, Safety::Quorum, exact);
}

#[test]
fn old_events_are_dropped_and_positions_stay_what_they_are() {
    let case: Case = "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; \
                      500000us start D; 0us initiate B; 500000us kill D; 500000us start D; 0us initiate C; \
                      500000us kill C; 500000us start C; 0us initiate A; 500000us initiate B; 500000us initiate C; \
                      500000us initiate D; 500000us initiate A; 500000us initiate B; 500000us initiate C"
        .parse()
        .expect("a case");
    let world = case.report();
    let once = world.events();
    let events: Vec<Event> =
        std::iter::repeat_n(once, 1 + 4 * SNAPSHOT_EVERY / once.len()).flatten().cloned().collect();
    let timeline = of(&events, SNAPSHOT_EVERY);
    let kept = timeline.end().0 - timeline.begin().0;
    assert!((SNAPSHOT_EVERY as u64..2 * SNAPSHOT_EVERY as u64).contains(&kept), "{kept}");
    assert_eq!(timeline.end(), Position(events.len() as u64));
    for place in [timeline.begin().0, timeline.begin().0 + 100, timeline.end().0] {
        assert_eq!(*timeline.at(Position(place)).view(), fold(&events[..place as usize]), "at {place}");
    }
    assert_eq!(timeline.at(Position(0)).position(), timeline.begin(), "the nearest that is kept");
    assert!(timeline.marks().all(|mark| mark.position > timeline.begin()));
}

#[test]
fn without_states_a_moment_is_the_same_and_an_arrival_may_be_reported_before_its_sending() {
    let case: Case = "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D"
        .parse()
        .expect("a case");
    let world = case.report();
    let mut events = world.events().to_vec();
    let mut slim = Timeline::without_states(RingView::empty(), usize::MAX / 2);
    events.iter().for_each(|event| slim.push(Arc::new(event.clone())));
    for place in [0, 10, 40, events.len() as u64] {
        assert_eq!(*slim.at(Position(place)).view(), fold(&events[..place as usize]), "at {place}");
    }
    let arrives = |id: &MessageId| {
        let is_it =
            |event: &Event| matches!(&event.kind, EventKind::Received { message, .. } if message.id == *id);
        events.iter().position(is_it)
    };
    let sent =
        events.iter().position(|event| departs(&Arc::new(event.clone())).is_some()).expect("one is sent");
    let id = departs(&Arc::new(events[sent].clone())).expect("one is sent");
    let received = arrives(&id).expect("it arrives");
    events.swap(sent, received);
    let timeline = of(&events, usize::MAX / 2);
    let all = timeline.flights_between(Position(0), timeline.end());
    let flight =
        all.into_iter().find(|flight| flight.sent == Position(received as u64 + 1)).expect("it flies");
    assert_eq!(flight.ended, Some(Position(sent as u64 + 1)));
    assert!(!flight.lost && flight.ended_us > flight.sent_us);
}

#[test]
fn marks_are_where_people_look() {
    let case: Case =
        "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; \
                      500000us start D; 500000us cut A B; 900000us mend A B"
            .parse()
            .expect("a case");
    let world = case.report();
    let timeline = of(world.events(), usize::MAX / 2);
    let kinds: Vec<MarkKind> = timeline.marks().map(|mark| mark.kind).collect();
    for kind in [
        MarkKind::Run,
        MarkKind::Elected,
        MarkKind::Death,
        MarkKind::Takeover,
        MarkKind::Start,
        MarkKind::Fault,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} is missing in {kinds:?}");
    }
    let death = timeline.marks().find(|mark| mark.kind == MarkKind::Death).expect("D dies");
    assert_eq!(death.node.as_ref().map(ToString::to_string).as_deref(), Some("D"));
    let after = timeline.mark_after(death.position).expect("there is more");
    assert_eq!(timeline.mark_before(after.position), Some(death));
}

#[test]
fn a_split_brain_is_marked_when_it_lasts_and_not_in_a_takeover() {
    let marks = |case: &str| {
        let case: Case = case.parse().expect("a case");
        let timeline = of(case.report().events(), usize::MAX / 2);
        timeline.marks().filter(|mark| mark.kind == MarkKind::SplitBrain).count()
    };
    let elected = "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; ";
    assert_eq!(marks(&format!("{elected}500000us kill D; 2000000us start D")), 0);
    let parted = "500000us cut A C; 0us cut C A; 0us cut A D; 0us cut D A; 0us cut B C; 0us cut C B; 0us cut B D; \
                  0us cut D B; 5000000us initiate A";
    assert!(marks(&format!("{elected}{parted}")) >= 1);
}
