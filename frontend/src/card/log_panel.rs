//! A node's log: follows the newest line until the reader scrolls up, filters, copies.

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::NodeName;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::ResizeObserver;

use super::log_rows::Rows;
use crate::copy as clipboard;
use crate::live;
use crate::ring::geometry::CROWD;
use crate::store::Store;

/// In a larger ring the logs are closed at first: that many would bury the page.
const OPEN_UP_TO: usize = 8;

/// How near the end, in pixels, still counts as the end.
const NEAR_PX: i32 = 12;

/// The log.
#[component]
pub(crate) fn LogPanel(name: NodeName) -> impl IntoView {
    let store = Store::here();
    let log = store.log(&name);
    // Of a simulated crowd only a few cards are shown.
    let is_crowd = |count: usize| store.sandbox.is_some() && count > CROWD;
    let open = RwSignal::new(
        store.view.with_untracked(|view| view.nodes.len() <= OPEN_UP_TO || is_crowd(view.nodes.len())),
    );
    let messages = RwSignal::new(false);
    let wanted = RwSignal::new(String::new());
    let following = RwSignal::new(true);
    let panel = NodeRef::<html::Div>::new();
    let lines = Memo::new({
        let log = log.clone();
        move |_| {
            if open.get() { log.with(|log| log.filtered(messages.get(), &wanted.read())) } else { Vec::new() }
        }
    });
    let total = live::memo(move || log.with(crate::log::NodeLog::len));
    let nothing = live::words(move || match (lines.with(Vec::is_empty), total.get()) {
        (false, _) => "",
        (true, 0) => "Nothing said yet",
        (true, _) => "No line matches",
    });
    let closed = live::whether(move || !open.get());
    // May be called when the card is gone: the panel is asked for with care.
    let to_end = move || {
        if let Some(panel) = panel.try_get_untracked().flatten() {
            panel.set_scroll_top(panel.scroll_height());
        }
    };
    let list = NodeRef::<html::Div>::new();
    let rows = StoredValue::new_local(Rows::default());
    live::effect(move || {
        let Some(list) = list.get() else { return };
        lines.with(|lines| rows.update_value(|rows| rows.show(&list, lines)));
        if following.get_untracked() {
            // After all logs have their new rows, so that the page is laid out once for all of them.
            queue_microtask(to_end);
        }
    });
    // A panel that grew or shrank is no longer at its end, and says nothing about it.
    live::effect(move || {
        let Some(panel) = panel.get() else { return };
        let resized = Closure::<dyn FnMut()>::new(move || {
            if following.get_untracked() {
                to_end();
            }
        });
        if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            observer.observe(&panel);
            let kept = StoredValue::new_local(Some((observer, resized)));
            on_cleanup(move || {
                if let Some((observer, resized)) = kept.try_update_value(Option::take).flatten() {
                    observer.disconnect();
                    drop(resized);
                }
            });
        }
    });
    let scrolled = move |_| {
        if let Some(panel) = panel.get_untracked() {
            let below = panel.scroll_height() - panel.scroll_top() - panel.client_height();
            following.set(below <= NEAR_PX);
        }
    };
    let copy = move |_| {
        let text: Vec<String> =
            lines.with_untracked(|lines| lines.iter().map(|line| line.to_text()).collect());
        clipboard::copy(store, text.join("\n"), || ());
    };
    view! {
        <div class="log" class:open=live::whether(move || open.get())>
            <div class="log-tools">
                <button
                    class="bare fold"
                    type="button"
                    aria-expanded=live::words(move || open.get().to_string())
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    <span class="caret" aria-hidden="true">"▸"</span>
                    "Log "
                    <span class="count">{live::words(move || total.get().to_string())}</span>
                </button>
                    <input
                        class="filter"
                        type="search"
                        hidden=closed
                        placeholder="filter"
                        aria-label="Show only lines that contain"
                        prop:value=live::words(move || wanted.get())
                        on:input=move |event| wanted.set(event_target_value(&event))
                    />
                    <label class="check" hidden=closed>
                        <input
                            type="checkbox"
                            prop:checked=live::whether(move || messages.get())
                            on:change=move |event| messages.set(event_target_checked(&event))
                        />
                        "messages"
                    </label>
                    <button class="bare" type="button" title="Copy these lines" hidden=closed on:click=copy>"Copy"</button>
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
                    <button
                        class="jump"
                        type="button"
                        hidden=live::whether(move || following.get() || !open.get())
                        on:click=move |_| {
                            following.set(true);
                            to_end();
                        }
                    >
                        "↓ newest"
                    </button>
        </div>
    }
}
