//! The button over what scrolls that leads back to where it is followed.

use leptos::prelude::*;

/// The button.
#[component]
pub(crate) fn Jump(
    words: &'static str,
    #[prop(into)] hidden: Signal<bool>,
    #[prop(into)] press: Callback<()>,
) -> impl IntoView {
    view! {
        <button class="jump" type="button" hidden=hidden on:click=move |_| press.run(())>{words}</button>
    }
}
