//! The drawing of a large ring, on a canvas. Each node is a bar whose height shows its attribute; each
//! message is a dot, further inside for a higher candidate.

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::{NodeName, NodeState, RingView};

use super::Centre;
use super::animation::motion_is_reduced;
use super::geometry::{Curve, Layout, Point};
use super::links::heartbeat;
use super::moment_messages::progress;
use super::node::description;
use super::surface::{self, Colour, Surface, surface_of};
use crate::backend::sandbox::Sandbox;
use crate::components::badge::Badge;
use crate::reactive::{self, rounded};
use crate::sandbox::run::Run;
use crate::state::Store;

/// The positions of the dots of the lowest and of the highest candidate, as a share of the way to the centre.
const TRACKS: (f64, f64) = (0.03, 0.4);

/// The colour of a member's bar.
const fn bar_colour(badge: Badge) -> Colour {
    match badge {
        Badge::Leader => Colour::Leader,
        Badge::Deputy => Colour::Deputy,
        Badge::Candidate => Colour::Election,
        Badge::Stopped => Colour::Trouble,
        Badge::Paused | Badge::Starting => Colour::Soft,
        Badge::Follower => Colour::Strong,
    }
}

/// The range of the attributes in a ring.
struct Range {
    lowest: u64,
    highest: u64,
}

impl Range {
    fn of(view: &RingView) -> Self {
        let attributes = || view.nodes.iter().map(|node| node.attribute.0);
        Self { lowest: attributes().min().unwrap_or(0), highest: attributes().max().unwrap_or(0) }
    }

    /// The position of an attribute in the range, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a part of a picture")]
    fn share(&self, attribute: u64) -> f64 {
        let above = attribute.clamp(self.lowest, self.highest) - self.lowest;
        above as f64 / (self.highest - self.lowest).max(1) as f64
    }
}

/// Draws the members, and the links that are cut or lead past a member.
fn draw_ring(surface: &Surface, view: &RingView, layout: &Layout) {
    surface.clear();
    surface.bands(&layout.bands(&view.sides()));
    surface.ring(layout.ring_radius);
    let is_stopped = |name: &NodeName| view.node(name).is_none_or(|node| node.state == NodeState::Stopped);
    let (mut detours, mut relayed) = (Vec::new(), Vec::new());
    for node in &view.nodes {
        let Some(successor) = node.successor.as_ref().filter(|successor| !is_stopped(successor)) else {
            continue;
        };
        let relays = view.relays(&node.name, successor);
        if !relays.is_empty() {
            relayed.extend(layout.route(&node.name, relays, successor));
        } else if Some(successor) != layout.next(&node.name) {
            detours.extend(layout.curve(&node.name, successor));
        }
    }
    surface.curves(&detours, Colour::Election, 4.0);
    surface.curves(&relayed, Colour::Relay, 4.0);
    let cut: Vec<Curve> = view
        .faults_beside_sides()
        .iter()
        .filter(|link| link.fault.cut)
        .filter_map(|link| layout.curve(&link.from, &link.to))
        .collect();
    surface.curves(&cut, Colour::Trouble, 5.0);
    if let Some(heart) = heartbeat(view).and_then(|(deputy, leader)| layout.straight(deputy, leader)) {
        surface.curves(&[heart], Colour::Deputy, 2.0);
    }
    let range = Range::of(view);
    let mut bars: [Vec<(Point, Point)>; Colour::COUNT] = std::array::from_fn(|_| Vec::new());
    for (place, node) in view.nodes.iter().enumerate() {
        let badge = Badge::of(node);
        let is_dimmed = !node.eligible && badge == Badge::Follower;
        let colour = if is_dimmed { Colour::Line } else { bar_colour(badge) };
        bars[colour as usize].push(layout.bar(place, range.share(node.attribute.0)));
    }
    let width = (layout.node_radius * 2.0).clamp(1.6, 14.0);
    for (colour, bars) in Colour::ALL.into_iter().zip(&bars) {
        let is_special = matches!(colour, Colour::Leader | Colour::Deputy);
        surface.lines(bars, colour, if is_special { width.max(5.0) } else { width });
    }
}

