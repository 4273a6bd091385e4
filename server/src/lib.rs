//! The server: it supervises the node processes, gives every event its place on one bus, and answers the API.
//!
//! What it must not know: how an election is decided. What it knows of the ring it knows from events.
//!
//! The way through it: [`cli`] says what is wanted, [`serve`] puts the parts together, [`supervisor`] owns
//! the processes, [`control`] is where they report, [`bus`] is where everybody listens, [`api`] is what
//! people ask, [`origin`] is who may ask, and [`auth`] what they may. [`visitor`] and [`descriptors`] bound
//! how many connections there are, [`log`] never waits. [`simulate`] and [`replay`] need none of them.
#![forbid(unsafe_code)]

pub mod api;
pub mod assets;
pub mod auth;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod control;
pub mod descriptors;
pub mod identity;
pub mod log;
pub mod metrics;
pub mod origin;
pub mod problem;
pub mod replay;
pub mod ring_file;
pub mod seldom;
pub mod serve;
pub mod shutdown;
pub mod simulate;
pub mod state_dir;
pub mod supervisor;
pub mod threads;
pub mod visitor;
