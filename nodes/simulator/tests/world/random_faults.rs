//! A hundred thousand random schedules of faults: whatever is done to a ring, it is safe, and left in peace
//! it agrees.
//!
//! A failure prints the smallest ring and schedule that fail, the command that plays them again, and a
//! drawing of the run. `RINGLEADER_SCHEDULES=1000000` plays more of them, `RINGLEADER_SEED=2` others.

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use ringleader_shared::Safety;
use ringleader_simulator::random;

use ringleader_testing::cases::{DEATHS, EVERYTHING, Faults, NOTHING, QUORUM, SETTINGS, cases};

fn number(variable: &str, unless_set: u32) -> u32 {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(unless_set)
}

/// Plays this share of all schedules, on all cores.
fn play(share: u32, faults: Faults, safety: Safety) {
    let schedules = number("RINGLEADER_SCHEDULES", 100_000) / share;
    let seed = number("RINGLEADER_SEED", 1);
    let threads = u32::try_from(std::thread::available_parallelism().map_or(1, usize::from)).unwrap_or(1);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let config = Config {
                cases: schedules.div_ceil(threads),
                failure_persistence: None,
                max_shrink_iters: 20_000,
                rng_seed: RngSeed::Fixed(random::derived(seed.into(), thread.into())),
                ..Config::default()
            };
            scope.spawn(move || play_some(config, faults, safety));
        }
    });
}

fn play_some(config: Config, faults: Faults, safety: Safety) {
    let played = TestRunner::new(config).run(&cases(faults, safety), |case| {
        case.check().map(drop).map_err(|violation| TestCaseError::fail(violation.to_string()))
    });
    match played {
        Ok(()) => {}
        Err(TestError::Fail(_, case)) => panic!("{}", case.failure().expect("it fails again")),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_undisturbed_election_costs_what_the_formula_says() {
    play(10, NOTHING, Safety::Available);
    play(20, NOTHING, Safety::Quorum);
}

#[test]
fn a_ring_whose_members_die_and_return_is_safe_and_agrees_when_left_in_peace() {
    play(4, DEATHS, Safety::Available);
}

#[test]
fn a_ring_with_slow_clocks_and_bad_links_is_safe_and_agrees_when_left_in_peace() {
    let faults = Faults { disturbances: true, drift: true, ..DEATHS };
    play(5, faults, Safety::Available);
}

#[test]
fn a_ring_to_which_everything_happens_agrees_when_left_in_peace() {
    play(4, EVERYTHING, Safety::Available);
}

#[test]
fn with_a_quorum_never_two_lead_at_one_instant_whatever_happens_and_a_majority_agrees() {
    play(5, QUORUM, Safety::Quorum);
}

#[test]
fn a_ring_that_holds_classic_elections_is_safe_and_agrees_when_left_in_peace() {
    play(10, Faults { algorithms: true, ..DEATHS }, Safety::Available);
    play(10, Faults { algorithms: true, ..EVERYTHING }, Safety::Available);
    play(20, Faults { algorithms: true, ..QUORUM }, Safety::Quorum);
}

#[test]
fn a_ring_with_and_without_deputies_and_with_members_that_may_not_lead_is_safe_and_agrees_when_left_in_peace()
{
    play(10, Faults { settings: true, ..DEATHS }, Safety::Available);
    play(10, SETTINGS, Safety::Available);
    play(20, Faults { settings: true, ..QUORUM }, Safety::Quorum);
    play(20, Faults { algorithms: true, ..SETTINGS }, Safety::Available);
    play(40, Faults { algorithms: true, settings: true, ..QUORUM }, Safety::Quorum);
}
