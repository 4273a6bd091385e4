//! Cases that once failed, smallest form, each with its cause: they stay fixed.

use ringleader_simulator::Case;

fn is_fine(case: &str) {
    let case: Case = case.parse().expect("a case");
    if let Some(failure) = case.failure() {
        panic!("{failure}");
    }
}

/// A lap that came to a later start of its leader was passed over in silence.
#[test]
fn a_restarted_leader_says_that_it_drops_the_lap_of_its_former_start() {
    is_fine(
        "seed 12736776953589; ring 1 2 1 1 1 2; uniform 0us 100us; 20000us initiate A; 622us kill E; 1us kill F; \
         0us kill B; 0us initiate E; 0us start F; 97us initiate A",
    );
}

/// A claim that came back after it had been given up was passed over in silence.
#[test]
fn a_claimant_says_that_it_drops_a_claim_that_it_has_given_up() {
    is_fine(
        "seed 3878212578673376247; ring 1 1; quorum; uniform 50us 3000us; 20000us initiate B; 4942us sever A A; \
         0us kill A",
    );
}
