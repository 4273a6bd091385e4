//! The server: it supervises the node processes, gives every event its place on one bus, and answers the API.
//!
//! What it must not know: how an election is decided. What it knows of the ring it knows from events.
//!
//! The way through it: [`cli`] says what is wanted, [`serve`] puts the parts together, [`supervisor`] owns the processes,
//! [`control`] is where they report, [`bus`] is where everybody listens, [`api`] is what people ask, [`guard`] is who
//! may ask, and [`access`] what they may. [`visitor`] and [`descriptors`] bound how many connections there are, [`log`] never
//! waits. [`simulate`] and [`replay`] need none of them.
#![forbid(unsafe_code)]

pub mod access;
pub mod api;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod control;
pub mod descriptors;
pub mod guard;
pub mod identity;
pub mod log;
pub mod metrics;
pub mod page;
pub mod problem;
pub mod replay;
pub mod ring_file;
pub mod seldom;
pub mod serve;
pub mod simulate;
pub mod socket;
pub mod state;
pub mod stop;
pub mod supervisor;
pub mod threads;
pub mod visitor;
