//! The line above a kept run, in the place of the controls.

use leptos::prelude::*;
use ringleader_shared::api::RunEnd;

use super::sentences;
use crate::address::HistoryPlace;
use crate::backend::kept::Kept;
use crate::reactive;
use crate::text;

/// The line.
#[component]
pub(super) fn KeptLine(kept: Kept) -> impl IntoView {
    let store = kept.store;
    let run = kept.run.get_untracked();
    let known = run.map(|run| {
        let at_hand = store.events_at_hand();
        let still = (run.end == RunEnd::Running)
            .then(|| "it goes on; open it again for more".to_owned())
            .or_else(|| sentences::truncated(at_hand, run.events));
        view! {
            <strong data-testid="kept-title">{sentences::title(&run)}</strong>
            <span>{sentences::started(&run)}", "{sentences::length(&run)}</span>
            <span>{sentences::ring(&run)}</span>
            <span>"a kept run: nothing can be done here"</span>
            {still.map(|still| view! { <span class="warns" data-testid="kept-note">{still}</span> })}
        }
    });
    view! {
        <div class="kept-line" data-testid="kept-line">
            <a href=format!("#{}", HistoryPlace::WORD) data-testid="to-list">"← All runs"</a>
            {known}
            <span class="warns" role="status" data-testid="missing">
                {reactive::text(move || store.missing_here().map(|(first, last)| format!("Before this moment {}", text::missing(first, last))).unwrap_or_default())}
            </span>
        </div>
    }
}
