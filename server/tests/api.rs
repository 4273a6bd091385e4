//! The HTTP API does what its document says, and the document says what it does.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::time::Instant;

use ringleader_shared::api::{
    AddNode, ChangeNode, ChangeRing, ElectionStarted, EventPage, Links, Partition, Problem, StartElection,
};
use ringleader_shared::bus::BusFrame;
use ringleader_shared::event::MessageInfo;
use ringleader_shared::view::{ElectionView, Leaderless, NodeView, Outage, Took, Watched};
use ringleader_shared::{Event, EventKind, FaultyLink, LinkFault, Member, NodeState, RingView, Seq};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ringleader_testing::server::{PATIENCE, Server, raw};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::from_str(include_str!("../openapi.json")).expect("the document is JSON")
}

/// One call of the document.
struct Call {
    path: String,
    method: String,
    operation: Value,
}

fn calls(document: &Value) -> Vec<Call> {
    let paths = document["paths"].as_object().expect("paths");
    let calls = paths.iter().flat_map(|(path, item)| {
        item.as_object().expect("methods").iter().map(|(method, operation)| Call {
            path: path.clone(),
            method: method.clone(),
            operation: operation.clone(),
        })
    });
    calls.collect()
}

/// Follows a `$ref`, if this is one.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"].as_str().map_or(value, |reference| {
        let pointer = reference.strip_prefix('#').expect("references stay in the document");
        document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
    })
}

/// Every way in which a value is not what a schema says. Knows the words that this document uses.
fn complaints(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolve(document, schema);
    let mut found = Vec::new();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    if !allowed.contains(&kind) {
        found.push(format!("{at} is {kind}, not {allowed:?}"));
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        found.push(format!("{at} is {value}, which is not listed"));
    }
    for limit in ["minimum", "maximum"] {
        if let (Some(limit_is), Some(number)) = (schema[limit].as_u64(), value.as_u64())
            && (if limit == "minimum" { number < limit_is } else { number > limit_is })
        {
            found.push(format!("{at} is {number}, beyond the {limit} {limit_is}"));
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(complaints(document, &schema["items"], item, &format!("{at}[{index}]")));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{at} lacks {name}"));
        }
    }
    // What an event and a frame carry besides depends on their tag; the description tells it in words.
    let open = schema["properties"].get("kind").is_some();
    for (name, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(property) => {
                found.extend(complaints(document, property, inner, &format!("{at}.{name}")));
            }
            None if open => {}
            None if schema.get("properties").is_none() => {}
            None => found.push(format!("{at} has {name}, which is not described")),
        }
    }
    found
}

fn assert_conforms(document: &Value, schema: &Value, value: &Value, what: &str) {
    let found = complaints(document, schema, value, "it");
    assert!(found.is_empty(), "{what}: {}\n{value:#}", found.join("; "));
}

/// Every example of the document with its schema.
fn examples(document: &Value) -> Vec<(Value, Value)> {
    fn walk(value: &Value, found: &mut Vec<(Value, Value)>) {
        let Some(fields) = value.as_object() else {
            return value.as_array().into_iter().flatten().for_each(|item| walk(item, found));
        };
        if let (Some(schema), Some(examples)) = (value.get("schema"), value["examples"].as_object()) {
            found.extend(examples.values().map(|example| (schema.clone(), example["value"].clone())));
        }
        fields.values().for_each(|inner| walk(inner, found));
    }
    let mut found = Vec::new();
    walk(document, &mut found);
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        let reference = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
        let examples = schema["examples"].as_array().unwrap_or_else(|| panic!("{name} has no example"));
        found.extend(examples.iter().map(|example| (reference.clone(), example.clone())));
    }
    found
}

fn round_trip<T: Serialize + DeserializeOwned>(example: &Value) -> Result<Value, serde_json::Error> {
    serde_json::from_value::<T>(example.clone()).and_then(serde_json::to_value)
}

#[test]
fn the_document_has_every_route_of_the_router_and_no_other() {
    let source = include_str!("../src/api.rs");
    let routes: BTreeSet<(String, String)> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\""))
        .flat_map(|line| {
            let (path, handlers) = line.split_once('"').expect("a path");
            let methods = METHODS.iter().filter(|method| handlers.contains(&format!("{method}(")));
            methods.map(|method| (path.to_owned(), (*method).to_owned())).collect::<Vec<_>>()
        })
        .collect();
    assert!(routes.len() > 12, "the routes are found: {routes:?}");
    let described: BTreeSet<_> =
        calls(&document()).into_iter().map(|call| (call.path, call.method)).collect();
    assert_eq!(described, routes);
}

