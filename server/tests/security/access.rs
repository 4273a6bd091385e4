//! Tokens: without one a client gets nothing, a viewer looks, an operator acts; on every route, and
//! refused requests change nothing.

use crate::tables::{Road, roads};
use ringleader_testing::server::raw::{Answer, UPGRADE, request, send};
use ringleader_testing::server::{Server, is_formed};
use serde_json::{Value, json};

const OPERATOR: &str = "an-operator-of-this-test";
const VIEWER: &str = "a-viewer-of-this-test";

fn start() -> Server {
    start_with(&[])
}

fn start_with(flags: &[&str]) -> Server {
    let arguments =
        ["--port", "0", "--node-port", "0", "--hop-delay", "0ms", "--hung-after", "1s", "--ask-token"];
    let tokens = [("RINGLEADER_OPERATOR_TOKEN", OPERATOR), ("RINGLEADER_VIEWER_TOKEN", VIEWER)];
    let server = Server::spawn_as(&[&arguments, flags].concat(), &tokens);
    server.wait_for("all run, linked to the next", is_formed);
    server
}

fn knock(server: &Server, (method, path, upgrade): &Road, headers: &[(&str, &[u8])]) -> Answer {
    let mut all: Vec<(&str, &[u8])> = headers.to_vec();
    if !headers.iter().any(|(name, _)| *name == "Host") {
        all.push(("Host", server.authority.as_bytes()));
    }
    if *upgrade {
        all.extend(UPGRADE);
    }
    send(&server.authority, &request(method, path, &all, b"")).0
}

/// The answers to a request with some credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// 401, on every route.
    Stranger,
    /// 403 for requests that change something; others are answered.
    Looks,
    /// 421: the host is another's, with whatever token.
    Misdirected,
    /// 403: the origin is another's, with whatever token.
    Foreign,
}

/// Credentials and the expected answers. OPERATOR, VIEWER, PORT and OTHER (another port) stand for a
/// test's own values.
const CASES: [(&[(&str, &str)], Fate); 38] = {
    use Fate::{Foreign, Looks, Misdirected, Stranger};
    [
        (&[], Stranger),
        (&[("Authorization", "")], Stranger),
        (&[("Authorization", "Bearer")], Stranger),
        (&[("Authorization", "Bearer ")], Stranger),
        (&[("Authorization", "Bearer wrong")], Stranger),
        (&[("Authorization", "Bearer OPERATORx")], Stranger),
        (&[("Authorization", "Bearer xOPERATOR")], Stranger),
        (&[("Authorization", "Bearer  OPERATOR")], Stranger),
        (&[("Authorization", "Bearer an-operator-of-this-tesT")], Stranger),
        (&[("Authorization", "OPERATOR")], Stranger),
        (&[("Authorization", "bearer OPERATOR")], Stranger),
        (&[("Authorization", "Basic OPERATOR")], Stranger),
        (&[("Authorization", "Token OPERATOR")], Stranger),
        (&[("Authorization", "Bearer OPERATOR, Bearer VIEWER")], Stranger),
        (&[("Authorization", "Bearer wrong"), ("Authorization", "Bearer OPERATOR")], Stranger),
        (&[("Authorization", "Bearer wrong"), ("Cookie", "ringleader-PORT=OPERATOR")], Stranger),
        (&[("Authorization", "Bearer \u{e9}\u{e9}")], Stranger),
        (&[("Cookie", "")], Stranger),
        (&[("Cookie", "ringleader-PORT=")], Stranger),
        (&[("Cookie", "ringleader-PORT")], Stranger),
        (&[("Cookie", "ringleader-PORT=wrong")], Stranger),
        (&[("Cookie", "ringleader-PORT=\"OPERATOR\"")], Stranger),
        (&[("Cookie", "ringleader-OTHER=OPERATOR")], Stranger),
        (&[("Cookie", "RINGLEADER-PORT=OPERATOR")], Stranger),
        (&[("Cookie", "token=OPERATOR")], Stranger),
        (&[("Cookie", "ringleader-PORT=wrong; ringleader-PORT=OPERATOR")], Stranger),
        (&[("X-Token", "OPERATOR")], Stranger),
        (&[("Sec-WebSocket-Protocol", "OPERATOR")], Stranger),
        (&[("Proxy-Authorization", "Bearer OPERATOR")], Stranger),
        (&[("Authorization", "Bearer VIEWER")], Looks),
        (&[("Cookie", "ringleader-PORT=VIEWER")], Looks),
        (&[("Cookie", "a=b; ringleader-PORT=VIEWER; c=d")], Looks),
        (&[("Authorization", "Bearer VIEWER"), ("Cookie", "ringleader-PORT=OPERATOR")], Looks),
        (&[("Authorization", "Bearer VIEWER"), ("Origin", "http://127.0.0.1:PORT")], Looks),
        (&[("Authorization", "Bearer OPERATOR"), ("Origin", "http://evil.example")], Foreign),
        (&[("Cookie", "ringleader-PORT=OPERATOR"), ("Origin", "null")], Foreign),
        (&[("Cookie", "ringleader-PORT=OPERATOR"), ("Origin", "http://127.0.0.1:OTHER")], Foreign),
        (&[("Cookie", "ringleader-PORT=OPERATOR"), ("Host", "evil.example:PORT")], Misdirected),
    ]
};

