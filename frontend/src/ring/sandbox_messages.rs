//! The messages of the sandbox. Their positions are a function of the virtual time that is shown, so that
//! they stop, slow down and go back with it.

use std::time::Duration;

use ringleader_shared::event::{EventKind, MessageKind};
use ringleader_shared::{MessageId, NodeName, Seq};
use ringleader_simulator::InFlight;
use web_sys::Element;

use super::animation::{MOST_DOTS, motion_is_reduced};
use super::elements::{classed, set};
use super::geometry::{Curve, Layout, scale};
use super::message_shape::{class, draw_dot, draw_token};
use crate::reactive::rounded;
use crate::sandbox::player::Player;

/// The largest number of ripples that are drawn.
const MOST_RIPPLES: usize = 24;

struct Dot {
    id: MessageId,
    arrives: Duration,
    to: NodeName,
    curve: Curve,
    element: Element,
}

/// The messages in transit and the ripples of those that arrived.
#[derive(Default)]
pub(crate) struct SandboxMessages {
    /// The element that they are put in.
    over: Option<Element>,
    layout: Layout,
    dots: Vec<Dot>,
    ripples: Vec<(Seq, Element)>,
}

/// The share of its way that a message has covered, from 0 to 1.
pub(crate) fn progress(flight: &InFlight, now: Duration) -> f64 {
    let whole = flight.arrives.saturating_sub(flight.sent).as_nanos().max(1);
    #[expect(clippy::cast_precision_loss, reason = "a part of a picture")]
    let share = now.saturating_sub(flight.sent).as_nanos() as f64 / whole as f64;
    share.min(1.0)
}

impl SandboxMessages {
    /// Replaces the element to draw in and the layout.
    pub(crate) fn set_place(&mut self, over: Option<Element>, layout: Layout) {
        self.dots.drain(..).for_each(|dot| dot.element.remove());
        self.ripples.drain(..).for_each(|(_, element)| element.remove());
        self.over = over;
        self.layout = layout;
    }

    /// Draws the moment that is shown. A message that has arrived leaves a ripple that lasts for `ripple`.
    pub(crate) fn draw(&mut self, player: &Player, ripple: Duration) {
        let still = motion_is_reduced();
        let now = player.now();
        let size = scale(self.layout.dot_scale());
        let mut old = std::mem::take(&mut self.dots);
        for flight in player.flights().iter().take(MOST_DOTS) {
            let is_it = |dot: &Dot| {
                dot.id == flight.message.id && dot.arrives == flight.arrives && dot.to == flight.to
            };
            let known = old.iter().position(is_it).map(|place| old.swap_remove(place));
            let Some(dot) = known.or_else(|| self.enter(player, flight)) else { continue };
            let point = dot.curve.at(if still { 0.5 } else { progress(flight, now) });
            set(&dot.element, "transform", &format!("translate({point}) {size}"));
            let _ = dot.element.class_list().toggle_with_force("lost", flight.doomed);
            self.dots.push(dot);
        }
        old.into_iter().for_each(|dot| dot.element.remove());
        self.draw_ripples(player, if still { Duration::ZERO } else { ripple });
    }

    fn enter(&self, player: &Player, flight: &InFlight) -> Option<Dot> {
        let relays = player.view().relays(&flight.from, &flight.to);
        let curve = self.layout.route(&flight.from, relays, &flight.to)?;
        let kind = flight.message.message;
        let element = classed(self.over.as_ref()?, "g", &format!("dot {}", class(kind)))?;
        if self.layout.has_room_for_words() && kind != MessageKind::StateUpdate {
            draw_dot(&element, &flight.message);
        } else {
            draw_token(&element, &flight.message);
        }
        let (id, to) = (flight.message.id.clone(), flight.to.clone());
        Some(Dot { id, arrives: flight.arrives, to, curve, element })
    }

    fn draw_ripples(&mut self, player: &Player, lasts: Duration) {
        let mut old = std::mem::take(&mut self.ripples);
        if lasts > Duration::ZERO {
            let now = player.now();
            let recent =
                player.events_since(now.saturating_sub(lasts)).filter_map(|event| match &event.kind {
                    EventKind::Received { message, .. } if message.message != MessageKind::StateUpdate => {
                        Some((event, message.message))
                    }
                    _ => None,
                });
            for (event, kind) in recent.take(MOST_RIPPLES) {
                let known = old.iter().position(|(seq, _)| *seq == event.seq);
                let known = known.map(|place| old.swap_remove(place).1);
                let at = event.node.as_ref().and_then(|node| self.layout.position(node));
                let Some(element) = known.or_else(|| {
                    let element = classed(self.over.as_ref()?, "circle", &format!("ripple {}", class(kind)))?;
                    let at = at?;
                    set(&element, "cx", &rounded(at.x).to_string());
                    set(&element, "cy", &rounded(at.y).to_string());
                    Some(element)
                }) else {
                    continue;
                };
                let age = now.saturating_sub(Duration::from_micros(event.at_us));
                #[expect(clippy::cast_precision_loss, reason = "a part of a picture")]
                let age = (age.as_nanos() as f64 / lasts.as_nanos() as f64).min(1.0);
                let radius = self.layout.node_radius;
                set(&element, "r", &rounded(radius + 4.0 + 0.22 * radius * age).to_string());
                set(&element, "style", &format!("opacity: {}%", rounded(90.0 * (1.0 - age))));
                self.ripples.push((event.seq, element));
            }
        }
        old.into_iter().for_each(|(_, element)| element.remove());
    }
}
