//! A sequence diagram in [Mermaid](https://mermaid.js.org/), which renders in an issue.

use std::fmt::Write;

use super::messages::{End, Line, changes_life, lines};
use super::stretch;
use crate::causality::Events;
use crate::event::{Event, EventKind};
use crate::id::NodeName;
use crate::plural::counted;
use crate::text::{describe, message};
use crate::timeline::{Moment, Position};

/// The most messages of a diagram.
pub const MOST_MESSAGES: usize = 60;

/// The most notes of a diagram.
const MOST_NOTES: usize = 30;

/// The messages around a moment as a sequence diagram: [`MOST_MESSAGES`] of the stretch at most, with deaths,
/// starts, faults and results as notes. Says how many are left out. A message is where it arrived; one that
/// did not, where it was lost.
#[must_use]
pub fn mermaid<E: Events + ?Sized>(events: &E, moment: &Moment, from: Position, to: Position) -> String {
    let mut all: Vec<(Position, Line<'_>)> =
        lines(events, from, to).into_iter().map(|line| (place(&line), line)).collect();
    all.sort_by_key(|(at, _)| *at);
    let here = all.partition_point(|(at, _)| *at <= moment.position());
    let begin = here.saturating_sub(MOST_MESSAGES / 2).min(all.len().saturating_sub(MOST_MESSAGES));
    let end = all.len().min(begin + MOST_MESSAGES);
    let shown = all.get(begin..end).unwrap_or_default();
    let earlier = all.get(..begin).and_then(<[_]>::last).map_or(from, |(at, _)| *at);
    let later = all.get(end).map_or(to, |(at, _)| Position(at.0 - 1));
    let notes: Vec<(Position, &Event)> =
        stretch(events, earlier, later).filter(|(_, event)| is_noted(event)).collect();
    // The notes that are nearest to the moment.
    let near = notes.partition_point(|(at, _)| *at <= moment.position());
    let first = near.saturating_sub(MOST_NOTES / 2).min(notes.len().saturating_sub(MOST_NOTES));
    let kept = notes.get(first..notes.len().min(first + MOST_NOTES)).unwrap_or_default();
    Diagram::new(moment, shown, kept).text(begin, all.len() - end, notes.len() - kept.len())
}

/// The position at which a message is drawn.
fn place(line: &Line<'_>) -> Position {
    line.end.at().or(line.sent).map_or(Position(0), |(at, _)| at)
}

fn is_noted(event: &Event) -> bool {
    let is_news = matches!(
        event.kind,
        EventKind::Completed { .. }
            | EventKind::LinkFaultChanged { .. }
            | EventKind::PartitionChanged { .. }
            | EventKind::MemberRemoved
    );
    changes_life(event) || is_news
}

/// The content of a diagram.
struct Diagram<'a> {
    members: Vec<&'a NodeName>,
    lines: &'a [(Position, Line<'a>)],
    notes: &'a [(Position, &'a Event)],
}

impl<'a> Diagram<'a> {
    /// The members in ring order, and those that are no members at the moment but are drawn.
    fn new(
        moment: &'a Moment,
        lines: &'a [(Position, Line<'a>)],
        notes: &'a [(Position, &'a Event)],
    ) -> Self {
        let mut members: Vec<&NodeName> = moment.view().nodes.iter().map(|node| &node.name).collect();
        let others = lines.iter().flat_map(|(_, line)| [line.from, line.to]);
        for other in others.chain(notes.iter().filter_map(|(_, event)| event.node.as_ref())) {
            if !members.contains(&other) {
                members.push(other);
            }
        }
        Self { members, lines, notes }
    }

    fn id(&self, name: &NodeName) -> String {
        let place = self.members.iter().position(|member| *member == name).unwrap_or_default();
        format!("n{place}")
    }

    fn all(&self) -> String {
        match self.members.len() {
            0 | 1 => "n0".to_owned(),
            more => format!("n0,n{}", more - 1),
        }
    }

    fn text(&self, before: usize, after: usize, notes_left_out: usize) -> String {
        let mut text = "sequenceDiagram\n".to_owned();
        for (place, member) in self.members.iter().enumerate() {
            // Writing to a String can't fail.
            let _ = writeln!(text, "    participant n{place} as {}", escaped(member.as_str()));
        }
        let left_out = |count: usize, what: &str| match count {
            0 => String::new(),
            count => {
                let messages = counted(count as u64, &format!("{what} message"));
                format!("    Note over {}: {messages} left out\n", self.all())
            }
        };
        text.push_str(&left_out(before, "earlier"));
        let mut notes = self.notes.iter().peekable();
        for (at, line) in self.lines {
            while let Some((_, event)) = notes.next_if(|(other, _)| other < at) {
                self.note(event, &mut text);
            }
            let (arrow, end) = match line.end {
                End::Arrived(..) => ("->>", ""),
                End::Dropped(..) => ("-x", " (ends there)"),
                End::Lost(..) => ("--x", " (lost)"),
                End::OnItsWay => ("--)", " (on its way)"),
            };
            let (from, to) = (self.id(line.from), self.id(line.to));
            let _ = writeln!(text, "    {from}{arrow}{to}: {}{end}", escaped(&message(line.message)));
        }
        notes.for_each(|(_, event)| self.note(event, &mut text));
        text.push_str(&left_out(after, "later"));
        if notes_left_out > 0 {
            let _ = writeln!(text, "    %% {} left out", counted(notes_left_out as u64, "note"));
        }
        text
    }

    fn note(&self, event: &Event, text: &mut String) {
        let over = match &event.node {
            Some(node) => self.id(node),
            None => self.all(),
        };
        let _ = writeln!(text, "    Note over {over}: {}", escaped(&describe(&event.kind)));
    }
}

/// A text without what Mermaid would take for its own: `;` and `#` by their codes, and the word `end`, which
/// closes a block.
fn escaped(text: &str) -> String {
    let word = |word: &str| {
        if word.eq_ignore_ascii_case("end") {
            return word.replace(['n', 'N'], "#110;");
        }
        let mut escaped = String::new();
        for letter in word.chars() {
            match letter {
                '#' | ';' | '%' | '<' | '>' => {
                    let _ = write!(escaped, "#{};", u32::from(letter));
                }
                '\n' | '\r' => escaped.push(' '),
                letter => escaped.push(letter),
            }
        }
        escaped
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mermaid_takes_for_its_own_is_written_by_its_code() {
        assert_eq!(escaped("a;b #1 end END endless 5 %"), "a#59;b #35;1 e#110;d E#110;D endless 5 #37;");
    }
}
