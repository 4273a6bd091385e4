//! Reads a trace by the encoding of protocol buffers and Perfetto's own numbers of fields.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use ringleader_shared::export::perfetto::perfetto;
use ringleader_shared::{Event, EventKind, Safety};
use ringleader_simulator::Case;
use ringleader_testing::cases::{EVERYTHING, all_hold};
use serde_json::json;

use super::{Run, killed};

/// A field of a message.
#[derive(Debug, Clone)]
enum Field {
    Number(u64),
    Fixed(u64),
    Bytes(Vec<u8>),
}

type Message = BTreeMap<u64, Vec<Field>>;

fn number(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or("a number ends early")?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number of more than ten bytes".to_owned())
}

fn message(mut bytes: &[u8]) -> Result<Message, String> {
    let mut fields = Message::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes)?;
        let field = match key & 7 {
            0 => Field::Number(number(&mut bytes)?),
            1 => {
                let (value, rest) = bytes.split_at_checked(8).ok_or("a fixed number ends early")?;
                bytes = rest;
                Field::Fixed(u64::from_le_bytes(value.try_into().expect("eight")))
            }
            2 => {
                let len = number(&mut bytes)? as usize;
                let (value, rest) = bytes.split_at_checked(len).ok_or("bytes end early")?;
                bytes = rest;
                Field::Bytes(value.to_vec())
            }
            other => return Err(format!("wire type {other}")),
        };
        fields.entry(key >> 3).or_default().push(field);
    }
    Ok(fields)
}

fn inner(of: &Message, field: u64) -> Option<Result<Message, String>> {
    match of.get(&field)?.first()? {
        Field::Bytes(bytes) => Some(message(bytes)),
        Field::Number(_) | Field::Fixed(_) => None,
    }
}

fn whole(of: &Message, field: u64) -> Option<u64> {
    match of.get(&field)?.first()? {
        Field::Number(value) | Field::Fixed(value) => Some(*value),
        Field::Bytes(_) => None,
    }
}

fn text(of: &Message, field: u64) -> Option<String> {
    match of.get(&field)?.first()? {
        Field::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
        Field::Number(_) | Field::Fixed(_) => None,
    }
}

/// The content of a trace.
#[derive(Default)]
struct Trace {
    tracks: BTreeMap<u64, String>,
    instants: Vec<(u64, u64, String)>,
    slices: Vec<(u64, String)>,
    /// The tracks and times of the ends of slices.
    ends: Vec<(u64, u64)>,
    begun: BTreeSet<u64>,
    ended: BTreeSet<u64>,
}

fn read(bytes: &[u8]) -> Result<Trace, String> {
    let mut trace = Trace::default();
    let mut open: BTreeMap<u64, u64> = BTreeMap::new();
    let mut now = 0;
    for packet in message(bytes)?.remove(&1).ok_or("no packets")? {
        let Field::Bytes(packet) = packet else { return Err("a packet is a message".to_owned()) };
        let packet = message(&packet)?;
        if whole(&packet, 10) != Some(1) {
            return Err("a packet of no sequence".to_owned());
        }
        if let Some(track) = inner(&packet, 60) {
            let track = track?;
            let (uuid, name) = (whole(&track, 1).ok_or("no uuid")?, text(&track, 2).ok_or("no name")?);
            if trace.tracks.insert(uuid, name).is_some() {
                return Err(format!("track {uuid} twice"));
            }
            continue;
        }
        let event = inner(&packet, 11).ok_or("neither a track nor an event")??;
        let at = whole(&packet, 8).ok_or("an event without a time")?;
        if at < std::mem::replace(&mut now, at) {
            return Err(format!("time runs back to {at}"));
        }
        let track = whole(&event, 11).ok_or("an event without a track")?;
        if !trace.tracks.contains_key(&track) {
            return Err(format!("no track {track}"));
        }
        let slices = open.entry(track).or_default();
        match whole(&event, 9) {
            Some(1) => {
                *slices += 1;
                trace.slices.push((track, text(&event, 23).ok_or("a slice without a name")?));
            }
            Some(2) => {
                *slices = slices.checked_sub(1).ok_or("an end without a slice")?;
                trace.ends.push((track, at));
            }
            Some(3) => trace.instants.push((track, at, text(&event, 23).ok_or("an instant without a name")?)),
            other => return Err(format!("an event of type {other:?}")),
        }
        if *slices > 1 {
            return Err(format!("two roles at once on track {track}"));
        }
        trace.begun.extend(whole(&event, 47));
        if let Some(flow) = whole(&event, 48)
            && (!trace.begun.contains(&flow) || !trace.ended.insert(flow))
        {
            // A duplicate arrives twice.
            trace.ended.insert(flow);
            if !trace.begun.contains(&flow) {
                return Err(format!("flow {flow} ends before it begins"));
            }
        }
    }
    if open.values().any(|slices| *slices > 0) {
        return Err("a slice without an end".to_owned());
    }
    Ok(trace)
}

