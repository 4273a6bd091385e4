//! Links that fail between members that live, and stay so: whatever still connects, elects.

use std::time::Duration;

use ringleader_election::Time;
use ringleader_shared::Safety;
use ringleader_simulator::{Action, Disturbance, Latency, Setup, World};

const SAFETIES: [Safety; 2] = [Safety::Available, Safety::Quorum];

/// The time for which what a part has agreed on must stay.
const STAYS: Duration = Duration::from_secs(3);

/// What came of faults that last.
#[derive(Debug, Default)]
struct Outcome {
    /// The time after the faults at which the last part that must lead had its leader for good.
    took: Duration,
    /// The terms that it took in those parts.
    raised: u64,
}

/// A ring that has elected.
fn elected(setup: Setup) -> World {
    let mut world = World::new(setup);
    world.act(Action::Initiate(0));
    world.run_for(Duration::from_secs(2));
    assert!(world.agreed().is_some(), "it elects while nothing is broken");
    world
}

/// Breaks links of a ring that has elected, and looks: each part has its leader within this time, and keeps it.
fn broken(setup: Setup, faults: &[Action], within: Duration) -> Result<Outcome, String> {
    let mut world = elected(setup);
    let before = world.highest_term();
    for fault in faults {
        world.act(*fault);
    }
    settles(&mut world, within).map(|took| {
        let term = world.parts().into_iter().filter(|part| part.must_lead).filter_map(|part| {
            Some(world.agreement_of(&part)?.term)
        });
        Outcome { took, raised: term.max().map_or(0, |term| term.0 - before.0) }
    })
}

/// Waits until every part has its leader, and says how long that took.
fn settles(world: &mut World, within: Duration) -> Result<Duration, String> {
    let parts = world.parts();
    let began = world.now();
    let agree = |world: &World| parts.iter().map(|part| world.agreement_of(part)).collect::<Option<Vec<_>>>();
    let (mut agreement, mut since) = (agree(world), began);
    let end = Time(began.0 + within + STAYS);
    while world.step_until(end) {
        let now = agree(world);
        if now != agreement {
            (agreement, since) = (now, world.now());
        }
    }
    match agreement {
        None => Err(format!("{parts:?} have not agreed in {within:?}")),
        Some(_) if since.since(began) > within => Err(format!("it changed still after {:?}", since.since(began))),
        Some(_) => Ok(since.since(began)),
    }
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
fn every_graph_on_four_members_has_a_leader_where_it_can_within_two_seconds_and_keeps_it() {
    let within = Duration::from_secs(2);
    let graphs = |from: u32| {
        for graph in (from..1 << 12).step_by(2) {
            for safety in SAFETIES {
                let setup = Setup::of(&[90, 100, 110, 120]).seed(u64::from(graph)).safety(safety);
                let outcome = broken(setup, &cuts(graph), within);
                let cut: Vec<String> = cuts(graph).iter().map(ToString::to_string).collect();
                let raised = outcome.unwrap_or_else(|why| panic!("graph {graph}, {safety}: {cut:?}: {why}")).raised;
                assert!(raised <= 3, "graph {graph}, {safety}: {cut:?}: {raised} terms");
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| graphs(0));
        graphs(1);
    });
}

fn every_link(n: usize, disturbance: Disturbance) -> Vec<Action> {
    let pairs = (0..n).flat_map(|from| (0..n).filter(move |to| *to != from).map(move |to| (from, to)));
    pairs.map(|(from, to)| Action::Disturb { from, to, disturbance }).collect()
}

#[test]
fn links_that_become_slow_leave_one_leader_and_an_election_on_them_takes_three_laps_at_most() {
    for n in [4, 8] {
        for ms in [60, 300, 1_000, 10_000] {
            for safety in SAFETIES {
                let hop = Duration::from_millis(ms);
                let lap = hop * u32::try_from(n).expect("it is small");
                let attributes: Vec<u64> = (1..=n as u64).map(|place| 10 * place).collect();
                let mut world = elected(Setup::of(&attributes).safety(safety));
                let before = world.highest_term();
                for slow in every_link(n, Disturbance { latency: Latency::Constant(hop), ..Disturbance::default() }) {
                    world.act(slow);
                }
                let took = settles(&mut world, lap * 60);
                println!("{n} {ms} {safety:?} slow: {:?} laps {:?} terms {}", took, took.as_ref().map(|t| t.as_secs_f64() / lap.as_secs_f64()), world.highest_term().0 - before.0);
                world.act(Action::Initiate(1));
                let took = settles(&mut world, lap * 60);
                println!("{n} {ms} {safety:?} initiate: {:?} laps {:?} terms {}", took, took.as_ref().map(|t| t.as_secs_f64() / lap.as_secs_f64()), world.highest_term().0 - before.0);
                let leader = world.agreed().map(|it| it.leader);
                world.act(Action::Kill(n - 1));
                let took = settles(&mut world, lap * 60);
                println!("{n} {ms} {safety:?} kill: {:?} laps {:?} terms {} {leader:?}", took, took.as_ref().map(|t| t.as_secs_f64() / lap.as_secs_f64()), world.highest_term().0 - before.0);
            }
        }
    }
}

#[test]
fn debug_slow() {
    let ms: u64 = std::env::var("MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(300);
    let safety = if std::env::var("Q").is_ok() { Safety::Quorum } else { Safety::Available };
    let hop = Duration::from_millis(ms);
    let mut world = World::reporting(Setup::of(&[10, 20, 30, 40]).safety(safety));
    world.act(Action::Initiate(0));
    world.run_for(Duration::from_secs(2));
    for slow in every_link(4, Disturbance { latency: Latency::Constant(hop), ..Disturbance::default() }) {
        world.act(slow);
    }
    world.run_for(hop * 20);
    let seen = world.events().len();
    if std::env::var("Q").is_err() {
    world.act(Action::Initiate(1));
    }
    world.run_for(hop * 40);
    let seen = if std::env::var("Q").is_ok() { 0 } else { seen };
    for event in &world.events()[seen..] {
        println!("{:>9} {} {}", event.at_us / 1000, event.node.as_ref().map(ToString::to_string).unwrap_or_default(), ringleader_shared::text::describe(&event.kind));
    }
}
