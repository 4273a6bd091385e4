//! Random cases and a property of the events of each.

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use ringleader_shared::Safety;
use ringleader_simulator::{Case, trace};

use super::{Faults, cases};

/// Plays this number of random cases with these faults. The first one whose events lack the property is
/// shrunk and printed with its events, and with the command that plays it again.
pub fn all_hold(schedules: u32, faults: Faults, safety: Safety, holds: impl Fn(&Case) -> Result<(), String>) {
    let config = Config {
        cases: schedules,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    };
    let outcome =
        TestRunner::new(config).run(&cases(faults, safety), |case| holds(&case).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => {
            let drawn = trace::draw(case.report().events());
            panic!("{reason}\nreplay: cargo xtask soak --replay '{case}'\n{drawn}");
        }
        Err(error) => panic!("{error}"),
    }
}
