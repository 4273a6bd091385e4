//! One node's card: its role, its facts, the actions on it, and its log.

use leptos::prelude::*;
use ringleader_shared::view::NodeView;
use ringleader_shared::{NodeName, NodeState};
use ringleader_simulator::classic::properties;

use super::actions::Actions;
use super::attribute::AttributeField;
use super::log_panel::LogPanel;
use crate::command::Command;
use crate::components::badge::{Badge, Icon, label, role_name};
use crate::components::command_sender::CommandSender;
use crate::reactive;
use crate::state::Store;
use crate::terms;
use crate::text::{outside, to_successor};

/// The facts below the name: terms and their values.
fn facts(node: &NodeView) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if node.term.0 > 0 {
        facts.push(("term", node.term.to_string()));
    }
    if let Some(successor) = &node.successor {
        facts.push(("next", to_successor(node, successor)));
    }
    // A simulated node has neither process nor port.
    let is_real = node.address.as_ref().is_none_or(|address| !address.starts_with("virtual"));
    if let Some(pid) = node.pid.filter(|_| is_real) {
        facts.push(("pid", pid.to_string()));
    }
    if let Some(part) = &node.progress {
        let phase = part.phase.filter(|phase| *phase > 0);
        let phase = phase
            .map_or_else(String::new, |phase| format!(", {} {phase}", properties(part.algorithm).phases));
        let holds = part.holds.as_ref().filter(|held| held.name != node.name);
        let holds = holds.map_or_else(String::new, |held| format!(", for {}", held.name));
        facts.push(("election", format!("{}{phase}{holds}", part.status.as_str())));
    }
    if let Some(restarts) = node.incarnation.0.checked_sub(1).filter(|restarts| *restarts > 0) {
        facts.push(("restarts", restarts.to_string()));
    }
    if let Some(address) = node.address.as_ref().filter(|_| is_real) {
        facts.push(("port", address.rsplit(':').next().unwrap_or_default().to_owned()));
    }
    facts
}

/// The switch for whether the node may lead.
#[component]
fn Eligibility(name: NodeName, eligible: Memo<bool>) -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let id = format!("eligible-{name}");
    let about = format!(
        "Unless {name} may lead, it takes part in elections and votes, but never leads and is never deputy. Counts from the next election."
    );
    let press = {
        let name = name.clone();
        move |event: web_sys::Event| {
            // The box shows the present value: it changes with the event that reports the change.
            event_target::<web_sys::HtmlInputElement>(&event).set_checked(eligible.get_untracked());
            commands.submit(Command::ChangeEligibility(name.clone(), !eligible.get_untracked()));
        }
    };
    view! {
        <label class="check eligibility" title=about>
            <input
                data-testid=id
                type="checkbox"
                role="switch"
                aria-label=format!("{name} may lead")
                prop:checked=reactive::flag(move || eligible.get())
                disabled=reactive::flag(move || !store.is_connected() || store.watching)
                on:change=press
            />
            <span hidden=reactive::flag(move || eligible.get())>"may not lead"</span>
        </label>
    }
}

/// The card.
#[component]
pub(crate) fn Card(name: NodeName) -> impl IntoView {
    let store = Store::here();
    let node = store.node(name.clone());
    let badge = reactive::memo(move || node.with(|node| node.as_ref().map_or(Badge::Stopped, Badge::of)));
    let words = reactive::memo(move || node.with(|node| node.as_ref().map(label).unwrap_or_default()));
    let known = reactive::memo(move || node.with(|node| node.as_ref().map(facts).unwrap_or_default()));
    let state = move || node.with(|node| node.as_ref().map_or(NodeState::Stopped, |node| node.state));
    let eligible = reactive::memo(move || node.with(|node| node.as_ref().is_none_or(|node| node.eligible)));
    let outside = {
        let name = name.clone();
        reactive::memo(move || store.view.with(|view| outside(view, &name)))
    };
    let heading = format!("card-{name}-name");
    let outside_id = format!("outside-{name}");
    view! {
        <article
            class=reactive::text(move || {
                format!("card {}{}", badge.get().as_str(), if eligible.get() { "" } else { " ineligible" })
            })
            id=format!("card-{name}")
            data-testid=format!("card-{name}")
            data-role=reactive::text(move || node.with(|node| node.as_ref().map_or("none", role_name)))
            data-state=reactive::text(move || state().to_string())
            tabindex="-1"
            aria-labelledby=heading.clone()
        >
            <header>
                <h3 id=heading.clone()>{name.to_string()}</h3>
                <AttributeField name=name.clone() node=node/>
                <Eligibility name=name.clone() eligible=eligible/>
                <span class="badge">
                    <Icon badge=badge/>
                    {reactive::text(move || words.get())}
                </span>
            </header>
            <dl class="facts">
                {reactive::fragment(move || known.get().into_iter().map(|(what, value)| view! {
                    <div title=terms::meaning(what)><dt>{what}</dt><dd>{value}</dd></div>
                }).collect_view())}
            </dl>
            {reactive::fragment(move || outside.get().map(|words| view! {
                <p class="outside" data-testid=outside_id.clone()><strong>"Outside: "</strong>{words}</p>
            }))}
            <Actions name=name.clone() state=Signal::derive(state)/>
            <LogPanel name=name.clone()/>
        </article>
    }
}
