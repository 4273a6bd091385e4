//! The introduction of the page, and the panel that explains it: its purpose, keys, terms and documentation.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::lazy::Lazy;
use crate::chunk::{MakeView, chunk};
use crate::reactive;
use crate::state::Store;
use crate::terms::TERMS;

/// The purpose of a leader.
const PURPOSE: &str = "Computers that work together often need one of them to decide: which write comes first, which one hands \
                       out the work. When that leader dies, the others must agree on the next one by messages alone. This page \
                       shows how.";

/// The keys of the whole page.
const KEYS: &[(&str, &str)] = &[
    ("?", "opens this panel; Escape closes it"),
    ("Tab", "goes from control to control; the drawing of the ring is one stop"),
    ("arrow keys", "in the drawing: from node to node; Home and End: to the first and the last"),
    ("Enter", "on a node of the drawing: to its card; in a field: sets the value"),
    ("Escape", "in a field: takes the entry back; in a panel: closes it"),
];

/// The keys of the time bar.
const TIME_KEYS: &[(&str, &str)] = &[
    ("space", "plays and stops; in the live ring: holds this moment, while the ring goes on"),
    ("← →", "one event back and on; with Shift 10 ms"),
    ("[ ]", "to the mark before and the next: elections, deaths, faults and the like"),
    (", .", "slower and faster"),
    ("Home End", "to the beginning and the end"),
    ("L", "to the present"),
];

/// The keys of the diagram.
const DIAGRAM_KEYS: &[(&str, &str)] = &[
    ("← ↑ → ↓", "from event to event: along a lane and across; Home and End: its first and its last"),
    ("Enter", "shows the moment of the event and lights its direct causes and effects; again: all of them"),
    ("w", "asks why the event happened"),
    ("Escape", "lights all alike"),
    ("+ -", "larger and smaller; the wheel scrolls rows, and zooms true time"),
];

/// The pages of the documentation: file and subject.
const DOCS: &[(&str, &str)] = &[
    ("protocol.md", "The election, rule by rule"),
    ("algorithms.md", "The algorithms, what they assume and cost"),
    ("correctness.md", "What is promised, and how it is checked"),
    ("security.md", "Tokens, watching, and serving beyond this machine"),
];

/// An introduction, shown before the first election.
#[component]
pub(crate) fn FirstWord() -> impl IntoView {
    let store = Store::here();
    let nodes = if store.simulated {
        "These nodes are simulated in this page. They"
    } else {
        "Each of these nodes is a process of its own. They"
    };
    let next = if store.is_kept() {
        "This run is kept: press play, and what happened is shown again."
    } else if store.watching {
        "The election will be shown as it happens."
    } else if store.simulated {
        "Press play, or click Initiate election; then kill the leader."
    } else {
        "Click Initiate election; then kill the leader, and its deputy takes over."
    };
    view! {
        <div class="first-word">
            <p><strong>"No election yet. "</strong>{nodes}" talk round a ring and elect the one with the highest attribute as their leader. "{next}</p>
            <p>{PURPOSE}" "<b>"?"</b>" explains the rest."</p>
        </div>
    }
}

/// Whether the panel is open.
#[derive(Clone, Copy)]
pub(crate) struct Help(RwSignal<bool>);

impl Help {
    /// Lets every component find it by [`Help::here`], and opens it at the key `?`.
    pub(crate) fn provide() {
        let open = RwSignal::new(false);
        provide_context(Self(open));
        let pressed =
            Closure::<dyn FnMut(web_sys::KeyboardEvent)>::new(move |event: web_sys::KeyboardEvent| {
                let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
                let types =
                    target.is_some_and(|target| target.matches("input, textarea, select").unwrap_or(false));
                if event.key() == "?" && !types {
                    event.prevent_default();
                    open.set(true);
                }
            });
        if window().add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref()).is_ok() {
            // It lives as long as the page.
            pressed.forget();
        }
    }

    fn here() -> Self {
        expect_context()
    }
}

