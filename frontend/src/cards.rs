//! The cards of the nodes: what each is, the actions on it, and its log.

mod actions;
mod attribute;
mod card;
mod initiator_box;
mod log_panel;
mod log_rows;

use leptos::prelude::*;
use ringleader_shared::NodeName;

use self::card::Card;
use crate::large_ring::LARGE_RING;
use crate::reactive;
use crate::state::Store;

/// A card for each node; in a large simulated ring only for the chosen node, the leader, the deputy and the
/// first one.
#[component]
pub(crate) fn Cards() -> impl IntoView {
    let store = Store::here();
    let names = reactive::memo(move || {
        store.view.with(|view| {
            if !store.simulated || view.nodes.len() <= LARGE_RING {
                return view.nodes.iter().map(|node| node.name.clone()).collect();
            }
            let chosen = store.chosen_node.get().filter(|name| view.node(name).is_some());
            let first = view.nodes.first().map(|node| node.name.clone());
            let mut shown: Vec<NodeName> = Vec::new();
            let leader = view.leading().map(|node| node.name.clone());
            let deputy = view.deputy_of_leading().map(|node| node.name.clone());
            for name in [chosen, leader, deputy, first].into_iter().flatten() {
                if !shown.contains(&name) {
                    shown.push(name);
                }
            }
            shown
        })
    });
    view! {
        <div class="cards" data-count=reactive::text(move || names.with(Vec::len).to_string())>
            <For each=move || names.get() key=Clone::clone let:name>
                <Card name=name/>
            </For>
        </div>
    }
}
