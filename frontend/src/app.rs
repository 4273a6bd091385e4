//! The page as a whole: the live ring of the server, the simulated one of the sandbox, or the kept runs.

use std::any::Any;

use leptos::html;
use leptos::mount::mount_to;
use leptos::prelude::*;
use ringleader_shared::{NodeName, RunId};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::address::{self, AddressWriter, Choice, Destination};
use crate::backend::live::Live;
use crate::backend::sandbox::Sandbox;
use crate::backend::{Backend, HAS_SANDBOX, server};
use crate::components::announcer::Announcer;
use crate::components::command_sender::CommandSender;
use crate::components::help::{Help, HelpPanel};
use crate::components::notices::Notices;
use crate::components::skip_links::SkipLinks;
use crate::components::theme::Theme;
use crate::controls::Controls;
use crate::headline::Headline;
use crate::history::{History, HistoryPage, KeptLine};
use crate::notice::Notice;
use crate::outage::OutageLine;
use crate::panels::Panels;
use crate::reactive;
use crate::ring::RingFigure;
use crate::sandbox::digest;
use crate::sandbox::permalink::{Permalink, Refused};
use crate::sandbox::settings::Settings;
use crate::sandbox::speed::Speed;
use crate::state::{Connection, Store};
use crate::time_bar::TimeBar;
use crate::top_bar::{ElsewhereBanner, LostBanner, Remark, TopBar};

/// The rings, and the choice of the one that is shown.
#[derive(Clone, Copy)]
struct Rings {
    /// The server's.
    live: Store,
    /// Its place in the address.
    live_place: Live,
    /// Whether there is a server: the page itself declares where there is none.
    has_server: bool,
    /// The page's own, with its backend; `None` in a program without the sandbox.
    own: Option<(Store, Sandbox)>,
    /// The kept runs; `None` in a program without them.
    history: Option<History>,
    /// The one that is shown.
    tab: RwSignal<Tab>,
}

/// The part of the page that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Live,
    Sandbox,
    History,
}

impl Rings {
    fn open() -> Self {
        let page = document().document_element();
        let declares = |attribute| page.as_ref().is_some_and(|page| page.has_attribute(attribute));
        let (live, has_server) = (Store::live(declares("data-watching")), !declares("data-no-server"));
        if has_server {
            server::connect(live);
        }
        let own = HAS_SANDBOX.then(|| {
            let store = Store::simulated();
            let first = Permalink::new(Settings::default(), Speed::default());
            (store, Sandbox::new(store, &first))
        });
        let history = HAS_SANDBOX.then(|| History::new(live.watching));
        let tab = RwSignal::new(if has_server { Tab::Live } else { Tab::Sandbox });
        let rings = Self { live, live_place: Live::new(live), has_server, own, history, tab };
        rings.follow(&address::fragment());
        rings
    }

    /// The page's own ring. The compiler must see where there is none: it leaves out the simulator then.
    fn own(self) -> Option<(Store, Sandbox)> {
        self.own.filter(|_| HAS_SANDBOX)
    }

    fn history(self) -> Option<History> {
        self.history.filter(|_| HAS_SANDBOX)
    }

    /// Shows the ring that the address leads to.
    fn follow(self, fragment: &str) {
        let is_element = |name: &str| document().get_element_by_id(name).is_some();
        let destination = Destination::of(fragment, self.has_server, is_element);
        let (place, choice, refused) = Choice::split(fragment);
        // A word alone leads from another ring to this one as it was left.
        let is_as_left = self.tab.get_untracked() != Tab::Live && !fragment.contains(['?', '=']);
        let is_live = match destination {
            Destination::Live => true,
            Destination::Element => self.tab.get_untracked() == Tab::Live,
            Destination::Sandbox | Destination::Run | Destination::History => false,
        };
        self.live_place.own_address(is_live.then_some(fragment));
        if destination == Destination::Live && !is_as_left {
            choice.clone().show(self.live);
            self.live_place.follow(&place);
            notify_refused(self.live, &refused);
        }
        let (Some((store, sandbox)), Some(history)) = (self.own(), self.history()) else {
            if matches!(destination, Destination::Sandbox | Destination::Run | Destination::History) {
                // The page at this address loads the program that has them.
                let _ = window().location().reload();
            }
            return;
        };
        let tab = match destination {
            Destination::Live => Tab::Live,
            Destination::Sandbox => Tab::Sandbox,
            Destination::Run => {
                if place != sandbox.run() {
                    self.show_run(&place);
                }
                choice.show(store);
                notify_refused(store, &refused);
                Tab::Sandbox
            }
            Destination::History => {
                choice.show(history.kept.store);
                history.follow(&place, fragment);
                notify_refused(history.kept.store, &refused);
                Tab::History
            }
            Destination::Element => self.tab.get_untracked(),
        };
        self.tab.set(tab);
        sandbox.own_address((tab == Tab::Sandbox).then_some(fragment));
        if tab != Tab::History {
            history.leave();
        }
    }

    /// Shows the run of a permalink, with a notice that names the parts of it that were left out.
    fn show_run(self, fragment: &str) {
        let Some((store, sandbox)) = self.own() else { return };
        let (permalink, refused) = Permalink::read(fragment);
        sandbox.open(&permalink);
        let parts = refused.iter().map(|Refused { part, allowed }| format!("{part}: {allowed}"));
        notify_refused(store, &parts.collect::<Vec<_>>());
        if let Some(recorded) = permalink.continued {
            store.remark.set(Some(continued(&recorded.renamed)));
            if sandbox.read(|player| digest(player.view())) != recorded.digest {
                store.notify(Notice {
                    title: "The sandbox did not come to just the state of the recorded moment".to_owned(),
                    detail: Some("Some role, term or leader is another".to_owned()),
                });
            }
        }
    }

