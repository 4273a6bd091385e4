//! Benchmark of failover: from the blow to the leader, SIGKILL or SIGSTOP, until every other member follows
//! the next one. Real processes on this machine, beside other systems that elect a leader, in one run.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use ringleader_testing::measured::{Outcome, Table};
use ringleader_testing::peers::{Cluster, Etcd, Nats, Sentinel, System, closed_sockets, run_if_asked};
use ringleader_testing::server::{Blow, Failover, Server};

/// Rounds of a ring of four, when no number is given. Larger rings and other systems have fewer.
const ROUNDS: usize = 200;

fn main() {
    run_if_asked();
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let rounds = arguments.iter().find_map(|it| it.parse().ok()).unwrap_or(ROUNDS);
    let names: Vec<&String> = arguments.iter().filter(|it| it.parse::<usize>().is_err()).collect();
    for (name, measure) in TABLES {
        if names.is_empty() || names.iter().any(|it| *it == name) {
            measure(rounds).0.write(&format!("cargo xtask bench failover {name} {rounds}"));
        }
    }
}

/// The way to measure a table, in so many rounds.
type Measure = fn(usize) -> Failovers;

const TABLES: [(&str, Measure); 3] = [("crash", crash), ("hang", hang), ("quorum", quorum)];

struct Failovers(Table);

impl Failovers {
    fn new(name: &'static str, what: &'static str) -> Self {
        Self(Table::new(name, what, "ms", "member"))
    }

    /// Measures a ring of our own processes.
    fn ring(&mut self, subject: &str, nodes: usize, flags: &[&str], blow: Blow, rounds: usize) {
        let count = nodes.to_string();
        let server = Server::start_with(&[&["--nodes", &count][..], flags].concat());
        server.initiate("A");
        server.wait_for("a leader is there", |ring| ring.leader.is_some() && ring.deputy.is_some());
        let times: Vec<Failover> = (0..rounds).map(|_| Failover::play(&server, blow)).collect();
        let of = |time: fn(&Failover) -> u64| {
            Outcome::Values(times.iter().map(|it| milliseconds(Duration::from_micros(time(it)))).collect())
        };
        self.0.add(subject, nodes as u64, of(|it| it.takeover_us));
        self.0.add(&format!("{subject}: the first sees a broken link"), nodes as u64, of(|it| it.sight_us));
    }

    /// Measures another system, beside one of our rows.
    fn system<S: System>(
        &mut self,
        subject: &str,
        found: Option<S>,
        blow: Blow,
        rounds: usize,
        against: &str,
    ) {
        let outcome = match found {
            None => Outcome::Missing("not installed".to_owned()),
            Some(system) => {
                let mut cluster = Cluster::start(system);
                Outcome::Values((0..rounds).map(|_| milliseconds(cluster.strike(blow))).collect())
            }
        };
        self.0.add_against(subject, 3, outcome, Some(against));
    }
}

/// The flags of a ring as it is by default, but for its pace.
const DEFAULT: [&str; 2] = ["--hung-after", "150ms"];

/// etcd's times where it is tuned as far as a machine such as this one bears, in milliseconds.
const TUNED: (u32, u32) = (10, 50);

fn crash(rounds: usize) -> Failovers {
    let what = "From `kill -9` of the leader until every live member follows the next one.";
    let mut table = Failovers::new("failover-crash", what);
    for (nodes, share) in [(4, 1), (16, 4), (64, 20)] {
        table.ring(&ours(nodes), nodes, &DEFAULT, Blow::Kill, at_least(rounds / share));
    }
    let bare = closed_sockets(rounds).into_iter().map(milliseconds).collect();
    table.0.add_against("a bare TCP peer sees the closed socket", 1, Outcome::Values(bare), Some(&ours(4)));
    others(&mut table, Blow::Kill, rounds);
    table
}

fn hang(rounds: usize) -> Failovers {
    let what = "From SIGSTOP of the leader until every other member follows the next one.";
    let mut table = Failovers::new("failover-hang", what);
    let rounds = at_least(rounds / 4);
    table.ring(&ours(4), 4, &DEFAULT, Blow::Pause, rounds);
    let fast = ["--heartbeat", "10ms", "--hung-after", "30ms"];
    table.ring("Ringleader, 4 nodes, heartbeats every 10 ms", 4, &fast, Blow::Pause, rounds);
    others(&mut table, Blow::Pause, rounds);
    table
}

fn quorum(rounds: usize) -> Failovers {
    let what =
        "From the blow until every other member follows a leader that a majority has granted its lease.";
    let mut table = Failovers::new("failover-quorum", what);
    let rounds = at_least(rounds / 4);
    let flags = [&DEFAULT[..], &["--safety", "quorum"]].concat();
    let killed = "Ringleader, 4 nodes, SIGKILL";
    table.ring(killed, 4, &flags, Blow::Kill, rounds);
    table.ring("Ringleader, 4 nodes, SIGSTOP", 4, &flags, Blow::Pause, rounds);
    let few = at_least(rounds / 4);
    table.system("etcd, 3 members, SIGKILL", Etcd::find(None), Blow::Kill, few, killed);
    table.system("etcd, 3 members, SIGSTOP", Etcd::find(None), Blow::Pause, few, killed);
    table.system("etcd tuned to 10 and 50 ms, SIGKILL", Etcd::find(Some(TUNED)), Blow::Kill, rounds, killed);
    table.system("etcd tuned to 10 and 50 ms, SIGSTOP", Etcd::find(Some(TUNED)), Blow::Pause, rounds, killed);
    table
}

/// The rows of other systems beside a ring of four.
fn others(table: &mut Failovers, blow: Blow, rounds: usize) {
    let (few, fewer) = (at_least(rounds / 10), at_least(rounds / 20));
    let beside = ours(4);
    table.system("etcd, 3 members", Etcd::find(None), blow, few, &beside);
    table.system("etcd, 3 members, tuned to 10 and 50 ms", Etcd::find(Some(TUNED)), blow, few, &beside);
    let sentinel = Sentinel::find(Duration::from_millis(100));
    table.system("Redis Sentinel, 3 and 3, down after 100 ms", sentinel, blow, fewer, &beside);
    table.system("NATS JetStream, 3 servers", Nats::find(), blow, fewer, &beside);
}

fn ours(nodes: usize) -> String {
    format!("Ringleader, {nodes} nodes")
}

fn at_least(rounds: usize) -> usize {
    rounds.max(3)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
