//! Every schedule of small rings: no property is violated, and the properties are asked of something.

use std::time::Duration;

use ringleader_checker::suites::{
    small, small_classic, small_eligibility, small_quorum, small_severed, small_without_succession,
};
use ringleader_checker::{CheckConfig, Report, RingModel, check};
use ringleader_shared::Safety;

/// Far more than it takes: a machine that is busy must not fail the test.
const AT_MOST: Duration = Duration::from_secs(600);

fn exhausted(config: &CheckConfig) -> Report {
    let report = check(RingModel::new(config.clone()), 1, AT_MOST);
    println!("{config}: {} states, depth {}, {:.1?}", report.states, report.depth, report.took);
    let violations: String = report.violations.iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{config}\n{violations}");
    assert!(report.is_exhaustive, "{config} takes too long");
    report
}

#[test]
fn nothing_that_can_happen_to_a_small_ring_violates_a_property() {
    for config in small().into_iter().chain(small_quorum()) {
        exhausted(&config);
    }
}

#[test]
fn nothing_that_can_happen_to_a_small_ring_with_pairs_that_were_severed_violates_a_property() {
    for config in small_severed() {
        exhausted(&config);
    }
}

#[test]
fn nothing_that_can_happen_to_a_small_ring_without_succession_violates_a_property() {
    for config in small_without_succession() {
        let report = exhausted(&config);
        // In quorum mode what is left of a ring may have no majority.
        let asks = report.some_agree || config.settings.safety == Safety::Quorum;
        assert!(asks, "{config} asks nothing");
    }
}

#[test]
fn nothing_that_can_happen_to_a_small_ring_with_members_that_may_not_lead_violates_a_property() {
    for config in small_eligibility() {
        assert!(exhausted(&config).some_agree, "{config} asks nothing");
    }
}

#[test]
fn nothing_that_can_happen_to_a_ring_that_holds_a_classic_election_violates_a_property() {
    for config in small_classic() {
        assert!(exhausted(&config).some_agree, "{config} asks nothing");
    }
}

#[test]
fn the_same_bounds_always_have_the_same_states() {
    for config in small().into_iter().take(5) {
        let of = |threads| check(RingModel::new(config.clone()), threads, AT_MOST).states;
        assert_eq!(of(1), of(2), "{config}");
    }
}
