//! The figure of the ring: a drawing, and a layer for the messages that move on it.

mod animation;
mod animation_event;
mod canvas;
mod elements;
mod flash;
mod flight;
mod geometry;
mod legend;
mod legible;
mod links;
mod message_shape;
mod moment_messages;
mod node;
mod still;
mod surface;
mod trigonometry;

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{html, svg};
use ringleader_shared::text::through;
use ringleader_shared::{NodeName, RingView};
use wasm_bindgen::JsCast;
use web_sys::Element;

use self::animation::{Animation, MOST_DOTS};
use self::canvas::RingCanvas;
use self::geometry::{Layout, Point};
use self::legend::Legend;
use self::links::{Link, LinkState, heartbeat, links};
use self::moment_messages::MomentMessages;
pub(crate) use self::moment_messages::Scene;
use self::node::RingNode;
pub(crate) use self::still::Still;
pub(crate) use self::surface::Colour;
use self::surface::{Surface, surface_of};
use crate::backend::Backend;
use crate::backend::sandbox::Sandbox;
use crate::chunk::{NotLoaded, chunk};
use crate::headline::Headline;
use crate::notice::Notice;
use crate::reactive::{self, rounded};
use crate::sandbox::settings::HOP;
use crate::state::{Change, Panel, Store};
use crate::text;

/// The ring.
#[component]
pub(crate) fn RingFigure() -> impl IntoView {
    let store = Store::here();
    let figure = NodeRef::new();
    // Whether messages are in transit that are not drawn.
    let crowded = RwSignal::new(false);
    let smallest_text = legible::smallest_text(figure);
    let layout =
        reactive::memo(move || store.view.with(|view| Layout::of(view).legible_from(smallest_text.get())));
    let is_large = reactive::memo(move || store.simulated && layout.with(Layout::is_large));
    let drawn = reactive::memo(move || {
        if is_large.get() {
            return Vec::new();
        }
        store.view.with(|view| layout.with(|layout| links(view, layout)))
    });
    let heartbeat = reactive::flag(move || store.view.with(|view| heartbeat(view).is_some()));
    view! {
        <section
            class="ring"
            id="ring"
            tabindex="-1"
            aria-label="The ring"
            node_ref=figure
            style=reactive::text(move || format!("--smallest: {}px", rounded(smallest_text.get())))
        >
            // Both exist, and one is hidden: replacing one by the other would take code for each to become
            // the other.
            <Drawing layout=layout is_large=is_large drawn=drawn crowded=crowded/>
            {Backend::here().sandbox().and_then(|sandbox| Some((use_context::<RunDrawing>()?.canvas)(sandbox, layout, is_large)))}
            <p class="crowded" role="status" hidden=reactive::flag(move || !crowded.get())>
                {format!("More than {MOST_DOTS} messages are on their way: some are not drawn")}
            </p>
            <Legend drawn=drawn heartbeat=heartbeat/>
        </section>
    }
}

/// The element that messages are put in, once it is there.
type Place = Box<dyn Fn() -> Option<Element>>;

/// The drawing of the sandbox, as the ring finds it: it is in a chunk of the program.
#[derive(Clone, Copy)]
pub(crate) struct RunDrawing {
    canvas: fn(Sandbox, Memo<Layout>, Memo<bool>) -> AnyView,
    moving: fn(Sandbox, Place, Memo<Layout>, Memo<bool>),
}

impl RunDrawing {
    /// Lets the ring of the sandbox find it.
    pub(crate) fn provide() {
        let canvas = |sandbox, layout, is_large| {
            view! { <RingCanvas sandbox=sandbox layout=layout is_large=is_large/> }.into_any()
        };
        provide_context(Self { canvas, moving: moving_with_the_run });
    }
}

