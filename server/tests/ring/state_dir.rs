//! The content of `--state-dir`: terms and ids outlive the server, and files don't pile up.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use ringleader_shared::{NodeId, Term};
use ringleader_testing::server::Server;

fn start(directory: &Path, more: &[&str]) -> Server {
    let directory = directory.to_str().expect("a path in UTF-8");
    Server::start_with(&[&["--state-dir", directory], more].concat())
}

fn ids(server: &Server) -> Vec<NodeId> {
    server.ring().nodes.iter().map(|node| node.id).collect()
}

#[test]
fn terms_go_on_and_ids_stay_when_the_server_is_killed_and_started_again() {
    for safety in ["available", "quorum"] {
        let directory = tempfile::tempdir().unwrap();
        let server = start(directory.path(), &["--safety", safety]);
        // Another A than the first, with an id of its own.
        let (status, answer) = server.ask("DELETE", "/api/v1/nodes/A", None);
        assert_eq!(status, 204, "{answer}");
        let (status, answer) =
            server.ask("POST", "/api/v1/nodes", Some(serde_json::json!({ "name": "A", "attribute": 1 })));
        assert_eq!(status, 201, "{answer}");
        server.wait_for("the new A runs", |ring| ring.live().count() == 4);
        server.initiate("B");
        server.wait_for_leader("D", Some("C"));
        server.act("D", "kill");
        let before =
            server.wait_for("C leads", |ring| ring.leader.as_ref().is_some_and(|it| it.as_str() == "C"));
        let former = ids(&server);
        server.signal(Signal::SIGKILL);
        server.wait();

        let server = start(directory.path(), &["--safety", safety]);
        // A ring that has been led once leads again by itself.
        let after = server.wait_for("somebody leads", |ring| ring.leader.is_some());
        assert!(after.term > before.term && before.term >= Term(2), "{} after {}", after.term, before.term);
        for id in ids(&server) {
            assert!(former.contains(&id), "{id} is a new one beside {former:?}");
        }
    }
}

#[test]
fn files_of_runs_that_are_over_go() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path(), &["--safety", "quorum"]);
    let mut last = Term(0);
    for _ in 0..5 {
        server.initiate("A");
        let ring = server.wait_for_leader("D", Some("C"));
        assert!(ring.term > last, "{} after {last}", ring.term);
        last = ring.term;
        server.post("/api/v1/reset");
        server.wait_for("all run", |ring| ring.live().count() == 4);
    }
    // The lock, the ring's file, and a promise of each member of the present run at most.
    let files = std::fs::read_dir(directory.path()).unwrap().count();
    assert!(files <= 2 + 2 * 4, "{files} files");
}

#[test]
fn a_directory_that_another_server_uses_or_nobody_can_write_is_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let _first = start(directory.path(), &[]);
    for (path, words) in [
        (directory.path(), "in use by another ringleader"),
        // No user can make files there, not even the superuser.
        (Path::new("/proc"), "can't be written"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ringleader"))
            .args(["serve", "--port", "0", "--node-port", "0", "--state-dir"])
            .arg(path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && said.contains("--state-dir"), "{said}");
    }
}
