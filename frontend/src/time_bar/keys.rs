//! The keys that control the time that is shown.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// The action of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Plays or stops.
    Toggle,
    /// One event on or back.
    Step { forward: bool },
    /// A little time on or back.
    Nudge { forward: bool },
    /// To the next mark or the one before.
    Mark { forward: bool },
    /// Faster or slower.
    Pace { faster: bool },
    /// To the beginning.
    Begin,
    /// To the end, or to the present.
    End,
}

impl Key {
    fn named(name: &str, shift: bool) -> Option<Self> {
        Some(match name {
            " " => Self::Toggle,
            "ArrowRight" if shift => Self::Nudge { forward: true },
            "ArrowLeft" if shift => Self::Nudge { forward: false },
            "ArrowRight" => Self::Step { forward: true },
            "ArrowLeft" => Self::Step { forward: false },
            "]" => Self::Mark { forward: true },
            "[" => Self::Mark { forward: false },
            "." => Self::Pace { faster: true },
            "," => Self::Pace { faster: false },
            "Home" => Self::Begin,
            "End" | "l" | "L" => Self::End,
            _ => return None,
        })
    }

    /// Whether the key has another use where it is pressed: in a field, a list, on a button.
    fn has_another_use(self, event: &web_sys::KeyboardEvent) -> bool {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let takes = match self {
            Self::Toggle => {
                "input:not([type=range]), select, textarea, button, a, dialog, summary, [role=button], [role=log]"
            }
            Self::Step { .. } | Self::Nudge { .. } | Self::Begin | Self::End => {
                "input:not(.track *), select, textarea, dialog, [role=log], [role=application], .node"
            }
            Self::Mark { .. } | Self::Pace { .. } => {
                "input:not([type=range], [type=checkbox]), textarea, dialog"
            }
        };
        event.ctrl_key()
            || event.alt_key()
            || event.meta_key()
            || target.is_some_and(|target| target.closest(takes).is_ok_and(|found| found.is_some()))
    }
}

/// Calls `press` with each key that controls time, as long as the component exists.
pub(super) fn listen(press: impl Fn(Key) + 'static) {
    let heard = Closure::<dyn FnMut(web_sys::KeyboardEvent)>::new(move |event: web_sys::KeyboardEvent| {
        let key = Key::named(&event.key(), event.shift_key());
        if let Some(key) = key.filter(|key| !key.has_another_use(&event)) {
            event.prevent_default();
            press(key);
        }
    });
    let listener = heard.as_ref().unchecked_ref::<js_sys::Function>().clone();
    let _ = window().add_event_listener_with_callback("keydown", &listener);
    let kept = StoredValue::new_local(Some((heard, listener)));
    on_cleanup(move || {
        if let Some((heard, listener)) = kept.try_update_value(Option::take).flatten() {
            let _ = window().remove_event_listener_with_callback("keydown", &listener);
            drop(heard);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_a_video_player() {
        assert_eq!(Key::named(" ", false), Some(Key::Toggle));
        assert_eq!(Key::named("ArrowLeft", false), Some(Key::Step { forward: false }));
        assert_eq!(Key::named("ArrowLeft", true), Some(Key::Nudge { forward: false }));
        assert_eq!(Key::named("]", false), Some(Key::Mark { forward: true }));
        assert_eq!((Key::named("l", false), Key::named("L", true)), (Some(Key::End), Some(Key::End)));
        assert_eq!(Key::named("a", false), None);
    }
}
