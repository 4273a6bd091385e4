//! The HTTP API does what its document says, and the document says what it does.

use std::collections::BTreeSet;
use std::time::Instant;

use ringleader_shared::algorithm::Status;
use ringleader_shared::api::{
    AccessKind, AddNode, ArchiveState, ArchiveStatus, ChangeNode, ChangeRing, ChangeRun, ElectionStarted,
    EventPage, Gap, KeptElections, KeptEvents, KeptRun, KeptRuns, Links, Partition, Problem, RunEnd,
    StartElection,
};
use ringleader_shared::bus::BusFrame;
use ringleader_shared::event::{ElectionCause, MessageInfo, MessageKind};
use ringleader_shared::explanation::NamedDropReason;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkKind};
use ringleader_shared::view::{
    ElectionView, Leaderless, LinkView, LossCause, NodeView, Outage, Took, Watched,
};
use ringleader_shared::{
    AlgorithmName, Event, EventKind, FaultyLink, LinkFault, Member, NodeState, PortKind, RingView, Role,
    Safety, Seq, Succession,
};
use ringleader_testing::server::{PATIENCE, Server};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).expect("the document is JSON")
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

/// Lists every way in which a value breaks a schema. Knows the keywords that this document uses.
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
    // The other fields of an event and a frame depend on their tag; the description lists them in words.
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
    let source = include_str!("../../src/api.rs");
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
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_with(&["--data-dir", directory.path().to_str().unwrap()]);
    let run = server.ring().run.to_string();
    let served: Value = server.get("/api/v1/openapi.json");
    assert_eq!(served, document);
    for Call { path, method, operation } in calls(&document) {
        // Deletions come first in the alphabet, and must leave the later calls a node.
        let path = path.replace("{name}", if method == "delete" { "D" } else { "A" });
        let path = path.replace("{from}", "A").replace("{to}", "B").replace("{run}", &run);
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
    let run = server.ring().run.to_string();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path =
            path.replace("{name}", "A").replace("{from}", "A").replace("{to}", "B").replace("{run}", &run);
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
            "LinkView" => round_trip::<LinkView>(&example),
            "Leaderless" => round_trip::<Leaderless>(&example),
            "Outage" => round_trip::<Outage>(&example),
            "Took" => round_trip::<Took>(&example),
            "Watched" => round_trip::<Watched>(&example),
            "ElectionView" => round_trip::<ElectionView>(&example),
            "Event" => round_trip::<Event>(&example),
            "EventPage" => round_trip::<EventPage>(&example),
            "LinkEnd" => round_trip::<LinkEnd>(&example),
            "DropReason" => round_trip::<NamedDropReason>(&example),
            "MessageInfo" => round_trip::<MessageInfo>(&example),
            "NamedContender" => round_trip::<ringleader_shared::event::NamedContender>(&example),
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
            "KeptRun" => round_trip::<KeptRun>(&example),
            "KeptRuns" => round_trip::<KeptRuns>(&example),
            "KeptEvents" => round_trip::<KeptEvents>(&example),
            "KeptElections" => round_trip::<KeptElections>(&example),
            "Gap" => round_trip::<Gap>(&example),
            "ChangeRun" => round_trip::<ChangeRun>(&example),
            "ArchiveStatus" => round_trip::<ArchiveStatus>(&example),
            "AlgorithmName" => round_trip::<AlgorithmName>(&example),
            "Access" => round_trip::<ringleader_shared::api::Access>(&example),
            "Partition" => round_trip::<Partition>(&example),
            // It has no body: it is part of an address.
            "EventPosition" => continue,
            other => panic!("{other} has no type here: add it"),
        };
        assert_eq!(again.unwrap_or_else(|error| panic!("{name}: {error}: {example}")), example, "{name}");
    }
}

