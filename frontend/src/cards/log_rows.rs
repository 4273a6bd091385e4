//! The rows of a log, made without reactive code.
//!
//! A reactive list keeps a record of every row that it has ever made, for as long as the list exists, and a
//! log makes rows for as long as the ring runs. Here a row is three elements and nothing else, and the
//! elements of the oldest row are reused for the newest one.

use std::collections::VecDeque;
use std::sync::Arc;

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::state::Line;
use crate::text;

/// The difference between the rows that are shown and the lines that are wanted.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    /// The number of rows to remove at the beginning.
    drop_first: usize,
    /// The number of rows after those that stay.
    keep: usize,
}

impl Change {
    /// The change that leads from `shown` to `wanted`. Logs grow at the end and shrink at the beginning: rows
    /// stay only as one unbroken stretch that begins with the first wanted line.
    fn between<T>(shown: &VecDeque<T>, wanted: &[Arc<Line>], line: impl Fn(&T) -> &Arc<Line>) -> Self {
        let first = wanted.first();
        let kept_from = shown.iter().position(|row| first.is_some_and(|first| Arc::ptr_eq(line(row), first)));
        let drop_first = kept_from.unwrap_or(shown.len());
        let stretch = shown.iter().skip(drop_first).zip(wanted);
        let keep = stretch.take_while(|(row, wanted)| Arc::ptr_eq(line(row), wanted)).count();
        Self { drop_first, keep }
    }
}

/// A row in the page.
struct Row {
    line: Arc<Line>,
    element: Element,
}

/// The rows that are shown.
#[derive(Default)]
pub(super) struct Rows {
    rows: VecDeque<Row>,
    /// An empty row, to make others of.
    pattern: Option<Element>,
}

impl Rows {
    /// Shows these lines in `parent`, which has no other children.
    pub(super) fn show(&mut self, parent: &Element, wanted: &[Arc<Line>]) {
        let Change { drop_first, keep } = Change::between(&self.rows, wanted, |row| &row.line);
        let mut spare: Vec<Element> = Vec::new();
        for row in self.rows.drain(..drop_first) {
            spare.push(row.element);
        }
        for row in self.rows.drain(keep..) {
            spare.push(row.element);
        }
        for line in wanted.get(keep..).unwrap_or_default() {
            // Appending a row that is at the beginning moves it.
            let Some(element) = spare.pop().or_else(|| self.make()) else { return };
            fill(&element, line);
            if parent.append_child(&element).is_ok() {
                self.rows.push_back(Row { line: Arc::clone(line), element });
            }
        }
        spare.iter().for_each(Element::remove);
    }

    fn make(&mut self) -> Option<Element> {
        if self.pattern.is_none() {
            let pattern = document().create_element("p").ok()?;
            for part in ["time", "span"] {
                let part = document().create_element(part).ok()?;
                pattern.append_child(&part).ok()?;
            }
            self.pattern = Some(pattern);
        }
        self.pattern.as_ref()?.clone_node_with_deep(true).ok()?.dyn_into().ok()
    }
}

/// Writes a line into a row.
fn fill(row: &Element, line: &Line) {
    row.set_class_name(line.subject.class());
    if let Some(time) = row.first_child() {
        time.set_text_content(line.at_us.map(text::stamp).as_deref());
    }
    if let Some(text) = row.last_child() {
        text.set_text_content(Some(&line.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::Seq;

    fn lines(numbers: std::ops::RangeInclusive<u64>) -> Vec<Arc<Line>> {
        numbers.map(|number| Arc::new(Line::gap(Seq(number), Seq(number)))).collect()
    }

    fn change(shown: &[Arc<Line>], wanted: &[Arc<Line>]) -> (usize, usize) {
        let shown: VecDeque<Arc<Line>> = shown.iter().cloned().collect();
        let Change { drop_first, keep } = Change::between(&shown, wanted, |line| line);
        (drop_first, keep)
    }

    #[test]
    fn a_log_that_goes_on_keeps_its_rows_but_the_oldest() {
        let all = lines(1..=9);
        assert_eq!(change(&all[..6], &all), (0, 6));
        assert_eq!(change(&all[..6], &all[2..]), (2, 4));
        assert_eq!(change(&all[..6], &all[6..]), (6, 0));
        assert_eq!(change(&all, &all), (0, 9));
    }

    #[test]
    fn a_filter_keeps_what_is_the_same_at_the_beginning_and_history_comes_before_everything() {
        let all = lines(1..=6);
        let filtered = [Arc::clone(&all[1]), Arc::clone(&all[2]), Arc::clone(&all[5])];
        assert_eq!(change(&all, &filtered), (1, 2));
        assert_eq!(change(&filtered, &all), (3, 0));
        assert_eq!(change(&all, &[]), (6, 0));
        assert_eq!(change(&[], &all), (0, 0));
    }
}
