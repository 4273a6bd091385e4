//! Strangers on the ports that are for the nodes of the run: the server's control port, and the nodes' own.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::tables::{broken, hosts_and_origins};
use ringleader_shared::control::SECRET_ENV;
use ringleader_shared::{EventKind, RingView};
use ringleader_testing::server::raw::{UPGRADE, request, send};
use ringleader_testing::server::{PATIENCE, Server};

/// A value of a node's environment, which the test may read.
fn environment_of(server: &Server, variable: &str) -> String {
    let pid = server.node_pids()[0];
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("a node's environment");
    let prefix = format!("{variable}=");
    let mut entries = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let value = entries.find_map(|entry| entry.strip_prefix(&prefix).map(ToOwned::to_owned));
    value.expect("it is told")
}

/// The server's address for its nodes, which a stranger finds by trying ports.
fn control_port(server: &Server) -> String {
    environment_of(server, "RINGLEADER_CONTROL")
        .trim_start_matches("ws://")
        .trim_end_matches("/control")
        .to_owned()
}

fn refusals(server: &Server) -> Vec<(Option<String>, String)> {
    let events = server.events().into_iter();
    let refusals = events.filter_map(|event| match event.kind {
        EventKind::Refused { reason, .. } => Some((event.node.map(|node| node.to_string()), reason)),
        _ => None,
    });
    refusals.collect()
}

#[test]
fn a_stranger_on_the_control_port_is_refused_and_that_is_reported() {
    let server = Server::start();
    let control = control_port(&server);
    let wrong = format!("Bearer {}", "0".repeat(64));
    for authorization in [None, Some("Bearer "), Some(wrong.as_str()), Some("Basic cm9vdDpyb290"), Some("")] {
        let before = refusals(&server).len();
        let mut headers: Vec<(&str, &[u8])> = vec![("Host", control.as_bytes())];
        headers.extend(UPGRADE);
        headers.extend(authorization.map(|value| ("Authorization", value.as_bytes())));
        let (answer, _) = send(&control, &request("GET", "/control", &headers, b""));
        answer.problem(401);
        let refusals = refusals(&server);
        assert_eq!(refusals.len(), before + 1, "{authorization:?}");
        assert!(refusals[before].1.contains("without the run's secret"), "{refusals:?}");
    }
    for (bytes, says) in [
        (&b"GET /control HTTP/1.1\r\nHost: x\r\n\r\n"[..], Some("without the run's secret")),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Some("something that is not there")),
        // Not even HTTP: the library closes the connection before any handler runs.
        (b"\0\r\n\r\n", None),
    ] {
        let before = refusals(&server).len();
        let (answer, _) = send(&control, bytes);
        assert!(answer.status == 0 || answer.status >= 400, "{answer:?}");
        let refusals = refusals(&server);
        let reason = refusals.get(before).map(|(_, reason)| reason.as_str());
        assert_eq!(refusals.len(), before + usize::from(says.is_some()), "{refusals:?}");
        assert!(reason.is_none_or(|reason| says.is_some_and(|says| reason.contains(says))), "{refusals:?}");
    }
    assert_eq!(server.ring().live().count(), 4);
}

