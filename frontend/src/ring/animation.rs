//! The animation of a live ring: dots and flashes, moved frame by frame beside the reactive drawing.

use leptos::prelude::*;
use ringleader_shared::event::{MessageInfo, MessageKind};
use ringleader_shared::{Event, MessageId, NodeName};
use web_sys::Element;

use super::animation_event::{AnimationEvent, STALE_MS};
use super::elements::{classed, set};
use super::flash::{Flashes, Mark};
use super::flight::{End, Flight, Phase};
use super::geometry::{Curve, Layout, Point, scale};
use super::message_shape::{class, draw_dot, token};
use super::surface::{Colour, Surface};
use crate::reactive::rounded;
use crate::state::{Store, now_ms};
use crate::text;

/// The largest number of dots that are drawn: more would be neither legible nor quick to draw.
pub(crate) const MOST_DOTS: usize = 200;

struct Dot {
    id: MessageId,
    kind: MessageKind,
    from: NodeName,
    to: NodeName,
    curve: Curve,
    flight: Flight,
    /// Its pill; `None` where there is room for its token only, which is drawn on the surface.
    pill: Option<Element>,
}

impl Dot {
    fn remove(&self) {
        self.pill.iter().for_each(Element::remove);
    }
}

/// The messages that move, and the marks that they leave.
///
/// Pills are elements, which can be read; tokens and marks, of which there may be hundreds, are drawn on a
/// surface.
pub(crate) struct Animation {
    store: Store,
    /// The element that the pills are put in.
    pills: Option<Element>,
    layout: Layout,
    dots: Vec<Dot>,
    flashes: Flashes,
    /// Whether anything moves.
    moves: RwSignal<bool>,
    /// Set while there are messages in transit that are not drawn.
    crowded: RwSignal<bool>,
}

impl Animation {
    /// An animation in which nothing moves.
    pub(crate) fn new(store: Store, moves: RwSignal<bool>, crowded: RwSignal<bool>) -> Self {
        let (dots, flashes) = (Vec::new(), Flashes::default());
        Self { store, pills: None, layout: Layout::default(), dots, flashes, moves, crowded }
    }

    /// Replaces the element that the pills are put in.
    pub(crate) fn set_pills(&mut self, pills: Option<Element>) {
        self.clear();
        self.pills = pills;
    }

    /// Replaces the layout after a change of members or sizes.
    pub(crate) fn set_layout(&mut self, layout: Layout) {
        self.layout = layout;
        self.flashes.clear();
        let (store, layout) = (self.store, &self.layout);
        self.dots.retain_mut(|dot| match route(store, layout, &dot.from, &dot.to) {
            Some(curve) => {
                dot.curve = curve;
                true
            }
            None => {
                dot.remove();
                false
            }
        });
    }

    /// Removes everything that moves.
    pub(crate) fn clear(&mut self) {
        self.dots.drain(..).for_each(|dot| dot.remove());
        self.flashes.clear();
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
                    Some(dot) => dot.flight.end(End::Received, now),
                    None if !late => self.cross(message.message, from, to, travel_us),
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
        let begins = !self.is_still() && !self.moves.get_untracked();
        if begins {
            self.moves.set(true);
        }
        begins
    }

    fn is_still(&self) -> bool {
        self.dots.is_empty() && self.flashes.is_empty()
    }

