//! A picture of what is in view, as a PNG.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement};

use super::Shown;
use crate::clipboard;
use crate::notice::Notice;
use crate::state::Store;

/// The name of the file.
const FILE: &str = "ringleader.png";

/// The pixels of the picture for a pixel of the page.
const SCALE: f64 = 2.0;

impl Shown {
    /// Draws what is in view on a canvas that is not on the page.
    pub(super) fn copy(self) -> Option<HtmlCanvasElement> {
        let canvas = self.canvas.get_untracked()?;
        let (width, height) = (canvas.client_width(), canvas.client_height());
        let copy: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size of a picture")]
        let size = |length: i32| (f64::from(length) * SCALE) as u32;
        copy.set_width(size(width));
        copy.set_height(size(height));
        let context: CanvasRenderingContext2d = copy.get_context("2d").ok()??.dyn_into().ok()?;
        context.set_transform(SCALE, 0.0, 0.0, SCALE, 0.0, 0.0).ok()?;
        let (width, height) = (f64::from(width), f64::from(height));
        self.palette.with_value(|palette| {
            if let Some(palette) = palette {
                palette.fill(&context, (width, height));
            }
        });
        self.paint(&context, (width, height));
        Some(copy)
    }
}

/// Has the browser save a picture.
pub(super) fn save(store: Store, picture: Option<HtmlCanvasElement>) {
    let refused = move || {
        store.notify(Notice::new("The browser did not let the page save a picture".to_owned()));
    };
    let done = Closure::once_into_js(move |file: Option<Blob>| {
        match file.and_then(|file| clipboard::save(FILE, &file)) {
            Some(()) => store.announce(format!("{FILE} saved")),
            None => refused(),
        }
    });
    let begun = picture.map(|picture| picture.to_blob(done.unchecked_ref()));
    if !matches!(begun, Some(Ok(()))) {
        refused();
    }
}
