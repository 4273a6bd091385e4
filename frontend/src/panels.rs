//! The panels beside the ring: the nodes, the log of all, the diagram, the causes of events, the elections,
//! the faults of links. Two are side by side in a wide window, and each can be closed.

mod log;

use leptos::prelude::*;

use crate::cards::Cards;
use crate::components::lazy::Lazy;
use crate::controls::link_faults;
use crate::controls::roster::Roster;
use crate::controls::settings_form::MakeSettingsForm;
use crate::diagram;
use crate::focus;
use crate::reactive;
use crate::state::{Panel, Store};
use crate::summary;
use crate::why;

/// The id of a panel's tab for tests and for the focus.
const fn tab(panel: Panel) -> &'static str {
    match panel {
        Panel::Nodes => "show-nodes",
        Panel::Log => "show-log",
        Panel::Diagram => "show-diagram",
        Panel::Why => "show-why",
        Panel::Elections => "show-elections",
        Panel::Faults => "faults",
    }
}

/// The panels and their tabs.
#[component]
pub(crate) fn Panels() -> impl IntoView {
    let store = Store::here();
    let panels = store.panels;
    let press = move |panel: Panel| {
        if panel == Panel::Why {
            // It is about the moment that is shown now.
            store.question.set(None);
        }
        panels.toggle(panel);
    };
    let is_shown = move |panel: Panel| reactive::flag(move || panels.is_shown(panel));
    let close = move |panel: Panel| {
        move |event: web_sys::KeyboardEvent| {
            if event.key() == "Escape" && !event.default_prevented() {
                panels.close(panel);
                focus::move_to(focus::control(tab(panel)));
            }
        }
    };
    let is_hidden = move |panel: Panel| reactive::flag(move || !panels.is_shown(panel));
    view! {
        <div class="panels" class:none=reactive::flag(move || !panels.any())>
            <div class="panel-tabs" role="group" aria-label="Panels beside the ring">
                {Panel::ALL.into_iter().map(|panel| view! {
                    <button
                        type="button"
                        data-testid=tab(panel)
                        aria-expanded=reactive::text(move || panels.is_shown(panel).to_string())
                        aria-controls=format!("panel-{}", panel.id())
                        on:click=move |_| press(panel)
                    >
                        {panel.label()}
                    </button>
                }).collect_view()}
            </div>
            <div class="panel-room">
                <section class="panel" id="panel-nodes" aria-labelledby="nodes-heading" hidden=is_hidden(Panel::Nodes)>
                    <Roster/>
                    {MakeSettingsForm::view()}
                    <Cards/>
                </section>
                <section class="panel" id="panel-log" aria-label="Log of all nodes" hidden=is_hidden(Panel::Log)>
                    <Show when=is_shown(Panel::Log)><Lazy part="the log" load=log::load/></Show>
                </section>
                <section class="panel" id="panel-diagram" aria-label="Space-time diagram" hidden=is_hidden(Panel::Diagram)>
                    <Show when=is_shown(Panel::Diagram)><Lazy part="the diagram" load=diagram::load/></Show>
                </section>
                <section class="panel" id="panel-why" aria-labelledby="why-heading" hidden=is_hidden(Panel::Why)>
                    <Show when=is_shown(Panel::Why)><Lazy part="the answer" load=why::load/></Show>
                </section>
                <div class="panel" id="panel-elections" tabindex="-1" hidden=is_hidden(Panel::Elections)>
                    <Show when=is_shown(Panel::Elections)><Lazy part="the elections" load=summary::load/></Show>
                </div>
                <div class="panel" id="panel-faults" hidden=is_hidden(Panel::Faults) on:keydown=close(Panel::Faults)>
                    <Show when=is_shown(Panel::Faults)><Lazy part="the faults of links" load=link_faults::load/></Show>
                </div>
            </div>
        </div>
    }
}

#[component]
fn Show(#[prop(into)] when: Signal<bool>, children: ChildrenFn) -> impl IntoView {
    reactive::fragment(move || when.get().then(|| children()))
}