/// A case's headers, for the server on this port.
fn fill<'a>(headers: &[(&'a str, &str)], port: u16) -> Vec<(&'a str, Vec<u8>)> {
    let fill = |text: &str| {
        let text = text.replace("PORT", &port.to_string()).replace("OTHER", &(port ^ 1).to_string());
        text.replace("OPERATOR", OPERATOR).replace("VIEWER", VIEWER).into_bytes()
    };
    headers.iter().map(|(name, value)| (*name, fill(value))).collect()
}

fn port(authority: &str) -> u16 {
    authority.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

#[test]
fn what_a_request_shows_decides_what_it_may_on_every_road_and_nothing_changes() {
    use Fate::{Foreign, Looks, Misdirected, Stranger};
    let directory = tempfile::tempdir().unwrap();
    let server = start_with(&["--data-dir", directory.path().to_str().unwrap()]);
    let before = server.ring();
    // The health check needs no token.
    let roads: Vec<Road> = roads().into_iter().filter(|(_, path, _)| path != "/healthz").collect();
    assert!(roads.len() > 20, "{roads:?}");
    for (headers, fate) in CASES {
        let headers = fill(headers, port(&server.authority));
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        for road in &roads {
            let answer = knock(&server, road, &headers);
            let is_right = match fate {
                Stranger => answer.status == 401 && answer.header("www-authenticate").is_some(),
                Misdirected => answer.status == 421,
                Foreign => answer.status == 403,
                Looks if road.0 != "GET" => answer.status == 403,
                Looks if road.2 => answer.status == 101,
                // This test does not check the other requirements of a call.
                Looks => matches!(answer.status, 200 | 404 | 426),
            };
            assert!(is_right, "{fate:?}: {road:?} with {headers:?}: {answer:?}");
        }
    }
    let mut after = server.ring();
    after.seq = before.seq;
    assert_eq!(after, before);
}

#[test]
fn an_operator_does_things_and_everybody_may_ask_whether_the_server_is_well() {
    let server = start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    assert_eq!(server.get::<Value>("/api/v1/access"), json!({ "kind": "operator" }));
    let answer = server.call("GET", "/healthz", None);
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"));
    let viewer = format!("Bearer {VIEWER}");
    let road = ("GET".to_owned(), "/api/v1/access".to_owned(), false);
    let answer = knock(&server, &road, &[("Authorization", viewer.as_bytes())]);
    assert_eq!(answer.json::<Value>(), json!({ "kind": "viewer" }));
}

#[test]
fn a_page_gets_its_cookie_by_the_link_and_a_stranger_learns_which_link_to_open() {
    let server = start();
    let page = |path: &str, headers: &[(&str, &[u8])]| {
        knock(&server, &("GET".to_owned(), path.to_owned(), false), headers)
    };
    let stranger = page("/", &[]);
    assert_eq!((stranger.status, stranger.kind()), (401, "text/html"));
    assert!(stranger.body.contains("Open the link that the server printed"), "{}", stranger.body);
    assert_eq!(page("/?token=wrong", &[]).status, 401);
    assert_eq!(
        page(&format!("/api/v1/ring?token={OPERATOR}"), &[]).status,
        401,
        "tokens are for the page's address"
    );

    let welcome = page(&format!("/?token={OPERATOR}"), &[]);
    assert_eq!(welcome.status, 200);
    let cookie = welcome.header("set-cookie").expect("a cookie");
    for part in ["HttpOnly", "SameSite=Strict"] {
        assert!(cookie.split("; ").any(|own| own == part), "{cookie}");
    }
    // Behind a proxy only the browser knows the path of the page.
    assert!(!cookie.to_ascii_lowercase().contains("path") && welcome.body.contains("url=./"), "{welcome:?}");
    assert_eq!(welcome.header("cache-control"), Some("no-store"));
    let shown = cookie.split(';').next().unwrap();
    assert_eq!(
        page("/api/v1/access", &[("Cookie", shown.as_bytes())]).json::<Value>(),
        json!({ "kind": "operator" })
    );
}

#[test]
fn tokens_that_can_be_guessed_or_are_the_same_are_refused_at_the_start() {
    let refused = |operator: &str, viewer: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_ringleader"))
            .args(["--port", "0", "--node-port", "0", "--ask-token"])
            .env("RINGLEADER_OPERATOR_TOKEN", operator)
            .env("RINGLEADER_VIEWER_TOKEN", viewer)
            .output()
            .unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("short", VIEWER).contains("RINGLEADER_OPERATOR_TOKEN must be 16 to 128 characters"));
    assert!(refused(OPERATOR, "with a space in the midst").contains("RINGLEADER_VIEWER_TOKEN must be"));
    assert!(refused(OPERATOR, OPERATOR).contains("are the same: viewers could do everything"));
}

