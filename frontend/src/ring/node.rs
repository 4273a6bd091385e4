//! One node of the drawing.

use leptos::prelude::*;
use ringleader_shared::NodeName;
use ringleader_shared::view::NodeView;

use super::geometry::{Layout, scale};
use crate::badge::{Badge, label, role_word};
use crate::card::focus_card;
use crate::live::{self, rounded};
use crate::store::Store;

/// A node with less room than this shows its role by icon and colour only; the words are in its tooltip and its card.
const ROOM_FOR_WORDS: f64 = 72.0;

/// A node with less room than this has its name beside it.
const ROOM_FOR_NAME: f64 = 26.0;

/// The CSS class that hides what there is no room for.
fn room(radius: f64) -> &'static str {
    if radius < ROOM_FOR_NAME {
        "tiny"
    } else if radius < ROOM_FOR_WORDS {
        "small"
    } else {
        "roomy"
    }
}

/// The node in words, for a screen reader and the tooltip.
pub(super) fn description(node: &NodeView) -> String {
    let mut text = format!("Node {}, attribute {}, {}", node.name, node.attribute, label(node));
    if !node.eligible {
        text.push_str(", may not lead");
    }
    if node.term.0 > 0 {
        text.push_str(&format!(", term {}", node.term));
    }
    if let Some(successor) = &node.successor {
        text.push_str(&format!(", sends to {successor}"));
    }
    text
}

/// The size of a text of so many characters that fits a width, at most `largest`.
#[expect(clippy::cast_precision_loss, reason = "a short label")]
fn fitting(characters: usize, width: f64, largest: f64) -> f64 {
    (width / (0.62 * characters.max(1) as f64)).min(largest)
}

/// One node: Enter goes to its card.
#[component]
pub(crate) fn RingNode(name: NodeName, layout: Memo<Layout>) -> impl IntoView {
    let store = Store::here();
    let node = store.node(name.clone());
    let radius = move || layout.with(|layout| layout.node_radius);
    let badge = live::memo(move || node.with(|node| node.as_ref().map_or(Badge::Stopped, Badge::of)));
    let words = live::memo(move || node.with(|node| node.as_ref().map(label).unwrap_or_default()));
    let attribute = live::memo(move || {
        node.with(|node| node.as_ref().map(|node| node.attribute.to_string()).unwrap_or_default())
    });
    let described = live::memo(move || node.with(|node| node.as_ref().map(description).unwrap_or_default()));
    let place = {
        let name = name.clone();
        move || {
            let at = layout.with(|layout| layout.position(&name));
            at.map_or_else(String::new, |at| format!("translate({} {})", rounded(at.x), rounded(at.y)))
        }
    };
    let length = name.as_str().chars().count();
    let inside = move || radius() >= ROOM_FOR_NAME;
    let name_size = move || {
        if inside() { fitting(length, radius() * 1.6, radius() * 0.86) } else { 20.0 }
    };
    // A name beside the circle is moved outwards; inside, it leaves room for the attribute.
    let name_place = {
        let name = name.clone();
        move || {
            if inside() {
                return (0.0, radius() * 0.08);
            }
            layout.with(|layout| match (layout.position(&name), layout.outside(&name)) {
                (Some(at), Some(outside)) => (outside.x - at.x, outside.y - at.y + 7.0),
                _ => (0.0, 0.0),
            })
        }
    };
    let name_x = {
        let name_place = name_place.clone();
        move || name_place().0
    };
    let name_y = move || name_place().1;
    let icon_scale = move || (radius() / 42.0).clamp(0.9, 2.1);
    let pill_width = move || 26.0 + 14.5 * words.with(String::len) as f64;
    let press = {
        let name = name.clone();
        move || focus_card(&name)
    };
    let click = {
        let name = name.clone();
        move |event: web_sys::MouseEvent| {
            if event.ctrl_key() || event.meta_key() {
                store.initiators.toggle(&name);
            } else {
                focus_card(&name);
            }
        }
    };
    let initiates = {
        let name = name.clone();
        live::whether(move || store.initiators.has(&name))
    };
    let on_key = {
        let press = press.clone();
        move |event: web_sys::KeyboardEvent| {
            if matches!(event.key().as_str(), "Enter" | " ") {
                event.prevent_default();
                press();
            }
        }
    };
    view! {
        <g
            class=live::words(move || {
                let initiates = if initiates.get() { " initiates" } else { "" };
                let eligible = node.with(|node| node.as_ref().is_none_or(|node| node.eligible));
                let dimmed = if eligible { "" } else { " ineligible" };
                format!("node {} {}{initiates}{dimmed}", badge.get().word(), room(radius()))
            })
            data-testid=format!("node-{name}")
            data-role=live::words(move || node.with(|node| node.as_ref().map_or("none", role_word)))
            data-state=live::words(move || {
                node.with(|node| node.as_ref().map(|node| node.state.to_string()).unwrap_or_default())
            })
            transform=live::words(place)
            tabindex="0"
            role="button"
            aria-label=live::words(move || format!("{}. Go to its card.", described.get()))
            on:click=click
            on:keydown=on_key
        >
            <title>{live::words(move || described.get())}</title>
            <circle class="halo" r=live::units(move || radius() + 9.0)></circle>
            <circle class="body" r=live::units(radius)></circle>
            <text class="name" x=live::units(name_x) y=live::units(name_y) font-size=live::units(name_size)>{name.to_string()}</text>
                <text
                    class="attribute"
                    y=live::units(move || radius() * 0.52)
                    font-size=live::units(move || {
                        fitting(attribute.with(String::len), radius() * 1.4, radius() * 0.36)
                    })
                >
                    {live::words(move || attribute.get())}
                </text>
                <g
                    class="icon-badge"
                    transform=live::words(move || {
                        format!("translate(0 {}) {}", rounded(-radius() * 1.09), scale(icon_scale()))
                    })
                >
                    <circle class="plate" r="15"></circle>
                    <path d=live::words(move || badge.get().outline()) fill-rule="evenodd"></path>
                </g>
                <g class="pill" transform=live::words(move || format!("translate(0 {})", rounded(radius() - 11.0)))>
                    <rect x=live::units(move || -pill_width() / 2.0) y="-19" width=live::units(pill_width) height="38" rx="19"></rect>
                    <text y="8">{live::words(move || words.get())}</text>
                </g>
        </g>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};

    #[test]
    fn a_node_is_described_in_one_sentence() {
        let mut ring = ring(4);
        ring.running();
        let view = ring.led_by("D", "C", 3);
        let node = view.node(&name("D")).expect("a member");
        assert_eq!(description(node), "Node D, attribute 120, leader, term 3, sends to A");
    }

    #[test]
    fn long_names_are_set_smaller() {
        assert_eq!(fitting(1, 140.0, 70.0), 70.0);
        assert!(fitting(16, 140.0, 70.0) < 15.0);
    }
}
