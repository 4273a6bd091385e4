//! The box on a card that chooses the node as an initiator of the next election.

use leptos::prelude::*;
use ringleader_shared::NodeName;

use crate::reactive;
use crate::state::Store;

/// The box.
#[component]
pub(crate) fn InitiatorBox(name: NodeName) -> impl IntoView {
    let store = Store::here();
    let effect = format!("{name} initiates the next election, together with the others that are ticked");
    let title = effect.clone();
    let (shown, toggled) = (name.clone(), name.clone());
    view! {
        <label class="tick" title=title>
            <input
                type="checkbox"
                data-testid=format!("tick-{name}")
                aria-label=effect
                prop:checked=reactive::flag(move || store.initiators.contains(&shown))
                on:change=move |_| store.initiators.toggle(&toggled)
            />
        </label>
    }
}
