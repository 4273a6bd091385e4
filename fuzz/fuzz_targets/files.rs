//! Bytes as a ring file, and as the file of what a node promised.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = ringleader_node::promise_store::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = ringleader::ring_file::parse(text, Path::new("ring.toml"));
    }
});
