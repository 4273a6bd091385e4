//! Hard cases by name, on real processes. How often each is tried: `RINGLEADER_ROUNDS`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::net::TcpStream;

use ringleader_shared::api::EventPage;
use ringleader_shared::control::SECRET_ENV;
use ringleader_shared::link::PROTOCOL;
use ringleader_shared::view::NodeView;
use ringleader_shared::{Event, EventKind, NodeState, RingView};
use serde_json::json;
use support::Server;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, client};

fn rounds(unless_told: u32) -> u32 {
    std::env::var("RINGLEADER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(unless_told)
}

fn since(server: &Server, seq: u64) -> Vec<Event> {
    let page: EventPage = server.get(&format!("/api/v1/events?after={seq}&limit=5000"));
    assert_eq!(page.events.first().map(|event| event.seq.0), Some(seq + 1), "nothing is forgotten yet");
    page.events
}

fn node<'a>(ring: &'a RingView, name: &str) -> &'a NodeView {
    ring.node(&name.parse().unwrap()).unwrap()
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
    for round in 0..rounds(20) {
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
        let believed = since(&server, replaced_at.0).into_iter().find(|event| {
            event.node.as_ref() != Some(&hung)
                && matches!(&event.kind, EventKind::StandingChanged { leader: Some(leader), .. } if *leader == hung)
        });
        assert!(believed.is_none(), "round {round}: {believed:?}\n{}", server.trace());
    }
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

/// Opens a ring link to a node in another's name; the socket, when it was let in.
fn pose(
    to: &NodeView,
    from: &NodeView,
    incarnation: u32,
    secret: &str,
) -> Option<tokio_tungstenite::tungstenite::WebSocket<TcpStream>> {
    let address = to.address.clone().unwrap();
    let mut request = format!("ws://{address}/v1/ring").into_client_request().unwrap();
    for (name, value) in [
        ("Authorization", format!("Bearer {secret}")),
        ("Ringleader-Protocol", PROTOCOL.to_string()),
        ("Ringleader-From", from.id.to_string()),
        ("Ringleader-To", to.id.to_string()),
        ("Ringleader-Incarnation", incarnation.to_string()),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    client(request, TcpStream::connect(address).unwrap()).ok().map(|(socket, _)| socket)
}

/// The run's secret, from the environment of a node: the test may look where nobody else can.
fn secret_of(node: &NodeView) -> String {
    let environment = fs::read(format!("/proc/{}/environ", node.pid.unwrap())).unwrap();
    let lines = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut secret =
        lines.filter_map(|line| line.strip_prefix(&format!("{SECRET_ENV}=")).map(ToOwned::to_owned));
    secret.next().expect("the node has the secret")
}

fn wait_for_refusal(server: &Server, after: u64, says: &str) {
    let mut bus = server.subscribe(Some(ringleader_shared::Seq(after)));
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while let Some(frame) = bus.next_frame(deadline) {
        if let ringleader_shared::bus::BusFrame::Event { event } = frame
            && matches!(&event.kind, EventKind::Refused { reason, .. } if reason.contains(says))
        {
            return;
        }
    }
    panic!("nobody refused it because {says}\n{}", server.trace());
}

/// A ring whose B was started twice.
fn with_a_second_start_of_b() -> (Server, RingView, String) {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("B", "kill");
    server.wait_for_state("B", NodeState::Stopped);
    server.act("B", "start");
    let ring = server.wait_for("the ring is whole with the second B", |ring| {
        is_whole(ring) && node(ring, "B").incarnation.0 == 2
    });
    let secret = secret_of(node(&ring, "A"));
    (server, ring, secret)
}

/// An election message of a term far ahead, as B would have said it in this start.
fn message_of_b(ring: &RingView, incarnation: u32) -> String {
    let b = node(ring, "B");
    json!({
        "id": { "from": "B", "incarnation": incarnation, "number": 1 },
        "lamport": 1,
        "sent_ns": 1,
        "message": {
            "type": "election",
            "term": 99,
            "initiator": b.id,
            "candidate": { "attribute": 999, "id": b.id },
            "deputy": null,
            "hops": 1
        }
    })
    .to_string()
}

#[test]
fn a_start_of_a_node_that_is_over_is_refused_at_the_door() {
    let (server, ring, secret) = with_a_second_start_of_b();
    let mut socket =
        pose(node(&ring, "C"), node(&ring, "B"), 1, &secret).expect("the door opens, then shuts");
    // It may be refused before or after this is written.
    let _ = socket.send(Message::text(message_of_b(&ring, 1)));
    wait_for_refusal(&server, ring.seq.0, "start 1 of B is over");
    assert!(server.ring().term < ringleader_shared::Term(99), "{}", server.trace());
}

#[test]
fn a_message_of_a_start_that_is_over_is_refused_on_a_link_that_is_open() {
    let (server, ring, secret) = with_a_second_start_of_b();
    let mut socket = pose(node(&ring, "C"), node(&ring, "B"), 2, &secret).expect("it is let in");
    socket.send(Message::text(message_of_b(&ring, 1))).expect("it is read");
    wait_for_refusal(&server, ring.seq.0, "start 1 of B is over");
    server.wait_for("the ring is whole", is_whole);
    assert!(server.ring().term < ringleader_shared::Term(99), "{}", server.trace());
}

#[test]
fn a_message_of_an_ended_run_is_refused() {
    let (server, before, old_secret) = with_a_second_start_of_b();
    server.post("/api/v1/reset");
    let ring = server.wait_for("a fresh ring runs", |ring| {
        ring.run != before.run
            && ring.live().count() == 4
            && ring.nodes.iter().all(|node| node.successor.is_some())
    });
    assert!(pose(node(&ring, "C"), node(&ring, "B"), 1, &old_secret).is_none(), "the old secret is no good");
    wait_for_refusal(&server, ring.seq.0, "secret is missing or wrong");
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
    for _ in 0..rounds(60).div_ceil(3) {
        cycle();
    }
    assert_eq!(children().len(), 4, "no zombie and no orphan");
    // A connection or two may still be about to close.
    assert!(files() <= before.0 + 4, "file descriptors: {} at first, {} now", before.0, files());
    assert!(threads() <= before.1 + 2, "threads: {} at first, {} now", before.1, threads());
}
