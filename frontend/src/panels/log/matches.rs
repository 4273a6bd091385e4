//! The events that have a row: a line that the filter admits.

use std::collections::VecDeque;

use ringleader_shared::event::MessageInfo;
use ringleader_shared::timeline::{Position, Timeline};
use ringleader_shared::{Event, EventKind, Incarnation, MessageId, Term};

use crate::state::{Line, LineFilter, LogChoice};

/// The number of events between two looks at the clock.
const CHUNK: u64 = 64;

/// The beginning of a word that names a term.
const TERM: &str = "term:";

/// The term and the message that a filter names, as in `term:2` and `message:A.1.17`: the seventeenth message
/// of A's first start.
#[derive(Debug, Default, PartialEq, Eq)]
struct About {
    term: Option<Term>,
    message: Option<MessageId>,
}

fn message_of(kind: &EventKind) -> Option<&MessageInfo> {
    match kind {
        EventKind::Sent { message, .. }
        | EventKind::Received { message, .. }
        | EventKind::Dropped { message, .. }
        | EventKind::Lost { message, .. }
        | EventKind::Injected { message, .. } => Some(message),
        _ => None,
    }
}

impl About {
    /// Reads the words that name something. Returns the others as well.
    fn read(words: &str) -> (Self, String) {
        let (mut about, mut rest) = (Self::default(), Vec::new());
        for word in words.split_whitespace() {
            let term = word.strip_prefix(TERM).and_then(|term| term.parse().ok());
            let message = word.strip_prefix(LogChoice::MESSAGE).and_then(|id| {
                let mut parts = id.split('.');
                let (from, incarnation, number) = (parts.next()?, parts.next()?, parts.next()?);
                let incarnation = Incarnation(incarnation.parse().ok()?);
                Some(MessageId { from: from.parse().ok()?, incarnation, number: number.parse().ok()? })
            });
            match (term, message) {
                (Some(term), _) => about.term = Some(Term(term)),
                (None, Some(message)) => about.message = Some(message),
                // A word that is being typed is like any other.
                (None, None) => rest.push(word),
            }
        }
        (about, rest.join(" "))
    }

    fn admits(&self, event: &Event) -> bool {
        let message = message_of(&event.kind);
        let term = match &event.kind {
            EventKind::RoleChanged { term, .. } => Some(*term),
            _ => message.map(|message| message.term),
        };
        let is_its = self.message.is_none() || self.message.as_ref() == message.map(|message| &message.id);
        is_its && (self.term.is_none() || self.term == term)
    }
}

/// The events that were found so far: those between two positions.
#[derive(Debug, Default)]
pub(super) struct Matches {
    filter: LogChoice,
    about: About,
    lines: LineFilter,
    searched: Option<(Position, Position)>,
    found: VecDeque<Position>,
}

impl Matches {
    /// Begins anew when the filter is another one.
    pub(super) fn begin(&mut self, filter: LogChoice) {
        if self.filter != filter {
            let (about, words) = About::read(&filter.words);
            self.lines = LineFilter::read(filter.kinds, &words);
            self.about = about;
            self.filter = filter;
            self.searched = None;
            self.found.clear();
        }
    }

    /// The number of events that were found.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// The number of those up to a position.
    pub(super) fn count_until(&self, position: Position) -> usize {
        self.found.partition_point(|found| *found <= position)
    }

    /// So many of those that were found, from a place on: the positions after them.
    pub(super) fn positions(&self, first: usize, count: usize) -> impl Iterator<Item = Position> {
        self.found.iter().skip(first).take(count).copied()
    }

    fn admits(&self, event: &Event, simulated: bool) -> bool {
        let is_its = self.filter.node.is_none() || event.node == self.filter.node;
        is_its
            && event.node.is_some()
            && self.about.admits(event)
            && Line::of(event, simulated).is_some_and(|line| self.lines.admits(&line))
    }

