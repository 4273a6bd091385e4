//! Kept runs: listed, read, named, deleted, exported and imported over the API, however their server ended.

use std::process::Command;
use std::time::Instant;

use nix::sys::signal::Signal;
use ringleader_shared::api::{
    ArchiveState, ArchiveStatus, EventPage, KeptElections, KeptEvents, KeptRun, KeptRuns, RunEnd,
};
use ringleader_shared::event::ElectionCause;
use ringleader_shared::{Event, RingView, RunId};
use ringleader_testing::server::{PATIENCE, Server};
use tempfile::TempDir;

/// A server that keeps its runs in this directory.
fn keeping(directory: &TempDir, flags: &[&str]) -> Server {
    let path = directory.path().to_str().unwrap();
    Server::start_with(&[&["--data-dir", path], flags].concat())
}

fn one(server: &Server, run: RunId) -> KeptRun {
    server.get(&format!("/api/v1/runs/{run}"))
}

fn runs(server: &Server, query: &str) -> Vec<KeptRun> {
    server.get::<KeptRuns>(&format!("/api/v1/runs{query}")).runs
}

/// Waits until so many events of a run are kept.
fn kept(server: &Server, run: RunId, events: u64) -> KeptRun {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = server.call("GET", &format!("/api/v1/runs/{run}"), None);
        if answer.status == 200 {
            let run: KeptRun = serde_json::from_str(&answer.body).unwrap();
            if run.events >= events {
                return run;
            }
        }
        assert!(Instant::now() < deadline, "{events} events are not kept: {answer:?}");
    }
}

fn events_of(server: &Server, run: RunId, page: u64) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let next: KeptEvents =
            server.get(&format!("/api/v1/runs/{run}/events?after={}&limit={page}", events.len()));
        assert_eq!(next.next, (events.len() + next.events.len()) as u64);
        if next.events.is_empty() {
            return events;
        }
        events.extend(next.events);
    }
}

#[test]
fn a_run_is_kept_while_it_goes_on_and_read_in_pages() {
    let directory = tempfile::tempdir().unwrap();
    let server = keeping(&directory, &[]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    let ring = server.wait_for_leader("C", Some("B"));
    let run = kept(&server, ring.run, ring.seq.0);
    assert_eq!((run.end, run.number, run.imported), (RunEnd::Running, 1, false));
    assert!(!run.split_brain, "a leader that is dead is on no side");
    let events = events_of(&server, ring.run, 17);
    let page: EventPage = server.get("/api/v1/events?limit=5000");
    let both = events.len().min(page.events.len());
    assert!(both >= ring.seq.0 as usize);
    assert_eq!(events[..both], page.events[..both]);
    let mut view = RingView::empty();
    events.iter().filter(|event| event.seq <= ring.seq).for_each(|event| view.apply(event));
    assert_eq!(view, ring);
    let elections: KeptElections = server.get(&format!("/api/v1/runs/{}/elections?limit=1", ring.run));
    assert_eq!(elections.elections[0].cause, ElectionCause::Election);
    assert_eq!(elections.next, Some(1));
    let status: ArchiveStatus = server.get("/api/v1/archive");
    assert_eq!((status.state, status.notice, status.run), (ArchiveState::Keeping, None, Some(ring.run)));
    for query in ["limit=0", "limit=5001", "after=-1", "after=x", "before=1"] {
        server.call("GET", &format!("/api/v1/runs/{}/events?{query}", ring.run), None).problem(400);
    }
    for query in ["limit=1001", "algorithm=nobody", "pinned=2", "colour=red"] {
        server.call("GET", &format!("/api/v1/runs?{query}"), None).problem(400);
    }
}

#[test]
fn a_run_says_how_it_ended_also_after_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let server = keeping(&directory, &[]);
    let reset = server.ring().run;
    server.post("/api/v1/reset");
    let stopped = server.wait_for("all run", |ring| ring.run != reset && ring.live().count() == 4).run;
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));

    let server = keeping(&directory, &[]);
    server.initiate("A");
    let led = server.wait_for_leader("D", Some("C"));
    let (killed, seen) = (led.run, kept(&server, led.run, led.seq.0).events);
    server.signal(Signal::SIGKILL);
    server.wait();

    let server = keeping(&directory, &[]);
    let found = |run: RunId| one(&server, run);
    assert_eq!(
        [found(reset).end, found(stopped).end, found(killed).end],
        [RunEnd::Reset, RunEnd::Stopped, RunEnd::Lost]
    );
    for run in [stopped, killed] {
        let kept = found(run);
        assert_eq!(kept.leader.map(|name| name.to_string()).as_deref(), Some("D"), "{run}");
        assert_eq!((kept.deaths, kept.elections, kept.worst_leaderless_us), (0, 1, None), "{run}");
    }
    let events = events_of(&server, killed, 1_000);
    assert!(events.len() as u64 >= seen, "what was read before is there");
    assert!(events.windows(2).all(|pair| pair[0].seq.next() == pair[1].seq), "without a gap");
    let listed: Vec<RunId> = runs(&server, "").iter().map(|run| run.run).collect();
    assert_eq!(listed, [server.ring().run, killed, stopped, reset]);
}

