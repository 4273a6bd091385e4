//! Strangers, foreign pages and broken bytes: refused on every route, and the server goes on.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::tables::{Road, broken, hosts_and_origins, roads};
use ringleader_testing::server::raw::{UPGRADE, read_answer, request, send};
use ringleader_testing::server::{PATIENCE, Server, fresh_seed};

/// The time limit of a request's header in `serve/accept.rs`.
const HEADER_WITHIN: Duration = Duration::from_secs(10);

/// Sends a request to a route with these hosts and origins. Returns the status.
fn knock(server: &Server, road: &Road, hosts: &[&[u8]], origins: &[&[u8]]) -> u16 {
    let (method, path, upgrade) = road;
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    headers.extend(hosts.iter().map(|host| ("Host", *host)));
    headers.extend(origins.iter().map(|origin| ("Origin", *origin)));
    if *upgrade {
        headers.extend(UPGRADE);
    }
    let (answer, _) = send(&server.authority, &request(method, path, &headers, b""));
    if answer.status >= 400 {
        assert_eq!(answer.kind(), "application/problem+json", "{method} {path}: {answer:?}");
        answer.problem(answer.status);
    }
    answer.status
}

fn assert_well(server: &Server, after: &str) {
    let answer = server.call("GET", "/healthz", None);
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "after {after}");
}

#[test]
fn foreign_hosts_and_origins_are_refused_on_every_road_and_nothing_changes() {
    let server = Server::start();
    let before = server.ring();
    let cases = hosts_and_origins(&server.authority);
    assert_eq!(cases.len(), 44);
    let roads = roads();
    assert!(roads.len() > 16, "{roads:?}");
    for (hosts, origins, expected) in &cases {
        let hosts: Vec<&[u8]> = hosts.iter().map(Vec::as_slice).collect();
        let origins: Vec<&[u8]> = origins.iter().map(Vec::as_slice).collect();
        for road in &roads {
            let status = knock(&server, road, &hosts, &origins);
            let said: Vec<String> =
                hosts.iter().chain(&origins).map(|v| v.escape_ascii().to_string()).collect();
            assert_eq!(status, *expected, "{road:?} with {said:?}");
        }
    }
    let mut after = server.ring();
    after.seq = before.seq;
    assert_eq!(after, before);
}

#[test]
fn this_servers_own_names_and_page_are_let_in() {
    let server = Server::spawn(&[]);
    let port = server.authority.rsplit(':').next().unwrap();
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("LocalHost:{port}")] {
        for origin in
            [None, Some(format!("http://127.0.0.1:{port}")), Some(format!("http://localhost:{port}"))]
        {
            let origins: Vec<&[u8]> = origin.iter().map(String::as_bytes).collect();
            for (path, upgrade, expected) in [
                ("/", false, 200),
                ("/api/v1/ring", false, 200),
                ("/healthz", false, 200),
                ("/ws", true, 101),
            ] {
                let road = ("GET".to_owned(), path.to_owned(), upgrade);
                let status = knock(&server, &road, &[host.as_bytes()], &origins);
                assert_eq!(status, expected, "{path} as {host} from {origin:?}");
            }
            let road = ("POST".to_owned(), "/api/v1/nodes/Z/kill".to_owned(), false);
            assert_eq!(knock(&server, &road, &[host.as_bytes()], &origins), 404, "{host} from {origin:?}");
        }
    }
}

#[test]
fn a_request_line_that_names_another_server_is_refused() {
    let server = Server::spawn(&[]);
    let host = server.authority.clone();
    let headers: [(&str, &[u8]); 1] = [("Host", host.as_bytes())];
    for (target, expected) in [
        ("http://evil.example/healthz".to_owned(), 421),
        (format!("http://{host}/healthz"), 200),
        (format!("http://{host}@evil.example/healthz"), 421),
    ] {
        let (answer, _) = send(&host, &request("GET", &target, &headers, b""));
        assert_eq!(answer.status, expected, "{target}: {answer:?}");
    }
}

