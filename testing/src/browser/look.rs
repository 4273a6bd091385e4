//! The state of the page, and waits for it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{LOOK, Page, of};
use crate::server::PATIENCE;

impl Page {
    /// The value of `expression` for the first element that `selector` finds; null when there is none.
    pub(super) fn look_at(&self, selector: &str, expression: &str) -> Value {
        let script =
            format!("const it = document.querySelector(arguments[0]); return it ? ({expression}) : null;");
        self.script(&script, vec![selector.into()])
    }

    /// Waits until `look` returns a value that is right.
    #[track_caller]
    fn wait_until(&self, what: &str, look: impl Fn() -> Value, is_right: impl Fn(&Value) -> bool) -> Value {
        self.wait_within(PATIENCE, what, look, is_right)
    }

    #[track_caller]
    fn wait_within(
        &self,
        patience: Duration,
        what: &str,
        look: impl Fn() -> Value,
        is_right: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + patience;
        loop {
            let seen = look();
            if is_right(&seen) {
                return seen;
            }
            assert!(Instant::now() < deadline, "it never came about that {what}; last seen: {seen}");
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the value of `expression` for the element with this CSS selector is right.
    #[track_caller]
    pub fn wait_for(&self, selector: &str, expression: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let what = format!("{expression} of {selector} is right");
        self.wait_until(&what, || self.look_at(selector, expression), is_right)
    }

    /// Waits until an attribute of an element has a value.
    #[track_caller]
    pub fn wait_for_attribute(&self, id: &str, attribute: &str, value: &str) {
        let what = format!("{attribute} of {id} is {value}");
        let expression = format!("it.getAttribute('{attribute}')");
        self.wait_until(&what, || self.look_at(&of(id), &expression), |seen| seen == value);
    }

    /// Waits until the text of an element contains this.
    #[track_caller]
    pub fn wait_for_text(&self, id: &str, text: &str) {
        let what = format!("{id} says {text:?}");
        self.wait_until(
            &what,
            || self.look_at(&of(id), "it.textContent"),
            |seen| seen.as_str().is_some_and(|seen| seen.contains(text)),
        );
    }

    /// The text of an element.
    pub fn text(&self, id: &str) -> String {
        self.look_at(&of(id), "it.textContent").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until there is no such element.
    #[track_caller]
    pub fn wait_until_gone(&self, selector: &str) {
        self.wait_until(
            &format!("{selector} is gone"),
            || self.look_at(selector, "it.outerHTML"),
            Value::is_null,
        );
    }

    /// The same as [`Page::wait_for`], for things that take the browser long.
    #[track_caller]
    pub fn wait_patiently_for(
        &self,
        selector: &str,
        expression: &str,
        is_right: impl Fn(&Value) -> bool,
    ) -> Value {
        let what = format!("{expression} of {selector} is right");
        self.wait_within(4 * PATIENCE, &what, || self.look_at(selector, expression), is_right)
    }

    /// Waits until a control can be used, or can't.
    #[track_caller]
    pub fn wait_until_enabled(&self, id: &str, enabled: bool) {
        let what = format!("{id} is {}", if enabled { "enabled" } else { "disabled" });
        self.wait_until(
            &what,
            || self.look_at(&of(id), "!it.disabled && it.ariaDisabled !== 'true'"),
            |seen| *seen == json!(enabled),
        );
    }

    /// The name for tests of the element that has the focus.
    pub fn focused(&self) -> String {
        let script = "return document.activeElement?.dataset?.testid ?? document.activeElement?.outerHTML.slice(0, 80)";
        self.script(script, Vec::new()).as_str().unwrap_or_default().to_owned()
    }
}
