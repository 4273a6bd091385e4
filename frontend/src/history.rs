//! The kept runs: the list of them, two of them beside each other, and the line above one that is shown.

mod compare;
mod comparison;
mod kept_line;
mod list;
mod row;
mod runs;
mod sentences;

use leptos::prelude::*;
use ringleader_shared::RunId;

use self::compare::Comparison;
use self::kept_line::KeptLine;
use self::list::RunList;
use self::runs::Runs;
use crate::address::HistoryPlace;
use crate::backend::Backend;
use crate::backend::kept::{Kept, Progress};
use crate::chunk::chunk;
use crate::components::announcer::Announcer;
use crate::components::notices::Notices;
use crate::notice::Notice;
use crate::reactive;
use crate::state::Store;
use crate::top_bar::TopBar;

/// The functions of the history that the rest of the page calls.
#[derive(Clone, Copy)]
pub(crate) struct HistoryCode {
    /// The history of a page that was just opened. The argument is whether the reader may watch only.
    pub(crate) open: fn(bool) -> History,
    /// Shows the place of the first fragment, which is the second one without what is chosen beside it.
    pub(crate) follow: fn(History, &str, &str),
    /// The page without a ring.
    pub(crate) page: fn(History) -> AnyView,
    /// The line above a kept run.
    pub(crate) line: fn(Kept) -> AnyView,
}

chunk! {
    history,
    /// Loads the history.
    pub(crate) fn load() -> HistoryCode {
        HistoryCode {
            open: History::new,
            follow: History::follow,
            page: |history| view! { <HistoryPage history=history/> }.into_any(),
            line: |kept| view! { <KeptLine kept=kept/> }.into_any(),
        }
    }
}

/// The history. A handle: copies are the same.
#[derive(Clone, Copy)]
pub(crate) struct History {
    /// The run that is shown.
    pub(crate) kept: Kept,
    place: RwSignal<HistoryPlace>,
    runs: Runs,
    /// The state behind the list: its notices.
    store: Store,
}

impl History {
    fn new(watching: bool) -> Self {
        let store = Store::kept();
        let place = RwSignal::new(HistoryPlace::list());
        Self { kept: Kept::new(), place, runs: Runs::new(store, watching), store }
    }

    fn follow(self, place: &str, fragment: &str) {
        let place = HistoryPlace::read(place).unwrap_or_else(|why| {
            self.store.notify(Notice {
                title: "A part of the link makes no sense and was left out".to_owned(),
                detail: Some(why),
            });
            HistoryPlace::list()
        });
        self.leave();
        match &place {
            HistoryPlace::Run { run, at } => {
                self.kept.open(*run, *at);
                self.kept.own_address(Some(fragment));
            }
            HistoryPlace::List { search } => self.runs.open(search, fragment),
            HistoryPlace::Compare(..) => {}
        }
        self.place.set(place);
    }

    /// Leaves the address alone from now on, and stops: something else is shown.
    pub(crate) fn leave(self) {
        self.kept.own_address(None);
        self.runs.leave();
    }

    /// The run that is to be shown, once it has been read.
    pub(crate) fn run_at_hand(self) -> Option<RunId> {
        let run = self.place.with(|place| match place {
            HistoryPlace::Run { run, .. } => Some(*run),
            HistoryPlace::List { .. } | HistoryPlace::Compare(..) => None,
        });
        run.filter(|_| self.kept.progress.with(|progress| *progress == Progress::Done))
    }
}

/// The page without a ring: the list, the comparison, or the progress of a run that is read.
#[component]
fn HistoryPage(history: History) -> impl IntoView {
    let History { kept, place, runs, store } = history;
    provide_context(store);
    provide_context(Backend::Kept(kept));
    document().set_title("Kept runs · Ringleader");
    // A reading reports its progress often.
    let shown = reactive::memo(move || place.get());
    view! {
        <div class="page kept">
            <TopBar has_tabs=true/>
            <main class="history">
                {reactive::fragment(move || match shown.get() {
                    HistoryPlace::List { .. } => view! { <RunList runs=runs/> }.into_any(),
                    HistoryPlace::Compare(one, other) => view! { <Comparison one=one other=other/> }.into_any(),
                    HistoryPlace::Run { .. } => view! { <Opening kept=kept/> }.into_any(),
                })}
            </main>
        </div>
        <Notices/>
        <Announcer/>
    }
}

/// The progress of the reading of a run.
#[component]
fn Opening(kept: Kept) -> impl IntoView {
    view! {
        <section class="opening" data-testid="opening">
            <h2>"Opening a kept run"</h2>
            {reactive::fragment(move || match kept.progress.get() {
                Progress::Failed(Notice { title, detail }) => view! {
                    <p class="archive-notice bad" role="alert"><strong>{title}</strong>" "{detail.unwrap_or_default()}</p>
                }.into_any(),
                Progress::Reading { read, total: Some(total) } => view! {
                    <p role="status">{sentences::reading(read, total)}</p>
                    <progress max=total.to_string() value=read.to_string() aria-label="Events that were read"></progress>
                }.into_any(),
                Progress::Reading { .. } | Progress::Done => view! { <p role="status">"Asking the server…"</p> }.into_any(),
            })}
            <p><a href=format!("#{}", HistoryPlace::WORD) data-testid="to-list">"← All runs"</a></p>
        </section>
    }
}
