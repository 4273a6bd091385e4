//! The API against its own document: schemathesis sends calls that the document allows and calls that it
//! forbids, one by one and in sequences, and compares the answers with the document.

use std::process::Command;

use ringleader_testing::server::Server;

/// The seed of all random choices. The tool's report names calls that repeat a failure.
const SEED: &str = "1";

/// The most cases of each call.
const CASES: &str = "25";

#[test]
fn every_answer_is_as_the_document_says() {
    let Some(schemathesis) = std::env::var_os("RINGLEADER_SCHEMATHESIS") else {
        eprintln!(
            "SKIPPED: RINGLEADER_SCHEMATHESIS names no schemathesis; `cargo xtask test` installs it where there is Python"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(&["--restart", "--data-dir", folder.path().to_str().unwrap()]);
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis.toml");
    let output = Command::new(schemathesis)
        .current_dir(folder.path())
        .args(["--config-file", config, "run", &server.url("/api/v1/openapi.json"), "--url", &server.url("")])
        .args(["--phases", "examples,coverage,fuzzing,stateful", "--checks", "all"])
        .args(["--max-examples", CASES, "--seed", SEED, "--continue-on-failure", "--no-color"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    // Whatever calls it received, the ring still elects.
    server.heal();
    server.post("/api/v1/reset");
    server.wait_for("all run", |ring| ring.live().count() == 4);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
}
