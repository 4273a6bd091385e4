//! The diagram, and what is in it, as files for other tools.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::export::svg::{Scale, svg};
use ringleader_shared::export::{csv, mermaid, perfetto, shiviz};
use ringleader_shared::timeline::{Moment, Position};
use web_sys::HtmlCanvasElement;

use super::perfetto::PerfettoButton;
use super::picture;
use crate::chunk::{NotLoaded, chunk};
use crate::clipboard;
use crate::film::FilmButton;
use crate::notice::Notice;
use crate::state::Store;

/// The most events of a picture, a ShiViz log and a trace.
const MOST: u64 = 5_000;
const MOST_TRACED: u64 = 100_000;

/// The events on both sides of a moment among which the messages of a sequence diagram are searched.
const AROUND: u64 = 2_000;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// A sequence diagram.
    Mermaid,
    /// A log with vector clocks.
    ShiViz,
    /// The elections.
    Elections,
    /// A trace.
    Perfetto,
    /// A picture.
    Svg,
}

impl Format {
    const ALL: [Self; 5] = [Self::Svg, Self::Mermaid, Self::ShiViz, Self::Elections, Self::Perfetto];

    const fn label(self) -> &'static str {
        match self {
            Self::Mermaid => "Mermaid: messages round this moment, also to the clipboard",
            Self::ShiViz => "ShiViz log of what is in view",
            Self::Elections => "CSV of the elections",
            Self::Perfetto => "Perfetto trace",
            Self::Svg => "SVG picture of what is in view",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Mermaid => "ringleader.mmd",
            Self::ShiViz => "ringleader-shiviz.log",
            Self::Elections => "ringleader-elections.csv",
            Self::Perfetto => "ringleader.pftrace",
            Self::Svg => "ringleader.svg",
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Mermaid => "save-mermaid",
            Self::ShiViz => "save-shiviz",
            Self::Elections => "save-elections",
            Self::Perfetto => "save-perfetto",
            Self::Svg => "save-svg",
        }
    }

    /// The content of the file, for these events and this scale.
    fn content(self, store: Store, (from, to): (Position, Position), scale: Scale) -> Vec<u8> {
        let last = |most: u64| Position(to.0.saturating_sub(most).max(from.0));
        store.playback.with_causes(|timeline, causality| match self {
            Self::Mermaid => {
                let moment = store.view.with_untracked(|view| Moment::of(view.clone()));
                let here = moment.position().0;
                let (from, to) = (Position(here.saturating_sub(AROUND)), Position(here + AROUND));
                mermaid::mermaid(timeline, &moment, from, to).into_bytes()
            }
            Self::ShiViz => shiviz::shiviz(timeline, causality, last(MOST), to).into_bytes(),
            Self::Elections => {
                csv::elections(timeline, &timeline.at(timeline.begin()), timeline.end()).into_bytes()
            }
            Self::Perfetto => {
                let from = Position(timeline.end().0.saturating_sub(MOST_TRACED));
                perfetto::perfetto(timeline, causality, &timeline.at(from), timeline.end())
            }
            Self::Svg => svg(timeline, &timeline.at(last(MOST)), to, scale).into_bytes(),
        })
    }

    fn save(self, store: Store, stretch: (Position, Position), scale: Scale) {
        spawn_local(async move {
            match load().await {
                Ok(content) => self.deliver(store, content(self, store, stretch, scale)),
                Err(NotLoaded) => store.notify(Notice::not_loaded("the exporter")),
            }
        });
    }

    fn deliver(self, store: Store, content: Vec<u8>) {
        if clipboard::download(self.file(), &content).is_none() {
            store.notify(Notice::new("The browser did not let the page save a file".to_owned()));
        } else if self == Self::Mermaid {
            let done = move |result: Result<(), Notice>| match result {
                Ok(()) => store.announce("Saved and copied".to_owned()),
                Err(notice) => store.notify(notice),
            };
            clipboard::copy(String::from_utf8(content).unwrap_or_default(), Box::new(done));
        } else {
            store.announce(format!("{} saved", self.file()));
        }
    }
}

chunk! {
    exports,
    /// Loads the function that makes the content of a file.
    fn load() -> fn(Format, Store, (Position, Position), Scale) -> Vec<u8> { Format::content }
}

/// The menu.
#[component]
pub(super) fn SaveMenu(
    /// The events that are seen, and the scale.
    seen: Callback<(), ((Position, Position), Scale)>,
    /// Draws what is seen on a canvas of its own.
    copy: Callback<(), Option<HtmlCanvasElement>>,
) -> impl IntoView {
    let store = Store::here();
    let menu = NodeRef::<html::Details>::new();
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
        }
    };
    let save_picture = move |_| {
        picture::save(store, copy.run(()));
        close();
    };
    let trace = Callback::new(move |()| {
        let (stretch, scale) = seen.run(());
        Format::Perfetto.content(store, stretch, scale)
    });
    view! {
        <details class="save-menu" node_ref=menu>
            <summary data-testid="save-as">"Save as…"</summary>
            <div>
                <button class="bare" type="button" data-testid="save-png" on:click=save_picture>
                    "PNG picture of what is in view, twice as large"
                </button>
                {Format::ALL.map(|format| {
                    let save = move |_| {
                        let (stretch, scale) = seen.run(());
                        format.save(store, stretch, scale);
                        close();
                    };
                    view! {
                        <button class="bare" type="button" data-testid=format.id() on:click=save>{format.label()}</button>
                    }
                }).collect_view()}
                <PerfettoButton trace=trace opened=Callback::new(move |()| close())/>
                <FilmButton/>
            </div>
        </details>
    }
}
