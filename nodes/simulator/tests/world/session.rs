//! A session goes back as exactly as it goes forward.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use ringleader_shared::{Event, RingView, Safety};
use ringleader_simulator::{Action, Case, InFlight, Latency, Session, Setup, trace};

use ringleader_testing::cases::{EVERYTHING, QUORUM, cases};

/// Nothing that is planned by a random case lies beyond this.
const END: Duration = Duration::from_secs(20);

/// All that a session shows, and a number for all that comes next.
#[derive(Debug, PartialEq)]
struct Shown {
    now: Duration,
    view: RingView,
    events: Vec<Event>,
    in_flight: Vec<InFlight>,
    future: u64,
}

fn shown(session: &Session) -> Shown {
    let mut later = session.clone();
    let seq = session.seq();
    later.play_until(session.now() + Duration::from_secs(2), usize::MAX);
    let news: Vec<Event> = later.events().iter().filter(|event| event.seq > seq).cloned().collect();
    Shown {
        now: session.now(),
        view: session.view().clone(),
        events: session.events().to_vec(),
        in_flight: session.in_flight(),
        future: trace::fingerprint(&news),
    }
}

fn played(case: &Case, then: Duration) -> Session {
    let mut session = Session::of(case);
    assert!(session.play_until(then, usize::MAX));
    session
}

fn some_cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() }
}

fn any_case() -> impl Strategy<Value = Case> {
    let cases = prop_oneof![cases(EVERYTHING, Safety::Available), cases(QUORUM, Safety::Quorum)];
    (cases, any::<bool>()).prop_map(|(case, patient)| Case { setup: Setup { patient, ..case.setup }, ..case })
}

/// Times within what happens in a random case, mostly early.
fn times(most: usize) -> impl Strategy<Value = Vec<Duration>> {
    let time = prop_oneof![0_u64..100_000_000, 0_u64..5_000_000_000].prop_map(Duration::from_nanos);
    prop::collection::vec(time, 1..most)
}

#[test]
fn wherever_one_goes_it_is_as_if_one_had_played_there_the_first_time() {
    proptest!(some_cases(200), |(case in any_case(), times in times(6))| {
        let mut session = played(&case, END);
        for then in times {
            session.seek(then);
            prop_assert_eq!(session.now(), then);
            prop_assert_eq!(session.end(), END);
            prop_assert_eq!(shown(&session), shown(&played(&case, then)), "at {:?} of {}", then, case);
        }
    });
}

#[test]
fn a_step_back_undoes_a_step() {
    proptest!(some_cases(200), |(case in any_case(), then in 0_u64..2_000_000_000, steps in 1_usize..40)| {
        let mut session = played(&case, Duration::from_nanos(then));
        // From a time between two events the first step is a longer way than the step back.
        session.step();
        let mut before = vec![shown(&session)];
        for _ in 0..steps {
            if !session.step() {
                break;
            }
            before.push(shown(&session));
        }
        before.pop();
        while let Some(before) = before.pop() {
            prop_assert!(session.step_back());
            prop_assert_eq!(shown(&session), before);
        }
    });
}

#[test]
fn back_from_anywhere_the_last_event_has_not_happened_and_at_the_beginning_there_is_no_back() {
    proptest!(some_cases(50), |(case in any_case(), then in 0_u64..100_000_000)| {
        let mut session = played(&case, Duration::from_nanos(then));
        let mut before = session.seq();
        let mut quiet = before == Session::of(&case).seq();
        while session.step_back() {
            prop_assert!(session.seq() < before || std::mem::take(&mut quiet));
            before = session.seq();
        }
        prop_assert_eq!(shown(&session), shown(&Session::of(&case)));
    });
}

#[test]
fn slices_of_any_size_add_up_to_one_go() {
    proptest!(some_cases(200), |(case in any_case(), mut times in times(8), most in 1_usize..50)| {
        times.push(END);
        times.sort_unstable();
        let mut sliced = Session::of(&case);
        for then in times {
            while !sliced.play_until(then, most) {}
            prop_assert_eq!(sliced.now(), then);
        }
        prop_assert_eq!(shown(&sliced), shown(&played(&case, END)));
    });
}

/// Something that somebody does with a session.
#[derive(Debug, Clone)]
enum Move {
    Play(Duration),
    Seek(Duration),
    Step,
    StepBack,
    Act(Action),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let time = || (0_u64..400_000_000).prop_map(Duration::from_nanos);
    let actions = cases(EVERYTHING, Safety::Available).prop_filter_map("has an action", |case| {
        case.schedule.steps.last().map(|(_, action)| Move::Act(*action))
    });
    let one = prop_oneof![
        2 => time().prop_map(Move::Play),
        2 => time().prop_map(Move::Seek),
        1 => Just(Move::Step),
        1 => Just(Move::StepBack),
        1 => Just(Move::Act(Action::InitiateAll)),
        3 => actions,
    ];
    prop::collection::vec(one, 1..20)
}