/// Draws the messages in transit.
fn draw_dots(surface: &Surface, player: &dyn Run, layout: &Layout) {
    surface.clear();
    let range = Range::of(player.view());
    let still = motion_is_reduced();
    let mut dots: [Vec<Point>; Colour::COUNT] = std::array::from_fn(|_| Vec::new());
    for flight in player.flights() {
        let relays = player.view().relays(&flight.from, &flight.to);
        let Some(curve) = layout.route(&flight.from, relays, &flight.to) else { continue };
        let mut point = curve.at(if still { 0.5 } else { progress(flight, player.now()) });
        if let (Curve::Arc { .. }, Some(candidate)) = (&curve, &flight.message.candidate) {
            let (nearest, furthest) = TRACKS;
            point = point.inwards(nearest + (furthest - nearest) * range.share(candidate.attribute.0));
        }
        let colour = if flight.doomed { Colour::Trouble } else { Colour::of(flight.message.message) };
        dots[colour as usize].push(point);
    }
    let radius = (layout.node_radius * 0.7).clamp(3.4, 9.0);
    for (colour, dots) in Colour::ALL.into_iter().zip(&dots) {
        surface.dots(dots, colour, radius);
    }
}

/// A canvas for the ring, one for the messages, and over them the names that are shown.
#[component]
pub(crate) fn RingCanvas(sandbox: Sandbox, layout: Memo<Layout>, is_large: Memo<bool>) -> impl IntoView {
    let store = Store::here();
    let (under, over) = (NodeRef::<html::Canvas>::new(), NodeRef::<html::Canvas>::new());
    let (ring_surface, dot_surface) = (surface_of(under), surface_of(over));
    reactive::effect(move || {
        ring_surface.track();
        ring_surface.with_untracked(|surface| {
            if let Some(surface) = surface {
                store.view.with(|view| layout.with(|layout| draw_ring(surface, view, layout)));
            }
        });
    });
    reactive::effect(move || {
        sandbox.moment.track();
        dot_surface.track();
        dot_surface.with_untracked(|surface| {
            if let Some(surface) = surface {
                layout.with(|layout| sandbox.read(|player| draw_dots(surface, player, layout)));
            }
        });
    });
    let at = move |event: &web_sys::MouseEvent| {
        let canvas = over.get_untracked()?;
        let point = surface::point(&canvas, event)?;
        layout.with_untracked(|layout| layout.nearest(point).cloned())
    };
    let choose = move |event: web_sys::MouseEvent| {
        if let Some(name) = at(&event) {
            store.chosen_node.set(Some(name));
        }
    };
    let name_it = move |event: web_sys::MouseEvent| {
        let node =
            at(&event).and_then(|name| store.view.with_untracked(|view| view.node(&name).map(description)));
        if let (Some(canvas), Some(node)) = (over.get_untracked(), node) {
            canvas.set_title(&node);
        }
    };
    let named = reactive::memo(move || {
        if !is_large.get() {
            return Vec::new();
        }
        store.view.with(|view| {
            let leader = view.leading().map(|node| ("leader", node.name.clone()));
            let deputy = view.deputy_of_leading().map(|node| ("deputy", node.name.clone()));
            let chosen = store.chosen_node.get().map(|name| ("chosen", name));
            let mut named: Vec<(&str, NodeName)> = Vec::new();
            for (class, name) in [leader, deputy, chosen].into_iter().flatten() {
                if !named.iter().any(|(_, other)| *other == name) {
                    named.push((class, name));
                }
            }
            layout.with(|layout| {
                let placed =
                    named.into_iter().map(|(class, name)| (class, layout.beyond(&name), name.to_string()));
                placed.collect::<Vec<_>>()
            })
        })
    });
    let said = move || {
        format!(
            "A ring of {} nodes. Each can be found by its name in the list of nodes.",
            layout.with(Layout::len)
        )
    };
    view! {
        <div class="crowd" hidden=reactive::flag(move || !is_large.get())>
            <canvas node_ref=under aria-hidden="true"></canvas>
            <canvas
                node_ref=over
                data-testid="crowd"
                role="img"
                aria-label=reactive::text(said)
                on:click=choose
                on:mousemove=name_it
            ></canvas>
            <svg viewBox="0 0 1000 1000" aria-hidden="true">
                <Centre/>
                {reactive::fragment(move || named.get().into_iter().map(|(class, at, name)| at.map(|at| view! {
                    <text class=format!("beyond {class}") x=rounded(at.x) y=rounded(at.y + 8.0)>{name}</text>
                })).collect_view())}
            </svg>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ring;

    #[test]
    fn the_lowest_attribute_has_share_zero_and_the_highest_one() {
        let range = Range::of(&ring(5).running());
        assert_eq!([90, 110, 130].map(|attribute| range.share(attribute)), [0.0, 0.5, 1.0]);
        assert_eq!(Range::of(&ring(1).running()).share(90), 0.0);
    }
}
