//! Links that fail between members that live, and stay so: whatever still connects, elects.

use std::time::Duration;

use ringleader_election::Time;
use ringleader_shared::Safety;
use ringleader_simulator::{Action, Setup, World};

/// Within so long of the last fault each part has its leader.
const WITHIN: Duration = Duration::from_secs(6);

/// The time for which it must stay so.
const STAYS: Duration = Duration::from_secs(5);

/// Elects, breaks links, and looks. Returns after how long each part had its leader, and how many terms that
/// took.
fn broken(setup: Setup, faults: &[Action]) -> Result<(Duration, u64), String> {
    let n = setup.members.len();
    let mut world = World::reporting(setup);
    world.act(Action::Initiate(0));
    world.run_for(Duration::from_secs(2));
    assert!(world.agreed().is_some(), "it elects while nothing is broken");
    let before = world.highest_term();
    for fault in faults {
        world.act(*fault);
    }
    let parts = world.parts();
    let began = world.now();
    let all = |world: &World| parts.iter().map(|part| world.agreement_of(part)).collect::<Option<Vec<_>>>();
    // A pause is noticed after a while only.
    world.run_for(Duration::from_millis(500));
    let mut settled = world.now();
    let mut agreement = all(&world);
    let end = Time(began.0 + WITHIN);
    while world.step_until(end) {
        let now = all(&world);
        if now != agreement {
            (agreement, settled) = (now, world.now());
        }
    }
    let Some(agreement) = agreement else {
        return Err(format!("no agreement of {} parts of {n} in {WITHIN:?}", parts.len()));
    };
    let term = world.highest_term();
    while world.step_until(Time(end.0 + STAYS)) {
        if all(&world).as_ref() != Some(&agreement) {
            return Err(format!("it did not stay, at {:?}", world.now().since(began)));
        }
    }
    let raised = world.highest_term().0 - before.0;
    if world.highest_term() > term {
        return Err(format!("terms grow: {term} and then {}", world.highest_term()));
    }
    Ok((settled.since(began), raised))
}

/// The cuts of one graph on four members, a bit for each direction.
fn cuts(graph: u32) -> Vec<Action> {
    let pairs = (0..4).flat_map(|from| (0..4).filter(move |to| *to != from).map(move |to| (from, to)));
    pairs
        .enumerate()
        .filter(|(bit, _)| graph >> bit & 1 == 1)
        .map(|(_, (from, to))| Action::Cut { from, to })
        .collect()
}

#[test]
fn one() {
    let graph: u32 = std::env::var("GRAPH").ok().and_then(|g| g.parse().ok()).unwrap_or(164);
    for safety in [Safety::Available, Safety::Quorum] {
        let setup = Setup::of(&[90, 100, 110, 120]).seed(u64::from(graph)).safety(safety);
        println!("{:?}", cuts(graph).iter().map(ToString::to_string).collect::<Vec<_>>());
        let mut world = World::reporting(setup);
        world.act(Action::Initiate(0));
        world.run_for(Duration::from_secs(2));
        let seen = world.events().len();
        for fault in cuts(graph) {
            world.act(fault);
        }
        world.run_for(Duration::from_secs(3));
        for event in &world.events()[seen..] {
            let line = ringleader_shared::text::describe(&event.kind);
            println!(
                "{:>9} {} {line}",
                event.at_us,
                event.node.as_ref().map(ToString::to_string).unwrap_or_default()
            );
        }
    }
}

#[test]
fn every_graph_on_four_members_has_a_leader_where_it_can_and_keeps_it() {
    for safety in [Safety::Available, Safety::Quorum] {
        let mut failed = 0;
        let mut slowest = Duration::ZERO;
        let mut most = 0;
        let mut histo = std::collections::BTreeMap::<(u128, u64), u32>::new();
        let mut why = std::collections::BTreeMap::<String, (u32, u32)>::new();
        for graph in 0..1 << 12 {
            let setup = Setup::of(&[90, 100, 110, 120]).seed(u64::from(graph)).safety(safety);
            match broken(setup, &cuts(graph)) {
                Ok((took, raised)) => {
                    slowest = slowest.max(took);
                    most = most.max(raised);
                    *histo.entry((took.as_millis() / 500, raised)).or_insert(0) += 1;
                }
                Err(error) => {
                    failed += 1;
                    let e = why
                        .entry(error.split(',').next().unwrap().split(':').next().unwrap().to_owned())
                        .or_insert((0, graph));
                    e.0 += 1;
                }
            }
        }
        println!("{safety:?}: {failed} failed, slowest {slowest:?}, most terms {most} {why:?} {histo:?}");
    }
}
