//! The nodes that are to initiate the next election together: chosen on their cards, or in the drawing with
//! Ctrl held.

use leptos::prelude::*;
use ringleader_shared::{NodeName, RingView};

use crate::command::Command;
use crate::reactive;
use crate::store::Store;

/// So many names stand on the button; of more it gives the number.
const MOST_NAMED: usize = 4;

/// The choice. A handle: copies are the same choice.
#[derive(Clone, Copy)]
pub(crate) struct Initiators(RwSignal<Vec<NodeName>>);

impl Initiators {
    /// Nobody is chosen.
    pub(crate) fn nobody() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Whether this node is chosen.
    pub(crate) fn has(self, name: &NodeName) -> bool {
        self.0.with(|names| names.contains(name))
    }

    /// Chooses a node, or no longer.
    pub(crate) fn toggle(self, name: &NodeName) {
        self.0.update(|names| match names.iter().position(|other| other == name) {
            Some(at) => drop(names.remove(at)),
            None => names.push(name.clone()),
        });
    }

    /// The chosen nodes in ring order. One that has left the ring does not count.
    fn among(self, view: &RingView) -> Vec<NodeName> {
        let names = view.nodes.iter().map(|node| &node.name);
        self.0.with(|chosen| names.filter(|name| chosen.contains(name)).cloned().collect())
    }

    /// The command that starts an election at the chosen nodes.
    pub(crate) fn command(self, view: &RingView) -> Command {
        let mut names = self.among(view);
        match names.len() {
            0 => Command::Elect(None),
            1 => Command::Elect(names.pop()),
            _ => Command::ElectTogether(names),
        }
    }

    /// The label of the button that does it.
    pub(crate) fn label(self, view: &RingView) -> String {
        label(&self.among(view))
    }

    /// The effect of the button, in a sentence.
    pub(crate) fn says(self, view: &RingView) -> &'static str {
        match self.among(view).len() {
            0 => "The first running node starts an election; tick nodes, and they start it together",
            1 => "The node that is ticked starts an election",
            _ => "The nodes that are ticked start an election together",
        }
    }

    /// Why they can't start one.
    pub(crate) fn refusal(self, view: &RingView) -> Option<String> {
        refusal(view, &self.among(view))
    }
}

fn label(names: &[NodeName]) -> String {
    match names {
        [] => "Initiate election".to_owned(),
        some if some.len() <= MOST_NAMED => {
            let names: Vec<&str> = some.iter().map(NodeName::as_str).collect();
            format!("Initiate: {}", names.join(", "))
        }
        many => format!("Initiate: {} nodes", many.len()),
    }
}

fn refusal(view: &RingView, names: &[NodeName]) -> Option<String> {
    if view.live().next().is_none() {
        return Some("No node is running: start one first".to_owned());
    }
    let is_live = |name: &NodeName| view.node(name).is_some_and(ringleader_shared::view::NodeView::is_live);
    let idle: Vec<&str> = names.iter().filter(|name| !is_live(name)).map(NodeName::as_str).collect();
    match idle.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is not running: start or resume it, or untick it")),
        several => {
            Some(format!("{} are not running: start or resume them, or untick them", several.join(", ")))
        }
    }
}

/// The box on a node's card.
#[component]
pub(crate) fn Tick(name: NodeName) -> impl IntoView {
    let store = Store::here();
    let what = format!("{name} initiates the next election, together with the others that are ticked");
    let title = what.clone();
    let (shown, toggled) = (name.clone(), name.clone());
    view! {
        <label class="tick" title=title>
            <input
                type="checkbox"
                data-testid=format!("tick-{name}")
                aria-label=what
                prop:checked=reactive::flag(move || store.initiators.has(&shown))
                on:change=move |_| store.initiators.toggle(&toggled)
            />
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};

    #[test]
    fn the_button_names_whom_it_asks_while_they_are_few() {
        let names: Vec<NodeName> = (0..5).map(NodeName::nth).collect();
        let labels: Vec<String> = [0, 1, 4, 5].map(|n| label(&names[..n])).to_vec();
        assert_eq!(labels, ["Initiate election", "Initiate: A", "Initiate: A, B, C, D", "Initiate: 5 nodes"]);
    }

    #[test]
    fn who_does_not_run_is_named() {
        let mut ring = ring(4);
        assert!(refusal(&ring.starting(), &[]).is_some_and(|why| why.contains("No node is running")));
        ring.running();
        let view = ring.killed("B");
        let names = ["A", "B"].map(name);
        assert_eq!(refusal(&view, &names[..1]), None);
        assert!(refusal(&view, &names).is_some_and(|why| why.starts_with("B is not running")));
        let view = ring.killed("A");
        assert!(refusal(&view, &names).is_some_and(|why| why.starts_with("A, B are not running")));
    }
}