#[test]
fn without_tokens_on_the_loopback_everybody_is_an_operator() {
    let server = Server::spawn(&[]);
    assert_eq!(server.get::<Value>("/api/v1/access"), json!({ "kind": "operator" }));
}

/// The ports for the run's nodes ignore these tokens, and admit only clients with the run's secret.
#[test]
fn nothing_that_opens_the_main_port_opens_the_nodes_ports() {
    let server = start();
    let node = server.ring().nodes[1].address.clone().unwrap();
    let pid = server.node_pids()[0];
    let environment = std::fs::read(format!("/proc/{pid}/environ")).expect("a node's environment");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    assert!(!environment.contains(OPERATOR) && !environment.contains(VIEWER), "a node needs no token");
    let control = environment.split('\0').find_map(|entry| entry.strip_prefix("RINGLEADER_CONTROL=ws://"));
    let control = control.expect("it is told where to report").trim_end_matches("/control").to_owned();
    for (headers, _) in CASES {
        for (authority, path) in [(&control, "/control"), (&node, "/v1/ring"), (&node, "/v1/heartbeat")] {
            for upgrade in [false, true] {
                let mut all = fill(headers, port(&server.authority));
                all.push(("Host", authority.clone().into_bytes()));
                if upgrade {
                    all.extend(UPGRADE.map(|(name, value)| (name, value.to_vec())));
                }
                let all: Vec<(&str, &[u8])> =
                    all.iter().map(|(name, value)| (*name, value.as_slice())).collect();
                let (answer, _) = send(authority, &request("GET", path, &all, b""));
                let is_refused = answer.status == 0 || (400..500).contains(&answer.status);
                assert!(is_refused, "{path} with {headers:?}, upgrade {upgrade}: {answer:?}");
            }
        }
    }
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
}
