//! Benchmark of crowds of strangers on the dashboard's port: the server's memory, and the time of an
//! election on real processes at full speed, without a crowd and with each kind of crowd. Fails when a
//! crowd costs too much.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ringleader_shared::EventKind;
use ringleader_shared::bus::BusFrame;
use ringleader_testing::server::{PATIENCE, Server};

use ringleader_testing::server::crowd::{Crowd, Kind, memory_kb};

/// Elections that are timed with each crowd.
const ELECTIONS: usize = 101;

/// The most memory that a crowd may cost.
const MOST_MEMORY_KB: u64 = 64 * 1024;

/// The longest time of an election with a crowd, as a multiple of the time without one.
const SLOWEST: f64 = 1.5;

fn main() -> ExitCode {
    let mut is_good = true;
    println!(
        "4 nodes, hop delay 0, {ELECTIONS} elections with each crowd, from the request to the lap's end by the nodes' clocks"
    );
    println!(
        "{:<52} {:>8} {:>10} {:>10} {:>10} {:>10}",
        "", "sockets", "memory", "median", "90 %", "to alone"
    );
    for (says, members) in [
        ("2,000 idle subscribers, which read", &[(Kind::Reads, 2000)][..]),
        ("a subscriber that never reads", &[(Kind::NeverReads, 1)]),
        ("a subscriber that floods with pings", &[(Kind::Floods, 1)]),
        ("200 half-open connections, silent after the handshake", &[(Kind::NeverReads, 200)]),
        ("500 slow-loris, 200 stalled readers", &[(Kind::Dribbles, 500), (Kind::NeverReads, 200)]),
    ] {
        let server = Server::start();
        let mut alone = elections(&server);
        let memory = memory_kb(server.pid());
        let crowd = Crowd::gather(&server.authority, members);
        let mut beside = elections(&server);
        let costs = memory_kb(server.pid()).saturating_sub(memory);
        let (before, median) = (at(&mut alone, 50), at(&mut beside, 50));
        let ratio = median.as_secs_f64() / before.as_secs_f64();
        println!(
            "{says:<52} {:>8} {:>7} kB {:>7} µs {:>7} µs {ratio:>10.2}",
            crowd.size(),
            costs,
            median.as_micros(),
            at(&mut beside, 90).as_micros()
        );
        // Two thousand readers take processors from the nodes, which run on the same machine.
        is_good &= costs <= MOST_MEMORY_KB && (ratio <= SLOWEST || members[0].0 == Kind::Reads);
    }
    if !is_good {
        eprintln!(
            "a crowd costs more than {} MiB, or makes an election slower by half",
            MOST_MEMORY_KB / 1024
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

/// The times of many elections, one after the other.
fn elections(server: &Server) -> Vec<Duration> {
    let mut bus = server.subscribe(None);
    let mut one = || {
        let deadline = Instant::now() + PATIENCE;
        let mut asked_us = 0;
        server.initiate("A");
        loop {
            match bus.next_frame(deadline) {
                Some(BusFrame::Event { event }) => match event.kind {
                    EventKind::Requested { .. } => asked_us = event.at_us,
                    EventKind::Completed { .. } => {
                        return Duration::from_micros(event.at_us.saturating_sub(asked_us));
                    }
                    _ => {}
                },
                Some(_) => {}
                None => panic!("the election did not end\n{}", server.trace()),
            }
        }
    };
    // The first election runs with cold caches.
    one();
    (0..ELECTIONS).map(|_| one()).collect()
}
