//! The time without a leader as real processes have it, against the events themselves and the metrics.

use std::time::{Duration, Instant};

use ringleader_shared::event::MessageKind;
use ringleader_shared::view::{LossCause, Outage, Took};
use ringleader_shared::{Event, EventKind, Explanation, NodeName, NodeState, Term};
use ringleader_testing::server::{PATIENCE, Server};

/// The time for which a node may be silent, and the interval of its pings. A pause can be noticed sooner
/// than `HUNG_AFTER`, because the node sent its last frame before the pause.
const HUNG_AFTER: Duration = Duration::from_millis(500);
const HEARTBEAT: Duration = Duration::from_millis(50);

/// The least remaining time of a lease: four times `hung_after`, renewed six times in that.
const LEASE_LEFT: Duration = Duration::from_millis(1_500);

/// The test's own reading of the events after `action` on D, which led term 1: until A, B and C followed
/// C.
fn reading(events: &[Event], action: &str) -> Took {
    let of = |event: &Event, name: &str| event.node.as_ref().is_some_and(|node| node.as_str() == name);
    let asked = events.iter().find(|event| {
        of(event, "D") && matches!(&event.kind, EventKind::Requested { action: it } if it.as_str() == action)
    });
    let start = asked.expect("it was asked for").at_us;
    let later = || events.iter().filter(|event| event.at_us >= start && !of(event, "D"));
    let noticed = later().filter(|event| {
        matches!(&event.kind, EventKind::LinkDown { peer, failure: true, .. } if peer.as_str() == "D")
    });
    let claimed = later().filter(|event| match &event.kind {
        EventKind::RoleChanged { term, .. } => *term > Term(1),
        EventKind::Sent { message, .. } => {
            message.term > Term(1)
                && !matches!(message.message, MessageKind::StateUpdate | MessageKind::Lease)
        }
        _ => false,
    });
    let first =
        |events: &mut dyn Iterator<Item = &Event>| events.map(|event| event.at_us).min().expect("one");
    let (noticed, claimed) = (first(&mut noticed.into_iter()), first(&mut claimed.into_iter()));
    let follows = |name: &str| {
        let follows = later().filter(|event| {
            of(event, name)
                && matches!(&event.kind, EventKind::RoleChanged { leader: Some(leader), .. } if leader.as_str() == "C")
        });
        first(&mut follows.into_iter())
    };
    let end = ["A", "B", "C"].map(follows).into_iter().max().unwrap();
    Took {
        total_us: end - start,
        noticing_us: noticed - start,
        waiting_us: claimed - noticed,
        electing_us: end - claimed,
    }
}

fn outage(server: &Server, lost: &str) -> Outage {
    let ring = server.wait_for("the loss of the leader is over", |ring| {
        ring.leaderless.now.is_none()
            && ring.leaderless.past.front().is_some_and(|last| last.lost.as_str() == lost)
    });
    ring.leaderless.past[0].clone()
}

fn metric(server: &Server, name: &str) -> f64 {
    let (_, text) = server.ask("GET", "/metrics", None);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.unwrap_or_else(|| panic!("{name}\n{text}")).parse().unwrap()
}

fn a_leader_is_lost_by(action: &str, safety: &str) -> Took {
    let hung_after = format!("{}ms", HUNG_AFTER.as_millis());
    let server = Server::start_with(&["--safety", safety, "--hung-after", &hung_after]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    assert!(server.ring().leaderless.past.is_empty(), "a ring without a first leader has lost none");
    server.act("D", action);
    server
        .wait_for("C leads the others", |ring| ring.leader.as_ref().is_some_and(|name| name.as_str() == "C"));
    let outage = outage(&server, "D");
    let cause = if action == "kill" { LossCause::Killed } else { LossCause::Hung };
    assert_eq!((outage.cause, outage.leader.as_ref().map(NodeName::as_str)), (cause, Some("C")));
    let took = outage.took.expect("it is over");
    assert_eq!(took.total_us, took.noticing_us + took.waiting_us + took.electing_us);
    let events = server.events();
    assert_eq!(took, reading(&events, action), "{action}, {safety}\n{}", server.trace());
    // Counted once no evidence can move its start any more.
    let deadline = Instant::now() + PATIENCE;
    while metric(&server, "ringleader_leaderless_seconds_count") < 1.0 {
        assert!(Instant::now() < deadline, "it was never counted");
    }
    let sum = |name: &str| (metric(&server, name) * 1e6).round();
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a test")]
    let same = |us: u64, name: &str| assert_eq!(us as f64, sum(name), "{name}");
    same(took.total_us, "ringleader_leaderless_seconds_sum");
    same(took.noticing_us, "ringleader_leaderless_part_seconds_sum{part=\"noticing\"}");
    same(took.waiting_us, "ringleader_leaderless_part_seconds_sum{part=\"waiting\"}");
    same(took.electing_us, "ringleader_leaderless_part_seconds_sum{part=\"electing\"}");
    assert_eq!(metric(&server, "ringleader_leaderless_now_seconds"), 0.0);
    eprintln!("{action}, {safety}: {took:?}");
    took
}

/// As microseconds.
fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}

