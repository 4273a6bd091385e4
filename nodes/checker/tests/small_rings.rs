//! Every schedule of small rings: no property is violated, and the properties are asked of something.

use std::time::Duration;

use ringleader_checker::bounds::{
    small, small_classic, small_eligibility, small_quorum, small_without_succession,
};
use ringleader_checker::{Bounds, Report, RingModel, check};
use ringleader_shared::Safety;

/// Far more than it takes: a machine that is busy must not fail the test.
const AT_MOST: Duration = Duration::from_secs(600);

fn exhausted(bounds: &Bounds) -> Report {
    let report = check(RingModel::new(bounds.clone()), 1, AT_MOST);
    println!("{bounds}: {} states, depth {}, {:.1?}", report.states, report.depth, report.took);
    let violations: String = report.violations.iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{bounds}\n{violations}");
    assert!(report.is_exhaustive, "{bounds} takes too long");
    report
}

#[test]
fn nothing_that_can_happen_to_a_small_ring_violates_a_property() {
    for bounds in small().into_iter().chain(small_quorum()) {
        exhausted(&bounds);
    }
}

#[test]
fn nothing_that_can_happen_to_a_small_ring_without_succession_violates_a_property() {
    for bounds in small_without_succession() {
        let report = exhausted(&bounds);
        // In quorum mode what is left of a ring may have no majority.
        let asks = report.some_agree || bounds.settings.safety == Safety::Quorum;
        assert!(asks, "{bounds} asks nothing");
    }
}

#[test]
fn nothing_that_can_happen_to_a_small_ring_with_members_that_may_not_lead_violates_a_property() {
    for bounds in small_eligibility() {
        assert!(exhausted(&bounds).some_agree, "{bounds} asks nothing");
    }
}

#[test]
fn nothing_that_can_happen_to_a_ring_that_holds_a_classic_election_violates_a_property() {
    for bounds in small_classic() {
        assert!(exhausted(&bounds).some_agree, "{bounds} asks nothing");
    }
}

#[test]
fn the_same_bounds_always_have_the_same_states() {
    for bounds in small().into_iter().take(5) {
        let of = |threads| check(RingModel::new(bounds.clone()), threads, AT_MOST).states;
        assert_eq!(of(1), of(2), "{bounds}");
    }
}
