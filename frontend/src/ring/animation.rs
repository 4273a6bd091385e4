//! The animation of a live ring: dots and flashes, moved frame by frame through their own attributes, beside
//! the reactive drawing.

use leptos::prelude::*;
use ringleader_shared::event::{MessageInfo, MessageKind};
use ringleader_shared::{Event, MessageId, NodeName};
use web_sys::Element;

use super::animation_event::{AnimationEvent, STALE_MS};
use super::elements::{add, classed, set, write};
use super::flight::{End, Flight, Phase};
use super::geometry::{Curve, Layout, scale};
use super::message_shape::{class, draw_dot, draw_token};
use crate::reactive::rounded;
use crate::state::now_ms;
use crate::text;

/// The largest number of dots that are drawn: more would be neither legible nor quick to draw.
pub(crate) const MOST_DOTS: usize = 200;

/// The duration of a flash, in milliseconds.
const FLASH_MS: f64 = 650.0;

/// The duration of a heartbeat's pulse, in milliseconds.
const PULSE_MS: f64 = 900.0;

/// The duration of a static highlight when motion is reduced, in milliseconds.
const STILL_MS: f64 = 1_200.0;

struct Dot {
    id: MessageId,
    kind: MessageKind,
    from: NodeName,
    to: NodeName,
    curve: Curve,
    flight: Flight,
    travel_us: Option<u64>,
    element: Element,
}

/// The elements to draw in.
#[derive(Clone)]
pub(crate) struct Layers {
    /// Below the nodes: flashes and pulses on links.
    pub(crate) under: Element,
    /// Above everything: the dots.
    pub(crate) over: Element,
}

struct Flash {
    until: f64,
    element: Element,
    /// Its content. Another flash of the same content restarts this one.
    shows: Shown,
}

