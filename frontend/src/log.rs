//! One node's log: the newest [`KEPT`] lines, in the order of the bus, none twice.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ringleader_shared::event::EventKind;
use ringleader_shared::{Event, NodeName, RunId, Seq};

use crate::words::{self, Subject};

/// How many lines a log keeps.
pub(crate) const KEPT: usize = 500;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The event that it tells.
    pub(crate) seq: Seq,
    /// When, in microseconds since the server started; `None` for the page's own notes.
    pub(crate) at_us: Option<u64>,
    /// What it is about.
    pub(crate) subject: Subject,
    /// The words.
    pub(crate) text: String,
}

impl Line {
    /// The line of this event, if it has one.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        words::line(event).map(|(subject, text)| Self {
            seq: event.seq,
            at_us: Some(event.at_us),
            subject,
            text,
        })
    }

    /// The page's own note that events are missing before `seq`.
    pub(crate) fn gap(first: Seq, last: Seq) -> Self {
        Self {
            seq: first,
            at_us: None,
            subject: Subject::Page,
            text: format!("the page fell behind (events {first} to {last}) and took a fresh snapshot"),
        }
    }

    /// As text, for the clipboard.
    pub(crate) fn to_text(&self) -> String {
        let stamp = self.at_us.map_or_else(|| "--:--.---".to_owned(), words::stamp);
        format!("{stamp}  {}", self.text)
    }
}

/// The newest lines of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NodeLog {
    lines: VecDeque<Arc<Line>>,
}

impl NodeLog {
    /// Adds a line that is newer than all others.
    pub(crate) fn push(&mut self, line: Line) {
        self.lines.push_back(Arc::new(line));
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    /// Adds lines of the past; those that are there already stay as they are.
    pub(crate) fn fill(&mut self, past: Vec<Line>) {
        // The page's notes share a number with the event that they stand before.
        let key = |line: &Line| (line.seq, line.at_us.is_some());
        for line in past {
            if let Err(place) = self.lines.binary_search_by_key(&key(&line), |known| key(known)) {
                self.lines.insert(place, Arc::new(line));
            }
        }
        while self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The lines that the filters let through: messages only when asked for, and only those that contain `text`,
    /// whatever the case.
    pub(crate) fn filtered(&self, messages: bool, text: &str) -> Vec<Arc<Line>> {
        let wanted = text.trim().to_ascii_lowercase();
        self.lines
            .iter()
            .filter(|line| messages || line.subject != Subject::Message)
            .filter(|line| wanted.is_empty() || line.text.to_ascii_lowercase().contains(&wanted))
            .cloned()
            .collect()
    }
}

/// The lines of a stretch of history by node: only this run's, and only up to the snapshot, whose later events arrive
/// on the bus.
pub(crate) fn history(events: &[Event], run: RunId, snapshot: Seq) -> BTreeMap<NodeName, Vec<Line>> {
    let begin = events
        .iter()
        .rposition(|event| matches!(&event.kind, EventKind::RunStarted { run: of, .. } if *of == run))
        .unwrap_or(0);
    let mut lines: BTreeMap<NodeName, Vec<Line>> = BTreeMap::new();
    for event in events[begin..].iter().filter(|event| event.seq <= snapshot) {
        if let (Some(node), Some(line)) = (&event.node, Line::of(event)) {
            lines.entry(node.clone()).or_default().push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message, name};
    use ringleader_shared::{RingSettings, RingView};

    fn said(seq: u64, text: &str) -> Event {
        event(seq, Some("A"), EventKind::Log { text: text.to_owned() })
    }

    fn line(seq: u64) -> Line {
        Line::of(&said(seq, &format!("line {seq}"))).expect("a line")
    }

    fn numbers(log: &NodeLog) -> Vec<u64> {
        log.filtered(true, "").iter().map(|line| line.seq.0).collect()
    }

    #[test]
    fn history_comes_before_what_is_there_and_nothing_is_doubled() {
        let mut log = NodeLog::default();
        log.push(line(5));
        log.push(line(6));
        log.fill(vec![line(3), line(4), line(5)]);
        assert_eq!(numbers(&log), [3, 4, 5, 6]);
    }

    #[test]
    fn the_oldest_lines_go_first() {
        let mut log = NodeLog::default();
        for seq in 10..=600 {
            log.push(line(seq));
        }
        assert_eq!((log.len(), numbers(&log)[0]), (KEPT, 101));
        log.fill((1..10).map(line).collect());
        assert_eq!((log.len(), numbers(&log)[0]), (KEPT, 101));
    }

    #[test]
    fn messages_show_only_when_asked_for() {
        let mut log = NodeLog::default();
        log.push(line(1));
        let sent = EventKind::Sent { message: message("A", 1), to: name("B"), hold_us: 0 };
        log.push(Line::of(&event(2, Some("A"), sent)).expect("a line"));
        assert_eq!(log.filtered(false, "").len(), 1);
        assert_eq!(log.filtered(true, "ELECTION").len(), 1);
        assert_eq!(log.filtered(true, "nothing like it").len(), 0);
    }

    #[test]
    fn a_gap_stands_before_the_first_missed_event() {
        let mut log = NodeLog::default();
        log.push(line(1));
        log.push(Line::gap(Seq(2), Seq(3)));
        log.fill(vec![line(2), line(3)]);
        let texts: Vec<String> = log.filtered(true, "").iter().map(|line| line.text.clone()).collect();
        assert!(texts[1].contains("fell behind"), "{texts:?}");
        assert_eq!(numbers(&log), [1, 2, 2, 3]);
    }

    #[test]
    fn history_is_of_this_run_and_ends_at_the_snapshot() {
        let run = RingView::empty().run;
        let started = EventKind::RunStarted { run, members: Vec::new(), settings: RingSettings::default() };
        let events = [said(1, "before"), event(2, None, started), said(3, "in"), said(4, "after")];
        let lines = history(&events, run, Seq(3));
        let texts: Vec<&str> = lines[&name("A")].iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["in"]);
    }
}
