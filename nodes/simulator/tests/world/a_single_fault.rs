//! One fault in a ring that is at peace: no timer is needed to get over it, and a run is the same each time.

use std::time::Duration;

use ringleader_simulator::{Action, Setup, World, trace};

fn at_peace(attributes: &[u64], seed: u64) -> World {
    let mut world = World::reporting(Setup::of(attributes).seed(seed));
    world.run_for(Duration::from_millis(20));
    world.act(Action::Initiate(0));
    world.run_for(Duration::from_secs(2));
    assert!(world.agreed().is_some(), "seed {seed}\n{}", trace::draw(world.events()));
    world
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let fingerprint = |seed| {
        let mut world = at_peace(&[90, 100, 110, 120], seed);
        world.act(Action::Kill(3));
        world.run_for(Duration::from_secs(1));
        trace::fingerprint(world.events())
    };
    assert_eq!(fingerprint(7), fingerprint(7));
    assert_ne!(fingerprint(7), fingerprint(8));
}

#[test]
fn whoever_dies_the_others_agree_again_without_waiting_for_a_timer() {
    let attributes = [3, 5, 1, 4, 2, 6];
    for seed in 0..100 {
        for dead in 0..attributes.len() {
            let mut world = at_peace(&attributes, seed);
            let before = world.cost().timers;
            world.act(Action::Kill(dead));
            world.run_for(Duration::from_secs(2));
            assert!(world.agreed().is_some(), "seed {seed}, {dead} dies\n{}", trace::draw(world.events()));
            assert_eq!(
                world.cost().timers,
                before,
                "seed {seed}, {dead} dies\n{}",
                trace::draw(world.events())
            );
        }
    }
}

#[test]
fn a_member_that_returns_follows_without_a_new_election() {
    let attributes = [3, 5, 1, 4, 2, 6];
    for seed in 0..100 {
        for returns in 0..attributes.len() {
            let mut world = at_peace(&attributes, seed);
            world.act(Action::Kill(returns));
            world.run_for(Duration::from_secs(2));
            let before = world.agreed();
            world.act(Action::Start(returns));
            world.run_for(Duration::from_secs(2));
            assert_eq!(
                world.agreed(),
                before,
                "seed {seed}, {returns} returns\n{}",
                trace::draw(world.events())
            );
        }
    }
}

#[test]
fn a_leader_that_hung_follows_its_successor_when_it_goes_on() {
    for seed in 0..100 {
        let mut world = at_peace(&[90, 100, 110, 120], seed);
        world.act(Action::Pause(3));
        world.run_for(Duration::from_secs(2));
        let without = world.agreed().map(|agreed| world.name(agreed.leader).to_string());
        assert_eq!(without.as_deref(), Some("C"), "seed {seed}\n{}", trace::draw(world.events()));
        world.act(Action::Resume(3));
        world.run_for(Duration::from_secs(2));
        let with = world.agreed().map(|agreed| world.name(agreed.leader).to_string());
        assert_eq!(with.as_deref(), Some("C"), "seed {seed}\n{}", trace::draw(world.events()));
    }
}
