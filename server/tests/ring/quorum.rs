//! Quorum mode on real processes: no leader without a majority, promises that outlive a process.

use ringleader_shared::{EventKind, Explanation, NodeState, RingView, Role, Safety};
use ringleader_testing::server::Server;

fn start() -> Server {
    Server::start_with(&["--safety", "quorum", "--hung-after", "500ms"])
}

fn nobody_leads(ring: &RingView) -> bool {
    ring.live().all(|node| node.leader.is_none())
}

#[test]
fn a_majority_elects_and_takes_over_and_a_minority_does_not() {
    let server = start();
    assert_eq!(server.ring().settings.safety, Safety::Quorum);
    server.initiate("A");
    let ring = server.wait_for_leader("D", Some("C"));
    assert_eq!(ring.elections[0].messages, 11, "the promises cost nothing extra");
    server.wait_for_decision("4 promise, 3 are needed", |why| {
        matches!(why, Explanation::QuorumFound { votes: 4, needed: 3 })
    });

    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
    server.wait_for_decision(
        "the lease of D is waited for",
        |why| matches!(why, Explanation::WaitingForLease { of } if of.as_str() == "D"),
    );

    server.act("C", "kill");
    server.wait_for("nobody leads two of four", nobody_leads);
    server.wait_for_decision("no quorum: 2 of 3", |why| {
        matches!(why, Explanation::NoQuorum { votes: 2, needed: 3 })
    });
    assert!(nobody_leads(&server.ring()));

    server.act("C", "start");
    server.wait_for("three of four have a leader again", |ring| {
        ring.live().count() == 3 && ring.leader.is_some() && ring.deputy.is_some()
    });
}

#[test]
fn a_hung_leader_has_stepped_down_when_another_one_leads() {
    let server = start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "pause");
    server.wait_for_leader("C", Some("B"));
    server.act("D", "resume");
    server.wait_for("D follows C", |ring| {
        ring.live().count() == 4 && ring.leader.as_ref().is_some_and(|leader| leader.as_str() == "C")
    });
    let mut ring = RingView::empty();
    let mut silent_since_resumed = false;
    for event in server.events() {
        let of_d = event.node.as_ref().is_some_and(|node| node.as_str() == "D");
        match event.kind {
            EventKind::Resumed => silent_since_resumed = true,
            EventKind::RoleChanged { .. } if of_d => silent_since_resumed = false,
            _ => {}
        }
        ring.apply(&event);
        // Before D's first new report the page shows D's last one.
        assert!(!ring.split_brain || silent_since_resumed, "two leaders at once\n{}", server.trace());
    }
    let stepped_down =
        server.wait_for_decision("D steps down", |why| matches!(why, Explanation::LeaseOver { .. }));
    let led =
        server.wait_for_decision("3 promise", |why| matches!(why, Explanation::QuorumFound { votes: 3, .. }));
    assert!(led.seq < stepped_down.seq, "D was hung when C came to lead");
}

#[test]
fn a_node_remembers_its_promise_and_refuses_a_damaged_file() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().to_str().unwrap();
    let server = Server::start_with(&["--safety", "quorum", "--hung-after", "500ms", "--state-dir", state]);
    server.initiate("A");
    let ring = server.wait_for_leader("D", Some("C"));
    let file = directory.path().join(format!("{}-{}.promise", ring.run, ring.nodes[0].id));
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains(&format!("\"term\":{}", ring.term)), "{kept}");

    server.act("A", "kill");
    server.wait_for_state("A", NodeState::Stopped);
    server.act("A", "start");
    server.wait_for_leader("D", Some("C"));

    server.act("A", "kill");
    server.wait_for_state("A", NodeState::Stopped);
    std::fs::write(&file, &kept[..kept.len() - 3]).unwrap();
    server.act("A", "start");
    server.wait_for_event("A can't start", |event| {
        matches!(&event.kind, EventKind::StartFailed { .. })
            && event.node.as_ref().is_some_and(|node| node.as_str() == "A")
    });
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept[..kept.len() - 3], "it is not touched");
}

#[test]
fn the_mode_is_switched_live() {
    let server = Server::start_with(&["--hung-after", "500ms"]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let ring: RingView = server.call_json("PATCH", "/api/v1/ring", r#"{"safety":"quorum"}"#).json();
    assert_eq!(ring.settings.safety, Safety::Quorum);
    let ring = server.wait_for("D leads with a majority behind it", |ring| {
        ring.term.0 > 1 && ring.leader.as_ref().is_some_and(|leader| leader.as_str() == "D")
    });
    assert_eq!(ring.settings.safety, Safety::Quorum);
    server.call_json("PATCH", "/api/v1/ring", r#"{"safety":"available"}"#);
    for node in ["A", "B", "D"] {
        server.act(node, "kill");
    }
    server.wait_for_leader("C", None);
}

#[test]
fn a_ring_that_is_parted_has_a_leader_on_the_side_of_the_majority_only() {
    let server = Server::start_with(&["--safety", "quorum", "--hung-after", "500ms", "--nodes", "5"]);
    server.initiate("A");
    server.wait_for_leader("E", Some("D"));
    let before = server.ring().term;
    server.call_json("POST", "/api/v1/partitions", r#"{"groups":[["D","E"],["A","B","C"]]}"#);
    let leads = |ring: &RingView, name: &str| {
        ring.nodes.iter().any(|node| node.name.as_str() == name && node.role == Some(Role::Leader))
    };
    server.wait_for("C leads the majority, and E has stepped down", |ring| {
        leads(ring, "C") && !leads(ring, "E")
    });
    server.call("DELETE", "/api/v1/partitions", None);
    let ring = server.wait_for("all five follow one leader again", |ring| {
        ring.live().count() == 5 && ring.leader.is_some() && ring.deputy.is_some() && ring.term > before
    });
    assert!(!ring.split_brain);
    let mut ring = RingView::empty();
    for event in server.events() {
        ring.apply(&event);
        let leading: Vec<_> = ring.live().filter(|node| node.role == Some(Role::Leader)).collect();
        assert!(leading.len() < 2, "at event {}: {leading:#?}\n{}", event.seq, server.trace());
    }
}

#[test]
fn a_ring_that_is_parted_in_halves_has_no_leader() {
    let server = start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.call_json("POST", "/api/v1/partitions", r#"{"groups":[["A","B"],["C","D"]]}"#);
    server.wait_for("nobody leads", |ring| ring.live().all(|node| node.role != Some(Role::Leader)));
    server.wait_for_decision("two of three that are needed", |why| {
        matches!(why, Explanation::InquiryOfFew { supporters: 2, needed: 3 })
    });
    server.call("DELETE", "/api/v1/partitions", None);
    server.wait_for("all four follow one leader again", |ring| {
        ring.live().count() == 4 && ring.leader.is_some()
    });
}
