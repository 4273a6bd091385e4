//! The core among members that start, die and come back, and by itself: rules, costs, reasons, and any input.
#![allow(missing_docs, reason = "tests are sentences")]

mod a_quorum;
mod a_recording;
mod after_a_total_loss;
mod any_input;
mod asking_first;
mod classic_in_a_living_ring;
mod quiet_ring;
mod repair_and_return;
mod succession;
mod the_samples_example;
mod what_an_election_costs;
mod who_may_lead;
mod who_wins;
mod without_a_deputy;
