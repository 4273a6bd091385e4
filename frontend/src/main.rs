//! The Ringleader dashboard: one page that draws the ring, every message on it, and what each node says.
//!
//! What it is for: to show what the server tells, and to ask the server for faults and elections. What it must not
//! know: how an election is decided; in the [`sandbox`] the simulator knows it. The ring that it draws is
//! [`ringleader_shared::RingView`], kept by the very same reducer that the server uses.
//!
//! The way through it: [`connection`] turns bus frames into calls of [`store`], which keeps the view, the logs and the
//! animation stage; [`app`] lays the page out; [`ring`] draws the figure, [`card`] one node with its log, [`controls`],
//! [`roster`] and [`summary`] the rest. Whatever can be decided without a browser is a plain function with its own test.
#![forbid(unsafe_code)]
// The component macro writes `pub` in front of what it makes, whatever stands in the source.
#![allow(unreachable_pub)]

mod address;
mod algorithm;
mod announcer;
mod api;
mod app;
mod badge;
mod button;
mod card;
mod clipboard;
mod clock;
mod command;
mod connection;
mod controls;
mod cost;
mod faults;
mod field;
mod focus;
mod headline;
mod help;
mod initiators;
mod json;
mod large_ring;
mod log;
mod notice;
mod notices;
mod outage;
mod reactive;
mod ring;
mod roster;
mod sandbox;
mod skip;
mod store;
mod summary;
mod terms;
#[cfg(test)]
mod testing;
mod text;
mod theme;
mod top_bar;

fn main() {
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
