//! Looking at the past of a live ring: the moment that is shown takes the place of the present, which goes on
//! behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::timeline::Position;
use ringleader_shared::{Event, NodeName, RingView, RunId, Seq};

use super::log::begins;
use super::pace::after;
use super::playback::Shown;
use super::{Change, Line, NodeLog, Store, now_ms, since_last_frame};
use crate::chunk::{NotLoaded, chunk};
use crate::notice::Notice;

/// The number of events before a moment from which its logs are filled.
const LOGGED: u64 = 4_000;

/// The shortest time between two fillings of the logs, in milliseconds.
const LOGS_EVERY_MS: f64 = 300.0;

/// The real time without an event that is passed over, and the real time for which what follows is awaited.
const FOLDED: Duration = Duration::from_millis(700);
const BEFORE_NEXT: Duration = Duration::from_millis(250);

/// The functions of the past, which only those need who look back.
#[derive(Clone, Copy)]
struct PastCode {
    look_at: fn(Store, Shown),
    return_to_present: fn(Store),
    play: fn(Store),
}

chunk! {
    past,
    fn load_code() -> PastCode {
        code()
    }
}

const fn code() -> PastCode {
    PastCode { look_at: Store::look_at_now, return_to_present: Store::return_now, play: Store::play_now }
}

/// The functions, once they are loaded.
static CODE: OnceLock<PastCode> = OnceLock::new();

/// Loads the functions of the past, so that from then on a moment is shown at once.
///
/// # Errors
/// A notice, when they can't be loaded.
pub(crate) async fn load_past() -> Result<(), Notice> {
    let code = load_code().await.map_err(|NotLoaded| Notice::not_loaded("the past"))?;
    CODE.get_or_init(|| code);
    Ok(())
}

impl Store {
    /// Shows a moment of the past: at once, if one was shown before.
    pub(crate) fn look_at(self, shown: Shown) {
        self.with_past(move |code| (code.look_at)(self, shown));
    }

    /// Shows the present again; of a kept run, which has none, the end.
    pub(crate) fn return_to_present(self) {
        self.playback.playing.set(false);
        if self.is_kept() {
            self.look_at_end();
        } else if self.playback.is_past_now() {
            self.with_past(move |code| (code.return_to_present)(self));
        }
    }

    /// Lets the moment that is shown move on, until it is the present.
    pub(crate) fn play_past(self) {
        self.with_past(move |code| (code.play)(self));
    }

    fn with_past(self, act: impl FnOnce(PastCode) + 'static) {
        #[cfg(not(feature = "split"))]
        CODE.get_or_init(code);
        if let Some(code) = CODE.get() {
            return act(*code);
        }
        spawn_local(async move {
            match load_past().await {
                Ok(()) => self.with_past(act),
                Err(notice) => self.notify(notice),
            }
        });
    }

    /// Changes the log of a node as it is in the present, whatever is shown.
    pub(super) fn change_present_log(self, name: &NodeName, change: impl FnOnce(&mut NodeLog)) {
        if self.present_logs.with_value(Option::is_none) {
            return change(&mut self.log(name).write_untracked());
        }
        self.present_logs.update_value(|logs| {
            if let Some(logs) = logs {
                change(logs.entry(name.clone()).or_default());
            }
        });
    }

    /// Appends events to the timeline.
    pub(super) fn remember(self, events: &[Event]) {
        self.remember_each(events.iter().cloned().map(Arc::new));
    }

    fn remember_each(self, events: impl Iterator<Item = Arc<Event>>) {
        self.playback.timeline.update_value(|timeline| {
            self.playback.figures.update_value(|figures| {
                for event in events {
                    timeline.push(Arc::clone(&event));
                    figures.note(&event, timeline.now());
                }
            });
        });
        self.playback.changed.notify();
    }

    /// Appends those of a simulated run's events that the timeline does not have. They led to this state.
    pub(crate) fn remember_played(self, events: &[Event], state: &RingView) {
        let end = self.playback.timeline.with_value(|timeline| timeline.end());
        let known = events.iter().take_while(|event| event.seq.0 <= end.0).count();
        let news = events.get(known..).unwrap_or_default();
        match news.first() {
            Some(first) if first.seq.0 == end.0 + 1 => self.remember(news),
            // Some are missing in between: it went too fast.
            Some(_) => self.playback.begin(state.clone(), false),
            None => {}
        }
    }

    /// Forgets what was played of a simulated run: another one is shown.
    pub(crate) fn forget_played(self) {
        self.playback.begin(RingView::empty(), false);
    }

    /// Forgets what was played after this state: other events follow.
    pub(crate) fn forget_played_after(self, state: &RingView) {
        self.playback.forget_after(state);
    }

    /// Begins the timeline with events that were before the snapshot with which it begins, where they go back
    /// to the beginning of the run. What was shown of the past stays.
    pub(super) fn remember_from_the_beginning(self, events: &[Event], run: RunId, snapshot: Seq) {
        let Some(begin) = events.iter().rposition(begins(run)) else { return };
        let before: Vec<Event> =
            events[begin..].iter().take_while(|event| event.seq <= snapshot).cloned().collect();
        let is_whole = before.last().is_some_and(|last| last.seq == snapshot);
        let first = before.first().map_or(0, |first| first.seq.0.saturating_sub(1));
        let later: Vec<Arc<Event>> = self
            .playback
            .timeline
            .with_value(|timeline| timeline.events(Position(snapshot.0), timeline.end()).cloned().collect());
        if !is_whole {
            return;
        }
        // What the run begins with makes all of the state.
        let begins = RingView { seq: Seq(first), ..RingView::empty() };
        self.playback.begin(begins, true);
        self.remember(&before);
        self.remember_each(later.into_iter());
    }
}

