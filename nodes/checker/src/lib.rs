//! Every schedule of a small ring, within stated bounds: the election's own state machines under stateright.
//!
//! What it is for: to visit each state that a ring can come to, whatever happens in whatever order, and to
//! look at it. What it must not know: time (a timer is an event that may happen), sockets, randomness, how an
//! election is decided.
//!
//! The way through it: [`config`] says which ring it is and how much may happen to it, [`suites`] which are
//! checked together, `links` is what joins the members, [`ring`] is a state and what can happen in it,
//! [`model`] has the properties, [`report`] runs it and reports. [`classic`] is the same for the classic
//! algorithms, in a network without failures.
#![forbid(unsafe_code)]

pub mod classic;
pub mod config;
mod links;
pub mod model;
pub mod report;
pub mod ring;
pub mod suites;

pub use config::{CheckConfig, FaultBudget, Start};
pub use model::RingModel;
pub use report::{Report, check};
