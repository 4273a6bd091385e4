//! One node of the drawing.

use leptos::prelude::*;
use ringleader_shared::NodeName;
use ringleader_shared::view::NodeView;
use wasm_bindgen::JsCast;

use super::geometry::{Layout, scale};
use crate::components::badge::{Badge, label, role_name};
use crate::focus;
use crate::reactive::{self, rounded};
use crate::state::Store;
use crate::text::to_successor;

/// The smallest node that shows its role as text. A smaller one shows it by icon and colour only; the text is
/// in its tooltip and on its card.
const ROOM_FOR_WORDS: f64 = 72.0;

/// The size of the text of the role before it is scaled, as in the style sheet.
const PILL_TEXT: f64 = 25.0;

/// The texts for which there is room in and around a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// No text: the name stands beside it.
    Tiny,
    /// The name.
    Name,
    /// The name and the attribute.
    Attribute,
    /// The role as well.
    Words,
}

impl Room {
    fn of(layout: &Layout) -> Self {
        let (radius, text) = (layout.node_radius, layout.smallest_text);
        if layout.has_names_outside() {
            Self::Tiny
        } else if radius < 1.6 * text {
            Self::Name
        } else if radius < ROOM_FOR_WORDS.max(2.2 * text) {
            Self::Attribute
        } else {
            Self::Words
        }
    }

    /// The CSS class that hides the texts without room.
    const fn class(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Name => "tiny inside",
            Self::Attribute => "small",
            Self::Words => "roomy",
        }
    }
}

/// The description of the node, for screen readers and the tooltip. It begins with the text in the drawing,
/// so that the node can be named by that text.
pub(super) fn description(node: &NodeView) -> String {
    let mut text = format!("{} {} {}", node.name, node.attribute, label(node));
    if !node.eligible {
        text.push_str(", may not lead");
    }
    if node.term.0 > 0 {
        text.push_str(&format!(", term {}", node.term));
    }
    if let Some(successor) = &node.successor {
        text.push_str(&format!(", sends to {}", to_successor(node, successor)));
    }
    text
}

/// The size of a text of so many characters that fits a width, at most `largest`.
#[expect(clippy::cast_precision_loss, reason = "a short label")]
fn fitting(characters: usize, width: f64, largest: f64) -> f64 {
    (width / (0.62 * characters.max(1) as f64)).min(largest)
}

/// The id of a node of the drawing.
fn element_id(name: &NodeName) -> String {
    format!("ring-node-{name}")
}