    /// Goes on with the search until it is late: first through what is new, then back into the past. Returns
    /// whether there is more, and the number of rows that came in before the others.
    pub(super) fn search(
        &mut self,
        timeline: &Timeline,
        simulated: bool,
        is_late: impl Fn() -> bool,
    ) -> (bool, usize) {
        let (begin, end) = (timeline.begin(), timeline.end());
        // What was forgotten has no rows any more.
        let known = self.searched.filter(|(from, to)| *to >= begin && *from <= end && *to <= end);
        if known.is_none() {
            self.found.clear();
        }
        let (mut from, mut to) = known.unwrap_or((end, end));
        while self.found.front().is_some_and(|found| *found <= begin) {
            self.found.pop_front();
        }
        from = from.max(begin);
        let mut earlier = 0;
        let mut looked = 0;
        let mut may_go_on = || {
            looked += 1;
            looked % CHUNK != 0 || !is_late()
        };
        while to < end && may_go_on() {
            let event = timeline.event_after(to);
            to = Position(to.0 + 1);
            if event.is_some_and(|event| self.admits(event, simulated)) {
                self.found.push_back(to);
            }
        }
        while to == end && from > begin && may_go_on() {
            if timeline.event_before(from).is_some_and(|event| self.admits(event, simulated)) {
                self.found.push_front(from);
                earlier += 1;
            }
            from = Position(from.0 - 1);
        }
        self.searched = Some((from, to));
        (to < end || from > begin, earlier)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::state::Kinds;
    use crate::testing::message;
    use crate::testing::{event, name};
    use ringleader_shared::RingView;
    use ringleader_shared::Role;

    fn timeline(events: u64) -> Timeline {
        let mut timeline = Timeline::new(RingView::empty(), 100_000);
        for seq in 1..=events {
            let node = if seq % 3 == 0 { "B" } else { "A" };
            let text = format!("line {seq}");
            timeline.push(Arc::new(event(seq, Some(node), EventKind::Stderr { text })));
        }
        timeline
    }

    fn all(matches: &Matches) -> Vec<u64> {
        matches.positions(0, usize::MAX).map(|position| position.0).collect()
    }

    #[test]
    fn the_newest_are_found_first_and_the_rest_little_by_little() {
        let timeline = timeline(1_000);
        let mut matches = Matches::default();
        assert_eq!(matches.search(&timeline, false, || true), (true, 63));
        assert_eq!(all(&matches).last(), Some(&1_000));
        while matches.search(&timeline, false, || true).0 {}
        assert_eq!(all(&matches), (1..=1_000).collect::<Vec<_>>());
        assert_eq!(matches.count_until(Position(17)), 17);
    }

    #[test]
    fn what_is_new_comes_at_the_end_and_what_was_forgotten_goes() {
        let mut ring = timeline(10);
        let mut matches = Matches::default();
        while matches.search(&ring, false, || false).0 {}
        ring.push(Arc::new(event(11, Some("A"), EventKind::Stderr { text: "new".to_owned() })));
        assert_eq!(matches.search(&ring, false, || false), (false, 0));
        assert_eq!(all(&matches).len(), 11);
        ring.forget_after(Position(4), &RingView::empty());
        while matches.search(&ring, false, || false).0 {}
        assert_eq!(all(&matches), [1, 2, 3, 4]);
    }

    #[test]
    fn a_term_and_a_message_are_named_by_words_of_their_own() {
        let mut timeline = Timeline::new(RingView::empty(), 100);
        let sent = |number| EventKind::Sent { message: message("A", number), to: name("B"), hold_us: 0 };
        let role =
            EventKind::RoleChanged { role: Role::Candidate, term: Term(2), leader: None, deputy: None };
        for (seq, kind) in (1..).zip([sent(1), role, sent(2)]) {
            timeline.push(Arc::new(event(seq, Some("A"), kind)));
        }
        let found = |words: &str| {
            let mut matches = Matches::default();
            matches.begin(LogChoice { words: words.to_owned(), kinds: Kinds::WithMessages, node: None });
            while matches.search(&timeline, false, || false).0 {}
            all(&matches)
        };
        assert_eq!((found("term:1"), found("term:2"), found("term:7")), (vec![1, 3], vec![2], vec![]));
        assert_eq!(found(&LogChoice::of_message(&message("A", 2).id).words), [3]);
        assert_eq!((found("message:A.1"), found("term:")), (vec![], vec![]), "words that are being typed");
    }

    #[test]
    fn a_filter_admits_a_nodes_lines_with_its_words() {
        let timeline = timeline(30);
        let mut matches = Matches::default();
        let node = Some(name("B"));
        matches.begin(LogChoice { node, words: "line -12 -21".to_owned(), ..LogChoice::default() });
        while matches.search(&timeline, false, || false).0 {}
        assert_eq!(all(&matches), [3, 6, 9, 15, 18, 24, 27, 30]);
    }
}