/// The content of a flash. There is at most one element for each: several on top of each other could not be
/// distinguished, and a busy ring would cost the browser frames.
#[derive(PartialEq)]
enum Shown {
    /// A message of this look crossed a link.
    Crossed(NodeName, NodeName, &'static str),
    /// A message of this look arrived at a node.
    Landed(NodeName, &'static str),
    /// A heartbeat between these two nodes.
    Pulse(NodeName, NodeName),
}

/// The elements that move.
pub(crate) struct Animation {
    layers: Option<Layers>,
    layout: Layout,
    dots: Vec<Dot>,
    flashes: Vec<Flash>,
    running: bool,
    /// Set while there are messages in transit that are not drawn.
    crowded: RwSignal<bool>,
}

impl Animation {
    /// An animation in which nothing moves.
    pub(crate) fn new(crowded: RwSignal<bool>) -> Self {
        Self {
            layers: None,
            layout: Layout::default(),
            dots: Vec::new(),
            flashes: Vec::new(),
            running: false,
            crowded,
        }
    }

    /// Replaces the elements to draw in.
    pub(crate) fn set_layers(&mut self, layers: Option<Layers>) {
        self.clear();
        self.layers = layers;
    }

    /// Replaces the layout after a change of members or sizes.
    pub(crate) fn set_layout(&mut self, layout: Layout) {
        self.layout = layout;
        let layout = &self.layout;
        self.dots.retain_mut(|dot| match layout.curve(&dot.from, &dot.to) {
            Some(curve) => {
                dot.curve = curve;
                true
            }
            None => {
                dot.element.remove();
                false
            }
        });
    }

    /// Removes everything that moves.
    pub(crate) fn clear(&mut self) {
        for dot in self.dots.drain(..) {
            dot.element.remove();
        }
        for flash in self.flashes.drain(..) {
            flash.element.remove();
        }
    }

    /// Animates an event that `happened` at that time of the page's clock. Returns whether frames must be
    /// requested.
    pub(crate) fn animate(&mut self, event: &Event, happened: f64) -> bool {
        let now = now_ms();
        let late = now - happened > STALE_MS || document().hidden();
        match AnimationEvent::of(event) {
            None => {}
            Some(AnimationEvent::Depart { message, from, to, expected_ms }) if !late => {
                self.depart(message, from, to, Flight::new(happened, expected_ms));
            }
            Some(AnimationEvent::Depart { .. }) => {}
            Some(AnimationEvent::Arrive { message, from, to, travel_us }) => {
                let known = self.dots.iter_mut().find(|dot| dot.id == message.id && dot.flight.is_flying());
                match known {
                    Some(dot) => {
                        dot.travel_us = Some(travel_us);
                        dot.flight.end(End::Received, now);
                    }
                    None if !late => self.flash(message.message, from, to, travel_us),
                    None => {}
                }
            }
            Some(AnimationEvent::Lose(message)) => self.lose(now, |dot| dot.id == message.id),
            Some(AnimationEvent::LinkGone(from, to)) => {
                self.lose(now, |dot| &dot.from == from && &dot.to == to)
            }
            Some(AnimationEvent::NodeGone(node)) => {
                self.lose(now, |dot| &dot.from == node || &dot.to == node)
            }
            Some(AnimationEvent::Pulse(from, to)) if !late => self.pulse(from, to),
            Some(AnimationEvent::Pulse(..)) => {}
            Some(AnimationEvent::Clear) => self.clear(),
        }
        let wanted = !(self.dots.is_empty() && self.flashes.is_empty());
        let start = wanted && !self.running;
        self.running |= wanted;
        start
    }

    /// Draws the present frame. Returns false when nothing moves any more.
    pub(crate) fn frame(&mut self) -> bool {
        let now = now_ms();
        let still = motion_is_reduced();
        let mut landed = Vec::new();
        let scale = scale(self.layout.dot_scale());
        self.dots.retain(|dot| {
            let (at, visible) = match dot.flight.phase(now) {
                Phase::Flying(_) if still => (0.5, 1.0),
                Phase::Flying(at) => (at, 1.0),
                Phase::Fading { at, visible } => {
                    let _ = dot.element.class_list().add_1("lost");
                    (if still { 0.5 } else { at }, visible)
                }
                Phase::Over(end) => {
                    dot.element.remove();
                    if end == End::Received {
                        landed.push((dot.kind, dot.from.clone(), dot.to.clone(), dot.travel_us));
                    }
                    return false;
                }
            };
            let point = dot.curve.at(at);
            set(&dot.element, "transform", &format!("translate({point}) {scale}"));
            if visible < 1.0 {
                set(&dot.element, "style", &format!("opacity: {}%", rounded(visible * 100.0)));
            }
            true
        });
        for (kind, from, to, travel_us) in landed {
            self.land(kind, &from, &to, travel_us);
        }
        self.flashes.retain(|flash| {
            let stays = now < flash.until;
            if !stays {
                flash.element.remove();
            }
            stays
        });
        if self.dots.len() < MOST_DOTS && self.crowded.get_untracked() {
            self.crowded.set(false);
        }
        self.running = !(self.dots.is_empty() && self.flashes.is_empty());
        self.running
    }

    fn lose(&mut self, now: f64, is_lost: impl Fn(&Dot) -> bool) {
        for dot in self.dots.iter_mut().filter(|dot| is_lost(dot)) {
            dot.flight.end(End::Lost, now);
        }
    }

    fn depart(&mut self, message: &MessageInfo, from: &NodeName, to: &NodeName, flight: Flight) {
        if self.dots.len() >= MOST_DOTS {
            self.crowded.set(true);
            return;
        }
        let Some(curve) = self.layout.curve(from, to) else { return };
        let Some(element) = self.append("g", &format!("dot {}", class(message.message))) else { return };
        if self.layout.has_room_for_words() {
            draw_dot(&element, message);
        } else {
            draw_token(&element, message);
        }
        let start = curve.at(0.0);
        set(&element, "transform", &format!("translate({start})"));
        self.dots.push(Dot {
            id: message.id.clone(),
            kind: message.message,
            from: from.clone(),
            to: to.clone(),
            curve,
            flight,
            travel_us: None,
            element,
        });
    }

    /// Shows that a message that moved as a dot has arrived: a ripple round the receiver, with its travel
    /// time.
    fn land(&mut self, kind: MessageKind, from: &NodeName, to: &NodeName, travel_us: Option<u64>) {
        let (Some(at), radius) = (self.layout.position(to), self.layout.node_radius) else { return };
        let took = travel_us.map(|travel_us| format!("{from} to {to} in {}", text::duration(travel_us)));
        let shows = Shown::Landed(to.clone(), class(kind));
        if let Some(element) = self.again(&shows, FLASH_MS) {
            write(&element, "title", took.as_deref().unwrap_or_default());
            return;
        }
        let Some(element) = self.append("g", &format!("landed {}", class(kind))) else { return };
        set(&element, "transform", &format!("translate({at})"));
        if let Some(circle) = add(&element, "circle") {
            set(&circle, "r", &rounded(radius + 4.0).to_string());
        }
        if let Some(title) = add(&element, "title") {
            title.set_text_content(took.as_deref());
        }
        self.keep(element, FLASH_MS, shows);
    }

    /// Shows a message that was too quick to move visibly: its link lights up, with the travel time beside
    /// it.
    fn flash(&mut self, kind: MessageKind, from: &NodeName, to: &NodeName, travel_us: u64) {
        let took = text::duration(travel_us);
        let said = format!("{} {from} to {to} in {took}", kind.as_str());
        let shows = Shown::Crossed(from.clone(), to.clone(), class(kind));
        if kind != MessageKind::StateUpdate {
            // Two times in one place would be illegible.
            let is_here = |shown: &Shown| matches!(shown, Shown::Crossed(a, b, _) if a == from && b == to);
            for flash in self.flashes.iter().filter(|flash| is_here(&flash.shows) && flash.shows != shows) {
                write(&flash.element, "text", "");
            }
        }
        if let Some(element) = self.again(&shows, FLASH_MS) {
            write(&element, "title", &said);
            write(&element, "text", &took);
            return;
        }
        let Some(curve) = self.layout.curve(from, to) else { return };
        let Some(element) = self.append_under("g", &format!("flash {}", class(kind))) else { return };
        if let Some(title) = add(&element, "title") {
            title.set_text_content(Some(&said));
        }
        if let Some(path) = add(&element, "path") {
            set(&path, "d", &curve.path());
        }
        if kind != MessageKind::StateUpdate
            && self.layout.has_room_for_words()
            && let Some(text) = add(&element, "text")
        {
            let middle = curve.at(0.5);
            set(&text, "x", &rounded(middle.x).to_string());
            set(&text, "y", &rounded(middle.y).to_string());
            text.set_text_content(Some(&took));
        }
        self.keep(element, FLASH_MS, shows);
    }

    fn pulse(&mut self, from: &NodeName, to: &NodeName) {
        let shows = Shown::Pulse(from.clone(), to.clone());
        if self.again(&shows, PULSE_MS).is_some() {
            return;
        }
        let Some((start, end)) = self.layout.straight(from, to) else { return };
        let Some(element) = self.append_under("line", "pulse") else { return };
        for (name, value) in [("x1", start.x), ("y1", start.y), ("x2", end.x), ("y2", end.y)] {
            set(&element, name, &rounded(value).to_string());
        }
        self.keep(element, PULSE_MS, shows);
    }

    fn keep(&mut self, element: Element, time: f64, shows: Shown) {
        self.flashes.push(Flash { until: until(time), element, shows });
    }

    /// Restarts the flash with this content and returns its element; `None` when there is none.
    fn again(&mut self, shows: &Shown, time: f64) -> Option<Element> {
        let flash = self.flashes.iter_mut().find(|flash| flash.shows == *shows)?;
        flash.until = until(time);
        // The same animation under another name: only another name restarts it.
        let _ = flash.element.class_list().toggle("again");
        Some(flash.element.clone())
    }

    fn append(&self, tag: &str, class: &str) -> Option<Element> {
        self.layers.as_ref().and_then(|layers| classed(&layers.over, tag, class))
    }

    fn append_under(&self, tag: &str, class: &str) -> Option<Element> {
        self.layers.as_ref().and_then(|layers| classed(&layers.under, tag, class))
    }
}

/// The end of a flash of this duration that begins now, in milliseconds of the page's clock.
fn until(time: f64) -> f64 {
    now_ms() + if motion_is_reduced() { STILL_MS } else { time }
}

/// Whether the reader asked for less motion.
pub(crate) fn motion_is_reduced() -> bool {
    window()
        .match_media("(prefers-reduced-motion: reduce)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}
