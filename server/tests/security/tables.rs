//! The requests of hostile clients: the same tables for every test and every port.

use serde_json::Value;

/// Every route into the server: a method, a path, and whether a WebSocket is asked for.
pub(crate) type Road = (String, String, bool);

/// The routes of its document, the page, its icon, and the bus as a WebSocket.
pub(crate) fn roads() -> Vec<Road> {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let run = "9b839034-164d-4ff9-84ae-bf08e24ad801";
    let mut roads: Vec<Road> = [("/", false), ("/favicon.svg", false), ("/ws", true)]
        .map(|(path, upgrade)| ("GET".to_owned(), path.to_owned(), upgrade))
        .to_vec();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path =
                path.replace("{name}", "A").replace("{from}", "A").replace("{to}", "B").replace("{run}", run);
            roads.push((method.to_uppercase(), path, false));
        }
    }
    roads
}

/// The hosts, the origins, and the expected answer on the server's own port.
pub(crate) type Naming = (Vec<Vec<u8>>, Vec<Vec<u8>>, u16);

/// PORT is the server's port, OTHER is not.
const NAMINGS: [(&[&str], &[&str], u16); 42] = [
    (&[], &[], 421),
    (&[""], &[], 421),
    (&["evil.example"], &[], 421),
    (&["evil.example:PORT"], &[], 421),
    (&["127.0.0.1"], &[], 421),
    (&["127.0.0.1:"], &[], 421),
    (&["127.0.0.1:80"], &[], 421),
    (&["127.0.0.1:OTHER"], &[], 421),
    (&["127.0.0.1:PORT0"], &[], 421),
    (&["localhost"], &[], 421),
    (&["localhost:OTHER"], &[], 421),
    (&["localhost.:PORT"], &[], 421),
    (&["localhost.evil.example:PORT"], &[], 421),
    (&["evil-localhost:PORT"], &[], 421),
    (&["127.0.0.1.evil.example:PORT"], &[], 421),
    (&["127.0.0.2:PORT"], &[], 421),
    (&["127.1:PORT"], &[], 421),
    (&["2130706433:PORT"], &[], 421),
    (&["0.0.0.0:PORT"], &[], 421),
    (&["[::1]:PORT"], &[], 421),
    (&["[::ffff:127.0.0.1]:PORT"], &[], 421),
    (&["user@127.0.0.1:PORT"], &[], 421),
    (&["127.0.0.1:PORT, evil.example"], &[], 421),
    (&["127.0.0.1:PORT/"], &[], 421),
    (&["127.0.0.1:PORT", "127.0.0.1:PORT"], &[], 421),
    (&["127.0.0.1:PORT", "evil.example"], &[], 421),
    (&["evil.example:PORT"], &["http://127.0.0.1:PORT"], 421),
    (&["evil.example:PORT"], &["http://evil.example:PORT"], 421),
    (&["127.0.0.1:PORT"], &["null"], 403),
    (&["127.0.0.1:PORT"], &[""], 403),
    (&["127.0.0.1:PORT"], &["http://evil.example"], 403),
    (&["127.0.0.1:PORT"], &["http://evil.example:PORT"], 403),
    (&["127.0.0.1:PORT"], &["http://127.0.0.1"], 403),
    (&["127.0.0.1:PORT"], &["http://127.0.0.1:OTHER"], 403),
    (&["127.0.0.1:PORT"], &["https://127.0.0.1:PORT"], 403),
    (&["127.0.0.1:PORT"], &["ws://127.0.0.1:PORT"], 403),
    (&["127.0.0.1:PORT"], &["http://192.168.1.1:PORT"], 403),
    (&["127.0.0.1:PORT"], &["http://127.0.0.1:PORT.evil.example"], 403),
    (&["127.0.0.1:PORT"], &["http://127.0.0.1:PORT@evil.example"], 403),
    (&["127.0.0.1:PORT"], &["http://127.0.0.1:PORT/"], 403),
    (&["127.0.0.1:PORT"], &["file://"], 403),
    (&["127.0.0.1:PORT"], &["http://127.0.0.1:PORT", "http://evil.example"], 403),
];

/// The hosts and origins that a request must not name, for the server at this address.
pub(crate) fn hosts_and_origins(authority: &str) -> Vec<Naming> {
    let port = authority.rsplit(':').next().unwrap();
    let other = (port.parse::<u16>().unwrap() ^ 1).to_string();
    let fill = |texts: &[&str]| -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.replace("PORT", port).replace("OTHER", &other).into_bytes()).collect()
    };
    let mut cases: Vec<Naming> =
        NAMINGS.iter().map(|(hosts, origins, status)| (fill(hosts), fill(origins), *status)).collect();
    cases.push((vec![b"\xff\xfe".to_vec()], vec![], 421));
    cases.push((fill(&["127.0.0.1:PORT"]), vec![b"http://\xff".to_vec()], 403));
    cases
}

/// Bytes that are no requests, for the server at this address.
pub(crate) fn broken(host: &str) -> Vec<Vec<u8>> {
    let long = "x".repeat(1 << 20);
    let many: String = (0..2_000).map(|n| format!("X-{n}: y\r\n")).collect();
    vec![
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET  /  HTTP/1.1\r\n\r\n".to_vec(),
        b"\r\n\r\n\r\n\r\nGET\r\n\r\n".to_vec(),
        format!("GET / HTTP/1.1\r\nHost {host}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n: x\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX: \0\r\n\r\n").into_bytes(),
        format!("GET /\u{7f} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
        format!("GET /{long} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX: {long}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n{many}\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "[".repeat(5_000)).into_bytes(),
        format!("POST /api/v1/elections HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n").into_bytes(),
        format!("POST /api/v1/elections HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{{}}")
            .into_bytes(),
        format!(
            "POST /api/v1/elections HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\nZZ\r\n{{}}\r\n0\r\n\r\n"
        )
        .into_bytes(),
        format!("BREW /api/v1/ring HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
        format!("OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
        format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
        format!("TRACE / HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
    ]
}
