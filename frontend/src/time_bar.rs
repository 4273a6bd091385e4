//! The time bar, across the bottom of the page: what happened when, and the control of the time shown.

mod keys;
mod lanes;
mod window;

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::RingView;
use wasm_bindgen::JsCast;

use self::keys::{Key, listen};
use self::window::Window;
use crate::backend::sandbox::Sandbox;
use crate::backend::timekeeper::{Timekeeper, Times};
use crate::chunk::{NotLoaded, chunk};
use crate::clipboard;
use crate::components::button::ActionButton;
use crate::components::theme::Theme;
use crate::headline::Headline;
use crate::maths::pow;
use crate::notice::Notice;
use crate::reactive;
use crate::resize::on_resize;
use crate::sandbox::continuation;
use crate::state::Store;
use crate::text;

/// The number of positions of the slider.
const PLACES: u32 = 100_000;

/// The time between two drawings of a bar in which nothing happens: its end is the present.
const TICK: Duration = Duration::from_millis(500);

/// The factor by which a press on a button, or a turn of the wheel, makes the stretch longer.
const ZOOM: f64 = 2.0;

const TO_BEGIN: &str = "M-10 -8 H-7.5 V8 H-10 Z M1.5 -8 V8 L-7 0 Z M10 -8 V8 L1.5 0 Z";
const TO_END: &str = "M10 -8 H7.5 V8 H10 Z M-1.5 -8 V8 L7 0 Z M-10 -8 V8 L-1.5 0 Z";
const BACK: &str = "M4 -8 V8 L-9 0 Z M6 -8 H9 V8 H6 Z";
const PLAY: &str = "M-6 -9 V9 L9 0 Z";
const PAUSE: &str = "M-7 -9 H-2 V9 H-7 Z M2 -9 H7 V9 H2 Z";
const ON: &str = "M-4 -8 V8 L9 0 Z M-9 -8 H-6 V8 H-9 Z";
const MARK_BACK: &str = "M9 -8 V8 L0 0 Z M-5 -8 L0 0 L-5 8 L-10 0 Z";
const MARK_ON: &str = "M-9 -8 V8 L0 0 Z M5 -8 L0 0 L5 8 L10 0 Z";

/// The moment that is shown, in words.
fn moment(store: Store, now_us: u64) -> String {
    let state = store.view.with(|view| {
        let leader = Headline::of(view).short();
        if view.term.0 == 0 { leader } else { format!("term {}, {leader}", view.term) }
    });
    format!("{state}, {}", text::duration(now_us))
}

