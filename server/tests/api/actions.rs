//! Users' requests: elections, faults, members, another pace, a fresh ring.

use ringleader_shared::api::ElectionStarted;
use ringleader_shared::view::NodeView;
use ringleader_shared::{NodeState, RingView};
use ringleader_testing::server::Server;

#[test]
fn an_election_without_a_body_begins_at_the_first_live_member() {
    let server = Server::start();
    server.act("A", "pause");
    let answer = server.call("POST", "/api/v1/elections", None);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json::<ElectionStarted>().initiator.as_str(), "B");
    let answer = server.call_json("POST", "/api/v1/elections", "{}");
    assert_eq!(answer.json::<ElectionStarted>().initiator.as_str(), "B");
    let answer = server.call_json("POST", "/api/v1/elections", r#"{"initiator":"A"}"#);
    assert!(answer.problem(409).title.contains("resume it first"), "{answer:?}");
    server.call_json("POST", "/api/v1/elections", r#"{"initiator":"Z"}"#).problem(404);
}

#[test]
fn a_ring_without_a_live_member_elects_nobody_and_says_what_to_do() {
    let server = Server::start_with(&["--nodes", "1"]);
    server.act("A", "kill");
    server.wait_for_state("A", NodeState::Stopped);
    let answer = server.call("POST", "/api/v1/elections", None);
    assert!(answer.problem(409).title.contains("start one first"), "{answer:?}");
}

#[test]
fn faults_are_refused_with_a_reason_when_the_state_does_not_allow_them() {
    let server = Server::start();
    let refused = |node: &str, action: &str, says: &str| {
        let answer = server.call("POST", &format!("/api/v1/nodes/{node}/{action}"), None);
        let title = answer.problem(409).title;
        assert!(title.contains(says), "{action} {node}: {title}");
    };
    for role in ["leader", "deputy"] {
        refused(role, "kill", "Initiate an election");
    }
    refused("A", "start", "running already");
    refused("A", "resume", "not paused");
    server.act("A", "pause");
    refused("A", "pause", "paused already");
    refused("A", "exit", "resume it first");
    server.act("A", "resume");
    server.act("B", "kill");
    server.wait_for_state("B", NodeState::Stopped);
    for action in ["kill", "exit", "pause", "resume"] {
        refused("B", action, "start it first");
    }
}

#[test]
fn each_fault_answers_with_the_node_and_shows_in_the_ring() {
    let server = Server::start();
    let act = |action: &str| {
        let answer = server.call_json("POST", &format!("/api/v1/nodes/B/{action}"), "{}");
        assert_eq!(answer.status, 202, "{action}: {answer:?}");
        let node: NodeView = answer.json();
        assert_eq!(node.name.as_str(), "B");
        node
    };
    assert_eq!(act("pause").state, NodeState::Paused);
    assert_eq!(act("resume").state, NodeState::Running);
    act("exit");
    server.wait_for_state("B", NodeState::Stopped);
    let node = act("start");
    assert_eq!((node.state, node.incarnation.0), (NodeState::Starting, 2));
    server.wait_for_state("B", NodeState::Running);
    act("kill");
    let ring = server.wait_for_state("B", NodeState::Stopped);
    let node = ring.node(&"B".parse().unwrap()).unwrap();
    assert_eq!((node.pid, node.role, node.address.as_deref()), (None, None, None));
}

#[test]
fn leader_and_deputy_are_names_for_whoever_holds_the_role() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let node: NodeView = server.call("POST", "/api/v1/nodes/deputy/pause", None).json();
    assert_eq!((node.name.as_str(), node.state), ("C", NodeState::Paused));
    server.act("C", "resume");
    server.wait_for_leader("D", Some("C"));
    let answer = server.call_json("PATCH", "/api/v1/nodes/leader", r#"{"attribute":7}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let ring: RingView = answer.json();
    assert_eq!(ring.node(&"D".parse().unwrap()).unwrap().attribute.0, 7);
    let answer = server.call("DELETE", "/api/v1/nodes/leader", None);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert!(server.ring().node(&"D".parse().unwrap()).is_none());
}

#[test]
fn a_node_is_added_once_and_the_last_one_stays() {
    let server = Server::start_with(&["--nodes", "1"]);
    let answer = server.call_json("POST", "/api/v1/nodes", r#"{"name":"E","attribute":95}"#);
    assert_eq!(answer.status, 201, "{answer:?}");
    let node: NodeView = answer.json();
    assert_eq!((node.name.as_str(), node.attribute.0), ("E", 95));
    let answer = server.call_json("POST", "/api/v1/nodes", r#"{"name":"E","attribute":1}"#);
    assert!(answer.problem(409).title.contains("choose another name"), "{answer:?}");
    assert_eq!(server.call("DELETE", "/api/v1/nodes/E", None).status, 204);
    server.call("DELETE", "/api/v1/nodes/E", None).problem(404);
    let answer = server.call("DELETE", "/api/v1/nodes/A", None);
    assert!(answer.problem(409).title.contains("at least one node"), "{answer:?}");
}

#[test]
fn the_pace_and_an_attribute_change_within_their_bounds() {
    let server = Server::start();
    let ring: RingView = server.call_json("PATCH", "/api/v1/ring", r#"{"hop_delay_ms":10000}"#).json();
    assert_eq!(ring.settings.hop_delay_ms, 10_000);
    server.call_json("PATCH", "/api/v1/ring", r#"{"hop_delay_ms":10001}"#).problem(422);
    let most = r#"{"attribute":9007199254740991}"#;
    assert_eq!(server.call_json("PATCH", "/api/v1/nodes/A", most).status, 200);
    for (attribute, status) in [("9007199254740992", 422), ("-1", 422), ("1.5", 422), ("\"9\"", 422)] {
        let body = format!(r#"{{"attribute":{attribute}}}"#);
        server.call_json("PATCH", "/api/v1/nodes/A", &body).problem(status);
        let body = format!(r#"{{"name":"E","attribute":{attribute}}}"#);
        server.call_json("POST", "/api/v1/nodes", &body).problem(status);
    }
    assert_eq!(server.ring().settings.hop_delay_ms, 10_000);
}

#[test]
fn a_reset_makes_a_fresh_ring_as_configured() {
    let server = Server::start();
    let before = server.ring();
    server.call_json("POST", "/api/v1/nodes", r#"{"name":"E","attribute":95}"#);
    server.call_json("PATCH", "/api/v1/ring", r#"{"hop_delay_ms":400}"#);
    server.call_json("PATCH", "/api/v1/nodes/A", r#"{"attribute":400}"#);
    let answer = server.call("POST", "/api/v1/reset", None);
    assert_eq!(answer.status, 200, "{answer:?}");
    let ring: RingView = answer.json();
    let attributes: Vec<u64> = ring.nodes.iter().map(|node| node.attribute.0).collect();
    assert_eq!((attributes, ring.settings.hop_delay_ms, ring.term.0), (vec![90, 100, 110, 120], 0, 0));
    assert_ne!(ring.run, before.run);
    assert!(ring.seq > before.seq, "places go on growing over a reset");
    server.wait_for("all run again", |ring| ring.live().count() == 4);
}
