//! The identity of members: the same ring has the same ids and so the same outcome, and a name that comes
//! again is another member.

use std::collections::BTreeSet;

use ringleader_shared::api::Problem;
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{Event, EventKind, Incarnation, MessageId, NodeState, RingView};
use ringleader_testing::server::Server;
use serde_json::{Value, json};

const ONE: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const OTHER: &str = "ffa7b810-9dad-41d1-80b4-00c04fd430c8";

fn ids(ring: &RingView) -> Vec<String> {
    ring.nodes.iter().map(|node| node.id.to_string()).collect()
}

/// Elects from the first node. Returns the leader.
fn leader(server: &Server) -> String {
    server.initiate("A");
    let ring = server.wait_for("somebody leads", |ring| ring.leader.is_some());
    ring.leader.unwrap().to_string()
}

#[test]
fn equal_attributes_have_the_same_leader_at_every_start() {
    let flags = ["--attributes", "7, 7, 7, 7"];
    let first = Server::start_with(&flags);
    let (expected, members) = (leader(&first), ids(&first.ring()));
    let second = Server::start_with(&flags);
    assert_eq!((leader(&second), ids(&second.ring())), (expected.clone(), members.clone()));
    second.post("/api/v1/reset");
    second.wait_for("the fresh ring runs", |ring| ring.term.0 == 0 && ring.live().count() == 4);
    assert_eq!((leader(&second), ids(&second.ring())), (expected, members), "a reset makes the same ring");
}

#[test]
fn an_id_that_was_given_decides_between_equal_attributes() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("ids.toml");
    for (a, b, expected) in [(ONE, OTHER, "B"), (OTHER, ONE, "A")] {
        let node = |name, id| format!("[[node]]\nname = \"{name}\"\nattribute = 7\nid = \"{id}\"\n");
        std::fs::write(&path, node("A", a) + &node("B", b)).unwrap();
        let server = Server::start_with(&["--ring", path.to_str().unwrap()]);
        assert_eq!(ids(&server.ring()), [a, b]);
        assert_eq!(leader(&server), expected);
    }
}

fn add(server: &Server, node: Value) -> Result<Value, Problem> {
    let (status, body) = server.ask("POST", "/api/v1/nodes", Some(node));
    if status == 201 {
        Ok(serde_json::from_str(&body).unwrap())
    } else {
        Err(serde_json::from_str(&body).unwrap())
    }
}

fn remove(server: &Server, name: &str) {
    assert_eq!(server.ask("DELETE", &format!("/api/v1/nodes/{name}"), None).0, 204);
}

#[test]
fn a_node_that_is_added_may_be_given_an_id_that_nobody_has() {
    let server = Server::start();
    let added = add(&server, json!({ "name": "E", "attribute": 7, "id": ONE })).unwrap();
    assert_eq!(added["id"], ONE);
    for (id, status, says) in [
        (ONE, 409, "is that of E"),
        ("00000000-0000-0000-0000-000000000000", 422, "nil UUID"),
        ("7", 422, "what this call needs"),
    ] {
        let problem = add(&server, json!({ "name": "F", "attribute": 7, "id": id })).unwrap_err();
        assert!(problem.status == status && problem.title.contains(says), "{id}: {problem:?}");
    }
    remove(&server, "E");
    let problem = add(&server, json!({ "name": "F", "attribute": 7, "id": ONE })).unwrap_err();
    assert!(problem.status == 409 && problem.title.contains("has left the ring"), "{problem:?}");
    // The id that would be its own is another member's already: it gets another.
    remove(&server, "D");
    let own = add(&server, json!({ "name": "D", "attribute": 7 })).unwrap()["id"].clone();
    remove(&server, "D");
    let next = add(&server, json!({ "name": "D", "attribute": 7 })).unwrap()["id"].clone();
    assert_ne!(own, next);
    // The same calls on another server give the same ids.
    let twin = Server::start();
    remove(&twin, "D");
    assert_eq!(add(&twin, json!({ "name": "D", "attribute": 7 })).unwrap()["id"], own);
}

/// Whether all four run and each is linked to the next.
fn is_whole(ring: &RingView) -> bool {
    let next = ring.nodes.iter().cycle().skip(1);
    ring.live().count() == 4
        && ring.nodes.iter().zip(next).all(|(node, next)| node.successor.as_ref() == Some(&next.name))
}

/// Waits until C sends to this start of D. Before, C may not know yet that the D it sent to was removed.
fn wait_until_c_reaches_d(server: &Server, start: Incarnation) {
    let is = |event: &Event, name: &str| event.node.as_ref().is_some_and(|node| node.as_str() == name);
    let mut is_spawned = false;
    server.wait_for_event("C sends to the new D", |event| {
        is_spawned |=
            is(event, "D") && event.incarnation == start && matches!(event.kind, EventKind::Spawned { .. });
        let reached = matches!(
            &event.kind,
            EventKind::LinkUp { peer, link: LinkKind::Ring, direction: LinkDirection::Outgoing, .. }
                if peer.as_str() == "D"
        );
        is_spawned && is(event, "C") && reached
    });
}

#[test]
fn a_name_that_is_removed_and_added_again_goes_on_counting_its_starts_and_repeats_no_message_id() {
    let server = Server::start();
    server.act("D", "kill");
    server.wait_for_state("D", NodeState::Stopped);
    server.act("D", "start");
    server.wait_for("D is back", is_whole);
    let mut starts = vec![2];
    let mut known = BTreeSet::from([server.ring().nodes[3].id]);
    for _ in 0..6 {
        server.initiate("A");
        server.wait_for_leader("D", Some("C"));
        // It has just reported, and its last reports may still be in transit.
        remove(&server, "D");
        let added = add(&server, json!({ "name": "D", "attribute": 120 })).unwrap();
        starts.push(u32::try_from(added["incarnation"].as_u64().unwrap()).unwrap());
        let ring = server.wait_for("D is back", is_whole);
        wait_until_c_reaches_d(&server, Incarnation(*starts.last().unwrap()));
        assert!(known.insert(ring.nodes[3].id), "another member has another id");
    }
    assert_eq!(starts, [2, 3, 4, 5, 6, 7, 8]);
    let mut sent: BTreeSet<(String, u32, u64)> = BTreeSet::new();
    let mut present = Incarnation(0);
    for event in server.events() {
        let of_d = event.node.as_ref().is_some_and(|name| name.as_str() == "D");
        match &event.kind {
            EventKind::Spawned { .. } if of_d => present = event.incarnation,
            EventKind::Sent { message, .. } => {
                let MessageId { from, incarnation, number } = message.id.clone();
                let id = (from.to_string(), incarnation.0, number);
                assert!(sent.insert(id.clone()), "{id:?} was sent twice\n{}", server.trace());
            }
            _ => {}
        }
        let is_past = of_d && event.lamport > 0 && event.incarnation < present;
        assert!(!is_past, "a former D speaks after the next one was spawned: {event:?}\n{}", server.trace());
    }
    let metrics = server.ask("GET", "/metrics", None).1;
    assert!(metrics.contains("\nringleader_late_events_total "), "{metrics}");
}
