//! The settings of a running ring, and its members that may not lead, among real processes.

use ringleader_shared::event::{ElectionCause, MessageKind};
use ringleader_shared::link::LinkKind;
use ringleader_shared::{
    AlgorithmName, EventKind, Explanation, NodeState, RingView, Role, Safety, Succession,
};
use ringleader_testing::server::Server;
use serde_json::{Value, json};

fn change(server: &Server, path: &str, body: Value) {
    let (status, answer) = server.ask("PATCH", path, Some(body));
    assert_eq!(status, 200, "{answer}");
}

fn name(it: &Option<ringleader_shared::NodeName>) -> Option<&str> {
    it.as_ref().map(|name| name.as_str())
}

/// Waits until everybody follows this leader, nobody is deputy, and the election is over.
fn wait_for_leader_alone_in_office(server: &Server, leader: &str) -> RingView {
    server.wait_for(&format!("{leader} leads without a deputy, and all know it"), |ring| {
        name(&ring.leader) == Some(leader)
            && ring.live().all(|node| node.deputy.is_none())
            && ring.elections.front().is_some_and(|last| last.took_us.is_some())
    })
}

/// The textbook's: the coordinator dies, those that notice challenge the higher members, and the highest that
/// lives wins.
#[test]
fn the_bullys_textbook_example_plays_among_processes() {
    let flags = ["--attributes", "10,20,30,40,50", "--algorithm", "bully", "--succession", "election"];
    let server = Server::start_with(&flags);
    server.initiate("A");
    wait_for_leader_alone_in_office(&server, "E");
    server.act("E", "kill");
    let ring = server.wait_for("D is elected", |ring| {
        name(&ring.leader) == Some("D") && ring.elections.front().is_some_and(|last| last.took_us.is_some())
    });
    let election = &ring.elections[0];
    assert_eq!((election.cause, election.algorithm), (ElectionCause::Election, AlgorithmName::Bully));
    assert!(election.election_messages > 0, "{}", server.trace());
    for event in server.events() {
        assert!(!matches!(event.kind, EventKind::LinkUp { link: LinkKind::Heartbeat, .. }), "{event:?}");
        let searches = matches!(&event.kind, EventKind::Sent { message, .. } if message.message == MessageKind::DeputySearch);
        assert!(!searches, "{event:?}");
    }
}

#[test]
fn without_succession_every_algorithm_elects_again_and_a_quorum_does_too() {
    for (algorithm, safety) in [
        (AlgorithmName::MaxRing, Safety::Available),
        (AlgorithmName::ChangRoberts, Safety::Available),
        (AlgorithmName::Franklin, Safety::Available),
        (AlgorithmName::MaxRing, Safety::Quorum),
    ] {
        let flags = ["--algorithm", algorithm.key(), "--safety", safety.key(), "--succession", "election"];
        let server = Server::start_with(&flags);
        server.initiate("A");
        wait_for_leader_alone_in_office(&server, "D");
        server.act("D", "kill");
        let ring = wait_for_leader_alone_in_office(&server, "C");
        assert_eq!(
            ring.elections[0].cause,
            ElectionCause::Election,
            "{algorithm} {safety}\n{}",
            server.trace()
        );
    }
}

#[test]
fn succession_is_switched_off_and_on_while_a_leader_leads() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    change(&server, "/api/v1/ring", json!({ "succession": "election" }));
    let ring = wait_for_leader_alone_in_office(&server, "D");
    assert_eq!((ring.settings.succession, ring.term.0), (Succession::Election, 1));
    change(&server, "/api/v1/ring", json!({ "succession": "deputy" }));
    server.wait_for_leader("D", Some("C"));
}

#[test]
fn a_change_that_changes_nothing_is_not_announced() {
    let server = Server::start();
    let announced = |server: &Server| {
        let is_one = |kind: &EventKind| {
            matches!(
                kind,
                EventKind::SettingsChanged { .. }
                    | EventKind::AttributeChanged { .. }
                    | EventKind::EligibilityChanged { .. }
            )
        };
        server.events().into_iter().filter(|event| is_one(&event.kind)).count()
    };
    let same =
        json!({ "hop_delay_ms": 0, "safety": "available", "succession": "deputy", "algorithm": "max-ring" });
    change(&server, "/api/v1/ring", same);
    change(&server, "/api/v1/nodes/A", json!({ "attribute": 90, "eligible": true }));
    assert_eq!(announced(&server), 0);
    change(&server, "/api/v1/ring", json!({ "hop_delay_ms": 1, "algorithm": "bully" }));
    change(&server, "/api/v1/nodes/A", json!({ "attribute": 95, "eligible": false }));
    assert_eq!(announced(&server), 3);
    let ring = server.ring();
    assert_eq!((ring.settings.hop_delay_ms, ring.settings.algorithm), (1, AlgorithmName::Bully));
    assert_eq!((ring.nodes[0].attribute.0, ring.nodes[0].eligible), (95, false));
}

#[test]
fn the_best_member_that_may_lead_is_elected_and_the_others_follow_it() {
    let server = Server::start_with(&["--ineligible", "D,A"]);
    server.initiate("A");
    server.wait_for_leader("C", Some("B"));
    change(&server, "/api/v1/nodes/B", json!({ "eligible": false }));
    server.wait_for("C has no deputy any more", |ring| {
        name(&ring.leader) == Some("C") && ring.deputy.is_none()
    });
    let (status, answer) = server.ask(
        "POST",
        "/api/v1/nodes",
        Some(json!({ "name": "E", "attribute": 200, "eligible": false })),
    );
    assert_eq!(status, 201, "{answer}");
    server.wait_for_state("E", NodeState::Running);
    server.initiate("E");
    let ring = server
        .wait_for("C leads the second term", |ring| name(&ring.leader) == Some("C") && ring.term.0 == 2);
    assert!(
        ring.live()
            .all(|node| node.role
                == Some(if node.name.as_str() == "C" { Role::Leader } else { Role::Follower }))
    );
}

#[test]
fn where_no_live_member_may_lead_nobody_does_until_one_is_back() {
    let server = Server::start_with(&["--ineligible", "A,B,D"]);
    server.initiate("B");
    server.wait_for("C leads", |ring| name(&ring.leader) == Some("C"));
    server.act("C", "kill");
    server
        .wait_for_decision("no live member may lead", |why| matches!(why, Explanation::NobodyMayLead { .. }));
    server.wait_for("the election is over without a leader", |ring| {
        ring.leader.is_none()
            && !ring.somebody_may_lead()
            && ring.elections.front().is_some_and(|last| last.took_us.is_some() && last.leader.is_none())
    });
    server.act("C", "start");
    server.wait_for("C leads again", |ring| name(&ring.leader) == Some("C"));
}

#[test]
fn a_name_that_nobody_has_can_not_be_ineligible() {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_ringleader"));
    let run = program.args(["--port", "0", "--ineligible", "Z"]).output().unwrap();
    let error = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success(), "{error}");
    assert!(error.contains("--ineligible Z") && error.contains("A, B, C, D"), "{error}");
}
