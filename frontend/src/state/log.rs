//! One node's log: the newest [`KEPT`] lines, in the order of the bus, none twice.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ringleader_shared::event::EventKind;
use ringleader_shared::{Event, MessageId, NodeName, RunId, Seq};

use crate::text::{self, Subject};

/// The number of lines that a log keeps.
pub(crate) const KEPT: usize = 500;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number of its event.
    pub(crate) seq: Seq,
    /// The time of its event, in microseconds since the server started; `None` for the page's own notes.
    pub(crate) at_us: Option<u64>,
    /// Its subject.
    pub(crate) subject: Subject,
    /// Its text.
    pub(crate) text: String,
}

impl Line {
    /// The line of this event, if it has one.
    pub(crate) fn of(event: &Event, simulated: bool) -> Option<Self> {
        text::line(event, simulated).map(|(subject, text)| Self {
            seq: event.seq,
            at_us: Some(event.at_us),
            subject,
            text,
        })
    }

    /// The page's own note that events are missing.
    pub(crate) fn gap(first: Seq, last: Seq) -> Self {
        Self {
            seq: first,
            at_us: None,
            subject: Subject::Page,
            text: format!("the page fell behind (events {first} to {last}) and took a fresh snapshot"),
        }
    }

    /// The page's own note that events of a kept run are missing.
    pub(crate) fn missing(first: Seq, last: Seq) -> Self {
        Self { seq: first, at_us: None, subject: Subject::Page, text: text::missing(first, last) }
    }

    /// The line as text for the clipboard, with its run and node.
    pub(crate) fn to_text(&self, run: RunId, node: &NodeName) -> String {
        let stamp = self.at_us.map_or_else(|| "--:--.------".to_owned(), text::stamp);
        format!("run {:.8} {node} {stamp}  {}", run.to_string(), self.text)
    }
}

/// A choice of kinds of lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// All lines but messages, which are many.
    #[default]
    Events,
    /// All lines.
    WithMessages,
    /// Decisions of the node and changes of its role.
    Decisions,
}

impl Kinds {
    /// Every choice: its value in the list and its label.
    pub(crate) const ALL: [(&str, &str); 3] =
        [("events", "events"), ("messages", "+ messages"), ("decisions", "decisions only")];

    /// The choice of this value.
    pub(crate) fn named(value: &str) -> Self {
        match value {
            "messages" => Self::WithMessages,
            "decisions" => Self::Decisions,
            _ => Self::Events,
        }
    }

    /// The value in the list.
    pub(crate) const fn value(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::WithMessages => "messages",
            Self::Decisions => "decisions",
        }
    }

    fn admits(self, subject: Subject) -> bool {
        match self {
            Self::Events => subject != Subject::Message,
            Self::WithMessages => true,
            Self::Decisions => matches!(subject, Subject::Decision | Subject::Role | Subject::Page),
        }
    }
}

/// The reader's choice of lines in the log of all nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogChoice {
    /// The node; all, when none is chosen.
    pub(crate) node: Option<NodeName>,
    /// The kinds of lines.
    pub(crate) kinds: Kinds,
    /// The words that occur, and with a `-` those that do not.
    pub(crate) words: String,
}

impl LogChoice {
    /// The beginning of a word that names a message.
    pub(crate) const MESSAGE: &str = "message:";

    /// All lines about one message.
    pub(crate) fn of_message(MessageId { from, incarnation, number }: &MessageId) -> Self {
        let words = format!("{}{from}.{incarnation}.{number}", Self::MESSAGE);
        Self { node: None, kinds: Kinds::WithMessages, words }
    }
}

/// A filter: lines of these kinds, with all words of `with` and none of `without`, in upper or lower case.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    kinds: Kinds,
    with: Vec<String>,
    without: Vec<String>,
}

impl Filter {
    /// Parses a filter: words with spaces between them; a word with a `-` before it must not occur.
    pub(crate) fn read(kinds: Kinds, text: &str) -> Self {
        let mut filter = Self { kinds, ..Self::default() };
        for word in text.to_ascii_lowercase().split_whitespace() {
            match word.strip_prefix('-') {
                // A word that is being typed, or the text of an arrow.
                Some("") => {}
                Some(without) => filter.without.push(without.to_owned()),
                None => filter.with.push(word.to_owned()),
            }
        }
        filter
    }

