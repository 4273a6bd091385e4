//! Real processes elect, and lose, their leaders.

use ringleader_shared::event::ElectionCause;
use ringleader_shared::{EventKind, NodeState, Role, Term};
use ringleader_testing::server::{Server, fresh_seed};

fn successor(ring: &ringleader_shared::RingView, node: &str) -> Option<String> {
    ring.node(&node.parse().unwrap()).and_then(|node| node.successor.as_ref()).map(ToString::to_string)
}

#[test]
fn the_samples_ring_elects_d_with_c_as_its_deputy_by_eleven_messages() {
    let server = Server::start();
    server.initiate("A");
    let ring =
        server.wait_for("the lap is back", |ring| ring.elections.iter().any(|one| one.took_us.is_some()));
    assert_eq!(
        (ring.leader.unwrap().as_str(), ring.deputy.unwrap().as_str(), ring.term),
        ("D", "C", Term(1))
    );
    let election = &ring.elections[0];
    assert_eq!(
        (election.messages, election.hops, election.expected),
        (11, 11, Some(11)),
        "{}",
        server.trace()
    );
    let roles: Vec<Role> = ring.nodes.iter().map(|node| node.role.unwrap()).collect();
    assert_eq!(roles, [Role::Follower, Role::Follower, Role::Deputy, Role::Leader]);
}

#[test]
fn when_the_leader_is_killed_its_deputy_leads_and_routes_past_it() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("leader", "kill");
    let ring = server.wait_for_leader("C", Some("B"));
    assert_eq!(ring.term, Term(2));
    // The sample's author got as far as this, and here the sample panicked.
    assert_eq!(successor(&ring, "C").as_deref(), Some("A"));
    server.wait_for_state("D", NodeState::Stopped);
    let ring = server.wait_for("the takeover's lap is back", |ring| ring.elections[0].took_us.is_some());
    assert_eq!(
        (ring.elections[0].cause, ring.elections[0].messages),
        (ElectionCause::Takeover, 6),
        "{}",
        server.trace()
    );
}

#[test]
fn leader_and_deputy_killed_together_are_replaced_by_an_election() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.act("C", "kill");
    server.wait_for_leader("B", Some("A"));
}

#[test]
fn the_last_survivor_leads_alone_and_finds_a_deputy_when_another_comes_back() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    for node in ["D", "C", "B"] {
        server.act(node, "kill");
    }
    let ring = server.wait_for_leader("A", None);
    assert_eq!(successor(&ring, "A").as_deref(), Some("A"));
    server.act("D", "start");
    let ring = server.wait_for_leader("A", Some("D"));
    assert_eq!(successor(&ring, "A").as_deref(), Some("D"));
}

#[test]
fn a_restarted_leader_follows_and_wins_only_the_next_election() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
    server.wait_for_state("D", NodeState::Stopped);
    server.act("D", "start");
    server.wait_for("D follows C in the repaired ring", |ring| {
        let d = ring.node(&"D".parse().unwrap()).unwrap();
        d.leader.as_ref().is_some_and(|leader| leader.as_str() == "C")
            && d.incarnation.0 == 2
            && successor(ring, "C").as_deref() == Some("D")
    });
    server.initiate("B");
    server.wait_for_leader("D", Some("C"));
}

#[test]
fn a_hung_leader_is_replaced_and_follows_when_it_wakes_up() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("leader", "pause");
    server.wait_for_leader("C", Some("B"));
    server.act("D", "resume");
    let ring = server.wait_for("everyone follows C, the woken D too", |ring| {
        ring.live().count() == 4
            && ring.leader.as_ref().is_some_and(|leader| leader.as_str() == "C")
            && successor(ring, "C").as_deref() == Some("D")
    });
    assert!(!ring.split_brain);
}

