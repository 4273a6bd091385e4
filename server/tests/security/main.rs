//! Clients that must get nothing: on the public port, with tokens, and on the ports that are for nodes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod access;
mod hostile;
mod strangers;
mod tables;
