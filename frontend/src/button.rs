//! A button that says why it can't be pressed.

use leptos::prelude::*;

use crate::live;

/// A button. While `refusal` gives a reason it is disabled, and the reason is its tooltip and its description.
#[component]
pub(crate) fn ActionButton(
    /// The stable name for tests.
    #[prop(into)]
    id: String,
    /// The CSS classes.
    #[prop(into)]
    class: Signal<String>,
    /// What it does, in a sentence.
    #[prop(into)]
    says: Signal<String>,
    /// Why it can't be pressed now.
    #[prop(into)]
    refusal: Signal<Option<String>>,
    /// What it does.
    #[prop(into)]
    press: Callback<()>,
    /// What is on it.
    children: Children,
) -> impl IntoView {
    let title = live::words(move || refusal.get().unwrap_or_else(|| says.get()));
    view! {
        <button
            type="button"
            class=class
            data-testid=id
            disabled=live::whether(move || refusal.with(Option::is_some))
            title=title
            aria-description=title
            on:click=move |_| press.run(())
        >
            {children()}
        </button>
    }
}
