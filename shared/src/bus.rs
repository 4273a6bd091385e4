//! The live bus, `GET /ws?after=SEQ`: what the server sends to a subscriber, one WebSocket text message each.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::event::Event;
use crate::id::{RunId, Seq};
use crate::json::take;
use crate::view::RingView;

/// A frame that a subscriber receives.
///
/// The first frame is `Resumed` when `after` was given, named an event of this server, and every later one is
/// still in the history, else `Snapshot`. After that come `Event`s without a gap. A subscriber that falls
/// behind gets `Missed` and then a fresh `Snapshot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BusFrame {
    /// The ring as it is after the event `ring.seq`.
    Snapshot {
        /// The ring.
        ring: Box<RingView>,
        /// The server's clock when this was sent, in microseconds since its start, as in the events.
        at_us: u64,
    },
    /// The subscription goes on: the next frame is the event after this one.
    Resumed {
        /// The number in the `after` of the request.
        after: Seq,
        /// The run of that event. Where the request named none, and this is not the run in which the
        /// subscriber saw it, the server is another one.
        run: RunId,
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

/// Read by hand, as events are and for the same reason.
impl<'de> Deserialize<'de> for BusFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn read(mut fields: Map<String, Value>) -> Result<BusFrame, String> {
    let kind: String = take(&mut fields, "type")?;
    Ok(match kind.as_str() {
        "snapshot" => {
            BusFrame::Snapshot { ring: take(&mut fields, "ring")?, at_us: take(&mut fields, "at_us")? }
        }
        "resumed" => BusFrame::Resumed { after: take(&mut fields, "after")?, run: take(&mut fields, "run")? },
        "event" => BusFrame::Event { event: take(&mut fields, "event")? },
        "missed" => BusFrame::Missed { first: take(&mut fields, "first")?, last: take(&mut fields, "last")? },
        other => return Err(format!("there is no frame of type {other:?}")),
    })
}
