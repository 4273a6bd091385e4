//! The log on a card. It follows the newest line until the reader scrolls up; its lines can be filtered and
//! copied.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::{NodeName, counted};
use wasm_bindgen::JsCast;

use super::log_rows::Rows;
use crate::backend::Backend;
use crate::clipboard;
use crate::components::jump::Jump;
use crate::large_ring::LARGE_RING;
use crate::notice::Notice;
use crate::reactive;
use crate::resize::on_resize;
use crate::state::{Kinds, NodeLog, Store};

/// The largest ring whose logs are open at first.
const OPEN_UP_TO: usize = 8;

/// The distance from the end, in pixels, that still counts as the end.
const NEAR_PX: i32 = 12;

/// The number of lines in the page while it follows the newest one: more than fit into the panel. The older
/// ones are added when the reader scrolls up.
const FOLLOWED: usize = 32;

/// The time for which the button confirms a copy.
const COPIED_FOR: Duration = Duration::from_secs(2);

/// The log.
#[component]
pub(crate) fn LogPanel(name: NodeName) -> impl IntoView {
    let store = Store::here();
    let log = match Backend::here().sandbox() {
        Some(sandbox) => sandbox.log(&name),
        None => store.log(&name),
    };
    // A large simulated ring has only a few cards.
    let is_large = |count: usize| store.simulated && count > LARGE_RING;
    let open = RwSignal::new(
        store.view.with_untracked(|view| view.nodes.len() <= OPEN_UP_TO || is_large(view.nodes.len())),
    );
    let kinds = RwSignal::new(Kinds::default());
    let wanted = RwSignal::new(String::new());
    let following = RwSignal::new(true);
    let panel = NodeRef::<html::Div>::new();
    let lines = Memo::new({
        let log = log.clone();
        move |_| {
            if open.get() { log.with(|log| log.filtered(kinds.get(), &wanted.read())) } else { Vec::new() }
        }
    });
    let count = {
        let log = log.clone();
        reactive::text(move || {
            let shown = if open.get() { lines.with(Vec::len) } else { usize::MAX };
            log.with(|log| log.count(shown))
        })
    };
    let total = reactive::memo(move || log.with(NodeLog::len));
    let nothing = reactive::text(move || match (lines.with(Vec::is_empty), total.get()) {
        (false, _) => "",
        (true, 0) => "Nothing said yet",
        (true, _) => "No line matches",
    });
    let closed = reactive::flag(move || !open.get());
    // May be called when the card is gone already.
    let to_end = move || {
        if let Some(panel) = panel.try_get_untracked().flatten() {
            panel.set_scroll_top(panel.scroll_height());
        }
    };
    let list = NodeRef::<html::Div>::new();
    let rows = StoredValue::new_local(Rows::default());
    let was_following = StoredValue::new(true);
    reactive::effect(move || {
        let Some(list) = list.get() else { return };
        let follows = following.get();
        // Older lines come in above what the reader looks at, which stays where it is.
        let from_end = panel
            .get_untracked()
            .filter(|_| !follows && was_following.get_value())
            .map(|panel| (panel.scroll_height() - panel.scroll_top(), panel));
        was_following.set_value(follows);
        lines.with(|lines| {
            let first = if follows { lines.len().saturating_sub(FOLLOWED) } else { 0 };
            rows.update_value(|rows| rows.show(&list, lines.get(first..).unwrap_or_default()));
        });
        if let Some((from_end, panel)) = from_end {
            panel.set_scroll_top(panel.scroll_height() - from_end);
        }
        if follows {
            // After all logs have their new rows, so that the page is laid out once for all of them.
            queue_microtask(to_end);
        }
    });
    // A panel that grew or shrank is no longer at its end, and emits no event.
    reactive::effect(move || {
        let Some(panel) = panel.get() else { return };
        on_resize(&[panel.unchecked_into()], move || {
            if following.get_untracked() {
                to_end();
            }
        });
    });
    let scrolled = move |_| {
        if let Some(panel) = panel.get_untracked() {
            let below = panel.scroll_height() - panel.scroll_top() - panel.client_height();
            following.set(below <= NEAR_PX);
        }
    };
    let copied = RwSignal::new(false);
    let copied_name = name.clone();
    let copy = move |_| {
        let run = store.view.with_untracked(|view| view.run);
        let text: Vec<String> =
            lines.with_untracked(|lines| lines.iter().map(|line| line.to_text(run, &copied_name)).collect());
        let said = format!("{} copied", counted(text.len() as u64, "line"));
        let done = move |result: Result<(), Notice>| match result {
            Ok(()) => {
                store.announce(said);
                copied.set(true);
                set_timeout(
                    move || {
                        let _ = copied.try_set(false);
                    },
                    COPIED_FOR,
                );
            }
            Err(notice) => store.notify(notice),
        };
        clipboard::copy(text.join("\n"), Box::new(done));
    };
    view! {
        <div class="log" class:open=reactive::flag(move || open.get())>
            <div class="log-tools">
                <button
                    class="bare fold"
                    type="button"
                    aria-expanded=reactive::text(move || open.get().to_string())
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    <svg class="icon caret" viewBox="0 0 10 10" aria-hidden="true"><path d="M2 0 L9 5 L2 10 Z"></path></svg>
                    "Log "
                    <span class="count" data-testid=format!("log-count-{name}")>{count}</span>
                </button>
                    <input
                        class="filter"
                        type="search"
                        hidden=closed
                        placeholder="filter"
                        title="Only lines with these words; -word: only lines without it"
                        aria-label=format!("Filter the log of {name}: words that occur, -words that do not")
                        data-testid=format!("filter-{name}")
                        prop:value=reactive::text(move || wanted.get())
                        on:input=move |event| wanted.set(event_target_value(&event))
                    />
                    <select
                        hidden=closed
                        aria-label=format!("Kinds of lines in the log of {name}")
                        data-testid=format!("kinds-{name}")
                        on:change=move |event| kinds.set(Kinds::named(&event_target_value(&event)))
                    >
                        {Kinds::ALL.map(|(value, words)| view! { <option value=value>{words}</option> }).collect_view()}
                    </select>
                    <button
                        class="bare"
                        type="button"
                        title="Copy these lines, each with its run and node"
                        data-testid=format!("copy-{name}")
                        hidden=closed
                        on:click=copy
                    >
                        {reactive::text(move || if copied.get() { "Copied" } else { "Copy" })}
                    </button>
            </div>
                <div
                    class="lines"
                    hidden=closed
                    node_ref=panel
                    data-testid=format!("log-{name}")
                    role="log"
                    aria-live="off"
                    aria-label=format!("Log of {name}")
                    tabindex="0"
                    on:scroll=scrolled
                >
                    <div node_ref=list></div>
                    <p class="empty">{nothing}</p>
                </div>
                <Jump
                    words="↓ newest"
                    hidden=reactive::flag(move || following.get() || !open.get())
                    press=move |()| {
                        following.set(true);
                        to_end();
                    }
                />
        </div>
    }
}