fn is_valid(case: &Case) -> Result<(), String> {
    let run = Run::of(case);
    for (from, to) in run.stretches() {
        let moment = run.timeline.at(from);
        let trace = read(&perfetto(&run.timeline, &run.causality, &moment, to))?;
        let part = run.part(from, to);
        if trace.instants.len() != part.len() {
            return Err(format!("{} instants for {} events", trace.instants.len(), part.len()));
        }
        for ((track, at, _), event) in trace.instants.iter().zip(part) {
            let name = trace.tracks.get(track).map(String::as_str);
            let expected = event.node.as_ref().map_or("Ring", |node| node.as_str());
            if name != Some(expected) || *at != event.at_us * 1000 {
                return Err(format!("{event:?} is on {name:?} at {at}"));
            }
        }
        let sent = part.iter().filter(|event| matches!(event.kind, EventKind::Sent { .. })).count();
        if trace.begun.len() != sent {
            return Err(format!("{} flows for {sent} messages", trace.begun.len()));
        }
    }
    Ok(())
}

#[test]
fn a_trace_has_every_event_on_the_track_of_its_node_and_every_slice_ends() {
    all_hold(300, EVERYTHING, Safety::Available, is_valid);
}

#[test]
fn a_trace_shows_roles_as_slices_and_messages_as_flows() {
    let run = killed();
    let bytes = perfetto(&run.timeline, &run.causality, &run.timeline.at(run.timeline.begin()), run.end());
    let trace = read(&bytes).expect("a trace");
    let names: Vec<&str> = trace.tracks.values().map(String::as_str).collect();
    assert_eq!(names, ["Ring", "A", "B", "C", "D"]);
    let of = |node: &str| {
        let of_node = trace.slices.iter().filter(|(track, _)| trace.tracks[track] == node);
        of_node.map(|(_, name)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of("C")[..3], ["follower, term 0", "candidate, term 1", "follower, term 1"]);
    assert!(of("D").contains(&"leader, term 1"), "{:?}", of("D"));
    let is_death = |event: &&Event| matches!(event.kind, EventKind::Exited { .. });
    let death = run.events.iter().find(is_death).expect("D dies");
    assert!(trace.ends.contains(&(5, death.at_us * 1000)), "D leads no longer than it lives");
    let received = run.events.iter().filter(|event| matches!(event.kind, EventKind::Received { .. })).count();
    assert_eq!(trace.ended.len(), received, "none of these messages arrives twice");
}

#[test]
fn perfettos_own_definitions_read_the_same() {
    let Some(python) = std::env::var_os("RINGLEADER_PERFETTO") else {
        eprintln!(
            "SKIPPED: RINGLEADER_PERFETTO names no Python that has `perfetto`; `cargo xtask test` installs it where there is Python"
        );
        return;
    };
    let run = killed();
    let bytes = perfetto(&run.timeline, &run.causality, &run.timeline.at(run.timeline.begin()), run.end());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/world/exports/read_trace.py");
    let reader = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut reader = reader.expect("Python starts");
    reader.stdin.take().expect("a pipe").write_all(&bytes).expect("it reads");
    let output = reader.wait_with_output().expect("it ends");
    assert!(output.status.success(), "its own errors are above");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let trace = read(&bytes).expect("a trace");
    assert_eq!(found["unknown"], 0);
    assert_eq!(found["tracks"], json!(trace.tracks.values().collect::<Vec<_>>()));
    assert_eq!(found["instants"], json!(trace.instants));
    assert_eq!(found["slices"], json!(trace.slices));
    assert_eq!(found["begun"], json!(trace.begun));
    assert_eq!(found["ended"].as_array().map(Vec::len), Some(trace.ended.len()));
}
