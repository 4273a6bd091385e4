//! Every schedule of small rings that hold a classic election and live: members die, come back, and initiate at the same time.

use std::time::Duration;

use ringleader_checker::bounds::small_classic;
use ringleader_checker::{Report, RingModel, check};

/// Far more than it takes: a machine that is busy must not fail the test.
const AT_MOST: Duration = Duration::from_secs(600);

#[test]
fn nothing_that_can_happen_to_a_ring_that_holds_a_classic_election_violates_a_property() {
    for bounds in small_classic() {
        let Report { states, depth, took, is_exhaustive, some_agree, violations, .. } =
            &check(RingModel::new(bounds.clone()), 1, AT_MOST);
        println!("{bounds}: {states} states, depth {depth}, {took:.1?}");
        assert!(
            violations.is_empty(),
            "{bounds}\n{}",
            violations.iter().map(ToString::to_string).collect::<String>()
        );
        assert!(*is_exhaustive && *some_agree, "{bounds} takes too long, or asks nothing");
    }
}