#[test]
fn every_call_of_the_document_is_answered_in_a_way_that_it_describes() {
    let document = document();
    let server = Server::start();
    let served: Value = server.get("/api/v1/openapi.json");
    assert_eq!(served, document);
    for Call { path, method, operation } in calls(&document) {
        // Removing comes before the rest by the alphabet, and must leave them a node.
        let path = path.replace("{name}", if method == "delete" { "D" } else { "A" });
        let path = path.replace("{from}", "A").replace("{to}", "B");
        let request = &operation["requestBody"]["content"]["application/json"]["examples"];
        let example = request.as_object().and_then(|examples| examples.values().next());
        let method = method.to_uppercase();
        let answer = match example {
            Some(example) => server.call_json(&method, &path, &example["value"].to_string()),
            None => server.call(&method, &path, None),
        };
        let what = format!("{method} {path}: {answer:?}");
        assert!(![0, 404, 405].contains(&answer.status), "{what}");
        let described = operation["responses"].get(answer.status.to_string());
        let described = resolve(&document, described.unwrap_or_else(|| panic!("not described: {what}")));
        match described.get("content") {
            None => assert!(answer.body.is_empty(), "{what}"),
            Some(content) => {
                let content = content.get(answer.kind()).unwrap_or_else(|| panic!("not described: {what}"));
                if answer.kind().ends_with("json") {
                    assert_conforms(&document, &content["schema"], &answer.json(), &what);
                }
            }
        }
    }
}

#[test]
fn every_method_that_the_document_does_not_have_is_refused_with_those_that_it_has() {
    let document = document();
    let server = Server::spawn(&[]);
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{name}", "A").replace("{from}", "A").replace("{to}", "B");
        for method in METHODS.iter().filter(|method| item.get(**method).is_none()) {
            let answer = server.call(&method.to_uppercase(), &path, None);
            answer.problem(405);
            let allowed = answer.header("allow").unwrap_or_else(|| panic!("{path}: {answer:?}"));
            for has in item.as_object().unwrap().keys() {
                assert!(allowed.contains(&has.to_uppercase()), "{method} {path} allows {allowed}, not {has}");
            }
        }
    }
}

#[test]
fn every_example_is_what_its_schema_and_its_type_say() {
    let document = document();
    let examples = examples(&document);
    assert!(examples.len() > 60, "the examples are found: {}", examples.len());
    for (schema, example) in examples {
        assert_conforms(&document, &schema, &example, &schema.to_string());
        let Some(reference) = schema["$ref"].as_str() else { continue };
        let name = reference.rsplit('/').next().unwrap();
        let again = match name {
            "RingView" => round_trip::<RingView>(&example),
            "NodeView" => round_trip::<NodeView>(&example),
            "Leaderless" => round_trip::<Leaderless>(&example),
            "Outage" => round_trip::<Outage>(&example),
            "Took" => round_trip::<Took>(&example),
            "Watched" => round_trip::<Watched>(&example),
            "ElectionView" => round_trip::<ElectionView>(&example),
            "Event" => round_trip::<Event>(&example),
            "EventPage" => round_trip::<EventPage>(&example),
            "MessageInfo" => round_trip::<MessageInfo>(&example),
            "Claim" => round_trip::<ringleader_shared::event::Claim>(&example),
            "Member" => round_trip::<Member>(&example),
            "BusFrame" => round_trip::<BusFrame>(&example),
            "Problem" => round_trip::<Problem>(&example),
            "StartElection" => round_trip::<StartElection>(&example),
            "ElectionStarted" => round_trip::<ElectionStarted>(&example),
            "AddNode" => round_trip::<AddNode>(&example),
            "ChangeNode" => round_trip::<ChangeNode>(&example),
            "ChangeRing" => round_trip::<ChangeRing>(&example),
            "LinkFault" => round_trip::<LinkFault>(&example),
            "FaultyLink" => round_trip::<FaultyLink>(&example),
            "Links" => round_trip::<Links>(&example),
            "Access" => round_trip::<ringleader_shared::api::Access>(&example),
            "Partition" => round_trip::<Partition>(&example),
            // No body: it stands in an address.
            "Place" => continue,
            other => panic!("{other} has no type here: add it"),
        };
        assert_eq!(again.unwrap_or_else(|error| panic!("{name}: {error}: {example}")), example, "{name}");
    }
}

