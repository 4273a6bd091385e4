//! Chaos on real processes: every kind of fault, at random, over the API. The event stream must keep the
//! invariants all the while, and after the faults the ring must come to agree.
//!
//! With standing faults links are cut between members that live, and stay so: then each part of the ring that
//! may have a leader must get one soon and keep it.
//!
//! The steps of a round follow from the seed and the round's number alone, so that a round can be
//! repeated; the timing of the processes is up to the machine.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

mod resources;
mod standing;
mod watcher;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ringleader_shared::view::NodeView;
use ringleader_shared::{NodeState, RingView, Role, Safety, Succession};
use ringleader_testing::server::Server;
use serde_json::json;

use crate::resources::Resources;
use ringleader_testing::server::schedule::{self, Act, Step};

use crate::watcher::Watcher;

/// The time after the last fault within which all must agree: time to notice a silent peer, for an
/// election that others disturbed, and for the ones after it. Several rings share the processors.
const BOUND: Duration = Duration::from_secs(10);

/// The time for which the ring must stay agreed before it counts: longer than a silence that is still to
/// be noticed.
const STAYS: Duration = Duration::from_millis(300);

/// The default number of rounds.
const DEFAULT_ROUNDS: u64 = 200;

/// The number of times that all nodes may turn out to have ended, before that counts as a failure.
const ATTEMPTS: u32 = 5;

/// The number of rounds after which the server's use of resources is compared: everything that grows at
/// first has grown by then.
const WARM_UP: u64 = 5;

struct Options {
    rounds: Option<u64>,
    only: Option<u64>,
    seed: u64,
    rings: u64,
    /// Without this option every third ring has a quorum, or every second one with standing faults.
    safety: Option<Safety>,
    /// Standing faults only; without any of these options both kinds of rounds are tried.
    standing: bool,
}

impl Options {
    fn safety(&self, ring: u64) -> Safety {
        self.safety.unwrap_or(if ring % 3 == 2 { Safety::Quorum } else { Safety::Available })
    }
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(why) => {
            eprintln!(
                "{why}\n\nchaos [--standing] [--rounds N] [--seed S] [--rings K] [--only ROUND] [--safety MODE]"
            );
            return ExitCode::FAILURE;
        }
    };
    let mut all_well = true;
    if !options.standing {
        all_well &= play(&options, "faults that end", run).is_some();
    }
    if options.standing || std::env::args().len() == 1 {
        let report = play(&options, "standing faults", standing::run);
        all_well &= report.is_some_and(|report| !standing::is_late(&report.settled));
    }
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays all rings at once, and prints what was seen. Returns it when nothing was wrong.
fn play(
    options: &Options,
    faults: &str,
    run: impl Fn(&Options, u64) -> Result<Report, String> + Sync,
) -> Option<Report> {
    let began = Instant::now();
    println!("chaos of {faults} with --seed {} on {} rings", options.seed, options.rings);
    let reports: Vec<Result<Report, String>> = std::thread::scope(|scope| {
        let rings = (0..options.rings).map(|ring| {
            let run = &run;
            scope.spawn(move || run(options, ring))
        });
        let rings: Vec<_> = rings.collect();
        rings
            .into_iter()
            .map(|ring| ring.join().unwrap_or_else(|_| Err("a ring panicked".to_owned())))
            .collect()
    });
    let mut all_well = true;
    let mut total = Report::default();
    for report in reports {
        match report {
            Ok(report) => total.add(report),
            Err(why) => {
                all_well = false;
                eprintln!("{why}");
            }
        }
    }
    total.print(began.elapsed());
    all_well.then_some(total)
}

fn number(flag: &str, text: Option<String>) -> Result<u64, String> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| format!("{flag} wants a number, not {text:?}"))
}

/// Parses the command line; `None` when the test runner asks for other tests than this one.
fn options() -> Result<Option<Options>, String> {
    let seed = fastrand::u64(..);
    let mut options = Options { rounds: None, only: None, seed, rings: 3, safety: None, standing: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => options.rounds = Some(number(&argument, arguments.next())?),
            "--only" => options.only = Some(number(&argument, arguments.next())?),
            "--seed" => options.seed = number(&argument, arguments.next())?,
            "--safety" => {
                let mode = arguments.next().unwrap_or_default();
                let mode = serde_json::from_value(json!(mode))
                    .map_err(|_| format!("--safety is available or quorum, not {mode:?}"))?;
                options.safety = Some(mode);
            }
            "--standing" => options.standing = true,
            "--rings" => options.rings = number(&argument, arguments.next())?.max(1),
            "--list" => return Ok(None),
            flag if flag.starts_with('-') => {}
            filter if "chaos".contains(filter) => {}
            _ => return Ok(None),
        }
    }
    if options.only.is_some() {
        options.rings = 1;
    }
    Ok(Some(options))
}

