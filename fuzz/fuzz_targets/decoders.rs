//! Bytes to every decoder of the wires.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringleader_testing::decoders;

fuzz_target!(|bytes: &[u8]| {
    for (_, decode) in decoders::DECODERS {
        decode(bytes);
    }
    decoders::read_text(bytes);
});
