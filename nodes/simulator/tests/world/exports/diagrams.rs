//! Diagrams: Mermaid's lines, and the picture as XML.

use ringleader_shared::export::mermaid::{MOST_MESSAGES, mermaid};
use ringleader_shared::export::svg::{Scale, svg};
use ringleader_shared::fault::Injection;
use ringleader_shared::timeline::Position;
use ringleader_shared::{EventKind, Safety};
use ringleader_simulator::Case;
use ringleader_testing::cases::{EVERYTHING, all_hold};

use super::{Run, killed};

/// The arrows of a diagram. An error where a line is none that Mermaid's grammar has.
fn arrows(text: &str) -> Result<Vec<&str>, String> {
    let mut lines = text.lines();
    if lines.next() != Some("sequenceDiagram") {
        return Err("it is no sequence diagram".to_owned());
    }
    let mut members = 0;
    let mut arrows = Vec::new();
    for line in lines {
        let line = line.strip_prefix("    ").ok_or_else(|| format!("not indented: {line}"))?;
        let is_member =
            |id: &str| id.strip_prefix('n').and_then(|n| n.parse().ok()).is_some_and(|n: usize| n < members);
        if line.starts_with("%% ") {
            continue;
        }
        if let Some(named) = line.strip_prefix(&format!("participant n{members} as ")) {
            members += 1;
            if named.is_empty() || named.contains([' ', ';', ':']) {
                return Err(line.to_owned());
            }
            continue;
        }
        let (head, words) = line.split_once(": ").ok_or_else(|| format!("no text: {line}"))?;
        let codes = words.replace("#59;", "").replace("#35;", "").replace("#37;", "").replace("#110;", "");
        if codes.contains([';', '#']) || words.split(' ').any(|word| word.eq_ignore_ascii_case("end")) {
            return Err(format!("not escaped: {line}"));
        }
        if let Some(over) = head.strip_prefix("Note over ") {
            if !over.split(',').all(is_member) {
                return Err(format!("nobody is there: {line}"));
            }
            continue;
        }
        let arrow = ["->>", "--x", "-x", "--)"].into_iter().find_map(|arrow| head.split_once(arrow));
        let (from, to) = arrow.ok_or_else(|| format!("no arrow: {line}"))?;
        if !is_member(from) || !is_member(to) {
            return Err(format!("nobody is there: {line}"));
        }
        arrows.push(line);
    }
    Ok(arrows)
}

fn is_a_diagram(case: &Case) -> Result<(), String> {
    let run = Run::of(case);
    for (from, to) in run.stretches() {
        for at in [from, Position((from.0 + to.0) / 2), to] {
            let text = mermaid(&run.timeline, &run.timeline.at(at), from, to);
            let arrows = arrows(&text)?;
            let sent = run.part(from, to).iter().filter(|event| matches!(event.kind, EventKind::Sent { .. }));
            let sent = sent.count();
            if arrows.len() > MOST_MESSAGES || arrows.len() < sent.min(MOST_MESSAGES) {
                return Err(format!("{} arrows for {sent} messages", arrows.len()));
            }
            let says = text.contains("left out");
            if sent > MOST_MESSAGES && !says {
                return Err("it does not say what is left out".to_owned());
            }
        }
        let scale = if from.0 == 0 { Scale::Time } else { Scale::Rows };
        let picture = svg(&run.timeline, &run.timeline.at(from), to, scale);
        is_xml(&picture)?;
        let sent = run.part(from, to).iter().filter(|event| matches!(event.kind, EventKind::Sent { .. }));
        let drawn = picture.matches("class=\"sent\"").count() + picture.matches("class=\"lost\"").count();
        if drawn < sent.count() {
            return Err(format!("{drawn} lines are too few"));
        }
    }
    Ok(())
}

/// Checks that elements are closed in their order, that attributes are quoted, and that numbers are numbers.
fn is_xml(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, _) = part.split_once('>').ok_or_else(|| format!("<{part}: no end"))?;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            continue;
        }
        if tag.matches('"').count() % 2 > 0 || tag.contains("NaN") || tag.contains("inf") {
            return Err(format!("<{tag}>"));
        }
        if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("not closed: {open:?}")) }
}

#[test]
fn every_diagram_is_one_by_the_grammar() {
    all_hold(200, EVERYTHING, Safety::Available, is_a_diagram);
}

#[test]
fn a_diagram_shows_the_death_and_its_consequences() {
    let run = killed();
    let death = run.timeline.marks().find(|mark| {
        mark.node.as_ref().is_some_and(|it| it.as_str() == "D")
            && mark.kind == ringleader_shared::timeline::MarkKind::Death
    });
    let at = death.expect("D dies").position;
    let text = mermaid(&run.timeline, &run.timeline.at(at), run.timeline.begin(), run.end());
    assert!(text.contains("Note over n3: process ended by signal 9 (SIGKILL)\n"), "{text}");
    let after = text.split("SIGKILL").nth(1).expect("more");
    assert!(after.contains("n2->>n0: deputy search C 110, term 2\n"), "{text}");
    let picture = svg(&run.timeline, &run.timeline.at(run.timeline.begin()), run.end(), Scale::Rows);
    assert!(picture.contains("<title>D: process ended by signal 9 (SIGKILL)</title>"));
    assert!(picture.contains("<title>D leader, term 1</title>"));
    let lost = run.events.iter().filter(|event| match &event.kind {
        EventKind::Lost { .. } | EventKind::Dropped { .. } => true,
        EventKind::Injected { fault, .. } => matches!(fault, Injection::Cut | Injection::Drop),
        _ => false,
    });
    let lost = lost.count();
    assert!(lost > 3, "{lost}");
    assert_eq!(picture.matches("class=\"lost\"").count(), lost);
}