#[test]
fn a_run_is_named_pinned_found_deleted_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    let server = keeping(&directory, &[]);
    let first = server.ring().run;
    server.post("/api/v1/reset");
    let second = server.wait_for("another run", |ring| ring.run != first).run;
    kept(&server, second, 1);
    let path = format!("/api/v1/runs/{first}");
    let body = r#"{"name":"Lecture 3","pinned":true}"#;
    let changed: KeptRun = serde_json::from_str(&server.call_json("PATCH", &path, body).body).unwrap();
    assert_eq!((changed.name.as_deref(), changed.pinned), (Some("Lecture 3"), true));
    let numbers = |query: &str| runs(&server, query).iter().map(|run| run.number).collect::<Vec<_>>();
    for (query, expected) in [
        ("", &[2, 1][..]),
        ("?text=lecture%203", &[1]),
        ("?text=nothing", &[]),
        ("?pinned=true", &[1]),
        ("?pinned=false&algorithm=max-ring", &[2]),
        ("?algorithm=peterson", &[]),
        ("?before=2", &[1]),
        ("?limit=1", &[2]),
    ] {
        assert_eq!(numbers(query), expected, "{query}");
    }
    for (body, status) in [("{}", 422), (r#"{"colour":"red"}"#, 422), ("[]", 422), ("{", 400)] {
        server.call_json("PATCH", &path, body).problem(status);
    }
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(101));
    assert!(server.call_json("PATCH", &path, &long).problem(422).title.contains("at most 100"));
    assert!(
        server
            .call("DELETE", &format!("/api/v1/runs/{second}"), None)
            .problem(409)
            .title
            .contains("still written")
    );
    server.call("POST", &format!("{path}/restore"), None).problem(409);
    assert_eq!(server.call("DELETE", &path, None).status, 204);
    assert_eq!((numbers(""), numbers("?deleted=true")), (vec![2], vec![1]));
    server.call("GET", &format!("{path}/export"), None).problem(409);
    assert_eq!(server.call("POST", &format!("{path}/restore"), None).status, 200);
    assert_eq!(numbers(""), [2, 1]);
    server.call("GET", "/api/v1/runs/9b839034-164d-4ff9-84ae-bf08e24ad801", None).problem(404);
    server.call("GET", "/api/v1/runs/last", None).problem(400);
}

#[test]
fn an_exported_run_is_imported_by_another_server_and_bad_text_by_none() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = keeping(&here, &[]);
    server.initiate("A");
    let run = server.wait_for_leader("D", Some("C")).run;
    server.post("/api/v1/reset");
    server.wait_for("another run", |ring| ring.run != run);
    let ended = {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = kept(&server, run, 1);
            if found.end == RunEnd::Reset {
                break found;
            }
            assert!(Instant::now() < deadline, "{found:?}");
        }
    };
    let export = server.call("GET", &format!("/api/v1/runs/{run}/export"), None);
    assert_eq!((export.status, export.kind()), (200, "application/jsonl"));
    assert!(export.header("content-disposition").unwrap().contains(&format!("ringleader-{run}.jsonl")));
    assert_eq!(export.body.lines().count() as u64, ended.events + 1);

    let other = keeping(&there, &[]);
    let import = |kind: &str, text: &str| other.call("POST", "/api/v1/runs", Some((kind, text)));
    let line = export.body.lines().nth(9).unwrap();
    let spoilt = export.body.replace(line, &line.replacen("\"seq\":9", "\"seq\":90", 1));
    let problem = import("application/jsonl", &spoilt).problem(422);
    assert!(problem.detail.as_ref().unwrap().contains("line 10: seq is 90, expected 9"), "{problem:?}");
    import("application/jsonl", "").problem(422);
    import("application/json", &export.body).problem(415);
    other.call("GET", &format!("/api/v1/runs/{run}"), None).problem(404);
    let imported = import("application/x-ndjson", &export.body);
    assert_eq!(imported.status, 201, "{imported:?}");
    let imported: KeptRun = serde_json::from_str(&imported.body).unwrap();
    assert_eq!(imported, KeptRun { imported: true, number: imported.number, bytes: imported.bytes, ..ended });
    assert_eq!(other.call("GET", &format!("/api/v1/runs/{run}/export"), None).body, export.body);
    import("application/jsonl", &export.body).problem(409);
}

