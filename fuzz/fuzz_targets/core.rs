//! Inputs to the election core, a recorded one a line: whatever can be decoded, it handles, and with few
//! effects.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use ringleader_election::{Core, Input, Time};
use ringleader_shared::{NodeId, RingMessage};

fuzz_target!(|bytes: &[u8]| {
    let me: NodeId = serde_json::from_str("\"00000000-0000-4000-8000-000000000001\"").expect("an id");
    let mut core = Core::new(me);
    let mut effects = Vec::new();
    for (now, line) in (0..).zip(bytes.split(|byte| *byte == b'\n')) {
        if let Ok(input) = serde_json::from_slice::<Input<RingMessage>>(line) {
            core.handle(Time(Duration::from_millis(now)), input, &mut effects);
            assert!(effects.len() <= 24, "{effects:?}");
            effects.clear();
        }
    }
});
