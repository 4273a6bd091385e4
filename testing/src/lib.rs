//! Support that the tests, examples and benches of several crates share. Nothing that ships depends on it.
//!
//! - [`algorithms`]: a test for each algorithm by its name, and random choices that last;
//! - [`rings`]: every ring of a few members;
//! - [`document`]: the blocks of documents that the code generates;
//! - [`decoders`]: the decoders of the wires, for property tests and fuzz targets;
//! - `cases`: random cases for the simulator (feature `cases`);
//! - `measured`: tables of measurements, for benchmarks (feature `server`);
//! - `peers`: other systems that elect a leader, for benchmarks (feature `server`);
//! - `server`: the program with real nodes, its API and its bus (feature `server`);
//! - `browser`: the dashboard in Chromium (feature `browser`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test it is the test that fails")]

pub mod algorithms;
pub mod decoders;
pub mod document;
pub mod rings;

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "cases")]
pub mod cases;
#[cfg(feature = "server")]
pub mod measured;
#[cfg(feature = "server")]
pub mod peers;
#[cfg(feature = "server")]
pub mod server;
