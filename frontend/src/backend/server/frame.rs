//! Reading a frame of the bus.
//!
//! [`BusFrame`] can be deserialised, but by way of a copy of everything: the tag must be seen before the
//! rest. All fields of all frames have different names, so one flat structure does the same with half the
//! code for the browser, and in less time. The test compares the two.

use ringleader_shared::bus::BusFrame;
use ringleader_shared::{Event, RingView, RunId, Seq};
use serde::Deserialize;

use super::json;

/// A frame of any kind.
#[derive(Deserialize)]
struct AnyFrame {
    #[serde(rename = "type")]
    kind: String,
    ring: Option<Box<RingView>>,
    event: Option<Box<Event>>,
    after: Option<Seq>,
    run: Option<RunId>,
    at_us: Option<u64>,
    first: Option<Seq>,
    last: Option<Seq>,
}

/// The frame in this text; `None` when it is not one.
pub(crate) fn read(text: &str) -> Option<BusFrame> {
    let any: AnyFrame = json::read(text).ok()?;
    match any.kind.as_str() {
        "snapshot" => any.ring.zip(any.at_us).map(|(ring, at_us)| BusFrame::Snapshot { ring, at_us }),
        "resumed" => any.after.zip(any.run).map(|(after, run)| BusFrame::Resumed { after, run }),
        "event" => any.event.map(|event| BusFrame::Event { event }),
        "missed" => any.first.zip(any.last).map(|(first, last)| BusFrame::Missed { first, last }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message, name, ring};
    use ringleader_shared::EventKind;

    #[test]
    fn every_frame_is_read_as_it_was_written() {
        let received = EventKind::Received { message: message("C", 3), from: name("C"), travel_us: 310 };
        for frame in [
            BusFrame::Snapshot { ring: Box::new(ring(4).led_by("D", "C", 3)), at_us: 12 },
            BusFrame::Resumed { after: Seq(7), run: ring(4).running().run },
            BusFrame::Event { event: Box::new(event(8, Some("D"), received)) },
            BusFrame::Missed { first: Seq(3), last: Seq(9) },
        ] {
            let text = serde_json::to_string(&frame).expect("a frame can be written");
            assert_eq!(read(&text), Some(frame));
        }
    }

    #[test]
    fn nonsense_is_no_frame() {
        for text in ["", "{}", r#"{"type":"event"}"#, r#"{"type":"gossip"}"#, "[1]"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
