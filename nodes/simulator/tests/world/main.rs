//! Virtual rings: every fault at random, what the events of each run show, and a session that goes forward
//! and back.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test it is the test that fails"
)]

mod a_single_fault;
mod after_a_total_loss;
mod causality;
mod exports;
mod figures;
mod found_before;
mod partial_partitions;
mod random_faults;
mod recorded;
mod reported_like_a_real_ring;
mod safety;
mod session;
mod timeline;
mod upkeep;
