//! All nodes die at once: those that start again elect a leader by themselves, in a term above all that were
//! used.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringleader_shared::{EventKind, NodeState, RingView, Role, Term};
use ringleader_testing::server::Server;

const ALL: [&str; 4] = ["A", "B", "C", "D"];

fn leads_again(server: &Server, than: Term) -> RingView {
    server.wait_for("a leader comes by itself", |ring| {
        ring.leader.is_some() && ring.live().count() == ring.nodes.len() && ring.term > than
    })
}

/// Every term has had one leader, and each newer one than those before.
#[track_caller]
fn assert_terms_grow(server: &Server) {
    let led = server.events().into_iter().filter_map(|event| match event.kind {
        EventKind::RoleChanged { role: Role::Leader, term, .. } => Some((term, event.node)),
        _ => None,
    });
    let mut led: Vec<_> = led.collect();
    led.dedup();
    assert!(led.is_sorted_by(|one, next| one.0 < next.0), "{led:?}");
}

#[test]
fn killed_from_outside_and_restarted_by_the_server() {
    let server = Server::start_with(&["--restart"]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    for pid in server.node_pids() {
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
    }
    leads_again(&server, Term(1));
    assert_terms_grow(&server);
}

#[test]
fn killed_and_started_over_the_api_in_both_modes() {
    for safety in ["available", "quorum"] {
        let server = Server::start_with(&["--safety", safety]);
        server.initiate("A");
        server.wait_for_leader("D", Some("C"));
        let mut before = Term(1);
        for _ in 0..2 {
            for node in ALL {
                server.act(node, "kill");
            }
            for node in ALL {
                server.wait_for_state(node, NodeState::Stopped);
            }
            for node in ALL {
                server.act(node, "start");
            }
            before = leads_again(&server, before).term;
        }
        assert_terms_grow(&server);
    }
}

#[test]
fn a_node_that_hung_through_the_first_election_leads_when_it_is_the_last_one() {
    let server = Server::start();
    server.act("A", "pause");
    server.initiate("B");
    server.wait_for("B, C and D follow D", |ring| ring.leader.is_some());
    for node in ["B", "C", "D"] {
        server.act(node, "kill");
    }
    for node in ["B", "C", "D"] {
        server.wait_for_state(node, NodeState::Stopped);
    }
    server.act("A", "resume");
    server.wait_for_leader("A", None);
    assert_terms_grow(&server);
}

#[test]
fn a_fresh_ring_waits_for_the_first_initiation_also_when_its_nodes_died_before() {
    let server = Server::start();
    for node in ALL {
        server.act(node, "kill");
        server.wait_for_state(node, NodeState::Stopped);
        server.act(node, "start");
    }
    let ring = server.wait_for("all run", |ring| ring.live().count() == 4);
    assert_eq!((ring.term, ring.leader), (Term::ZERO, None));
    // The settings that a start gets decide: it has no election to wait for.
    let highest: Vec<String> = server
        .recorded()
        .iter()
        .map(|step| serde_json::to_string(&step.input).unwrap())
        .filter(|input| input.contains("highest_term"))
        .collect();
    assert!(
        highest.len() >= 8 && highest.iter().all(|input| input.contains("\"highest_term\":0")),
        "{highest:?}"
    );
}
