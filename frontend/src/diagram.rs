//! The space-time diagram: nodes as lanes, time downwards, messages as slanted lines.
//!
//! The way through it: [`view`] is the part that is seen and its scale, [`scene`] the things in that part
//! with their places, [`draw`] puts them on a canvas. [`lit`] are the causes and effects of the event that is
//! chosen, [`table`] is the same for those who read, [`save`], [`picture`] and [`perfetto`] for other tools.

mod draw;
mod lit;
mod perfetto;
mod picture;
mod save;
mod scene;
mod table;
mod view;

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::export::svg::Scale;
use ringleader_shared::text::describe;
use ringleader_shared::timeline::Position;
use ringleader_shared::why::Subject;
use ringleader_shared::{Event, EventKind, MessageId};
use wasm_bindgen::JsCast;
use web_sys::CanvasRenderingContext2d;

use self::draw::{Brush, Over, Palette};
use self::lit::{Lit, Selection};
use self::save::SaveMenu;
use self::scene::{Picture, Step};
use self::table::Table;
use self::view::{HEAD, View};
use crate::backend::timekeeper::{Timekeeper, Times};
use crate::canvas::cleared;
use crate::chunk::{MakeView, chunk};
use crate::components::jump::Jump;
use crate::components::theme::Theme;
use crate::reactive;
use crate::resize::on_resize;
use crate::state::{LogChoice, Panel, Store};
use crate::text;

/// The factor by which a press on a button enlarges the picture.
const ZOOM: f64 = 1.6;

/// The pixels that the pointer may move in a press that is no drag.
const STILL: f64 = 4.0;

/// An event in a sentence, with its node and its time.
pub(crate) fn sentence(event: &Event, simulated: bool) -> String {
    let words = text::line(event, simulated).map_or_else(|| describe(&event.kind), |(_, words)| words);
    let node = event.node.as_ref().map(|node| format!("{node}, ")).unwrap_or_default();
    format!("{node}{}: {words}", text::stamp(event.at_us))
}

/// A press of the pointer: its place at first and now, and whether it has moved.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Press {
    now: (f64, f64),
    is_drag: bool,
}

/// The diagram. A handle: copies are the same.
#[derive(Clone, Copy)]
struct Shown {
    store: Store,
    time: Timekeeper,
    canvas: NodeRef<html::Canvas>,
    view: RwSignal<View>,
    /// Whether the moment that is shown stays in the picture.
    following: RwSignal<bool>,
    selection: RwSignal<Option<Selection>>,
    cursor: RwSignal<Option<Position>>,
    has_focus: RwSignal<bool>,
    /// The event under the pointer.
    pointed: RwSignal<Option<Position>>,
    press: StoredValue<Option<Press>>,
    lit: StoredValue<Lit>,
    /// The choice, and the number of events, for which it is lit.
    lit_for: StoredValue<(Option<Selection>, Position)>,
    palette: StoredValue<Option<Palette>>,
    is_planned: StoredValue<bool>,
}

impl Shown {
    fn new() -> Self {
        Self {
            store: Store::here(),
            time: Timekeeper::here(),
            canvas: NodeRef::new(),
            view: RwSignal::new(View::rows()),
            following: RwSignal::new(true),
            selection: RwSignal::new(None),
            cursor: RwSignal::new(None),
            has_focus: RwSignal::new(false),
            pointed: RwSignal::new(None),
            press: StoredValue::new(None),
            lit: StoredValue::new(Lit::default()),
            lit_for: StoredValue::new((None, Position(0))),
            palette: StoredValue::new(None),
            is_planned: StoredValue::new(false),
        }
    }

    fn draw_soon(self) {
        if !self.is_planned.get_value() {
            self.is_planned.set_value(true);
            request_animation_frame(move || self.draw());
        }
    }

