//! Bytes to every decoder of the wires.
#![no_main]

#[allow(dead_code)]
#[path = "../../shared/tests/any_input/decoders.rs"]
mod decoders;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for (_, decode) in decoders::DECODERS {
        decode(bytes);
    }
    decoders::read_text(bytes);
});
