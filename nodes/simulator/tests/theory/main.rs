//! The promises of the papers, and the counts of the simulator.
#![allow(missing_docs, clippy::unwrap_used, reason = "in a test it is the test that fails")]

mod every_ring;
mod papers;
mod randomness;
mod traces;
