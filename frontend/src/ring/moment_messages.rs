//! The messages of a moment, of the sandbox or of the past of a live ring. Their positions are a function of
//! the time that is shown, so that they stop, slow down and go back with it.

use std::time::Duration;

use leptos::prelude::WithValue;
use ringleader_shared::event::{EventKind, MessageKind};
use ringleader_shared::{Event, MessageId, NodeName, RingView, Seq};
use ringleader_simulator::InFlight;
use web_sys::Element;

use super::animation::{MOST_DOTS, motion_is_reduced};
use super::elements::{classed, set};
use super::geometry::{Curve, Layout, scale};
use super::message_shape::{class, draw_dot, draw_token};
use crate::reactive::rounded;
use crate::sandbox::run::Run;
use crate::state::{Shown, Store, microseconds};

/// The largest number of ripples that are drawn.
const MOST_RIPPLES: usize = 24;

struct Dot {
    id: MessageId,
    arrives: Duration,
    to: NodeName,
    curve: Curve,
    element: Element,
}

/// A message that has arrived.
struct Arrival {
    seq: Seq,
    at: Duration,
    kind: MessageKind,
    node: NodeName,
}

impl Arrival {
    fn of(event: &Event) -> Option<Self> {
        let EventKind::Received { message, .. } = &event.kind else { return None };
        let kind = message.message;
        let node = event.node.clone().filter(|_| kind != MessageKind::StateUpdate)?;
        Some(Self { seq: event.seq, at: Duration::from_micros(event.at_us), kind, node })
    }
}

/// The messages of a moment.
pub(crate) struct Scene {
    now: Duration,
    in_transit: Vec<InFlight>,
    /// The last ones that arrived, newest first.
    arrivals: Vec<Arrival>,
}

impl Scene {
    /// The messages in transit.
    pub(super) fn messages(&self) -> &[InFlight] {
        &self.in_transit
    }

    /// The time that is shown.
    pub(super) const fn now(&self) -> Duration {
        self.now
    }

    /// The scene that a run of the sandbox shows. Arrivals are shown for so long.
    pub(crate) fn of_run(player: &dyn Run, ripple: Duration) -> Self {
        let now = player.now();
        let events = player.events_since(now.saturating_sub(ripple));
        Self {
            now,
            in_transit: player.flights().iter().take(MOST_DOTS).cloned().collect(),
            arrivals: events.filter_map(Arrival::of).take(MOST_RIPPLES).collect(),
        }
    }

    /// The scene at a moment of the past of a live ring.
    pub(crate) fn of_past(store: Store, shown: Shown, ripple: Duration) -> Self {
        let now = Duration::from_nanos(shown.at_ns);
        store.playback.timeline.with_value(|timeline| {
            let time = |position| Duration::from_micros(timeline.time_at(position));
            let in_transit = timeline.flights_at(shown.at_ns / 1000).filter_map(|(flight, sent)| {
                let EventKind::Sent { message, to, hold_us } = &sent.kind else { return None };
                let hold_us = *hold_us;
                let departed = time(flight.sent);
                Some(InFlight {
                    from: sent.node.clone()?,
                    to: to.clone(),
                    message: message.clone(),
                    sent: departed,
                    arrives: flight.ended.map_or(departed + Duration::from_micros(hold_us), time),
                    doomed: flight.lost,
                })
            });
            let visible = in_transit.filter(|it| it.message.message != MessageKind::StateUpdate);
            let in_transit = visible.take(MOST_DOTS).collect();
            let since = timeline.position_at(microseconds(now.saturating_sub(ripple)));
            let arrived = timeline.events(since, shown.position).filter_map(|event| Arrival::of(event));
            let mut arrivals: Vec<Arrival> = arrived.collect();
            arrivals.reverse();
            arrivals.truncate(MOST_RIPPLES);
            Self { now, in_transit, arrivals }
        })
    }
}

/// The messages in transit and the ripples of those that arrived.
#[derive(Default)]
pub(crate) struct MomentMessages {
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

impl MomentMessages {
    /// Replaces the element to draw in and the layout.
    pub(crate) fn set_place(&mut self, over: Option<Element>, layout: Layout) {
        self.clear();
        self.over = over;
        self.layout = layout;
    }

    /// Draws a scene of this ring. A message that has arrived leaves a ripple that lasts for `ripple`.
    pub(crate) fn draw(&mut self, scene: &Scene, view: &RingView, ripple: Duration) {
        let still = motion_is_reduced();
        let size = scale(self.layout.dot_scale());
        let mut old = std::mem::take(&mut self.dots);
        for flight in &scene.in_transit {
            let is_it = |dot: &Dot| {
                dot.id == flight.message.id && dot.arrives == flight.arrives && dot.to == flight.to
            };
            let known = old.iter().position(is_it).map(|place| old.swap_remove(place));
            let Some(dot) = known.or_else(|| self.enter(view, flight)) else { continue };
            let point = dot.curve.at(if still { 0.5 } else { progress(flight, scene.now) });
            set(&dot.element, "transform", &format!("translate({point}) {size}"));
            let _ = dot.element.class_list().toggle_with_force("lost", flight.doomed);
            self.dots.push(dot);
        }
        old.into_iter().for_each(|dot| dot.element.remove());
        self.draw_ripples(scene, if still { Duration::ZERO } else { ripple });
    }

    /// Removes everything.
    pub(crate) fn clear(&mut self) {
        self.dots.drain(..).for_each(|dot| dot.element.remove());
        self.ripples.drain(..).for_each(|(_, element)| element.remove());
    }

    fn enter(&self, view: &RingView, flight: &InFlight) -> Option<Dot> {
        let relays = view.relays(&flight.from, &flight.to);
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

    fn draw_ripples(&mut self, scene: &Scene, lasts: Duration) {
        let mut old = std::mem::take(&mut self.ripples);
        let arrivals = scene.arrivals.iter().filter(|_| lasts > Duration::ZERO);
        for Arrival { seq, at, kind, node } in arrivals {
            let known = old.iter().position(|(other, _)| other == seq);
            let known = known.map(|place| old.swap_remove(place).1);
            let place = self.layout.position(node);
            let Some(element) = known.or_else(|| {
                let element = classed(self.over.as_ref()?, "circle", &format!("ripple {}", class(*kind)))?;
                let place = place?;
                set(&element, "cx", &rounded(place.x).to_string());
                set(&element, "cy", &rounded(place.y).to_string());
                Some(element)
            }) else {
                continue;
            };
            let age = scene.now.saturating_sub(*at);
            #[expect(clippy::cast_precision_loss, reason = "a part of a picture")]
            let age = (age.as_nanos() as f64 / lasts.as_nanos() as f64).min(1.0);
            let radius = self.layout.node_radius;
            set(&element, "r", &rounded(radius + 4.0 + 0.22 * radius * age).to_string());
            set(&element, "style", &format!("opacity: {}%", rounded(90.0 * (1.0 - age))));
            self.ripples.push((*seq, element));
        }
        old.into_iter().for_each(|(_, element)| element.remove());
    }
}
