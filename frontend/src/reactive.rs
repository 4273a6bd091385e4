//! Reactive values for views, behind few types.
//!
//! A view accepts bare closures, but the compiler generates the code that tracks a closure once per closure
//! type, which made up most of the page's size. Behind one type it is generated once.

use leptos::prelude::*;

/// A reactive text.
pub(crate) fn text<T: Into<String>>(now: impl Fn() -> T + Send + Sync + 'static) -> Signal<String> {
    let now: Box<dyn Fn() -> String + Send + Sync> = Box::new(move || now().into());
    Signal::derive(now)
}

/// A reactive boolean.
pub(crate) fn flag(now: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    let now: Box<dyn Fn() -> bool + Send + Sync> = Box::new(now);
    Signal::derive(now)
}

/// A reactive value that notifies its dependents only when it has changed.
pub(crate) fn memo<T: PartialEq + Send + Sync + 'static>(
    now: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    let now: Box<dyn Fn() -> T + Send + Sync> = Box::new(now);
    Memo::new(move |_| now())
}

/// Runs `act` now, and again whenever a signal that it reads has changed.
pub(crate) fn effect(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_| act());
}

/// A part of a view that is built anew when a signal that it reads has changed.
pub(crate) fn fragment<V: IntoAny>(
    now: impl Fn() -> V + Send + 'static,
) -> Box<dyn FnMut() -> AnyView + Send> {
    Box::new(move || now().into_any())
}

/// A reactive length in whole units of the drawing.
pub(crate) fn length(now: impl Fn() -> f64 + Send + Sync + 'static) -> Signal<String> {
    text(move || rounded(now()).to_string())
}

/// Rounds a length or coordinate to whole units of the drawing, which is finer than any screen shows.
#[expect(clippy::cast_possible_truncation, reason = "the drawing has 1000 units")]
pub(crate) fn rounded(length: f64) -> i32 {
    length.round() as i32
}
