//! Every schedule of a small ring, within stated bounds: the election's own state machines under stateright.
//!
//! The crate visits each state that a ring can reach, under every order of events, and checks it. It knows no
//! time (a timer is an event that may happen), no sockets, no randomness, and not how an election is decided.
//!
//! The way through it: [`config`] says which ring it is and how much may happen to it, [`suites`] which are
//! checked together, `links` is what joins the members, `ways` which of them reach each other, [`ring`] is a
//! state and what can happen in it, [`model`] has the properties, [`part`] what members agree on, [`report`]
//! runs it and reports. [`classic`] is the same for the classic algorithms, in a network without failures.
#![forbid(unsafe_code)]

pub mod classic;
pub mod config;
mod links;
pub mod model;
pub mod part;
pub mod report;
pub mod ring;
pub mod suites;
mod ways;

pub use config::{CheckConfig, FaultBudget, Start};
pub use model::RingModel;
pub use report::{Report, check};
