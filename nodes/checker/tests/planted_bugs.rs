//! The checkers are checked: each bug that can be planted in the election is caught by the model checker, by
//! the simulator, or by both, and `docs/correctness.md` says which.
//!
//! `cargo test -p ringleader-checker --features planted-bugs --test planted_bugs -- --nocapture` prints that
//! table; `RINGLEADER_BUG=TermNotRaised` makes it try that one only.

use std::fmt::Write;
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use ringleader_checker::suites::{small, small_eligibility, small_quorum, small_without_succession};
use ringleader_checker::{CheckConfig, RingModel, check};
use ringleader_election::{Bug, plant};
use ringleader_shared::Safety;
use ringleader_simulator::{Case, Violation};

use ringleader_testing::cases::{DEATHS, EVERYTHING, Faults, QUORUM, SETTINGS, cases};

/// A run of the checker is over long before, also on a machine that is busy.
const AT_MOST: Duration = Duration::from_secs(600);

/// Random schedules of each kind that the simulator plays with each bug.
const SCHEDULES: u32 = 2000;

/// The first finding of the checker: the bounds, and the property.
fn found_by_checker(bug: Bug) -> Option<(CheckConfig, &'static str)> {
    let config = if bug.is_of_quorum() {
        small_quorum()
    } else if bug.is_without_succession() {
        small_without_succession()
    } else if bug.is_of_eligibility() {
        small_eligibility()
    } else {
        small()
    };
    config.into_iter().find_map(|config| {
        let report = check(RingModel::new(config.clone()).with_bug(bug), 1, AT_MOST);
        Some((config, report.violations.first()?.property))
    })
}

/// The first case in which the simulator finds something, and what.
fn found_by_simulator(bug: Option<Bug>) -> Option<(Case, Violation)> {
    plant(bug);
    let kinds: &[(Faults, Safety)] = match bug {
        Some(bug) if bug.is_of_quorum() => &[(QUORUM, Safety::Quorum)],
        Some(bug) if bug.is_without_succession() || bug.is_of_eligibility() => {
            &[(SETTINGS, Safety::Available)]
        }
        Some(_) => &[(DEATHS, Safety::Available), (EVERYTHING, Safety::Available)],
        None => &[
            (DEATHS, Safety::Available),
            (EVERYTHING, Safety::Available),
            (QUORUM, Safety::Quorum),
            (SETTINGS, Safety::Available),
        ],
    };
    let found = kinds.iter().find_map(|&(faults, safety)| {
        let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(1), ..Config::default() });
        let cases = cases(faults, safety);
        (0..SCHEDULES).find_map(|_| {
            let case = cases.new_tree(&mut runner).expect("a case can be drawn").current();
            let violation = case.check().err()?;
            Some((case, violation))
        })
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
    let only = std::env::var("RINGLEADER_BUG").ok();
    let is_tried = |bug: &Bug| only.as_ref().is_none_or(|only| *only == format!("{bug:?}"));
    for (number, &bug) in (1..).zip(Bug::ALL).filter(|(_, bug)| is_tried(bug)) {
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
fn a_failure_says_what_is_wrong_how_to_play_it_again_and_draws_it() {
    let (case, violation) = found_by_simulator(Some(Bug::DeputyStandsStill)).expect("it is caught");
    plant(Some(Bug::DeputyStandsStill));
    let described = case.failure().expect("it fails again");
    plant(None);
    let mut lines = described.lines();
    assert_eq!(lines.next(), Some(violation.to_string().as_str()));
    let command = lines.next().unwrap_or_default();
    let again =
        command.strip_prefix("replay: cargo xtask soak --replay '").and_then(|rest| rest.strip_suffix('\''));
    assert_eq!(again.and_then(|text| text.parse().ok()), Some(case), "{command}");
    assert!(lines.next().is_some_and(|line| line.trim_start().starts_with("ms")), "{described}");
    assert!(lines.any(|line| line.contains("→ ") && line.contains("election ")), "{described}");
}

#[test]
fn without_a_bug_the_simulator_finds_nothing_in_the_same_schedules() {
    assert_eq!(found_by_simulator(None), None);
}

#[test]
fn without_a_bug_the_checker_finds_nothing_within_the_same_bounds() {
    let config = [small(), small_quorum(), small_without_succession(), small_eligibility()];
    for config in config.into_iter().flatten() {
        let report = check(RingModel::new(config.clone()), 1, AT_MOST);
        assert_eq!(report.violations, [], "{config}");
    }
}
