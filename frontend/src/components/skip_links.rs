//! Links to the parts of the page, first in the order of the keyboard.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::focus;

/// Opens the panel with this selector, if it is closed.
fn open(part: &str) {
    let find = |selector: &str| {
        let element = document().query_selector(selector).ok().flatten();
        element.and_then(|element| element.dyn_into::<HtmlElement>().ok())
    };
    let tab = format!("[aria-controls='{}'][aria-expanded='false']", part.trim_start_matches('#'));
    if let Some(tab) = find(&tab) {
        tab.click();
    }
}

/// The links. They move the focus and leave the address alone, which belongs to the sandbox.
#[component]
pub(crate) fn SkipLinks() -> impl IntoView {
    let link = |part: &'static str, words: &'static str| {
        let go = move |event: web_sys::MouseEvent| {
            event.prevent_default();
            open(part);
            focus::move_to(part);
        };
        view! { <a class="skip" href=part on:click=go>{words}</a> }
    };
    view! {
        <nav aria-label="Skip">
            {link("#ring", "Skip to the drawing of the ring")}
            {link("#panel-elections", "Skip to the latest election")}
            {link("#nodes-heading", "Skip to the cards of the nodes")}
        </nav>
    }
}
