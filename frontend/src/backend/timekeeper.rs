//! The time that is shown, of a live ring, of a kept run or of the sandbox: each has a past in which one can
//! go back and forth, and all are controlled alike.

use std::time::Duration;

use leptos::prelude::*;
use ringleader_shared::Seq;
use ringleader_shared::timeline::Position;

use super::Backend;
use super::sandbox::Sandbox;
use crate::address::AddressWriter;
use crate::sandbox::speed::Speed;
use crate::state::{Rate, Shown, Store, microseconds};

/// The times of a ring, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// The earliest time that can be shown.
    pub(crate) begin: u64,
    /// The time that is shown.
    pub(crate) now: u64,
    /// The latest time that can be shown.
    pub(crate) end: u64,
}

/// The control of the time that is shown. A handle: copies are the same.
#[derive(Clone, Copy)]
pub(crate) struct Timekeeper {
    store: Store,
    backend: Backend,
    address: AddressWriter,
}

impl Timekeeper {
    /// The one of the ring that the component belongs to.
    pub(crate) fn here() -> Self {
        Self { store: Store::here(), backend: Backend::here(), address: expect_context() }
    }

    /// The times now. They grow by themselves in a live ring.
    pub(crate) fn times(self) -> Times {
        let playback = self.store.playback;
        playback.changed.track();
        if let Some(sandbox) = self.sandbox() {
            sandbox.moment.track();
            return sandbox.read(|player| Times {
                begin: microseconds(player.begin()),
                now: microseconds(player.now()),
                end: microseconds(player.end()),
            });
        }
        let shown = playback.shown.get();
        let (begin, last) =
            playback.timeline.with_value(|timeline| (timeline.time_at(timeline.begin()), timeline.now_us()));
        let end = self.store.server_time_us().unwrap_or_default().max(last);
        Times { begin, now: shown.map_or(end, |shown| shown.at_ns / 1000), end }
    }

    /// The sandbox, if it is the sandbox's time.
    pub(crate) fn sandbox(self) -> Option<Sandbox> {
        self.backend.sandbox()
    }

    /// Whether nothing more happens by itself. Never in a live ring.
    pub(crate) fn is_over(self) -> bool {
        match self.sandbox() {
            Some(sandbox) => sandbox.quiet.get(),
            None => self.store.is_at_end() && !self.store.playback.playing.get(),
        }
    }

    /// The same as [`Timekeeper::is_live`], outside of reactive code.
    pub(crate) fn is_live_now(self) -> bool {
        self.sandbox().is_none() && !self.store.playback.is_past_now()
    }

    /// Whether this is the present of a live ring.
    pub(crate) fn is_live(self) -> bool {
        self.sandbox().is_none() && !self.store.playback.is_past()
    }

    /// Whether time moves on.
    pub(crate) fn plays(self) -> bool {
        match self.sandbox() {
            Some(sandbox) => sandbox.playing.get(),
            None => !self.store.playback.is_past() || self.store.playback.playing.get(),
        }
    }

    /// Lets time move on, or stops it.
    pub(crate) fn toggle(self) {
        let playback = self.store.playback;
        match self.sandbox() {
            Some(sandbox) => sandbox.toggle(),
            None if playback.playing.get_untracked() => playback.playing.set(false),
            None if playback.is_past_now() => {
                if untrack(|| self.store.is_at_end()) {
                    self.go_to_begin();
                }
                self.store.play_past();
            }
            None => self.go(untrack(|| self.times()).end),
        }
    }

    fn stop(self) {
        self.store.playback.playing.set(false);
    }

    /// Shows this time, in microseconds.
    pub(crate) fn go(self, at_us: u64) {
        match self.sandbox() {
            Some(sandbox) => sandbox.seek(Duration::from_micros(at_us)),
            None => {
                let position =
                    self.store.playback.timeline.with_value(|timeline| timeline.position_at(at_us));
                self.store.look_at(Shown { position, at_ns: at_us * 1000 });
            }
        }
    }

    /// Shows a position of the timeline.
    pub(crate) fn go_to_position(self, position: Position) {
        let at_us = self.store.playback.timeline.with_value(|timeline| timeline.time_at(position));
        match self.sandbox() {
            Some(sandbox) => sandbox.go_to_event(at_us, Seq(position.0)),
            None => self.store.look_at(Shown { position, at_ns: at_us * 1000 }),
        }
    }

