//! Costs that can be counted, beside those that were written down: messages, bytes and allocations.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use ringleader_election::classic::ChangRoberts;
use ringleader_shared::Event;
use ringleader_shared::link::LinkFrame;
use ringleader_simulator::algorithms::{Election, Settings};
use ringleader_simulator::{Action, Setup, World};
use ringleader_testing::document::check_counts;

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

/// The members of the ring that elects.
const MEMBERS: u64 = 64;

/// A frame with a message of an election, as a node sends it.
const FRAME: &str = r#"{"id":{"from":"A","incarnation":1,"number":7},"lamport":12,"sent_ns":123456789,"message":{"type":"election","term":1,"initiator":"00000000-0000-4000-8000-000000000001","candidate":{"attribute":120,"id":"00000000-0000-4000-8000-000000000004"},"deputy":null,"hops":2}}"#;

/// The number of allocations of a computation, and its result.
fn allocations<T>(compute: impl FnOnce() -> T) -> (u64, T) {
    let before = dhat::HeapStats::get().total_blocks;
    let result = compute();
    (dhat::HeapStats::get().total_blocks - before, result)
}

#[test]
fn messages_bytes_and_allocations_are_what_they_were() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut counts: Vec<(String, u64)> = Vec::new();
    let mut count = |what: &str, number: u64| counts.push((what.to_owned(), number));

    let attributes: Vec<u64> = (1..=MEMBERS).collect();
    let mut world = World::reporting(Setup::of(&attributes));
    let (blocks, ()) = allocations(|| {
        world.act(Action::Initiate(0));
        world.run_for(Duration::from_secs(1));
    });
    assert!(world.agreed().is_some(), "it elects");
    count("a quiet election of 64: messages", world.cost().ring_messages);
    count("a quiet election of 64, with its links and events: allocations", blocks);
    let bytes = |event: &Event| serde_json::to_string(event).expect("an event is JSON").len() as u64;
    count("a quiet election of 64: bytes of its events", world.events().iter().map(bytes).sum());

    let (blocks, outcome) = allocations(|| Election::<ChangRoberts<u32>>::new(Settings::new(4_096)).run());
    count("Chang–Roberts on 4,096, simulated: messages", outcome.messages);
    count("Chang–Roberts on 4,096, simulated: allocations", blocks);

    let (blocks, frame) = allocations(|| serde_json::from_str::<LinkFrame>(FRAME).expect("a frame"));
    count("a frame of an election, read: allocations", blocks);
    let (blocks, text) = allocations(|| serde_json::to_string(&frame).expect("a frame is JSON"));
    assert_eq!(text, FRAME);
    count("a frame of an election: bytes", text.len() as u64);
    count("a frame of an election, written: allocations", blocks);

    check_counts("docs/performance.md", "counts", ["what", "count"], &counts);
}
