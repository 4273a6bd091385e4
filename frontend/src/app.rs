//! The page as a whole: the live ring of the server, the simulated one of the sandbox, or the kept runs.

use std::any::Any;

use leptos::html;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::{NodeName, RunId};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::address::{self, AddressWriter, Choice, Destination, LIVE};
use crate::backend::kept::Kept;
use crate::backend::live::Live;
use crate::backend::sandbox::{Sandbox, SandboxCode};
use crate::backend::{Backend, server};
use crate::chunk::{Loading, NotLoaded, chunk};
use crate::components::announcer::Announcer;
use crate::components::command_sender::CommandSender;
use crate::components::help::{Help, HelpPanel};
use crate::components::lazy::Waiting;
use crate::components::notices::Notices;
use crate::components::skip_links::SkipLinks;
use crate::components::theme::Theme;
use crate::controls::Controls;
use crate::controls::settings_form::MakeSettingsForm;
use crate::headline::Headline;
use crate::history::{self, History, HistoryCode};
use crate::notice::Notice;
use crate::outage::OutageLine;
use crate::panels::Panels;
use crate::reactive;
use crate::ring::{RingFigure, RunDrawing};
use crate::sandbox::permalink::Refused;
use crate::sandbox::player;
use crate::state::{Connection, Store};
use crate::time_bar::TimeBar;
use crate::top_bar::{ElsewhereBanner, LostBanner, Remark, TopBar};

/// The content of the sandbox's chunk: its functions, and one that lets components of the sandbox find their
/// parts that are in the chunk.
type SandboxParts = (SandboxCode, fn());

chunk! {
    sandbox,
    fn load_sandbox() -> SandboxParts {
        let provide = || {
            MakeSettingsForm::provide();
            RunDrawing::provide();
        };
        (SandboxCode::new(player::ENGINE), provide)
    }
}

/// The page's own ring.
#[derive(Clone, Copy)]
struct OwnRing {
    store: Store,
    sandbox: Sandbox,
    provide: fn(),
}

/// A part of the page that is loaded when it is used for the first time.
#[derive(Clone, Copy)]
enum Part<T> {
    Unused,
    Loading,
    Failed,
    Here(T),
}

impl<T> Part<T> {
    fn here(self) -> Option<T> {
        match self {
            Self::Here(part) => Some(part),
            Self::Unused | Self::Loading | Self::Failed => None,
        }
    }
}

/// The rings, and the choice of the one that is shown.
#[derive(Clone, Copy)]
struct Rings {
    /// The server's.
    live: Store,
    /// Its place in the address.
    live_place: Live,
    /// Whether there is a server: the page itself declares where there is none.
    has_server: bool,
    /// The page's own.
    own: RwSignal<Part<OwnRing>>,
    /// The kept runs.
    history: RwSignal<Part<(History, HistoryCode)>>,
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

impl Tab {
    /// The part in a sentence.
    const fn name(self) -> &'static str {
        match self {
            Self::Live => "the live ring",
            Self::Sandbox => "the sandbox",
            Self::History => "the history",
        }
    }
}

impl Rings {
    fn open() -> Self {
        let page = document().document_element();
        let declares = |attribute| page.as_ref().is_some_and(|page| page.has_attribute(attribute));
        let (live, has_server) = (Store::live(declares("data-watching")), !declares("data-no-server"));
        if has_server {
            server::connect(live);
        }
        let (own, history) = (RwSignal::new(Part::Unused), RwSignal::new(Part::Unused));
        let tab = RwSignal::new(if has_server { Tab::Live } else { Tab::Sandbox });
        let rings = Self { live, live_place: Live::new(live), has_server, own, history, tab };
        rings.follow(&address::fragment());
        rings
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
        let (own, history) = (self.own.get_untracked().here(), self.history.get_untracked().here());
        let tab = match destination {
            Destination::Live => Tab::Live,
            Destination::Sandbox | Destination::Run => Tab::Sandbox,
            Destination::History => Tab::History,
            Destination::Element => self.tab.get_untracked(),
        };
        match destination {
            Destination::Run => {
                if let Some(OwnRing { store, sandbox, .. }) = own {
                    if place != sandbox.run() {
                        self.show_run(&place);
                    }
                    choice.show(store);
                    notify_refused(store, &refused);
                }
            }
            Destination::History => {
                if let Some((history, code)) = history {
                    choice.show(history.kept.store);
                    (code.follow)(history, &place, fragment);
                    notify_refused(history.kept.store, &refused);
                }
            }
            Destination::Live | Destination::Sandbox | Destination::Element => {}
        }
        self.tab.set(tab);
        if let Some(OwnRing { sandbox, .. }) = own {
            sandbox.own_address((tab == Tab::Sandbox).then_some(fragment));
        }
        if tab != Tab::History
            && let Some((history, _)) = history
        {
            history.leave();
        }
        self.load();
    }

    /// Loads the part that is to be shown, unless it is here.
    fn load(self) {
        match self.tab.get_untracked() {
            Tab::Live => {}
            Tab::Sandbox => self.load_into(self.own, load_sandbox(), |(code, provide): SandboxParts| {
                let store = Store::simulated();
                OwnRing { store, sandbox: code.open(store), provide }
            }),
            Tab::History => self.load_into(self.history, history::load(), move |code: HistoryCode| {
                ((code.open)(self.live.watching), code)
            }),
        }
    }

