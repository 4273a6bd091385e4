//! The size of the drawing on the screen, from which the smallest legible text follows.

use leptos::html;
use leptos::prelude::*;

use super::geometry::SIZE;
use crate::reactive;
use crate::resize::on_resize;

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
        let drawings = [":scope > .board", ":scope > .crowd"];
        let drawings: Vec<_> =
            drawings.iter().filter_map(|drawing| figure.query_selector(drawing).ok().flatten()).collect();
        on_resize(&drawings, measure);
    });
    smallest
}
