//! `ringleader replay`: a recording is shown in words, and a core that acts differently is noticed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ringleader_testing::server::Server;
use serde_json::Value;

fn replay(directory: &Path, flags: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_ringleader");
    Command::new(program).arg("replay").arg(directory).args(flags).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The recordings of a run of four nodes in which D led, was killed and came back.
fn recorded() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_with(&["--record", directory.path().to_str().unwrap()]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
    server.act("D", "start");
    server.wait_for("D follows", |ring| ring.live().count() == 4 && ring.leader.is_some());
    drop(server);
    directory
}

fn file(directory: &Path, of: &str) -> PathBuf {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut of_it = entries.filter(|path| path.to_str().unwrap().ends_with(&format!("-{of}.jsonl")));
    of_it.next().unwrap_or_else(|| panic!("no recording of {of}"))
}

#[test]
fn a_recording_is_shown_in_order_in_words_and_the_core_does_the_same_again() {
    let directory = recorded();
    let output = replay(directory.path(), &[]);
    let said = text(&output.stdout);
    assert!(output.status.success() && output.stderr.is_empty(), "{said}{}", text(&output.stderr));
    for words in [
        "of A, B, C, D: 5 starts, ",
        "A/1  is configured: A (90), B (100), C (110), D (120); available, max-ring",
        "A/1  is asked for an election",
        "    initiating the election of term 1 with my attribute (90)",
        "B/1  receives from A: election A 90, term 1",
        "D/1  receives from C: election",
        "C/1  its heartbeat link to D has failed",
        "D/2  is configured: ",
        "The core does the same again: 5 starts replayed.",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let order: Vec<usize> = [
        "A/1  is asked",
        "B/1  receives from A: election",
        "C/1  its heartbeat link to D has failed",
        "D/2  is configured",
    ]
    .map(|words| said.find(words).unwrap())
    .to_vec();
    assert!(order.is_sorted(), "by time, whatever the node: {order:?}\n{said}");

    let one = text(&replay(directory.path(), &["--node", "B"]).stdout);
    assert!(
        one.contains("of B: 1 start, ") && one.contains("B/1  receives from A") && !one.contains("A/1  "),
        "{one}"
    );
    let nobody = replay(directory.path(), &["--node", "X"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        text(&nobody.stderr).contains("no recording of X; there are: A, B, C, D"),
        "{}",
        text(&nobody.stderr)
    );

    let lines = text(&replay(directory.path(), &["--json"]).stdout);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (verdicts, steps): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| line["type"] == "verdict");
    assert_eq!(verdicts.len(), 5);
    assert!(verdicts.iter().all(|verdict| verdict["same"] == true && verdict["difference"].is_null()));
    let counted: u64 = verdicts.iter().map(|verdict| verdict["steps"].as_u64().unwrap()).sum();
    assert_eq!(counted, steps.len() as u64);
    assert!(steps.iter().any(|step| step["node"] == "A" && step["given"] == "is asked for an election"));
    assert!(steps.is_sorted_by_key(|step| step["at_ns"].as_u64().unwrap()));
}

#[test]
fn the_first_step_that_differs_is_shown_with_what_came_before_it() {
    let directory = recorded();
    let path = file(directory.path(), "B-1");
    let recording = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = recording.lines().map(str::to_owned).collect();
    let at =
        lines.iter().position(|line| line.contains("\"Received\"") && line.contains("\"Send\"")).unwrap();
    let mut step: Value = serde_json::from_str(&lines[at]).unwrap();
    let effects = step["effects"].as_array_mut().unwrap();
    let sent = effects.iter().position(|effect| effect.get("Send").is_some()).unwrap();
    effects.remove(sent);
    lines[at] = step.to_string();
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();

    let output = replay(directory.path(), &[]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    // The first line is no step.
    let heading = format!("B/1 does something else at step {} of ", at - 1);
    let (_, difference) = said.split_once(&heading).unwrap_or_else(|| panic!("{heading}:\n{said}"));
    assert!(
        difference.contains("Before it:")
            && difference.contains("+ sends to C: election B 100, deputy A 90, term 1"),
        "{difference}"
    );
    assert!(difference.contains("   (now)") && said.contains("something else in 1 of 5 starts"), "{said}");
    let lines = text(&replay(directory.path(), &["--json", "--node", "B"]).stdout);
    let verdict: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&verdict["same"], &verdict["difference"]["step"]),
        (&Value::Bool(false), &Value::from(at - 1))
    );
    assert!(replay(directory.path(), &["--node", "A"]).status.success(), "A does the same");
}

#[test]
fn a_directory_that_can_not_be_replayed_says_why() {
    let refused = |directory: &Path, says: &[&str]| {
        let output = replay(directory, &[]);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
        for words in says {
            assert!(said.contains(words) && !said.contains("panicked"), "{words}: {said}");
        }
    };
    refused(Path::new("no/such/directory"), &["reading no/such/directory", "No such file"]);
    let directory = tempfile::tempdir().unwrap();
    refused(directory.path(), &["no recordings", "ringleader --record"]);
    let strange = directory.path().join("strange.jsonl");
    std::fs::write(&strange, "{}\n").unwrap();
    refused(directory.path(), &["strange.jsonl", "RUN-NODE-START.jsonl"]);
    std::fs::remove_file(strange).unwrap();
    std::fs::write(directory.path().join("notes.txt"), "mine").unwrap();

    let run = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
    let path = directory.path().join(format!("{run}-A-1.jsonl"));
    let beginning = format!("{{\"id\":\"{run}\",\"promise\":null}}\n");
    // Killed before it had written anything, or in the middle of its first line.
    for nothing in ["", "{\"id\":"] {
        std::fs::write(&path, nothing).unwrap();
        refused(directory.path(), &["no recordings"]);
    }
    std::fs::write(&path, format!("{beginning}{{\"now\":1}}\n")).unwrap();
    refused(directory.path(), &["-A-1.jsonl, line 2: ", "another version of Ringleader"]);
    std::fs::write(&path, [b"{\"id\":\xff\n".as_slice()].concat()).unwrap();
    refused(directory.path(), &["-A-1.jsonl"]);

    let good = recorded();
    let path = file(good.path(), "D-1");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    assert!(replay(good.path(), &[]).status.success(), "a torn last line is how a killed process ends");
}
