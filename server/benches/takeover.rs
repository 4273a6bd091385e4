//! Benchmark from `kill -9` of the leader to the moment when every live member follows its deputy, on
//! real processes at full speed, beside a quiet election in the same ring. Times are differences of the
//! machine's monotonic clock.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use ringleader_testing::server::{Round, Server};

fn main() {
    // `cargo bench` adds a flag of its own.
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(50);
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let rounds: Vec<Round> = (0..rounds).map(|_| Round::play(&server)).collect();
    println!("4 nodes, hop delay 0, {} rounds, microseconds", rounds.len());
    println!("{:<44} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "least", "median", "90 %", "99 %", "worst");
    let times = |of: fn(&Round) -> u64| rounds.iter().map(of).collect::<Vec<u64>>();
    table("kill -9 of the leader to a broken link", &mut times(|round| round.sight_us));
    table("kill -9 of the leader to all follow the next", &mut times(|round| round.takeover_us));
    table("a quiet election, Initiate to the lap's end", &mut times(|round| round.election_us));
}

fn table(what: &str, times: &mut [u64]) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("{what:<44} {:>8} {:>8} {:>8} {:>8} {:>8}", at(0), at(50), at(90), at(99), at(100));
}
