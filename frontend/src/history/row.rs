//! A run in the list.

use leptos::prelude::*;
use ringleader_shared::RunId;
use ringleader_shared::api::{KeptRun, RunEnd};

use super::runs::Runs;
use super::sentences;
use crate::address::HistoryPlace;
use crate::backend::server::runs::export_path;
use crate::components::button::ActionButton;
use crate::components::field::Field;
use crate::reactive;

/// The row.
#[component]
pub(super) fn Row(runs: Runs, id: RunId) -> impl IntoView {
    let run = reactive::memo(move || runs.run(id));
    // One type of closure for all texts.
    let text = move |of: fn(&KeptRun) -> String| {
        reactive::text(move || run.with(|run| run.as_ref().map(of).unwrap_or_default()))
    };
    let is_deleted = reactive::flag(move || runs.deleted.with(|deleted| deleted.contains(&id)));
    let is_kept = reactive::flag(move || !is_deleted.get());
    let opens = HistoryPlace::Run { run: id, at: None }.fragment();
    let title = text(sentences::title);
    let named =
        text(|run| run.name.clone().unwrap_or_else(|| format!("The run of {}", sentences::started(run))));
    view! {
        <li class="run" data-testid=format!("run-{id}")>
            <p class="deleted" hidden=is_kept>
                <span>{named}" is deleted. It can be restored for an hour."</span>
                <button class="quiet" type="button" data-testid=format!("undo-{id}") on:click=move |_| runs.restore(id)>"Undo"</button>
            </p>
            <div class="run-what" hidden=is_deleted>
                <div class="run-title">
                    <label class="tick" title="Choose two runs to compare them">
                        <input
                            type="checkbox"
                            data-testid=format!("compare-{id}")
                            aria-label=reactive::text(move || format!("Compare {}", title.get()))
                            prop:checked=reactive::flag(move || runs.ticked.with(|ticked| ticked.contains(&id)))
                            on:change=move |_| runs.tick(id)
                        />
                    </label>
                    <a class="open" href=format!("#{opens}") data-testid=format!("open-{id}")>{text(sentences::started)}</a>
                    {reactive::fragment(move || run.with(|run| run.as_ref().map(sentences::badges)).unwrap_or_default().into_iter().map(|(word, meaning)| view! {
                        <span class=format!("run-badge {}", word.replace(' ', "-")) title=meaning>{word}</span>
                    }).collect_view())}
                    <span class="run-length">{text(sentences::length)}</span>
                </div>
                {if runs.watching {
                    view! {
                        <p class="run-name" data-testid=format!("name-{id}")>
                            {text(|run| run.name.clone().unwrap_or_default())}
                        </p>
                    }.into_any()
                } else {
                    view! {
                        <div class="run-name">
                            <Field
                                id=format!("name-{id}")
                                label="Name of this run"
                                bare=true
                                words=true
                                placeholder="Name this run"
                                now=text(|run| run.name.clone().unwrap_or_default())
                                size=text(|run| run.name.as_ref().map_or(16, |name| name.chars().count().clamp(16, 40)).to_string())
                                set=move |name| runs.rename(id, name)
                            />
                        </div>
                    }.into_any()
                }}
                <p class="run-ring">{text(sentences::ring)}</p>
                <p class="run-outcome">{text(sentences::outcome)}</p>
            </div>
            <dl class="figures" hidden=is_deleted>
                <div><dt>"elections"</dt><dd>{text(|run| sentences::number(run.elections))}</dd></div>
                <div><dt>"takeovers"</dt><dd>{text(|run| sentences::number(run.takeovers))}</dd></div>
                <div><dt>"deaths"</dt><dd>{text(|run| sentences::number(run.deaths))}</dd></div>
                <div><dt>"faults"</dt><dd>{text(|run| sentences::number(run.faults))}</dd></div>
                <div class="wide" title="The longest time without a leader"><dt>"no leader for"</dt><dd>{text(sentences::worst)}</dd></div>
                <div class="wide"><dt>"events"</dt><dd>{text(sentences::events)}</dd></div>
            </dl>
            <div class="run-actions" hidden=is_deleted>
                <a class="button" href=format!("#{opens}") data-testid=format!("show-{id}")>"Open"</a>
                {(!runs.watching).then(|| view! { <Actions runs=runs id=id run=run/> })}
            </div>
        </li>
    }
}

/// The buttons that change a run, and its export.
#[component]
fn Actions(runs: Runs, id: RunId, run: Memo<Option<KeptRun>>) -> impl IntoView {
    let is_pinned = move || run.with(|run| run.as_ref().is_some_and(|run| run.pinned));
    let runs_now = move || run.with(|run| run.as_ref().is_some_and(|run| run.end == RunEnd::Running));
    view! {
        <button
            class="quiet"
            type="button"
            data-testid=format!("pin-{id}")
            title="A pinned run stays, whatever its age and the archive's size"
            on:click=move |_| runs.pin(id, !untrack(is_pinned))
        >
            {reactive::text(move || if is_pinned() { "Unpin" } else { "Pin" })}
        </button>
        <a class="button" href=export_path(id) download="" data-testid=format!("export-{id}") title="Saves the run as a file that can be imported again">
            "Export"
        </a>
        <ActionButton
            id=format!("delete-{id}")
            class="danger"
            effect="Deletes this run; for an hour it can be restored"
            refusal=Signal::derive(move || runs_now().then(|| "A server writes this run now: it can't be deleted".to_owned()))
            press=move |()| runs.delete(id)
        >
            "Delete"
        </ActionButton>
    }
}