#[test]
fn every_kind_of_event_is_listed_explained_and_shown() {
    let document = document();
    let kinds = EventKind::WORDS;
    let event = &document["components"]["schemas"]["Event"];
    let words = |values: &'static str, value: &Value| -> BTreeSet<String> {
        let texts = value.as_array().unwrap().iter();
        texts
            .filter_map(|value| if values.is_empty() { value.as_str() } else { value[values].as_str() })
            .map(ToOwned::to_owned)
            .collect()
    };
    let kinds: BTreeSet<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    assert_eq!(words("", &event["properties"]["kind"]["enum"]), kinds);
    assert_eq!(words("kind", &event["examples"]), kinds);
    let description = event["description"].as_str().unwrap();
    for kind in kinds {
        assert!(description.contains(&format!("- `{kind}`: ")), "{kind} is not explained");
    }
}

#[test]
fn every_error_in_the_document_carries_its_own_status() {
    let document = document();
    for Call { path, method, operation } in calls(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = &resolve(&document, response)["content"]["application/problem+json"];
            for example in content["examples"].as_object().into_iter().flat_map(|all| all.values()) {
                assert_eq!(example["value"]["status"].to_string(), *status, "{method} {path}");
            }
        }
    }
}

#[test]
fn real_events_and_frames_are_as_the_document_says() {
    let document = document();
    let server = Server::start();
    let mut bus = server.subscribe(Some(Seq(1)));
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
    let page = server.call("GET", "/api/v1/events?limit=5000", None).json::<Value>();
    let schemas = &document["components"]["schemas"];
    assert_conforms(&document, &schemas["EventPage"], &page, "the history");
    for _ in 0..20 {
        let frame = bus.next_frame(Instant::now() + PATIENCE).expect("a frame");
        let frame = serde_json::to_value(frame).unwrap();
        assert_conforms(&document, &schemas["BusFrame"], &frame, "a frame");
    }
}

