//! The attribute on a card, edited in place.

use leptos::prelude::*;
use ringleader_shared::NodeName;
use ringleader_shared::view::NodeView;

use crate::command::Command;
use crate::components::command_sender::CommandSender;
use crate::components::field::{self, Field};
use crate::reactive;
use crate::state::Store;

/// The field.
#[component]
pub(crate) fn AttributeField(name: NodeName, node: Memo<Option<NodeView>>) -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let real = reactive::memo(move || {
        node.with(|node| node.as_ref().map(|node| node.attribute.to_string()).unwrap_or_default())
    });
    let (id, label) = (format!("attribute-{name}"), format!("Attribute of {name}"));
    let set = move |text: String| {
        commands.submit(Command::ChangeAttribute(name.clone(), field::attribute(&text)?));
        Ok(())
    };
    view! {
        <div class="attribute">
            <Field
                id=id
                label=label
                bare=true
                title="The attribute: the highest one wins. Counts from the next election."
                now=reactive::text(move || real.get())
                size=reactive::text(move || (real.with(String::len).max(3) + 1).to_string())
                disabled=reactive::flag(move || !store.is_connected() || store.watching)
                set=set
            />
        </div>
    }
}