#[test]
fn a_server_without_an_archive_says_so_and_serves_its_ring() {
    let server = Server::start_with(&["--no-history"]);
    let status: ArchiveStatus = server.get("/api/v1/archive");
    assert_eq!(status.state, ArchiveState::Off);
    let problem = server.call("GET", "/api/v1/runs", None).problem(503);
    assert!(problem.detail.unwrap().contains("--no-history"));

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("runs.db");
    std::fs::write(&file, "no database".repeat(100)).unwrap();
    let path = directory.path().to_str().unwrap();
    let (server, log) = Server::spawn_after("true", &["--data-dir", path]);
    let status: ArchiveStatus = server.get("/api/v1/archive");
    assert_eq!(status.state, ArchiveState::Unusable);
    assert!(status.notice.unwrap().contains("is damaged and is left alone"));
    let problem = server.call("GET", "/api/v1/runs", None).problem(503);
    assert!(problem.detail.unwrap().contains("is damaged"));
    server.wait_for("all run", |ring| ring.live().count() == 4);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    drop(server);
    let log = std::io::read_to_string(log).unwrap();
    assert!(log.contains("runs are not kept, the ring goes on") && log.contains("--data-dir"), "{log}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "no database".repeat(100));
}

/// Waits until the archive is in this state.
fn wait_for_archive(server: &Server, state: ArchiveState, meanwhile: impl Fn()) -> ArchiveStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status: ArchiveStatus = server.get("/api/v1/archive");
        if status.state == state {
            return status;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        meanwhile();
    }
}

#[test]
fn a_full_disk_is_a_notice_the_ring_goes_on_and_nothing_is_missing_once_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    // Files may grow to 600 kB (blocks of 512 bytes) until the limit is raised; the nodes' promises need 512.
    let (server, log) = Server::spawn_after("ulimit -S -f 1200", &["--data-dir", path]);
    server.wait_for("all run", |ring| ring.live().count() == 4);
    let elect = || {
        let term = server.ring().term;
        server.initiate("A");
        server.wait_for("an election", |ring| ring.term > term && ring.leader.is_some());
    };
    let failing = wait_for_archive(&server, ArchiveState::Failing, elect);
    assert!(failing.notice.as_ref().is_some_and(|notice| notice.contains("runs.db")), "{failing:?}");
    elect();
    let raised =
        Command::new("prlimit").args(["--pid", &server.pid().to_string(), "--fsize=unlimited:"]).status();
    assert!(raised.is_ok_and(|status| status.success()), "prlimit is part of util-linux");
    let keeping = wait_for_archive(&server, ArchiveState::Keeping, || ());
    assert_eq!(keeping.notice, None);
    let ring = server.ring();
    let run = kept(&server, ring.run, ring.seq.0);
    assert_eq!(run.lost_events, 0, "the bus remembers more than was published meanwhile");
    drop(server);
    let log = std::io::read_to_string(log).unwrap();
    for words in
        ["events are not written to the archive at the moment", "events are written to the archive again"]
    {
        assert!(log.contains(words), "{words}: {log}");
    }
}

#[test]
fn two_servers_share_a_directory_and_each_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let first = keeping(&directory, &[]);
    let second = keeping(&directory, &[]);
    let status: ArchiveStatus = second.get("/api/v1/archive");
    assert!(status.notice.unwrap().contains("another ringleader keeps its runs in the same directory"));
    let (one, two) = (first.ring(), second.ring());
    kept(&first, two.run, two.seq.0);
    kept(&second, one.run, one.seq.0);
    let ends: Vec<RunEnd> = runs(&first, "").iter().map(|run| run.end).collect();
    assert_eq!(ends, [RunEnd::Running, RunEnd::Running]);
    second.call("DELETE", &format!("/api/v1/runs/{}", one.run), None).problem(409);
}
