//! Messages of members that are gone: of an older start, of an ended run, of an originator that died.
//! None of them has an effect for long.

use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ringleader_election::{DropReason, Effect, Input};
use ringleader_shared::bus::BusFrame;
use ringleader_shared::control::SECRET_ENV;
use ringleader_shared::event::MessageKind;
use ringleader_shared::link::PROTOCOL;
use ringleader_shared::message::Lease;
use ringleader_shared::text::drop_reason;
use ringleader_shared::view::NodeView;
use ringleader_shared::{Event, EventKind, NodeState, RingMessage, RingView, Term};
use ringleader_testing::server::{PATIENCE, Server};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

fn node<'a>(ring: &'a RingView, name: &str) -> &'a NodeView {
    ring.node(&name.parse().unwrap()).unwrap()
}

/// One leader, one deputy, and everybody that lives sends to the next.
fn is_whole(ring: &RingView) -> bool {
    let live: Vec<_> = ring.live().collect();
    let next = live.iter().cycle().skip(1);
    ring.leader.is_some()
        && ring.deputy.is_some()
        && live.iter().zip(next).all(|(node, next)| node.successor.as_ref() == Some(&next.name))
        && live.iter().all(|node| node.term == ring.term)
}

/// Opens a ring link to a node in another's name. Returns the socket if the node accepts.
fn pose(to: &NodeView, from: &NodeView, incarnation: u32, secret: &str) -> Option<WebSocket<TcpStream>> {
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

/// The run's secret, from the environment of a node, which the test may read.
fn secret_of(node: &NodeView) -> String {
    let environment = fs::read(format!("/proc/{}/environ", node.pid.unwrap())).unwrap();
    let lines = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut secret =
        lines.filter_map(|line| line.strip_prefix(&format!("{SECRET_ENV}=")).map(ToOwned::to_owned));
    secret.next().expect("the node has the secret")
}

fn wait_for_refusal(server: &Server, after: u64, says: &str) {
    assert!(
        is_refused(server, after, says, PATIENCE),
        "nobody refused it because {says}\n{}",
        server.trace()
    );
}

fn is_refused(server: &Server, after: u64, says: &str, within: Duration) -> bool {
    let mut bus = server.subscribe(Some(ringleader_shared::Seq(after)));
    let deadline = Instant::now() + within;
    while let Some(frame) = bus.next_frame(deadline) {
        if let BusFrame::Event { event } = frame
            && matches!(&event.kind, EventKind::Refused { reason, .. } if reason.contains(says))
        {
            return true;
        }
    }
    false
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
        is_whole(ring) && ring.live().count() == 4 && node(ring, "B").incarnation.0 == 2
    });
    let secret = secret_of(node(&ring, "A"));
    (server, ring, secret)
}

/// The second B's socket to C, on which a message in the name of another start has been refused.
fn refused_on_the_second_bs_link(
    server: &Server,
    ring: &RingView,
    secret: &str,
    start: u32,
) -> WebSocket<TcpStream> {
    let says = format!("start 2 of B sent a message in the name of start {start}");
    // B itself, whose link this one replaces, dials again, and may do so before the message is read.
    for _ in 0..10 {
        let mut socket = pose(node(ring, "C"), node(ring, "B"), 2, secret).expect("it is let in");
        let _ = socket.send(said_by_b(start, &election(ring, 1)));
        if is_refused(server, ring.seq.0, &says, PATIENCE / 10) {
            return socket;
        }
    }
    panic!("nobody refused it because {says}\n{}", server.trace());
}

/// B's first message in this start.
fn said_by_b(incarnation: u32, message: &Value) -> Message {
    let id = json!({ "from": "B", "incarnation": incarnation, "number": 1 });
    Message::text(json!({ "id": id, "lamport": 1, "sent_ns": 1, "message": message }).to_string())
}

/// The strongest candidacy that B could claim.
fn best(ring: &RingView) -> Value {
    json!({ "attribute": 999, "id": node(ring, "B").id })
}

/// An election message of a term far ahead, as B would have sent it.
fn election(ring: &RingView, hops: u32) -> Value {
    let b = node(ring, "B").id;
    json!({ "type": "election", "term": 99, "initiator": b, "candidate": best(ring), "deputy": null, "hops": hops })
}

#[test]
fn a_start_of_a_node_that_is_over_is_refused_at_the_door() {
    let (server, ring, secret) = with_a_second_start_of_b();
    assert!(pose(node(&ring, "C"), node(&ring, "B"), 1, &secret).is_none(), "it is let in");
    wait_for_refusal(&server, ring.seq.0, "start 1 of B is over");
    assert!(server.ring().term < Term(99), "{}", server.trace());
}

#[test]
fn a_message_of_a_start_that_is_over_is_refused_on_a_link_that_is_open() {
    let (server, ring, secret) = with_a_second_start_of_b();
    let _socket = refused_on_the_second_bs_link(&server, &ring, &secret, 1);
    server.wait_for("the ring is whole", is_whole);
    assert!(server.ring().term < Term(99), "{}", server.trace());
}

