//! Light or dark: the system's choice until the reader makes one.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::reactive;

/// The key of the choice in the browser's storage. `boot.js` reads it before anything is drawn.
const KEY: &str = "ringleader-theme";

fn root() -> Option<web_sys::Element> {
    document().document_element()
}

fn is_dark() -> bool {
    match root().and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    }
}

/// The theme that is shown.
#[derive(Clone, Copy)]
pub(crate) struct Theme {
    /// Whether it is the dark one.
    pub(crate) dark: RwSignal<bool>,
}

impl Theme {
    /// Lets every component find it by [`Theme::here`].
    pub(crate) fn provide() {
        let dark = RwSignal::new(is_dark());
        provide_context(Self { dark });
        // The system's choice may change while the page is open.
        if let Ok(Some(query)) = window().match_media("(prefers-color-scheme: dark)") {
            let changed = Closure::<dyn FnMut()>::new(move || dark.set(is_dark()));
            query.set_onchange(Some(changed.as_ref().unchecked_ref()));
            // Both live as long as the page.
            changed.forget();
            std::mem::forget(query);
        }
    }

    /// The theme of the page.
    pub(crate) fn here() -> Self {
        expect_context()
    }
}

/// The switch.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let dark = Theme::here().dark;
    let switch = move |_| {
        let theme = if dark.get() { "light" } else { "dark" };
        if let Some(root) = root() {
            let _ = root.set_attribute("data-theme", theme);
        }
        // Without storage (a private window) the choice lasts as long as the page.
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(KEY, theme);
        }
        dark.set(!dark.get());
    };
    let effect =
        reactive::text(
            move || {
                if dark.get() { "Switch to the light theme" } else { "Switch to the dark theme" }
            },
        );
    view! {
        <button class="quiet round" data-testid="theme" type="button" on:click=switch title=effect aria-label=effect>
            <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true">
                <path d=reactive::text(move || {
                    if dark.get() {
                        "M0 -5 A5 5 0 1 1 0 5 A5 5 0 1 1 0 -5 Z M-1 -11 H1 V-8 H-1 Z M-1 8 H1 V11 H-1 Z M-11 -1 H-8 V1 H-11 Z M8 -1 H11 V1 H8 Z M-8.5 -7.1 L-7.1 -8.5 L-5 -6.4 L-6.4 -5 Z M8.5 7.1 L7.1 8.5 L5 6.4 L6.4 5 Z M8.5 -7.1 L7.1 -8.5 L5 -6.4 L6.4 -5 Z M-8.5 7.1 L-7.1 8.5 L-5 6.4 L-6.4 5 Z"
                    } else {
                        "M2 -10 A10 10 0 1 0 10 3 A8 8 0 0 1 2 -10 Z"
                    }
                })></path>
            </svg>
        </button>
    }
}