#[test]
fn a_leader_that_exits_gracefully_is_replaced_at_once() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("leader", "exit");
    server.wait_for_leader("C", Some("B"));
    let ring = server.wait_for_state("D", NodeState::Stopped);
    assert_eq!(ring.term, Term(2));
    assert!(server.trace().contains("\"kind\":\"exited\",\"code\":0"), "{}", server.trace());
}

#[test]
fn a_node_killed_while_it_holds_the_election_message_does_not_stop_the_election() {
    // 300 ms a hop: B holds the message when it dies.
    let server = Server::start_with(&["--hop-delay", "300ms"]);
    server.initiate("A");
    server.wait_for("B holds the message", |ring| {
        ring.node(&"B".parse().unwrap()).is_some_and(|b| b.role == Some(Role::Candidate))
    });
    server.act("B", "kill");
    let ring = server.wait_for_leader("D", Some("C"));
    assert_eq!(ring.live().count(), 3);
}

#[test]
fn a_changed_attribute_counts_from_the_next_election() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let (status, body) =
        server.ask("PATCH", "/api/v1/nodes/A", Some(serde_json::json!({ "attribute": 130 })));
    assert_eq!(status, 200, "{body}");
    assert_eq!(server.ring().leader.unwrap().as_str(), "D");
    server.initiate("B");
    server.wait_for_leader("A", Some("D"));
}

#[test]
fn the_ring_grows_and_shrinks() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let (status, body) =
        server.ask("POST", "/api/v1/nodes", Some(serde_json::json!({ "name": "E", "attribute": 200 })));
    assert_eq!(status, 201, "{body}");
    server.wait_for("E follows D, between D and A", |ring| {
        ring.node(&"E".parse().unwrap()).is_some_and(|e| e.leader.is_some())
            && successor(ring, "D").as_deref() == Some("E")
            && successor(ring, "E").as_deref() == Some("A")
    });
    server.initiate("A");
    server.wait_for_leader("E", Some("D"));
    let before = server.ring().seq;
    let (status, body) = server.ask("DELETE", "/api/v1/nodes/E", None);
    assert_eq!(status, 204, "{body}");
    let ring = server.wait_for_leader("D", Some("C"));
    assert_eq!(ring.nodes.len(), 4);
    let lost = server.wait_for_event("D has lost its link with E", |event| {
        matches!(&event.kind, EventKind::LinkDown { .. })
            && event.node.as_ref().is_some_and(|node| node.as_str() == "D")
            && event.seq > before
    });
    let EventKind::LinkDown { peer, .. } = &lost.kind else { unreachable!() };
    assert_eq!(peer.as_str(), "E", "one that has left is still called by its name");
}

#[test]
fn everybody_may_initiate_at_once_and_one_leader_comes_out() {
    let server = Server::start_with(&["--nodes", "7"]);
    for node in ["A", "B", "C", "D", "E", "F", "G"] {
        server.initiate(node);
    }
    server.wait_for_leader("G", Some("F"));
}

#[test]
fn fifty_rounds_of_random_kills_and_starts_always_end_in_one_leader() {
    let seed = fresh_seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let server = Server::start_with(&["--nodes", "5"]);
    server.initiate("A");
    server.wait_for_leader("E", Some("D"));
    for round in 0..50 {
        let ring = server.ring();
        let (live, dead): (Vec<_>, Vec<_>) = ring.nodes.iter().partition(|node| node.is_live());
        let (node, action) = if dead.is_empty() || (live.len() > 1 && random.bool()) {
            (&live[random.usize(..live.len())].name, "kill")
        } else {
            (&dead[random.usize(..dead.len())].name, "start")
        };
        let expected = live.len() + usize::from(action == "start") - usize::from(action == "kill");
        server.act(node.as_str(), action);
        server.wait_for(&format!("round {round}, seed {seed}: all agree after {action} {node}"), |ring| {
            let live: Vec<_> = ring.live().collect();
            let agreed = ring.leader.is_some() && (live.len() < 2 || ring.deputy.is_some());
            live.len() == expected && agreed && live.iter().all(|node| node.term == ring.term)
        });
    }
}