#[test]
fn a_change_that_the_browser_calls_cross_site_is_refused() {
    let server = Server::spawn(&[]);
    for (site, refused) in
        [("cross-site", true), ("same-site", true), ("same-origin", false), ("none", false)]
    {
        let host = server.authority.as_bytes();
        let headers: [(&str, &[u8]); 2] = [("Host", host), ("Sec-Fetch-Site", site.as_bytes())];
        let (answer, _) = send(&server.authority, &request("POST", "/api/v1/nodes/Z/kill", &headers, b""));
        assert_eq!(answer.status, if refused { 403 } else { 404 }, "{site}");
    }
}

#[test]
fn no_get_changes_anything() {
    let server = Server::start();
    let before = server.ring();
    for (_, path, _) in roads() {
        server.call("GET", &path, None);
        server.call("HEAD", &path, None);
    }
    let mut after = server.ring();
    after.seq = before.seq;
    assert_eq!(after, before);
}

#[test]
fn broken_requests_are_answered_or_hung_up_and_the_server_goes_on() {
    let server = Server::spawn(&[]);
    for bytes in broken(&server.authority) {
        let shown = bytes[..bytes.len().min(60)].escape_ascii().to_string();
        let (answer, _) = send(&server.authority, &bytes);
        assert!(answer.status == 0 || answer.status >= 400, "{shown}: {answer:?}");
        assert_ne!(answer.status, 500, "{shown}: {answer:?}");
        assert_well(&server, &shown);
    }
}

#[test]
fn random_bytes_never_end_the_server() {
    let seed = fresh_seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let server = Server::spawn(&[]);
    let honest = request(
        "POST",
        "/api/v1/elections",
        &[("Host", server.authority.as_bytes())],
        br#"{"initiator":"A"}"#,
    );
    for _ in 0..200 {
        let mut bytes = honest.clone();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        let mut stream = TcpStream::connect(&server.authority).unwrap();
        let _ = stream.write_all(&bytes);
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        read_answer(&mut stream);
    }
    assert_well(&server, "random bytes");
}

#[test]
fn a_body_beyond_the_limit_is_refused_however_it_is_sent() {
    let server = Server::spawn(&[]);
    let host = &server.authority;
    let large = format!("{{\"initiator\":\"{}\"}}", "A".repeat(20_000));
    let head =
        format!("POST /api/v1/elections HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n");
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let counted = format!("{head}Content-Length: {}\r\n\r\n{large}", large.len());
    let promised = format!("{head}Content-Length: 1099511627776\r\n\r\n{large}");
    for (way, bytes) in [("chunked", chunked), ("counted", counted), ("promised", promised)] {
        let (answer, _) = send(host, bytes.as_bytes());
        assert_eq!(answer.problem(413).status, 413, "{way}");
        assert_well(&server, way);
    }
}

/// A client's WebSocket frame: the first byte as given, the payload masked as it must be.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x13, 0x57, 0x9b, 0xdf];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Opens the bus with a handshake written by hand.
fn open_bus(server: &Server) -> TcpStream {
    let mut headers: Vec<(&str, &[u8])> = vec![("Host", server.authority.as_bytes())];
    headers.extend(UPGRADE);
    let (answer, stream) = send(&server.authority, &request("GET", "/ws", &headers, b""));
    assert_eq!(answer.status, 101, "{answer:?}");
    stream
}

/// Reads the bus to its end. Returns the code of the server's close frame, if there was one.
fn goodbye(stream: &mut TcpStream) -> Option<u16> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut exactly = |length: usize| {
        let mut bytes = vec![0; length];
        match stream.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                None
            }
            Err(error) => panic!("the bus is still open: {error}"),
        }
    };
    loop {
        let head = exactly(2)?;
        let length = match head[1] {
            126 => usize::from(u16::from_be_bytes(exactly(2)?.try_into().unwrap())),
            127 => usize::try_from(u64::from_be_bytes(exactly(8)?.try_into().unwrap())).unwrap(),
            length => usize::from(length),
        };
        let payload = exactly(length)?;
        if head[0] == 0x88 {
            return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        }
    }
}

