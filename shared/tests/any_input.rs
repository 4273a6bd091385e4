//! Bytes from anybody: no decoder panics, and none keeps more than it was given.
//!
//! How much memory a decoder takes is bounded by its input: JSON is read into values that are at most a small
//! multiple of their text, and the wires bound the text (`link::MAX_MESSAGE` and the like) before it is
//! decoded.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use ringleader_testing::decoders::{DECODERS, VALID, read_text};

/// Inputs for each decoder, of spoilt valid texts; raw bytes are a tenth as many.
const INPUTS: u32 = 100_000;

/// One thing that is done to a text: which, where, and with what.
type Spoil = (u8, u16, u8);

/// Bytes that are likely to matter to a reader of JSON.
const SHARP: &[u8] = b"\"\\{}[],:0-9.eE+\x00\xff\xc3u";

fn spoil(text: &str, spoils: &[Spoil]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for &(what, place, byte) in spoils {
        let place = usize::from(place) % (bytes.len() + 1);
        let end = (place + usize::from(byte)).min(bytes.len());
        match what % 8 {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, byte),
            2 => bytes.insert(place, SHARP[usize::from(byte) % SHARP.len()]),
            3 => drop(bytes.drain(place..end)),
            4 => {
                let again = bytes[place..end].to_vec();
                bytes.splice(place..place, again);
            }
            5 => bytes.splice(place..place, std::iter::repeat_n(b'9', usize::from(byte))).for_each(drop),
            6 => bytes.splice(place..place, std::iter::repeat_n(b'[', usize::from(byte))).for_each(drop),
            _ => {
                if let Some(there) = bytes.get_mut(place) {
                    *there ^= byte | 1;
                }
            }
        }
    }
    bytes
}

fn run<S: Strategy>(cases: u32, strategy: &S, check: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(strategy, |input| {
        check(input);
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
}

#[test]
fn every_valid_text_is_read_by_somebody() {
    for text in VALID {
        assert!(DECODERS.iter().any(|(_, decode)| decode(text.as_bytes())), "{text}");
    }
}

#[test]
fn no_decoder_panics_on_a_valid_text_that_was_spoilt() {
    let spoilt = (0..VALID.len(), prop::collection::vec(any::<Spoil>(), 0..4));
    std::thread::scope(|scope| {
        for half in DECODERS.chunks(DECODERS.len() / 2) {
            let spoilt = &spoilt;
            scope.spawn(move || {
                for (_, decode) in half {
                    run(INPUTS, spoilt, |(text, spoils)| {
                        decode(&spoil(VALID[text], &spoils));
                    });
                }
            });
        }
    });
}

#[test]
fn no_decoder_panics_on_raw_bytes() {
    let bytes = prop::collection::vec(any::<u8>(), 0..64);
    for (_, decode) in DECODERS {
        run(INPUTS / 10, &bytes, |bytes| {
            decode(&bytes);
        });
    }
    run(INPUTS, &bytes, |bytes| read_text(&bytes));
}

#[test]
fn nesting_without_end_is_refused_and_not_followed() {
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(1_000_000);
        for (reads, decode) in DECODERS {
            assert!(!decode(deep.as_bytes()), "{reads}");
        }
    }
}
