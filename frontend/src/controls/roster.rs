//! The members of the ring: their number, adding one, resetting the ring.

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::api::AddNode;
use ringleader_shared::ring::MAX_MEMBERS;
use ringleader_shared::{Attribute, NodeName, NodeState, RingView};

use crate::backend::Backend;
use crate::command::Command;
use crate::components::button::ActionButton;
use crate::components::command_sender::CommandSender;
use crate::components::field::{self, Field};
use crate::focus;
use crate::large_ring::LARGE_RING;
use crate::reactive;
use crate::sandbox::settings::MOST_NODES;
use crate::state::Store;

/// The suggestion for a new node: the first name of A, B, C… that is free, and an attribute that would win.
fn suggestion(view: &RingView) -> (String, u64) {
    let name = (0..=view.nodes.len()).map(NodeName::nth).find(|name| view.node(name).is_none());
    let highest = view.nodes.iter().map(|node| node.attribute.0).max();
    (
        name.map_or_else(String::new, String::from),
        highest.map_or(100, |highest| (highest + 10).min(Attribute::MAX.0)),
    )
}

/// Parses a new node, or returns the reason for its refusal.
fn parse(view: &RingView, name: &str, attribute: &str, eligible: bool) -> Result<AddNode, String> {
    let name: NodeName = name.trim().parse().map_err(|error| format!("{error}"))?;
    if view.node(&name).is_some() {
        return Err(format!("There is a node {name} already"));
    }
    Ok(AddNode { name, attribute: field::attribute(attribute)?, eligible, id: None })
}

/// The form that is open below the heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Add,
    Reset,
}

/// The heading over the cards.
#[component]
pub(crate) fn Roster() -> impl IntoView {
    let store = Store::here();
    let open = RwSignal::new(Open::Nothing);
    let count = move || {
        store.view.with(|view| {
            let dead = view.nodes.iter().filter(|node| node.state == NodeState::Stopped).count();
            match (view.nodes.len(), dead) {
                (all, 0) => format!("{all}"),
                (all, dead) => format!("{} of {all} up", all - dead),
            }
        })
    };
    let offline = move || (!store.is_connected()).then(|| "Not connected to the server".to_owned());
    let full = Signal::derive(move || {
        offline().or_else(|| {
            let most = if store.simulated { MOST_NODES } else { MAX_MEMBERS };
            let full = store.view.with(|view| view.nodes.len() >= most);
            full.then(|| format!("A ring has {most} nodes at most"))
        })
    });
    let is_large =
        reactive::memo(move || store.simulated && store.view.with(|view| view.nodes.len() > LARGE_RING));
    let toggle =
        move |what: Open| open.update(|open| *open = if *open == what { Open::Nothing } else { what });
    let close = move |opener: &'static str| {
        open.set(Open::Nothing);
        focus::move_to(focus::control(opener));
    };
    let is_open = move |what: Open| reactive::flag(move || open.get() == what);
    view! {
        <div class="roster">
            <h2 id="nodes-heading" tabindex="-1">"Nodes " <span class="count">{reactive::text(count)}</span></h2>
            <ActionButton
                id="add-node"
                class="quiet"
                effect="Adds a node at the end of the ring"
                refusal=full
                expanded=is_open(Open::Add)
                press=move |()| toggle(Open::Add)
            >
                "Add node"
            </ActionButton>
            <ActionButton
                id="reset"
                class="quiet"
                effect=if store.simulated {
                    "Forgets what was done and shows the ring at its beginning"
                } else {
                    "Ends every process and starts a fresh ring as configured"
                }
                refusal=Signal::derive(offline)
                expanded=is_open(Open::Reset)
                press=move |()| toggle(Open::Reset)
            >
                "Reset ring"
            </ActionButton>
        </div>
        {reactive::fragment(move || is_large.get().then(|| view! { <Finder/> }))}
        {reactive::fragment(move || match open.get() {
            Open::Nothing => ().into_any(),
            Open::Add => view! { <AddForm close=move |()| close("add-node")/> }.into_any(),
            Open::Reset => view! { <ResetForm close=move |()| close("reset")/> }.into_any(),
        })}
    }
}

