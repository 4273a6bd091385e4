//! A film of the ring: its moments one after the other, each drawn from its time and not from the screen, as
//! a GIF.

mod gif;

use std::time::Duration;

use leptos::prelude::*;
use ringleader_shared::RingView;
use ringleader_shared::timeline::Moment;

use self::gif::Gif;
use crate::backend::Backend;
use crate::clipboard;
use crate::notice::Notice;
use crate::reactive;
use crate::ring::{Scene, Still};
use crate::sandbox::run::Run;
use crate::sandbox::speed::Speed;
use crate::state::{Shown, Store, microseconds};
use crate::text;

/// The frames of a second, and the hundredths of a second of each.
const FRAME: Duration = Duration::from_millis(50);
const FRAME_CS: u16 = 5;

/// The most frames: 20 seconds.
const MOST_FRAMES: u32 = 400;

/// The time for which the last frame is shown, in hundredths of a second.
const LAST_CS: u16 = 150;

/// The width in pixels.
const WIDTH: u32 = 560;

/// The name of the file.
const FILE: &str = "ringleader.gif";

/// The moments of a film.
enum Source {
    /// Those of the past of a live ring, or of a kept run.
    Past { shown: Shown, moment: Box<Moment> },
    /// Those of a run of the sandbox.
    Run { player: Box<dyn Run>, speed: Speed, goes_on: bool },
}

impl Source {
    fn of(store: Store, backend: Backend) -> Option<Self> {
        if let Some(sandbox) = backend.sandbox() {
            let player = sandbox.read(|player| player.copy());
            return Some(Self::Run { player, speed: sandbox.speed.get_untracked(), goes_on: true });
        }
        let shown = store.playback.shown.get_untracked()?;
        let moment = store.playback.timeline.with_value(|timeline| timeline.at(shown.position));
        Some(Self::Past { shown, moment: Box::new(moment) })
    }

    /// Calls `draw` with the ring, its messages and the time in microseconds.
    fn show(&self, store: Store, draw: impl FnOnce(&RingView, &Scene, u64)) {
        match self {
            Self::Past { shown, moment } => {
                draw(moment.view(), &Scene::of_past(store, *shown, Duration::ZERO), shown.at_ns / 1000);
            }
            Self::Run { player, .. } => {
                draw(player.view(), &Scene::of_run(&**player, Duration::ZERO), microseconds(player.now()));
            }
        }
    }

    /// Goes to the moment of the next frame; false at the end.
    fn next(&mut self, store: Store) -> bool {
        match self {
            Self::Past { shown, moment } => {
                let Some(next) = store.moved_on(*shown, FRAME) else { return false };
                *shown = next;
                store.playback.timeline.with_value(|timeline| timeline.seek(moment, next.position));
                true
            }
            Self::Run { player, speed, goes_on } => {
                let is_fastest = speed.number() == 0;
                // The last moment has a frame, too.
                std::mem::replace(goes_on, player.advance(FRAME, *speed, &|| is_fastest))
            }
        }
    }
}

/// A film that is being drawn.
struct Film {
    store: Store,
    source: Source,
    still: Still,
    gif: Gif,
    pace: String,
}

impl Film {
    fn new(store: Store, backend: Backend) -> Option<Self> {
        let source = Source::of(store, backend)?;
        let still = Still::new(WIDTH)?;
        let (width, height) = still.size();
        let (grounds, inks) = still.colours();
        let size = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
        let pace = match &source {
            Source::Past { .. } => store.playback.rate.get_untracked().describe(),
            Source::Run { speed, .. } => speed.describe(),
        };
        Some(Self { store, source, still, gif: Gif::new(size, &grounds, &inks).ok()?, pace })
    }

    /// Draws the frame of the present moment.
    fn draw(&mut self) -> Option<()> {
        self.source.show(self.store, |view, scene, at_us| {
            self.still.draw(view, scene, &format!("{} · {}", text::stamp(at_us), self.pace));
        });
        self.gif.add(&self.still.pixels()?, FRAME_CS).ok()
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        self.gif.hold(LAST_CS);
        self.gif.finish().ok()
    }
}

/// The button that saves a film, and ends it early.
#[component]
pub(crate) fn FilmButton() -> impl IntoView {
    let (store, backend) = (Store::here(), Backend::here());
    // The number of frames of the film that is being drawn.
    let frames = RwSignal::new(None::<u32>);
    let film = StoredValue::new_local(None::<Film>);
    let is_present = reactive::flag(move || store.is_live() && !store.playback.is_past());
    let press = move |_| {
        if frames.get_untracked().is_some() {
            return finish(store, film, frames);
        }
        if store.is_live() && !store.playback.is_past_now() {
            return;
        }
        match Film::new(store, backend) {
            Some(new) => {
                film.set_value(Some(new));
                frames.set(Some(0));
                next(store, film, frames);
            }
            None => store.notify(Notice::new("The browser did not let the page draw a film".to_owned())),
        }
    };
    let effect = move || {
        if is_present.get() {
            "First go to the moment at which the film is to begin"
        } else {
            "The ring from this moment on, at the chosen speed, 20 seconds at most"
        }
    };
    view! {
        <button
            class="bare"
            type="button"
            data-testid="save-gif"
            title=reactive::text(effect)
            aria-description=reactive::text(effect)
            aria-disabled=reactive::text(move || is_present.get().to_string())
            on:click=press
        >
            {reactive::text(move || match frames.get() {
                None => "GIF film of the ring, from this moment on (20 s at most)".to_owned(),
                Some(frames) => format!("Stop the film here: {}.{} s", frames / 20, frames % 20 / 2),
            })}
        </button>
    }
}

/// Draws a frame, then the next one in a task of its own: the page stays usable, and a page that is hidden
/// draws on.
fn next(store: Store, film: StoredValue<Option<Film>, LocalStorage>, frames: RwSignal<Option<u32>>) {
    let drawn = film.try_update_value(|film| {
        let film = film.as_mut()?;
        film.draw()?;
        Some(film.source.next(store))
    });
    let count = frames.try_get_untracked().flatten();
    match (drawn.flatten(), count) {
        (Some(true), Some(count)) if count + 1 < MOST_FRAMES => {
            frames.set(Some(count + 1));
            set_timeout(move || next(store, film, frames), Duration::ZERO);
        }
        (Some(_), Some(_)) => finish(store, film, frames),
        // It was ended, or the panel was closed.
        (None, _) | (_, None) => {}
    }
}

fn finish(store: Store, film: StoredValue<Option<Film>, LocalStorage>, frames: RwSignal<Option<u32>>) {
    frames.set(None);
    let made = film.try_update_value(Option::take).flatten().and_then(Film::finish);
    match made.and_then(|content| clipboard::download(FILE, &content)) {
        Some(()) => store.announce(format!("{FILE} saved")),
        None => store.notify(Notice::new("The browser did not let the page save a file".to_owned())),
    }
}
