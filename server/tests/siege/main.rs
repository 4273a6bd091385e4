//! A siege: a ring at work, with pressure on everything round it. Clients read nothing, send nothing or
//! send too much, the log is hardly read, descriptors are few, recordings outgrow their disk, and
//! processes are stopped, continued and killed past their supervisor. Meanwhile independent clients keep
//! account of the ring and look for contradictions. After each round the ring must come to agree, and the
//! server's memory must be as it was.
//!
//! The steps of a round follow from the seed and the round's number alone; the timing of the processes is
//! up to the machine.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used, clippy::expect_used)]

mod assailants;
mod witness;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ringleader_shared::{NodeState, RingView, Safety};
use ringleader_simulator::random::derived;
use ringleader_testing::server::Server;
use serde_json::{Value, json};

use crate::assailants::{Assailant, Assault, SleepyReader, Target};
use crate::witness::Witnesses;
use ringleader_testing::server::crowd::memory_kb;
use ringleader_testing::server::schedule::{self, Act, Step};

/// The default duration.
const DEFAULT_DURATION: Duration = Duration::from_secs(60);

/// The duration of a round's faults.
const ROUND: Duration = Duration::from_secs(5);

/// The time after the last fault within which all must agree: nodes that died are started again after up
/// to four seconds.
const AGREES_WITHIN: Duration = Duration::from_secs(30);

/// The time after a crowd has gone within which the memory must be back: clients that read nothing are
/// disconnected after ten seconds.
const MEMORY_WITHIN: Duration = Duration::from_secs(30);

/// The memory that the server may hold beyond its use before the crowd came, in kB.
const MEMORY_KB: u64 = 10_000;

/// Elections before the memory is looked at: the history of events is full then.
const WARM_UP: u32 = 250;

/// The limits that the shell sets before the server starts: few descriptors, and files of 600 kB at most,
/// so that recordings fail.
const LIMITS: &str = "ulimit -n 256; ulimit -f 1200";

/// Derives the seed of the assaults' random choices from the seed of the schedule.
const ASSAULTS: u64 = 17;

struct Options {
    lasts: Duration,
    seed: u64,
    safety: Option<Safety>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}\n\nsiege [--minutes N] [--seed S] [--safety MODE]");
            return ExitCode::FAILURE;
        }
    };
    let seed = options.seed;
    let safety = options.safety.unwrap_or(if seed % 2 == 0 { Safety::Available } else { Safety::Quorum });
    let mode = safety.to_string();
    println!("siege with --seed {seed} --safety {mode}");
    match besiege(&options, safety) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!(
                "{why}\n\nagain: cargo xtask siege --seed {seed} --safety {mode} --minutes {}",
                minutes(options.lasts)
            );
            ExitCode::FAILURE
        }
    }
}

fn minutes(time: Duration) -> u64 {
    time.as_secs().div_ceil(60)
}

/// The options of the command line; none when the test runner asks for other tests than this one.
fn options() -> Result<Option<Options>, String> {
    let mut options = Options { lasts: DEFAULT_DURATION, seed: fastrand::u64(..1_000_000), safety: None };
    let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--minutes" => {
                let minutes = number(arguments.next()).ok_or("--minutes wants a number")?;
                options.lasts = Duration::from_secs(minutes.saturating_mul(60));
            }
            "--seed" => options.seed = number(arguments.next()).ok_or("--seed wants a number")?,
            "--safety" => {
                let mode = arguments.next().unwrap_or_default();
                let safety =
                    mode.parse().map_err(|_| format!("--safety is available or quorum, not {mode:?}"))?;
                options.safety = Some(safety);
            }
            "--list" => return Ok(None),
            flag if flag.starts_with('-') => {}
            filter if "siege".contains(filter) => {}
            _ => return Ok(None),
        }
    }
    Ok(Some(options))
}

