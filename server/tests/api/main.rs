//! The HTTP API: what its document says, what it refuses, and how its answers go out.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod actions;
mod answers;
mod bodies;
mod compression;
mod document;
mod history;
mod kept_runs;
mod links;
mod schema;
mod settings;
