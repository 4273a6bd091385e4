//! The history in pages, written while it is read: an unread answer holds a few events, not thousands.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use ringleader_shared::Seq;

use crate::bus::Bus;

/// The number of events that are written ahead of the reader.
const AHEAD: usize = 32;

/// Returns the events after a position, at most `limit`, as [`ringleader_shared::api::EventPage`].
///
/// Events that leave the history before they were read end the list early. The reader's next page shows
/// it by its oldest event.
pub(super) fn page(bus: Bus, after: Seq, limit: usize) -> Response {
    let (oldest, newest) = bus.bounds();
    let head = format!("{{\"oldest\":{oldest},\"newest\":{newest},\"events\":[");
    // Events that left the history are passed over.
    let after = Seq(after.0.max(oldest.0.saturating_sub(1)));
    // Later events are not in this page.
    let until = Seq(newest.0.min(after.0.saturating_add(limit as u64)));
    let begin = Stage::Events(after, true);
    let events = stream::unfold(begin, move |stage| {
        let next = stage.next(&bus, until);
        std::future::ready(next.map(|(text, stage)| (Ok::<_, std::convert::Infallible>(text), stage)))
    });
    let head = stream::once(std::future::ready(Ok(Bytes::from(head))));
    // The compressor may poll once more after the end.
    let text = head.chain(events).fuse();
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(text)).into_response()
}

/// The progress of writing an answer.
enum Stage {
    /// The events up to this one are written; the flag is true before the first.
    Events(Seq, bool),
    /// Everything is written.
    Over,
}

impl Stage {
    fn next(self, bus: &Bus, until: Seq) -> Option<(Bytes, Self)> {
        let Self::Events(at, first) = self else { return None };
        let left = usize::try_from(until.0.saturating_sub(at.0)).unwrap_or(usize::MAX);
        let texts = bus.texts(at, left.min(AHEAD));
        let is_gone = bus.bounds().0 > at.next();
        if left == 0 || texts.is_empty() || is_gone {
            return Some((Bytes::from_static(b"]}"), Self::Over));
        }
        let mut chunk = Vec::with_capacity(texts.iter().map(|text| text.len() + 1).sum());
        for (text, number) in texts.iter().zip(0..) {
            if !first || number > 0 {
                chunk.push(b',');
            }
            chunk.extend_from_slice(text);
        }
        Some((chunk.into(), Self::Events(Seq(at.0 + texts.len() as u64), false)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::api::EventPage;
    use ringleader_shared::{EventKind, Incarnation};

    async fn read(bus: &Bus, after: u64, limit: usize) -> EventPage {
        let body = page(bus.clone(), Seq(after), limit).into_body();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        serde_json::from_slice(&bytes).expect("a page")
    }

    #[tokio::test]
    async fn a_page_has_just_the_events_that_were_asked_for() {
        let bus = Bus::new();
        for n in 0..100 {
            bus.announce(None, Incarnation(0), EventKind::Stderr { text: n.to_string() });
        }
        for (after, limit, expected) in [
            (0, 5_000, 1..101),
            (0, 1, 1..2),
            (40, 33, 41..74),
            (99, 7, 100..101),
            (100, 7, 0..0),
            (500, 7, 0..0),
        ] {
            let page = read(&bus, after, limit).await;
            let seqs: Vec<u64> = page.events.iter().map(|event| event.seq.0).collect();
            assert_eq!(seqs, expected.collect::<Vec<_>>(), "after {after}, at most {limit}");
            assert_eq!((page.oldest, page.newest), (Seq(1), Seq(100)));
        }
        assert!(read(&Bus::new(), 0, 5).await.events.is_empty());
    }

    #[tokio::test]
    async fn events_that_are_gone_before_they_are_read_end_the_page() {
        let bus = Bus::new();
        let publish = |count: usize| {
            for _ in 0..count {
                bus.announce(None, Incarnation(0), EventKind::Paused);
            }
        };
        publish(100);
        let answer = page(bus.clone(), Seq(0), 100);
        publish(crate::bus::HISTORY + 10);
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        let page: EventPage = serde_json::from_slice(&bytes).expect("a whole page");
        assert!(page.events.is_empty());
    }

    #[tokio::test]
    async fn a_page_that_begins_before_what_is_remembered_begins_with_the_oldest() {
        let bus = Bus::new();
        for _ in 0..crate::bus::HISTORY + 1_000 {
            bus.announce(None, Incarnation(0), EventKind::Paused);
        }
        let page = read(&bus, 0, 5).await;
        let seqs: Vec<u64> = page.events.iter().map(|event| event.seq.0).collect();
        assert_eq!(seqs, (1_001..=1_005).collect::<Vec<_>>());
    }
}
