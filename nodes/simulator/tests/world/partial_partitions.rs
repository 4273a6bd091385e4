//! Links that fail between members that live, and stay so: whatever still connects, elects.

use std::time::Duration;

use ringleader_election::Time;
use ringleader_shared::{Role, Safety, Term};
use ringleader_simulator::{Action, Disturbance, Latency, Part, PerMille, Setup, World, random};
use ringleader_testing::cases::random_cuts;

const SAFETIES: [Safety; 2] = [Safety::Available, Safety::Quorum];

/// The time for which what a part has agreed on must stay.
const STAYS: Duration = Duration::from_secs(3);

/// The outcome of faults that last.
#[derive(Debug)]
struct Outcome {
    /// The number of parts.
    parts: usize,
    /// The terms that it took in those parts that must lead.
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

/// Breaks links of a ring that has elected, and looks: each part has its leader within this time, and keeps
/// it.
fn broken(setup: Setup, faults: &[Action], within: Duration) -> Result<Outcome, String> {
    let mut world = elected(setup);
    let before = world.highest_term();
    for fault in faults {
        world.act(*fault);
    }
    settles(&mut world, within).map(|_| {
        let term = world
            .parts()
            .into_iter()
            .filter(|part| part.must_lead)
            .filter_map(|part| Some(world.agreement_of(&part)?.term));
        Outcome { parts: world.parts().len(), raised: term.max().map_or(0, |term| term.0 - before.0) }
    })
}

/// Waits until every part has its leader, and says how long that took.
fn settles(world: &mut World, within: Duration) -> Result<Duration, String> {
    let parts: Vec<Part> = world.parts().into_iter().filter(|part| part.must_lead).collect();
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
        None => {
            let failed = parts.iter().filter(|part| world.agreement_of(part).is_none());
            let names =
                |part: &Part| part.members.iter().map(|id| world.name(*id).to_string()).collect::<String>();
            Err(format!("{:?} have not agreed in {within:?}", failed.map(names).collect::<Vec<_>>()))
        }
        Some(_) if since.since(began) > within => {
            Err(format!("it changed still after {:?}", since.since(began)))
        }
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
                let Outcome { parts, raised } =
                    outcome.unwrap_or_else(|why| panic!("graph {graph}, {safety}: {cut:?}: {why}"));
                // A member that is left alone skips a term.
                let most = if parts == 1 { 2 } else { 4 };
                assert!(raised <= most, "graph {graph}, {safety}: {cut:?}: {raised} terms, {parts} parts");
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

/// The time of a step and the terms that it took.
struct Step {
    /// The laps until all agree.
    laps: f64,
    /// The laps until somebody leads in the last term.
    led: f64,
    terms: u64,
}

/// Runs until somebody leads in a newer term than this one, and says how long that took.
fn somebody_leads(world: &mut World, term: Term, within: Duration) -> Option<Duration> {
    let began = world.now();
    let leads =
        |world: &World| world.live().any(|(core, _)| core.role() == Role::Leader && core.term() > term);
    let until = Time(began.0 + within);
    while !leads(world) {
        if !world.step_until(until) {
            return None;
        }
    }
    Some(world.now().since(began))
}

#[test]
fn links_that_become_slow_leave_one_leader_and_elections_on_them_take_a_few_laps() {
    for (n, ms) in [4, 8].into_iter().flat_map(|n| [60, 300, 1_000, 10_000].map(|ms| (n, ms))) {
        for safety in SAFETIES {
            let hop = Duration::from_millis(ms);
            let lap = hop * u32::try_from(n).expect("it is small");
            let attributes: Vec<u64> = (1..=n as u64).map(|place| 10 * place).collect();
            let mut world = elected(Setup::of(&attributes).safety(safety));
            let mut step = |what: &str, actions: &[Action]| {
                let before = world.highest_term();
                actions.iter().for_each(|action| world.act(*action));
                // Slower links need not cost a leader.
                let led = if what == "slower" { None } else { somebody_leads(&mut world, before, lap * 12) };
                let took = settles(&mut world, lap * 12).unwrap_or_else(|why| {
                    panic!("{n} members, {hop:?}, {safety}, {what}: {why}");
                });
                let laps = |time: Duration| time.as_secs_f64() / lap.as_secs_f64();
                let led = led.unwrap_or_default();
                Step { laps: laps(led + took), led: laps(led), terms: world.highest_term().0 - before.0 }
            };
            let slow = Disturbance { latency: Latency::Constant(hop), ..Disturbance::default() };
            let slow = step("slower", &every_link(n, slow));
            let asked = step("asked", &[Action::Initiate(1)]);
            let killed = step("killed", &[Action::Kill(n - 1)]);
            let shown = format!(
                "{n} members, {hop:?}, {safety}: slower {:.2} laps; asked: led after {:.2}, agreed after {:.2}; \
                 killed: led after {:.2}, agreed after {:.2}",
                slow.laps, asked.led, asked.laps, killed.led, killed.laps
            );
            println!("{shown}");
            // In quorum mode the others hear by a lease lap that somebody leads, and the lease of a dead
            // leader lasts four laps. A lease that is over before its lap is back is renewed in the same
            // term, unless the others have asked for a leader by then.
            let (slow_within, most_terms, asked_within, killed_within) = match safety {
                Safety::Available => (0.0, 0, 3.0, 3.0),
                Safety::Quorum if ms <= 300 => (1.5, 0, 4.0, 8.0),
                Safety::Quorum => (5.0, 2, 4.0, 8.0),
            };
            assert!(slow.laps <= slow_within && slow.terms <= most_terms, "{shown}");
            assert!(asked.led <= 3.0 && asked.laps <= asked_within && asked.terms == 1, "{shown}");
            assert!(killed.laps <= killed_within && killed.terms == 1, "{shown}");
        }
    }
}

/// The faults of one random graph on so many members: cuts of directions, and directions that lose more than
/// a link may. One in four graphs has slow links, too.
fn random_faults(seed: u64, n: usize) -> (Vec<Action>, Duration) {
    let mut drawn = 0;
    let mut next = |below: u64| {
        drawn += 1;
        random::derived(seed, drawn) % below
    };
    let cut_of_ten = 1 + next(6);
    let hop = Duration::from_millis([0, 0, 0, 0, 0, 0, 60, 1_000][usize::try_from(next(8)).unwrap_or(0)]);
    let mut faults = Vec::new();
    for (from, to) in (0..n).flat_map(|from| (0..n).map(move |to| (from, to))).filter(|(from, to)| from != to)
    {
        let is_cut = next(10) < cut_of_ten;
        let is_lossy = next(20) == 0;
        if is_cut {
            faults.push(Action::Cut { from, to });
        }
        if is_lossy || hop > Duration::ZERO {
            let drop = PerMille::new(
                [0, 500, 800, 1000][usize::from(is_lossy) * (1 + usize::try_from(next(3)).unwrap_or(0))],
            );
            let latency = if hop > Duration::ZERO { Latency::Constant(hop) } else { Latency::default() };
            faults.push(Action::Disturb {
                from,
                to,
                disturbance: Disturbance { latency, drop, ..Disturbance::default() },
            });
        }
    }
    (faults, hop)
}

#[test]
fn random_graphs_on_five_to_nine_members_have_a_leader_where_they_can_and_keep_it() {
    let graphs = |from: u64| {
        for seed in (from..1000).step_by(2) {
            let n = 5 + usize::try_from(seed % 5).unwrap_or(0);
            let safety = SAFETIES[usize::try_from(seed / 5 % 2).unwrap_or(0)];
            let attributes: Vec<u64> = (1..=n as u64).map(|place| (place * 7919 + seed) % 101).collect();
            let (faults, hop) = random_faults(seed, n);
            // Loss is measured for a while before it counts, and a member that is cut off tries everybody.
            let within = Duration::from_secs(10) + hop * 60 * u32::try_from(n).expect("it is small");
            if let Err(why) = broken(Setup::of(&attributes).seed(seed).safety(safety), &faults, within) {
                let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
                panic!("seed {seed}, {n} members, {safety}: {why}\n{}", shown.join("; "));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| graphs(0));
        graphs(1);
    });
}

/// Waits until every part has its leader and has kept it for so long, and returns the time that passed before
/// that.
fn keeps_a_leader(world: &mut World, within: Duration, stays: Duration) -> Result<Duration, String> {
    let parts = world.parts();
    let began = world.now();
    let agree = |world: &World| parts.iter().map(|part| world.agreement_of(part)).collect::<Option<Vec<_>>>();
    let (mut agreement, mut since) = (agree(world), began);
    while agreement.is_none() || world.now().since(since) < stays {
        let until = if agreement.is_some() { since.0 } else { began.0 + within } + stays;
        world.step_until(Time(until));
        let now = agree(world);
        if now != agreement {
            (agreement, since) = (now, world.now());
        }
        let is_late = agreement.is_none() || world.now().since(since) < stays;
        if is_late && world.now().since(began) >= within + stays {
            return Err(format!("{parts:?} do not agree for {stays:?} within {within:?}: {agreement:?}"));
        }
    }
    Ok(since.since(began))
}

#[test]
fn cuts_that_come_and_go_leave_a_leader_where_there_can_be_one_however_often_links_failed_before() {
    let (soon, at_last) = (Duration::from_secs(2), Duration::from_secs(6));
    let rings = |from: u64| {
        let mut all = Vec::new();
        for seed in (from..100).step_by(2) {
            let n = 4 + usize::try_from(seed % 4).unwrap_or(0);
            let safety = SAFETIES[usize::try_from(seed / 4 % 2).unwrap_or(0)];
            let attributes: Vec<u64> = (9..).map(|tens| 10 * tens).take(n).collect();
            let mut world = elected(Setup::of(&attributes).seed(seed).safety(safety));
            for round in 0..30 {
                let cuts = random_cuts(random::derived(seed, round), n);
                let shown = || cuts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                cuts.iter().for_each(|cut| world.act(*cut));
                let took =
                    keeps_a_leader(&mut world, at_last, Duration::from_millis(2500)).unwrap_or_else(|why| {
                        panic!("ring {seed}, round {round}, {n} members, {safety}: {why}\n{}", shown())
                    });
                all.push(took);
                for (one, other) in (0..n).flat_map(|one| (one + 1..n).map(move |other| (one, other))) {
                    world.act(Action::Mend { one, other });
                }
                keeps_a_leader(&mut world, at_last, Duration::from_millis(20))
                    .unwrap_or_else(|why| panic!("ring {seed}, after round {round}, {safety}: {why}"));
            }
        }
        let late = all.iter().filter(|took| **took > soon).count();
        println!(
            "{late} of {} rounds took longer than {soon:?}, the longest {:?}",
            all.len(),
            all.iter().max()
        );
        assert!(late * 10 < all.len(), "{late} rounds took longer than {soon:?}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| rings(0));
        rings(1);
    });
}