/// The bar.
#[component]
pub(crate) fn TimeBar() -> impl IntoView {
    let (store, time) = (Store::here(), Timekeeper::here());
    let tick = Trigger::new();
    if let Ok(interval) = set_interval_with_handle(
        move || {
            if time.is_live_now() {
                tick.notify();
            }
        },
        TICK,
    ) {
        on_cleanup(move || interval.clear());
    }
    let times = reactive::memo(move || {
        tick.track();
        time.times()
    });
    // The stretch that the reader has chosen; `None` for the one that follows the present, or the whole.
    let chosen = RwSignal::new(None::<Window>);
    let whole = move || {
        let Times { begin, end, .. } = times.get();
        Window::new(begin, end)
    };
    let shown = reactive::memo(move || {
        let Times { begin, now, end } = times.get();
        match chosen.get() {
            Some(window) => window.with(now, whole()),
            None if !store.is_live() => whole(),
            None => Window::following(begin, end),
        }
    });
    // Who leaves the present goes on in the same stretch of time.
    reactive::effect(move || {
        let is_live = time.is_live();
        if store.is_live() {
            let window = if is_live { None } else { Some(shown.get_untracked()) };
            chosen.set(window);
        }
    });
    let canvas = NodeRef::<html::Canvas>::new();
    draw_when_it_changes(store, canvas, shown);
    let press = move |key: Key| match key {
        Key::Toggle => time.toggle(),
        Key::Step { forward } => time.step(forward),
        Key::Nudge { forward } => time.nudge(10, forward),
        Key::Mark { forward } => time.go_to_mark(forward),
        Key::Pace { faster } => time.change_pace(faster),
        Key::Begin => time.go_to_begin(),
        Key::End => time.go_to_end(),
    };
    listen(press);
    let zoom = move |factor: f64, share: f64| {
        let window = shown.get_untracked().zoomed(factor, share, untrack(whole));
        if time.is_live_now() {
            // The present moves on: the stretch is one of the past from now on.
            time.toggle();
        }
        chosen.set(Some(window));
    };
    let wheel = move |event: web_sys::WheelEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        event.prevent_default();
        let share = f64::from(event.offset_x()) / f64::from(canvas.client_width().max(1));
        zoom(pow(ZOOM, event.delta_y() / 240.0), share);
    };
    let slide = move |event: web_sys::Event| {
        let Ok(place) = event_target_value(&event).parse::<u32>() else { return };
        let (window, end) = (shown.get_untracked(), times.get_untracked().end);
        let at = window.at(f64::from(place) / f64::from(PLACES));
        if at >= end { time.go_to_end() } else { time.go(at) }
    };
    let hint = RwSignal::new(String::new());
    let point = move |event: web_sys::MouseEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        let (width, x) = (f64::from(canvas.client_width()), f64::from(event.offset_x()));
        let window = shown.get_untracked();
        let mark = store.playback.timeline.with_value(|timeline| {
            lanes::mark_at(timeline, window, width, x)
                .map(|mark| format!("{} · {}", lanes::describe(mark), text::duration(mark.at_us)))
        });
        hint.set(mark.unwrap_or_else(|| text::duration(window.at(x / width.max(1.0)))));
    };
    let place = move || {
        // The times first: a stretch that stays the same would hide that they have changed.
        let now = times.get().now;
        let share = shown.get().share(now).clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place of the slider")]
        let place = (share * f64::from(PLACES)).round() as u32;
        place.to_string()
    };
    let plays = reactive::flag(move || time.plays());
    let is_live = reactive::flag(move || time.is_live());
    let toggle_says = reactive::text(move || match (is_live.get(), plays.get(), time.is_over()) {
        (true, ..) => "Stop: hold this moment, the ring goes on (space)",
        (false, true, _) => "Stop (space)",
        (false, false, true) => "Play again from the beginning (space)",
        (false, false, false) => "Play (space)",
    });
    let button = move |key: Key, id: &'static str, effect: &'static str, icon: &'static str| {
        view! {
            <button class="quiet round" type="button" data-testid=id title=effect aria-label=effect on:click=move |_| press(key)>
                <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true"><path d=icon></path></svg>
            </button>
        }
    };
    // A permalink may have a speed that is not in the list.
    let paces = time.paces();
    let values: Vec<String> = paces.iter().map(|(value, _)| value.clone()).collect();
    let unusual = reactive::memo(move || Some(time.pace()).filter(|(value, _)| !values.contains(value)));
    let end_says = if store.is_live() { "To the present (L)" } else { "To the end (end)" };
    let over_says = if store.is_kept() { "the end of the run" } else { "nothing more happens by itself" };
    view! {
        <section class="time-bar" class:looks-back=reactive::flag(move || store.is_live() && !is_live.get()) aria-label="Time">
            <div class="transport" role="group" aria-label="Play and step">
                {button(Key::Begin, "to-begin", "To the beginning (home)", TO_BEGIN)}
                {button(Key::Mark { forward: false }, "mark-back", "To the mark before ([)", MARK_BACK)}
                {button(Key::Step { forward: false }, "step-back", "One event back (←)", BACK)}
                <button
                    class="primary round play"
                    type="button"
                    data-testid="play"
                    data-playing=reactive::text(move || plays.get().to_string())
                    title=toggle_says
                    aria-label=toggle_says
                    on:click=move |_| press(Key::Toggle)
                >
                    <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true">
                        <path d=reactive::text(move || if plays.get() { PAUSE } else { PLAY })></path>
                    </svg>
                </button>
                {button(Key::Step { forward: true }, "step", "One event on (→)", ON)}
                {button(Key::Mark { forward: true }, "mark-on", "To the next mark (])", MARK_ON)}
                {button(Key::End, "to-end", end_says, TO_END)}
            </div>
            <div class="track" on:wheel=wheel on:mousemove=point title=reactive::text(move || hint.get())>
                <canvas node_ref=canvas aria-hidden="true"></canvas>
                <input
                    type="range"
                    data-testid="scrubber"
                    aria-label="Time that is shown"
                    min="0"
                    max=PLACES
                    prop:value=reactive::text(place)
                    aria-valuetext=reactive::text(move || moment(store, times.get().now))
                    on:input=slide
                />
            </div>
            <p class="moment">
                <output data-testid="time">{reactive::text(move || text::duration(times.get().now))}</output>
                <span data-testid="of">{reactive::text(move || of(store, is_live.get(), times.get()))}</span>
                <span class="quiet-note" role="status" data-testid="quiet">
                    {reactive::text(move || if time.is_over() { over_says } else { "" })}
                </span>
            </p>
            <div class="pace-of-time">
                <select
                    data-testid="speed"
                    aria-label="Speed"
                    title="Faster (.), slower (,)"
                    on:change=move |event| time.choose_pace(&event_target_value(&event))
                >
                    {paces.into_iter().map(|(value, description)| {
                        let mine = value.clone();
                        view! {
                            <option value=value prop:selected=reactive::flag(move || time.pace().0 == mine)>{description}</option>
                        }
                    }).collect_view()}
                    {reactive::fragment(move || unusual.get().map(|(value, description)| view! {
                        <option value=value selected=true>{description}</option>
                    }))}
                </select>
                {(!store.simulated).then(|| view! { <Folding/> })}
                <button class="quiet" type="button" data-testid="zoom-in" title="A shorter stretch of time (or turn the wheel)" aria-label="Zoom in"
                    on:click=move |_| zoom(1.0 / ZOOM, untrack(|| shown.get().share(times.get().now)))>"+"</button>
                <button class="quiet" type="button" data-testid="zoom-out" title="A longer stretch of time (or turn the wheel)" aria-label="Zoom out"
                    on:click=move |_| zoom(ZOOM, untrack(|| shown.get().share(times.get().now)))>"−"</button>
                {store.is_live().then(|| view! {
                    <button
                        class="live-button"
                        type="button"
                        data-testid="to-live"
                        aria-pressed=reactive::text(move || is_live.get().to_string())
                        title="Follow the present (L)"
                        on:click=move |_| time.go_to_end()
                    >
                        "Live"
                    </button>
                })}
                {(!store.simulated).then(|| view! { <ContinueButton/> })}
                {time.sandbox().map(|sandbox| view! { <CopyLink sandbox=sandbox/> })}
            </div>
        </section>
    }
}