    fn load_into<C: 'static, T: Copy + Send + Sync + 'static>(
        self,
        part: RwSignal<Part<T>>,
        code: Loading<C>,
        open: impl FnOnce(C) -> T + 'static,
    ) {
        if matches!(part.get_untracked(), Part::Here(_) | Part::Loading) {
            return;
        }
        part.set(Part::Loading);
        let tab = self.tab.get_untracked();
        spawn_local(async move {
            match code.await {
                Ok(code) => {
                    part.set(Part::Here(open(code)));
                    // The reader may have gone elsewhere by now.
                    self.follow(&address::fragment());
                }
                Err(NotLoaded) => {
                    part.set(Part::Failed);
                    self.live.notify(Notice::not_loaded(tab.name()));
                }
            }
        });
    }

    /// Shows the run of a permalink, with a notice that names the parts of it that were left out.
    fn show_run(self, fragment: &str) {
        let Some(OwnRing { store, sandbox, .. }) = self.own.get_untracked().here() else { return };
        let (permalink, refused) = sandbox.permalink(fragment);
        sandbox.open(&permalink);
        let parts = refused.iter().map(|Refused { part, allowed }| format!("{part}: {allowed}"));
        notify_refused(store, &parts.collect::<Vec<_>>());
        if let Some(recorded) = permalink.continued {
            store.remark.set(Some(continued(&recorded.renamed)));
            if sandbox.read(|player| player.digest()) != recorded.digest {
                store.notify(Notice {
                    title: "The sandbox did not come to just the state of the recorded moment".to_owned(),
                    detail: Some("Some role, term or leader is another".to_owned()),
                });
            }
        }
    }

    /// The page that is shown.
    fn shown(self) -> Shown {
        let is_failed = match self.tab.get() {
            Tab::Live => return Shown::Live,
            Tab::Sandbox => match self.own.get() {
                Part::Here(_) => return Shown::Sandbox,
                part => matches!(part, Part::Failed),
            },
            Tab::History => match self.history.get() {
                Part::Here((history, _)) => return history.run_at_hand().map_or(Shown::Runs, Shown::Run),
                part => matches!(part, Part::Failed),
            },
        };
        Shown::Waiting(self.tab.get(), is_failed)
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
    /// A part that is being loaded, or that could not be.
    Waiting(Tab, bool),
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
            let (own, history) = (rings.own.get_untracked().here(), rings.history.get_untracked().here());
            let (store, backend, address, more) = match (shown.get(), own, history) {
                (Shown::Sandbox, Some(OwnRing { store, sandbox, provide }), _) => {
                    (store, Backend::Sandbox(sandbox), sandbox.address, More::Sandbox(provide))
                }
                (Shown::Run(_), _, Some((history, code))) => {
                    let kept = history.kept;
                    (kept.store, Backend::Kept(kept), kept.address, More::Line(code.line))
                }
                (Shown::Runs, _, Some((history, code))) => {
                    mounted.set_value(Some(Box::new(mount_to(place, move || (code.page)(history)))));
                    return;
                }
                (Shown::Waiting(tab, failed), ..) => {
                    let page = move || view! { <WaitingPage rings=rings tab=tab failed=failed/> };
                    mounted.set_value(Some(Box::new(mount_to(place, page))));
                    return;
                }
                _ => (rings.live, Backend::Server, rings.live_place.address, More::Nothing),
            };
            let has_tabs = rings.has_server;
            let page = move || {
                view! { <Page store=store backend=backend address=address more=more has_tabs=has_tabs/> }
            };
            mounted.set_value(Some(Box::new(mount_to(place, page))));
        }
    });
    view! {
        <div hidden=reactive::flag(move || matches!(shown.get(), Shown::Runs | Shown::Waiting(..)))><SkipLinks/></div>
        <div node_ref=place></div>
        <HelpPanel/>
    }
}

/// The page while a part of it is loaded.
#[component]
fn WaitingPage(rings: Rings, tab: Tab, failed: bool) -> impl IntoView {
    provide_context(rings.live);
    let again = Callback::new(move |()| rings.load());
    view! {
        <div class="page">
            <main class="history">
                <section class="opening" data-testid="waiting">
                    <Waiting part=tab.name() failed=failed again=again/>
                    {rings.has_server.then(|| view! { <p><a href=format!("#{LIVE}")>"← The live ring"</a></p> })}
                </section>
            </main>
        </div>
        <Notices/>
    }
}

/// The parts of a page that come from a chunk of the program.
#[derive(Clone, Copy)]
enum More {
    Nothing,
    /// Lets the components of a sandbox find their parts.
    Sandbox(fn()),
    /// The line above a kept run.
    Line(fn(Kept) -> AnyView),
}

/// One ring with everything around it.
#[component]
fn Page(
    store: Store,
    backend: Backend,
    /// The writer of its address.
    address: AddressWriter,
    more: More,
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
    if let More::Sandbox(provide) = more {
        provide();
    }
    name_the_tab(store);
    let stale = move || store.connection.with(|connection| matches!(connection, Connection::Lost { .. }));
    view! {
        <div class="page" class:stale=reactive::flag(stale) class:simulated=store.simulated class:kept=store.is_kept()>
            <TopBar has_tabs=has_tabs/>
            <LostBanner/>
            <ElsewhereBanner/>
            <Remark/>
            <main class="columns" class:alone=reactive::flag(move || !store.panels.any())>
                {match (more, backend.kept()) {
                    (More::Line(line), Some(kept)) => line(kept),
                    _ => view! { <Controls/> }.into_any(),
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
