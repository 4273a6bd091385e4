//! The formats in `docs/wire.md` are those of the types: every example is written by them, and what each
//! field accepts is found out by trying.

use std::fmt::Debug;

use ringleader_shared::control::{Configuration, NodeCommand, NodeEvent, NodeReport};
use ringleader_shared::event::{ElectionCause, EventKind, MessageInfo, MessageKind, NamedContender};
use ringleader_shared::explanation::{DropReason, Explanation};
use ringleader_shared::fault::{Injection, LinkFault, NodeFault, Share};
use ringleader_shared::link::{
    LinkDirection, LinkEnd, LinkFrame, LinkKind, MAX_PATH, PathFrame, PathReply, PathRequest, close,
};
use ringleader_shared::message::{
    Ballot, Classic, DeputySearch, Elected, Election, Found, Inquiry, Lease, RollCall, StateUpdate, Vacant,
};
use ringleader_shared::{
    AlgorithmName, Attribute, Contender, Event, Incarnation, Mandate, Member, MessageId, NodeId, NodeName,
    Payload, PortKind, RingMessage, RingSettings, RingSpec, RingView, Role, RunId, Seq, Term,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use ringleader_testing::document::{WIRE, check, head, row};

/// A and B of the examples, with the attributes 90 and 100.
const A: Contender = Contender::new(Attribute(90), id(0xaaaa_aaaa));
const B: Contender = Contender::new(Attribute(100), id(0xbbbb_bbbb));
const C: Contender = Contender::new(Attribute(110), id(0xcccc_cccc));

const fn id(first: u128) -> NodeId {
    NodeId(Uuid::from_u128(first << 96 | 0x0000_4000_8000_0000_0000_0000))
}

fn name(name: &str) -> NodeName {
    name.parse().expect("a name")
}

fn mandate(deputy: Option<Contender>) -> Mandate {
    Mandate { term: Term(1), leader: C, deputy_epoch: 0, deputy }
}

/// An example of each message. A message that is new needs one: [`has_example`] does not compile without it.
fn messages() -> Vec<RingMessage> {
    let (term, initiator) = (Term(1), A.id);
    let payload = Payload { kind: 0, label: Some(C), numbers: [3, 0, 0] };
    let algorithm = AlgorithmName::HirschbergSinclair;
    let in_quorum_mode = Ballot { begun_ns: 81_532_199_000, lease_ms: 600, votes: 2 };
    let ballot = Some(in_quorum_mode);
    vec![
        Election { term, initiator, candidate: B, deputy: Some(A), hops: 2 }.into(),
        Elected { mandate: mandate(Some(B)), hops: 1, ballot }.into(),
        DeputySearch { mandate: mandate(None), deputy: Some(A), hops: 2, ballot }.into(),
        StateUpdate { term, mandate: Some(mandate(Some(B))) }.into(),
        Vacant { term, initiator, hops: 1 }.into(),
        Inquiry { term, initiator, leader: Some(mandate(Some(B))), supporters: 2, hops: 3 }.into(),
        Lease { mandate: mandate(Some(B)), ballot: in_quorum_mode, highest: term, hops: 2 }.into(),
        Classic { term, algorithm, port: PortKind::Predecessor, number: 1, size: 0, payload }.into(),
        RollCall { term, algorithm: AlgorithmName::ItaiRodeh, initiator, hops: 2 }.into(),
        Found { term, leader: C, hops: 1 }.into(),
    ]
}

fn has_example(message: &RingMessage) -> bool {
    let same = |other: &RingMessage| std::mem::discriminant(other) == std::mem::discriminant(message);
    match message {
        RingMessage::Election(_)
        | RingMessage::Elected(_)
        | RingMessage::DeputySearch(_)
        | RingMessage::StateUpdate(_)
        | RingMessage::Vacant(_)
        | RingMessage::Inquiry(_)
        | RingMessage::Lease(_)
        | RingMessage::Classic(_)
        | RingMessage::RollCall(_)
        | RingMessage::Found(_) => messages().iter().any(same),
    }
}

fn frame(message: RingMessage) -> LinkFrame {
    let id = MessageId { from: name("A"), incarnation: Incarnation(1), number: 7 };
    LinkFrame { id, lamport: 12, sent_ns: 81_532_199_000, message }
}

/// The value as JSON on one line, which reads back as the same value.
fn text<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = serde_json::to_string(value).expect("a value that can be written");
    assert_eq!(&serde_json::from_str::<T>(&text).expect("what was written can be read"), value);
    text
}

