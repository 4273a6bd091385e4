//! The history of the bus: the newest events, each with the text of its frame, and their runs.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;
use ringleader_shared::bus::BusFrame;
use ringleader_shared::{Event, EventKind, RunId, Seq};

/// The number of events in the history. At about 400 bytes each, twice: 8 MB.
pub const HISTORY: usize = 10_000;

/// The beginning of the text of an event's frame; the frame ends with one brace.
const ENVELOPE: &str = r#"{"type":"event","event":"#;

/// The position of a reader: the number of the last event that it has seen, and that event's run if
/// known. Numbers of one server continue from run to run; those of another server begin again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPosition {
    /// The run.
    pub run: Option<RunId>,
    /// The number.
    pub seq: Seq,
}

impl From<Seq> for EventPosition {
    fn from(seq: Seq) -> Self {
        Self { run: None, seq }
    }
}

/// An event of the bus with its text.
#[derive(Debug, Clone)]
pub struct PublishedEvent {
    /// The event.
    pub event: Arc<Event>,
    /// The same as JSON.
    pub text: Bytes,
}

/// The newest events of a bus.
#[derive(Debug, Default)]
pub(super) struct History {
    events: VecDeque<(Arc<Event>, Utf8Bytes)>,
    /// The sequence number of the last event; 0 before the first.
    newest: Seq,
    /// The first event of each run of which there are some, oldest first.
    runs: VecDeque<(Seq, RunId)>,
    /// The number of events that are about refused connections.
    refusals: usize,
}

impl History {
    /// Adds the next event; `run` is the run that begins with it, if one does.
    pub(super) fn push(&mut self, event: Event, run: Option<RunId>) {
        self.newest = event.seq;
        self.runs.extend(run.map(|run| (event.seq, run)));
        self.refusals += usize::from(is_refusal(&event));
        let frame = BusFrame::Event { event: Box::new(event.clone()) };
        let text = serde_json::to_string(&frame).unwrap_or_default();
        self.events.push_back((Arc::new(event), text.into()));
        // Events caused by strangers have room of their own, so they push no event of the ring out.
        while self.events.len() - self.refusals > HISTORY || self.refusals > HISTORY {
            let oldest = self.events.pop_front();
            self.refusals -= usize::from(oldest.is_some_and(|(event, _)| is_refusal(&event)));
        }
        let oldest = self.bounds().0;
        while self.runs.get(1).is_some_and(|(first, _)| *first <= oldest) {
            self.runs.pop_front();
        }
    }

    /// The oldest and the newest sequence number.
    pub(super) fn bounds(&self) -> (Seq, Seq) {
        (self.events.front().map_or(self.newest.next(), |(event, _)| event.seq), self.newest)
    }

    /// The events after `after`, at most `limit`.
    pub(super) fn events(&self, after: Seq, limit: usize) -> impl Iterator<Item = &Event> {
        self.after(after).take(limit).map(|(event, _)| event.as_ref())
    }

    /// The frames of the events after `after`, at most `limit`, as JSON.
    pub(super) fn frames(&self, after: Seq, limit: usize) -> impl Iterator<Item = &Utf8Bytes> {
        self.after(after).take(limit).map(|(_, text)| text)
    }

    /// The events after `after`, at most `limit`, as JSON.
    pub(super) fn texts(&self, after: Seq, limit: usize) -> impl Iterator<Item = Bytes> {
        self.frames(after, limit).map(text_of)
    }

    /// The events after `after` with their texts, at most `limit`.
    pub(super) fn published(&self, after: Seq, limit: usize) -> impl Iterator<Item = PublishedEvent> {
        let published = |(event, frame): &(Arc<Event>, Utf8Bytes)| PublishedEvent {
            event: Arc::clone(event),
            text: text_of(frame),
        };
        self.after(after).take(limit).map(published)
    }

    fn after(&self, after: Seq) -> impl Iterator<Item = &(Arc<Event>, Utf8Bytes)> {
        let skipped = after.next().0.saturating_sub(self.bounds().0.0);
        self.events.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }

    /// The run of an event; `None` before the first run. An event before the first run counts as one of the
    /// first run.
    pub(super) fn run_at(&self, seq: Seq) -> Option<RunId> {
        let run = self.runs.iter().rev().find(|(first, _)| *first <= seq).or_else(|| self.runs.front());
        run.map(|(_, run)| *run)
    }
}

/// The text of the event in a frame. A frame is the event in an envelope: the text is shared, not serialized
/// again.
fn text_of(frame: &Utf8Bytes) -> Bytes {
    let bytes = Bytes::from(frame.clone());
    bytes.slice(ENVELOPE.len()..bytes.len() - 1)
}

fn is_refusal(event: &Event) -> bool {
    matches!(event.kind, EventKind::Refused { .. })
}

#[cfg(test)]
mod tests {
    use ringleader_shared::Incarnation;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_run_is_remembered_as_long_as_its_events() {
        let mut history = History::default();
        for seq in 1..=HISTORY as u64 + 1 {
            let (node, incarnation, kind) = (None, Incarnation(0), EventKind::Paused);
            let event = Event { seq: Seq(seq), at_us: 0, node, incarnation, lamport: 0, kind };
            history.push(event, (seq % 2 == 1 && seq < 5).then(|| RunId(Uuid::from_u128(seq.into()))));
        }
        assert_eq!(history.runs, [(Seq(1), RunId(Uuid::from_u128(1))), (Seq(3), RunId(Uuid::from_u128(3)))]);
        let (node, incarnation, kind) = (None, Incarnation(0), EventKind::Paused);
        let event = Event { seq: history.newest.next(), at_us: 0, node, incarnation, lamport: 0, kind };
        history.push(event, None);
        assert_eq!(history.runs, [(Seq(3), RunId(Uuid::from_u128(3)))]);
    }
}
