//! The part of the page's address behind `#`. It gives the ring that is shown and its moment: of the live
//! ring, of a kept run, or of a run of the sandbox; then what is opened and chosen beside it, the same for
//! all three. Other places are a list of kept runs, and two of them beside each other.
//!
//! The state of the page is in its signals; the address is made from it, and read only when the browser
//! reports another one. The rules of the browser's history:
//!
//! 1. The reader makes entries: a tab, a link, an address that is typed, and a jump to another moment by a
//!    press on something that names it ([`AddressWriter::jump`]).
//! 2. Whatever else changes, playing and scrubbing among it, the page rewrites the current entry
//!    (`replaceState`), so that a reload and a copied address lead to what is shown.
//! 3. Back and forward show the moment of their entry. Until the page has followed it, [`Entry::is_current`]
//!    is false and nothing is written, so that the entry keeps its content.

mod choice;
mod history;
mod live;

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::History;

pub(crate) use self::choice::Choice;
pub(crate) use self::history::{HistoryPlace, encode};
pub(crate) use self::live::LiveMoment;

use crate::sandbox::permalink::Permalink;

/// The time between two writes of the address: browsers refuse frequent ones.
const REST: Duration = Duration::from_millis(400);

/// The fragment that leads to the server's ring.
pub(crate) const LIVE: &str = "live";

/// The destination of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The server's ring.
    Live,
    /// The sandbox, at the moment that it was left.
    Sandbox,
    /// A run in the sandbox.
    Run,
    /// The kept runs.
    History,
    /// An element of the page: the ring that is shown stays.
    Element,
}

impl Destination {
    /// The destination of a fragment, without its `#`. An empty one leads to the server's ring, where there
    /// is a server.
    pub(crate) fn of(fragment: &str, has_server: bool, is_element: impl FnOnce(&str) -> bool) -> Self {
        if Permalink::is_meant(fragment) {
            if fragment.contains('?') { Self::Run } else { Self::Sandbox }
        } else if has_server && HistoryPlace::is_meant(fragment) {
            Self::History
        } else if !fragment.is_empty() && fragment != LIVE && is_element(fragment) {
            Self::Element
        } else if has_server {
            // Also a moment without the word before it, and whatever makes no sense.
            Self::Live
        } else {
            Self::Sandbox
        }
    }
}

/// The fragment that the browser shows, without its `#`.
pub(crate) fn fragment() -> String {
    window().location().hash().unwrap_or_default().trim_start_matches('#').to_owned()
}

/// The entry of the browser's history that the page has followed or written.
#[derive(Debug, Clone)]
pub(crate) struct Entry(String);

impl Entry {
    /// The entry with this fragment, which the page shows.
    pub(crate) fn of(fragment: &str) -> Self {
        Self(fragment.to_owned())
    }

    /// Whether the browser is still at this entry.
    fn is_current(&self) -> bool {
        self.0 == fragment()
    }

    /// Rewrites the entry, unless the browser is at another one, which the page has yet to follow.
    pub(crate) fn rewrite(&mut self, fragment: String) {
        self.become_by(History::replace_state_with_url, fragment);
    }

    /// Makes another entry after this one, unless the browser is at another one.
    fn push(&mut self, fragment: String) {
        self.become_by(History::push_state_with_url, fragment);
    }

    fn become_by(&mut self, write: WriteEntry, fragment: String) {
        if self.0 == fragment || !self.is_current() {
            return;
        }
        // When a browser refuses, its address stays a little behind.
        if let Ok(history) = window().history()
            && write(&history, &JsValue::NULL, "", Some(&format!("#{fragment}"))).is_ok()
        {
            self.0 = fragment;
        }
    }
}

/// The browser's function that writes an entry.
type WriteEntry = fn(&History, &JsValue, &str, Option<&str>) -> Result<(), JsValue>;

/// The writer of the address of what is shown, at most every 400 ms. A handle: copies are the same writer.
#[derive(Clone, Copy)]
pub(crate) struct AddressWriter {
    /// The entry that is kept up to date; `None` while something else is shown.
    entry: StoredValue<Option<Entry>>,
    /// Whether a timer that will write it runs.
    waits: StoredValue<bool>,
    /// Whether the next change gets an entry of its own: the moment of a jump is not shown yet, as the code
    /// that shows it is being loaded.
    jumps: StoredValue<bool>,
    /// The fragment of what is shown.
    fragment: StoredValue<Box<dyn Fn() -> String>, LocalStorage>,
}

impl AddressWriter {
    /// A writer that has no entry yet.
    pub(crate) fn new(fragment: Box<dyn Fn() -> String>) -> Self {
        Self {
            entry: StoredValue::new(None),
            waits: StoredValue::new(false),
            jumps: StoredValue::new(false),
            fragment: StoredValue::new_local(fragment),
        }
    }

    /// Keeps the entry of this fragment up to date from now on; none, when something else is shown.
    pub(crate) fn own(self, fragment: Option<&str>) {
        self.entry.set_value(fragment.map(Entry::of));
        self.jumps.set_value(false);
        self.write_soon();
    }

    /// Writes the address, unless a write is planned already.
    pub(crate) fn write_soon(self) {
        if self.entry.with_value(Option::is_some) && !self.waits.get_value() {
            self.waits.set_value(true);
            set_timeout(move || self.write(), REST);
        }
    }

    /// Goes to another moment by `go`, in an entry of its own: the way back leads to the moment before.
    pub(crate) fn jump(self, go: impl FnOnce()) {
        self.rewrite();
        go();
        self.jumps.set_value(true);
        self.rewrite();
    }

    fn write(self) {
        self.waits.set_value(false);
        self.rewrite();
    }

    fn rewrite(self) {
        self.entry.update_value(|entry| {
            let Some(entry) = entry else { return };
            let fragment = self.fragment.with_value(|fragment| fragment());
            if self.jumps.get_value() && entry.0 != fragment {
                self.jumps.set_value(false);
                entry.push(fragment);
            } else {
                entry.rewrite(fragment);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(fragment: &str, has_server: bool) -> Destination {
        Destination::of(fragment, has_server, |name| name == "ring")
    }

    #[test]
    fn an_address_without_a_word_about_the_sandbox_is_the_servers_ring() {
        for fragment in ["", "live", "live?run=x&at=3", "run=x&at=3", "sandboxes", "nonsense"] {
            assert_eq!(target(fragment, true), Destination::Live, "{fragment}");
            assert_eq!(target(fragment, false), Destination::Sandbox, "{fragment}");
        }
    }

    #[test]
    fn a_link_is_a_run_and_the_bare_word_is_the_sandbox_as_it_was_left() {
        for has_server in [true, false] {
            assert_eq!(target("sandbox", has_server), Destination::Sandbox);
            assert_eq!(target("sandbox?nodes=5", has_server), Destination::Run);
        }
    }

    #[test]
    fn kept_runs_are_shown_where_there_is_a_server() {
        for fragment in ["history", "history?search=a", "history?run=x"] {
            assert_eq!(target(fragment, true), Destination::History, "{fragment}");
            assert_eq!(target(fragment, false), Destination::Sandbox, "{fragment}");
        }
    }

    #[test]
    fn to_jump_to_a_part_of_the_page_is_not_to_leave_the_ring() {
        assert_eq!(target("ring", true), Destination::Element);
    }
}