#[test]
fn a_flood_of_refused_requests_is_counted_and_pushes_nothing_out() {
    let server = Server::start();
    let control = control_port(&server);
    let before = server.events();
    let flood = 3_000;
    for _ in 0..flood {
        let (answer, _) = send(&control, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(answer.status, 404);
    }
    let mut counted = 0;
    server.wait_for_event("all of them are counted", |event| {
        if let EventKind::Refused { count, .. } = event.kind {
            counted += count;
        }
        counted == flood
    });
    let after = server.events();
    assert_eq!(after[..before.len()], before[..], "the past is as it was");
    let reports = after.iter().filter(|event| matches!(event.kind, EventKind::Refused { .. })).count();
    assert!(reports < 60, "{reports} reports");
    assert_eq!(server.metric("ringleader_refused_total"), flood);
}

#[test]
fn a_stranger_on_a_nodes_port_is_refused_and_that_is_reported() {
    let server = Server::start();
    let ring = server.ring();
    let node = &ring.nodes[1];
    let address = node.address.clone().unwrap();
    let mut bus = server.subscribe(None);
    let id = ring.nodes[0].id.to_string();
    let to = node.id.to_string();
    let introduction: [(&str, &[u8]); 4] = [
        ("ringleader-protocol", b"1"),
        ("ringleader-from", id.as_bytes()),
        ("ringleader-incarnation", b"1"),
        ("ringleader-to", to.as_bytes()),
    ];
    let handshake = |extra: &[(&str, &[u8])]| {
        let mut headers: Vec<(&str, &[u8])> = vec![("Host", address.as_bytes())];
        headers.extend(UPGRADE);
        headers.extend(introduction);
        headers.extend(extra);
        request("GET", "/v1/ring", &headers, b"")
    };
    let guess = format!("Bearer {}", "0".repeat(64));
    let attempts = [
        ("no secret", handshake(&[]), 401, "secret is missing or wrong"),
        ("a guess", handshake(&[("Authorization", guess.as_bytes())]), 401, "secret is missing or wrong"),
        ("a web page", handshake(&[("Origin", b"http://evil.example")]), 403, "web page"),
        ("no WebSocket", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 0, "not a WebSocket handshake"),
        ("no HTTP", b"\0\x01\x02\x03\r\n\r\n".to_vec(), 0, "not a WebSocket handshake"),
    ];
    for (what, bytes, status, reason) in attempts {
        let (answer, _) = send(&address, &bytes);
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let frame = bus.next_frame(deadline).unwrap_or_else(|| panic!("{what} is not told"));
            if let ringleader_shared::bus::BusFrame::Event { event } = frame
                && let EventKind::Refused { remote, reason: reported, .. } = event.kind
            {
                assert_eq!(event.node.as_ref(), Some(&node.name), "{what}");
                assert!(
                    reported.contains(reason) && remote.starts_with("127.0.0.1:"),
                    "{what}: {remote} {reported}"
                );
                break;
            }
        }
    }
    // No node was disturbed by it.
    server.initiate("A");
    let ring = server.wait_for_leader("D", Some("C"));
    let pids: BTreeSet<_> = ring.nodes.iter().map(|node| (node.pid, node.incarnation)).collect();
    assert_eq!(pids.len(), 4);
    assert!(ring.nodes.iter().all(|node| node.incarnation.0 == 1));
}

/// Every socket that is for nodes.
fn sockets(server: &Server, ring: &RingView) -> Vec<(String, &'static str)> {
    let node = ring.nodes[1].address.clone().unwrap();
    let links = ["/v1/ring", "/v1/standby", "/v1/heartbeat"].map(|path| (node.clone(), path));
    std::iter::once((control_port(server), "/control")).chain(links).collect()
}

fn assert_undisturbed(server: &Server, before: &RingView) {
    server.initiate("A");
    let ring = server.wait_for_leader("D", Some("C"));
    let pids =
        |ring: &RingView| ring.nodes.iter().map(|node| (node.pid, node.incarnation)).collect::<Vec<_>>();
    assert_eq!(pids(&ring), pids(before), "nobody ended");
}

#[test]
fn no_host_and_no_origin_opens_a_nodes_socket_and_with_an_origin_not_even_the_secret_does() {
    let server = Server::start();
    let ring = server.ring();
    let secret = format!("Bearer {}", environment_of(&server, SECRET_ENV));
    let to = ring.nodes[1].id.to_string();
    let from = ring.nodes[0].id.to_string();
    for (authority, path) in sockets(&server, &ring) {
        for (hosts, origins, _) in hosts_and_origins(&server.authority) {
            for (upgrade, has_secret) in [(false, false), (true, false), (false, true), (true, true)] {
                // The secret admits every client that is no web page, which is its purpose.
                if has_secret && origins.is_empty() {
                    continue;
                }
                let mut headers: Vec<(&str, &[u8])> = vec![
                    ("ringleader-protocol", b"1"),
                    ("ringleader-from", from.as_bytes()),
                    ("ringleader-incarnation", b"1"),
                    ("ringleader-to", to.as_bytes()),
                ];
                headers.extend(hosts.iter().map(|host| ("Host", host.as_slice())));
                headers.extend(origins.iter().map(|origin| ("Origin", origin.as_slice())));
                headers.extend(has_secret.then_some(("Authorization", secret.as_bytes())));
                if upgrade {
                    headers.extend(UPGRADE);
                }
                let (answer, _) = send(&authority, &request("GET", path, &headers, b""));
                let is_refused = answer.status == 0 || (400..500).contains(&answer.status);
                assert!(
                    is_refused,
                    "{path}, secret {has_secret}, upgrade {upgrade}: {headers:?}: {answer:?}"
                );
            }
        }
    }
    assert_undisturbed(&server, &ring);
}

#[test]
fn broken_requests_disturb_nobody_on_any_port_of_the_nodes() {
    let server = Server::start();
    let ring = server.ring();
    let ports: BTreeSet<String> =
        sockets(&server, &ring).into_iter().map(|(authority, _)| authority).collect();
    for authority in ports {
        for bytes in broken(&authority) {
            let shown = bytes[..bytes.len().min(60)].escape_ascii().to_string();
            let (answer, _) = send(&authority, &bytes);
            let is_refused = answer.status == 0 || (400..500).contains(&answer.status);
            assert!(is_refused, "{shown}: {answer:?}");
        }
    }
    assert_undisturbed(&server, &ring);
}