    /// Draws the present frame. Returns false when nothing moves any more.
    pub(crate) fn frame(&mut self, surface: Option<&Surface>) -> bool {
        let now = now_ms();
        let still = motion_is_reduced();
        let mut landed = Vec::new();
        let mut tokens: Vec<(MessageKind, Vec<(Point, f64)>)> = Vec::new();
        let size = self.layout.dot_scale();
        let scale = scale(size);
        self.dots.retain(|dot| {
            let (at, visible) = match dot.flight.phase(now) {
                Phase::Flying(at) => (at, 1.0),
                Phase::Fading { at, visible } => (at, visible),
                Phase::Over(end) => {
                    dot.remove();
                    if end == End::Received {
                        landed.push((dot.kind, dot.to.clone()));
                    }
                    return false;
                }
            };
            let point = dot.curve.at(if still { 0.5 } else { at });
            if let Some(pill) = &dot.pill {
                set(pill, "transform", &format!("translate({point}) {scale}"));
                if visible < 1.0 {
                    let _ = pill.class_list().add_1("lost");
                    set(pill, "style", &format!("opacity: {}%", rounded(visible * 100.0)));
                }
            } else {
                match tokens.iter_mut().find(|(kind, _)| *kind == dot.kind) {
                    Some((_, places)) => places.push((point, visible)),
                    None => tokens.push((dot.kind, vec![(point, visible)])),
                }
            }
            true
        });
        for (kind, at) in landed {
            self.land(kind, &at, now);
        }
        self.flashes.expire(now, still);
        if let Some(surface) = surface {
            surface.clear();
            self.flashes.draw(surface, now, still, self.layout.smallest_text.max(24.0));
            for (kind, places) in &tokens {
                surface.tokens(token(*kind), places, Colour::of(*kind), size);
            }
        }
        if self.dots.len() < MOST_DOTS && self.crowded.get_untracked() {
            self.crowded.set(false);
        }
        let moves = !self.is_still();
        if !moves {
            self.moves.set(false);
        }
        moves
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
        let Some(curve) = route(self.store, &self.layout, from, to) else { return };
        let pill = if self.layout.has_room_for_words() {
            let Some(pill) = self
                .pills
                .as_ref()
                .and_then(|pills| classed(pills, "g", &format!("dot {}", class(message.message))))
            else {
                return;
            };
            draw_dot(&pill, message);
            set(&pill, "transform", &format!("translate({})", curve.at(0.0)));
            Some(pill)
        } else {
            None
        };
        let (id, kind) = (message.id.clone(), message.message);
        self.dots.push(Dot { id, kind, from: from.clone(), to: to.clone(), curve, flight, pill });
    }

    /// Shows that a message that moved as a dot has arrived: a ripple round the receiver.
    fn land(&mut self, kind: MessageKind, to: &NodeName, now: f64) {
        let Some(at) = self.layout.position(to) else { return };
        let mark = Mark::Landed { at, radius: self.layout.node_radius, colour: Colour::of(kind) };
        self.flashes.show(mark, String::new(), now);
    }

    /// Shows a message that was too quick to move visibly: its link lights up, with the travel time beside
    /// it where there is room.
    fn cross(&mut self, kind: MessageKind, from: &NodeName, to: &NodeName, travel_us: u64) {
        let Some(curve) = route(self.store, &self.layout, from, to) else { return };
        let has_words = kind != MessageKind::StateUpdate && self.layout.has_room_for_words();
        let words = if has_words { text::duration(travel_us) } else { String::new() };
        let mark = Mark::Crossed { link: (from.clone(), to.clone()), curve, colour: Colour::of(kind) };
        self.flashes.show(mark, words, now_ms());
    }

    fn pulse(&mut self, from: &NodeName, to: &NodeName) {
        let is_direct = self.store.view.with_untracked(|view| view.relays(from, to).is_empty());
        let curve = if is_direct {
            self.layout.straight(from, to)
        } else {
            route(self.store, &self.layout, from, to)
        };
        if let Some(curve) = curve {
            self.flashes.show(Mark::Pulse(curve), String::new(), now_ms());
        }
    }
}

/// The way of a message between two members, through relays where their link has some.
fn route(store: Store, layout: &Layout, from: &NodeName, to: &NodeName) -> Option<Curve> {
    store.view.with_untracked(|view| layout.route(from, view.relays(from, to), to))
}

/// Whether the reader asked for less motion.
pub(crate) fn motion_is_reduced() -> bool {
    window()
        .match_media("(prefers-reduced-motion: reduce)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}