/// The comparison of the time that is shown with the end.
fn of(store: Store, is_live: bool, times: Times) -> String {
    let Times { now, end, .. } = times;
    match (store.is_live(), is_live) {
        (false, _) => format!("of {}", text::duration(end)),
        (true, true) => "now".to_owned(),
        (true, false) => format!("{} ago; the ring goes on", text::duration(end.saturating_sub(now))),
    }
}

/// Draws the bar again whenever it has changed, once a frame at most.
fn draw_when_it_changes(store: Store, canvas: NodeRef<html::Canvas>, shown: Memo<Window>) {
    let (resized, dark) = (Trigger::new(), Theme::here().dark);
    let is_planned = StoredValue::new(false);
    let draw = move || {
        is_planned.try_set_value(false);
        if let (Some(Some(canvas)), Some(window)) = (canvas.try_get_untracked(), shown.try_get_untracked()) {
            store.playback.timeline.with_value(|timeline| lanes::draw(&canvas, timeline, window));
        }
    };
    reactive::effect(move || {
        shown.track();
        dark.track();
        resized.track();
        store.playback.changed.track();
        if canvas.get().is_some() && !is_planned.get_value() {
            is_planned.set_value(true);
            request_animation_frame(draw);
        }
    });
    reactive::effect(move || {
        if let Some(canvas) = canvas.get() {
            on_resize(&[canvas.unchecked_into()], move || resized.notify());
        }
    });
}

/// The switch that passes over times in which nothing happens.
#[component]
fn Folding() -> impl IntoView {
    let folds = Store::here().playback.folds;
    view! {
        <label class="check" title="Times in which nothing happens are passed over when the past is played">
            <input
                type="checkbox"
                data-testid="folds"
                prop:checked=reactive::flag(move || folds.get())
                on:change=move |event| folds.set(event_target_checked(&event))
            />
            "Skip idle"
        </label>
    }
}

/// The permalink of a run that continues a moment, or the reason why there is none.
type Continue = fn(&RingView) -> Result<String, String>;

chunk! {
    continuation,
    /// Loads the function that continues a moment: nobody needs it in the present.
    fn load_continuation() -> Continue { |view| continuation(view).map(|run| run.text()) }
}

/// The button that opens the sandbox in the state of the moment that is shown. There is none in the present.
#[component]
fn ContinueButton() -> impl IntoView {
    let store = Store::here();
    let is_past = reactive::flag(move || store.is_kept() || store.playback.is_past());
    let loaded = RwSignal::new(None::<Result<Continue, NotLoaded>>);
    reactive::effect(move || {
        if is_past.get() && !matches!(loaded.get_untracked(), Some(Ok(_))) {
            spawn_local(async move {
                let result = load_continuation().await;
                let _ = loaded.try_set(Some(result));
            });
        }
    });
    let refusal = Signal::derive(move || match loaded.get() {
        None => Some("Loading the way to the sandbox …".to_owned()),
        Some(Err(NotLoaded)) => Some(Notice::not_loaded("the way to the sandbox").title),
        Some(Ok(way)) => store.view.with(|view| way(view).err()),
    });
    let press = move |()| {
        if let Some(Ok(way)) = loaded.get_untracked()
            && let Ok(run) = store.view.with_untracked(way)
        {
            let _ = window().location().set_hash(&run);
        }
    };
    reactive::fragment(move || {
        is_past.get().then(|| view! {
            <ActionButton
                id="continue"
                class="quiet"
                effect="Continue in the sandbox: a simulated ring in the state of this moment, in which anything can be done. Messages in transit are not taken along."
                refusal=refusal
                press=press
            >
                "→ Sandbox"
            </ActionButton>
        })
    })
}

/// The button that copies a link to the moment of the sandbox that is shown.
#[component]
fn CopyLink(sandbox: Sandbox) -> impl IntoView {
    let store = Store::here();
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
        <button
            class="quiet"
            type="button"
            data-testid="copy-link"
            title="Shows this ring at this time, with everything done to it, to anyone who opens it"
            on:click=copy_link
        >
            {reactive::text(move || if copied.get() { "Copied" } else { "Copy link" })}
        </button>
    }
}