#[test]
fn whatever_one_has_done_the_text_of_it_reproduces_it() {
    proptest!(some_cases(300), |(case in any_case(), moves in moves())| {
        let mut session = Session::of(&case);
        for one in moves {
            match one {
                Move::Play(time) => assert!(session.play_until(session.now() + time, usize::MAX)),
                Move::Seek(time) => session.seek(time),
                Move::Step => drop(session.step()),
                Move::StepBack => drop(session.step_back()),
                Move::Act(action) => session.act(action),
            }
        }
        session.seek(session.end());
        let end = session.end();
        let again: Case = session.case().to_string().parse().expect("a case");
        prop_assert_eq!(&again, &session.case());
        let mut again = Session::of(&again);
        assert!(again.play_until(end, usize::MAX));
        prop_assert_eq!(shown(&again), shown(&session));
        session.seek(end / 2);
        again.seek(end / 2);
        prop_assert_eq!(shown(&again), shown(&session));
    });
}

#[test]
fn a_session_reports_what_the_case_reports() {
    proptest!(some_cases(200), |(case in any_case())| {
        let reported = case.report();
        let mut session = Session::of(&case);
        let end: Duration = case.schedule.steps.iter().map(|(wait, _)| *wait).sum();
        session.play_until(end, usize::MAX);
        let seq = session.seq();
        // Once all is done, links are mended that the session leaves as they are.
        let until: Vec<Event> = reported.events().iter().take_while(|event| event.seq <= seq).cloned().collect();
        let kept = &until[until.len() - session.events().len()..];
        prop_assert_eq!(session.events(), kept);
    });
}

fn patient(n: u64) -> Session {
    // Scattered, each once.
    let attributes: Vec<u64> = (0..n).map(|place| place * 619 % n).collect();
    let mut session = Session::new(Setup::of(&attributes).seed(3));
    session.play_until(Duration::from_millis(50), usize::MAX);
    session.act(Action::Initiate(0));
    session
}

#[test]
fn a_long_run_of_a_larger_ring_is_the_same_at_every_time_however_one_gets_there() {
    const PARTS: u32 = 40;
    let mut session = patient(100);
    assert!(session.play_until(Duration::from_secs(3), usize::MAX));
    session.act(Action::Kill(99));
    for round in 0..30 {
        session.play_until(session.now() + Duration::from_millis(1500), usize::MAX);
        session.act(if round % 2 == 0 { Action::InitiateAll } else { Action::Initiate(round) });
    }
    assert!(session.play_until(session.now() + Duration::from_secs(5), usize::MAX));
    let (case, end) = (session.case(), session.end());
    assert!(session.seq().0 > 40_000, "long enough that old events are forgotten: {}", session.seq());
    let mut first_time = Session::of(&case);
    let seen: Vec<Shown> = (0..=PARTS)
        .map(|part| {
            first_time.play_until(end * part / PARTS, usize::MAX);
            shown(&first_time)
        })
        .collect();
    // In an order that jumps about, twice: the second time over the tracks of the first.
    for part in (0..2 * PARTS).map(|n| n * 29 % (PARTS + 1)) {
        session.seek(end * part / PARTS);
        assert!(seen.get(part as usize) == Some(&shown(&session)), "{part} of {PARTS} parts");
        assert_eq!(session.first_kept(), session.events().first().expect("some").seq);
    }
}

#[test]
fn another_future_leaves_nothing_of_the_one_that_was_played() {
    let mut session = patient(64);
    session.play_until(Duration::from_secs(4), usize::MAX);
    session.seek(Duration::from_millis(60));
    session.act(Action::InitiateAll);
    session.play_until(Duration::from_secs(4), usize::MAX);
    let mut fresh = Session::of(&session.case());
    for tenth in 1..=10 {
        let then = session.end() * tenth / 10;
        session.seek(then);
        fresh.play_until(then, usize::MAX);
        assert_eq!(shown(&session), shown(&fresh), "{tenth} tenths");
    }
}

#[test]
fn a_large_patient_ring_elects_its_best() {
    for n in [2, 64, 256] {
        let mut session = patient(n);
        session.play_until(Duration::from_secs(30), usize::MAX);
        let best =
            session.view().nodes.iter().max_by_key(|node| node.attribute).map(|node| node.name.clone());
        assert_eq!(session.view().leader, best);
        assert_eq!(session.view().elections.len(), 1, "one election is enough");
    }
}