#[test]
fn a_killed_leader_is_missed_for_as_long_as_the_events_say() {
    a_leader_is_lost_by("kill", "available");
}

#[test]
fn a_hung_leader_is_missed_for_as_long_as_its_silence_at_least() {
    let took = a_leader_is_lost_by("pause", "available");
    assert!(took.noticing_us >= us(HUNG_AFTER - 2 * HEARTBEAT), "{took:?}");
}

#[test]
fn with_a_quorum_a_killed_leader_is_missed_until_its_lease_is_over() {
    let took = a_leader_is_lost_by("kill", "quorum");
    assert!(took.total_us >= us(LEASE_LEFT), "{took:?}");
}

#[test]
fn with_a_quorum_a_hung_leader_is_missed_until_its_lease_is_over() {
    let took = a_leader_is_lost_by("pause", "quorum");
    assert!(
        took.noticing_us >= us(HUNG_AFTER - 2 * HEARTBEAT) && took.total_us >= us(LEASE_LEFT),
        "{took:?}"
    );
}

#[test]
fn while_nobody_can_replace_a_leader_the_time_without_one_runs() {
    let server = Server::start_with(&["--safety", "quorum", "--hung-after", "500ms"]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
    server.act("C", "kill");
    server.wait_for_decision("no quorum: 2 of 3", |why| {
        matches!(why, Explanation::NoQuorum { votes: 2, needed: 3 })
    });
    let ring = server.ring();
    let outage = ring.leaderless.now.expect("two of four have no leader");
    assert_eq!((outage.lost.as_str(), outage.number, outage.ended_us), ("C", 2, None));
    let before = metric(&server, "ringleader_leaderless_now_seconds");
    assert!(before > 0.0 && metric(&server, "ringleader_leaderless_now_seconds") > before);
    server.act("C", "start");
    server.wait_for("there is a leader again", |ring| ring.leaderless.now.is_none());
    assert_eq!(server.ring().leaderless.past[0].number, 2);
}

#[test]
fn a_leader_that_hangs_unnoticed_is_the_leader_and_can_be_killed_as_it() {
    let server = Server::start_with(&["--hung-after", "20s"]);
    let refused = server.refused("/api/v1/nodes/leader/kill");
    assert_eq!(refused.status, 409, "nobody leads yet");
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "pause");
    server.wait_for_state("D", NodeState::Paused);
    let (status, body) = server.ask("POST", "/api/v1/nodes/deputy/kill", None);
    assert_eq!(status, 202, "the deputy is the one that the leader names: {body}");
    assert!(body.contains(r#""name":"C""#), "{body}");
    let (status, body) = server.ask("POST", "/api/v1/nodes/leader/kill", None);
    assert_eq!(status, 202, "{body}\n{}", server.trace());
    assert!(body.contains(r#""name":"D""#), "{body}");
    server.wait_for_state("D", NodeState::Stopped);
}

#[test]
fn of_a_hung_leader_and_one_of_a_newer_term_the_newer_one_is_killed() {
    let server = Server::start_with(&["--hung-after", "500ms"]);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "pause");
    server.wait_for_leader("C", Some("B"));
    let (status, body) = server.ask("POST", "/api/v1/nodes/leader/kill", None);
    assert_eq!(status, 202, "{body}");
    assert!(body.contains(r#""name":"C""#), "{body}");
    server.wait_for_state("C", NodeState::Stopped);
}

#[test]
fn everybody_who_was_asked_is_an_initiator_whatever_the_election() {
    // Each logs the request before the first message.
    let server = Server::start_with(&["--hop-delay", "100ms"]);
    for (algorithm, term) in [("max-ring", 1), ("bully", 2), ("itai-rodeh", 3), ("chang-roberts", 4)] {
        let (status, body) =
            server.ask("PATCH", "/api/v1/ring", Some(serde_json::json!({ "algorithm": algorithm })));
        assert_eq!(status, 200, "{body}");
        let everyone = Some(serde_json::json!({ "everyone": true }));
        let (status, body) = server.ask("POST", "/api/v1/elections", everyone);
        assert_eq!(status, 202, "{body}");
        let ring = server.wait_for("its lap is back", |ring| {
            ring.elections.iter().any(|one| one.term == Term(term) && one.took_us.is_some())
        });
        let election = ring.elections.iter().find(|one| one.term == Term(term)).unwrap();
        assert_eq!(election.initiators, 4, "{algorithm}\n{}", server.trace());
    }
}
