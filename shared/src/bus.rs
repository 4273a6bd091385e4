//! The live bus, `GET /ws?after=SEQ`: what the server sends to a subscriber, one WebSocket text message each.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::Seq;
use crate::view::RingView;

/// What a subscriber gets.
///
/// The first frame is `Resumed` when `after` was given and every later event is still in the history, else `Snapshot`.
/// After that come `Event`s without a gap. A subscriber that falls behind gets `Missed` and then a fresh `Snapshot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BusFrame {
    /// The ring as it is after the event `ring.seq`.
    Snapshot {
        /// The ring.
        ring: Box<RingView>,
    },
    /// The subscription goes on: the next frame is the event after this one.
    Resumed {
        /// The `after` of the request.
        after: Seq,
    },
    /// One event.
    Event {
        /// The event.
        event: Box<Event>,
    },
    /// These events will not be sent to this subscriber: it fell behind. A snapshot follows.
    Missed {
        /// The first one missed.
        first: Seq,
        /// The last one missed.
        last: Seq,
    },
}