fn besiege(options: &Options, safety: Safety) -> Result<String, String> {
    let began = Instant::now();
    let mode = safety.to_string();
    let flags = ["--nodes", "5", "--restart", "--safety", &mode, "--log", "debug"];
    let (server, log) = Server::spawn_after(LIMITS, &flags);
    let _reader = SleepyReader::of(log);
    settle(&server, safety)?;
    warm_up(&server)?;
    let witnesses = Witnesses::of(&server.authority, options.seed);
    let (mut rounds, mut faults, mut grown) = (0_u64, 0_usize, 0_u64);
    while began.elapsed() < options.lasts {
        let before = memory_kb(server.pid());
        let mut chance = fastrand::Rng::with_seed(derived(derived(options.seed, rounds), ASSAULTS));
        let assaults = chance.choose_multiple(Assault::ALL, 3);
        let within = |why: String| {
            format!("{why}\nround {rounds}, with {assaults:?}; the last events:\n{}", server.trace())
        };
        let target = Target::of(&server);
        let assailants: Vec<Assailant> = assaults
            .iter()
            .map(|assault| Assailant::begin(*assault, target.clone(), chance.u64(..)))
            .collect();
        let starts = Instant::now();
        for part in 0.. {
            if starts.elapsed() > ROUND {
                break;
            }
            for Step { act, then } in schedule::round(options.seed, rounds * 1_000 + part, safety) {
                perform(&server, &act).map_err(within)?;
                faults += 1;
                // Part of the schedule: the time until the next fault.
                std::thread::sleep(then);
            }
            witnesses.check().map_err(within)?;
        }
        drop(assailants);
        settle(&server, safety).map_err(within)?;
        witnesses.check().map_err(within)?;
        shows_what_its_events_say(&server).map_err(within)?;
        grown = grown.max(memory_is_back(&server, before).map_err(within)?);
        rounds += 1;
    }
    let (events, returns) = witnesses.count();
    Ok(format!(
        "{rounds} rounds, {faults} faults beside the assaults, {events} events read by 3 witnesses that came {returns} times, \
         in {} s: nothing found; memory after a round at most {grown} kB above that before",
        began.elapsed().as_secs()
    ))
}

/// Fills the history, so that data structures that grow at first have grown.
fn warm_up(server: &Server) -> Result<(), String> {
    for _ in 0..WARM_UP {
        let before = server.ring().term;
        perform(server, &Act::Initiate { initiator: None })?;
        server.wait_for("the next election is over", |ring| ring.leader.is_some() && ring.term > before);
    }
    Ok(())
}

/// Requests an act. A refusal because of the present state is no failure; any other error is.
fn perform(server: &Server, act: &Act) -> Result<(), String> {
    let (method, path, body) = act.request();
    let (status, answer) = server.ask(method, &path, body);
    match status {
        200..300 | 404 | 409 | 422 => Ok(()),
        _ => Err(format!("{method} {path} was answered with {status}: {answer}")),
    }
}

/// Ends every fault, starts everybody, and waits until all agree.
fn settle(server: &Server, safety: Safety) -> Result<(), String> {
    server.heal();
    let deadline = Instant::now() + AGREES_WITHIN;
    let mut initiated = false;
    loop {
        let ring = server.ring();
        if agrees(&ring) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("the ring did not come to agree in {safety} mode:\n{:#?}", ring.nodes));
        }
        for node in &ring.nodes {
            let action = match node.state {
                NodeState::Stopped => "start",
                NodeState::Paused => "resume",
                NodeState::Starting | NodeState::Running => continue,
            };
            perform(server, &Act::Node { node: node.name.to_string(), action })?;
        }
        // Nodes start no election before the first one, and a ring without an eligible member has no
        // leader.
        let all_run = !ring.nodes.is_empty() && ring.live().count() == ring.nodes.len();
        if all_run && !ring.somebody_may_lead() {
            let path = format!("/api/v1/nodes/{}", ring.nodes[0].name);
            server.ask("PATCH", &path, Some(json!({ "eligible": true })));
        }
        if all_run && ring.term.0 == 0 && !initiated {
            initiated = true;
            perform(server, &Act::Initiate { initiator: None })?;
        }
        // Several causes bring it about, so it is polled.
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn agrees(ring: &RingView) -> bool {
    !ring.nodes.is_empty()
        && ring.live().count() == ring.nodes.len()
        && ring.leader.is_some()
        && !ring.split_brain
        && ring.nodes.windows(2).all(|pair| pair[0].term == pair[1].term)
}

/// Checks that the ring that the server shows follows from its own events.
fn shows_what_its_events_say(server: &Server) -> Result<(), String> {
    let before: Value = server.get("/api/v1/ring");
    perform(server, &Act::Initiate { initiator: None })?;
    server.wait_for("it is led again", |ring| ring.leader.is_some());
    let after: Value = server.get("/api/v1/ring");
    let page: Value = server.get(&format!("/api/v1/events?after={}&limit=5000", before["seq"]));
    let events = page["events"].as_array().cloned().unwrap_or_default();
    witness::is_quiet_truth(&before, &events, &after)
}

/// Waits until the memory is as it was. The error is the difference.
fn memory_is_back(server: &Server, before: u64) -> Result<u64, String> {
    let deadline = Instant::now() + MEMORY_WITHIN;
    loop {
        let now = memory_kb(server.pid());
        if now <= before + MEMORY_KB {
            return Ok(now.saturating_sub(before));
        }
        if Instant::now() > deadline {
            return Err(format!("{before} kB before, {now} kB after"));
        }
        // Memory can only be polled.
        std::thread::sleep(Duration::from_millis(100));
    }
}
