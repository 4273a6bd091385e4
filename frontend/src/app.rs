//! The page as a whole: the server's ring, or one of the page's own.

use std::any::Any;

use leptos::html;
use leptos::mount::mount_to;
use leptos::prelude::*;
use ringleader_shared::NodeName;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::address::{self, Target};
use crate::announcer::Announcer;
use crate::card::Card;
use crate::connection;
use crate::controls::Controls;
use crate::faults::FaultPanel;
use crate::headline::Headline;
use crate::help::{Help, HelpPanel};
use crate::large_ring::LARGE_RING;
use crate::notice::Notice;
use crate::notices::Notices;
use crate::outage::OutageLine;
use crate::reactive;
use crate::ring::RingFigure;
use crate::roster::Roster;
use crate::sandbox::Sandbox;
use crate::sandbox::form::Form;
use crate::sandbox::permalink::{Permalink, Refused};
use crate::sandbox::settings::Settings;
use crate::sandbox::speed::Speed;
use crate::sandbox::time_controls::TimeControls;
use crate::skip::SkipLinks;
use crate::store::{Connection, Store};
use crate::summary::Summary;
use crate::theme::Theme;
use crate::top_bar::{LostBanner, TopBar};

/// Which rings there are to look at, and which one is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Rings {
    /// The server's; none where there is no server, as the page itself says.
    pub(crate) live: Option<Store>,
    /// The page's own.
    pub(crate) sandbox: Store,
    /// Whether the page's own is looked at.
    pub(crate) in_sandbox: RwSignal<bool>,
}

impl Rings {
    fn open() -> Self {
        let has_server =
            document().document_element().is_none_or(|page| !page.has_attribute("data-no-server"));
        let live = has_server.then(Store::of_server);
        if let Some(live) = live {
            connection::keep(live);
        }
        let sandbox = Store::of_sandbox(&Permalink::new(Settings::default(), Speed::default()));
        let rings = Self { live, sandbox, in_sandbox: RwSignal::new(live.is_none()) };
        rings.follow(&address::fragment());
        rings
    }

    /// Shows what the address says.
    fn follow(self, fragment: &str) {
        let Some(sandbox) = self.sandbox.sandbox else { return };
        let is_element = |name: &str| document().get_element_by_id(name).is_some();
        let in_sandbox = match Target::of(fragment, self.live.is_some(), is_element) {
            Target::Live => false,
            Target::Sandbox => true,
            Target::Run => {
                if fragment != sandbox.fragment() {
                    self.show_run(sandbox, fragment);
                }
                true
            }
            Target::Element => self.in_sandbox.get_untracked(),
        };
        // Another page is mounted when another ring is looked at, and only then.
        if self.in_sandbox.get_untracked() != in_sandbox {
            self.in_sandbox.set(in_sandbox);
        }
        sandbox.own_address(in_sandbox.then_some(fragment));
    }

    /// Shows the run of a permalink, and names the parts of it that were left out.
    fn show_run(self, sandbox: Sandbox, fragment: &str) {
        let (permalink, refused) = Permalink::read(fragment);
        sandbox.open(self.sandbox, &permalink);
        if refused.is_empty() {
            return;
        }
        let parts = refused.iter().map(|Refused { part, allowed }| format!("{part}: {allowed}"));
        self.sandbox.notify(Notice {
            title: "A part of the link makes no sense and was left out".to_owned(),
            detail: Some(parts.collect::<Vec<_>>().join(" · ")),
        });
    }

    fn shown(self) -> Store {
        match self.live {
            Some(live) if !self.in_sandbox.get() => live,
            _ => self.sandbox,
        }
    }
}

/// The page.
#[component]
pub(crate) fn App() -> impl IntoView {
    Theme::provide();
    Help::provide();
    let rings = Rings::open();
    provide_context(rings);
    let changed = Closure::<dyn FnMut()>::new(move || rings.follow(&address::fragment()));
    let listening =
        window().add_event_listener_with_callback("hashchange", changed.as_ref().unchecked_ref()).is_ok();
    if listening {
        // As long as the page lives.
        changed.forget();
    }
    let place = NodeRef::<html::Div>::new();
    // Mounted by hand, one in the place of the other: a page that could become the other would take twice the code.
    let mounted = StoredValue::new_local(None::<Box<dyn Any>>);
    reactive::effect(move || {
        if let Some(place) = place.get() {
            mounted.set_value(None);
            let store = rings.shown();
            mounted
                .set_value(Some(Box::new(mount_to((*place).clone(), move || view! { <Page store=store/> }))));
        }
    });
    view! {
        <SkipLinks/>
        <div node_ref=place></div>
        <HelpPanel/>
    }
}

/// All that is shown of one ring.
#[component]
fn Page(store: Store) -> impl IntoView {
    provide_context(store);
    name_the_tab(store);
    let stale = move || store.connection.with(|connection| matches!(connection, Connection::Lost { .. }));
    view! {
        <div class="page" class:stale=reactive::flag(stale) class:simulated=store.sandbox.is_some()>
            <TopBar/>
            <LostBanner/>
            <main class="columns">
                <div class="stage">
                    <Controls/>
                    <OutageLine/>
                    <RingFigure/>
                    {store.sandbox.map(|sandbox| view! { <TimeControls sandbox=sandbox/> })}
                    <Summary/>
                </div>
                <section class="nodes" aria-labelledby="nodes-heading">
                    // Beside the ring, which an open panel must not push off the screen.
                    <FaultPanel/>
                    <Roster/>
                    {store.sandbox.map(|sandbox| view! { <Form sandbox=sandbox/> })}
                    <Cards/>
                </section>
            </main>
        </div>
        <Notices/>
        <Announcer/>
    }
}

/// Has the browser's tab say who leads.
fn name_the_tab(store: Store) {
    let title = reactive::memo(move || {
        let state = match store.connection.get() {
            Connection::Connecting => return "Ringleader".to_owned(),
            Connection::Lost { .. } => "Connection lost".to_owned(),
            Connection::Connected => store.view.with(|view| Headline::of(view).short()),
        };
        let sandbox = if store.sandbox.is_some() { " · Sandbox" } else { "" };
        format!("{state}{sandbox} · Ringleader")
    });
    reactive::effect(move || document().set_title(&title.read()));
}

/// A card for each node; in a large simulated ring only for the chosen node, the leader, the deputy and the first one.
#[component]
fn Cards() -> impl IntoView {
    let store = Store::here();
    let names = reactive::memo(move || {
        store.view.with(|view| {
            if store.sandbox.is_none() || view.nodes.len() <= LARGE_RING {
                return view.nodes.iter().map(|node| node.name.clone()).collect();
            }
            let chosen = store.chosen.get().filter(|name| view.node(name).is_some());
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
