//! Benchmark from `kill -9` of the leader to the moment when every live member follows its deputy, on
//! real processes at full speed, beside a quiet election in the same ring. Times are differences of the
//! machine's monotonic clock.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use ringleader_shared::bus::BusFrame;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Event, EventKind, NodeName, NodeState, RingView};
use ringleader_testing::server::{PATIENCE, Server};

fn main() {
    // `cargo bench` adds a flag of its own.
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(50);
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let mut sights = Vec::new();
    let mut takeovers = Vec::new();
    let mut elections = Vec::new();
    let mut seen = 0;
    for _ in 0..rounds {
        let ring = settled(&server);
        at_rest(&server);
        let leader = ring.leader.clone().unwrap();
        let before = server.ring().seq;
        server.act(leader.as_str(), "kill");
        server.wait_for("the deputy leads, with a deputy of its own", |ring| {
            ring.live().count() == 3 && ring.leader.is_some() && ring.deputy.is_some() && ring.term.0 > seen
        });
        let events = since(&server, before.0);
        let (sight, takeover) = after_kill(&events, &leader);
        sights.push(sight);
        takeovers.push(takeover);
        server.wait_for_state(leader.as_str(), NodeState::Stopped);
        server.act(leader.as_str(), "start");
        let ring = settled(&server);
        server.initiate("A");
        let ring = server.wait_for("another election is over", |now| {
            now.term > ring.term && now.elections.front().is_some_and(|election| election.took_us.is_some())
        });
        elections.push(ring.elections[0].took_us.unwrap());
        seen = ring.term.0;
    }
    println!("4 nodes, hop delay 0, {rounds} rounds, microseconds");
    println!("{:<44} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "least", "median", "90 %", "99 %", "worst");
    table("kill -9 of the leader to a broken link", &mut sights);
    table("kill -9 of the leader to all follow the next", &mut takeovers);
    table("a quiet election, Initiate to the lap's end", &mut elections);
}

/// Waits until all four run in a whole ring, agree, and the deputy watches the leader.
fn settled(server: &Server) -> RingView {
    let mut bus = server.subscribe(None);
    let deadline = Instant::now() + PATIENCE;
    let mut ring = RingView::empty();
    let mut watched = watches(&server.events());
    loop {
        match bus.next_frame(deadline).expect("the ring settles") {
            BusFrame::Snapshot { ring: fresh, .. } => ring = *fresh,
            BusFrame::Event { event } => {
                ring.apply(&event);
                watched = watches(std::slice::from_ref(&event)).or(watched);
            }
            BusFrame::Resumed { .. } | BusFrame::Missed { .. } => {}
        }
        let whole = ring.live().count() == 4
            && ring
                .nodes
                .iter()
                .zip(ring.nodes.iter().cycle().skip(1))
                .all(|(node, next)| node.successor.as_ref() == Some(&next.name));
        let pair = ring.deputy.clone().zip(ring.leader.clone());
        if whole && pair.is_some() && pair == watched {
            return ring;
        }
    }
}

/// Waits until the deputy has reported a heartbeat half a second later, so that the nodes' background
/// work is done.
fn at_rest(server: &Server) {
    let mut bus = server.subscribe(None);
    let deadline = Instant::now() + PATIENCE;
    let start = Instant::now();
    loop {
        if let BusFrame::Event { event } = bus.next_frame(deadline).expect("the deputy reports heartbeats")
            && matches!(event.kind, EventKind::Heartbeat { .. })
            && start.elapsed() > Duration::from_millis(500)
        {
            return;
        }
    }
}

/// The last deputy that opened its heartbeat link, and to which leader.
fn watches(events: &[Event]) -> Option<(NodeName, NodeName)> {
    events.iter().rev().find_map(|event| match &event.kind {
        EventKind::LinkUp { peer, link: LinkKind::Heartbeat, direction: LinkDirection::Outgoing, .. } => {
            Some((event.node.clone()?, peer.clone()))
        }
        _ => None,
    })
}

fn since(server: &Server, seq: u64) -> Vec<Event> {
    server.events().into_iter().filter(|event| event.seq.0 > seq).collect()
}

/// Times since the moment before the signal: to the first survivor's notice of a broken link, which is
/// the kernel's part, and to the last live member's report of the new leader.
fn after_kill(events: &[Event], killed: &NodeName) -> (u64, u64) {
    let kill = events
        .iter()
        .find(|event| matches!(&event.kind, EventKind::Requested { action } if action == "kill"))
        .expect("the kill was asked for")
        .at_us;
    let broken = events.iter().find(|event| {
        event.at_us >= kill && matches!(&event.kind, EventKind::LinkDown { peer, .. } if peer == killed)
    });
    let mut first: std::collections::BTreeMap<&NodeName, u64> = std::collections::BTreeMap::new();
    for event in events {
        if let (EventKind::RoleChanged { leader: Some(leader), .. }, Some(node)) = (&event.kind, &event.node)
            && leader != killed
        {
            first.entry(node).or_insert(event.at_us);
        }
    }
    assert_eq!(first.len(), 3, "all three survivors follow somebody else than {killed}");
    (broken.unwrap().at_us - kill, first.values().max().unwrap() - kill)
}

fn table(what: &str, times: &mut [u64]) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("{what:<44} {:>8} {:>8} {:>8} {:>8} {:>8}", at(0), at(50), at(90), at(99), at(100));
}