#[test]
fn an_election_without_a_body_begins_at_the_first_live_member() {
    let server = Server::start();
    server.act("A", "pause");
    let answer = server.call("POST", "/api/v1/elections", None);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json::<ElectionStarted>().initiator.as_str(), "B");
    let answer = server.call_json("POST", "/api/v1/elections", "{}");
    assert_eq!(answer.json::<ElectionStarted>().initiator.as_str(), "B");
    let answer = server.call_json("POST", "/api/v1/elections", r#"{"initiator":"A"}"#);
    assert!(answer.problem(409).title.contains("resume it first"), "{answer:?}");
    server.call_json("POST", "/api/v1/elections", r#"{"initiator":"Z"}"#).problem(404);
}

#[test]
fn a_ring_without_a_live_member_elects_nobody_and_says_what_to_do() {
    let server = Server::start_with(&["--nodes", "1"]);
    server.act("A", "kill");
    server.wait_for_state("A", NodeState::Stopped);
    let answer = server.call("POST", "/api/v1/elections", None);
    assert!(answer.problem(409).title.contains("start one first"), "{answer:?}");
}

#[test]
fn faults_are_refused_with_a_reason_when_the_state_does_not_allow_them() {
    let server = Server::start();
    let refused = |node: &str, action: &str, says: &str| {
        let answer = server.call("POST", &format!("/api/v1/nodes/{node}/{action}"), None);
        let title = answer.problem(409).title;
        assert!(title.contains(says), "{action} {node}: {title}");
    };
    for role in ["leader", "deputy"] {
        refused(role, "kill", "Initiate an election");
    }
    refused("A", "start", "running already");
    refused("A", "resume", "not paused");
    server.act("A", "pause");
    refused("A", "pause", "paused already");
    refused("A", "exit", "resume it first");
    server.act("A", "resume");
    server.act("B", "kill");
    server.wait_for_state("B", NodeState::Stopped);
    for action in ["kill", "exit", "pause", "resume"] {
        refused("B", action, "start it first");
    }
}

#[test]
fn each_fault_answers_with_the_node_and_shows_in_the_ring() {
    let server = Server::start();
    let act = |action: &str| {
        let answer = server.call_json("POST", &format!("/api/v1/nodes/B/{action}"), "{}");
        assert_eq!(answer.status, 202, "{action}: {answer:?}");
        let node: NodeView = answer.json();
        assert_eq!(node.name.as_str(), "B");
        node
    };
    assert_eq!(act("pause").state, NodeState::Paused);
    assert_eq!(act("resume").state, NodeState::Running);
    act("exit");
    server.wait_for_state("B", NodeState::Stopped);
    let node = act("start");
    assert_eq!((node.state, node.incarnation.0), (NodeState::Starting, 2));
    server.wait_for_state("B", NodeState::Running);
    act("kill");
    let ring = server.wait_for_state("B", NodeState::Stopped);
    let node = ring.node(&"B".parse().unwrap()).unwrap();
    assert_eq!((node.pid, node.role, node.address.as_deref()), (None, None, None));
}

#[test]
fn leader_and_deputy_are_names_for_whoever_holds_the_role() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let node: NodeView = server.call("POST", "/api/v1/nodes/deputy/pause", None).json();
    assert_eq!((node.name.as_str(), node.state), ("C", NodeState::Paused));
    server.act("C", "resume");
    server.wait_for_leader("D", Some("C"));
    let answer = server.call_json("PATCH", "/api/v1/nodes/leader", r#"{"attribute":7}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let ring: RingView = answer.json();
    assert_eq!(ring.node(&"D".parse().unwrap()).unwrap().attribute.0, 7);
    let answer = server.call("DELETE", "/api/v1/nodes/leader", None);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert!(server.ring().node(&"D".parse().unwrap()).is_none());
}

#[test]
fn a_node_is_added_once_and_the_last_one_stays() {
    let server = Server::start_with(&["--nodes", "1"]);
    let answer = server.call_json("POST", "/api/v1/nodes", r#"{"name":"E","attribute":95}"#);
    assert_eq!(answer.status, 201, "{answer:?}");
    let node: NodeView = answer.json();
    assert_eq!((node.name.as_str(), node.attribute.0), ("E", 95));
    let answer = server.call_json("POST", "/api/v1/nodes", r#"{"name":"E","attribute":1}"#);
    assert!(answer.problem(409).title.contains("choose another name"), "{answer:?}");
    assert_eq!(server.call("DELETE", "/api/v1/nodes/E", None).status, 204);
    server.call("DELETE", "/api/v1/nodes/E", None).problem(404);
    let answer = server.call("DELETE", "/api/v1/nodes/A", None);
    assert!(answer.problem(409).title.contains("at least one node"), "{answer:?}");
}

#[test]
fn the_pace_and_an_attribute_change_within_their_bounds() {
    let server = Server::start();
    let ring: RingView = server.call_json("PATCH", "/api/v1/ring", r#"{"hop_delay_ms":10000}"#).json();
    assert_eq!(ring.settings.hop_delay_ms, 10_000);
    server.call_json("PATCH", "/api/v1/ring", r#"{"hop_delay_ms":10001}"#).problem(422);
    let most = r#"{"attribute":9007199254740991}"#;
    assert_eq!(server.call_json("PATCH", "/api/v1/nodes/A", most).status, 200);
    for (attribute, status) in [("9007199254740992", 422), ("-1", 422), ("1.5", 422), ("\"9\"", 422)] {
        let body = format!(r#"{{"attribute":{attribute}}}"#);
        server.call_json("PATCH", "/api/v1/nodes/A", &body).problem(status);
        let body = format!(r#"{{"name":"E","attribute":{attribute}}}"#);
        server.call_json("POST", "/api/v1/nodes", &body).problem(status);
    }
    assert_eq!(server.ring().settings.hop_delay_ms, 10_000);
}

#[test]
fn a_reset_makes_a_fresh_ring_as_configured() {
    let server = Server::start();
    let before = server.ring();
    server.call_json("POST", "/api/v1/nodes", r#"{"name":"E","attribute":95}"#);
    server.call_json("PATCH", "/api/v1/ring", r#"{"hop_delay_ms":400}"#);
    server.call_json("PATCH", "/api/v1/nodes/A", r#"{"attribute":400}"#);
    let answer = server.call("POST", "/api/v1/reset", None);
    assert_eq!(answer.status, 200, "{answer:?}");
    let ring: RingView = answer.json();
    let attributes: Vec<u64> = ring.nodes.iter().map(|node| node.attribute.0).collect();
    assert_eq!((attributes, ring.settings.hop_delay_ms, ring.term.0), (vec![90, 100, 110, 120], 0, 0));
    assert_ne!(ring.run, before.run);
    assert!(ring.seq > before.seq, "places go on growing over a reset");
    server.wait_for("all run again", |ring| ring.live().count() == 4);
}

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

#[test]
fn the_history_comes_in_pages_without_a_gap() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let mut after = 0;
    for _ in 0..5 {
        let page: EventPage = server.get(&format!("/api/v1/events?after={after}&limit=7"));
        let places: Vec<u64> = page.events.iter().map(|event| event.seq.0).collect();
        assert_eq!(places, (after + 1..=after + 7).collect::<Vec<_>>());
        assert_eq!(page.oldest, Seq(1));
        assert!(page.newest.0 >= after + 7);
        after += 7;
    }
    let all: EventPage = server.get("/api/v1/events");
    assert_eq!(all.events[0].kind.word(), "run_started");
    let beyond: EventPage = server.get(&format!("/api/v1/events?after={}", u64::MAX));
    assert!(beyond.events.is_empty());
    for query in
        ["limit=0", "limit=5001", "limit=-1", "after=x", "after=18446744073709551616", "before=1", "after="]
    {
        server.call("GET", &format!("/api/v1/events?{query}"), None).problem(400);
    }
}

#[test]
fn the_events_make_the_ring_that_the_server_shows() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
    let shown = server.ring();
    let mut made = RingView::empty();
    server.events().iter().filter(|event| event.seq <= shown.seq).for_each(|event| made.apply(event));
    assert_eq!(made, shown);
}

#[test]
fn the_bus_begins_with_a_snapshot_or_goes_on_where_it_was_left() {
    let server = Server::start();
    let deadline = Instant::now() + PATIENCE;
    let Some(BusFrame::Snapshot { ring, .. }) = server.subscribe(None).next_frame(deadline) else {
        panic!("a subscriber without a place gets a snapshot")
    };
    let left = Seq(ring.seq.0 - 3);
    let mut bus = server.subscribe(Some(left));
    assert_eq!(bus.next_frame(deadline), Some(BusFrame::Resumed { after: left, run: ring.run }));
    server.initiate("A");
    let history = server.wait_for_leader("D", Some("C")).seq;
    for place in left.0 + 1..=history.0 {
        let Some(BusFrame::Event { event }) = bus.next_frame(deadline) else { panic!("event {place}") };
        assert_eq!(event.seq, Seq(place));
    }
    for unknown in [history.0 + 1_000_000, u64::MAX] {
        let first = server.subscribe(Some(Seq(unknown))).next_frame(deadline);
        assert!(matches!(first, Some(BusFrame::Snapshot { .. })), "{unknown}: {first:?}");
    }
}

#[test]
fn a_place_with_its_run_goes_on_across_a_reset_and_never_on_another_server() {
    let former = Server::start();
    let (run, seq) = (former.ring().run, former.ring().seq);
    let place = format!("{run}:{seq}");
    former.post("/api/v1/reset");
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    assert!(server.ring().seq > seq, "the other server has an event of this number, too");
    let deadline = Instant::now() + PATIENCE;
    let first = former.subscribe_at(&place).next_frame(deadline);
    assert_eq!(first, Some(BusFrame::Resumed { after: seq, run }));
    let first = server.subscribe_at(&place).next_frame(deadline);
    assert!(matches!(first, Some(BusFrame::Snapshot { .. })), "{first:?}");
    // Without the run the frame says whose event it goes on after.
    let Some(BusFrame::Resumed { run: other, .. }) = server.subscribe(Some(seq)).next_frame(deadline) else {
        panic!("the number alone is known to both")
    };
    assert_ne!(other, run);
    former.get::<EventPage>(&format!("/api/v1/events?after={place}"));
    server.call("GET", &format!("/api/v1/events?after={place}"), None).problem(409);
}

#[test]
fn the_bus_wants_a_websocket_and_a_place_that_can_be_read() {
    let server = Server::spawn(&[]);
    server.call("GET", "/ws", None).problem(426);
    for query in ["after=x", "after=-1", "before=1"] {
        let mut headers = vec![("Host", server.authority.as_bytes())];
        headers.extend(raw::UPGRADE);
        let request = raw::request("GET", &format!("/ws?{query}"), &headers, b"");
        raw::send(&server.authority, &request).0.problem(400);
    }
}

#[test]
fn health_and_metrics_are_plain_text() {
    let server = Server::start();
    let health = server.call("GET", "/healthz", None);
    assert_eq!((health.status, health.kind(), health.body.as_str()), (200, "text/plain", "ok\n"));
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("A", "pause");
    let mut bus = server.subscribe(None);
    bus.next_frame(Instant::now() + PATIENCE).expect("the subscription is open");
    // Those before are forgotten a moment after they have left.
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
        "ringleader_leaderless_now_seconds 0.000000",
        "# TYPE ringleader_leaderless_seconds histogram",
        "ringleader_leaderless_seconds_count 0",
        "ringleader_leaderless_part_seconds_count{part=\"noticing\"} 0",
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
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[test]
fn a_link_is_cut_in_one_direction_and_healed_by_an_empty_fault() {
    let server = Server::start();
    let answer = server.call_json("PUT", "/api/v1/links/A/B", r#"{"cut":true,"drop":0.5}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let link: FaultyLink = answer.json();
    assert_eq!((link.from.as_str(), link.to.as_str(), link.fault.cut), ("A", "B", true));
    let links: Links = server.get("/api/v1/links");
    assert_eq!(links.faulty, std::slice::from_ref(&link));
    assert_eq!(server.ring().faults, [link]);
    server.call_json("PUT", "/api/v1/links/A/B", "{}");
    assert!(server.ring().faults.is_empty());
}

#[test]
fn link_faults_that_make_no_sense_are_refused_with_a_reason() {
    let server = Server::spawn(&[]);
    for (path, body, status, says) in [
        ("/api/v1/links/A/Z", r#"{"cut":true}"#, 404, "no node \"Z\""),
        ("/api/v1/links/A/A", r#"{"cut":true}"#, 404, "no link from A to itself"),
        ("/api/v1/links/leader/A", r#"{"cut":true}"#, 409, "Initiate an election"),
        ("/api/v1/links/A/B", r#"{"delay_ms":10001}"#, 422, "10000 ms at most"),
        ("/api/v1/links/A/B", r#"{"drop":1.5}"#, 422, "0 to 1"),
        ("/api/v1/links/A/B", r#"{"drop":-0.1}"#, 422, "0 to 1"),
        ("/api/v1/links/A/B", r#"{"severed":true}"#, 422, "unknown field"),
    ] {
        let problem = server.call_json("PUT", path, body).problem(status);
        let told = format!("{} {}", problem.title, problem.detail.unwrap_or_default());
        assert!(told.contains(says), "{path} {body}: {told}");
    }
}

#[test]
fn a_partition_cuts_both_ways_between_its_sides_and_leaves_faults_of_links_alone() {
    let server = Server::start();
    server.call_json("PUT", "/api/v1/links/A/B", r#"{"delay_ms":5}"#);
    let answer = server.call_json("POST", "/api/v1/partitions", r#"{"groups":[["A","B"]]}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let links: Links = answer.json();
    let cut: Vec<String> = links
        .faulty
        .iter()
        .filter(|link| link.fault.cut)
        .map(|link| format!("{}{}", link.from, link.to))
        .collect();
    assert_eq!(cut, ["AC", "AD", "BC", "BD", "CA", "CB", "DA", "DB"]);
    assert_eq!(server.call("DELETE", "/api/v1/partitions", None).status, 204);
    let links: Links = server.get("/api/v1/links");
    assert_eq!((links.faulty.len(), links.faulty[0].fault.delay_ms), (1, 5));
    server.heal();
    assert!(server.get::<Links>("/api/v1/links").faulty.is_empty());
}

#[test]
fn partitions_that_make_no_sense_are_refused_with_a_reason() {
    let server = Server::spawn(&[]);
    for (body, status, says) in [
        (r#"{"groups":[["A","Z"]]}"#, 404, "no node \"Z\""),
        (r#"{"groups":[["A"],["A","B"]]}"#, 422, "one group only"),
        (r#"{"groups":[["A"],[]]}"#, 422, "nobody in it"),
        (r#"{"groups":[["A","B","C","D"]]}"#, 409, "part nobody"),
        (r#"{"groups":[]}"#, 409, "part nobody"),
        (r#"{"sides":[["A"]]}"#, 422, "unknown field"),
    ] {
        let problem = server.call_json("POST", "/api/v1/partitions", body).problem(status);
        let told = format!("{} {}", problem.title, problem.detail.unwrap_or_default());
        assert!(told.contains(says), "{body}: {told}");
    }
}

#[test]
fn a_removed_node_takes_the_faults_of_its_links_with_it() {
    let server = Server::start();
    server.call_json("PUT", "/api/v1/links/A/D", r#"{"cut":true}"#);
    server.part(&[&["D"]]);
    assert_eq!(server.call("DELETE", "/api/v1/nodes/D", None).status, 204);
    let links: Links = server.get("/api/v1/links");
    assert!(links.faulty.is_empty() && links.partition.is_empty(), "{links:?}");
}
