//! The Ringleader dashboard: one page that draws the ring, its messages, and the log of each node.
//!
//! It shows the events of the server, and submits the reader's commands to it. It must not know how an
//! election is decided; in the [`sandbox`] the simulator knows it. The ring is
//! [`ringleader_shared::RingView`], kept by the same reducer as in the server.
//!
//! Modules depend on one another in one direction; a test in `architecture.rs` checks it. From the bottom up:
//!
//! 1. Leaves: [`command`] and [`notice`] as data; [`text`], [`headline`], [`terms`] and [`large_ring`] for
//!    what is shown; [`reactive`], [`resize`], [`focus`], [`canvas`], [`maths`] and [`clipboard`] for the
//!    browser; [`chunk`] for code that is loaded on use.
//! 2. [`state`]: signals, and the functions that apply events to them. [`sandbox`]: runs of the simulator
//!    that are played.
//! 3. [`address`]: the part of the address behind `#`. [`backend`]: the server and the sandbox, which carry
//!    out commands and feed the state.
//! 4. [`components`] that several parts share, then the parts of the page: [`ring`], [`cards`], [`controls`],
//!    [`summary`], [`outage`], [`film`], [`diagram`], [`why`], [`panels`], [`time_bar`] and [`top_bar`]; then
//!    [`history`], the pages of the kept runs.
//! 5. [`app`]: the page as a whole.
//!
//! Everything that can be decided without a browser is a plain function with a test of its own.
#![forbid(unsafe_code)]
// The component macro makes its items `pub`, whatever the source says.
#![allow(unreachable_pub)]

mod address;
mod app;
#[cfg(test)]
mod architecture;
mod backend;
mod canvas;
mod cards;
mod chunk;
mod clipboard;
mod command;
mod components;
mod controls;
mod diagram;
mod film;
mod focus;
mod headline;
mod history;
mod large_ring;
mod maths;
#[cfg(test)]
mod moments;
mod notice;
mod outage;
mod panels;
mod reactive;
mod resize;
mod ring;
mod sandbox;
mod state;
mod summary;
mod terms;
#[cfg(test)]
mod testing;
mod text;
mod time_bar;
mod top_bar;
mod why;

fn main() {
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
