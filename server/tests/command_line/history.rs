//! `ringleader history`, beside a server and without one.

use std::path::Path;

use ringleader_shared::api::KeptRun;
use ringleader_testing::server::Server;

use super::{assert_refused, printed, run_with};

/// Keeps one finished run and the running one; returns the server.
fn server_with_runs(directory: &Path) -> Server {
    let server = Server::start_with(&["--data-dir", directory.to_str().unwrap()]);
    server.initiate("A");
    let led = server.wait_for_leader("D", Some("C"));
    server.post("/api/v1/reset");
    server.wait_for("another run", |ring| ring.run != led.run && ring.live().count() == 4);
    let list = ["history", "list", "--json", "--data-dir", directory.to_str().unwrap()];
    // The second run is there a moment later.
    while printed(&list).lines().count() < 2 {}
    server
}

fn history(directory: &Path, arguments: &[&str]) -> String {
    let path = directory.to_str().unwrap();
    printed(&[&["history"], arguments, &["--data-dir", path]].concat())
}

fn refused(directory: &Path, arguments: &[&str], says: &[&str]) {
    let path = directory.to_str().unwrap();
    assert_refused(&[&["history"], arguments, &["--data-dir", path]].concat(), says);
}

#[test]
fn runs_are_listed_shown_exported_imported_deleted_and_restored_while_a_server_runs() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (directory, elsewhere) = (here.path(), there.path());
    let _server = server_with_runs(directory);
    let list = history(directory, &["list"]);
    let rows: Vec<&str> = list.lines().skip(1).collect();
    assert!(rows[0].contains("running") && rows[1].contains("reset"), "{list}");
    let runs: Vec<KeptRun> = history(directory, &["list", "--json"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [running, ended] = [0, 1].map(|place| runs[place].run.to_string());
    let short = &ended[..8];
    assert!(rows[1].starts_with(short), "{list}");
    assert_eq!(history(directory, &["list", short]).lines().count(), 2);
    assert_eq!(history(directory, &["list", "nothing"]), "No run matches.\n");
    assert!(history(directory, &["list", "--limit", "1"]).contains("There are more"));

    let shown = history(directory, &["show", short]);
    for words in [&ended[..], "A, B, C, D", "ended by a reset", "term 1, D leads", "D leads, C is deputy"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&history(directory, &["show", short, "--json"])).unwrap();
    assert_eq!((&json["run"]["leader"], &json["elections"][0]["term"]), (&"D".into(), &1.into()));

    let file = elsewhere.join("run.jsonl");
    let exported = history(directory, &["export", short]);
    assert_eq!(history(directory, &["export", short, "--output", file.to_str().unwrap()]), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), exported);
    refused(directory, &["export", short, "--output", file.to_str().unwrap()], &["run.jsonl", "exists"]);
    assert_eq!(history(elsewhere, &["import", file.to_str().unwrap()]), format!("imported {ended}\n"));
    assert_eq!(history(elsewhere, &["export", "last"]), exported);
    refused(elsewhere, &["import", file.to_str().unwrap()], &["run.jsonl", &ended, "in the archive already"]);

    assert_eq!(history(directory, &["delete", short]), format!("deleted {ended}\n"));
    assert_eq!(history(directory, &["list"]).lines().count(), 2);
    assert_eq!(history(directory, &["list", "--deleted"]).lines().count(), 2);
    assert_eq!(history(directory, &["restore", short]), format!("restored {ended}\n"));
    assert_eq!(history(directory, &["list"]).lines().count(), 3);
    refused(directory, &["delete", &running[..8]], &[&running, "still written by a server"]);
    // One that is not there keeps the others from being deleted.
    refused(directory, &["delete", short, "ffff"], &["there is no kept run \"ffff\""]);
    assert_eq!(history(directory, &["list"]).lines().count(), 3);
}

#[test]
fn what_can_not_be_done_is_refused_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for arguments in [&["list"][..], &["show", "last"], &["export", "last"], &["delete", "abcd"]] {
        refused(path, arguments, &["no runs are kept in", path.to_str().unwrap(), "--data-dir"]);
    }
    assert!(std::fs::read_dir(path).unwrap().next().is_none(), "looking makes no files");
    let file = path.join("bad.jsonl");
    std::fs::write(&file, "{\"format\":\"ringleader-run\",\"version\":7}\n").unwrap();
    let file = file.to_str().unwrap();
    refused(path, &["import", file], &["bad.jsonl", "line 1", "version 7", "\"version\":1"]);
    refused(path, &["import", "no/such.jsonl"], &["no/such.jsonl", "No such file"]);
    refused(path, &["import", path.to_str().unwrap()], &["is a directory"]);
    assert_eq!(history(path, &["list"]), "No run matches.\n");
    assert_refused(&["history"], &["list", "show", "export", "import", "delete"]);
    assert_refused(&["history", "list", "--algorithm", "nobody"], &["nobody", "chang-roberts"]);
    assert_refused(&["history", "show"], &["RUN"]);
    assert_refused(&["--history-size", "5"], &["--history-size", "write it like 512MB"]);
    assert_refused(&["--history-size", "5kB"], &["--history-size", "at least 1MB"]);
    assert_refused(&["--history-age", "5"], &["--history-age", "write it like 30d"]);
    assert_refused(&["--history-age", "5s"], &["--history-age", "at least 1min"]);
    std::fs::write(path.join("runs.db"), "no database".repeat(100)).unwrap();
    refused(path, &["list"], &["runs.db is damaged and is left alone", "--data-dir"]);
}

#[test]
fn the_help_of_history_lists_its_commands_with_examples() {
    let output = run_with(&["history", "--help"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["list", "show", "export", "import", "delete", "restore", "Examples:", "RINGLEADER_DATA_DIR"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let serve = run_with(&["--help"], &[]);
    let text = String::from_utf8(serve.stdout).unwrap();
    for words in ["--data-dir", "--no-history", "--history-size", "512MB", "--history-age", "30d", "history"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn without_flags_runs_are_kept_where_the_platform_keeps_data() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let environment = [("XDG_DATA_HOME", data.to_str().unwrap()), ("HOME", home.path().to_str().unwrap())];
    let output = run_with(&["history", "list"], &environment);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(data.join("ringleader").to_str().unwrap()), "{said}");
}
