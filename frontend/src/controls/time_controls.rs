//! The time controls of the sandbox: play, stop, step forward and back, go to any time, change the speed.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::backend::sandbox::Sandbox;
use crate::clipboard;
use crate::notice::Notice;
use crate::reactive;
use crate::sandbox::speed::Speed;
use crate::state::Store;
use crate::text;

/// The number of positions of the slider.
const PLACES: u32 = 10_000;

const TO_BEGIN: &str = "M-10 -8 H-7.5 V8 H-10 Z M1.5 -8 V8 L-7 0 Z M10 -8 V8 L1.5 0 Z";
const BACK: &str = "M4 -8 V8 L-9 0 Z M6 -8 H9 V8 H6 Z";
const PLAY: &str = "M-6 -9 V9 L9 0 Z";
const PAUSE: &str = "M-7 -9 H-2 V9 H-7 Z M2 -9 H7 V9 H2 Z";
const FORTH: &str = "M-4 -8 V8 L9 0 Z M-9 -8 H-6 V8 H-9 Z";

/// A virtual time as text.
fn said(time: Duration) -> String {
    text::duration(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// The position of the slider for a part of the whole time.
fn place(part: Duration, whole: Duration) -> u32 {
    let place = part.as_nanos() * u128::from(PLACES) / whole.as_nanos().max(1);
    u32::try_from(place).unwrap_or(PLACES).min(PLACES)
}

/// The time at a position of the slider.
fn time(place: u32, whole: Duration) -> Duration {
    let nanoseconds = whole.as_nanos() * u128::from(place) / u128::from(PLACES);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// The action of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Toggle,
    Step,
    Back,
    Begin,
}

impl Key {
    fn named(name: &str) -> Option<Self> {
        match name {
            " " => Some(Self::Toggle),
            "ArrowRight" | "." => Some(Self::Step),
            "ArrowLeft" | "," => Some(Self::Back),
            "Home" => Some(Self::Begin),
            _ => None,
        }
    }
}

/// Whether the key has another use where it is pressed: in a field, a list, on a button.
fn has_another_use(key: Key, event: &web_sys::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let takes = match key {
        Key::Toggle => "input, select, textarea, button, a, dialog, summary, [role=button], [role=log]",
        Key::Step | Key::Back | Key::Begin => "input, select, textarea, dialog, [role=log], .node",
    };
    event.ctrl_key()
        || event.alt_key()
        || event.meta_key()
        || target.is_some_and(|target| target.closest(takes).is_ok_and(|found| found.is_some()))
}

/// The bar.
#[component]
pub(crate) fn TimeControls(sandbox: Sandbox) -> impl IntoView {
    let store = Store::here();
    let times = reactive::memo(move || {
        sandbox.moment.track();
        sandbox.read(|player| (player.now(), player.begin(), player.end()))
    });
    let press = move |key: Key| match key {
        Key::Toggle => sandbox.toggle(),
        Key::Step => sandbox.step(),
        Key::Back => sandbox.step_back(),
        Key::Begin => sandbox.seek(Duration::ZERO),
    };
    listen(move |event| {
        if let Some(key) = Key::named(&event.key()).filter(|key| !has_another_use(*key, event)) {
            event.prevent_default();
            press(key);
        }
    });
    let button = move |key: Key, id: &'static str, says: &'static str, icon: &'static str| {
        view! {
            <button class="quiet round" type="button" data-testid=id title=says aria-label=says on:click=move |_| press(key)>
                <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true"><path d=icon></path></svg>
            </button>
        }
    };
    let playing = sandbox.playing;
    let toggle_says = reactive::text(move || match (playing.get(), sandbox.quiet.get()) {
        (true, _) => "Stop (space)",
        (false, true) => "Play again from the beginning (space)",
        (false, false) => "Play (space)",
    });
    let slide = move |event: web_sys::Event| {
        if let Ok(to) = event_target_value(&event).parse() {
            let (begin, end) = sandbox.read(|player| (player.begin(), player.end()));
            sandbox.seek(begin + time(to, end.saturating_sub(begin)));
        }
    };
    let choose_speed = move |event: web_sys::Event| {
        if let Some(speed) = Speed::numbered(&event_target_value(&event)) {
            sandbox.set_speed(speed);
        }
    };
    // A permalink may have a speed that is not in the list.
    let unusual =
        reactive::memo(move || Some(sandbox.speed.get()).filter(|speed| !Speed::ALL.contains(speed)));
    let copied = RwSignal::new(false);
    let copy_link = move |_| {
        let address = window().location().href().unwrap_or_default();
        let page = address.split('#').next().unwrap_or_default();
        let done = move |result: Result<(), Notice>| match result {
            Ok(()) => {
                copied.set(true);
                store.announce("Link copied".to_owned());
            }
            Err(notice) => store.notify(notice),
        };
        clipboard::copy(format!("{page}#{}", sandbox.fragment()), Box::new(done));
    };
    reactive::effect(move || {
        sandbox.moment.track();
        copied.set(false);
    });
    view! {
        <div class="transport" role="group" aria-label="Time">
            {button(Key::Begin, "to-begin", "To the beginning (home)", TO_BEGIN)}
            {button(Key::Back, "step-back", "One event back (←)", BACK)}
            <button
                class="primary round play"
                type="button"
                data-testid="play"
                data-playing=reactive::text(move || playing.get().to_string())
                title=toggle_says
                aria-label=toggle_says
                on:click=move |_| press(Key::Toggle)
            >
                <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true">
                    <path d=reactive::text(move || if playing.get() { PAUSE } else { PLAY })></path>
                </svg>
            </button>
            {button(Key::Step, "step", "One event on (→)", FORTH)}
            <div class="scrubber">
                <input
                    type="range"
                    data-testid="scrubber"
                    aria-label="Virtual time"
                    min="0"
                    max=PLACES
                    prop:value=reactive::text(move || { let (now, begin, end) = times.get();
                        place(now.saturating_sub(begin), end.saturating_sub(begin)).to_string() })
                    aria-valuetext=reactive::text(move || said(times.get().0))
                    on:input=slide
                />
                <p>
                    <output data-testid="time">{reactive::text(move || said(times.get().0))}</output>
                    {reactive::text(move || format!("of {}", said(times.get().2)))}
                    <span class="quiet-note" role="status" data-testid="quiet">
                        {reactive::text(move || if sandbox.quiet.get() { "nothing more happens by itself" } else { "" })}
                    </span>
                </p>
            </div>
            <select data-testid="speed" aria-label="Speed" title="How long a hop takes to watch" on:change=choose_speed>
                {Speed::ALL.into_iter().map(|speed| view! {
                    <option value=speed.number() prop:selected=reactive::flag(move || sandbox.speed.get() == speed)>
                        {speed.describe()}
                    </option>
                }).collect_view()}
                {reactive::fragment(move || unusual.get().map(|speed| view! {
                    <option value=speed.number() selected=true>{speed.describe()}</option>
                }))}
            </select>
            <button
                class="quiet"
                type="button"
                data-testid="copy-link"
                title="Shows this ring at this time, with everything done to it, to anyone who opens it"
                on:click=copy_link
            >
                {reactive::text(move || if copied.get() { "Copied" } else { "Copy link" })}
            </button>
        </div>
    }
}

/// Calls `hear` with each key that is pressed on the page, as long as the component exists.
fn listen(mut hear: impl FnMut(&web_sys::KeyboardEvent) + 'static) {
    let heard = Closure::<dyn FnMut(web_sys::KeyboardEvent)>::new(move |event| hear(&event));
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
    fn the_slider_goes_from_the_beginning_to_the_end() {
        let whole = Duration::from_millis(12);
        assert_eq!((place(Duration::ZERO, whole), place(whole, whole)), (0, PLACES));
        assert_eq!(time(PLACES / 2, whole), Duration::from_millis(6));
        assert_eq!((place(whole, Duration::ZERO), time(PLACES, Duration::ZERO)), (PLACES, Duration::ZERO));
    }

    #[test]
    fn space_plays_and_the_arrows_step() {
        assert_eq!(Key::named(" "), Some(Key::Toggle));
        assert_eq!((Key::named("."), Key::named(",")), (Key::named("ArrowRight"), Key::named("ArrowLeft")));
        assert_eq!(Key::named("a"), None);
    }
}