/// The functions that are in the chunk.
impl Store {
    fn look_at_now(self, shown: Shown) {
        let playback = self.playback;
        if !playback.is_past_now() {
            self.leave_present();
        }
        let moved = playback.timeline.with_value(|timeline| {
            playback.moment.try_update_value(|moment| {
                let before = moment.as_ref().map(|moment| moment.position());
                let moment = moment.get_or_insert_with(|| timeline.at(shown.position));
                timeline.seek(moment, shown.position);
                (before != Some(moment.position())).then(|| moment.view().clone())
            })
        });
        // Before the views: they ask whether it is the past.
        playback.shown.set(Some(shown));
        if let Some(view) = moved.flatten() {
            self.view.set(view);
            after(self.past_pace, move || self.fill_past_logs());
        }
    }

    /// Puts the present aside: it goes on, and nothing of it is shown.
    fn leave_present(self) {
        self.changed(Change::Gap);
        let mut present = BTreeMap::new();
        self.logs.with_value(|logs| {
            for (name, log) in logs {
                present.insert(name.clone(), log.get_untracked());
            }
        });
        self.present_logs.set_value(Some(present));
        self.playback.moment.set_value(None);
    }

    fn return_now(self) {
        let playback = self.playback;
        playback.shown.set(None);
        playback.moment.set_value(None);
        self.view.set(playback.timeline.with_value(|timeline| timeline.now().clone()));
        let mut present = self.present_logs.try_update_value(Option::take).flatten().unwrap_or_default();
        let known: Vec<_> =
            self.logs.with_value(|logs| logs.iter().map(|(name, log)| (name.clone(), log.clone())).collect());
        for (name, log) in known {
            log.set(present.remove(&name).unwrap_or_default());
        }
        present.into_iter().for_each(|(name, log)| self.log(&name).set(log));
        self.changed(Change::Gap);
    }

    /// Fills the logs with what was in them at the moment that is shown.
    fn fill_past_logs(self) {
        self.past_pace.try_update_value(|pace| pace.done(now_ms(), LOGS_EVERY_MS));
        let Some(Some(Shown { position, .. })) = self.playback.shown.try_get_untracked() else { return };
        let mut lines: BTreeMap<NodeName, NodeLog> = BTreeMap::new();
        self.playback.timeline.with_value(|timeline| {
            let from = Position(position.0.saturating_sub(LOGGED)).max(timeline.begin());
            let begins = self.playback.run_begins.get_value();
            let empty = || NodeLog::since(from > begins);
            for node in self
                .view
                .with_untracked(|view| view.nodes.iter().map(|it| it.name.clone()).collect::<Vec<_>>())
            {
                lines.insert(node, empty());
            }
            for (after, event) in (from.0 + 1..).zip(timeline.events(from, position)) {
                if let (Some(node), Some(line)) = (&event.node, Line::of(event, self.simulated)) {
                    lines.entry(node.clone()).or_insert_with(empty).push(line);
                }
                if let Some((first, last)) = timeline.missing_at(Position(after)) {
                    lines.values_mut().for_each(|log| log.push(Line::missing(first, last)));
                }
            }
        });
        for (node, log) in lines {
            self.log(&node).set(log);
        }
    }

    fn play_now(self) {
        let playback = self.playback;
        if playback.is_past_now() && !playback.playing.get_untracked() {
            playback.playing.set(true);
            playback.framed_ms.set_value(None);
            request_animation_frame(move || self.past_frame());
        }
    }

    fn past_frame(self) {
        let playback = self.playback;
        let (Some(true), Some(Some(shown))) =
            (playback.playing.try_get_untracked(), playback.shown.try_get_untracked())
        else {
            return;
        };
        match self.moved_on(shown, since_last_frame(playback.framed_ms)) {
            Some(shown) => {
                self.look_at_now(shown);
                request_animation_frame(move || self.past_frame());
            }
            None => self.return_to_present(),
        }
    }

    /// The moment that follows in so much real time; `None` for the present.
    pub(crate) fn moved_on(self, shown: Shown, real: Duration) -> Option<Shown> {
        let playback = self.playback;
        let (rate, folds) = (playback.rate.get_untracked(), playback.folds.get_untracked());
        let nanoseconds = |real: Duration| nanoseconds(rate.recorded(real));
        let mut at_ns = shown.at_ns + nanoseconds(real);
        playback.timeline.with_value(|timeline| {
            let next = timeline
                .event_after(shown.position)
                .map(|_| timeline.time_at(Position(shown.position.0 + 1)));
            match next {
                Some(next_us) => {
                    let next_ns = next_us * 1000;
                    let is_still = timeline.flights_at(at_ns / 1000).next().is_none();
                    if folds && is_still && next_ns > at_ns + nanoseconds(FOLDED) {
                        at_ns = next_ns - nanoseconds(BEFORE_NEXT);
                    }
                }
                None => {
                    let present_us = self.server_time_us().unwrap_or_default().max(timeline.now_us());
                    if folds || at_ns / 1000 >= present_us {
                        return None;
                    }
                }
            }
            let position = timeline.position_at(at_ns / 1000).max(shown.position);
            Some(Shown { position, at_ns })
        })
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