/// The ring with a circle for each node; nothing of a large ring.
#[component]
fn Drawing(
    layout: Memo<Layout>,
    is_large: Memo<bool>,
    drawn: Memo<Vec<Link>>,
    crowded: RwSignal<bool>,
) -> impl IntoView {
    let store = Store::here();
    let all = store.names();
    let names = reactive::memo(move || if is_large.get() { Vec::new() } else { all.get() });
    let stop = RwSignal::new(None::<NodeName>);
    // The one node that Tab stops at: the last one that had the focus, as long as it exists.
    let tab_stop = reactive::memo(move || {
        let last = stop.get().filter(|last| names.with(|names| names.contains(last)));
        last.or_else(|| names.with(|names| names.first().cloned()))
    });
    let over = NodeRef::<svg::G>::new();
    let pills = move || over.get().map(|over| over.unchecked_into::<Element>());
    let (marks, moves) = (NodeRef::<html::Canvas>::new(), RwSignal::new(false));
    match Backend::here().sandbox() {
        Some(sandbox) => {
            if let Some(RunDrawing { moving, .. }) = use_context() {
                moving(sandbox, Box::new(pills), layout, is_large);
            }
        }
        None => {
            moving_with_the_clock(store, (pills, marks), layout, (moves, crowded));
            moving_with_the_past_on_use(store, Box::new(pills), layout);
        }
    }
    // The size of an arrow follows from the size of the nodes.
    let head = move || layout.with(|layout| (layout.node_radius * 0.3).clamp(9.0, 24.0));
    let bands = reactive::memo(move || {
        if is_large.get() {
            return Vec::new();
        }
        store.view.with(|view| layout.with(|layout| layout.bands(&view.sides())))
    });
    let heart = reactive::memo(move || {
        store.view.with(|view| {
            let (deputy, leader) = heartbeat(view)?;
            layout.with(|layout| layout.straight(deputy, leader))
        })
    });
    // Each relay once.
    let relays = reactive::memo(move || {
        let mut places: Vec<Point> = Vec::new();
        layout.with(|layout| {
            drawn.with(|drawn| {
                for at in
                    drawn.iter().flat_map(|link| &link.relays).filter_map(|relay| layout.position(relay))
                {
                    if !places.contains(&at) {
                        places.push(at);
                    }
                }
            });
        });
        places
    });
    view! {
        <div class="board" hidden=reactive::flag(move || is_large.get())>
            <canvas
                class="marks"
                class:over=reactive::flag(move || !layout.with(Layout::has_room_for_words))
                node_ref=marks
                aria-hidden="true"
                data-moves=reactive::text(move || moves.get().to_string())
            ></canvas>
            <svg class="drawing" viewBox="0 0 1000 1000" role="group" aria-label="The nodes and the links between them: the arrow keys go from node to node">
                <defs>
                    <pattern id="hatch" width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                        <rect class="hatch-ground" width="12" height="12"></rect>
                        <rect class="hatch-line" width="4" height="12"></rect>
                    </pattern>
                </defs>
                <circle
                    class="configured"
                    cx="500"
                    cy="500"
                    r=reactive::length(move || layout.with(|layout| layout.ring_radius))
                ></circle>
                {reactive::fragment(move || {
                    let width = layout.with(band_width);
                    bands.get().into_iter().map(|(side, band)| view! {
                        <path class=format!("side side-{}", side % 3) d=band.path() stroke-width=width.clone()></path>
                    }).collect_view()
                })}
                {reactive::fragment(move || heart.get().map(|line| view! {
                    <path class="heart-link" d=line.path()></path>
                }))}
                {reactive::fragment(move || {
                    let head = head();
                    drawn.get().into_iter().map(|link| view! { <LinkLine link=link head=head/> }).collect_view()
                })}
                {reactive::fragment(move || {
                    let radius = layout.with(|layout| layout.node_radius + 9.0);
                    relays.get().into_iter().map(|at| view! {
                        <circle class="relay" cx=rounded(at.x) cy=rounded(at.y) r=rounded(radius)></circle>
                    }).collect_view()
                })}
                <CentreWords/>
                <For each=move || names.get() key=Clone::clone let:name>
                    <RingNode name=name layout=layout stop=stop tab_stop=tab_stop/>
                </For>
                <g class="stage-layer" node_ref=over aria-hidden="true"></g>
            </svg>
        </div>
    }
}

/// The width of the band of a side: a little more than a node's.
fn band_width(layout: &Layout) -> String {
    rounded(2.0 * layout.node_radius + (layout.node_radius * 0.3).clamp(8.0, 26.0)).to_string()
}

