//! A moment of a ring, drawn on a canvas of its own, for files: the same places and colours as on the page.

use ringleader_shared::RingView;
use ringleader_shared::event::MessageInfo;
use web_sys::HtmlCanvasElement;

use super::canvas::{bar_colour, draw_dots, draw_ring};
use super::geometry::{Layout, Point};
use super::links::{LinkState, heartbeat, links};
use super::message_shape::token;
use super::moment_messages::{Scene, progress};
use super::surface::{Colour, Surface};
use super::{Centre, centre};
use crate::components::badge::{Badge, label};

/// The room for a line below the drawing, in its units.
const BELOW: f64 = 70.0;

/// The size of the line.
const LINE: f64 = 30.0;

/// A canvas that is not seen, for one moment after the other.
pub(crate) struct Still {
    canvas: HtmlCanvasElement,
    surface: Surface,
}

impl Still {
    /// A canvas of this width in pixels, in the colours of the page.
    pub(crate) fn new(width: u32) -> Option<Self> {
        let (canvas, surface) = Surface::off_screen(width, BELOW)?;
        Some(Self { canvas, surface })
    }

    /// Its width and height in pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.canvas.width(), self.canvas.height())
    }

    /// The colours as red, green and blue: those of grounds, and those on them.
    pub(crate) fn colours(&self) -> (Vec<[u8; 3]>, Vec<[u8; 3]>) {
        let is_ground = |colour: &Colour| matches!(colour, Colour::Ground | Colour::Wash);
        let of = |all: &[Colour]| all.iter().filter_map(|colour| self.surface.rgb(*colour)).collect();
        let (grounds, inks): (Vec<Colour>, Vec<Colour>) = Colour::ALL.into_iter().partition(is_ground);
        (of(&grounds), of(&inks))
    }

    /// The pixels, as red, green, blue and opacity.
    pub(crate) fn pixels(&self) -> Option<Vec<u8>> {
        let (width, height) = self.size();
        self.surface.pixels(width, height)
    }

    /// Draws a moment, with a line below it.
    pub(crate) fn draw(&self, view: &RingView, scene: &Scene, line: &str) {
        let (surface, layout) = (&self.surface, Layout::of(view).legible_from(22.0));
        if layout.is_large() {
            draw_ring(surface, view, &layout);
            draw_dots(surface, view, scene.messages(), scene.now(), &layout);
            surface.under();
        } else {
            surface.clear();
            surface.under();
            self.links(view, &layout);
            self.nodes(view, &layout);
            for flight in scene.messages() {
                let relays = view.relays(&flight.from, &flight.to);
                if let Some(curve) = layout.route(&flight.from, relays, &flight.to) {
                    let at = curve.at(progress(flight, scene.now()));
                    self.message(&flight.message, at, flight.doomed, &layout);
                }
            }
        }
        self.centre(view);
        surface.words(line, Point { x: 500.0, y: 1000.0 + BELOW / 2.0 }, LINE, Colour::Ink);
    }

    fn links(&self, view: &RingView, layout: &Layout) {
        let surface = &self.surface;
        surface.bands(&layout.bands(&view.sides()));
        surface.ring(layout.ring_radius);
        if let Some(heart) = heartbeat(view).and_then(|(deputy, leader)| layout.straight(deputy, leader)) {
            surface.curves(&[heart], Colour::Deputy, 2.0);
        }
        let head = (layout.node_radius * 0.3).clamp(9.0, 24.0);
        for link in links(view, layout) {
            let (colour, width) = match link.state {
                LinkState::Live => (Colour::Soft, 5.0),
                LinkState::Repaired => (Colour::Election, 7.0),
                LinkState::Relayed | LinkState::RelayedHeartbeat => (Colour::Relay, 5.0),
                LinkState::Cut => (Colour::Trouble, 5.0),
                LinkState::Broken => (Colour::Trouble, 2.0),
            };
            surface.curves(std::slice::from_ref(&link.curve), colour, width);
            if link.state != LinkState::Broken {
                surface.polygon(&link.curve.arrow_head(head), colour);
            }
        }
    }

    fn nodes(&self, view: &RingView, layout: &Layout) {
        let (surface, radius) = (&self.surface, layout.node_radius);
        for node in &view.nodes {
            let Some(at) = layout.position(&node.name) else { continue };
            let badge = Badge::of(node);
            let colour = bar_colour(badge);
            surface.disc(at, radius, Colour::Wash);
            surface.circle(at, radius, colour, if badge == Badge::Leader { 10.0 } else { 5.0 });
            let ink = if badge == Badge::Stopped { Colour::Trouble } else { Colour::Ink };
            let name = node.name.as_str();
            if layout.has_names_outside() {
                let at = layout.outside(&node.name).unwrap_or(at);
                surface.words(name, Point { y: at.y + 7.0, ..at }, layout.outside_text(), ink);
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "a short name")]
            let size = (radius * 1.6 / (0.62 * name.len().max(1) as f64)).min(radius * 0.8);
            surface.letters(name, Point { y: at.y + radius * 0.06, ..at }, size, ink);
            let attribute = node.attribute.to_string();
            surface.letters(&attribute, Point { y: at.y + radius * 0.5, ..at }, radius * 0.36, Colour::Soft);
            if badge != Badge::Follower && radius > 50.0 {
                let at = Point { y: at.y + radius + 34.0, ..at };
                surface.words(
                    &label(node),
                    at,
                    26.0,
                    if badge == Badge::Starting { Colour::Soft } else { colour },
                );
            }
        }
    }

    fn message(&self, message: &MessageInfo, at: Point, is_doomed: bool, layout: &Layout) {
        let colour = if is_doomed { Colour::Trouble } else { Colour::of(message.message) };
        let scale = layout.dot_scale() * 1.25;
        self.surface.tokens(token(message.message), &[(at, 1.0)], colour, scale);
        if let Some(candidate) = message.candidate.as_ref().filter(|_| layout.has_room_for_words()) {
            let words = format!("{} {}", candidate.name, candidate.attribute);
            self.surface.words(&words, Point { y: at.y - 34.0 * scale, ..at }, 26.0, colour);
        }
    }

    fn centre(&self, view: &RingView) {
        let Some(Centre { class, term, first, second }) = centre(view) else { return };
        let colour = match class {
            "led" => Colour::Leader,
            "electing" => Colour::Election,
            "split" => Colour::Trouble,
            _ => Colour::Soft,
        };
        let at = |y: f64| Point { x: 500.0, y };
        if term > 0 {
            self.surface.words(&format!("TERM {term}"), at(450.0), 28.0, Colour::Soft);
        }
        self.surface.words(&first, at(518.0), 58.0, colour);
        self.surface.words(
            &second,
            at(566.0),
            32.0,
            if class == "led" { Colour::Deputy } else { Colour::Soft },
        );
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.canvas.remove();
    }
}
