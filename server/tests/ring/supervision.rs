//! The supervisor's view of its processes equals the kernel's, and commands reach every node in the end.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid};
use ringleader_election::Input;
use ringleader_shared::{Contender, Event, EventKind, Incarnation, LinkFault, NodeState, Term};
use ringleader_testing::server::{PATIENCE, Server};
use serde_json::json;

fn pid(server: &Server, name: &str) -> Pid {
    let ring = server.ring();
    let node = ring.nodes.iter().find(|node| node.name.as_str() == name).expect("it is in the ring");
    Pid::from_raw(i32::try_from(node.pid.expect("it runs")).unwrap())
}

#[test]
fn a_leader_that_somebody_else_stopped_is_shown_as_paused_and_never_as_one_of_two_leaders() {
    for safety in ["available", "quorum"] {
        let server = Server::start_with(&["--safety", safety]);
        server.initiate("A");
        server.wait_for_leader("D", Some("C"));
        let d = pid(&server, "D");
        kill(d, Signal::SIGSTOP).unwrap();
        server.wait_for_state("D", NodeState::Paused);
        server.wait_for("C leads", |ring| {
            assert!(!ring.split_brain, "{safety}: D does not run");
            ring.leader.as_ref().is_some_and(|leader| leader.as_str() == "C")
        });
        kill(d, Signal::SIGCONT).unwrap();
        server.wait_for_state("D", NodeState::Running);
    }
}

#[test]
fn a_paused_node_that_a_terminal_wakes_is_shown_as_running() {
    let server = Server::start();
    server.act("B", "pause");
    assert_eq!(server.ring().nodes[1].state, NodeState::Paused, "the answer comes when it is so");
    kill(pid(&server, "B"), Signal::SIGCONT).unwrap();
    server.wait_for_state("B", NodeState::Running);
    assert!(server.refused("/api/v1/nodes/B/resume").title.contains("not paused"));
}

#[test]
fn a_terminals_signals_reach_the_server_alone() {
    let server = Server::start();
    for node in server.node_pids() {
        let node = Pid::from_raw(i32::try_from(node).unwrap());
        assert_eq!(getpgid(Some(node)).unwrap(), node, "it has a process group of its own");
    }
}

#[test]
fn a_node_that_does_not_leave_when_it_is_asked_to_is_killed() {
    let server = Server::start();
    for attempt in 1.. {
        let b = pid(&server, "B");
        server.act("B", "exit");
        // It takes a moment to close its links.
        if kill(b, Signal::SIGSTOP).is_ok() {
            let end = server.wait_for_event("this start of B ends", |event| {
                event.incarnation == Incarnation(attempt) && matches!(event.kind, EventKind::Exited { .. })
            });
            if matches!(end.kind, EventKind::Exited { signal: Some(9), .. }) {
                break;
            }
        }
        assert!(attempt < 20, "B was never stopped while it left");
        server.wait_for_state("B", NodeState::Stopped);
        server.act("B", "start");
        server.wait_for_state("B", NodeState::Running);
    }
    server.wait_for_event("that is said", |event| matches!(event.kind, EventKind::ExitOverdue { .. }));
    server.wait_for_state("B", NodeState::Stopped);
    server.act("B", "start");
    server.wait_for_state("B", NodeState::Running);
}

#[test]
fn a_node_whose_control_link_broke_is_started_again() {
    let server = Server::start_with(&["--restart"]);
    let environment = std::fs::read(format!("/proc/{}/environ", pid(&server, "B"))).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let control =
        environment.split('\0').find_map(|line| line.strip_prefix("RINGLEADER_CONTROL=ws://127.0.0.1:"));
    let port = control.and_then(|url| url.strip_suffix("/control")).expect("it is told where to report");
    let destroyed = Command::new("ss").args(["-K", "dst", "127.0.0.1", "dport", "=", port]).output();
    if !destroyed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(port)) {
        eprintln!("skipped: `ss -K` can't end connections on this machine");
        return;
    }
    server.wait_for("all run again", |ring| {
        ring.nodes.iter().all(|node| (node.state, node.incarnation) == (NodeState::Running, Incarnation(2)))
    });
}

