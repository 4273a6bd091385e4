//! The checkers are checked: each bug that can be planted in the election is caught by the model checker, by the simulator, or
//! by both, and `docs/correctness.md` says which.
//!
//! `cargo test -p ringleader-checker --features planted-bugs --test planted_bugs -- --nocapture` prints that table.

use std::fmt::Write;
use std::time::Duration;

use ringleader_checker::bounds::{small, small_quorum};
use ringleader_checker::{Bounds, RingModel, check};
use ringleader_election::{Bug, plant};
use ringleader_shared::Safety;
use ringleader_simulator::{Action, Schedule, Setup};

/// A run of the checker is over long before, also on a machine that is busy.
const AT_MOST: Duration = Duration::from_secs(600);

/// Random schedules that the simulator plays with each bug.
const SCHEDULES: u64 = 400;

/// A random ring and what is done to it, from its seed. Every other one has pauses.
fn schedule(seed: u64) -> (Setup, Schedule) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let n = rng.usize(1..=6);
    let attributes: Vec<u64> = (0..n).map(|_| rng.u64(1..6)).collect();
    let kinds = if seed.is_multiple_of(2) { 3 } else { 5 };
    let mut steps = vec![(Duration::from_millis(20), Action::Initiate(rng.usize(..n)))];
    for _ in 0..rng.usize(0..12) {
        let wait = match rng.u8(0..4) {
            0 => Duration::ZERO,
            1 | 2 => Duration::from_micros(rng.u64(0..6_000)),
            _ => Duration::from_millis(rng.u64(0..800)),
        };
        let place = rng.usize(..n);
        let action = match rng.u8(0..kinds) {
            0 => Action::Initiate(place),
            1 => Action::Kill(place),
            2 => Action::Start(place),
            3 => Action::Pause(place),
            _ => Action::Resume(place),
        };
        steps.push((wait, action));
    }
    (Setup::of(&attributes).seed(seed), Schedule { steps })
}

/// What the checker finds first: the bounds, and the property.
fn found_by_checker(bug: Bug) -> Option<(Bounds, &'static str)> {
    let bounds = if bug.is_of_quorum() { small_quorum() } else { small() };
    bounds.into_iter().find_map(|bounds| {
        let report = check(RingModel::new(bounds.clone()).with_bug(bug), 1, AT_MOST);
        Some((bounds, report.violations.first()?.property))
    })
}

/// The first seed with which the simulator finds something, and what.
fn found_by_simulator(bug: Option<Bug>) -> Option<(u64, String)> {
    plant(bug);
    let (schedules, safety) = match bug {
        Some(bug) if bug.is_of_quorum() => (SCHEDULES * 10, Safety::Quorum),
        _ => (SCHEDULES, Safety::Available),
    };
    let found = (0..schedules).find_map(|seed| {
        let (setup, schedule) = schedule(seed);
        let setup = setup.safety(safety);
        let (violation, _) = ringleader_simulator::check::run(setup, &schedule).err()?;
        Some((seed, violation.to_string()))
    });
    plant(None);
    found
}

#[test]
fn every_planted_bug_is_caught_as_the_table_says() {
    let documented =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/correctness.md"));
    let documented = documented.unwrap_or_default();
    let mut table = String::new();
    let mut wrong = Vec::new();
    for (number, &bug) in (1..).zip(Bug::ALL) {
        let checker = found_by_checker(bug);
        let simulator = found_by_simulator(Some(bug));
        let says = checker.as_ref().map_or("–", |(_, property)| property);
        let seed = simulator.as_ref().map_or("–".to_owned(), |_| "caught".to_owned());
        let row = format!("| {number} | {} | {says} | {seed} |", bug.sentence());
        if checker.is_none() && simulator.is_none() {
            wrong.push(format!("{bug:?} is caught by nobody"));
        }
        if !documented.contains(&row) {
            wrong.push(format!("docs/correctness.md does not say of {bug:?}: {row}"));
        }
        // Writing to a String can't fail.
        let _ = writeln!(table, "{row}");
        eprintln!("{bug:?}: {checker:?}, {simulator:?}");
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_a_bug_the_simulator_finds_nothing_in_the_same_schedules() {
    assert_eq!(found_by_simulator(None), None);
}

#[test]
fn without_a_bug_the_checker_finds_nothing_within_the_same_bounds() {
    for bounds in small().into_iter().chain(small_quorum()) {
        let report = check(RingModel::new(bounds.clone()), 1, AT_MOST);
        assert_eq!(report.violations, [], "{bounds}");
    }
}
