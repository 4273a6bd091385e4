//! Benchmark of the failure detector on a machine without a spare processor. A ring runs at full speed
//! with the default heartbeat (50 ms) and patience (150 ms), beside a process for each processor that
//! only burns time. No node dies, so every suspicion is false. The benchmark fails when the leader is
//! suspected.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use ringleader_shared::bus::BusFrame;
use ringleader_shared::event::ElectionCause;
use ringleader_shared::{EventKind, NodeState, RingView};
use ringleader_testing::server::{PATIENCE, Server};

/// The default duration, in minutes.
const DEFAULT_MINUTES: f64 = 10.0;

/// The interval between lines of progress.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// The flag that makes this program a burner. Its value is the longest time, in seconds.
const BURN: &str = "--burn";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1)?.parse::<f64>().ok()
    };
    if let Some(seconds) = after(BURN) {
        burn(Duration::from_secs_f64(seconds));
        return ExitCode::SUCCESS;
    }
    watch(Duration::from_secs_f64(after("--minutes").unwrap_or(DEFAULT_MINUTES).max(0.0) * 60.0))
}

/// Keeps a processor busy until the time is up.
fn burn(for_so_long: Duration) {
    let began = Instant::now();
    let mut number = 1_u64;
    while began.elapsed() < for_so_long {
        for _ in 0..1_000_000 {
            number = std::hint::black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}

/// The processes that burn time. They end when this value is dropped, and by themselves soon after the
/// time is up.
struct Burners(Vec<Child>);

impl Burners {
    fn light(count: usize, for_so_long: Duration) -> Self {
        let this = std::env::current_exe().expect("this program has a path");
        let one = || {
            let seconds = (for_so_long.as_secs_f64() + 30.0).to_string();
            Command::new(&this).args([BURN, &seconds]).stdin(Stdio::null()).spawn().expect("it burns")
        };
        Self((0..count).map(|_| one()).collect())
    }

    /// The processor time that they have used, in clock ticks of which 100 are a second.
    fn ticks(&self) -> u64 {
        let of = |child: &Child| {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
            let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
            fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>()
        };
        self.0.iter().map(of).sum()
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The observed events.
#[derive(Default)]
struct Seen {
    heartbeats: u64,
    /// The slowest reported round trip between leader and deputy, in microseconds.
    slowest_us: u64,
    /// Links that were given up because the other end was silent.
    suspicions: u64,
    takeovers: u64,
    elections: u64,
}

fn memory_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    memory.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}

/// The memory of the server, and that of its nodes together.
fn memory(server: &Server, ring: &RingView) -> (u64, u64) {
    (memory_kb(server.pid()), ring.nodes.iter().filter_map(|node| node.pid).map(memory_kb).sum())
}

fn watch(for_so_long: Duration) -> ExitCode {
    // A hop delay would make the links more patient by twice as much.
    let server = Server::spawn_as(&["--port", "0", "--node-port", "0", "--hop-delay", "0ms"], &[]);
    server.wait_for("all run, linked to the next", |ring| {
        ring.nodes.len() == 4
            && ring.nodes.iter().all(|node| node.state == NodeState::Running && node.successor.is_some())
    });
    server.initiate("A");
    let first = server.wait_for("D leads, C is its deputy, and all know", |ring| {
        ring.leader.is_some() && ring.elections.front().is_some_and(|election| election.took_us.is_some())
    });
    let before = memory(&server, &first);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "4 nodes, heartbeat 50 ms, hung after 150 ms, hop delay 0; {cores} processors, a process that burns time for each of them"
    );

    let burners = Burners::light(cores, for_so_long);
    let began = Instant::now();
    let mut bus = server.subscribe(Some(first.seq));
    let mut seen = Seen::default();
    let mut report_at = REPORT_EVERY;
    while began.elapsed() < for_so_long {
        // Leader and deputy report a heartbeat a second: a silence of this length means that the ring has
        // ended.
        let deadline = Instant::now() + PATIENCE;
        match bus.next_frame(deadline) {
            Some(BusFrame::Event { event }) => seen.take(&event.kind),
            Some(BusFrame::Missed { first, last }) => {
                eprintln!("events {first} to {last} were missed: nobody knows what was in them");
                return ExitCode::FAILURE;
            }
            Some(_) => {}
            None => {
                eprintln!("nothing is told any more\n{}", server.trace());
                return ExitCode::FAILURE;
            }
        }
        if began.elapsed() >= report_at {
            report_at += REPORT_EVERY;
            seen.print(began.elapsed());
        }
    }
    let took = began.elapsed();
    let share = burners.ticks() as f64 / 100.0 / took.as_secs_f64() / cores as f64;
    drop(burners);

    let last = server.ring();
    let after = memory(&server, &last);
    seen.print(took);
    println!(
        "term {} at first, {} at the end; the burners had {:.0} % of all processors",
        first.term,
        last.term,
        share * 100.0
    );
    println!(
        "memory of the server {} kB at first, {} kB at the end; of the nodes together {} kB, {} kB",
        before.0, after.0, before.1, after.1
    );
    let is_as_before = (last.term, &last.leader, &last.deputy) == (first.term, &first.leader, &first.deputy);
    if seen.takeovers + seen.elections > 0 || !is_as_before {
        eprintln!("somebody was taken for dead who was not\n{}", server.trace());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

impl Seen {
    fn take(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Heartbeat { rtt_us, .. } => {
                self.heartbeats += 1;
                self.slowest_us = self.slowest_us.max(*rtt_us);
            }
            EventKind::LinkDown { failure: true, .. } => self.suspicions += 1,
            EventKind::Completed { cause: ElectionCause::Takeover, .. } => self.takeovers += 1,
            EventKind::Completed { .. } => self.elections += 1,
            _ => {}
        }
    }

    fn print(&self, after: Duration) {
        println!(
            "{:>6.1} min  {} heartbeats told, slowest round trip {:.1} ms; {} links given up, {} takeovers, {} other laps",
            after.as_secs_f64() / 60.0,
            self.heartbeats,
            self.slowest_us as f64 / 1000.0,
            self.suspicions,
            self.takeovers,
            self.elections
        );
    }
}
