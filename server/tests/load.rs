//! Crowds on the dashboard's port: memory stays bounded, and elections go on. `cargo xtask bench load`
//! measures their cost in time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use ringleader_shared::RingView;
use ringleader_testing::server::Server;
use ringleader_testing::server::crowd::{Crowd, Kind, memory_kb};

/// The limit of the memory that any crowd costs.
const MOST_MEMORY_KB: u64 = 64 * 1024;

/// Elections while the crowd is there: enough events to fill the buffers of a socket that nobody reads.
const ELECTIONS: u64 = 30;

fn beside(members: &[(Kind, usize)]) {
    let server = Server::start();
    server.initiate("A");
    let led = |ring: &RingView, term| ring.term.0 >= term && ring.leader.is_some();
    let first = server.wait_for_leader("D", Some("C")).term.0;
    let before = memory_kb(server.pid());
    let crowd = Crowd::gather(&server.authority, members);
    for election in 1..=ELECTIONS {
        server.initiate("A");
        server.wait_for("the election is over", |ring| led(ring, first + election));
    }
    let costs = memory_kb(server.pid()).saturating_sub(before);
    assert!(costs <= MOST_MEMORY_KB, "{} strangers cost {costs} kB", crowd.size());
}

#[test]
fn two_thousand_subscribers() {
    beside(&[(Kind::Reads, 2000)]);
}

#[test]
fn subscribers_that_never_read_and_headers_that_never_end() {
    beside(&[(Kind::Dribbles, 500), (Kind::NeverReads, 200)]);
}

#[test]
fn a_subscriber_that_floods() {
    beside(&[(Kind::Floods, 1)]);
}
