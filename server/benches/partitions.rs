//! Benchmark of what links that fail between live members cost: the table of partial partitions, slow and
//! lossy links, and the round trip through relays.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use ringleader_shared::EventKind;
use ringleader_shared::LinkFault;
use ringleader_shared::bus::BusFrame;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_testing::server::partitions::{Observation, ROWS, Row};
use ringleader_testing::server::{PATIENCE, Server};

/// The time for which a ring is observed after a fault.
const OBSERVED: Duration = Duration::from_secs(10);

/// The number of heartbeats whose round trips are measured, one a second.
const HEARTBEATS: usize = 15;

fn main() {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    // `+100`, which is a number to Rust too, and the like: only such rows.
    let is_number = |it: &&String| it.bytes().all(|byte| byte.is_ascii_digit());
    let rounds: usize = arguments.iter().find(is_number).and_then(|it| it.parse().ok()).unwrap_or(3);
    let only = arguments.iter().find(|it| !is_number(it));
    let is_asked = |row: &&Row| only.is_none_or(|only| row.faults.contains(only.as_str()));
    println!("{rounds} rings for each row, {} s after the fault, the worst of them", OBSERVED.as_secs());
    println!("| ring | mode | broken | without agreement | longest | settled after | terms |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for row in ROWS.iter().filter(is_asked) {
        let seen: Vec<Observation> =
            (0..rounds).map(|_| row.observe(&row.start(&["--hung-after", "150ms"]), OBSERVED)).collect();
        let most = |of: fn(&Observation) -> Duration| seen.iter().map(of).max().unwrap_or_default();
        println!(
            "| {} | {} | {}: `{}` | {:.1} % | {} ms | {} ms | + {} |",
            row.nodes,
            row.safety,
            row.what,
            row.faults,
            most(Observation::without).as_secs_f64() / OBSERVED.as_secs_f64() * 100.0,
            most(Observation::longest_gap).as_millis(),
            most(Observation::settled_after).as_millis(),
            seen.iter().map(|seen| seen.terms).max().unwrap_or_default()
        );
    }
    if only.is_some() {
        return;
    }
    println!();
    for (relays, cuts) in [(0, ""), (1, "CD"), (2, "CD CB AD")] {
        let mut times = round_trips(relays, cuts);
        times.sort_unstable();
        println!(
            "a round trip through {relays} relays: median {} µs of {}",
            times[times.len() / 2],
            times.len()
        );
    }
}

/// Round trips of heartbeats between C, the deputy, and D, the leader, in microseconds.
fn round_trips(relays: usize, cuts: &str) -> Vec<u64> {
    let server = Server::start_with(&["--hung-after", "150ms"]);
    server.initiate("A");
    let seq = server.wait_for_leader("D", Some("C")).seq;
    for pair in cuts.split_whitespace() {
        let (one, other) = pair.split_at(1);
        server.set_link(one, other, &LinkFault::CUT);
        server.set_link(other, one, &LinkFault::CUT);
    }
    let mut bus = server.subscribe(Some(if cuts.is_empty() { ringleader_shared::Seq(0) } else { seq }));
    let deadline = Instant::now() + PATIENCE;
    let mut through = None;
    let mut times = Vec::new();
    while times.len() < HEARTBEATS {
        let frame = bus.next_frame(deadline).expect("the deputy reports heartbeats");
        let BusFrame::Event { event } = frame else { continue };
        match event.kind {
            EventKind::LinkUp {
                link: LinkKind::Heartbeat,
                direction: LinkDirection::Outgoing,
                relays,
                ..
            } => through = Some(relays.len()),
            EventKind::Heartbeat { rtt_us, .. } if through == Some(relays) => times.push(rtt_us),
            _ => {}
        }
    }
    times
}
