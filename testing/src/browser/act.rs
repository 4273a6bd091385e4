//! The actions of a reader on the page: clicks, keys, choices.

use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};

use super::{Page, of};

/// A key without a letter, as WebDriver names it.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
#[allow(missing_docs, reason = "the names on the keys")]
pub enum Key {
    Tab = 0xE004,
    Enter = 0xE007,
    Control = 0xE009,
    Escape = 0xE00C,
    Space = 0xE00D,
    End = 0xE010,
    Left = 0xE012,
    Up = 0xE013,
    Right = 0xE014,
    Down = 0xE015,
    Home = 0xE011,
}

impl Key {
    fn code(self) -> char {
        char::from_u32(self as u32).expect("a private character")
    }
}

impl Page {
    /// Clicks a control as soon as it can be clicked.
    #[track_caller]
    pub fn click(&self, id: &str) {
        self.wait_until_enabled(id, true);
        let element = self.run(self.client().find(Locator::Css(&of(id))));
        self.run(element.click());
    }

    /// Presses keys together and releases the last one first.
    fn chord(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for key in keys {
            actions = actions.then(KeyAction::Down { value: *key });
        }
        for key in keys.iter().rev() {
            actions = actions.then(KeyAction::Up { value: *key });
        }
        self.run(self.client().perform_actions(actions));
    }

    /// Presses a key.
    pub fn press(&self, key: Key) {
        self.chord(&[key.code()]);
    }

    /// Presses the key of a letter.
    pub fn press_letter(&self, letter: char) {
        self.chord(&[letter]);
    }

    /// Chooses from a list.
    pub fn choose(&self, id: &str, value: &str) {
        let script = "const it = document.querySelector(arguments[0]); it.value = arguments[1]; \
                      it.dispatchEvent(new Event('change', { bubbles: true }))";
        self.wait_until_enabled(id, true);
        self.script(script, vec![of(id).into(), value.into()]);
    }

    /// Replaces the content of a field.
    pub fn type_over(&self, id: &str, text: &str) {
        self.click(id);
        self.chord(&[Key::Control.code(), 'a']);
        for letter in text.chars() {
            self.chord(&[letter]);
        }
    }
}
