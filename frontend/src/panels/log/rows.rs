//! The rows that can be seen: plain elements, which are filled again when others are to be seen.

use leptos::prelude::document;
use ringleader_shared::NodeName;
use ringleader_shared::timeline::Position;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::ROW_PX;
use crate::state::Line;
use crate::text;

/// The rows in the page.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<HtmlElement>,
}

impl Rows {
    /// Shows these lines in `list`, the first of them as the row of this number. `here` is the moment that
    /// is shown: what came after it is paler.
    pub(super) fn show(
        &mut self,
        list: &Element,
        first: usize,
        lines: impl Iterator<Item = (Position, NodeName, Line)>,
        here: Position,
    ) {
        let mut count = 0;
        for (number, (position, node, line)) in (first..).zip(lines) {
            if self.rows.len() == count {
                let Some(row) = make(list) else { return };
                self.rows.push(row);
            }
            if let Some(row) = self.rows.get(count) {
                fill(row, number, (position, &node, &line), here);
            }
            count += 1;
        }
        self.rows.drain(count..).for_each(|row| row.remove());
    }
}

fn make(list: &Element) -> Option<HtmlElement> {
    let row: HtmlElement = document().create_element("p").ok()?.dyn_into().ok()?;
    for part in ["time", "b", "span"] {
        let part = document().create_element(part).ok()?;
        row.append_child(&part).ok()?;
    }
    list.append_child(&row).ok()?;
    Some(row)
}

fn fill(row: &HtmlElement, number: usize, line: (Position, &NodeName, &Line), here: Position) {
    let (position, node, line) = line;
    let when = match position.cmp(&here) {
        std::cmp::Ordering::Less => "",
        std::cmp::Ordering::Equal => " here",
        std::cmp::Ordering::Greater => " later",
    };
    row.set_class_name(&format!("{}{when}", line.subject.class()));
    let _ = row.set_attribute("data-position", &position.0.to_string());
    let _ = row.set_attribute("style", &format!("top: {}px", number * ROW_PX as usize));
    let parts = row.children();
    let texts = [line.at_us.map(text::stamp).unwrap_or_default(), node.to_string(), line.text.clone()];
    for (place, text) in (0..).zip(texts) {
        if let Some(part) = parts.item(place) {
            part.set_text_content(Some(&text));
        }
    }
}