    /// The page that is shown.
    fn shown(self) -> Shown {
        match self.tab.get() {
            Tab::Sandbox if self.own().is_some() => Shown::Sandbox,
            Tab::History if self.history().is_some() => {
                self.history().and_then(History::run_at_hand).map_or(Shown::Runs, Shown::Run)
            }
            Tab::Live | Tab::Sandbox | Tab::History => Shown::Live,
        }
    }
}

/// Shows the parts of a link that were left out, if any were.
fn notify_refused(store: Store, parts: &[String]) {
    if !parts.is_empty() {
        store.notify(Notice {
            title: "A part of the link makes no sense and was left out".to_owned(),
            detail: Some(parts.join(" · ")),
        });
    }
}

/// The limits of a run that continues a recorded moment.
fn continued(renamed: &[NodeName]) -> String {
    let names = (0..).map(NodeName::nth).zip(renamed).map(|(here, there)| format!("{there} is {here}"));
    let names = names.collect::<Vec<_>>().join(", ");
    let called = if names.is_empty() { String::new() } else { format!(" Here {names}.") };
    format!(
        "The ring is as it was at the recorded moment, and goes on from here. Messages that were in transit are not taken along; what is before this moment is the way by which the sandbox came to it.{called}"
    )
}

/// The page that is shown: another one is mounted when this changes, and only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The server's ring.
    Live,
    /// The page's own ring.
    Sandbox,
    /// The kept runs.
    Runs,
    /// One of them.
    Run(RunId),
}

/// The page.
#[component]
pub(crate) fn App() -> impl IntoView {
    Theme::provide();
    Help::provide();
    let rings = Rings::open();
    let changed = Closure::<dyn FnMut()>::new(move || rings.follow(&address::fragment()));
    let listening =
        window().add_event_listener_with_callback("hashchange", changed.as_ref().unchecked_ref()).is_ok();
    if listening {
        // It lives as long as the page.
        changed.forget();
    }
    let place = NodeRef::<html::Div>::new();
    // Mounted by hand, one in the place of the other: a page that could become the other would take twice the
    // code.
    let mounted = StoredValue::new_local(None::<Box<dyn Any>>);
    let shown = reactive::memo(move || rings.shown());
    reactive::effect(move || {
        if let Some(place) = place.get() {
            mounted.set_value(None);
            let place = (*place).clone();
            let (store, backend, address) = match (shown.get(), rings.own(), rings.history()) {
                (Shown::Sandbox, Some((store, sandbox)), _) => {
                    (store, Backend::Sandbox(sandbox), sandbox.address)
                }
                (Shown::Run(_), _, Some(history)) => {
                    (history.kept.store, Backend::Kept(history.kept), history.kept.address)
                }
                (Shown::Runs, _, Some(history)) => {
                    let page = move || view! { <HistoryPage history=history/> };
                    mounted.set_value(Some(Box::new(mount_to(place, page))));
                    return;
                }
                _ => (rings.live, Backend::Server, rings.live_place.address),
            };
            let has_tabs = rings.has_server;
            let page =
                move || view! { <Page store=store backend=backend address=address has_tabs=has_tabs/> };
            mounted.set_value(Some(Box::new(mount_to(place, page))));
        }
    });
    view! {
        <div hidden=reactive::flag(move || shown.get() == Shown::Runs)><SkipLinks/></div>
        <div node_ref=place></div>
        <HelpPanel/>
    }
}

/// One ring with everything around it.
#[component]
fn Page(
    store: Store,
    backend: Backend,
    /// The writer of its address.
    address: AddressWriter,
    /// Whether there is another ring to go to.
    has_tabs: bool,
) -> impl IntoView {
    provide_context(store);
    provide_context(backend);
    provide_context(address);
    reactive::effect(move || {
        Choice::track(store);
        store.playback.shown.track();
        address.write_soon();
    });
    CommandSender::provide(store, backend);
    name_the_tab(store);
    let stale = move || store.connection.with(|connection| matches!(connection, Connection::Lost { .. }));
    view! {
        <div class="page" class:stale=reactive::flag(stale) class:simulated=store.simulated class:kept=store.is_kept()>
            <TopBar has_tabs=has_tabs/>
            <LostBanner/>
            <ElsewhereBanner/>
            <Remark/>
            <main class="columns" class:alone=reactive::flag(move || !store.panels.any())>
                {match backend.kept() {
                    Some(kept) => view! { <KeptLine kept=kept/> }.into_any(),
                    None => view! { <Controls/> }.into_any(),
                }}
                <div class="stage">
                    <RingFigure/>
                    <OutageLine/>
                </div>
                <Panels/>
            </main>
            <TimeBar/>
        </div>
        <Notices/>
        <Announcer/>
    }
}

/// Shows the leader in the title of the browser's tab.
fn name_the_tab(store: Store) {
    let title = reactive::memo(move || {
        let state = match store.connection.get() {
            Connection::Connecting => return "Ringleader".to_owned(),
            Connection::Lost { .. } => "Connection lost".to_owned(),
            Connection::Connected => store.view.with(|view| Headline::of(view).short()),
        };
        let tab = match (store.simulated, store.is_kept()) {
            (true, _) => " · Sandbox",
            (false, true) => " · Kept run",
            (false, false) => "",
        };
        format!("{state}{tab} · Ringleader")
    });
    reactive::effect(move || document().set_title(&title.read()));
}
