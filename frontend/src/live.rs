//! Values for the page that follow the state.
//!
//! The view could take bare closures, but the compiler writes the code that follows one anew for each: most of the
//! page's size. Behind one type it is written once.

use leptos::prelude::*;

/// Words that follow the state.
pub(crate) fn words<T: Into<String>>(now: impl Fn() -> T + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(move || now().into())
}

/// A yes or no that follows the state.
pub(crate) fn whether(now: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(now)
}

/// Anything that follows the state, told on only when it has become another.
pub(crate) fn memo<T: PartialEq + Send + Sync + 'static>(
    now: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    let now: Box<dyn Fn() -> T + Send + Sync> = Box::new(now);
    Memo::new(move |_| now())
}

/// Does something whenever what it looks at has changed.
pub(crate) fn effect(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_| act());
}

/// A part of the page that is made anew when what it looks at has changed.
pub(crate) fn part<V: IntoAny>(now: impl Fn() -> V + Send + 'static) -> Box<dyn FnMut() -> AnyView + Send> {
    Box::new(move || now().into_any())
}

/// A whole number of the drawing's units that follows the state.
pub(crate) fn units(now: impl Fn() -> f64 + Send + Sync + 'static) -> Signal<String> {
    words(move || rounded(now()).to_string())
}

/// A length or place in whole units of the drawing: finer than any screen shows.
#[expect(clippy::cast_possible_truncation, reason = "the drawing has 1000 units")]
pub(crate) fn rounded(length: f64) -> i32 {
    length.round() as i32
}