#[test]
fn a_message_of_a_start_that_never_was_locks_no_later_start_out() {
    let (server, ring, secret) = with_a_second_start_of_b();
    let socket = refused_on_the_second_bs_link(&server, &ring, &secret, 9);
    // The handshake checks it as well: the server's value of the present start counts.
    let pretender = pose(node(&ring, "C"), node(&ring, "B"), 9, &secret).expect("it is let in");
    drop((socket, pretender));
    server.act("B", "kill");
    server.wait_for_state("B", NodeState::Stopped);
    server.act("B", "start");
    server.wait_for("the third B is in the ring", |ring| {
        is_whole(ring) && ring.live().count() == 4 && node(ring, "B").incarnation.0 == 3
    });
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

/// A ring in which B is dead, the secret of its run, and a socket to C on which B could have sent.
fn without_b(flags: &[&str]) -> (Server, RingView, WebSocket<TcpStream>) {
    let server = Server::start_with(flags);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let secret = secret_of(node(&server.ring(), "A"));
    server.act("B", "kill");
    server.wait_for_state("B", NodeState::Stopped);
    let ring = server.wait_for("the ring has closed past B", is_whole);
    let socket = pose(node(&ring, "C"), node(&ring, "B"), 1, &secret).expect("its last start is let in");
    (server, ring, socket)
}

/// Waits until a member drops such a message, for this reason.
fn wait_for_drop(server: &Server, after: u64, kind: MessageKind, says: &str) -> Event {
    let mut bus = server.subscribe(Some(ringleader_shared::Seq(after)));
    let deadline = Instant::now() + PATIENCE;
    while let Some(frame) = bus.next_frame(deadline) {
        if let BusFrame::Event { event } = frame
            && matches!(&event.kind, EventKind::Dropped { message, reason, .. }
                if message.message == kind && message.term == Term(99) && drop_reason(reason).contains(says))
        {
            return *event;
        }
    }
    panic!("nobody dropped it because {says}\n{}", server.trace());
}

fn arrivals(server: &Server, kind: MessageKind) -> usize {
    let is_it = |event: &&Event| matches!(&event.kind, EventKind::Received { message, .. } if message.message == kind && message.term == Term(99));
    server.events().iter().filter(is_it).count()
}

fn wait_until_a_living_member_leads(server: &Server) {
    server.wait_for("a living member leads, in a newer term", |ring| {
        is_whole(ring)
            && ring.term > Term(99)
            && ring.leader.as_ref().is_some_and(|leader| leader.as_str() == "D")
    });
}

#[test]
fn a_message_that_has_crossed_too_many_links_is_dropped_whoever_sent_it() {
    let (server, ring, mut socket) = without_b(&[]);
    socket.send(said_by_b(1, &election(&ring, 17))).expect("it is read");
    let dropped = wait_for_drop(&server, ring.seq.0, MessageKind::Election, "crossed more than 16 links");
    assert_eq!(dropped.node.as_ref().map(|name| name.as_str()), Some("C"));
    let after = server.ring();
    assert_eq!((after.term, after.leader), (ring.term, ring.leader), "nobody minded it");
}

#[test]
fn an_election_whose_candidate_is_dead_goes_round_once_and_is_followed_by_another() {
    let (server, ring, mut socket) = without_b(&[]);
    socket.send(said_by_b(1, &election(&ring, 1))).expect("it is read");
    wait_for_drop(&server, ring.seq.0, MessageKind::Election, "");
    wait_until_a_living_member_leads(&server);
    let arrivals = arrivals(&server, MessageKind::Election);
    assert!((3..=16).contains(&arrivals), "{arrivals}\n{}", server.trace());
}

#[test]
fn a_result_whose_leader_is_dead_goes_round_once_and_is_followed_by_an_election() {
    let (server, ring, mut socket) = without_b(&[]);
    let mandate = json!({ "term": 99, "leader": best(&ring), "deputy_epoch": 0, "deputy": null });
    let result = json!({ "type": "elected", "mandate": mandate, "hops": 1 });
    socket.send(said_by_b(1, &result)).expect("it is read");
    wait_for_drop(&server, ring.seq.0, MessageKind::Elected, "");
    wait_until_a_living_member_leads(&server);
    let arrivals = arrivals(&server, MessageKind::Elected);
    assert!((3..=16).contains(&arrivals), "{arrivals}\n{}", server.trace());
}

/// Only its leader stops a lap that renews a lease: here nothing but the hop budget ends it.
#[test]
fn a_lease_lap_whose_leader_is_dead_is_ended_by_its_hop_budget() {
    let (server, ring, mut socket) = without_b(&["--safety", "quorum", "--hung-after", "500ms"]);
    let mandate = json!({ "term": 99, "leader": best(&ring), "deputy_epoch": 0, "deputy": null });
    let ballot = json!({ "begun_ns": 1, "lease_ms": 0, "votes": 1 });
    let lease = json!({ "type": "lease", "mandate": mandate, "ballot": ballot, "highest": 99, "hops": 1 });
    socket.send(said_by_b(1, &lease)).expect("it is read");
    wait_until_a_living_member_leads(&server);
    // Renewals are too frequent to be reported, so the test reads them from the recordings.
    let (mut given, mut dropped) = (0, Vec::new());
    for step in server.recorded() {
        given += usize::from(matches!(&step.input, Input::Received { message, .. } if is_orphan(message)));
        dropped.extend(step.effects.into_iter().filter_map(|effect| match effect {
            Effect::Drop { message, reason, .. } if is_orphan(&message) => Some(reason),
            _ => None,
        }));
    }
    assert_eq!((given, dropped), (17, vec![DropReason::HopBudget { budget: 16 }]));
}

fn is_orphan(message: &RingMessage) -> bool {
    matches!(message, RingMessage::Lease(Lease { mandate, .. }) if mandate.term == Term(99))
}