    /// Calls `look` with the picture that is seen.
    fn with_picture<T>(self, look: impl FnOnce(&Picture<'_>) -> T) -> Option<T> {
        let canvas = self.canvas.get_untracked()?;
        let size = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let view = self.view.get_untracked();
        Some(self.store.playback.timeline.with_value(|timeline| look(&Picture::new(timeline, view, size))))
    }

    fn draw(self) {
        if self.is_planned.try_set_value(false).is_some() {
            // The panel is closed.
            return;
        }
        self.light();
        let Some(canvas) = self.canvas.get_untracked() else { return };
        let Some((context, width, height)) = cleared(&canvas) else { return };
        self.palette.update_value(|palette| {
            if palette.as_ref().is_none_or(|palette| !palette.is_of(&canvas)) {
                *palette = Some(Palette::of(&canvas));
            }
        });
        let before = self.view.get_untracked();
        let after = self.paint(&context, (width, height));
        if after != before {
            // It is drawn so already.
            self.view.update_untracked(|view| *view = after);
        }
    }

    /// Draws the view on a canvas of this size. Returns the view that is drawn: the moment that is followed
    /// may have moved it.
    fn paint(self, context: &CanvasRenderingContext2d, (width, height): (f64, f64)) -> View {
        let Times { now, end, .. } = untrack(|| self.time.times());
        let (here, before) = (self.time.position(), self.view.get_untracked());
        self.store.playback.timeline.with_value(|timeline| {
            let picture = Picture::new(timeline, before, (width, height));
            let (whole, frame) = (before.whole(timeline, end), picture.frame);
            let moment = before.moment(timeline, here, now);
            let view = if self.following.get_untracked() {
                before.with(moment, frame, whole)
            } else {
                before.within(frame, whole)
            };
            let picture = Picture::new(timeline, view, (width, height));
            let over = Over {
                moment_y: view.y(moment),
                selected: self.selection.get_untracked().map(|selection| selection.event),
                cursor: self.cursor.get_untracked().filter(|_| self.has_focus.get_untracked()),
            };
            let scene = self.lit.with_value(|lit| picture.scene(lit));
            self.palette.with_value(|palette| {
                if let Some(palette) = palette {
                    Brush { context, palette }.draw(&picture, &scene, &over);
                }
            });
            view
        })
    }

    /// Lights the causes and effects of the event that is chosen.
    fn light(self) {
        let selection = self.selection.get_untracked();
        let end = self.store.playback.timeline.with_value(|timeline| timeline.end());
        let (of, until) = self.lit_for.get_value();
        // More may follow from it by now. All of a future is not searched again for each event.
        let is_known =
            of == selection && (until == end || selection.is_none_or(|it| it.is_wide && until < end));
        if !is_known {
            self.lit_for.set_value((selection, end));
            let lit = match selection {
                None => Lit::All,
                Some(_) => self.store.playback.with_causes(|_, causality| Lit::of(selection, causality)),
            };
            self.lit.set_value(lit);
        }
    }

    /// Changes the view, as the reader wants it.
    fn change(self, change: impl FnOnce(View, view::Frame, (f64, f64)) -> View) {
        let Times { now, end, .. } = untrack(|| self.time.times());
        let here = self.time.position();
        let changed = self.with_picture(|picture| {
            let view = change(picture.view, picture.frame, picture.view.whole(picture.timeline, end));
            let y = view.y(view.moment(picture.timeline, here, now));
            (view, (HEAD..=picture.frame.height).contains(&y))
        });
        if let Some((view, is_seen)) = changed {
            self.following.set(is_seen);
            self.view.set(view);
        }
    }

    fn zoom(self, factor: f64, y: f64) {
        self.change(|view, frame, whole| view.zoomed(factor, y, frame, whole));
    }

    /// Enlarges the picture round the moment that is shown, or its middle.
    fn zoom_by_button(self, factor: f64) {
        let (now, here) = (untrack(|| self.time.times()).now, self.time.position());
        let y = self.with_picture(|picture| {
            let y = picture.view.y(picture.view.moment(picture.timeline, here, now));
            let height = picture.frame.height;
            if (HEAD..=height).contains(&y) { y } else { height / 2.0 }
        });
        self.zoom(factor, y.unwrap_or(HEAD));
    }

    fn switch(self, scale: Scale) {
        let now = untrack(|| self.time.times()).now;
        // A moment that is followed stays in the picture.
        let until = if self.following.get_untracked() { now } else { 0 };
        let view = self.with_picture(|it| it.view.switched(scale, it.timeline, it.frame, until));
        if let Some(view) = view.filter(|_| self.view.get_untracked().scale != scale) {
            self.view.set(view);
        }
    }

    /// Keeps the choice of the diagram and that of the page the same: the address has it, or gives it.
    fn keep_choice(self) {
        let (store, selection) = (self.store, self.selection);
        let was_chosen = StoredValue::new(false);
        let seq = move |position| {
            store.playback.timeline.with_value(|timeline| Some(timeline.event_before(position)?.seq))
        };
        reactive::effect(move || {
            store.playback.changed.track();
            let chosen = store.chosen_event.get();
            let here = selection.get_untracked().and_then(|selection| seq(selection.event));
            if here != chosen {
                let place = |chosen| {
                    let position =
                        store.playback.timeline.with_value(|timeline| timeline.position_of(chosen));
                    (seq(position) == Some(chosen)).then_some(position)
                };
                let event = chosen.and_then(place);
                if chosen.is_none() || event.is_some() {
                    selection.set(event.map(|event| Selection { event, is_wide: false }));
                }
            }
        });
        reactive::effect(move || {
            let chosen = selection.get().and_then(|selection| seq(selection.event));
            if store.chosen_event.get_untracked() != chosen && (chosen.is_some() || was_chosen.get_value()) {
                store.chosen_event.set(chosen);
            }
            // What the address gives may not be at hand yet.
            was_chosen.set_value(chosen.is_some());
        });
    }

    /// Chooses an event, and shows its moment on the whole page.
    fn choose(self, event: Position) {
        self.selection.update(|selection| *selection = Some(Selection::pressed(*selection, event)));
        self.cursor.set(Some(event));
        self.time.jump(event);
    }

    fn under(self, at: (f64, f64)) -> Option<Position> {
        self.with_picture(|picture| picture.under(at)).flatten()
    }

    fn pressed(self, event: &web_sys::PointerEvent) {
        let now = place(event);
        self.press.set_value(Some(Press { now, is_drag: false }));
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if let Some(canvas) = target {
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
    }

    fn moved(self, event: &web_sys::PointerEvent) {
        let now = place(event);
        let Some(press) = self.press.get_value() else {
            let pointed = self.under(now);
            if self.pointed.get_untracked() != pointed {
                self.pointed.set(pointed);
            }
            return;
        };
        let (x, y) = (press.now.0 - now.0, press.now.1 - now.1);
        if press.is_drag || x.hypot(y) > STILL {
            self.press.set_value(Some(Press { now, is_drag: true }));
            self.change(|view, frame, whole| view.moved(x, y, frame, whole));
        }
    }

    fn released(self, event: &web_sys::PointerEvent) {
        let press = self.press.try_update_value(Option::take).flatten();
        if press.is_some_and(|press| !press.is_drag) {
            match self.under(place(event)) {
                Some(event) => self.choose(event),
                None => {
                    self.selection.set(None);
                    self.cursor.set(None);
                }
            }
        }
    }

    fn wheel(self, event: &web_sys::WheelEvent) {
        event.prevent_default();
        let (x, y) = (event.delta_x(), event.delta_y());
        let (x, y) = if event.shift_key() { (x + y, 0.0) } else { (x, y) };
        let is_time = self.view.get_untracked().scale == Scale::Time;
        if y != 0.0 && (is_time || event.ctrl_key()) {
            self.zoom(0.5_f64.powf(y / 240.0), f64::from(event.offset_y()));
        } else {
            self.change(|view, frame, whole| view.moved(x, y, frame, whole));
        }
    }

    /// Does what a key of the diagram is for. Returns whether it is one.
    fn key(self, key: &str) -> bool {
        let cursor = self.cursor.get_untracked();
        if let Some(step) = Step::named(key) {
            let to = self.with_picture(|picture| {
                let to = picture.step(cursor, step)?;
                Some((to, picture.view.place(picture.timeline, to)))
            });
            if let Some((to, place)) = to.flatten() {
                self.cursor.set(Some(to));
                self.change(|view, frame, whole| view.with(place, frame, whole));
            }
            return true;
        }
        match (key, cursor) {
            ("Enter", Some(event)) => self.choose(event),
            ("w" | "W", Some(event)) => self.store.ask(Subject::Event(event)),
            ("+", _) => self.zoom_by_button(ZOOM),
            ("-", _) => self.zoom_by_button(1.0 / ZOOM),
            ("Escape", _) if self.selection.get_untracked().is_some() => self.selection.set(None),
            _ => return false,
        }
        true
    }

    /// The message of the event that is chosen.
    fn message(self) -> Option<MessageId> {
        let event = self.cursor.get().or(self.selection.get().map(|selection| selection.event))?;
        self.store.playback.timeline.with_value(|timeline| match &timeline.event_before(event)?.kind {
            EventKind::Sent { message, .. }
            | EventKind::Received { message, .. }
            | EventKind::Dropped { message, .. }
            | EventKind::Lost { message, .. } => Some(message.id.clone()),
            _ => None,
        })
    }

    fn show_in_log(self) {
        if let Some(message) = untrack(|| self.message()) {
            self.store.log_choice.set(LogChoice::of_message(&message));
            self.store.panels.open(Panel::Log);
        }
    }

    fn says(self, position: Position) -> Option<String> {
        let simulated = self.store.simulated;
        let timeline = self.store.playback.timeline;
        timeline.with_value(|timeline| Some(sentence(timeline.event_before(position)?, simulated)))
    }

    /// The event of the cursor, or the one that is chosen, in words.
    fn readout(self) -> String {
        let selection = self.selection.get();
        let Some(event) = self.cursor.get().or(selection.map(|selection| selection.event)) else {
            return String::new();
        };
        let words = self.says(event).unwrap_or_default();
        match selection.filter(|selection| selection.event == event) {
            Some(selection) => {
                let lit = self.store.playback.with_causes(|_, causality| Lit::of(Some(selection), causality));
                format!("{words} · {}", lit.describe())
            }
            None => words,
        }
    }
}

fn place(event: &web_sys::MouseEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}

chunk! {
    diagram,
    /// Loads the diagram.
    pub(crate) fn load() -> MakeView { || view! { <Diagram/> }.into_any() }
}

/// The diagram with its controls.
#[component]
fn Diagram() -> impl IntoView {
    let shown = Shown::new();
    let (store, time) = (shown.store, shown.time);
    let dark = Theme::here().dark;
    shown.keep_choice();
    reactive::effect(move || {
        time.times();
        shown.view.track();
        shown.selection.track();
        shown.cursor.track();
        shown.has_focus.track();
        if shown.canvas.get().is_some() {
            shown.draw_soon();
        }
    });
    reactive::effect(move || {
        dark.track();
        shown.draw_soon();
    });
    reactive::effect(move || {
        if let Some(canvas) = shown.canvas.get() {
            on_resize(&[canvas.unchecked_into()], move || shown.draw_soon());
        }
    });
    let scale = move |scale: Scale, id: &'static str, label: &'static str, effect: &'static str| {
        view! {
            <button
                class="bare"
                type="button"
                data-testid=id
                title=effect
                aria-pressed=reactive::text(move || (shown.view.get().scale == scale).to_string())
                on:click=move |_| shown.switch(scale)
            >
                {label}
            </button>
        }
    };
    let seen = Callback::new(move |()| {
        let view = shown.view.get_untracked();
        let stretch = shown.with_picture(|picture| view.seen(picture.timeline, picture.frame));
        (stretch.unwrap_or_default(), view.scale)
    });
    let key = move |event: web_sys::KeyboardEvent| {
        if !event.ctrl_key() && !event.alt_key() && !event.meta_key() && shown.key(&event.key()) {
            event.prevent_default();
        }
    };
    let ask = move |_| {
        if let Some(event) = shown.cursor.get_untracked() {
            store.ask(Subject::Event(event));
        }
    };
    view! {
        <div class="log-tools diagram-tools">
            <span class="switch" role="group" aria-label="Scale">
                {scale(Scale::Rows, "scale-rows", "Rows", "One row for each event: idle time takes no room")}
                {scale(Scale::Time, "scale-time", "True time", "Distances downwards are times")}
            </span>
            <button class="bare" type="button" data-testid="diagram-in" title="Larger (+, or turn the wheel)" aria-label="Enlarge the diagram" on:click=move |_| shown.zoom_by_button(ZOOM)>"+"</button>
            <button class="bare" type="button" data-testid="diagram-out" title="Smaller (-, or turn the wheel)" aria-label="Shrink the diagram" on:click=move |_| shown.zoom_by_button(1.0 / ZOOM)>"−"</button>
            <button
                class="bare"
                type="button"
                data-testid="diagram-why"
                title="The causes of the event that is chosen (w)"
                disabled=reactive::flag(move || shown.cursor.get().is_none())
                on:click=ask
            >
                "Why?"
            </button>
            <button
                class="bare"
                type="button"
                data-testid="diagram-log"
                title="The lines of the log about the message that is chosen"
                disabled=reactive::flag(move || shown.message().is_none())
                on:click=move |_| shown.show_in_log()
            >
                "In the log"
            </button>
            <SaveMenu seen=seen copy=Callback::new(move |()| shown.copy())/>
        </div>
        <div class="diagram">
            <div
                class="diagram-layer"
                role="application"
                aria-roledescription="space-time diagram"
                aria-label="Space-time diagram: arrow keys go from event to event, Enter shows the moment, w asks why"
                data-testid="diagram"
                data-selected=reactive::text(move || shown.selection.get().map(|it| it.event.0.to_string()).unwrap_or_default())
                tabindex="0"
                on:keydown=key
                on:focus=move |_| shown.has_focus.set(true)
                on:blur=move |_| shown.has_focus.set(false)
                on:wheel=move |event| shown.wheel(&event)
                on:pointerdown=move |event| shown.pressed(&event)
                on:pointermove=move |event| shown.moved(&event)
                on:pointerup=move |event| shown.released(&event)
                on:pointercancel=move |_| shown.press.set_value(None)
                on:pointerleave=move |_| shown.pointed.set(None)
                title=reactive::text(move || shown.pointed.get().and_then(|event| shown.says(event)).unwrap_or_default())
            >
                <canvas node_ref=shown.canvas class:pointed=reactive::flag(move || shown.pointed.get().is_some()) aria-hidden="true"></canvas>
            </div>
            <Jump
                words="↓ the moment shown"
                hidden=reactive::flag(move || shown.following.get())
                press=move |()| {
                    shown.following.set(true);
                    shown.draw_soon();
                }
            />
        </div>
        <p class="readout" role="status" aria-live="polite" data-testid="diagram-says">
            {reactive::text(move || shown.readout())}
        </p>
        <Key/>
        <Table seen=seen/>
    }
}

/// The meanings of lanes and lines.
#[component]
fn Key() -> impl IntoView {
    let sample = |look: &'static str, words: &'static str| {
        view! { <li><i class=format!("sample-{look}")></i>{words}</li> }
    };
    view! {
        <ul class="diagram-key" aria-label="Lanes and messages">
            {sample("leader", "leader")}
            {sample("deputy", "deputy")}
            {sample("candidate", "candidate")}
            {sample("follower", "follower")}
            {sample("stopped", "stopped")}
            {sample("election", "election")}
            {sample("search", "search")}
            {sample("elected", "result")}
            {sample("news", "news")}
            {sample("lost", "lost ✕")}
        </ul>
    }
}
