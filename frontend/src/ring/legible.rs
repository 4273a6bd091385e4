//! The size of the drawing on the screen, from which the smallest legible text follows.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::ResizeObserver;

use super::geometry::SIZE;
use crate::reactive;

/// The smallest text on the screen, in pixels.
const SMALLEST_PX: f64 = 12.0;

/// The size of the smallest legible text in units of the drawing, for the drawing's present size on the
/// screen. One of the figure's two drawings is shown.
pub(super) fn smallest_text(figure: NodeRef<html::Section>) -> RwSignal<f64> {
    let smallest = RwSignal::new(SMALLEST_PX);
    let measure = move || {
        let shown = figure.get_untracked().and_then(|figure| {
            figure.query_selector(":scope > :is(.board, .crowd):not([hidden])").ok().flatten()
        });
        let Some(drawing) = shown else { return };
        let side = f64::from(drawing.client_width().min(drawing.client_height()));
        if side > 0.0 {
            let units = (SMALLEST_PX * SIZE / side).ceil();
            if units != smallest.get_untracked() {
                smallest.set(units);
            }
        }
    };
    reactive::effect(move || {
        let Some(figure) = figure.get() else { return };
        let resized = Closure::<dyn FnMut()>::new(measure);
        let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) else { return };
        for drawing in [":scope > .board", ":scope > .crowd"] {
            if let Ok(Some(drawing)) = figure.query_selector(drawing) {
                observer.observe(&drawing);
            }
        }
        let kept = StoredValue::new_local(Some((observer, resized)));
        on_cleanup(move || {
            if let Some((observer, resized)) = kept.try_update_value(Option::take).flatten() {
                observer.disconnect();
                drop(resized);
            }
        });
    });
    smallest
}
