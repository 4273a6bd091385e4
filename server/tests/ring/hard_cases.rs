//! Hard cases by name, on real processes. `RINGLEADER_ROUNDS` sets how often each is tried.

use std::fs;

use ringleader_shared::api::EventPage;
use ringleader_shared::{Event, EventKind, NodeState, RingView};
use ringleader_testing::server::Server;

fn rounds(default: u32) -> u32 {
    std::env::var("RINGLEADER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(default)
}

fn since(server: &Server, seq: u64) -> Vec<Event> {
    let page: EventPage = server.get(&format!("/api/v1/events?after={seq}&limit=5000"));
    assert_eq!(page.events.first().map(|event| event.seq.0), Some(seq + 1), "nothing is forgotten yet");
    page.events
}

/// One leader, one deputy, and everybody sends to the next.
fn is_whole(ring: &RingView) -> bool {
    let next = ring.nodes.iter().cycle().skip(1);
    ring.leader.is_some()
        && ring.deputy.is_some()
        && ring.nodes.iter().zip(next).all(|(node, next)| node.successor.as_ref() == Some(&next.name))
        && ring.nodes.iter().all(|node| node.term == ring.term)
}

#[test]
fn nothing_that_a_hung_leader_says_when_it_wakes_up_is_believed() {
    let server = Server::start_with(&["--hung-after", "200ms"]);
    server.initiate("A");
    server.wait_for("the ring is settled", is_whole);
    let (rounds, mut refused) = (rounds(20), 0);
    for round in 0..rounds {
        let ring = server.wait_for("the ring is settled", is_whole);
        let (hung, term) = (ring.leader.clone().unwrap(), ring.term);
        server.act("leader", "pause");
        let ring = server.wait_for("the others follow the next one", |ring| {
            ring.leader.as_ref().is_some_and(|leader| *leader != hung)
                && ring.live().all(|node| node.term > term)
        });
        let (next, replaced_at) = (ring.leader.clone().unwrap(), ring.seq);
        server.act(hung.as_str(), "resume");
        let ring = server.wait_for("the woken one follows", |ring| {
            ring.live().count() == 4 && is_whole(ring) && ring.leader.as_ref() != Some(&hung)
        });
        assert_eq!(ring.leader.as_ref(), Some(&next), "round {round}\n{}", server.trace());
        let events = since(&server, replaced_at.0);
        let is_refusal =
            |event: &&Event| matches!(&event.kind, EventKind::Dropped { from, .. } if *from == hung);
        refused += events.iter().filter(is_refusal).count();
        let believed = events.into_iter().find(|event| {
            event.node.as_ref() != Some(&hung)
                && matches!(&event.kind, EventKind::RoleChanged { leader: Some(leader), .. } if *leader == hung)
        });
        assert!(believed.is_none(), "round {round}: {believed:?}\n{}", server.trace());
    }
    println!(
        "{rounds} of {rounds} woken leaders were not believed; {refused} messages of theirs were dropped"
    );
}

#[test]
fn a_deputy_that_was_itself_the_slow_one_does_not_take_over() {
    let server = Server::start_with(&["--hung-after", "200ms"]);
    server.initiate("A");
    let first = server.wait_for("the ring is settled", is_whole);
    for round in 0..rounds(10) {
        let ring = server.wait_for("the ring is settled", is_whole);
        let slow = ring.deputy.clone().unwrap();
        server.act("deputy", "pause");
        server.wait_for("the leader has another deputy", |ring| {
            ring.leader == first.leader && ring.deputy.as_ref().is_some_and(|deputy| *deputy != slow)
        });
        server.act(slow.as_str(), "resume");
        let ring = server.wait_for("the slow one follows", |ring| ring.live().count() == 4 && is_whole(ring));
        assert_eq!(
            (ring.leader, ring.term),
            (first.leader.clone(), first.term),
            "round {round}\n{}",
            server.trace()
        );
    }
}

/// Two members that are not neighbours die at once, and one is back while the ring still closes past the
/// other: two repairs and two re-admissions race, and could close one ring on each side.
#[test]
fn repairs_that_race_end_in_one_ring() {
    let server = Server::start_with(&["--nodes", "6", "--hung-after", "200ms"]);
    server.initiate("A");
    let names = ["A", "B", "C", "D", "E", "F"];
    for round in 0..rounds(20) {
        server.wait_for("the ring is whole", |ring| ring.live().count() == 6 && is_whole(ring));
        let place = usize::try_from(round).unwrap();
        // Each pair that is two or three places apart, in turn.
        let (one, other) = (names[place % 6], names[(place + 2 + place / 6 % 2) % 6]);
        server.act(one, "kill");
        server.act(other, "kill");
        server.wait_for_state(one, NodeState::Stopped);
        server.act(one, "start");
        server.wait_for(&format!("one ring of the five without {other}, round {round}"), |ring| {
            let live: Vec<_> = ring.live().collect();
            let next = live.iter().cycle().skip(1);
            live.len() == 5
                && live.iter().zip(next).all(|(node, next)| node.successor.as_ref() == Some(&next.name))
        });
        server.wait_for_state(other, NodeState::Stopped);
        server.act(other, "start");
        let ring = server.wait_for("one ring of all six, with one leader and its deputy", |ring| {
            ring.live().count() == 6 && is_whole(ring)
        });
        assert!(!ring.split_brain, "round {round}\n{}", server.trace());
    }
}

#[test]
fn nodes_that_are_killed_and_started_over_and_over_leave_nothing_behind() {
    let server = Server::start();
    let files = || fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count);
    let threads = || fs::read_dir(format!("/proc/{}/task", server.pid())).map_or(0, Iterator::count);
    let children = || -> Vec<u32> {
        let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).into_iter().flatten().flatten();
        let lists = tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
        lists
            .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
            .collect()
    };
    let cycle = || {
        for name in ["B", "C", "D"] {
            server.act(name, "kill");
        }
        server.wait_for("three have ended", |ring| {
            ring.nodes.iter().filter(|node| node.state == NodeState::Stopped).count() == 3
        });
        for name in ["B", "C", "D"] {
            server.act(name, "start");
        }
        server.wait_for("all run", |ring| ring.live().count() == 4);
    };
    cycle();
    let before = (files(), threads());
    // Three ends and three starts each.
    let cycles = rounds(60).div_ceil(3);
    for _ in 0..cycles {
        cycle();
    }
    assert_eq!(children().len(), 4, "no zombie and no orphan");
    // A connection or two may still be about to close.
    assert!(files() <= before.0 + 4, "file descriptors: {} at first, {} now", before.0, files());
    assert!(threads() <= before.1 + 2, "threads: {} at first, {} now", before.1, threads());
    println!(
        "{} kills and starts; file descriptors {} at first, {} now; threads {} at first, {} now; no zombie",
        3 * (cycles + 1),
        before.0,
        files(),
        before.1,
        threads()
    );
}
