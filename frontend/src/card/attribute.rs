//! The attribute on a card, edited in place.

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::NodeName;
use ringleader_shared::view::NodeView;

use crate::live;
use crate::order::Order;
use crate::roster::parse_attribute;
use crate::store::Store;

/// The field: Enter or leaving it sets the attribute, Escape takes the change back.
#[component]
pub(crate) fn AttributeField(name: NodeName, node: Memo<Option<NodeView>>) -> impl IntoView {
    let store = Store::here();
    let field = NodeRef::<html::Input>::new();
    let real = live::memo(move || {
        node.with(|node| node.as_ref().map(|node| node.attribute.to_string()).unwrap_or_default())
    });
    let wrong = RwSignal::new(None::<String>);
    let show_real = move || {
        wrong.set(None);
        if let Some(field) = field.get_untracked() {
            field.set_value(&real.get_untracked());
        }
    };
    let commit = {
        let name = name.clone();
        move |text: String| {
            if text.trim() == real.get_untracked() {
                wrong.set(None);
                return;
            }
            match parse_attribute(&text) {
                Ok(attribute) => {
                    wrong.set(None);
                    store.order(Order::ChangeAttribute(name.clone(), attribute));
                }
                Err(why) => wrong.set(Some(why)),
            }
        }
    };
    view! {
        <label class="attribute" title="The attribute: the highest one wins. Counts from the next election.">
            <span class="visually-hidden">{format!("Attribute of {name}")}</span>
            <input
                node_ref=field
                data-testid=format!("attribute-{name}")
                type="text"
                inputmode="numeric"
                autocomplete="off"
                size=live::words(move || (real.with(String::len).max(3) + 1).to_string())
                prop:value=live::words(move || real.get())
                disabled=live::whether(move || !store.is_connected() || store.watching)
                aria-invalid=live::words(move || wrong.with(Option::is_some).to_string())
                on:change=move |event| commit(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        show_real();
                    }
                }
            />
            {live::part(move || wrong.get().map(|why| view! { <span class="complaint" role="alert">{why}</span> }))}
        </label>
    }
}
