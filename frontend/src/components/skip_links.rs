//! Links to the parts of the page, first in the order of the keyboard.

use leptos::prelude::*;

use crate::focus;

/// The links. They move the focus and leave the address alone, which belongs to the sandbox.
#[component]
pub(crate) fn SkipLinks() -> impl IntoView {
    let link = |part: &'static str, words: &'static str| {
        let go = move |event: web_sys::MouseEvent| {
            event.prevent_default();
            focus::move_to(part);
        };
        view! { <a class="skip" href=part on:click=go>{words}</a> }
    };
    view! {
        <nav aria-label="Skip">
            {link("#ring", "Skip to the drawing of the ring")}
            {link("#summary", "Skip to the latest election")}
            {link("#nodes-heading", "Skip to the cards of the nodes")}
        </nav>
    }
}