#[test]
fn a_name_that_looks_like_a_flag_is_a_name() {
    let server = Server::start();
    for name in ["-a", "--help", "-"] {
        let body = json!({ "name": name, "attribute": 7 });
        let (status, answer) = server.ask("POST", "/api/v1/nodes", Some(body));
        assert_eq!(status, 201, "{name}: {answer}");
        server.wait_for_state(name, NodeState::Running);
    }
}

#[test]
fn a_node_that_was_paused_while_much_changed_goes_on_with_the_newest() {
    let server = Server::start();
    server.act("B", "pause");
    let set = |attribute: u64| {
        let (status, answer) =
            server.ask("PATCH", "/api/v1/nodes/A", Some(json!({ "attribute": attribute })));
        assert_eq!(status, 200, "{answer}");
    };
    // More than every queue on the way holds.
    (1_000..4_000).for_each(set);
    set(5);
    // Last, so that a node that knows of it knows of everything.
    for (from, to) in [("B", "C"), ("C", "B")] {
        server.set_link(from, to, &LinkFault { cut: true, ..LinkFault::default() });
    }
    server.act("B", "resume");
    let a = server.ring().nodes[0].id;
    let attribute = |ring: &[Contender]| ring.iter().find(|it| it.id == a).map(|it| it.attribute.0);
    let deadline = Instant::now() + PATIENCE;
    let attributes = loop {
        let configured = server.recorded_by("B-").into_iter().filter_map(|step| match step.input {
            Input::Configured { ring, .. } => attribute(&ring),
            _ => None,
        });
        let attributes: Vec<u64> = configured.collect();
        if attributes.last() == Some(&5) {
            break attributes;
        }
        assert!(Instant::now() < deadline, "it goes on with {:?} of {}", attributes.last(), attributes.len());
        // A file can only be polled.
        std::thread::sleep(Duration::from_millis(20));
    };
    server.wait_for_event("B reaches C through others", |event| {
        event.node.as_ref().is_some_and(|node| node.as_str() == "B")
            && matches!(&event.kind, EventKind::LinkUp { peer, relays, .. }
                if peer.as_str() == "C" && !relays.is_empty())
    });
    assert!(attributes.len() < 2_000, "it was not spared those in between: {}", attributes.len());
}

#[test]
fn a_node_goes_on_before_it_says_anything() {
    let server = Server::start();
    for round in 1..=10 {
        server.act("B", "pause");
        // It has a report to send as soon as it resumes.
        server.initiate("A");
        server.act("B", "resume");
        server.wait_for("the election is over", |ring| ring.leader.is_some() && ring.term >= Term(round));
        let of_b = |event: &Event| event.node.as_ref().is_some_and(|name| name.as_str() == "B");
        let events: Vec<Event> = server.events().into_iter().filter(of_b).collect();
        let paused =
            events.iter().rposition(|it| matches!(it.kind, EventKind::Paused)).expect("it was paused");
        let since: Vec<_> = events[paused + 1..].iter().map(|event| &event.kind).collect();
        let goes_on = since.iter().position(|kind| matches!(kind, EventKind::Resumed)).expect("it goes on");
        let said = since[..goes_on].iter().find(|kind| !matches!(kind, EventKind::Requested { .. }));
        assert_eq!(said, None, "round {round}");
    }
}

#[test]
fn a_program_whose_file_is_gone_still_starts_nodes() {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("ringleader");
    let shell = format!("cp \"$0\" {0}; exec {0} \"$@\"", copy.display());
    let (server, _log) = Server::spawn_after(&shell, &[]);
    server.wait_for("all run", |ring| ring.live().count() == 4);
    std::fs::remove_file(&copy).unwrap();
    server.post("/api/v1/reset");
    server.wait_for("all run", |ring| ring.live().count() == 4);
}
