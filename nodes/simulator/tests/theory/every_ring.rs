//! Each algorithm keeps what it promises on every small ring and on random ones, within the bytes that it may
//! take.

use ringleader_election::classic::{self, Classic, Visitor};
use ringleader_shared::AlgorithmName;
use ringleader_simulator::algorithms::{Election, Initiators, Labels, Outcome, Pace, Settings};
use ringleader_testing::algorithms::seed;
use ringleader_testing::each_classic;
use ringleader_testing::rings::arrangements;

#[track_caller]
fn assert_kept<A: Classic<u32>>(outcome: &Outcome, described: &str) {
    if let Err(broken) = outcome.check(A::PROPERTIES) {
        panic!("{}: {broken}; {described}", A::PROPERTIES.name);
    }
}

struct EveryArrangement;

impl Visitor for EveryArrangement {
    type Output = ();

    fn visit<A: Classic<u32>>(self) {
        for n in 1..=8 {
            for labels in arrangements(n) {
                for (pace, seed) in [(Pace::Unit, 0), (Pace::Uniform, 1), (Pace::Exponential, 2)] {
                    let settings = Settings { pace, seed, ..Settings::new(n) };
                    let described = format!("labels {labels:?}, {settings:?}");
                    let outcome = Election::<A>::of(&labels, settings).run();
                    assert_kept::<A>(&outcome, &described);
                }
            }
        }
    }
}

fn every_arrangement_of_up_to_eight_members_is_decided_within_its_bound(algorithm: AlgorithmName) {
    classic::visit(algorithm.key(), EveryArrangement).unwrap();
}

struct RandomRings {
    seed: u64,
}

impl Visitor for RandomRings {
    type Output = ();

    fn visit<A: Classic<u32>>(self) {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        for _ in 0..400 {
            let settings = Settings {
                size: rng.u32(1..300),
                labels: rng.choice([Labels::Random, Labels::Worst, Labels::Alternating]).unwrap(),
                initiators: rng.choice([Initiators::All, Initiators::Some(1), Initiators::Some(5)]).unwrap(),
                pace: rng.choice([Pace::Unit, Pace::Uniform, Pace::Exponential]).unwrap(),
                seed: rng.u64(..),
            };
            let described = format!("{settings:?}");
            let outcome = Election::<A>::new(settings).run();
            assert_kept::<A>(&outcome, &described);
        }
        let settings = Settings { pace: Pace::Uniform, ..Settings::new(4096) };
        let outcome = Election::<A>::new(settings).run();
        assert_kept::<A>(&outcome, "4096 members");
    }
}

fn random_rings_whoever_starts_and_however_long_messages_take_are_decided(algorithm: AlgorithmName) {
    classic::visit(algorithm.key(), RandomRings { seed: seed(algorithm) }).unwrap();
}

fn a_member_takes_at_most_72_bytes_and_a_message_on_its_way_at_most_24(algorithm: AlgorithmName) {
    struct Sizes;
    impl Visitor for Sizes {
        type Output = ();

        fn visit<A: Classic<u32>>(self) {
            let (member, message) = (Election::<A>::BYTES_A_MEMBER, Election::<A>::BYTES_A_MESSAGE);
            println!("{}: {member} bytes a member, {message} a message", A::PROPERTIES.name);
            assert!(member <= 72, "{}: {member} bytes a member", A::PROPERTIES.name);
            assert!(message <= 24, "{}: {message} bytes a message", A::PROPERTIES.name);
        }
    }
    classic::visit(algorithm.key(), Sizes).unwrap();
}

each_classic!(
    every_arrangement_of_up_to_eight_members_is_decided_within_its_bound,
    random_rings_whoever_starts_and_however_long_messages_take_are_decided,
    a_member_takes_at_most_72_bytes_and_a_message_on_its_way_at_most_24,
);
