//! The sandbox: a ring that is simulated in the page itself, with time that can be stopped and turned back.
//!
//! What it must not know: how an election is decided, which the simulator knows, and how a ring is drawn. Its session takes the
//! place of the server: it feeds the same [`Store`] and carries the same [`Command`]s out.
//!
//! The way through it: [`settings`] and [`choice`] describe a ring, [`speed`] the pace of its virtual time, [`permalink`] is all of it
//! as an address, [`actions`] turns commands into actions, [`player`] plays; [`time_controls`] and [`form`] are the controls.

mod actions;
pub(crate) mod choice;
pub(crate) mod form;
pub(crate) mod permalink;
pub(crate) mod player;
pub(crate) mod settings;
pub(crate) mod speed;
pub(crate) mod time_controls;

use std::time::Duration;

use leptos::prelude::*;
use ringleader_shared::{NodeName, Seq};

use self::permalink::Permalink;
use self::player::Player;
use self::settings::Settings;
use self::speed::Speed;
use crate::address::Entry;
use crate::command::Command;
use crate::notice::Notice;
use crate::store::{Store, now_ms};

/// How much of a frame's time the simulator may take, in milliseconds.
const BUDGET_MS: f64 = 7.0;

/// A frame that took longer counts as one of this length: a page that was hidden does not catch up.
const LONGEST_FRAME_MS: f64 = 100.0;

/// How long the address rests before it is written again: browsers refuse to be told too often.
const REST: Duration = Duration::from_millis(400);

/// The ring in the page. A handle: copies are the same ring.
#[derive(Clone, Copy)]
pub(crate) struct Sandbox {
    /// What the ring is made of.
    pub(crate) settings: RwSignal<Settings>,
    /// How fast it is played.
    pub(crate) speed: RwSignal<Speed>,
    /// Whether it is played.
    pub(crate) playing: RwSignal<bool>,
    /// Whether nothing more happens by itself.
    pub(crate) quiet: RwSignal<bool>,
    /// Told whenever another moment is shown.
    pub(crate) moment: Trigger,
    player: StoredValue<Player, LocalStorage>,
    /// The last event of this run that the store has; none of a run that it has not seen.
    seen: StoredValue<Option<Seq>>,
    /// When the last frame was.
    framed: StoredValue<Option<f64>>,
    /// The history's entry that shows the moment, while the sandbox is looked at.
    entry: StoredValue<Option<Entry>>,
    /// Whether a timer runs that will write it.
    write_waits: StoredValue<bool>,
}

impl Sandbox {
    /// The ring of this permalink.
    pub(crate) fn new(permalink: &Permalink) -> Self {
        Self {
            settings: RwSignal::new(permalink.settings.clone()),
            speed: RwSignal::new(permalink.speed),
            playing: RwSignal::new(false),
            quiet: RwSignal::new(false),
            moment: Trigger::new(),
            player: StoredValue::new_local(Player::open(permalink)),
            seen: StoredValue::new(None),
            framed: StoredValue::new(None),
            entry: StoredValue::new(None),
            write_waits: StoredValue::new(false),
        }
    }

    /// Looks at the run as it is now.
    pub(crate) fn look<T>(self, at: impl FnOnce(&Player) -> T) -> T {
        self.player.with_value(at)
    }

    /// Shows another run.
    pub(crate) fn open(self, store: Store, permalink: &Permalink) {
        self.replace(store, Player::open(permalink), &permalink.settings, permalink.speed);
    }

    /// Shows a ring with these settings at its beginning; what was done to the one before is not done to it.
    pub(crate) fn rebuild(self, store: Store, settings: &Settings) {
        self.replace(store, Player::afresh(settings), settings, self.speed.get_untracked());
    }

    fn replace(self, store: Store, player: Player, settings: &Settings, speed: Speed) {
        self.playing.set(false);
        self.quiet.set(false);
        self.settings.set(settings.clone());
        self.speed.set(speed);
        self.player.set_value(player);
        self.seen.set_value(None);
        self.show(store);
    }

    /// Lets the store show what the run is now.
    pub(crate) fn show(self, store: Store) {
        let seen = self.seen.get_value();
        self.player.with_value(|player| {
            let seq = player.view().seq;
            if Some(seq) != seen {
                let (events, follow) = player.events_after(seen.unwrap_or_default());
                store.show(player.view().clone(), events, follow && seen.is_some());
                self.seen.set_value(Some(seq));
            }
        });
        self.moment.notify();
        self.write_soon();
    }