/// Moves the messages of a live ring: each event is animated as it arrives, as a pill in one element or as a
/// mark on a canvas. Keeps the signals up to date: whether anything moves, and whether the ring is crowded.
fn moving_with_the_clock(
    store: Store,
    (pills, marks): (impl Fn() -> Option<Element> + 'static, NodeRef<html::Canvas>),
    layout: Memo<Layout>,
    (moves, crowded): (RwSignal<bool>, RwSignal<bool>),
) {
    let surface = surface_of(marks);
    let animation = StoredValue::new_local(Animation::new(store, moves, crowded));
    reactive::effect(move || animation.update_value(|animation| animation.set_pills(pills())));
    reactive::effect(move || animation.update_value(|animation| animation.set_layout(layout.get())));
    store.observe(Box::new(move |change| match change {
        Change::Event(event, happened_ms) => {
            let begins = animation.try_update_value(|animation| animation.animate(event, happened_ms));
            if begins == Some(true) {
                request_animation_frame(move || next_frame(animation, surface));
            }
        }
        Change::Gap => {
            animation.try_update_value(Animation::clear);
        }
    }));
    on_cleanup(move || {
        animation.try_update_value(Animation::clear);
    });
}

fn next_frame(
    animation: StoredValue<Animation, LocalStorage>,
    surface: RwSignal<Option<Surface>, LocalStorage>,
) {
    let draw =
        |surface: &Option<Surface>| animation.try_update_value(|animation| animation.frame(surface.as_ref()));
    if surface.try_with_untracked(draw).flatten() == Some(true) {
        request_animation_frame(move || next_frame(animation, surface));
    }
}

/// The duration of a ripple.
const RIPPLE: Duration = Duration::from_millis(600);

/// Moves the messages of the sandbox: their positions follow from the virtual time that is shown.
fn moving_with_the_run(sandbox: Sandbox, over: Place, layout: Memo<Layout>, is_large: Memo<bool>) {
    let messages = StoredValue::new_local(MomentMessages::default());
    let draw = move || {
        // When a hop is over sooner than a ripple, the ring would be full of them.
        let ripple = sandbox.speed.get_untracked().virtual_time(RIPPLE).filter(|time| *time < 4 * HOP);
        let ripple = ripple.unwrap_or_default();
        sandbox.read(|player| {
            let scene = Scene::of_run(player, ripple);
            messages.update_value(|messages| messages.draw(&scene, player.view(), ripple));
        });
    };
    reactive::effect(move || {
        messages
            .update_value(|messages| messages.set_place(over().filter(|_| !is_large.get()), layout.get()));
        draw();
    });
    reactive::effect(move || {
        sandbox.moment.track();
        if !is_large.get() {
            draw();
        }
    });
}

chunk! {
    past,
    fn load_moving() -> fn(Store, Place, Memo<Layout>) { moving_with_the_past }
}

/// Moves the messages of the past of a live ring, from the first moment of it on that is shown.
fn moving_with_the_past_on_use(store: Store, over: Place, layout: Memo<Layout>) {
    let (over, owner) = (StoredValue::new_local(Some(over)), Owner::current());
    reactive::effect(move || {
        if !store.playback.is_past() {
            return;
        }
        let Some(over) = over.try_update_value(Option::take).flatten() else { return };
        let owner = owner.clone();
        spawn_local(async move {
            match (load_moving().await, owner) {
                // Another ring may be shown by now.
                (Ok(moving), Some(owner)) if layout.try_get_untracked().is_some() => {
                    owner.with(|| moving(store, over, layout));
                }
                (Ok(_), _) => {}
                (Err(NotLoaded), _) => store.notify(Notice::not_loaded("the messages of the past")),
            }
        });
    });
}

/// Moves the messages of the past of a live ring, while a moment of it is shown.
fn moving_with_the_past(store: Store, over: Place, layout: Memo<Layout>) {
    let messages = StoredValue::new_local(MomentMessages::default());
    let (shown, rate) = (store.playback.shown, store.playback.rate);
    let draw = move |messages: &mut MomentMessages| match shown.get_untracked() {
        Some(shown) => {
            let ripple = rate.get_untracked().recorded(RIPPLE);
            let scene = Scene::of_past(store, shown, ripple);
            store.view.with_untracked(|view| messages.draw(&scene, view, ripple));
        }
        None => messages.clear(),
    };
    reactive::effect(move || {
        messages.update_value(|messages| {
            messages.set_place(over(), layout.get());
            draw(messages);
        });
    });
    reactive::effect(move || {
        shown.track();
        messages.update_value(draw);
    });
}

#[component]
fn LinkLine(link: Link, head: f64) -> impl IntoView {
    let store = Store::here();
    let kind = link.state.as_str();
    let path = link.curve.path();
    let mut title = format!("{} to {}: {kind}{}", link.from, link.to, through(&link.relays));
    let slow = !link.fault.cut && !link.fault.is_none();
    if slow {
        title = format!("{title}, {}", text::link_fault(&link.fault));
    }
    // Beside the link that it stands for.
    let place = match link.state {
        LinkState::Relayed => "relayed",
        LinkState::RelayedHeartbeat => "heartbeat",
        LinkState::Live | LinkState::Repaired | LinkState::Cut | LinkState::Broken => "link",
    };
    let (id, middle) = (format!("{place}-{}-{}", link.from, link.to), link.curve.at(0.5));
    let choose = move |_: web_sys::MouseEvent| {
        store.chosen_link.set(Some((link.from.clone(), link.to.clone())));
        store.panels.open(Panel::Faults);
    };
    view! {
        <g class=format!("link {kind}") class:slow=slow data-testid=id data-kind=kind on:click=choose>
            <title>{title}</title>
            <path class="touch" d=path.clone()></path>
            <path d=path></path>
            {(kind == "cut").then(|| view! {
                <path class="cross" d="M-16 -16 L16 16 M16 -16 L-16 16" transform=format!("translate({middle})")></path>
            })}
            <polygon points=link.curve.arrow_head(head)></polygon>
        </g>
    }
}

/// The words in the middle of the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Centre {
    /// Their CSS class.
    class: &'static str,
    term: u64,
    first: String,
    second: String,
}

