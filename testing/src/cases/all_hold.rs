//! Random cases held against what the events of each must show.

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use ringleader_shared::Safety;
use ringleader_simulator::{Case, trace};

use super::{Faults, cases};

/// Plays so many random cases with these faults. The first one that does not hold is shrunk and printed with
/// its events, and with the command that plays it again.
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
