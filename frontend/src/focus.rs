//! The keyboard's focus.

use leptos::prelude::*;
use ringleader_shared::NodeName;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

/// Moves the focus to the element with this CSS selector, once the page has been updated.
pub(crate) fn move_to(selector: impl Into<String>) {
    let selector = selector.into();
    request_animation_frame(move || {
        let found = document().query_selector(&selector).ok().flatten();
        if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
}

/// Moves the focus to a node's card, and the card into view.
pub(crate) fn move_to_card(name: &NodeName) {
    let card = document().get_element_by_id(&format!("card-{name}"));
    if let Some(card) = card.and_then(|card| card.dyn_into::<HtmlElement>().ok()) {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
        card.scroll_into_view_with_scroll_into_view_options(&options);
        let _ = card.focus();
    }
}

/// The selector of the control with this name for tests.
pub(crate) fn control(id: &str) -> String {
    format!("[data-testid='{id}']")
}
