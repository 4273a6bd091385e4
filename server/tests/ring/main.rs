//! Rings of real processes: elections, faults, deaths, returns, and the files that they leave.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod algorithms;
mod diagnosis;
mod elections;
mod hard_cases;
mod identity;
mod leaderless;
mod links;
mod partitions;
mod quorum;
mod replay;
mod stale_words;
mod state_dir;
mod stop;
mod supervision;
mod total_outage;