/// Asks for the new node's name and attribute.
#[component]
fn AddForm(#[prop(into)] close: Callback<()>) -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let (free_name, first_attribute) = store.view.with_untracked(suggestion);
    // The name of a simulated node follows from the order in which all have joined.
    let given =
        Backend::here().sandbox().map(|sandbox| sandbox.read(|player| player.next_name()).to_string());
    let is_given = given.is_some();
    let first_name = given.unwrap_or(free_name);
    let name = RwSignal::new(first_name);
    let attribute = RwSignal::new(first_attribute.to_string());
    let eligible = RwSignal::new(true);
    let parsed = move || store.view.with(|view| parse(view, &name.read(), &attribute.read(), eligible.get()));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Ok(node) = parsed() {
            commands.submit(Command::Add(node));
            close.run(());
        }
    };
    let field = NodeRef::<html::Input>::new();
    reactive::effect(move || {
        if let Some(field) = field.get() {
            let _ = field.focus();
            field.select();
        }
    });
    view! {
        <form class="inline-form" on:submit=submit on:keydown=move |event| {
            if event.key() == "Escape" { close.run(()); }
        }>
            <label>
                "Name"
                <input
                    node_ref=field
                    data-testid="add-name"
                    type="text"
                    size="6"
                    maxlength=NodeName::MAX_LEN
                    autocomplete="off"
                    spellcheck="false"
                    readonly=is_given
                    prop:value=reactive::text(move || name.get())
                    on:input=move |event| name.set(event_target_value(&event))
                />
            </label>
            <label>
                "Attribute"
                <input
                    data-testid="add-attribute"
                    type="text"
                    size="6"
                    inputmode="numeric"
                    autocomplete="off"
                    prop:value=reactive::text(move || attribute.get())
                    on:input=move |event| attribute.set(event_target_value(&event))
                />
            </label>
            <label class="check" title="Unless it may, it takes part in elections and votes, but never leads and is never deputy">
                <input
                    data-testid="add-eligible"
                    type="checkbox"
                    prop:checked=reactive::flag(move || eligible.get())
                    on:change=move |event| eligible.set(event_target_checked(&event))
                />
                "May lead"
            </label>
            <button class="primary" type="submit" data-testid="add-submit" disabled=reactive::flag(move || {
                parsed().is_err() || !store.is_connected()
            })>
                "Add"
            </button>
            <button class="quiet" type="button" on:click=move |_| close.run(())>"Cancel"</button>
            <p class="complaint" role="status">{reactive::text(move || parsed().err().unwrap_or_default())}</p>
        </form>
    }
}

/// Shows the card of one node of a large ring.
#[component]
fn Finder() -> impl IntoView {
    let store = Store::here();
    let chosen = reactive::text(move || store.chosen_node.get().map(String::from).unwrap_or_default());
    let find = move |text: String| {
        let wanted = text.to_ascii_uppercase().parse::<NodeName>().ok();
        let found = wanted.filter(|name| store.view.with_untracked(|view| view.node(name).is_some()));
        store.chosen_node.set(Some(found.ok_or_else(|| format!("There is no node {text}"))?));
        Ok(())
    };
    view! {
        <div class="finder">
            <Field id="find-node" label="Show node" words=true now=chosen size=reactive::text(|| "6") set=find/>
            <p>"Or click its bar in the ring. The leader's and the deputy's cards are always shown."</p>
        </div>
    }
}

/// Asks for a confirmation of the reset.
#[component]
fn ResetForm(#[prop(into)] close: Callback<()>) -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let sure = NodeRef::<html::Button>::new();
    reactive::effect(move || {
        if let Some(sure) = sure.get() {
            let _ = sure.focus();
        }
    });
    view! {
        <div class="inline-form" role="group" aria-label="Reset the ring?" on:keydown=move |event| {
            if event.key() == "Escape" { close.run(()); }
        }>
            <p>{if store.simulated { "Forget what was done?" } else { "End every process and start afresh?" }}</p>
            <button node_ref=sure class="danger" type="button" data-testid="reset-confirm" disabled=reactive::flag(move || !store.is_connected()) on:click=move |_| {
                commands.submit(Command::Reset);
                close.run(());
            }>"Reset"</button>
            <button class="quiet" type="button" on:click=move |_| close.run(())>"Cancel"</button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ring;

    #[test]
    fn the_next_free_letter_and_a_winning_attribute_are_suggested() {
        assert_eq!(suggestion(&ring(4).running()), ("E".to_owned(), 130));
        assert_eq!(suggestion(&RingView::empty()), ("A".to_owned(), 100));
    }

    #[test]
    fn a_new_node_is_refused_with_the_reason() {
        let view = ring(4).running();
        assert!(parse(&view, "A", "5", true).expect_err("taken").contains("already"));
        assert!(parse(&view, "", "5", true).expect_err("empty").contains("1 to 16"));
        assert!(parse(&view, "E", "-1", true).expect_err("negative").contains("whole number"));
        assert!(parse(&view, "E", "9007199254740992", true).expect_err("too large").contains("whole number"));
        assert_eq!(parse(&view, " E ", " 95 ", true).map(|node| node.attribute), Ok(Attribute(95)));
    }
}
