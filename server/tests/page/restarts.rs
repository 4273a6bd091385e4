//! With `--restart` a node that dies is started again, after pauses that grow, until its budget is spent.

use ringleader_shared::{Event, EventKind, Incarnation, NodeState};
use ringleader_testing::browser::on_the_page;
use ringleader_testing::server::Server;

fn is_of(event: &Event, name: &str) -> bool {
    event.node.as_ref().is_some_and(|node| node.as_str() == name)
}

#[test]
fn a_killed_node_comes_back_by_itself_and_one_that_was_asked_to_leave_does_not() {
    let server = Server::start_with(&["--restart"]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.wait_for("D is back and follows C", |ring| {
        let d = &ring.nodes[3];
        ring.leader.as_ref().is_some_and(|leader| leader.as_str() == "C")
            && (d.state, d.incarnation) == (NodeState::Running, Incarnation(2))
    });
    server.act("A", "exit");
    server.wait_for_state("A", NodeState::Stopped);
    // If a restart of A had been planned, it would be reported before D's second death.
    server.act("D", "kill");
    server.wait_for("D is back again", |ring| {
        (ring.nodes[3].state, ring.nodes[3].incarnation) == (NodeState::Running, Incarnation(3))
    });
    let planned = |event: &&Event| matches!(event.kind, EventKind::RestartPlanned { .. });
    let planned: Vec<_> = server.events().iter().filter(planned).map(|event| event.node.clone()).collect();
    assert!(planned.iter().flatten().all(|name| name.as_str() == "D"), "{planned:?}");
    assert_eq!(server.ring().nodes[0].state, NodeState::Stopped);
}

#[test]
fn a_node_that_can_not_live_is_given_up_and_says_so_until_somebody_mends_it() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().to_str().unwrap();
    let server = Server::start_with(&["--safety", "quorum", "--restart", "--state-dir", state]);
    server.initiate("A");
    let ring = server.wait_for_leader("D", Some("C"));
    let file = directory.path().join(format!("{}-{}.promise", ring.run, ring.nodes[0].id));
    let kept = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &kept[..kept.len() - 3]).unwrap();
    server.act("A", "kill");
    let given_up = server.wait_for_event("A is given up", |event| {
        is_of(event, "A") && matches!(event.kind, EventKind::GivenUp { .. })
    });
    let EventKind::GivenUp { reason } = &given_up.kind else { unreachable!() };
    assert!(reason.contains("died 6 times within 60 s"), "{reason}");
    let pauses: Vec<u64> = server
        .events()
        .iter()
        .filter(|event| is_of(event, "A"))
        .filter_map(|event| match event.kind {
            EventKind::RestartPlanned { after_ms } => Some(after_ms),
            _ => None,
        })
        .collect();
    assert_eq!(pauses, [250, 500, 1000, 2000, 4000]);
    let ring = server.wait_for("A is shown as given up", |ring| ring.nodes[0].given_up);
    assert_eq!(ring.nodes[0].state, NodeState::Stopped);

    std::fs::write(&file, &kept).unwrap();
    server.act("A", "start");
    let ring = server.wait_for("A is in the ring again", |ring| ring.nodes[0].state == NodeState::Running);
    assert!(!ring.nodes[0].given_up);
}

#[test]
fn the_page_shows_that_a_node_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().to_str().unwrap();
    on_the_page(&["--safety", "quorum", "--restart", "--state-dir", state], |page| {
        page.server().initiate("A");
        let ring = page.server().wait_for_leader("D", Some("C"));
        let file = directory.path().join(format!("{}-{}.promise", ring.run, ring.nodes[0].id));
        std::fs::write(&file, "torn").unwrap();
        page.server().act("A", "kill");
        page.wait_for("[data-testid='card-A']", "it.textContent", |text| {
            text.as_str().is_some_and(|text| text.contains("given up"))
        });
    });
}
