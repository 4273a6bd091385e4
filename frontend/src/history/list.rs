//! The list of kept runs.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::row::Row;
use super::runs::Runs;
use super::sentences;
use crate::address::HistoryPlace;
use crate::components::button::ActionButton;
use crate::reactive;

/// The list.
#[component]
pub(super) fn RunList(runs: Runs) -> impl IntoView {
    let ids =
        reactive::memo(move || runs.found.with(|found| found.iter().map(|run| run.run).collect::<Vec<_>>()));
    let is_short = Signal::derive(move || {
        let ticked = runs.ticked.with(Vec::len);
        (ticked != 2).then(|| format!("Tick two runs first: {ticked} of 2"))
    });
    let compare = move |()| {
        if let [one, other] = runs.ticked.get_untracked()[..] {
            let fragment = HistoryPlace::Compare(one, other).fragment();
            // A browser that refuses stays where it is.
            let _ = window().location().set_hash(&fragment);
        }
    };
    let status = move || {
        if runs.waits.get() {
            return "Asking the server…".to_owned();
        }
        if let Some(reason) = runs.refused.get() {
            return reason;
        }
        sentences::count(ids.with(Vec::len), runs.next.with(Option::is_some), &runs.search.read())
    };
    view! {
        <section class="runs" id="runs" aria-labelledby="runs-heading">
            <div class="runs-tools">
                <h2 id="runs-heading">"Kept runs"</h2>
                <span class="count" role="status" data-testid="runs-count">{reactive::text(status)}</span>
                <input
                    type="search"
                    placeholder="Search"
                    title="Words of names, members, algorithms and ids: all of them must occur"
                    aria-label="Search for runs"
                    data-testid="runs-search"
                    prop:value=reactive::text(move || runs.search.get())
                    on:input=move |event| runs.search_soon(event_target_value(&event))
                />
                <ActionButton
                    id="compare"
                    class="quiet"
                    effect="Shows the two runs that are ticked side by side"
                    refusal=is_short
                    press=compare
                >
                    "Compare"
                </ActionButton>
                {(!runs.watching).then(|| view! { <Import runs=runs/> })}
                <button class="quiet" type="button" data-testid="runs-reload" title="Asks the server for the list again" on:click=move |_| runs.load()>
                    "Refresh"
                </button>
            </div>
            {reactive::fragment(move || runs.archive.with(|status| status.as_ref().and_then(sentences::archive)).map(|(is_bad, text)| view! {
                <p class="archive-notice" class:bad=is_bad role="alert" data-testid="archive-notice">{text}</p>
            }))}
            <ul class="run-list" data-testid="runs">
                <For each=move || ids.get() key=Clone::clone let:id>
                    <Row runs=runs id=id/>
                </For>
            </ul>
            <button
                class="quiet more"
                type="button"
                data-testid="runs-more"
                hidden=reactive::flag(move || runs.next.with(Option::is_none))
                on:click=move |_| runs.more()
            >
                "More"
            </button>
            <p class="limits" data-testid="archive-limits">
                {reactive::text(move || runs.archive.with(|status| status.as_ref().map(sentences::limits)).unwrap_or_default())}
            </p>
        </section>
    }
}

/// The button that imports a file.
#[component]
fn Import(runs: Runs) -> impl IntoView {
    let chosen = move |event: web_sys::Event| {
        let Some(input) = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok()) else {
            return;
        };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            let name = file.name();
            runs.import(file.unchecked_into(), name);
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    view! {
        <label class="button import" title="Adds a run from a file that was exported">
            {reactive::text(move || if runs.imports.get() { "Importing…" } else { "Import…" })}
            <input
                class="visually-hidden"
                type="file"
                accept=".jsonl,.ndjson,application/jsonl"
                data-testid="import"
                disabled=reactive::flag(move || runs.imports.get())
                on:change=chosen
            />
        </label>
    }
}
