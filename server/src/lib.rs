//! The server: it supervises the node processes, gives every event its place on one bus, and answers the
//! API.
//!
//! The crate does not know how an election is decided. Its knowledge of the ring comes from events.
//!
//! [`cli`] parses the flags, [`serve`] builds the server from its parts, [`supervisor`] owns the
//! processes, [`control`] receives the nodes' reports, [`bus`] publishes events to all subscribers, and
//! [`api`] answers requests. [`origin`] and [`auth`] decide which requests are answered. [`visitor`] and
//! [`descriptors`] bound the number of connections, and [`log`] never waits. [`simulate`] and [`replay`]
//! need none of them.
#![forbid(unsafe_code)]

pub mod api;
pub mod archive;
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