#[test]
fn every_kind_of_event_and_of_link_end_is_listed_explained_and_shown() {
    let document = document();
    let words = |values: &'static str, value: &Value| -> BTreeSet<String> {
        let texts = value.as_array().unwrap().iter();
        texts
            .filter_map(|value| if values.is_empty() { value.as_str() } else { value[values].as_str() })
            .map(ToOwned::to_owned)
            .collect()
    };
    for (schema, kinds) in
        [("Event", EventKind::NAMES), ("LinkEnd", LinkEnd::NAMES), ("DropReason", NamedDropReason::NAMES)]
    {
        let schema = &document["components"]["schemas"][schema];
        let kinds: BTreeSet<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
        assert_names(&words("", &schema["properties"]["kind"]["enum"]), &kinds, "the kinds that are listed");
        assert_names(&words("kind", &schema["examples"]), &kinds, "the kinds of the examples");
        let description = schema["description"].as_str().unwrap();
        for kind in kinds {
            assert!(description.contains(&format!("- `{kind}`: ")), "{kind} is not explained");
        }
    }
}

#[track_caller]
fn assert_names(names: &BTreeSet<String>, expected: &BTreeSet<String>, what: &str) {
    let missing: Vec<_> = expected.difference(names).collect();
    let unknown: Vec<_> = names.difference(expected).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "{what}: {missing:?} are missing, {unknown:?} unknown");
}

/// The names of an enum's values, from the error that serde gives for a name that there is not.
fn names_of<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_value::<T>(Value::from("no such name")) else { panic!("it is a name") };
    let text = error.to_string();
    let (_, expected) = text.split_once("`, ").unwrap_or_else(|| panic!("no names: {text}"));
    expected.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[test]
fn every_enum_of_names_has_the_names_of_its_type() {
    fn walk(value: &Value, at: &str, found: &mut Vec<(String, BTreeSet<String>)>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::Array(names)) = fields.get("enum") {
                    let names = names.iter().filter_map(Value::as_str).map(ToOwned::to_owned);
                    found.push((at.to_owned(), names.collect()));
                }
                fields.iter().for_each(|(name, field)| walk(field, &format!("{at}.{name}"), found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, at, found)),
            _ => {}
        }
    }
    let all = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let mut messages = names_of::<MessageKind>();
    assert!(messages.remove("lease"), "leases are not reported");
    let known = [
        (".safety", names_of::<Safety>()),
        (".succession", names_of::<Succession>()),
        (".role", names_of::<Role>()),
        ("ArchiveStatus.properties.state", names_of::<ArchiveState>()),
        ("KeptRun.properties.end", names_of::<RunEnd>()),
        ("schemas.AlgorithmName", names_of::<AlgorithmName>()),
        (".state", names_of::<NodeState>()),
        (".status", names_of::<Status>()),
        (".port", names_of::<PortKind>()),
        ("LinkView.properties.link", names_of::<LinkKind>()),
        (".direction", names_of::<LinkDirection>()),
        (".decision", all(&["inquiry_met_leader", "inquiry_of_few", "inquiry_unanswered"])),
        ("ElectionView.properties.cause", names_of::<ElectionCause>()),
        ("Outage.properties.cause", names_of::<LossCause>()),
        ("MessageInfo.properties.message", messages),
        ("Event.properties.kind", all(EventKind::NAMES)),
        ("LinkEnd.properties.kind", all(LinkEnd::NAMES)),
        ("DropReason.properties.kind", all(NamedDropReason::NAMES)),
        ("BusFrame.properties.type", all(&["snapshot", "resumed", "event", "missed"])),
        ("Access.properties.kind", names_of::<AccessKind>()),
        ("Problem.properties.type", all(&["about:blank"])),
    ];
    let mut found = Vec::new();
    walk(&document(), "", &mut found);
    assert!(found.len() >= known.len(), "{found:?}");
    for (at, names) in found {
        let its = known.iter().find(|(end, _)| at.ends_with(end));
        let (_, expected) = its.unwrap_or_else(|| panic!("{at} is compared with no type"));
        assert_names(&names, expected, &at);
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
