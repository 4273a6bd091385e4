//! The archive: every run of the server, kept on disk in an embedded SQLite database.
//!
//! A run begins with `run_started`, at the server's start and at each reset. [`writer`] subscribes to the bus
//! on a thread of its own and hands what it gets to [`recorder`], which writes compressed [`blocks`] of
//! events and the rows that lists show ([`summary`]). The bus never waits for it: events that the disk does
//! not take while the bus remembers them are a gap of the run. [`desk`] answers the API on another thread,
//! from [`catalogue`], [`pages`], [`export`] and [`import`]; [`command`] does the same for the command line.
//! [`prune`] bounds size and age.
//!
//! The archive is not the history of the bus, which holds the newest events in memory.

mod blocks;
mod catalogue;
pub mod command;
mod desk;
mod error;
mod export;
mod import;
mod pages;
mod place;
mod prune;
mod recorder;
mod run_writer;
mod schema;
mod service;
mod status;
mod summary;
#[cfg(test)]
mod tests;
mod writer;

pub use self::blocks::BLOCK;
pub use self::catalogue::{RunFilter, change, delete, find, list, restore};
pub use self::error::Error;
pub use self::export::Export;
pub use self::import::import;
pub use self::pages::{elections, events, gaps};
pub use self::place::{DATABASE, default_directory};
pub use self::prune::{Limits, RESTORABLE_FOR};
pub use self::recorder::Recorder;
pub use self::schema::{Mode, open};
pub use self::service::{Archive, ArchiveOptions};