    /// Shows a position that the reader has pressed: the way back in the browser leads to the moment before.
    pub(crate) fn jump(self, position: Position) {
        self.address.jump(|| self.go_to_position(position));
    }

    /// The position that is shown, outside of reactive code.
    pub(crate) fn position(self) -> Position {
        let playback = self.store.playback;
        match (self.sandbox(), playback.shown.get_untracked()) {
            (Some(sandbox), _) => Position(sandbox.read(|player| player.view().seq.0)),
            (None, Some(shown)) => shown.position,
            (None, None) => playback.timeline.with_value(|timeline| timeline.end()),
        }
    }

    /// Shows the moment after the next event, or before the last one.
    pub(crate) fn step(self, forward: bool) {
        match self.sandbox() {
            Some(sandbox) if forward => sandbox.step(),
            Some(sandbox) => sandbox.step_back(),
            None => {
                self.stop();
                let here = self.position();
                let (begin, end) =
                    self.store.playback.timeline.with_value(|timeline| (timeline.begin(), timeline.end()));
                if forward && here >= end {
                    self.store.return_to_present();
                } else {
                    let place = if forward { here.0 + 1 } else { here.0.saturating_sub(1) };
                    self.go_to_position(Position(place).max(begin));
                }
            }
        }
    }

    /// Shows the next mark, or the one before.
    pub(crate) fn go_to_mark(self, forward: bool) {
        self.stop();
        let here = self.position();
        let mark = self.store.playback.timeline.with_value(|timeline| {
            let mark = if forward { timeline.mark_after(here) } else { timeline.mark_before(here) };
            mark.map(|mark| mark.position)
        });
        match mark {
            Some(position) => self.go_to_position(position),
            None if forward => self.go_to_end(),
            None => self.go_to_begin(),
        }
    }

    /// Goes so many milliseconds forward or back.
    pub(crate) fn nudge(self, milliseconds: u64, forward: bool) {
        self.stop();
        let Times { begin, now, end } = untrack(|| self.times());
        let by = milliseconds * 1000;
        let then = if forward { now.saturating_add(by) } else { now.saturating_sub(by) };
        if forward && then >= end { self.go_to_end() } else { self.go(then.clamp(begin, end)) }
    }

    /// Goes to the earliest moment.
    pub(crate) fn go_to_begin(self) {
        self.stop();
        match self.sandbox() {
            Some(sandbox) => sandbox.seek(Duration::ZERO),
            None => {
                let begin = self.store.playback.timeline.with_value(|timeline| timeline.begin());
                // Before the first event of a run there is no ring.
                self.go_to_position(begin.max(Position(1)));
            }
        }
    }

    /// Goes to the latest moment: in a live ring, to the present.
    pub(crate) fn go_to_end(self) {
        match self.sandbox() {
            Some(sandbox) => sandbox.seek(Duration::MAX),
            None => self.store.return_to_present(),
        }
    }

    /// Lets time move faster or more slowly.
    pub(crate) fn change_pace(self, faster: bool) {
        match self.sandbox() {
            Some(sandbox) => sandbox.set_speed(sandbox.speed.get_untracked().next(faster)),
            None => self.store.playback.rate.update(|rate| *rate = rate.next(faster)),
        }
    }

    /// The paces that can be chosen, each with its value and its description.
    pub(crate) fn paces(self) -> Vec<(String, String)> {
        if self.sandbox().is_some() {
            return Speed::ALL.iter().map(|it| (it.number().to_string(), it.describe())).collect();
        }
        Rate::ALL.iter().map(|rate| (rate.describe(), rate.describe())).collect()
    }

    /// The pace now, by its value and its description.
    pub(crate) fn pace(self) -> (String, String) {
        match self.sandbox() {
            Some(sandbox) => {
                let speed = sandbox.speed.get();
                (speed.number().to_string(), speed.describe())
            }
            None => {
                let rate = self.store.playback.rate.get().describe();
                (rate.clone(), rate)
            }
        }
    }

    /// Chooses a pace by its value.
    pub(crate) fn choose_pace(self, value: &str) {
        match self.sandbox() {
            Some(sandbox) => {
                if let Some(speed) = Speed::numbered(value) {
                    sandbox.set_speed(speed);
                }
            }
            None => {
                if let Some(rate) = Rate::named(value) {
                    self.store.playback.rate.set(rate);
                }
            }
        }
    }
}