/// The button that opens the panel.
#[component]
pub(crate) fn HelpButton() -> impl IntoView {
    let Help(open) = Help::here();
    view! {
        <button
            class="quiet round"
            type="button"
            data-testid="help"
            title="What this is, keys and terms (?)"
            aria-label="Help: what this is, keys and terms"
            aria-haspopup="dialog"
            on:click=move |_| open.set(true)
        >
            <b aria-hidden="true">"?"</b>
        </button>
    }
}

/// The panel, a modal dialog: the browser keeps the focus in it and gives it back at the end.
#[component]
pub(crate) fn HelpPanel() -> impl IntoView {
    let Help(open) = Help::here();
    let dialog = NodeRef::<html::Dialog>::new();
    let was_opened = Memo::new(move |before: Option<&bool>| open.get() || before.copied().unwrap_or(false));
    reactive::effect(move || {
        let (Some(dialog), true) = (dialog.get(), open.get()) else { return };
        if !dialog.open() {
            // Refused only by a browser that shows another modal dialog.
            let _ = dialog.show_modal();
        }
    });
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog
            class="help"
            data-testid="help-panel"
            node_ref=dialog
            aria-labelledby="help-heading"
            on:close=move |_| open.set(false)
        >
            <header>
                <h2 id="help-heading">"Ringleader"</h2>
                <button class="quiet" type="button" data-testid="help-close" autofocus on:click=close>"Close"</button>
            </header>
            <div class="help-text" tabindex="0" role="region" aria-labelledby="help-heading">
                {reactive::fragment(move || was_opened.get().then(|| view! { <Lazy part="the help" load=load/> }))}
            </div>
        </dialog>
    }
}

chunk! {
    help,
    /// Loads the text of the panel.
    fn load() -> MakeView { || view! { <Text/> }.into_any() }
}

/// The text of the panel.
#[component]
fn Text() -> impl IntoView {
    let keys = |keys: &'static [(&'static str, &'static str)]| {
        keys.iter()
            .map(|(key, does)| view! { <div><dt><kbd>{*key}</kbd></dt><dd>{*does}</dd></div> })
            .collect_view()
    };
    view! {
        <p>"A laboratory for leader election in a ring. "{PURPOSE}</p>
        <p>
            "Each node sends only to the next one. Initiate an election and follow the messages; kill, pause and restart \
             nodes, cut links, and read on each card why the node did what it did. "
            <span class="of-server">"The live ring consists of real processes on the server's machine. "</span>
            "The sandbox simulates the same code in this page. In both, time can be stopped and turned back: in the live ring one \
             looks at what was, in the sandbox one can do something else there."
        </p>
        <p class="of-server">
            "Every run of the server is kept. "<b>"History"</b>" lists the runs, opens one as if it were the live ring, and \
             compares two. A run can have a name; one that is pinned is never removed by itself. Exported runs are files \
             that any Ringleader imports."
        </p>
        <h3>"Keys"</h3>
        <dl>{keys(KEYS)}</dl>
        <h3>"Keys of the time bar"</h3>
        <dl>{keys(TIME_KEYS)}</dl>
        <h3>"Keys of the diagram"</h3>
        <dl>{keys(DIAGRAM_KEYS)}</dl>
        <h3>"Terms"</h3>
        <dl class="terms">
            {TERMS.iter().map(|(term, meaning)| view! { <div><dt>{*term}</dt><dd>{*meaning}</dd></div> }).collect_view()}
        </dl>
        <h3>"Read on"</h3>
        <ul>
            {DOCS.iter().map(|(file, subject)| view! {
                <li><a href=format!("docs/{file}") target="_blank">{*subject}</a></li>
            }).collect_view()}
            <li class="of-server"><a href="api/v1/openapi.json" target="_blank">"The HTTP API, every call with examples"</a></li>
        </ul>
    }
}
