//! Bodies and addresses that are wrong are refused, with a reason.

use ringleader_testing::server::Server;

/// Every call that needs a body, with a good one.
const WITH_BODY: [(&str, &str, &str); 3] = [
    ("POST", "/api/v1/nodes", r#"{"name":"E","attribute":95}"#),
    ("PATCH", "/api/v1/nodes/A", r#"{"attribute":130}"#),
    ("PATCH", "/api/v1/ring", r#"{"hop_delay_ms":1}"#),
];

/// Calls whose body may be left out.
const WITHOUT_BODY: [(&str, &str); 4] = [
    ("POST", "/api/v1/elections"),
    ("POST", "/api/v1/nodes/A/kill"),
    ("DELETE", "/api/v1/nodes/A"),
    ("POST", "/api/v1/reset"),
];

#[test]
fn bodies_that_are_wrong_are_refused_and_change_nothing() {
    let server = Server::start();
    let before = server.ring();
    let calls = WITH_BODY.iter().map(|(method, path, _)| (*method, *path)).chain(WITHOUT_BODY);
    for (method, path) in calls {
        for malformed in ["{", "{]", "nonsense", "{\"a\":1,}", "{} {}", "\u{0}", "{\"a"] {
            server.call_json(method, path, malformed).problem(400);
        }
        for other in ["17", "\"text\"", "null", "[]", "[1]", "[\"E\",95]", r#"[{"name":"E","attribute":95}]"#]
        {
            server.call_json(method, path, other).problem(422);
        }
        let unknown = server.call_json(method, path, r#"{"surprise":1}"#).problem(422);
        assert!(unknown.detail.unwrap().contains("surprise"), "{method} {path}");
        let large = format!("{{\"name\":\"{}\"}}", "x".repeat(16 * 1024));
        server.call_json(method, path, &large).problem(413);
    }
    for (method, path, good) in WITH_BODY {
        server.call(method, path, None).problem(400);
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            server.call(method, path, Some((kind, good))).problem(415);
        }
        let misspelt = good.replacen('{', r#"{"colour":"red","#, 1);
        server.call_json(method, path, &misspelt).problem(422);
    }
    for name in ["", "a b", "leader", "ABCDEFGHIJKLMNOPQ", "../x", "<b>"] {
        let body = serde_json::json!({ "name": name, "attribute": 1 }).to_string();
        server.call_json("POST", "/api/v1/nodes", &body).problem(422);
    }
    let mut after = server.ring();
    after.seq = before.seq;
    assert_eq!(after, before);
}

#[test]
fn json_may_be_named_with_parameters_and_in_any_case() {
    let server = Server::start();
    for kind in ["application/json; charset=utf-8", "Application/JSON", " application/json ;x=y"] {
        let answer = server.call("PATCH", "/api/v1/ring", Some((kind, r#"{"hop_delay_ms":0}"#)));
        assert_eq!(answer.status, 200, "{kind}: {answer:?}");
    }
}

#[test]
fn nodes_and_addresses_that_are_not_there_are_not_found() {
    let server = Server::spawn(&[]);
    for name in ["Z", "a%20b", "%00", "%2e%2e%2f", "x%2Fkill", &"N".repeat(2000)] {
        server.call("POST", &format!("/api/v1/nodes/{name}/kill"), None).problem(404);
        server.call("DELETE", &format!("/api/v1/nodes/{name}"), None).problem(404);
        server.call_json("PATCH", &format!("/api/v1/nodes/{name}"), r#"{"attribute":1}"#).problem(404);
    }
    server.call("POST", "/api/v1/nodes/%ff/kill", None).problem(400);
    for path in ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/ring", "/nothing", "/ws/", "/..%2fetc"] {
        server.call("GET", path, None).problem(404);
        server.call("POST", path, None).problem(404);
    }
}