fn fence(lines: &[String]) -> String {
    format!("```json\n{}\n```\n", lines.join("\n"))
}

/// Values that many messages carry: each has a table of its own.
fn shared_values() -> [(&'static str, Value); 2] {
    let json = |value| serde_json::to_value(value).expect("JSON");
    [("a contender", json(A)), ("a mandate", serde_json::to_value(mandate(Some(B))).expect("JSON"))]
}

/// The ranges that a decoder accepts for each field of a value, found out by trying.
struct Fields<'a> {
    accepts: &'a dyn Fn(&Value) -> bool,
    whole: Value,
    /// The first cell of each row, if there is one.
    of: Option<String>,
    rows: Vec<String>,
}

impl Fields<'_> {
    const COLUMNS: [&'static str; 4] = ["field", "accepted", "may be `null`", "may be left out"];

    /// A row for each field of this value.
    fn rows<T: Serialize + DeserializeOwned>(example: &T, of: Option<&str>) -> Vec<String> {
        let accepts = |value: &Value| serde_json::from_value::<T>(value.clone()).is_ok();
        let whole = serde_json::to_value(example).expect("a value that can be written");
        let of = of.map(ToOwned::to_owned);
        let mut fields = Fields { accepts: &accepts, whole: whole.clone(), of, rows: Vec::new() };
        fields.below(&whole, "", "");
        fields.rows
    }

    /// A table of the fields of this value.
    fn table<T: Serialize + DeserializeOwned>(example: &T) -> String {
        head(&Self::COLUMNS) + &Self::rows(example, None).concat()
    }

    fn below(&mut self, value: &Value, pointer: &str, shown: &str) {
        let members: Vec<(String, String, &Value)> = match value {
            Value::Object(object) => {
                object.iter().map(|(key, value)| (key.clone(), format!("{shown}.{key}"), value)).collect()
            }
            Value::Array(array) => {
                array.iter().take(1).map(|value| ("0".to_owned(), format!("{shown}[]"), value)).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return,
        };
        for (key, shown, value) in members.into_iter().filter(|(key, ..)| key != "type") {
            let pointer = format!("{pointer}/{key}");
            let alike = |other: &Value| {
                let keys = |value: &Value| Some(value.as_object()?.keys().cloned().collect::<Vec<_>>());
                keys(value).is_some() && keys(value) == keys(other)
            };
            let known = shared_values().into_iter().find(|(_, other)| alike(other));
            let accepted =
                known.as_ref().map_or_else(|| self.accepted(&pointer, value), |(name, _)| (*name).to_owned());
            let null = self.with(&pointer, |it| *it = Value::Null);
            let without = self.without(&pointer);
            let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
            let shown_name = format!("`{}`", shown.trim_start_matches('.'));
            let cells = [shown_name, accepted, yes(null), yes(without)];
            self.rows.push(row(self.of.iter().cloned().chain(cells)));
            if known.is_none() {
                self.below(value, &pointer, &shown);
            }
        }
    }

    fn accepted(&self, pointer: &str, value: &Value) -> String {
        let takes = |other: Value| self.with(pointer, |it| *it = other);
        match value {
            Value::Number(_) if takes(json!(0.5)) => "a number from 0 to 1".to_owned(),
            Value::Number(_) => {
                let bits = (1..=64).rev().find(|&bits| takes(json!(u64::MAX >> (64 - bits))));
                assert!(!takes(json!(-1)), "{pointer} takes negative numbers");
                format!("0 to 2^{} − 1", bits.expect("a number is accepted"))
            }
            Value::String(_) if takes(json!("any text at all")) => "a text".to_owned(),
            Value::String(text) if text.parse::<Uuid>().is_ok() => "a UUID".to_owned(),
            Value::String(text) if text.parse::<std::net::SocketAddr>().is_ok() => {
                "`address:port`".to_owned()
            }
            Value::String(text) if text.parse::<AlgorithmName>().is_ok() => "an algorithm's name".to_owned(),
            Value::String(_) if takes(json!("AnyName")) => "a node's name".to_owned(),
            Value::String(_) => words_of(&|word| takes(json!(word))),
            Value::Bool(_) => "`true`, `false`".to_owned(),
            Value::Null => "an object".to_owned(),
            Value::Array(_) if takes(json!([])) => "an array".to_owned(),
            Value::Array(array) => format!("an array of {}", array.len()),
            Value::Object(_) => {
                let further = self.with(pointer, |it| {
                    drop(it.as_object_mut().map(|it| it.insert("further".into(), json!(1))))
                });
                if further { "an object, further fields ignored" } else { "an object" }.to_owned()
            }
        }
    }

    fn with(&self, pointer: &str, change: impl FnOnce(&mut Value)) -> bool {
        let mut changed = self.whole.clone();
        change(changed.pointer_mut(pointer).expect("a field of the example"));
        (self.accepts)(&changed)
    }

    fn without(&self, pointer: &str) -> bool {
        let (parent, key) = pointer.rsplit_once('/').expect("a field of an object");
        self.with_parent(parent, |it| match it {
            Value::Object(object) => object.remove(key).is_some(),
            _ => false,
        })
    }

    fn with_parent(&self, parent: &str, change: impl FnOnce(&mut Value) -> bool) -> bool {
        let mut changed = self.whole.clone();
        let object = if parent.is_empty() { Some(&mut changed) } else { changed.pointer_mut(parent) };
        object.is_some_and(change) && (self.accepts)(&changed)
    }
}

/// The words of an enumeration that are accepted, of all words that any enumeration of the wire has.
fn words_of(takes: &dyn Fn(&str) -> bool) -> String {
    let words = [
        "successor",
        "predecessor",
        "peer",
        "leader",
        "deputy",
        "candidate",
        "follower",
        "ring",
        "heartbeat",
        "direct",
        "outgoing",
        "incoming",
        "election",
        "takeover",
        "new_deputy",
        "cut",
        "drop",
        "duplicate",
        "reorder",
        "available",
        "quorum",
    ];
    let taken: Vec<String> =
        words.iter().filter(|word| takes(word)).map(|word| format!("`{word}`")).collect();
    assert!(!taken.is_empty(), "a text that is no word of the list");
    taken.join(", ")
}

#[test]
fn the_frames_of_a_node_link_are_those_of_the_types() {
    let frames: Vec<LinkFrame> = messages().into_iter().map(frame).collect();
    assert!(frames.iter().all(|frame| has_example(&frame.message)));
    check(WIRE, "frame", &fence(&[text(&frames[0])]));
    check(WIRE, "messages", &fence(&messages().iter().map(text).collect::<Vec<_>>()));
    let of_the_message = |row: &String| row.contains("`message.");
    let envelope: Vec<String> =
        Fields::rows(&frames[0], None).into_iter().filter(|row| !of_the_message(row)).collect();
    check(WIRE, "frame fields", &(head(&Fields::COLUMNS) + &envelope.concat()));
    let mut table = head(&["message", "field", "accepted", "may be `null`", "may be left out"]);
    for message in messages() {
        let kind = serde_json::to_value(message).expect("JSON")["type"].clone();
        table += &Fields::rows(&message, Some(&format!("`{}`", kind.as_str().expect("a word")))).concat();
    }
    check(WIRE, "message fields", &table);
    // One that may not lead shows the field that others leave out.
    let unfit = Contender { eligible: false, ..A };
    let contender = Fields::table(&unfit);
    check(WIRE, "contender fields", &format!("{}\n{contender}", fence(&[text(&A), text(&unfit)])));
    check(WIRE, "mandate fields", &Fields::table(&mandate(None)));
}

#[test]
fn a_frame_with_a_field_that_nobody_knows_is_refused() {
    for message in messages() {
        let mut value = serde_json::to_value(frame(message)).expect("JSON");
        value["message"]["further"] = json!(1);
        assert!(serde_json::from_value::<LinkFrame>(value.clone()).is_err(), "{value}");
        value["message"].as_object_mut().map(|it| it.remove("further"));
        assert!(serde_json::from_value::<LinkFrame>(value.clone()).is_ok(), "{value}");
        value["further"] = json!(1);
        assert!(serde_json::from_value::<LinkFrame>(value.clone()).is_err(), "{value}");
    }
}

/// C looks for a path to A, and B knows one.
fn path_frames() -> [PathFrame; 2] {
    let (origin, target, number) = (C.id, A.id, 3);
    [
        PathFrame::Request(PathRequest { origin, target, number, path: vec![C.id, B.id] }),
        PathFrame::Reply(PathReply { origin, target, number, path: vec![B.id, A.id] }),
    ]
}

#[test]
fn the_path_frames_of_a_node_link_are_those_of_the_types() {
    check(WIRE, "path frames", &fence(&path_frames().iter().map(text).collect::<Vec<_>>()));
    let mut table = head(&["frame", "field", "accepted", "may be `null`", "may be left out"]);
    for frame in path_frames() {
        let value = serde_json::to_value(&frame).expect("JSON");
        let kind = value["type"].as_str().expect("a word").to_owned();
        table += &Fields::rows(&frame, Some(&format!("`{kind}`"))).concat();
        let with_path = |members: usize| {
            let mut value = value.clone();
            value["path"] = json!(vec![A.id; members]);
            serde_json::from_value::<PathFrame>(value)
        };
        assert!(with_path(MAX_PATH).is_ok() && with_path(MAX_PATH + 1).is_err(), "{kind}");
        let mut further = value.clone();
        further["further"] = json!(1);
        assert!(serde_json::from_value::<PathFrame>(further).is_err(), "{kind}");
        assert!(serde_json::from_value::<LinkFrame>(value).is_err(), "{kind} is no message");
    }
    check(WIRE, "path frame fields", &table);
}

fn configuration() -> Configuration {
    let member = |contender: Contender, letter: &str, port: u16| Member {
        id: contender.id,
        name: name(letter),
        attribute: contender.attribute,
        eligible: true,
        incarnation: Incarnation(1),
        address: Some(([127, 0, 0, 1], port).into()),
    };
    let fault = LinkFault { delay_ms: 80, drop: Share::of_percent(25), ..LinkFault::default() };
    let ineligible = Member { eligible: false, ..member(C, "C", 8003) };
    Configuration {
        run: RunId(Uuid::from_u128(0x0f)),
        ring: RingSpec { members: vec![member(A, "A", 8001), member(B, "B", 8002), ineligible] },
        settings: RingSettings::default(),
        heartbeat_ms: 50,
        hung_after_ms: 150,
        highest_term: Term(0),
        faults: vec![NodeFault { from: A.id, to: B.id, fault }],
    }
}

#[test]
fn the_messages_of_the_control_link_are_those_of_the_types() {
    let hello = NodeReport::Hello {
        id: A.id,
        incarnation: Incarnation(1),
        pid: 4711,
        address: ([127, 0, 0, 1], 8001).into(),
    };
    let kind = EventKind::Explained { explanation: Explanation::ElectionTimeout { term: Term(1) } };
    let event = NodeEvent { lamport: 3, at_ns: 81_532_199_000, kind };
    let reports = [hello, NodeReport::Events { events: vec![event] }];
    check(WIRE, "reports", &fence(&reports.iter().map(text).collect::<Vec<_>>()));
    let commands = [
        NodeCommand::Configure(configuration()),
        NodeCommand::Initiate,
        NodeCommand::InitiateTogether { term: Term(5) },
        NodeCommand::Exit,
    ];
    for command in &commands {
        match command {
            NodeCommand::Configure(_)
            | NodeCommand::Initiate
            | NodeCommand::InitiateTogether { .. }
            | NodeCommand::Exit => {}
        }
    }
    check(WIRE, "commands", &fence(&commands.iter().map(text).collect::<Vec<_>>()));
    check(WIRE, "configure fields", &Fields::table(&commands[0]));
}

/// An example of each kind of event that a node emits; `None` for those of the server.
fn emitted_by_nodes() -> Vec<EventKind> {
    let message = MessageInfo {
        id: MessageId { from: name("A"), incarnation: Incarnation(1), number: 7 },
        message: MessageKind::Election,
        term: Term(1),
        initiator: Some(name("A")),
        candidate: Some(NamedContender { name: name("B"), attribute: B.attribute }),
        deputy: Some(NamedContender { name: name("A"), attribute: A.attribute }),
        hops: 2,
        algorithm: None,
        port: None,
        says: None,
    };
    let (from, to, peer, leader) = (name("A"), name("B"), name("B"), name("C"));
    let (link, direction) = (LinkKind::Ring, LinkDirection::Outgoing);
    let reason = || "…".to_owned();
    let address = "127.0.0.1:8001".to_owned();
    vec![
        EventKind::Ready { address },
        EventKind::PortTaken { port: 8001, reason: reason() },
        EventKind::RoleChanged {
            role: Role::Follower,
            term: Term(1),
            leader: Some(leader.clone()),
            deputy: Some(peer.clone()),
        },
        EventKind::SuccessorChanged { successor: peer.clone() },
        EventKind::Sent { message: message.clone(), to: to.clone(), hold_us: 0 },
        EventKind::Received { message: message.clone(), from: from.clone(), travel_us: 104 },
        EventKind::Dropped {
            message: message.clone(),
            from: from.clone(),
            reason: DropReason::OlderTerm { mine: Term(2) },
            trouble: false,
        },
        EventKind::Lost { message: message.clone(), to: to.clone() },
        EventKind::Completed {
            cause: ElectionCause::Election,
            term: Term(1),
            leader: leader.clone(),
            deputy: Some(peer.clone()),
            members: 3,
        },
        EventKind::LinkUp { peer: peer.clone(), link, direction, relays: Vec::new() },
        EventKind::LinkUp { peer: leader, link, direction, relays: vec![peer.clone()] },
        EventKind::LinkDown { peer: peer.clone(), link, direction, cause: LinkEnd::Broken, failure: true },
        EventKind::Heartbeat { peer, rtt_us: 211 },
        EventKind::Explained {
            explanation: Explanation::PassingOn {
                candidate: NamedContender { name: name("B"), attribute: B.attribute },
                me: NamedContender { name: name("A"), attribute: A.attribute },
            },
        },
        EventKind::PromiseFailed { reason: reason() },
        EventKind::Leaving,
        EventKind::Injected { message, from, to, fault: Injection::Drop },
        EventKind::ProgressChanged { progress: None },
        EventKind::Refused { remote: "127.0.0.1:51342".to_owned(), reason: reason(), count: 1 },
        EventKind::RecordingEnded { reason: reason() },
        EventKind::Overflow { lost: 12 },
    ]
}

/// An example of each end of a link.
fn link_ends() -> Vec<LinkEnd> {
    let address = || Some("127.0.0.1:8003".to_owned());
    vec![
        LinkEnd::NotNeeded,
        LinkEnd::Restarted,
        LinkEnd::Closed { code: close::NOT_NEEDED, reason: "the same node dialled anew".to_owned() },
        LinkEnd::Closed { code: 1000, reason: String::new() },
        LinkEnd::Closed { code: close::LEAVING, reason: "leaving".to_owned() },
        LinkEnd::Closed { code: close::SILENT, reason: "silent for too long".to_owned() },
        LinkEnd::Broken,
        LinkEnd::RelayLost,
        LinkEnd::Silent { silent_for_ms: 151 },
        LinkEnd::Unread { unread_for_ms: 150 },
        LinkEnd::Misbehaved { reason: "sent a binary frame".to_owned() },
        LinkEnd::NobodyListens { address: address() },
        LinkEnd::Unanswered { address: address(), waited_ms: 150 },
        LinkEnd::DialFailed { reason: "connecting to 127.0.0.1:8003: Network is unreachable".to_owned() },
    ]
}

#[test]
fn the_causes_of_a_link_down_are_those_of_the_type() {
    let ends = link_ends();
    let mut table = head(&["cause", "sentence"]);
    for end in &ends {
        table += &row([format!("`{}`", text(end)), end.to_string()]);
    }
    check(WIRE, "causes", &table);
    let mut kinds: Vec<&str> = ends.iter().map(LinkEnd::as_str).collect();
    kinds.dedup();
    assert_eq!(kinds, LinkEnd::NAMES, "an example for each kind");
    for bad in [json!({}), json!({ "kind": "other" }), json!({ "kind": "silent" }), json!("broken")] {
        serde_json::from_value::<LinkEnd>(bad).expect_err("it is no end of a link");
    }
}

/// Whether the server emits events of this kind itself.
fn is_of_the_server(kind: &str) -> bool {
    let first_of_nodes = EventKind::NAMES.iter().position(|word| *word == "ready").expect("nodes are ready");
    EventKind::NAMES.iter().position(|word| *word == kind).expect("a kind") < first_of_nodes
}

#[test]
fn the_events_of_a_node_are_those_of_the_types() {
    let events = emitted_by_nodes();
    let mut kinds: Vec<&str> = events.iter().map(EventKind::as_str).collect();
    let lines: Vec<String> = events.iter().map(text).collect();
    check(WIRE, "events", &fence(&lines));
    kinds.sort_unstable();
    kinds.dedup();
    let mut expected: Vec<&str> =
        EventKind::NAMES.iter().copied().filter(|kind| !is_of_the_server(kind)).collect();
    expected.sort_unstable();
    assert_eq!(kinds, expected, "an example for each kind that a node emits");
}

/// A short life of a ring of B and A, as their nodes report it: an election that B wins.
fn life() -> Vec<Event> {
    let message = |kind: MessageKind, number: u64| MessageInfo {
        id: MessageId { from: name("A"), incarnation: Incarnation(1), number },
        message: kind,
        term: Term(1),
        initiator: Some(name("A")),
        candidate: Some(NamedContender { name: name("B"), attribute: B.attribute }),
        deputy: None,
        hops: 1,
        algorithm: None,
        port: None,
        says: None,
    };
    let member = |contender: Contender, letter: &str| Member {
        id: contender.id,
        name: name(letter),
        attribute: contender.attribute,
        eligible: true,
        incarnation: Incarnation(0),
        address: None,
    };
    let mut events = Vec::new();
    let mut emit = |node: Option<&str>, kind: EventKind| {
        let seq = Seq(events.len() as u64 + 1);
        let (node, incarnation) = (node.map(name), Incarnation(u32::from(node.is_some())));
        events.push(Event { seq, at_us: seq.0 * 1_000, node, incarnation, lamport: seq.0, kind });
    };
    let members = vec![member(A, "A"), member(B, "B")];
    let run = RunId(Uuid::from_u128(0x0f));
    emit(
        None,
        EventKind::RunStarted { run, members, highest_term: Term(0), settings: RingSettings::default() },
    );
    for (node, other) in [("A", "B"), ("B", "A")] {
        emit(Some(node), EventKind::Spawned { pid: 4711 });
        emit(Some(node), EventKind::Ready { address: "127.0.0.1:8001".to_owned() });
        emit(Some(node), EventKind::SuccessorChanged { successor: name(other) });
    }
    let (election, elected) = (message(MessageKind::Election, 1), message(MessageKind::Elected, 2));
    emit(Some("A"), EventKind::Sent { message: election.clone(), to: name("B"), hold_us: 0 });
    emit(Some("B"), EventKind::Received { message: election, from: name("A"), travel_us: 80 });
    for (node, role) in [("A", Role::Deputy), ("B", Role::Leader)] {
        let (leader, deputy) = (Some(name("B")), Some(name("A")));
        emit(Some(node), EventKind::RoleChanged { role, term: Term(1), leader, deputy });
    }
    emit(Some("B"), EventKind::Sent { message: elected, to: name("A"), hold_us: 0 });
    let (outcome, leader, deputy) = (ElectionCause::Election, name("B"), Some(name("A")));
    emit(Some("B"), EventKind::Completed { cause: outcome, term: Term(1), leader, deputy, members: 2 });
    let (peer, link, direction) = (name("B"), LinkKind::Ring, LinkDirection::Outgoing);
    for link in [link, LinkKind::Heartbeat] {
        emit(Some("A"), EventKind::LinkUp { peer: peer.clone(), link, direction, relays: Vec::new() });
    }
    emit(Some("A"), EventKind::Explained { explanation: Explanation::InquiryUnanswered });
    emit(Some("A"), EventKind::LinkDown { peer, link, direction, cause: LinkEnd::Broken, failure: true });
    emit(Some("B"), EventKind::Exited { code: None, signal: Some(9) });
    events
}

/// The fields of the view after these events that differ from those after all events.
fn fields_that_differ(all: &[Event], fewer: &[Event]) -> Vec<String> {
    fn compare(whole: &Value, other: &Value, at: &str, differ: &mut Vec<String>) {
        match (whole, other) {
            (Value::Object(whole), Value::Object(other)) if !whole.is_empty() => {
                for (key, value) in whole {
                    let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                    compare(value, other.get(key).unwrap_or(&Value::Null), &at, differ);
                }
            }
            (Value::Array(whole), Value::Array(other)) if whole.len() == other.len() => {
                whole
                    .iter()
                    .zip(other)
                    .for_each(|(whole, other)| compare(whole, other, &format!("{at}[]"), differ));
            }
            _ if whole != other => differ.push(format!("`{at}`")),
            _ => {}
        }
    }
    let mut differ = Vec::new();
    // At each moment: a field that is back to its old value in the end was shown wrongly meanwhile.
    for moment in all.iter().map(|event| event.seq) {
        let view = |events: &[Event]| {
            let mut view = RingView::empty();
            events.iter().filter(|event| event.seq <= moment).for_each(|event| view.apply(event));
            view.seq = moment;
            serde_json::to_value(view).expect("JSON")
        };
        compare(&view(all), &view(fewer), "", &mut differ);
    }
    differ.sort();
    differ.dedup();
    differ
}

#[test]
fn the_events_that_a_node_must_emit_to_be_shown_are_those_that_the_view_is_made_of() {
    let life = life();
    let mut table = head(&["never emitted", "fields of the ring's view that are wrong then"]);
    let mut needed = Vec::new();
    for kind in EventKind::NAMES.iter().filter(|kind| !is_of_the_server(kind)) {
        let without: Vec<Event> = life.iter().filter(|event| event.kind.as_str() != *kind).cloned().collect();
        let differ = fields_that_differ(&life, &without);
        if !differ.is_empty() {
            needed.push(*kind);
            table += &row([format!("`{kind}`"), differ.join(", ")]);
        }
    }
    for kind in ["ready", "successor_changed", "sent", "completed"] {
        assert!(needed.contains(&kind), "{kind} makes no difference: {needed:?}");
    }
    check(WIRE, "events that are needed", &table);
}
