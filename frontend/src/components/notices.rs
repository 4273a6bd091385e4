//! The notices, each shown until it is dismissed.

use leptos::prelude::*;

use crate::reactive;
use crate::state::Store;

/// The notices that are open.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let store = Store::here();
    view! {
        <div class="notices" role="alert" data-testid="notices">
            {reactive::fragment(move || store.notices.get().into_iter().map(|notice| view! {
                <div class="notice">
                    <div>
                        <strong>{notice.title.clone()}</strong>
                        {notice.detail.clone().map(|detail| view! { <p>{detail}</p> })}
                    </div>
                    <button
                        class="quiet round"
                        type="button"
                        aria-label="Dismiss"
                        title="Dismiss"
                        on:click=move |_| {
                            store.notices.update(|all| all.retain(|other| *other != notice));
                        }
                    >
                        "×"
                    </button>
                </div>
            }).collect_view())}
        </div>
    }
}
