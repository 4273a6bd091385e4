//! Links that fail between members that live, and stay so: whatever still connects, elects.

use std::time::Duration;

use ringleader_shared::Safety;
use ringleader_simulator::{Action, Setup, World};

#[test]
fn one() {
    for safety in [Safety::Available, Safety::Quorum] {
        let mut world = World::reporting(Setup::of(&[90, 100, 110, 120]).safety(safety));
        world.act(Action::Initiate(0));
        world.run_for(Duration::from_secs(1));
        let before = world.agreed();
        println!("{before:?} term {}", world.highest_term());
        world.act(Action::Sever { one: 2, other: 3 });
        let seen = world.events().len();
        world.run_for(Duration::from_secs(10));
        for event in &world.events()[seen..] {
            println!("{:?} {:?} {:?}", event.at_us, event.node.as_ref().map(|n|n.to_string()), event.kind);
        }
        println!("{:?} term {} {:?}", world.agreed(), world.highest_term(), world.cost());
    }
}
