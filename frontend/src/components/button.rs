//! A button that gives the reason when it is disabled.

use leptos::prelude::*;

use crate::reactive;

/// A button. While `refusal` gives a reason it is disabled, and the reason is its tooltip and its
/// description. A button that has the focus keeps it then: a browser would move the focus of a disabled
/// element to the top of the page.
#[component]
pub(crate) fn ActionButton(
    /// The stable name for tests.
    #[prop(into)]
    id: Signal<String>,
    /// The CSS classes.
    #[prop(into)]
    class: Signal<String>,
    /// Its effect, in a sentence.
    #[prop(into)]
    says: Signal<String>,
    /// The reason why it can't be pressed now.
    #[prop(into)]
    refusal: Signal<Option<String>>,
    /// Whether its panel is open, for a button that opens one.
    #[prop(optional, into)]
    expanded: Option<Signal<bool>>,
    /// Its action.
    #[prop(into)]
    press: Callback<()>,
    /// Its label.
    children: Children,
) -> impl IntoView {
    let title = reactive::text(move || refusal.get().unwrap_or_else(|| says.get()));
    let focused = RwSignal::new(false);
    let refused = reactive::memo(move || refusal.with(Option::is_some));
    view! {
        <button
            type="button"
            class=class
            data-testid=id
            disabled=reactive::flag(move || refused.get() && !focused.get())
            aria-disabled=reactive::text(move || refused.get().to_string())
            aria-expanded=expanded.map(|expanded| reactive::text(move || expanded.get().to_string()))
            title=title
            aria-description=title
            on:focus=move |_| focused.set(true)
            on:blur=move |_| focused.set(false)
            on:click=move |_| {
                if !refused.get_untracked() {
                    press.run(());
                }
            }
        >
            {children()}
        </button>
    }
}