#[test]
fn what_is_done_by_hand_replaces_what_was_played_and_not_what_the_case_has_in_store() {
    let case = "seed 1; ring 1 2 3; constant 1000us; 20000us initiate A; 500000us kill C; 500000us start C";
    let mut session = Session::of(&case.parse().expect("a case"));
    session.play_until(Duration::from_millis(600), usize::MAX);
    session.seek(Duration::from_millis(100));
    session.act(Action::Pause(0));
    assert_eq!(
        session.case().to_string(),
        "seed 1; ring 1 2 3; constant 1000us; 20000us initiate A; 80000us pause A; 920000us start C"
    );
    assert_eq!(session.end(), Duration::from_millis(100));
    session.play_until(Duration::from_millis(90), usize::MAX);
    assert_eq!(session.now(), Duration::from_millis(100));
}

#[test]
fn what_is_done_by_hand_is_done_at_a_time_that_a_text_can_say() {
    let mut session =
        Session::new(Setup::of(&[1, 2, 3]).latency(Latency::Constant(Duration::from_nanos(1_234_567))));
    session.play_until(Duration::from_nanos(20_000_001), usize::MAX);
    session.act(Action::Initiate(1));
    assert_eq!(session.now(), Duration::from_nanos(20_001_000));
    let text = "seed 0; ring 1 2 3; patient; constant 1234567ns; 20001us initiate B";
    assert_eq!(session.case().to_string(), text);
    assert_eq!(text.parse(), Ok(session.case()));
}

#[test]
fn a_message_is_in_flight_from_its_sending_to_its_arrival_and_doomed_before_a_cut_or_a_dead_member() {
    let setup = Setup::of(&[1, 2, 3]).latency(Latency::Constant(Duration::from_millis(2)));
    let mut session = Session::new(setup);
    session.play_until(Duration::from_millis(20), usize::MAX);
    session.act(Action::Initiate(0));
    session.play_until(Duration::from_millis(21), usize::MAX);
    let names = |flight: &InFlight| (flight.from.to_string(), flight.to.to_string(), flight.doomed);
    let flights = session.in_flight();
    assert_eq!(flights.iter().map(names).collect::<Vec<_>>(), [("A".to_owned(), "B".to_owned(), false)]);
    assert_eq!((flights[0].sent, flights[0].arrives), (Duration::from_millis(20), Duration::from_millis(22)));
    for (action, doomed) in [
        (Action::Kill(1), true),
        (Action::Cut { from: 0, to: 1 }, true),
        (Action::Cut { from: 1, to: 0 }, false),
    ] {
        let mut session = session.clone();
        session.act(action);
        assert_eq!(session.in_flight().first().map(|flight| flight.doomed), Some(doomed), "{action}");
    }
    session.play_until(Duration::from_millis(22), usize::MAX);
    assert_eq!(
        session.in_flight().iter().map(names).collect::<Vec<_>>(),
        [("B".to_owned(), "C".to_owned(), false)]
    );
}

#[test]
fn a_ring_of_which_a_dead_member_is_dialled_for_ever_has_a_last_step() {
    let mut session = patient(4);
    session.play_until(Duration::from_secs(2), usize::MAX);
    session.act(Action::Kill(0));
    let mut steps = 0;
    while session.step() {
        steps += 1;
        assert!(steps < 1000);
    }
    assert_eq!(session.end(), session.now(), "in vain it looked further");
    let before = (shown(&session), session.end());
    assert!(!session.step());
    assert_eq!((shown(&session), session.end()), before);
}

#[test]
fn what_was_planned_and_never_done_can_be_withdrawn_and_what_was_done_stays() {
    let us = Duration::from_micros;
    let case: Case =
        "ring 90 100 110 120; 5us initiate A; 5us kill D; 5us initiate B".parse().expect("a case");
    let steps = |session: &Session| session.case().schedule.steps.len();
    let mut session = Session::of(&case);
    session.play_until(us(7), usize::MAX);
    session.seek(Duration::ZERO);
    let is_election = |action: &Action| matches!(action, Action::Initiate(_));
    session.withdraw(us(14), is_election);
    assert_eq!(session.case(), case, "A was asked already, and B is asked later");
    session.withdraw(us(15), is_election);
    assert_eq!(steps(&session), 2);
    session.withdraw(us(15), |_| true);
    assert_eq!(steps(&session), 1);
}
