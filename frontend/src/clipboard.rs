//! The clipboard.

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::api::Problem;
use wasm_bindgen_futures::JsFuture;

use crate::store::Store;

/// Puts a text on the clipboard, then does this; the reader hears when the browser refuses. Browsers give the clipboard only to
/// pages from this computer or over https.
pub(crate) fn copy(store: Store, text: String, then: impl FnOnce() + 'static) {
    spawn_local(async move {
        let may = window().is_secure_context();
        if may && JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok() {
            then();
        } else {
            store.notify(Problem {
                kind: "about:blank".to_owned(),
                title: "The browser did not let the page copy".to_owned(),
                status: 0,
                detail: Some("Copying works on http://127.0.0.1 and over https".to_owned()),
            });
        }
    });
}
