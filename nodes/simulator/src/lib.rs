//! A virtual ring: the election's own state machines, joined by simulated links, in virtual time.
//!
//! The crate breaks a ring in thousands of ways a second, and reproduces each from a seed. It knows no
//! sockets and no threads, neither the clock nor the randomness of the machine. It compiles to wasm32.
//!
//! The way through it: [`setup`] says what a ring is made of, [`World`] runs it, `network` has its links,
//! [`schedule`] says what is done to it, [`case`] is both as one line of text, [`trace`] reports what
//! happened as a real ring does, [`check`] says what must never happen and what must. [`session`] is a ring
//! to play with, forward and back: what a page shows. [`algorithms`] runs the classic algorithms, on rings of
//! any size. `rng` is the source of all randomness.
//!
//! ```
//! use std::time::Duration;
//! use ringleader_simulator::{Action, Setup, World};
//!
//! let mut world = World::new(Setup::of(&[90, 100, 110, 120]).seed(7));
//! world.act(Action::Initiate(0));
//! world.run_for(Duration::from_secs(1));
//! let leader = world.agreed().expect("a quiet ring agrees");
//! assert_eq!(world.name(leader.leader).to_string(), "D");
//! ```
#![forbid(unsafe_code)]

pub mod algorithms;
pub mod case;
pub mod check;
mod network;
mod rng;
pub mod schedule;
pub mod session;
pub mod setup;
pub mod trace;
mod world;

pub use case::Case;
pub use check::{Invariant, StateChecker, Violation};
pub use ringleader_election::{classic, random};
pub use rng::PerMille;
pub use schedule::{Action, Disturbance, Schedule};
pub use session::{InFlight, Session};
pub use setup::{Latency, Setup};
pub use world::{Agreement, Cost, Part, PartAgreement, World};