    /// The events that are kept, for a log that is opened only now.
    pub(crate) fn past(self, store: Store, name: &NodeName) {
        self.player.with_value(|player| store.fill_log(name, player.events_after(Seq(0)).0));
    }

    /// Carries a command out, at the virtual time that is shown.
    pub(crate) fn submit(self, store: Store, command: &Command) {
        if *command == Command::Reset {
            return self.rebuild(store, &self.settings.get_untracked());
        }
        let actions = self.look(|player| actions::actions(command, player.view()));
        match actions {
            Ok(actions) => {
                // A ring that stands still because nothing happens goes on; one that the reader stopped does not.
                let goes_on = self.quiet.get_untracked() || self.look(Player::is_at_begin);
                self.player.update_value(|player| player.act(&actions));
                self.quiet.set(false);
                self.show(store);
                if goes_on {
                    self.play(store);
                }
            }
            Err(why) => store.notify(Notice::new(why)),
        }
    }

    /// Plays; from the beginning, when nothing more happens where it is.
    pub(crate) fn play(self, store: Store) {
        if self.quiet.get_untracked() {
            self.seek(store, Duration::ZERO);
        }
        if !self.playing.get_untracked() {
            self.playing.set(true);
            self.framed.set_value(None);
            request_animation_frame(move || self.frame(store));
        }
    }

    /// Stops.
    pub(crate) fn pause(self) {
        self.playing.set(false);
    }

    /// Plays or stops.
    pub(crate) fn toggle(self, store: Store) {
        if self.playing.get_untracked() { self.pause() } else { self.play(store) }
    }

    fn frame(self, store: Store) {
        if !self.playing.get_untracked() {
            return;
        }
        let now = now_ms();
        let before = self.framed.get_value().unwrap_or(now);
        self.framed.set_value(Some(now));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let real = Duration::from_micros(((now - before).clamp(0.0, LONGEST_FRAME_MS) * 1000.0) as u64);
        let speed = self.speed.get_untracked();
        let mut goes_on = true;
        self.player.update_value(|player| {
            goes_on = player.advance(real, speed, || now_ms() - now > BUDGET_MS);
        });
        self.show(store);
        if goes_on {
            request_animation_frame(move || self.frame(store));
        } else {
            self.playing.set(false);
            self.quiet.set(true);
        }
    }

    /// To after the next thing that is told.
    pub(crate) fn step(self, store: Store) {
        self.pause();
        let mut stepped = false;
        self.player.update_value(|player| stepped = player.step());
        self.quiet.set(!stepped);
        self.show(store);
    }

    /// To before the last thing that was told.
    pub(crate) fn step_back(self, store: Store) {
        self.stand(store, Player::step_back);
    }

    /// To any time that was played.
    pub(crate) fn seek(self, store: Store, then: Duration) {
        self.stand(store, |player| player.seek(then));
    }

    fn stand(self, store: Store, go: impl FnOnce(&mut Player)) {
        self.pause();
        self.quiet.set(false);
        self.player.update_value(go);
        self.show(store);
    }

    /// Another speed.
    pub(crate) fn set_speed(self, speed: Speed) {
        self.speed.set(speed);
        self.write_soon();
    }

    /// What is shown, as the part of an address behind `#`.
    pub(crate) fn fragment(self) -> String {
        let (settings, speed) = (self.settings.get_untracked(), self.speed.get_untracked());
        self.look(|player| player.permalink(&settings, speed)).text()
    }

    /// Keeps the history's entry of this fragment in step from now on; or none, when another ring is looked at.
    pub(crate) fn own_address(self, fragment: Option<&str>) {
        self.entry.set_value(fragment.map(Entry::of));
        if fragment.is_some() {
            self.write_soon();
        } else {
            self.pause();
        }
    }

    fn write_soon(self) {
        let is_due = self.entry.with_value(Option::is_some) && !self.write_waits.get_value();
        if is_due {
            self.write_waits.set_value(true);
            set_timeout(move || self.write(), REST);
        }
    }

    fn write(self) {
        self.write_waits.set_value(false);
        let fragment = self.fragment();
        self.entry.update_value(|entry| {
            if let Some(entry) = entry {
                entry.rewrite(fragment);
            }
        });
    }
}