#[test]
fn a_subscriber_that_talks_or_breaks_the_rules_gets_the_reason_and_is_hung_up() {
    let server = Server::start();
    let fragments = [frame(0x02, &[b'x'; 600]), frame(0x80, &[b'x'; 600])].concat();
    let giant = [&[0x82, 0xff, 0x7f][..], &[0xff; 7], &[1, 2, 3, 4]].concat();
    let cases = [
        ("text", frame(0x81, b"hello"), 1008),
        ("empty text", frame(0x81, b""), 1008),
        ("binary", frame(0x82, b"\0\xff"), 1008),
        ("the largest allowed", frame(0x82, &[0; 1024]), 1008),
        ("one byte more", frame(0x82, &[0; 1025]), 1009),
        ("a mebibyte", frame(0x82, &vec![0; 1 << 20]), 1009),
        ("a promise of 2^63 bytes", giant, 1009),
        ("fragments that add up", fragments, 1009),
        ("unmasked", b"\x81\x02hi".to_vec(), 1009),
        ("reserved bits", frame(0xf1, b"hi"), 1009),
        ("a reserved opcode", frame(0x83, b"hi"), 1009),
        ("no UTF-8", frame(0x81, b"\xff\xfe"), 1009),
        ("a fragmented ping", frame(0x09, b""), 1009),
        ("a ping that is too long", frame(0x89, &[0; 126]), 1009),
        ("a continuation of nothing", frame(0x80, b"hi"), 1009),
        ("a goodbye of one byte", frame(0x88, b"x"), 1009),
        ("goodbye", frame(0x88, &1000_u16.to_be_bytes()), 1000),
    ];
    for (what, bytes, code) in cases {
        let mut stream = open_bus(&server);
        // It may have closed the connection before everything was sent.
        let _ = stream.write_all(&bytes);
        assert_eq!(goodbye(&mut stream), Some(code), "{what}");
        assert_well(&server, what);
    }
    let pings = frame(0x89, b"are you there");
    let mut stream = open_bus(&server);
    stream.write_all(&pings.repeat(3)).unwrap();
    stream.write_all(&frame(0x88, &1001_u16.to_be_bytes())).unwrap();
    assert_eq!(goodbye(&mut stream), Some(1001), "pings are answered, not punished");
}

#[test]
fn a_subscriber_that_vanishes_is_forgotten() {
    let server = Server::start();
    let buses: Vec<TcpStream> = (0..20).map(|_| open_bus(&server)).collect();
    await_subscribers(&server, 20);
    drop(buses);
    await_subscribers(&server, 0);
}

/// The answer to a handshake leaves before its subscription is counted, and a close is noticed a moment
/// after it was sent.
fn await_subscribers(server: &Server, count: u32) {
    let wanted = format!("ringleader_subscribers {count}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let metrics = server.call("GET", "/metrics", None).body;
        if metrics.lines().any(|line| line == wanted) {
            return;
        }
        assert!(Instant::now() < deadline, "{metrics}");
    }
}

#[test]
fn a_socket_that_says_nothing_is_dropped() {
    let server = Server::spawn(&[]);
    let host = &server.authority;
    let begun = Instant::now();
    let silent: Vec<(&str, Vec<u8>, u16)> = vec![
        ("nothing", vec![], 0),
        ("half a header", b"GET / HTTP/1.1\r\nHos".to_vec(), 0),
        ("nothing after an answer", request("GET", "/healthz", &[("Host", host.as_bytes())], b""), 200),
        (
            "a header without the body that it promises",
            format!("POST /api/v1/reset HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n\r\n").into_bytes(),
            408,
        ),
    ];
    let mut sockets: Vec<_> = silent
        .into_iter()
        .map(|(what, bytes, status)| {
            let mut stream = TcpStream::connect(host).unwrap();
            stream.write_all(&bytes).unwrap();
            (what, stream, status)
        })
        .collect();
    for (what, stream, status) in &mut sockets {
        let answer = read_answer(stream);
        assert_eq!(answer.status, *status, "{what}: {answer:?}");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap_or_else(|error| panic!("{what} is still open: {error}"));
        assert!(begun.elapsed() >= HEADER_WITHIN - Duration::from_secs(1), "{what}: it had no time to speak");
    }
    assert!(begun.elapsed() < HEADER_WITHIN * 2, "they were dropped after {:?}", begun.elapsed());
    assert_well(&server, "silence");
}

#[test]
fn many_silent_sockets_do_not_keep_others_out() {
    let server = Server::spawn(&[]);
    let silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(&server.authority).unwrap()).collect();
    assert_well(&server, "300 silent sockets");
    drop(silent);
}