/// The node to which a key goes from this one, in ring order.
fn neighbour(names: &[NodeName], from: &NodeName, key: &str) -> Option<NodeName> {
    let (at, count) = (names.iter().position(|name| name == from)?, names.len());
    let to = match key {
        "ArrowRight" | "ArrowDown" => (at + 1) % count,
        "ArrowLeft" | "ArrowUp" => (at + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        _ => return None,
    };
    names.get(to).cloned()
}

/// One node: Enter goes to its card, the arrow keys go to the next and the previous one.
#[component]
pub(crate) fn RingNode(
    name: NodeName,
    layout: Memo<Layout>,
    /// The node that had the focus last.
    stop: RwSignal<Option<NodeName>>,
    /// The node that Tab stops at.
    tab_stop: Memo<Option<NodeName>>,
) -> impl IntoView {
    let store = Store::here();
    let node = store.node(name.clone());
    let radius = move || layout.with(|layout| layout.node_radius);
    let badge = reactive::memo(move || node.with(|node| node.as_ref().map_or(Badge::Stopped, Badge::of)));
    let words = reactive::memo(move || node.with(|node| node.as_ref().map(label).unwrap_or_default()));
    let attribute = reactive::memo(move || {
        node.with(|node| node.as_ref().map(|node| node.attribute.to_string()).unwrap_or_default())
    });
    let described =
        reactive::memo(move || node.with(|node| node.as_ref().map(description).unwrap_or_default()));
    let place = {
        let name = name.clone();
        move || {
            let at = layout.with(|layout| layout.position(&name));
            at.map_or_else(String::new, |at| format!("translate({} {})", rounded(at.x), rounded(at.y)))
        }
    };
    let length = name.as_str().chars().count();
    let room = reactive::memo(move || layout.with(Room::of));
    let smallest = move || layout.with(|layout| layout.smallest_text);
    let name_size = move || match room.get() {
        Room::Tiny => layout.with(Layout::outside_text),
        Room::Name | Room::Attribute | Room::Words => {
            fitting(length, radius() * 1.6, radius() * 0.86).max(smallest())
        }
    };
    // A name beside the circle is moved outwards; inside, it leaves room for the attribute.
    let name_place = {
        let name = name.clone();
        move || match room.get() {
            Room::Tiny => layout.with(|layout| match (layout.position(&name), layout.outside(&name)) {
                (Some(at), Some(outside)) => {
                    (outside.x - at.x, outside.y - at.y + 0.35 * layout.outside_text())
                }
                _ => (0.0, 0.0),
            }),
            Room::Name => (0.0, 0.35 * name_size()),
            Room::Attribute | Room::Words => (0.0, radius() * 0.08),
        }
    };
    let name_x = {
        let name_place = name_place.clone();
        move || name_place().0
    };
    let name_y = move || name_place().1;
    let icon_scale = move || (radius() / 42.0).clamp(0.9, 2.1);
    let pill_width = move || 26.0 + 14.5 * words.with(String::len) as f64;
    let pill_scale = move || (smallest() / PILL_TEXT).max(1.0);
    let press = {
        let name = name.clone();
        move || focus::move_to_card(&name)
    };
    let click = {
        let name = name.clone();
        move |event: web_sys::MouseEvent| {
            if event.ctrl_key() || event.meta_key() {
                store.initiators.toggle(&name);
            } else {
                focus::move_to_card(&name);
            }
        }
    };
    let initiates = {
        let name = name.clone();
        reactive::flag(move || store.initiators.contains(&name))
    };
    let on_key = {
        let (press, name) = (press.clone(), name.clone());
        move |event: web_sys::KeyboardEvent| {
            let key = event.key();
            if matches!(key.as_str(), "Enter" | " ") {
                event.prevent_default();
                press();
            } else if let Some(next) = layout.with_untracked(|layout| neighbour(layout.names(), &name, &key))
            {
                event.prevent_default();
                let next = document().get_element_by_id(&element_id(&next));
                if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::SvgElement>().ok()) {
                    let _ = next.focus();
                }
            }
        }
    };
    let is_stop = {
        let name = name.clone();
        move || tab_stop.with(|stop| stop.as_ref() == Some(&name))
    };
    let focused = name.clone();
    view! {
        <g
            class=reactive::text(move || {
                let initiates = if initiates.get() { " initiates" } else { "" };
                let eligible = node.with(|node| node.as_ref().is_none_or(|node| node.eligible));
                let dimmed = if eligible { "" } else { " ineligible" };
                format!("node {} {}{initiates}{dimmed}", badge.get().as_str(), room.get().class())
            })
            id=element_id(&name)
            data-testid=format!("node-{name}")
            data-role=reactive::text(move || node.with(|node| node.as_ref().map_or("none", role_name)))
            data-state=reactive::text(move || {
                node.with(|node| node.as_ref().map(|node| node.state.to_string()).unwrap_or_default())
            })
            transform=reactive::text(place)
            tabindex=reactive::text(move || if is_stop() { "0" } else { "-1" })
            on:focus=move |_| stop.set(Some(focused.clone()))
            role="button"
            aria-label=reactive::text(move || format!("{}. Go to its card.", described.get()))
            on:click=click
            on:keydown=on_key
        >
            <title>{reactive::text(move || described.get())}</title>
            <circle class="halo" r=reactive::length(move || radius() + 9.0)></circle>
            <circle class="body" r=reactive::length(radius)></circle>
            <text class="name" x=reactive::length(name_x) y=reactive::length(name_y) font-size=reactive::length(name_size)>{name.to_string()}</text>
                " "
                <text
                    class="attribute"
                    y=reactive::length(move || radius() * 0.52)
                    font-size=reactive::length(move || {
                        fitting(attribute.with(String::len), radius() * 1.4, radius() * 0.36).max(smallest())
                    })
                >
                    {reactive::text(move || attribute.get())}
                </text>
                <g
                    class="icon-badge"
                    transform=reactive::text(move || {
                        format!("translate(0 {}) {}", rounded(-radius() * 1.09), scale(icon_scale()))
                    })
                >
                    <circle class="plate" r="15"></circle>
                    <path d=reactive::text(move || badge.get().outline()) fill-rule="evenodd"></path>
                </g>
                " "
                <g class="pill" transform=reactive::text(move || format!("translate(0 {}) {}", rounded(radius() - 11.0 + 27.0 * (pill_scale() - 1.0)), scale(pill_scale())))>
                    <rect x=reactive::length(move || -pill_width() / 2.0) y="-19" width=reactive::length(pill_width) height="38" rx="19"></rect>
                    <text y="8">{reactive::text(move || words.get())}</text>
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
        assert_eq!(description(node), "D 120 leader, term 3, sends to A");
    }

    #[test]
    fn the_arrow_keys_go_round_the_ring() {
        let names: Vec<NodeName> = (0..3).map(NodeName::nth).collect();
        let to = |from: &str, key: &str| neighbour(&names, &name(from), key).map(String::from);
        assert_eq!((to("A", "ArrowRight"), to("C", "ArrowDown")), (Some("B".into()), Some("A".into())));
        assert_eq!((to("A", "ArrowLeft"), to("B", "End")), (Some("C".into()), Some("C".into())));
        assert_eq!((to("C", "Home"), to("A", "x")), (Some("A".into()), None));
    }

    #[test]
    fn what_is_written_in_a_node_depends_on_the_screen() {
        let room = |count: usize, text| {
            Room::of(&Layout::new((0..count).map(NodeName::nth).collect()).legible_from(text))
        };
        assert_eq!(
            (room(4, 20.0), room(16, 20.0), room(64, 20.0)),
            (Room::Words, Room::Attribute, Room::Tiny)
        );
        assert!(room(16, 40.0) < room(16, 20.0));
    }

    #[test]
    fn long_names_are_set_smaller() {
        assert_eq!(fitting(1, 140.0, 70.0), 70.0);
        assert!(fitting(16, 140.0, 70.0) < 15.0);
    }
}
