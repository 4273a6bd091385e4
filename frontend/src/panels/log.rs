//! The log of all nodes together, in the order of the events.
//!
//! Only the rows that can be seen are in the page. The events that have a row are found little by little, the
//! newest first: a sentence is made of each for that.

mod matches;
mod rows;

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::timeline::{Position, Timeline};
use ringleader_shared::{NodeName, counted};
use wasm_bindgen::JsCast;

use self::matches::Matches;
use self::rows::Rows;
use crate::backend::timekeeper::Timekeeper;
use crate::chunk::{MakeView, chunk};
use crate::clipboard;
use crate::components::jump::Jump;
use crate::notice::Notice;
use crate::reactive;
use crate::resize::on_resize;
use crate::state::{Kinds, Line, Store, now_ms};
use crate::text;

/// The height of a row, in pixels; as in the style sheet.
const ROW_PX: i32 = 22;

/// The rows above and below those that can be seen.
const MORE: usize = 8;

/// The time that the search for rows may take in a frame, in milliseconds.
const BUDGET_MS: f64 = 5.0;

fn pixels(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX).saturating_mul(ROW_PX)
}

/// The row of the event that led to a position. `before` is the position of the row before it: events of a
/// kept run that are missing in between are named.
fn row(
    timeline: &Timeline,
    simulated: bool,
    before: Position,
    position: Position,
) -> Option<(NodeName, Line)> {
    let event = timeline.event_before(position)?;
    let mut line = Line::of(event, simulated)?;
    if let Some((first, last)) = timeline.missing_between(before, position) {
        line.text = format!("[before this {}] {}", text::missing(first, last), line.text);
    }
    Some((event.node.clone()?, line))
}

/// The state of the panel. A handle: copies are the same.
#[derive(Clone, Copy)]
struct Shown {
    store: Store,
    time: Timekeeper,
    matches: StoredValue<Matches, LocalStorage>,
    rows: StoredValue<Rows, LocalStorage>,
    panel: NodeRef<html::Div>,
    list: NodeRef<html::Div>,
    /// Whether the moment that is shown stays in view.
    following: RwSignal<bool>,
    /// The number of rows, and whether there may be more.
    found: RwSignal<(usize, bool)>,
    is_planned: StoredValue<bool>,
}

impl Shown {
    fn new() -> Self {
        Self {
            store: Store::here(),
            time: Timekeeper::here(),
            matches: StoredValue::new_local(Matches::default()),
            rows: StoredValue::new_local(Rows::default()),
            panel: NodeRef::new(),
            list: NodeRef::new(),
            following: RwSignal::new(true),
            found: RwSignal::new((0, true)),
            is_planned: StoredValue::new(false),
        }
    }

    /// Makes the rows that can be seen.
    fn draw(self) {
        let (Some(Some(panel)), Some(Some(list))) =
            (self.panel.try_get_untracked(), self.list.try_get_untracked())
        else {
            return;
        };
        let here = self.time.position();
        self.matches.with_value(|matches| {
            let _ = web_sys::HtmlElement::style(&list)
                .set_property("height", &format!("{}px", pixels(matches.len())));
            if self.following.get_untracked() {
                panel.set_scroll_top(pixels(matches.count_until(here)) - panel.client_height());
            }
            let seen = usize::try_from(panel.client_height() / ROW_PX + 1).unwrap_or_default();
            let first = usize::try_from(panel.scroll_top() / ROW_PX).unwrap_or_default().saturating_sub(MORE);
            self.store.playback.timeline.with_value(|timeline| {
                let mut before = first.checked_sub(1).and_then(|it| matches.positions(it, 1).next());
                let lines = matches.positions(first, seen + 2 * MORE).filter_map(|position| {
                    let before = before.replace(position).unwrap_or(timeline.begin());
                    let (node, line) = row(timeline, self.store.simulated, before, position)?;
                    Some((position, node, line))
                });
                self.rows.update_value(|rows| rows.show(&list, first, lines, here));
            });
        });
    }

    /// Searches for rows in a frame of its own, and in more of them as long as there are more rows.
    fn search_soon(self) {
        if !self.is_planned.get_value() {
            self.is_planned.set_value(true);
            request_animation_frame(move || self.search());
        }
    }

    fn search(self) {
        if self.is_planned.try_set_value(false).is_some() {
            // The panel is closed.
            return;
        }
        let begun = now_ms();
        let result = self.store.playback.timeline.with_value(|timeline| {
            self.matches.try_update_value(|matches| {
                let is_late = || now_ms() - begun > BUDGET_MS;
                let (more, earlier) = matches.search(timeline, self.store.simulated, is_late);
                (more, earlier, matches.len())
            })
        });
        let Some((more, earlier, all)) = result else { return };
        if let Some(panel) = self.panel.get_untracked().filter(|_| !self.following.get_untracked()) {
            // Rows that came in above those that are read leave these where they are.
            panel.set_scroll_top(panel.scroll_top().saturating_add(pixels(earlier)));
        }
        self.found.set((all, more));
        self.draw();
        if more {
            self.search_soon();
        }
    }