#[derive(Default)]
struct Report {
    rounds: u64,
    faults: u64,
    events: u64,
    settled: Vec<Duration>,
    split_brains: u64,
    resources: Vec<(Resources, Resources)>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.faults += other.faults;
        self.events += other.events;
        self.split_brains += other.split_brains;
        self.settled.extend(other.settled);
        self.resources.extend(other.resources);
    }

    fn print(&mut self, took: Duration) {
        self.settled.sort_unstable();
        let at = |share: usize| {
            let last = self.settled.len().saturating_sub(1);
            self.settled.get((self.settled.len() * share / 100).min(last)).copied().unwrap_or_default()
        };
        println!(
            "{} rounds, {} faults, {} events in {} s; {} rounds ended with a leader, {} had a split brain",
            self.rounds,
            self.faults,
            self.events,
            took.as_secs(),
            self.settled.len(),
            self.split_brains
        );
        println!(
            "from the last fault to agreement: median {} ms, 99 % {} ms, worst {} ms",
            at(50).as_millis(),
            at(99).as_millis(),
            at(100).as_millis()
        );
        for (before, after) in &self.resources {
            println!("the server at first: {before}; at the end: {after}");
        }
    }
}

/// One ring, round after round.
fn run(options: &Options, ring: u64) -> Result<Report, String> {
    let seed = options.seed.wrapping_add(ring);
    let safety = options.safety(ring);
    let mode = safety.to_string();
    let server = Server::start_with(&["--nodes", "5", "--hung-after", "200ms", "--safety", &mode]);
    let watcher = Watcher::of(&server);
    let mut report = Report::default();
    let mut before = None;
    let rounds = options.rounds.unwrap_or(DEFAULT_ROUNDS).div_ceil(options.rings);
    let first = options.only.unwrap_or(0);
    for round in first.. {
        let enough = match (options.only, rounds) {
            (Some(only), _) => round > only,
            (None, rounds) => round >= rounds,
        };
        if enough {
            break;
        }
        if round == WARM_UP {
            before = Some(at_rest(&server, &watcher)?);
        }
        watcher.begin_round();
        one_round(&server, &watcher, (seed, round, safety), &mut report).map_err(|why| {
            format!(
                "{why}\n\nseed {seed}, round {round}; again, from the first round on:\n  \
                 cargo xtask chaos --rings 1 --safety {mode} --seed {seed} --rounds {}\njust this round:\n  \
                 cargo xtask chaos --safety {mode} --seed {seed} --only {round}\nthe events of the round:\n{}",
                round + 1,
                watcher.trace()
            )
        })?;
    }
    if let Some(before) = before {
        let after = at_rest(&server, &watcher)?;
        after
            .compare(&before)
            .map_err(|why| format!("{why}\nseed {seed}, after {} rounds", report.rounds))?;
        report.resources.push((before, after));
    }
    report.events = watcher.events();
    Ok(report)
}

/// A fresh ring that has elected, so that what the server uses can be compared.
fn at_rest(server: &Server, watcher: &Watcher) -> Result<Resources, String> {
    server.post("/api/v1/reset");
    let starts = Instant::now();
    watcher.wait(BOUND, |ring| ring.nodes.len() == 5 && ring.live().count() == 5)?;
    server.initiate("A");
    watcher.wait(BOUND.saturating_sub(starts.elapsed()), agrees)?;
    Ok(Resources::at_rest(server.pid(), 5))
}

