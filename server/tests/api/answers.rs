//! Answers for programs that are not the page: health, metrics, headers.

use std::time::Instant;

use ringleader_shared::EventKind;
use ringleader_testing::server::{PATIENCE, Server};

#[test]
fn health_and_metrics_are_plain_text() {
    let server = Server::start();
    let health = server.call("GET", "/healthz", None);
    assert_eq!((health.status, health.kind(), health.body.as_str()), (200, "text/plain", "ok\n"));
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.wait_for_event("the election is complete", |event| {
        matches!(event.kind, EventKind::Completed { .. })
    });
    server.act("A", "pause");
    let mut bus = server.subscribe(None);
    bus.next_frame(Instant::now() + PATIENCE).expect("the subscription is open");
    // Earlier connections are removed a moment after they have left.
    let deadline = Instant::now() + PATIENCE;
    let mut metrics = server.call("GET", "/metrics", None);
    while !metrics.body.contains("ringleader_subscribers 1\n") && Instant::now() < deadline {
        metrics = server.call("GET", "/metrics", None);
    }
    assert_eq!((metrics.status, metrics.kind()), (200, "text/plain"));
    for line in [
        "# TYPE ringleader_events_total counter",
        "ringleader_events_total{kind=\"run_started\"} 1",
        "ringleader_events_total{kind=\"spawned\"} 4",
        "ringleader_events_total{kind=\"paused\"} 1",
        "ringleader_nodes{state=\"running\"} 3",
        "ringleader_nodes{state=\"paused\"} 1",
        "ringleader_term 1",
        "ringleader_leader_agreed 1",
        "ringleader_leaderless_now_seconds 0.0",
        "# TYPE ringleader_leaderless_seconds histogram",
        "ringleader_leaderless_seconds_count 0",
        "ringleader_leaderless_part_seconds_count{part=\"noticing\"} 0",
        "ringleader_election_seconds_count{cause=\"election\"} 1",
        "ringleader_election_seconds_count{cause=\"takeover\"} 0",
        "ringleader_election_messages_sum{cause=\"election\"} 11.0",
        "ringleader_subscribers 1",
    ] {
        assert!(metrics.body.lines().any(|have| have == line), "{line}\n{}", metrics.body);
    }
    for line in metrics.body.lines().filter(|line| !line.starts_with("# ")) {
        let (_, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn every_answer_forbids_framing_sniffing_and_foreign_readers() {
    let server = Server::spawn(&[]);
    for path in ["/", "/api/v1/ring", "/healthz", "/nothing"] {
        let answer = server.call("GET", path, None);
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        let opener = answer.header("cross-origin-opener-policy");
        assert_eq!(opener, Some("same-origin-allow-popups"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}