    /// Whether it admits a line.
    pub(crate) fn admits(&self, line: &Line) -> bool {
        if !self.kinds.admits(line.subject) {
            return false;
        }
        if self.with.is_empty() && self.without.is_empty() {
            return true;
        }
        let text = line.text.to_ascii_lowercase();
        self.with.iter().all(|word| text.contains(word))
            && !self.without.iter().any(|word| text.contains(word))
    }
}

/// The newest lines of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NodeLog {
    lines: VecDeque<Arc<Line>>,
    /// Whether older lines of this run are missing.
    older_gone: bool,
}

impl NodeLog {
    /// An empty log; `older_gone` is whether older lines of this run are missing.
    pub(crate) fn since(older_gone: bool) -> Self {
        Self { lines: VecDeque::new(), older_gone }
    }

    /// Adds a line that is newer than all others.
    pub(crate) fn push(&mut self, line: Line) {
        self.lines.push_back(Arc::new(line));
        self.forget_oldest();
    }

    fn forget_oldest(&mut self) {
        while self.lines.len() > KEPT {
            self.lines.pop_front();
            self.older_gone = true;
        }
    }

    /// Adds lines of the past that are not there yet. `complete` is whether they begin with the run.
    pub(crate) fn fill(&mut self, past: Vec<Line>, complete: bool) {
        self.older_gone |= !complete;
        // A note of the page has the number of the event that follows it.
        let key = |line: &Line| (line.seq, line.at_us.is_some());
        for line in past {
            if let Err(place) = self.lines.binary_search_by_key(&key(&line), |known| key(known)) {
                self.lines.insert(place, Arc::new(line));
            }
        }
        self.forget_oldest();
    }

    /// The number of lines as text, when this many of them are shown.
    pub(crate) fn count(&self, shown: usize) -> String {
        let kept = self.lines.len();
        let mut text = if shown < kept { format!("{shown} of {kept}") } else { kept.to_string() };
        if self.older_gone {
            text.push_str(", older ones are gone");
        }
        text
    }

    /// The number of lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The lines of these kinds that match a filter as it was typed.
    pub(crate) fn filtered(&self, kinds: Kinds, text: &str) -> Vec<Arc<Line>> {
        let filter = Filter::read(kinds, text);
        self.lines.iter().filter(|line| filter.admits(line)).cloned().collect()
    }
}

/// Whether an event begins this run.
pub(super) fn begins(run: RunId) -> impl Fn(&Event) -> bool {
    move |event| matches!(&event.kind, EventKind::RunStarted { run: begun, .. } if *begun == run)
}