fn one_round(
    server: &Server,
    watcher: &Watcher,
    (seed, round, safety): (u64, u64, Safety),
    report: &mut Report,
) -> Result<(), String> {
    for Step { act, then } in schedule::round(seed, round, safety) {
        report.faults += 1;
        perform(server, &act)?;
        // Part of the schedule: the time until the next fault.
        std::thread::sleep(then);
        watcher.check()?;
    }
    report.split_brains += u64::from(watcher.saw_split_brain());
    for attempt in 1.. {
        if attempt > ATTEMPTS {
            return Err(format!(
                "whoever is started ends again: {ATTEMPTS} times\n{:#?}",
                server.ring().nodes
            ));
        }
        heal(server, watcher, schedule::starts_everybody(seed, round))?;
        let settled = watcher
            .wait_until_it_stays(BOUND, STAYS, |ring| (agrees(ring) || all_have_ended(ring)).then_some(()))?;
        // The last one was still leaving gracefully when the faults stopped.
        let ring = server.ring();
        if !all_have_ended(&ring) {
            // A minority agrees on nobody, which is soon done.
            report.settled.extend(ring.leader.is_some().then_some(settled));
            break;
        }
    }
    watcher.end_round()?;
    report.rounds += 1;
    Ok(())
}

/// Requests an act. A refusal because of the present state is no failure; any other error is.
fn perform(server: &Server, act: &Act) -> Result<(), String> {
    let (method, path, body) = act.request();
    let (status, answer) = server.ask(method, &path, body);
    match status {
        200..300 | 404 | 409 => Ok(()),
        // By their roles the two nodes of a link may be the same one, and a partition needs two sides
        // that exist.
        422 if matches!(act, Act::Link { .. } | Act::Part { .. }) => Ok(()),
        _ => Err(format!("{method} {path} was answered with {status}: {answer}")),
    }
}

/// Ends every fault. The dead stay dead unless `everybody` is to start, or nobody is left.
fn heal(server: &Server, watcher: &Watcher, everybody: bool) -> Result<(), String> {
    server.heal();
    let ring = server.ring();
    for node in ring.nodes.iter().filter(|node| node.state == NodeState::Paused) {
        perform(server, &Act::Node { node: node.name.to_string(), action: "resume" })?;
    }
    let is_steady = |ring: &RingView| {
        ring.nodes.iter().all(|node| matches!(node.state, NodeState::Running | NodeState::Stopped))
    };
    let began = Instant::now();
    loop {
        let ring = watcher.wait(BOUND.saturating_sub(began.elapsed()), is_steady)?;
        let mut stopped = ring.nodes.iter().filter(|node| node.state == NodeState::Stopped).peekable();
        if stopped.peek().is_none() || !everybody && ring.live().next().is_some() {
            break;
        }
        for node in stopped {
            perform(server, &Act::Node { node: node.name.to_string(), action: "start" })?;
        }
        // A node that was still ending refused its start. It counts as stopped in the next turn.
        watcher.wait_for_news(ring.seq, BOUND.saturating_sub(began.elapsed()))?;
    }
    // Nodes start no election before the first one: a ring without any term waits for a request.
    if server.ring().live().all(|node| node.term.0 == 0) {
        perform(server, &Act::Initiate { initiator: None })?;
    }
    Ok(())
}

/// One live leader that all live members follow in one term, one live deputy if two or more live and there is
/// to be one, and each sends to the next live one. Where a quorum is asked for and too few live, nobody
/// leads.
fn agrees(ring: &RingView) -> bool {
    let live: Vec<_> = ring.live().collect();
    if ring.settings.safety == Safety::Quorum && live.len() * 2 <= ring.nodes.len() {
        return live.iter().all(|node| node.role != Some(Role::Leader));
    }
    // A leader stays that may not lead any more.
    if !ring.somebody_may_lead() && ring.leader.is_none() {
        return live.iter().all(|node| node.role == Some(Role::Follower) && node.leader.is_none());
    }
    let may_be_deputy = |node: &&&NodeView| node.eligible && ring.leader.as_ref() != Some(&node.name);
    let wants_deputy =
        ring.settings.succession == Succession::Deputy && live.iter().any(|node| may_be_deputy(&node));
    let next = live.iter().cycle().skip(1);
    ring.nodes.iter().all(|node| matches!(node.state, NodeState::Running | NodeState::Stopped))
        && !live.is_empty()
        && ring.leader.is_some()
        && !ring.split_brain
        && ring.deputy.is_some() == wants_deputy
        && ring.deputy != ring.leader
        && live.windows(2).all(|pair| pair[0].term == pair[1].term)
        && live.iter().zip(next).all(|(node, next)| node.successor.as_ref() == Some(&next.name))
}

fn all_have_ended(ring: &RingView) -> bool {
    ring.nodes.iter().all(|node| node.state == NodeState::Stopped)
}
