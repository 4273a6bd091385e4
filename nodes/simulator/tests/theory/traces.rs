//! A run step by step, and written down, is the very run that is counted.

use ringleader_election::classic::{self, Classic, Visitor};
use ringleader_shared::{AlgorithmName, RingMessage};
use ringleader_simulator::algorithms::watch::{self, Cause, Message};
use ringleader_simulator::algorithms::{Election, Initiators, MaxRingElection, Outcome, Pace, Settings};
use ringleader_testing::each_classic;

fn it_goes_the_same_way_step_by_step_and_at_a_stretch(algorithm: AlgorithmName) {
    struct BothWays;
    impl Visitor for BothWays {
        type Output = ();

        fn visit<A: Classic<u32>>(self) {
            for pace in [Pace::Unit, Pace::Uniform, Pace::Exponential] {
                let settings = Settings { pace, seed: 5, ..Settings::new(200) };
                let mut steps = Election::<A>::new(settings);
                while steps.step() {}
                assert_eq!(
                    steps.outcome(),
                    Election::<A>::new(settings).run(),
                    "{} {settings:?}",
                    A::PROPERTIES.name
                );
            }
        }
    }
    classic::visit(algorithm.key(), BothWays).unwrap();
}

/// Counts what a trace shows, and compares it with the run that is only counted.
fn assert_traced(outcome: &Outcome, traced: &Outcome, steps: &[watch::Step], what: &str) {
    assert_eq!(outcome, traced, "{what}: the run is the same one");
    let sent: Vec<_> = steps.iter().flat_map(|step| &step.sent).collect();
    assert!(sent.iter().map(|sent| sent.number).eq(1..=outcome.hops()), "{what}: every message, in order");
    let mut received: Vec<u64> = steps
        .iter()
        .filter_map(|step| match step.cause {
            Cause::Receives { number, message, .. } => {
                let sent = sent[usize::try_from(number).unwrap() - 1];
                assert_eq!((sent.to, sent.message), (step.member, message), "{what}: message {number}");
                Some(number)
            }
            Cause::Starts => None,
        })
        .collect();
    received.sort_unstable();
    assert!(received.into_iter().eq(1..=outcome.hops()), "{what}: each arrives once");
    let starts = steps.iter().filter(|step| step.cause == Cause::Starts).count();
    assert_eq!(starts, outcome.starters().count(), "{what}");
    let learnt = steps.iter().filter(|step| step.learnt.is_some()).count();
    assert_eq!(learnt, outcome.informed as usize, "{what}: who learns it");
    let announcing = sent.iter().filter(|sent| match sent.message {
        Message::Result { .. } => true,
        Message::MaxRing(message) => matches!(message, RingMessage::Elected(_)),
        Message::Classic(_) => false,
    });
    assert_eq!(announcing.count() as u64, outcome.announced, "{what}: what announces the result");
}

fn a_trace_shows_every_message_of_the_very_run_that_is_counted(algorithm: AlgorithmName) {
    struct Traced;
    impl Visitor for Traced {
        type Output = ();

        fn visit<A: Classic<u32>>(self) {
            for initiators in [Initiators::All, Initiators::Some(3)] {
                for pace in [Pace::Unit, Pace::Uniform, Pace::Exponential] {
                    let settings = Settings { pace, seed: 5, initiators, ..Settings::new(40) };
                    let what = format!("{} {settings:?}", A::PROPERTIES.name);
                    let outcome = Election::<A>::new(settings).run();
                    let (traced, steps) = Election::<A>::traced(settings, outcome.hops()).unwrap();
                    assert_traced(&outcome, &traced, &steps, &what);
                    let too_long = Election::<A>::traced(settings, outcome.hops() - 1);
                    assert_eq!(too_long.unwrap_err().most, outcome.hops() - 1, "{what}");
                }
            }
        }
    }
    classic::visit(algorithm.key(), Traced).unwrap();
}

#[test]
fn max_ring_is_traced_like_the_others() {
    for pace in [Pace::Unit, Pace::Uniform, Pace::Exponential] {
        let settings = Settings { pace, seed: 5, ..Settings::new(40) };
        let outcome = MaxRingElection::new(settings).run();
        let (traced, steps) = MaxRingElection::traced(settings, outcome.hops()).unwrap();
        assert_traced(&outcome, &traced, &steps, "max-ring");
        assert!(MaxRingElection::traced(settings, outcome.hops() - 1).is_err());
    }
}

each_classic!(
    it_goes_the_same_way_step_by_step_and_at_a_stretch,
    a_trace_shows_every_message_of_the_very_run_that_is_counted,
);