/// The term and the leader, for the middle of the ring; `None` where a node is there.
fn centre(view: &RingView) -> Option<Centre> {
    if view.nodes.len() < 2 {
        return None;
    }
    let headline = Headline::of(view);
    // Members that are out of the leader's reach may be in newer terms.
    let led = if let Headline::Led { term, .. } | Headline::Hung { term, .. } = headline {
        Some(term)
    } else {
        None
    };
    let (class, first, second) = match headline {
        Headline::Led { leader, deputy, .. } => (
            "led",
            format!("{leader} leads"),
            deputy.map_or_else(|| "no deputy".to_owned(), |deputy| format!("deputy {deputy}")),
        ),
        Headline::Electing => ("electing", "electing…".to_owned(), String::new()),
        Headline::Split(_) => ("split", "split".to_owned(), "two leaders".to_owned()),
        Headline::Hung { leader, .. } => ("split", format!("{leader} hangs"), "no leader".to_owned()),
        Headline::NoMajority(_) => ("idle", "no majority".to_owned(), format!("needs {}", view.majority())),
        Headline::NobodyMayLead => ("idle", "no leader".to_owned(), "nobody may lead".to_owned()),
        Headline::NoQuorum => ("idle", "no quorum".to_owned(), format!("needs {}", view.majority())),
        Headline::NothingRuns => ("idle", "all stopped".to_owned(), String::new()),
        Headline::NoLeaderYet | Headline::Leaderless => ("idle", "no leader".to_owned(), String::new()),
    };
    Some(Centre { class, term: led.unwrap_or(view.term).0, first, second })
}

/// The words in the middle of the ring.
#[component]
fn CentreWords() -> impl IntoView {
    let store = Store::here();
    let lines = reactive::memo(move || store.view.with(centre));
    reactive::fragment(move || {
        lines.get().map(|Centre { class, term, first, second }| {
            view! {
                <g class=format!("centre {class}") aria-hidden="true">
                    <text class="term" x="500" y="450">
                        {if term == 0 { String::new() } else { format!("TERM {term}") }}
                    </text>
                    <text class="who" x="500" y="518">{first}</text>
                    <text class="second" x="500" y="566">{second}</text>
                </g>
            }
        })
    })
}
