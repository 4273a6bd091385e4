//! The keyboard's focus: where it goes when what had it is gone.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Moves the focus to what this CSS selector finds, once the page has been updated.
pub(crate) fn move_to(selector: impl Into<String>) {
    let selector = selector.into();
    request_animation_frame(move || {
        let found = document().query_selector(&selector).ok().flatten();
        if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
}

/// The selector of the control with this name for tests.
pub(crate) fn control(id: &str) -> String {
    format!("[data-testid='{id}']")
}
