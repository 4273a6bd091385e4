//! Every decoder of the wires as a function of bytes, which must return for any bytes, and valid bytes to
//! begin with. The property tests call them, and the fuzz targets in `fuzz/`.

use ringleader_shared::api::{
    AddNode, ChangeNode, ChangeRing, ChangeRun, EventPage, Gap, KeptRun, Partition, StartElection,
};
use ringleader_shared::bus::BusFrame;
use ringleader_shared::control::{NodeCommand, NodeReport};
use ringleader_shared::link::{LinkFrame, PathFrame};
use ringleader_shared::{LinkFault, NodeName, Promise, RingView};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A decoder and the name of its input.
pub type Decoder = (&'static str, fn(&[u8]) -> bool);

/// All of them.
pub const DECODERS: [Decoder; 16] = [
    ("a node link's frame", read::<LinkFrame>),
    ("a path frame", read::<PathFrame>),
    ("a node's report", read::<NodeReport>),
    ("a node's command", read::<NodeCommand>),
    ("a frame of the bus", read::<BusFrame>),
    ("a page of events", read_only::<EventPage>),
    ("a ring", read::<RingView>),
    ("a link's fault", read::<LinkFault>),
    ("a request to start an election", read_only::<StartElection>),
    ("a request to add a node", read_only::<AddNode>),
    ("a request to change a node", read_only::<ChangeNode>),
    ("a request to change the ring", read_only::<ChangeRing>),
    ("a request to part the ring", read_only::<Partition>),
    ("a kept run", read::<KeptRun>),
    ("a gap of a kept run", read::<Gap>),
    ("a request to change a kept run", read_only::<ChangeRun>),
];

/// Decodes, and returns whether that succeeded. An accepted value must be the same after it was written and
/// read again.
fn read<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return false };
    let Ok(again) = serde_json::to_vec(&value) else { panic!("{value:?} was read and can't be written") };
    match serde_json::from_slice::<T>(&again) {
        Ok(same) => assert_eq!(same, value, "what was written is read as something else"),
        Err(error) => panic!("what was written can't be read: {error}: {}", again.escape_ascii()),
    }
    true
}

fn read_only<T: DeserializeOwned>(bytes: &[u8]) -> bool {
    serde_json::from_slice::<T>(bytes).is_ok()
}

/// Reads the texts that are not JSON: names of members and promises.
pub fn read_text(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(name) = text.parse::<NodeName>() {
            assert_eq!(name.as_str(), text);
        }
        let _ = serde_json::from_str::<Promise>(text);
    }
}

/// Valid texts, of every kind that crosses a wire, to be spoilt.
pub const VALID: [&str; 22] = [
    r#"{"id":{"from":"A","incarnation":1,"number":7},"lamport":12,"sent_ns":123456789,"message":{"type":"election","term":3,"initiator":"00000000-0000-4000-8000-000000000001","candidate":{"attribute":120,"id":"00000000-0000-4000-8000-000000000004"},"deputy":null,"hops":2}}"#,
    r#"{"id":{"from":"A","incarnation":1,"number":8},"lamport":13,"sent_ns":5,"message":{"type":"classic","term":3,"algorithm":"hirschberg-sinclair","port":"predecessor","number":1,"size":0,"payload":{"kind":0,"label":{"attribute":120,"id":"00000000-0000-4000-8000-000000000004"},"numbers":[3,0,0]}}}"#,
    r#"{"id":{"from":"A","incarnation":1,"number":9},"lamport":13,"sent_ns":5,"message":{"type":"roll_call","term":3,"algorithm":"itai-rodeh","initiator":"00000000-0000-4000-8000-000000000004","hops":2}}"#,
    r#"{"id":{"from":"A","incarnation":1,"number":9},"lamport":13,"sent_ns":5,"message":{"type":"found","term":3,"leader":{"attribute":120,"id":"00000000-0000-4000-8000-000000000004"},"hops":2}}"#,
    r#"{"id":{"from":"D","incarnation":2,"number":1},"lamport":1,"sent_ns":1,"message":{"type":"elected","mandate":{"term":3,"leader":{"attribute":120,"id":"00000000-0000-4000-8000-000000000004"},"deputy_epoch":0,"deputy":{"attribute":110,"id":"00000000-0000-4000-8000-000000000003"}},"hops":4,"ballot":{"begun_ns":5,"lease_ms":600,"votes":4}}}"#,
    r#"{"id":{"from":"D","incarnation":2,"number":2},"lamport":1,"sent_ns":1,"message":{"type":"lease","mandate":{"term":3,"leader":{"attribute":120,"id":"00000000-0000-4000-8000-000000000004"},"deputy_epoch":0,"deputy":null},"ballot":{"begun_ns":5,"lease_ms":600,"votes":1},"highest":3,"hops":1}}"#,
    r#"{"type":"hello","id":"00000000-0000-4000-8000-000000000001","incarnation":1,"pid":4711,"address":"127.0.0.1:8000"}"#,
    r#"{"type":"events","events":[{"lamport":1,"at_ns":5,"kind":"explained","explanation":{"decision":"passing_on","candidate":{"name":"D","attribute":120},"me":{"name":"A","attribute":90}}},{"lamport":2,"at_ns":6,"kind":"role_changed","role":"leader","term":1,"leader":"D","deputy":null}]}"#,
    r#"{"type":"configure","run":"00000000-0000-4000-8000-00000000000f","ring":[{"id":"00000000-0000-4000-8000-000000000001","name":"A","attribute":90,"incarnation":1,"address":"127.0.0.1:8000"}],"settings":{"hop_delay_ms":0,"safety":"quorum","algorithm":"franklin"},"heartbeat_ms":50,"hung_after_ms":150,"highest_term":3,"faults":[]}"#,
    r#"{"type":"initiate_together","term":3}"#,
    r#"{"type":"initiate"}"#,
    r#"{"type":"event","event":{"seq":9,"at_us":5,"node":"A","incarnation":1,"lamport":3,"kind":"link_down","peer":"B","link":"ring","direction":"outgoing","cause":{"kind":"silent","silent_for_ms":151},"failure":true}}"#,
    r#"{"type":"event","event":{"seq":9,"at_us":5,"kind":"settings_changed","hop_delay_ms":5,"safety":"quorum","algorithm":"bully"}}"#,
    r#"{"type":"missed","first":3,"last":9}"#,
    r#"{"cut":false,"delay_ms":80,"drop":0.25,"duplicate":0.5,"reorder":1.0}"#,
    r#"{"name":"E","attribute":95}"#,
    r#"{"hop_delay_ms":400,"safety":"available"}"#,
    r#"{"groups":[["A","B"],["C","D"]]}"#,
    r#"{"events":[],"oldest":1,"newest":0}"#,
    r#"{"run":"00000000-0000-4000-8000-00000000000f","number":7,"name":"Lecture 3","pinned":false,"started_ms":1764320400000,"lasted_us":93811204,"end":"stopped","imported":false,"deleted_ms":null,"members":["A","B"],"hop_delay_ms":0,"safety":"available","succession":"deputy","algorithm":"max-ring","events":412,"lost_events":0,"elections":1,"takeovers":1,"faults":0,"deaths":1,"worst_leaderless_us":1204,"split_brain":false,"term":2,"leader":"B","deputy":null,"bytes":9713}"#,
    r#"{"position":60,"first":61,"last":79,"ring":{"seq":79,"run":"00000000-0000-4000-8000-00000000000f","term":1,"leader":null,"deputy":null,"split_brain":false,"nodes":[],"elections":[]}}"#,
    r#"{"name":"Lecture 3","pinned":true}"#,
];