/// The lines of a part of the history by node, and whether they begin with the run. Only events of this run
/// count, up to the snapshot; later events arrive on the bus.
pub(crate) fn history(events: &[Event], run: RunId, snapshot: Seq) -> (BTreeMap<NodeName, Vec<Line>>, bool) {
    let begin = events.iter().rposition(begins(run));
    let complete = begin.is_some();
    let begin = begin.unwrap_or(0);
    let mut lines: BTreeMap<NodeName, Vec<Line>> = BTreeMap::new();
    for event in events[begin..].iter().filter(|event| event.seq <= snapshot) {
        if let (Some(node), Some(line)) = (&event.node, Line::of(event, false)) {
            lines.entry(node.clone()).or_default().push(line);
        }
    }
    (lines, complete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message, name};
    use ringleader_shared::{RingSettings, RingView, Term};

    fn said(seq: u64, text: &str) -> Event {
        event(seq, Some("A"), EventKind::Stderr { text: text.to_owned() })
    }

    fn line(seq: u64) -> Line {
        let line = Line::of(&said(seq, &format!("line {seq}")), false).expect("a line");
        Line { subject: Subject::Decision, ..line }
    }

    fn numbers(log: &NodeLog) -> Vec<u64> {
        log.filtered(Kinds::WithMessages, "").iter().map(|line| line.seq.0).collect()
    }

    #[test]
    fn history_comes_before_what_is_there_and_nothing_is_doubled() {
        let mut log = NodeLog::default();
        log.push(line(5));
        log.push(line(6));
        log.fill(vec![line(3), line(4), line(5)], true);
        assert_eq!(numbers(&log), [3, 4, 5, 6]);
    }

    #[test]
    fn the_oldest_lines_go_first() {
        let mut log = NodeLog::default();
        for seq in 10..=600 {
            log.push(line(seq));
        }
        assert_eq!((log.len(), numbers(&log)[0]), (KEPT, 101));
        log.fill((1..10).map(line).collect(), true);
        assert_eq!((log.len(), numbers(&log)[0]), (KEPT, 101));
    }

    #[test]
    fn messages_show_only_when_asked_for() {
        let mut log = NodeLog::default();
        log.push(line(1));
        let sent = EventKind::Sent { message: message("A", 1), to: name("B"), hold_us: 0 };
        log.push(Line::of(&event(2, Some("A"), sent), false).expect("a line"));
        let shown = |kinds, text| log.filtered(kinds, text).len();
        assert_eq!(shown(Kinds::Events, ""), 1);
        assert_eq!(shown(Kinds::Decisions, ""), 1);
        assert_eq!(shown(Kinds::WithMessages, "ELECTION"), 1);
        assert_eq!(shown(Kinds::WithMessages, "nothing like it"), 0);
    }

    #[test]
    fn a_word_with_a_minus_must_not_occur() {
        let mut log = NodeLog::default();
        for (seq, text) in
            [(1, "passing on D (120): higher"), (2, "passing on C (110)"), (3, "Successor is B")]
        {
            log.push(Line::of(&said(seq, text), false).expect("a line"));
        }
        let shown = |text| {
            let lines = log.filtered(Kinds::Events, text);
            lines.iter().map(|line| line.seq.0).collect::<Vec<_>>()
        };
        assert_eq!(shown("passing -higher"), [2]);
        assert_eq!(shown("-PASSING"), [3]);
        assert_eq!(shown("on passing"), [1, 2]);
        assert_eq!((shown("-").len(), shown("").len()), (3, 3));
    }

    #[test]
    fn decisions_only_leaves_out_links_and_processes() {
        let mut log = NodeLog::default();
        log.push(line(1));
        log.push(Line::of(&event(2, Some("A"), EventKind::Paused), false).expect("a line"));
        assert_eq!(log.filtered(Kinds::Events, "").len(), 2);
        assert_eq!(log.filtered(Kinds::Decisions, "").len(), 1);
    }

    #[test]
    fn the_count_says_what_is_shown_and_what_is_gone() {
        let mut log = NodeLog::default();
        (1..=500).for_each(|seq| log.push(line(seq)));
        assert_eq!((log.count(500), log.count(268)), ("500".to_owned(), "268 of 500".to_owned()));
        log.push(line(501));
        assert_eq!(log.count(268), "268 of 500, older ones are gone");
        let mut late = NodeLog::default();
        late.fill(vec![line(1)], false);
        assert_eq!(late.count(1), "1, older ones are gone");
    }

    #[test]
    fn a_copied_line_carries_run_node_and_microseconds() {
        let text = line(2).to_text(RingView::empty().run, &name("A"));
        assert_eq!(text, "run 00000000 A 00:00.002000  line 2");
    }

    #[test]
    fn a_gap_stands_before_the_first_missed_event() {
        let mut log = NodeLog::default();
        log.push(line(1));
        log.push(Line::gap(Seq(2), Seq(3)));
        log.fill(vec![line(2), line(3)], true);
        let texts: Vec<String> =
            log.filtered(Kinds::WithMessages, "").iter().map(|line| line.text.clone()).collect();
        assert!(texts[1].contains("fell behind"), "{texts:?}");
        assert_eq!(numbers(&log), [1, 2, 2, 3]);
    }

    #[test]
    fn history_is_of_this_run_and_ends_at_the_snapshot() {
        let run = RingView::empty().run;
        let started = EventKind::RunStarted {
            run,
            members: Vec::new(),
            highest_term: Term::ZERO,
            settings: RingSettings::default(),
        };
        let events = [said(1, "before"), event(2, None, started), said(3, "in"), said(4, "after")];
        let (lines, complete) = history(&events, run, Seq(3));
        assert!(complete && !history(&events[2..], run, Seq(3)).1);
        let texts: Vec<&str> = lines[&name("A")].iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["in"]);
    }
}
