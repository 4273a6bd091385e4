//! Benchmark of quiet elections on real processes, beside bare hops on this machine; and of what rings cost
//! that do nothing.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::thread;
use std::time::{Duration, Instant};

use ringleader_testing::measured::{Outcome, Table};
use ringleader_testing::peers::{run_if_asked, tcp_hops, websocket_hops};
use ringleader_testing::server::{Server, Usage};

/// Elections of a ring of four, when no number is given. Larger rings hold fewer.
const ROUNDS: usize = 200;

/// The time for which a ring that does nothing is watched.
const IDLE: Duration = Duration::from_secs(10);

fn main() {
    run_if_asked();
    // `cargo bench` adds a flag of its own.
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let command = format!("cargo xtask bench election {rounds}");
    let mut hops =
        Table::new("election", "A hop of a quiet election, from process to process.", "µs", "member");
    let mut idle =
        Table::new("idle", "A node of a ring that does nothing: time on a processor.", "%", "member");
    let mut memory =
        Table::new("memory", "A node of a ring that does nothing: its memory (PSS).", "MB", "member");
    let bare_hops = |times: Vec<Duration>| Outcome::Values(times.into_iter().map(microseconds).collect());
    hops.add("a bare WebSocket, a message as long", 1, bare_hops(websocket_hops(rounds * 20)));
    let bare = Some("a bare WebSocket, a message as long");
    hops.add_against("bare TCP, a frame as long", 1, bare_hops(tcp_hops(rounds * 20)), bare);
    for (nodes, share) in [(4, 1), (16, 4), (64, 20)] {
        let server = Server::start_with(&["--nodes", &nodes.to_string(), "--hung-after", "150ms"]);
        let subject = format!("Ringleader, {nodes} nodes");
        let took = (0..(rounds / share).max(3)).map(|_| microseconds(a_hop(&server))).collect();
        hops.add_against(&subject, 1, Outcome::Values(took), bare);
        let (shares, bytes) = at_rest(&server);
        idle.add(&subject, 1, Outcome::Values(shares));
        memory.add(&subject, 1, Outcome::Values(bytes));
    }
    for table in [&hops, &idle, &memory] {
        table.write(&command);
    }
}

/// The time of a hop in a quiet election of its own.
fn a_hop(server: &Server) -> Duration {
    let before = server.ring();
    server.initiate("A");
    let ring = server.wait_for("the election is over", |now| {
        now.term > before.term && now.elections.front().is_some_and(|election| election.took_us.is_some())
    });
    let election = &ring.elections[0];
    Duration::from_micros(election.took_us.unwrap()) / election.messages
}

/// The shares of a processor that the nodes take while they do nothing, in percent, and their memory in
/// megabytes.
fn at_rest(server: &Server) -> (Vec<f64>, Vec<f64>) {
    let pids: Vec<u32> = server.ring().nodes.iter().filter_map(|node| node.pid).collect();
    let usage = || pids.iter().map(|pid| Usage::of(*pid)).collect::<Vec<_>>();
    let (before, began) = (usage(), Instant::now());
    thread::sleep(IDLE);
    let (after, watched) = (usage(), began.elapsed());
    let shares = before.iter().zip(&after).map(|(before, after)| {
        (after.ran.saturating_sub(before.ran)).as_secs_f64() / watched.as_secs_f64() * 100.0
    });
    let waits = before.iter().zip(&after).map(|(before, after)| after.waits - before.waits).sum::<u64>();
    println!(
        "{} nodes at rest: {:.0} wake-ups a second each, {} thread each",
        pids.len(),
        waits as f64 / watched.as_secs_f64() / pids.len() as f64,
        after.iter().map(|it| it.threads).max().unwrap_or_default()
    );
    (shares.collect(), after.iter().map(|it| it.memory as f64 / 1e6).collect())
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
