//! Aids for diagnosis never decide: a recording that can't be written, and the last lines of a process.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use ringleader_shared::{EventKind, NodeState};
use ringleader_testing::server::Server;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

#[test]
fn nodes_whose_recordings_can_not_be_begun_take_part_and_say_so() {
    // No user can make a file there, not even the superuser.
    let server = Server::start_with(&["--record", "/proc"]);
    for name in ["A", "B", "C", "D"] {
        server.wait_for_event("its recording ends", |event| {
            event.node.as_ref().is_some_and(|node| node.as_str() == name)
                && matches!(event.kind, EventKind::RecordingEnded { .. })
        });
    }
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
}

#[test]
fn a_recording_that_ends_in_mid_run_is_reported_and_the_node_goes_on() {
    // In blocks of 512 bytes. A node ignores the signal by which a write past this limit ends a process.
    let (server, _log) = Server::spawn_after("ulimit -f 1200", &["--nodes", "16"]);
    server.wait_for("all run", |ring| ring.live().count() == 16);
    let has_ended = || server.ask("GET", "/metrics", None).1.contains("recording_ended");
    for attribute in 1_000..5_000 {
        if attribute % 100 == 0 && has_ended() {
            break;
        }
        let (status, answer) =
            server.ask("PATCH", "/api/v1/nodes/A", Some(json!({ "attribute": attribute })));
        assert_eq!(status, 200, "{answer}");
    }
    server.wait_for_event(
        "a recording ends",
        |event| matches!(&event.kind, EventKind::RecordingEnded { reason } if reason.contains("too large")),
    );
    server.initiate("A");
    server.wait_for("A leads", |ring| ring.leader.as_ref().is_some_and(|leader| leader.as_str() == "A"));
}

#[test]
fn the_last_words_of_a_process_are_on_its_card_and_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let (server, log) = Server::spawn_after("", &["--state-dir", path, "--safety", "quorum"]);
    server.wait_for("all run", |ring| ring.live().count() == 4);
    server.act("D", "kill");
    server.wait_for_state("D", NodeState::Stopped);
    let (run, d) = (server.ring().run, server.ring().nodes[3].id);
    std::fs::write(directory.path().join(format!("{run}-{d}.promise")), "nonsense").unwrap();
    server.act("D", "start");
    server.wait_for_event(
        "D can't start",
        |event| matches!(&event.kind, EventKind::StartFailed { reason } if reason.contains("is damaged")),
    );
    server.wait_for_event("D says why", |event| {
        matches!(&event.kind, EventKind::Stderr { text } if text.contains("is damaged") && text.contains("Reset the ring"))
    });
    drop(server);
    let log = std::io::read_to_string(log).unwrap();
    assert!(log.contains("node=D") && log.contains("is damaged"), "{log}");
}

#[test]
fn a_node_that_can_not_read_what_the_server_asks_says_so_and_ends() {
    for command in ["nonsense", r#"{"type":"configure","ring":[]}"#, r#"{"type":"retire"}"#] {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let control = format!("ws://{}/control", server.local_addr().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let node = Command::new(env!("CARGO_BIN_EXE_ringleader"))
            .args(["node", "--name=A", "--id=3b61b099-d16b-5977-9669-f91676c47bcf", "--incarnation=1"])
            .arg("--listen=127.0.0.1:0")
            .arg(format!("--promises={}", directory.path().join("promise").display()))
            .env("RINGLEADER_CONTROL", control)
            .env("RINGLEADER_SECRET", "secret")
            .env("RINGLEADER_SUPERVISOR", std::process::id().to_string())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut socket = tokio_tungstenite::tungstenite::accept(server.accept().unwrap().0).unwrap();
        assert!(socket.read().unwrap().is_text(), "it says hello");
        socket.send(Message::text(command)).unwrap();
        let _closed = socket.read();
        let output = node.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("a command of the server can't be read"), "{said}");
    }
}
