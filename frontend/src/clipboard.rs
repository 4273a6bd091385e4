//! The clipboard.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::notice::Notice;

/// Puts a text on the clipboard, then calls `done`. Browsers refuse unless the page comes from this computer
/// or over https.
pub(crate) fn copy(text: String, done: Box<dyn FnOnce(Result<(), Notice>)>) {
    spawn_local(async move {
        let may = window().is_secure_context();
        if may && JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok() {
            done(Ok(()));
        } else {
            done(Err(Notice {
                title: "The browser did not let the page copy".to_owned(),
                detail: Some("Copying works on http://127.0.0.1 and over https".to_owned()),
            }));
        }
    });
}
