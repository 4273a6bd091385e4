//! Ways out of the page: the clipboard for texts, and files.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlAnchorElement, Url};

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

/// Has the browser save a file of this name. Returns nothing when it refuses.
pub(crate) fn download(name: &str, content: &[u8]) -> Option<()> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(content));
    save(name, &Blob::new_with_u8_array_sequence(&parts).ok()?)
}

/// Has the browser save a file of this name. Returns nothing when it refuses.
pub(crate) fn save(name: &str, file: &Blob) -> Option<()> {
    let address = Url::create_object_url_with_blob(file).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.dyn_into().ok()?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&address).ok()
}
