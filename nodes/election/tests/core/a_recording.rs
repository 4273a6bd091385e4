//! A recorded member does the same again, and a replay notices when it does not.

use std::time::Duration;

use ringleader_election::recording::{Beginning, Step, replay};
use ringleader_election::{Core, Input, Time, Timing};
use ringleader_shared::{Attribute, Contender, NodeId, RingSettings, Term};
use uuid::Uuid;

fn recorded() -> (Beginning, Vec<Step>) {
    let ring: Vec<Contender> =
        (1..=3).map(|n| Contender::new(Attribute(n), NodeId(Uuid::from_u128(n.into())))).collect();
    let id = ring[0].id;
    let mut member = Core::new(id);
    let inputs = [
        Input::Configured {
            ring: ring.into(),
            timing: Timing::default(),
            settings: RingSettings::default(),
            seed: 0,
            highest_term: Term::ZERO,
        },
        Input::Initiate,
        Input::Initiate,
    ];
    let steps = inputs.into_iter().zip(0..).map(|(input, ms)| {
        let now = Time(Duration::from_millis(ms));
        let mut effects = Vec::new();
        member.handle(now, input.clone(), &mut effects);
        Step { now, input, effects }
    });
    (Beginning { id, promise: None }, steps.collect())
}

#[test]
fn the_same_inputs_have_the_same_effects() {
    let (beginning, steps) = recorded();
    assert_eq!(replay(beginning, steps), Ok(3));
}

#[test]
fn the_first_step_that_differs_is_named() {
    let (beginning, mut steps) = recorded();
    steps[1].effects.pop();
    assert_eq!(replay(beginning, steps).expect_err("an effect is missing").place, 1);
}

#[test]
fn a_recorded_configuration_is_read_as_it_was_written_and_so_is_that_of_an_older_version() {
    let (_, steps) = recorded();
    let written = serde_json::to_string(&steps[0]).expect("a step can be written");
    assert_eq!(serde_json::from_str::<Step>(&written).expect("a step"), steps[0]);
    let older = written.replace("\"hop_delay_ms\":0,", "");
    assert_ne!(older, written);
    assert_eq!(serde_json::from_str::<Step>(&older).expect("an older step"), steps[0]);
}
