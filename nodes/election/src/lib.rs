//! Ring leader election as pure state machines.
//!
//! An input goes in, effects come out. The same value runs in a process, in the simulator, under a model
//! checker and in the browser. The crate knows no sockets, clocks, threads, randomness or words on a page.
//!
//! [`Core::handle`] never panics and always returns, for every input. It drops an input that it cannot use,
//! and reports that. Only a change to the slices in `route`, the one place that indexes, could break this.
//!
//! A caller drives it in these steps:
//! 1. make a [`Core`] with the member's own id, and give it [`Input::Configured`] first;
//! 2. give it every link that comes up or fails, every message that arrives and every timer that fires;
//! 3. after each call carry out the effects in their order;
//! 4. then ask [`Core::wanted_links`] and make the links so: dial what is missing, close what is not wanted;
//! 5. dial [`Core::skipped`] members again now and then: one that answers is re-admitted by
//!    [`Input::LinkUp`];
//! 6. dial a direct link when there is something to send to a member with which there is none, and keep it
//!    while [`WantedLinks::direct`];
//! 7. have the dialler of a ring link compare its [`Core::state_digest`] with the other end's, and with the
//!    [`digest_of_sender`] of the last message that arrived there: while both stay different, a message was
//!    lost, and the dialler is given [`Input::LinkUp`] again.
//!
//! Three members elect a leader, over a queue in place of sockets:
//!
//! ```
#![doc = include_str!("../examples/three_members.rs")]
//! ```
#![forbid(unsafe_code)]

mod algorithm;
pub mod classic;
mod core;
pub mod events;
pub mod failure_detector;
pub mod link_table;
pub mod loss;
pub mod paths;
pub mod random;
pub mod recording;
mod route;

pub use algorithm::{Effect, Input, Time, Timer, Timing, WantedLinks};
pub use core::{Core, digest, digest_of_sender};
pub use ringleader_shared::explanation::{DropReason, Explanation};
