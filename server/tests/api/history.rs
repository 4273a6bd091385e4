//! The history in pages, and the bus that goes on where it ends.

use std::time::Instant;

use ringleader_shared::api::EventPage;
use ringleader_shared::bus::BusFrame;
use ringleader_shared::{RingView, Seq};
use ringleader_testing::server::{PATIENCE, Server, raw};

#[test]
fn the_history_comes_in_pages_without_a_gap() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let mut after = 0;
    for _ in 0..5 {
        let page: EventPage = server.get(&format!("/api/v1/events?after={after}&limit=7"));
        let places: Vec<u64> = page.events.iter().map(|event| event.seq.0).collect();
        assert_eq!(places, (after + 1..=after + 7).collect::<Vec<_>>());
        assert_eq!(page.oldest, Seq(1));
        assert!(page.newest.0 >= after + 7);
        after += 7;
    }
    let all: EventPage = server.get("/api/v1/events");
    assert_eq!(all.events[0].kind.as_str(), "run_started");
    let beyond: EventPage = server.get(&format!("/api/v1/events?after={}", u64::MAX));
    assert!(beyond.events.is_empty());
    for query in
        ["limit=0", "limit=5001", "limit=-1", "after=x", "after=18446744073709551616", "before=1", "after="]
    {
        server.call("GET", &format!("/api/v1/events?{query}"), None).problem(400);
    }
}

#[test]
fn the_events_make_the_ring_that_the_server_shows() {
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
    let shown = server.ring();
    let mut made = RingView::empty();
    server.events().iter().filter(|event| event.seq <= shown.seq).for_each(|event| made.apply(event));
    assert_eq!(made, shown);
}

#[test]
fn the_bus_begins_with_a_snapshot_or_goes_on_where_it_was_left() {
    let server = Server::start();
    let deadline = Instant::now() + PATIENCE;
    let Some(BusFrame::Snapshot { ring, .. }) = server.subscribe(None).next_frame(deadline) else {
        panic!("a subscriber without a place gets a snapshot")
    };
    let left = Seq(ring.seq.0 - 3);
    let mut bus = server.subscribe(Some(left));
    assert_eq!(bus.next_frame(deadline), Some(BusFrame::Resumed { after: left, run: ring.run }));
    server.initiate("A");
    let history = server.wait_for_leader("D", Some("C")).seq;
    for place in left.0 + 1..=history.0 {
        let Some(BusFrame::Event { event }) = bus.next_frame(deadline) else { panic!("event {place}") };
        assert_eq!(event.seq, Seq(place));
    }
    for unknown in [history.0 + 1_000_000, u64::MAX] {
        let first = server.subscribe(Some(Seq(unknown))).next_frame(deadline);
        assert!(matches!(first, Some(BusFrame::Snapshot { .. })), "{unknown}: {first:?}");
    }
}

#[test]
fn a_place_with_its_run_goes_on_across_a_reset_and_never_on_another_server() {
    let former = Server::start();
    let (run, seq) = (former.ring().run, former.ring().seq);
    let place = format!("{run}:{seq}");
    former.post("/api/v1/reset");
    let server = Server::start();
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    assert!(server.ring().seq > seq, "the other server has an event of this number, too");
    let deadline = Instant::now() + PATIENCE;
    let first = former.subscribe_at(&place).next_frame(deadline);
    assert_eq!(first, Some(BusFrame::Resumed { after: seq, run }));
    let first = server.subscribe_at(&place).next_frame(deadline);
    assert!(matches!(first, Some(BusFrame::Snapshot { .. })), "{first:?}");
    // Without the run the frame names the run of the event after which it continues.
    let Some(BusFrame::Resumed { run: other, .. }) = server.subscribe(Some(seq)).next_frame(deadline) else {
        panic!("the number alone is known to both")
    };
    assert_ne!(other, run);
    former.get::<EventPage>(&format!("/api/v1/events?after={place}"));
    server.call("GET", &format!("/api/v1/events?after={place}"), None).problem(409);
}

#[test]
fn the_bus_wants_a_websocket_and_a_place_that_can_be_read() {
    let server = Server::spawn(&[]);
    server.call("GET", "/ws", None).problem(426);
    for query in ["after=x", "after=-1", "before=1"] {
        let mut headers = vec![("Host", server.authority.as_bytes())];
        headers.extend(raw::UPGRADE);
        let request = raw::request("GET", &format!("/ws?{query}"), &headers, b"");
        raw::send(&server.authority, &request).0.problem(400);
    }
}
