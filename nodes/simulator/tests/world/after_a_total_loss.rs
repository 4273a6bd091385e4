//! All members die, some start again: a leader comes by itself, in a term above all that were reached before.

use std::time::Duration;

use proptest::prelude::*;
use ringleader_shared::{AlgorithmName, Safety};
use ringleader_simulator::{Action, Case, Schedule, Setup};

/// Plays it, and says how the ring stands in the end.
#[track_caller]
fn played(case: &Case) -> ringleader_simulator::World {
    match case.check() {
        Ok(played) => played.world,
        Err(_) => panic!("{}", case.failure().unwrap_or_else(|| format!("replay: {case}"))),
    }
}

#[track_caller]
fn leads_again(case: &Case, alive: usize) {
    let world = played(case);
    let leads = world.agreed().is_some() && world.live().count() == alive;
    let newer = world.live().all(|(core, _)| core.term() > world.outlived_term());
    assert!(leads && newer, "nobody leads again: cargo xtask soak --replay '{case}'");
}

#[test]
fn every_algorithm_in_both_modes() {
    for safety in [Safety::Available, Safety::Quorum] {
        for algorithm in AlgorithmName::ALL {
            let setup = Setup::of(&[90, 100, 110, 120]).seed(1).safety(safety).algorithm(algorithm);
            let ms = Duration::from_millis;
            let mut steps = vec![(ms(20), Action::Initiate(0)), (ms(2000), Action::Kill(0))];
            steps.extend((1..4).map(|place| (ms(0), Action::Kill(place))));
            steps.push((ms(300), Action::Start(0)));
            steps.extend((1..4).map(|place| (ms(1), Action::Start(place))));
            leads_again(&Case { setup, schedule: Schedule { steps } }, 4);
        }
    }
}

#[test]
fn a_member_that_hung_through_the_first_election_leads_when_it_is_the_last_one() {
    for case in [
        "seed 1; ring 4 3 2 1; uniform 50us 3000us; 20000us pause A; 400000us initiate B; 100000us kill B; 0us kill C; \
         0us kill D; 1000us resume A",
        // The initiator hangs before it is heard.
        "seed 1; ring 4 3; uniform 50us 3000us; 20000us kill B; 50000us initiate A; 1000us kill A; 0us start B",
        "seed 1; ring 4 3; uniform 50us 3000us; 20000us initiate A; 0us pause A",
    ] {
        leads_again(&case.parse().expect("a case"), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_starts_again_and_when(
        attributes in prop::collection::vec(1_u64..6, 1..=6),
        seed in any::<u64>(),
        algorithm in prop::sample::select(AlgorithmName::ALL.to_vec()),
        deaths in prop::collection::vec(0_u64..9_000, 6),
        starts in prop::collection::vec((0_usize..6, 0_u64..400_000), 1..8),
        settled in any::<bool>(),
    ) {
        let n = attributes.len();
        let us = Duration::from_micros;
        let mut steps = vec![(us(20_000), Action::Initiate(0))];
        steps.push((us(if settled { 500_000 } else { 0 }), Action::InitiateAll));
        steps.extend((0..n).map(|place| (us(deaths[place]), Action::Kill(place))));
        steps.extend(starts.iter().map(|(place, wait)| (us(*wait), Action::Start(*place % n))));
        let mut alive: Vec<usize> = starts.iter().map(|(place, _)| *place % n).collect();
        alive.sort_unstable();
        alive.dedup();
        let setup = Setup::of(&attributes).seed(seed).algorithm(algorithm);
        leads_again(&Case { setup, schedule: Schedule { steps } }, alive.len());
    }
}
