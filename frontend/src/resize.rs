//! Changes of the size of elements.

use leptos::prelude::{StoredValue, UpdateValue, on_cleanup};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

/// Calls `act` now and whenever the size of one of these elements changes, until the component or effect that
/// asked is gone.
pub(crate) fn on_resize(elements: &[Element], act: impl FnMut() + 'static) {
    observe(elements, Closure::new(act));
}

/// Apart from `on_resize`, which the compiler makes for each `act` anew.
fn observe(elements: &[Element], act: Closure<dyn FnMut()>) {
    // Every browser that can run the page has it.
    let Ok(observer) = ResizeObserver::new(act.as_ref().unchecked_ref()) else { return };
    elements.iter().for_each(|element| observer.observe(element));
    let kept = StoredValue::new_local(Some((observer, act)));
    on_cleanup(move || {
        if let Some((observer, act)) = kept.try_update_value(Option::take).flatten() {
            observer.disconnect();
            drop(act);
        }
    });
}
