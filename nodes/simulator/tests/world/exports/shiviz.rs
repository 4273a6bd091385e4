//! Reads a log as ShiViz does: by its two lines an event, and by its rules for clocks.

use std::collections::BTreeMap;

use ringleader_shared::export::shiviz::shiviz;
use ringleader_shared::text::describe;
use ringleader_shared::{Event, EventKind, Incarnation, Safety};
use ringleader_simulator::Case;
use ringleader_testing::cases::{EVERYTHING, all_hold};

use super::{Run, killed};

type Clock = BTreeMap<String, u32>;

struct Entry {
    text: String,
    host: String,
    clock: Clock,
}

/// The entries of a log. The regular expression of its first line must be the one that they are read by here.
fn read(log: &str) -> Result<Vec<Entry>, String> {
    let mut lines = log.lines();
    let expression = lines.next().ok_or("no first line")?;
    if expression != r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})" {
        return Err(format!("another expression: {expression}"));
    }
    if lines.next() != Some("") {
        return Err("a delimiter of executions".to_owned());
    }
    let mut entries = Vec::new();
    while let Some(text) = lines.next() {
        let line = lines.next().ok_or("an event without a clock")?;
        let (host, clock) = line.split_once(' ').ok_or_else(|| format!("no host: {line}"))?;
        let clock: Clock = serde_json::from_str(clock).map_err(|error| format!("{line}: {error}"))?;
        entries.push(Entry { text: text.to_owned(), host: host.to_owned(), clock });
    }
    Ok(entries)
}

/// The rules: a host's own clock counts 1, 2, 3 …; no clock goes back; a host that knows an event of another
/// one knows all that this one knew there.
fn check(entries: &[Entry]) -> Result<(), String> {
    let mut by_host: BTreeMap<&str, Vec<&Clock>> = BTreeMap::new();
    for Entry { text, host, clock } in entries {
        let of_host = by_host.entry(host).or_default();
        if clock.get(host) != Some(&(of_host.len() as u32 + 1)) {
            return Err(format!("{host}'s own clock is {clock:?} after {} events: {text}", of_host.len()));
        }
        let goes_back = |before: &&Clock| before.iter().any(|(other, count)| clock.get(other) < Some(count));
        if of_host.last().is_some_and(goes_back) {
            return Err(format!("a clock of {host} goes back: {text}"));
        }
        of_host.push(clock);
        for (other, count) in clock.iter().filter(|(other, _)| *other != host) {
            let known = by_host.get(other.as_str()).and_then(|of| of.get(*count as usize - 1));
            let known =
                known.ok_or_else(|| format!("{host} knows event {count} of {other}, and it is not there"))?;
            if known.iter().any(|(third, count)| clock.get(third) < Some(count)) {
                return Err(format!("{host} knows {other}, and not what that one knew: {text}"));
            }
        }
    }
    Ok(())
}

fn host(event: &Event) -> Option<String> {
    let node = event.node.as_ref().filter(|_| {
        event.lamport > 0
            || matches!(
                event.kind,
                EventKind::Spawned { .. } | EventKind::Exited { .. } | EventKind::Paused | EventKind::Resumed
            )
    })?;
    Some(if event.incarnation > Incarnation(1) {
        format!("{node}#{}", event.incarnation)
    } else {
        node.to_string()
    })
}

fn is_valid(case: &Case) -> Result<(), String> {
    let run = Run::of(case);
    for (from, to) in run.stretches() {
        let entries = read(&shiviz(&run.timeline, &run.causality, from, to))?;
        check(&entries).map_err(|why| format!("{from:?} to {to:?}: {why}"))?;
        let part = run.part(from, to);
        if entries.len() != part.len() {
            return Err(format!("{} entries for {} events", entries.len(), part.len()));
        }
        let mut sent: BTreeMap<String, (String, u32)> = BTreeMap::new();
        for (entry, event) in entries.iter().zip(part) {
            let expected = host(event).unwrap_or_else(|| "(user)".to_owned());
            if entry.host != expected || !entry.text.starts_with(&describe(&event.kind)) {
                return Err(format!("{event:?} is “{}” of {}", entry.text, entry.host));
            }
            // Whoever receives a message knows its sending, if that is in the stretch.
            match &event.kind {
                EventKind::Sent { message, .. } => {
                    let own = entry.clock.get(&entry.host).copied().unwrap_or_default();
                    sent.insert(format!("{:?}", message.id), (entry.host.clone(), own));
                }
                EventKind::Received { message, .. } => {
                    if let Some((from, count)) = sent.get(&format!("{:?}", message.id))
                        && entry.clock.get(from) < Some(count)
                    {
                        return Err(format!("the receiver does not know the sending: {event:?}"));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[test]
fn a_log_keeps_the_rules_of_vector_clocks_wherever_it_begins() {
    all_hold(300, EVERYTHING, Safety::Available, is_valid);
}

#[test]
fn a_restarted_node_is_another_host() {
    let run = killed();
    let log = shiviz(&run.timeline, &run.causality, run.timeline.begin(), run.end());
    let entries = read(&log).expect("a log");
    let first = entries.iter().find(|entry| entry.host == "D#2").expect("the second start of D");
    assert!(first.text.starts_with("process 4002 started"), "{}", first.text);
    assert_eq!(first.clock.get("D#2"), Some(&1));
    assert!(first.clock.contains_key("(user)"), "it was started by request");
}

#[test]
fn the_reader_notices_a_clock_that_skips_and_one_that_knows_too_little() {
    let head = "(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})\n\n";
    for (log, is_wrong) in [
        ("x\nA {\"A\":1}\ny\nA {\"A\":2}\n", false),
        ("x\nA {\"A\":1}\ny\nA {\"A\":3}\n", true),
        ("x\nA {\"A\":1}\ny\nB {\"A\":1, \"B\":1}\nz\nC {\"B\":1, \"C\":1}\n", true),
        ("x\nA {\"A\":1}\ny\nB {\"A\":2, \"B\":1}\n", true),
    ] {
        let entries = read(&format!("{head}{log}")).expect("a log");
        assert_eq!(check(&entries).is_err(), is_wrong, "{log}");
    }
}
