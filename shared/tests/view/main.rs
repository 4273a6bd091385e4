//! The sum of events: the view of a ring, its leader, and the time without one.
#![allow(missing_docs, reason = "tests are sentences")]

mod leader;
mod leaderless;
mod links;
mod reducer;
mod story;
