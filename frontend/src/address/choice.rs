//! The reader's panels and choices beside the place itself, as parts of the page's address. They are the same
//! for the live ring, a kept run and the sandbox.
//!
//! ```text
//! live?panels=nodes.log&log-node=B&log-kinds=messages&log-words=term%202
//! history?run=9b839034-164d-4ff9-84ae-bf08e24ad801&at=417&panels=diagram&event=415
//! ```

use leptos::prelude::*;
use ringleader_shared::{NodeName, Seq};

use super::history::{decode, encode};
use crate::state::{Kinds, LogChoice, Panel, Panels, Store};

/// The value of the part of the panels when none is open.
const NONE: &str = "none";

/// The panels that are open, and what is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The open panels, the one opened last last; `None` for those of a page that was just opened.
    panels: Option<Vec<Panel>>,
    /// The chosen node of a large ring.
    node: Option<NodeName>,
    /// The event that is chosen in the diagram: a message is chosen by its sending or its receipt.
    event: Option<Seq>,
    /// The filter of the log.
    log: LogChoice,
}

impl Choice {
    /// Takes the parts about it out of a fragment. Returns the rest, the choice, and the parts that make no
    /// sense, each with what is allowed there.
    pub(crate) fn split(fragment: &str) -> (String, Self, Vec<String>) {
        let mut choice = Self::default();
        // The word of the live ring may be left out.
        let without_word = if fragment.contains('=') { ("", fragment) } else { (fragment, "") };
        let (word, parts) = fragment.split_once('?').unwrap_or(without_word);
        let (mut rest, mut refused) = (Vec::new(), Vec::new());
        for part in parts.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match choice.take(name, value) {
                Some(Ok(())) => {}
                Some(Err(allowed)) => refused.push(format!("{part:.80}: {allowed}")),
                None => rest.push(part),
            }
        }
        let place = match (word, rest.join("&")) {
            (word, rest) if rest.is_empty() => word.to_owned(),
            ("", rest) => rest,
            (word, rest) => format!("{word}?{rest}"),
        };
        (place, choice, refused)
    }

    fn take(&mut self, name: &str, value: &str) -> Option<Result<(), String>> {
        let name_of = |value: &str| value.parse::<NodeName>().map_err(|_| "the name of a node".to_owned());
        Some(match name {
            "panels" if value == NONE => {
                self.panels = Some(Vec::new());
                Ok(())
            }
            "panels" => {
                let panels: Option<Vec<Panel>> = value.split('.').map(Panel::named).collect();
                let all: Vec<&str> = Panel::ALL.iter().map(|panel| panel.id()).collect();
                let allowed = || format!("{NONE}, or some of {}, with points between them", all.join(", "));
                panels.ok_or_else(allowed).map(|panels| self.panels = Some(panels))
            }
            "chosen" => name_of(value).map(|node| self.node = Some(node)),
            "event" => {
                let event = value.parse().map_err(|_| "the number of an event".to_owned());
                event.map(|event| self.event = Some(Seq(event)))
            }
            "log-node" => name_of(value).map(|node| self.log.node = Some(node)),
            "log-kinds" => {
                self.log.kinds = Kinds::named(value);
                Ok(())
            }
            "log-words" => {
                self.log.words = decode(value);
                Ok(())
            }
            _ => return None,
        })
    }

    /// The choice that a page shows now.
    pub(crate) fn of(store: Store) -> Self {
        let panels = store.panels.all_open();
        Self {
            panels: (panels != Panels::FIRST).then_some(panels),
            node: store.chosen_node.get_untracked(),
            event: store.chosen_event.get_untracked(),
            log: store.log_choice.get_untracked(),
        }
    }

    /// Notes that whatever is running now depends on the choice that the page shows.
    pub(crate) fn track(store: Store) {
        store.panels.track();
        store.chosen_node.track();
        store.chosen_event.track();
        store.log_choice.track();
    }

    /// Shows this choice.
    pub(crate) fn show(self, store: Store) {
        let Self { panels, node, event, log } = self;
        store.panels.open_these(panels.unwrap_or_else(|| Panels::FIRST.to_vec()));
        if store.chosen_node.get_untracked() != node {
            store.chosen_node.set(node);
        }
        if store.chosen_event.get_untracked() != event {
            store.chosen_event.set(event);
        }
        if store.log_choice.get_untracked() != log {
            store.log_choice.set(log);
        }
    }

    /// Adds its parts to the fragment of a place.
    pub(crate) fn added_to(&self, mut fragment: String) -> String {
        let Self { panels, node, event, log } = self;
        let mut add = |name: &str, value: &str| {
            fragment.push(if fragment.contains('?') { '&' } else { '?' });
            fragment.push_str(name);
            fragment.push('=');
            fragment.push_str(value);
        };
        if let Some(panels) = panels {
            let ids: Vec<&str> = panels.iter().map(|panel| panel.id()).collect();
            add("panels", if ids.is_empty() { NONE.to_owned() } else { ids.join(".") }.as_str());
        }
        for (name, node) in [("chosen", node), ("log-node", &log.node)] {
            if let Some(node) = node {
                add(name, node.as_str());
            }
        }
        if let Some(event) = event {
            add("event", &event.to_string());
        }
        if log.kinds != Kinds::default() {
            add("log-kinds", log.kinds.value());
        }
        if !log.words.is_empty() {
            add("log-words", &encode(&log.words));
        }
        fragment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::name;

    #[test]
    fn a_choice_is_the_same_after_its_address_and_leaves_the_place_as_it_was() {
        let full = Choice {
            panels: Some(vec![Panel::Log, Panel::Diagram]),
            node: Some(name("AB")),
            event: Some(Seq(417)),
            log: LogChoice {
                node: Some(name("B")),
                kinds: Kinds::WithMessages,
                words: "term 2 -took & a=b".to_owned(),
            },
        };
        let nothing_open = Choice { panels: Some(Vec::new()), ..Choice::default() };
        for choice in [full, nothing_open, Choice::default()] {
            for place in ["live", "sandbox?nodes=4&at=6.7", "history?run=x&at=3"] {
                let text = choice.added_to(place.to_owned());
                assert!(text.starts_with(place) && text.is_ascii() && !text.contains(' '), "{text}");
                assert_eq!(Choice::split(&text), (place.to_owned(), choice.clone(), Vec::new()));
            }
        }
    }

    #[test]
    fn the_word_of_the_live_ring_may_be_left_out() {
        let (place, choice, refused) = Choice::split("run=x&at=3&panels=log");
        assert_eq!((place.as_str(), choice.panels, refused), ("run=x&at=3", Some(vec![Panel::Log]), vec![]));
    }

    #[test]
    fn parts_that_make_no_sense_are_named_and_the_others_hold() {
        let (place, choice, refused) = Choice::split("live?panels=log.clock&event=x&log-node=B&at=3");
        assert_eq!(place, "live?at=3");
        assert_eq!(choice.log.node, Some(name("B")));
        assert_eq!(
            refused,
            [
                "panels=log.clock: none, or some of nodes, log, diagram, why, elections, faults, with points between them",
                "event=x: the number of an event"
            ]
        );
    }
}
