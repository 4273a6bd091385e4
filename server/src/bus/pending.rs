//! Events that have no sequence number yet, in the order in which they happened.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ringleader_shared::{EventKind, Incarnation, NodeName};

/// An event that has no sequence number yet.
#[derive(Debug)]
pub struct PendingEvent {
    /// The event's node.
    pub node: Option<NodeName>,
    /// The start of that node.
    pub incarnation: Incarnation,
    /// The node's Lamport clock.
    pub lamport: u64,
    /// The time of the event by the monotonic clock, in nanoseconds.
    pub at_ns: u64,
    /// The kind of the event.
    pub kind: EventKind,
}

/// Events that wait for earlier ones.
#[derive(Debug, Default)]
pub(super) struct WaitingEvents {
    /// The earliest is the greatest.
    events: BinaryHeap<Reverse<Waiting>>,
    arrivals: u64,
}

impl WaitingEvents {
    /// Adds an event.
    pub(super) fn push(&mut self, event: PendingEvent) {
        self.arrivals += 1;
        self.events.push(Reverse(Waiting { arrival: self.arrivals, event }));
    }

    /// The time of the earliest event, by the monotonic clock, in nanoseconds.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.events.peek().map(|Reverse(next)| next.event.at_ns)
    }

    /// Removes the earliest event, if it happened until `at_ns`.
    pub(super) fn pop_until(&mut self, at_ns: u64) -> Option<PendingEvent> {
        self.next_ns().filter(|next_ns| *next_ns <= at_ns)?;
        self.events.pop().map(|Reverse(next)| next.event)
    }
}

/// An event that waits, ordered by the time at which it happened, then by its arrival.
#[derive(Debug)]
struct Waiting {
    arrival: u64,
    event: PendingEvent,
}

impl Waiting {
    fn key(&self) -> (u64, u64) {
        (self.event.at_ns, self.arrival)
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
