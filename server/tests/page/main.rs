//! The dashboard and the sandbox in headless Chromium, one window at a time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod accessibility;
mod addresses;
mod attacks;
mod chunks;
mod controls;
mod deaths;
mod diagram;
mod election;
mod exports;
mod figures;
mod history;
mod initiators;
mod layout;
mod links;
mod nginx;
mod proxy;
mod restarts;
mod sandbox;
mod sandbox_addresses;
mod sources;
mod time;
