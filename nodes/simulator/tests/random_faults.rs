//! Thousands of random fault schedules: whatever is done to a ring, it is safe, and left in peace it agrees.
//!
//! A failure prints the smallest ring and schedule that fail, the seed, and the trace. `RINGLEADER_SCHEDULES=100000`
//! plays more of them.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ringleader_shared::Safety;
use ringleader_simulator::{Action, Schedule, Setup, check};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pauses {
    With,
    Without,
}

fn schedules() -> u32 {
    std::env::var("RINGLEADER_SCHEDULES").ok().and_then(|n| n.parse().ok()).unwrap_or(3000)
}

fn action(n: usize, pauses: Pauses) -> impl Strategy<Value = Action> {
    let hangs = if pauses == Pauses::With { 2 } else { 0 };
    let weighted = prop_oneof![
        3 => Just(0_u8),
        3 => Just(1),
        3 => Just(2),
        hangs => Just(3),
        hangs => Just(4),
    ];
    (weighted, 0..n).prop_map(|(what, place)| match what {
        0 => Action::Initiate(place),
        1 => Action::Kill(place),
        2 => Action::Start(place),
        3 => Action::Pause(place),
        _ => Action::Resume(place),
    })
}

/// Mostly no time at all, or about as long as a message takes; now and then as long as a timer.
fn wait() -> impl Strategy<Value = Duration> {
    prop_oneof![
        2 => Just(Duration::ZERO),
        4 => (0_u64..6_000).prop_map(Duration::from_micros),
        2 => (0_u64..50).prop_map(Duration::from_millis),
        1 => (0_u64..800).prop_map(Duration::from_millis),
    ]
}

fn ring_and_schedule(pauses: Pauses) -> impl Strategy<Value = (Setup, Schedule)> {
    (1_usize..=8).prop_flat_map(move |n| {
        let attributes = prop::collection::vec(1_u64..6, n);
        let steps = prop::collection::vec((wait(), action(n, pauses)), 0..16);
        (attributes, steps, any::<u64>(), 0..n).prop_map(|(attributes, mut steps, seed, initiator)| {
            steps.insert(0, (Duration::from_millis(20), Action::Initiate(initiator)));
            (Setup::of(&attributes).seed(seed), Schedule { steps })
        })
    })
}

fn play_random_schedules(pauses: Pauses, safety: Safety) {
    let config = Config {
        cases: schedules(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&ring_and_schedule(pauses), |(setup, schedule)| {
        check::run(setup.safety(safety), &schedule)
            .map(drop)
            .map_err(|(violation, _)| TestCaseError::fail(violation.to_string()))
    });
    let Err(failure) = outcome else { return };
    let proptest::test_runner::TestError::Fail(reason, (setup, schedule)) = failure else {
        panic!("{failure}")
    };
    let attributes: Vec<u64> = setup.members.iter().map(|member| member.attribute.0).collect();
    let seed = setup.seed;
    let told =
        check::run(setup.safety(safety), &schedule).err().map(|(_, world)| world.told()).unwrap_or_default();
    panic!("{reason}\nseed {seed}, attributes {attributes:?}\n{schedule}\n{}", last_lines(&told, 400));
}

fn last_lines(text: &str, n: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(n)..].join("\n")
}

#[test]
fn a_ring_that_is_killed_and_restarted_at_random_is_safe_and_agrees_when_left_in_peace() {
    play_random_schedules(Pauses::Without, Safety::Available);
}

#[test]
fn a_ring_that_also_hangs_at_random_agrees_when_left_in_peace() {
    play_random_schedules(Pauses::With, Safety::Available);
}

#[test]
fn with_a_quorum_never_two_lead_at_one_instant_and_a_majority_agrees_when_left_in_peace() {
    play_random_schedules(Pauses::With, Safety::Quorum);
}
