//! A part of the page whose code is loaded when the part is shown for the first time.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::chunk::{Loading, MakeView, NotLoaded};
use crate::notice::{Notice, RELOAD};
use crate::reactive;
use crate::state::Store;

/// The part, or the words in its place.
#[component]
pub(crate) fn Lazy(
    /// The part, as in "Loading the diagram …".
    part: &'static str,
    load: fn() -> Loading<MakeView>,
) -> impl IntoView {
    // The panel of the help belongs to no ring: it has no notices, only the words in its place.
    let store = use_context::<Store>();
    let loaded = RwSignal::new(None::<Result<MakeView, NotLoaded>>);
    let begin = move || {
        loaded.set(None);
        spawn_local(async move {
            let result = load().await;
            // The part may be closed by now.
            if loaded.try_set(Some(result)).is_none()
                && result.is_err()
                && let Some(store) = store
            {
                store.notify(Notice::not_loaded(part));
            }
        });
    };
    begin();
    let again = Callback::new(move |()| begin());
    reactive::fragment(move || match loaded.get() {
        Some(Ok(view)) => view(),
        state => view! { <Waiting part=part failed=state.is_some() again=again/> }.into_any(),
    })
}

/// The words in the place of a part that is loaded, or could not be.
#[component]
pub(crate) fn Waiting(part: &'static str, failed: bool, again: Callback<()>) -> impl IntoView {
    if !failed {
        return view! { <p class="empty" role="status">{format!("Loading {part} …")}</p> }.into_any();
    }
    view! {
        <p class="empty" role="alert" data-testid="not-loaded">
            {format!("{}. {RELOAD}. ", Notice::not_loaded(part).title)}
            <button class="small" type="button" data-testid="load-again" on:click=move |_| again.run(())>"Try again"</button>
        </p>
    }
    .into_any()
}
