//! The newest events of a run, and those after the moment shown that were played before.

use ringleader_shared::{Event, Seq};

/// Events without a gap: those before the moment shown, as many as are kept, and perhaps some after it.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// The sequence number of the first.
    first: u64,
    events: Vec<Event>,
}

impl Log {
    /// The fewest events before a moment that are kept.
    pub(super) const KEPT: u64 = 4096;

    /// The most events that are kept, those after the moment among them.
    const MOST: usize = 32_768;

    /// A log that begins after this event.
    pub(super) fn after(seq: Seq) -> Self {
        Self { first: seq.0.saturating_add(1), events: Vec::new() }
    }

    /// Whether all that is kept before the moment after this event is in it.
    pub(super) fn covers(&self, seq: Seq) -> bool {
        let oldest = Self::oldest(seq);
        self.first <= oldest && seq.0 < self.first.saturating_add(self.events.len() as u64)
    }

    /// The first event that is kept before the moment after this one.
    pub(super) fn oldest(seq: Seq) -> u64 {
        seq.0.saturating_sub(Self::KEPT).saturating_add(1)
    }

    /// Appends the events that were reported next, or again; leaves `reported` empty.
    pub(super) fn take(&mut self, reported: &mut Vec<Event>) {
        let next = self.first.saturating_add(self.events.len() as u64);
        let known = reported.iter().take_while(|event| event.seq.0 < next).count();
        self.events.extend(reported.drain(..).skip(known));
        if self.events.len() > Self::MOST {
            let surplus = self.events.len() - Self::MOST / 2;
            self.events.drain(..surplus);
            self.first = self.first.saturating_add(surplus as u64);
        }
    }

    /// Forgets what comes after this event.
    pub(super) fn forget_after(&mut self, seq: Seq) {
        self.events.truncate(self.index(seq.0.saturating_add(1)));
    }

    /// The events that are kept before the moment after this event.
    pub(super) fn until(&self, seq: Seq) -> &[Event] {
        let (from, to) = (self.index(Self::oldest(seq)), self.index(seq.0.saturating_add(1)));
        self.events.get(from..to).unwrap_or_default()
    }

    fn index(&self, seq: u64) -> usize {
        usize::try_from(seq.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.events.len())
    }
}
