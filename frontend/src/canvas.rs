//! Canvases that are drawn in pixels of the page and the colours of the style sheet.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// The context of a canvas, cleared and as large as the canvas is on the page, with its width and height in
/// pixels of the page. `None` while it is not visible.
pub(crate) fn cleared(canvas: &HtmlCanvasElement) -> Option<(CanvasRenderingContext2d, f64, f64)> {
    let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    let pixels = window().device_pixel_ratio();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size of a screen")]
    let size = |length: f64| (length * pixels).round() as u32;
    if (canvas.width(), canvas.height()) != (size(width), size(height)) {
        canvas.set_width(size(width));
        canvas.set_height(size(height));
    }
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.set_transform(pixels, 0.0, 0.0, pixels, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, width, height);
    (width >= 1.0 && height >= 1.0).then_some((context, width, height))
}

/// The value of a colour of the style sheet in the present theme, in the form that a canvas accepts.
pub(crate) fn colour(canvas: &HtmlCanvasElement, name: &str) -> String {
    let _ = canvas.style().set_property("color", &format!("var({name})"));
    let style = window().get_computed_style(canvas).ok().flatten();
    style.and_then(|style| style.get_property_value("color").ok()).unwrap_or_else(|| "gray".to_owned())
}
