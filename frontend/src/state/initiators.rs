//! The nodes that are to initiate the next election together.

use leptos::prelude::*;
use ringleader_shared::{NodeName, RingView};

/// A choice of nodes, made on their cards, or in the drawing with Ctrl held. A handle: copies are the same
/// choice.
#[derive(Clone, Copy)]
pub(crate) struct Initiators(RwSignal<Vec<NodeName>>);

impl Initiators {
    /// An empty choice.
    pub(super) fn none() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Whether this node is chosen.
    pub(crate) fn contains(self, name: &NodeName) -> bool {
        self.0.with(|names| names.contains(name))
    }

    /// Chooses a node, or no longer.
    pub(crate) fn toggle(self, name: &NodeName) {
        self.0.update(|names| match names.iter().position(|other| other == name) {
            Some(at) => drop(names.remove(at)),
            None => names.push(name.clone()),
        });
    }

    /// The chosen nodes that are in the ring, in ring order.
    pub(crate) fn of(self, view: &RingView) -> Vec<NodeName> {
        let names = view.nodes.iter().map(|node| &node.name);
        self.0.with(|chosen| names.filter(|name| chosen.contains(name)).cloned().collect())
    }
}