    /// Notes whether the reader has left the moment that is shown.
    fn scrolled(self) {
        if let Some(panel) = self.panel.get_untracked() {
            let last = self.matches.with_value(|matches| matches.count_until(self.time.position()));
            let below = pixels(last) - panel.scroll_top() - panel.client_height();
            let fits = panel.scroll_height() <= panel.client_height();
            self.following.set(fits || below.abs() <= 2 * ROW_PX);
            self.draw();
        }
    }

    fn as_text(self) -> (String, usize) {
        let run = self.store.view.with_untracked(|view| view.run);
        let lines: Vec<String> = self.store.playback.timeline.with_value(|timeline| {
            self.matches.with_value(|matches| {
                let mut before = timeline.begin();
                let lines = matches.positions(0, matches.len()).filter_map(|position| {
                    let before = std::mem::replace(&mut before, position);
                    let (node, line) = row(timeline, self.store.simulated, before, position)?;
                    Some(line.to_text(run, &node))
                });
                lines.collect()
            })
        });
        (lines.join("\n"), lines.len())
    }
}

chunk! {
    log,
    /// Loads the log.
    pub(super) fn load() -> MakeView { || view! { <Log/> }.into_any() }
}

/// The log.
#[component]
fn Log() -> impl IntoView {
    let shown = Shown::new();
    let (store, time) = (shown.store, shown.time);
    let filter = store.log_choice;
    reactive::effect(move || {
        filter.with(|filter| shown.matches.update_value(|matches| matches.begin(filter.clone())));
        time.times();
        if shown.panel.get().is_some() && shown.list.get().is_some() {
            shown.search_soon();
        }
    });
    reactive::effect(move || {
        if let Some(panel) = shown.panel.get() {
            on_resize(&[panel.unchecked_into()], move || shown.draw());
        }
    });
    let pressed = move |event: web_sys::MouseEvent| {
        let row = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
        let row = row.and_then(|it| it.closest("[data-position]").ok().flatten());
        let position = row.and_then(|row| row.get_attribute("data-position")?.parse().ok());
        if let Some(position) = position {
            time.jump(Position(position));
        }
    };
    let copy = move |_| {
        let (text, lines) = shown.as_text();
        let said = format!("{} copied", counted(lines as u64, "line"));
        let done = move |result: Result<(), Notice>| match result {
            Ok(()) => store.announce(said),
            Err(notice) => store.notify(notice),
        };
        clipboard::copy(text, Box::new(done));
    };
    let download = move |_| {
        if clipboard::download("ringleader.log", shown.as_text().0.as_bytes()).is_none() {
            store.notify(Notice {
                title: "The browser did not let the page save a file".to_owned(),
                detail: None,
            });
        }
    };
    let names = store.names();
    let choose_node = move |event: web_sys::Event| {
        let node: Option<NodeName> = event_target_value(&event).parse().ok();
        filter.update(|filter| filter.node = node);
    };
    view! {
        <div class="log-tools">
            <select data-testid="log-node" aria-label="Node" on:change=choose_node>
                <option value="" prop:selected=reactive::flag(move || filter.with(|filter| filter.node.is_none()))>"all nodes"</option>
                {reactive::fragment(move || names.get().into_iter().map(|name| {
                    let (value, mine) = (name.to_string(), name.clone());
                    let chosen = reactive::flag(move || filter.with(|filter| filter.node.as_ref() == Some(&mine)));
                    view! { <option value=value prop:selected=chosen>{name.to_string()}</option> }
                }).collect_view())}
            </select>
            <select
                data-testid="log-kinds"
                aria-label="Kinds of lines"
                on:change=move |event| filter.update(|filter| filter.kinds = Kinds::named(&event_target_value(&event)))
            >
                {Kinds::ALL.map(|(value, words)| {
                    let chosen = reactive::flag(move || filter.with(|filter| filter.kinds.value() == value));
                    view! { <option value=value prop:selected=chosen>{words}</option> }
                }).collect_view()}
            </select>
            <input
                class="filter"
                type="search"
                placeholder="filter"
                title="Only lines with these words; -word: only lines without it; term:2, message:A.1.17: only what is of that term, of that message"
                aria-label="Filter the log: words that occur, -words that do not"
                data-testid="log-filter"
                prop:value=reactive::text(move || filter.with(|filter| filter.words.clone()))
                on:input=move |event| filter.update(|filter| filter.words = event_target_value(&event))
            />
            <span class="count" role="status" data-testid="log-count">
                {reactive::text(move || {
                    let (lines, more) = shown.found.get();
                    format!("{}{}", counted(lines as u64, "line"), if more { " so far" } else { "" })
                })}
            </span>
            <button class="bare" type="button" data-testid="log-copy" title="Copy these lines, each with its run and node" on:click=copy>
                "Copy"
            </button>
            <button class="bare" type="button" data-testid="log-download" title="Save these lines as a file" on:click=download>
                "Save"
            </button>
        </div>
        <div
            class="merged"
            node_ref=shown.panel
            role="log"
            aria-live="off"
            aria-label="Log of all nodes"
            data-testid="log"
            tabindex="0"
            title="A line leads to its moment"
            on:scroll=move |_| shown.scrolled()
            on:click=pressed
        >
            <div node_ref=shown.list></div>
        </div>
        <Jump
            words="↓ the moment shown"
            hidden=reactive::flag(move || shown.following.get())
            press=move |()| {
                shown.following.set(true);
                shown.draw();
            }
        />
    }
}
