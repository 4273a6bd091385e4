//! The first finding of the model checker, within its small bounds, and that of the simulator, in random
//! schedules. The argument names a folder of `nodes/checker/mutants`: the kind of rings to search.
//!
//! In the election there is none. `cargo xtask mutants` runs this with one mutant of it after the other.
//! Prints two cells of the table in `docs/correctness.md`, and the way to each finding to standard error.

use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use ringleader_checker::suites::{
    small, small_eligibility, small_quorum, small_severed, small_without_succession,
};
use ringleader_checker::{CheckConfig, RingModel, check};
use ringleader_shared::Safety;
use ringleader_simulator::{Case, Violation};
use ringleader_testing::cases::{
    DEATHS, EVERYTHING, Faults, QUORUM, SETTINGS, cases, cuts_that_come_and_go, graphs,
};

/// A run of the checker is over long before, also on a machine that is busy.
const AT_MOST: Duration = Duration::from_secs(600);

/// Random schedules of each kind that the simulator plays.
const SCHEDULES: u32 = 2000;

/// Rings with links that come and go that the simulator plays.
const RINGS: u64 = 2000;

/// The cell for no finding.
const NOTHING: &str = "–";

fn main() {
    let suite = std::env::args().nth(1).unwrap_or_default();
    let (rings, faults, safety): (_, &[Faults], _) = match suite.as_str() {
        "general" => (small(), &[DEATHS, EVERYTHING], Safety::Available),
        "quorum" => (small_quorum(), &[QUORUM], Safety::Quorum),
        "ways" => (small_severed(), &[EVERYTHING], Safety::Available),
        "succession" => (small_without_succession(), &[SETTINGS], Safety::Available),
        "eligibility" => (small_eligibility(), &[SETTINGS], Safety::Available),
        _ => {
            panic!("`{suite}` is none of the folders of nodes/checker/mutants: add its rings and faults here")
        }
    };
    let property = rings.into_iter().find_map(found_by_checker).unwrap_or(NOTHING);
    let mut standing = graphs().chain(cuts_that_come_and_go(RINGS)).filter(|_| suite == "ways");
    let standing = standing.find_map(checked);
    let found = standing.or_else(|| faults.iter().find_map(|&faults| found_by_simulator(faults, safety)));
    if let Some((case, violation)) = &found {
        eprintln!("{}", described(case, violation));
    }
    println!("{property} | {}", found.map_or(NOTHING, |_| "caught"));
}

/// The property that is violated in this ring.
fn found_by_checker(ring: CheckConfig) -> Option<&'static str> {
    let report = check(RingModel::new(ring.clone()), 1, AT_MOST);
    let violation = report.violations.first()?;
    eprintln!("{ring}\n{violation}");
    Some(violation.property)
}

/// The first case with these faults in which something is wrong.
fn found_by_simulator(faults: Faults, safety: Safety) -> Option<(Case, Violation)> {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(1), ..Config::default() });
    let cases = cases(faults, safety);
    (0..SCHEDULES).find_map(|_| {
        let case = cases.new_tree(&mut runner).expect("a case can be drawn").current();
        checked(case)
    })
}

fn checked(case: Case) -> Option<(Case, Violation)> {
    let violation = case.check().err()?;
    Some((case, violation))
}

/// The simulator's description of a failure, which says what is wrong, how to play it again, and draws it.
fn described(case: &Case, violation: &Violation) -> String {
    let described = case.failure().expect("it fails again");
    let mut lines = described.lines();
    assert_eq!(lines.next(), Some(violation.to_string().as_str()));
    let command = lines.next().unwrap_or_default();
    let again =
        command.strip_prefix("replay: cargo xtask soak --replay '").and_then(|rest| rest.strip_suffix('\''));
    assert_eq!(again.and_then(|text| text.parse().ok()).as_ref(), Some(case), "{command}");
    assert!(lines.next().is_some_and(|line| line.trim_start().starts_with("ms")), "{described}");
    assert!(lines.any(|line| line.contains("election ")), "{described}");
    described
}
