//! SVG elements that are made and changed beside the reactive drawing.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::Element;

const SVG: &str = "http://www.w3.org/2000/svg";

/// Adds an element with this class.
pub(super) fn classed(parent: &Element, tag: &str, class: &str) -> Option<Element> {
    let element = add(parent, tag)?;
    set(&element, "class", class);
    Some(element)
}

/// Adds an element.
pub(super) fn add(parent: &Element, tag: &str) -> Option<Element> {
    let element = document().create_element_ns(Some(SVG), tag).ok()?;
    parent.append_child(&element).ok()?.dyn_into().ok()
}

/// Sets an attribute. The names are constants, which no browser refuses.
pub(super) fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}
