//! The sandbox as a backend: it plays a run, and shows each moment of it in the state.

use std::time::Duration;

use leptos::prelude::*;
use ringleader_shared::{NodeName, Seq};

use crate::address::{AddressWriter, Choice};
use crate::command::Command;
use crate::notice::Notice;
use crate::sandbox::permalink::{Moment, Permalink, Refused};
use crate::sandbox::run::{Engine, Run};
use crate::sandbox::settings::Settings;
use crate::sandbox::speed::Speed;
use crate::state::{NodeLog, Store, now_ms, since_last_frame};

/// The time that the simulator may take in each frame, in milliseconds.
const BUDGET_MS: f64 = 7.0;

/// The functions of the sandbox that the rest of the page calls and does not contain: they are in a chunk of
/// the program.
#[derive(Clone, Copy)]
pub(crate) struct SandboxCode {
    engine: Engine,
    open: fn(Store, SandboxCode) -> Sandbox,
    show: fn(Sandbox),
    submit: fn(Sandbox, &Command) -> Result<(), Notice>,
    frame: fn(Sandbox),
}

impl SandboxCode {
    /// The functions, with those that make runs.
    pub(crate) const fn new(engine: Engine) -> Self {
        Self {
            engine,
            open: Sandbox::new,
            show: Sandbox::show_now,
            submit: Sandbox::submit_now,
            frame: Sandbox::frame_now,
        }
    }

    /// The ring that the sandbox begins with, shown in this state.
    pub(crate) fn open(self, store: Store) -> Sandbox {
        (self.open)(store, self)
    }
}

/// The ring in the page. A handle: copies are the same ring.
#[derive(Clone, Copy)]
pub(crate) struct Sandbox {
    /// The settings of the ring.
    pub(crate) settings: RwSignal<Settings>,
    /// The speed of its virtual time.
    pub(crate) speed: RwSignal<Speed>,
    /// Whether virtual time advances.
    pub(crate) playing: RwSignal<bool>,
    /// Whether nothing more happens by itself.
    pub(crate) quiet: RwSignal<bool>,
    /// Notified whenever another moment is shown.
    pub(crate) moment: Trigger,
    store: Store,
    code: SandboxCode,
    player: StoredValue<Box<dyn Run>, LocalStorage>,
    /// The last event of this run that the state shows; `None` before it shows any.
    seen: StoredValue<Option<Seq>>,
    /// The time of the last frame, in milliseconds.
    framed_ms: StoredValue<Option<f64>>,
    pub(crate) address: AddressWriter,
}

impl Sandbox {
    fn new(store: Store, code: SandboxCode) -> Self {
        let permalink = &Permalink::new(Settings::default(), Speed::default());
        let (settings, speed) = (RwSignal::new(permalink.settings.clone()), RwSignal::new(permalink.speed));
        let player = StoredValue::new_local((code.engine.open)(permalink));
        let sandbox = Self {
            store,
            settings,
            speed,
            playing: RwSignal::new(false),
            quiet: RwSignal::new(false),
            moment: Trigger::new(),
            code,
            player,
            seen: StoredValue::new(None),
            framed_ms: StoredValue::new(None),
            address: AddressWriter::new(Box::new(move || {
                Choice::of(store).added_to((code.engine.write)(&run(settings, speed, player)))
            })),
        };
        sandbox.show();
        sandbox
    }

    /// Reads from the run as it is now.
    pub(crate) fn read<T>(self, from: impl FnOnce(&dyn Run) -> T) -> T {
        self.player.with_value(|player| from(&**player))
    }

    /// The permalink in a fragment, and the parts of it that make no sense.
    pub(crate) fn permalink(self, fragment: &str) -> (Permalink, Vec<Refused>) {
        (self.code.engine.read)(fragment)
    }

    /// Shows another run, or another moment of the same one.
    pub(crate) fn open(self, permalink: &Permalink) {
        let now = run(self.settings, self.speed, self.player);
        let end = self.read(|player| player.end());
        let is_same = (&now.settings, &now.script) == (&permalink.settings, &permalink.script);
        if let Some(moment) = permalink.moment.filter(|moment| is_same && moment.at <= end) {
            self.speed.set(permalink.speed);
            return self.go_to(moment);
        }
        self.replace((self.code.engine.open)(permalink), &permalink.settings, permalink.speed);
    }

    /// Shows a ring with these settings at its beginning, without the actions on the former one.
    pub(crate) fn rebuild(self, settings: &Settings) {
        self.replace(self.code.engine.afresh(settings), settings, self.speed.get_untracked());
    }

    fn replace(self, player: Box<dyn Run>, settings: &Settings, speed: Speed) {
        self.playing.set(false);
        self.quiet.set(false);
        self.settings.set(settings.clone());
        self.speed.set(speed);
        self.player.set_value(player);
        self.seen.set_value(None);
        self.store.forget_played();
        self.store.remark.set(None);
        self.show();
    }

    /// Shows the present moment of the run.
    fn show(self) {
        (self.code.show)(self);
    }

    fn show_now(self) {
        let seen = self.seen.get_value();
        self.player.with_value(|player| {
            let seq = player.view().seq;
            if Some(seq) != seen {
                let (events, follow) = player.events_after(seen.unwrap_or_default());
                self.store.show(player.view().clone(), events, follow && seen.is_some());
                self.store.remember_played(events, player.view());
                self.seen.set_value(Some(seq));
            }
        });
        self.moment.notify();
        self.address.write_soon();
    }

    /// The log of one node, filled from the run when it is asked for the first time.
    pub(crate) fn log(self, name: &NodeName) -> ArcRwSignal<NodeLog> {
        let is_new = self.store.known_log(name).is_none();
        let log = self.store.log(name);
        if is_new {
            self.player.with_value(|player| self.store.fill_log(name, player.events_after(Seq(0)).0));
        }
        log
    }

    /// Carries a command out, at the virtual time that is shown.
    ///
    /// # Errors
    /// A notice with the reason, when it can't be carried out.
    pub(crate) fn submit(self, command: &Command) -> Result<(), Notice> {
        (self.code.submit)(self, command)
    }

    fn submit_now(self, command: &Command) -> Result<(), Notice> {
        if *command == Command::Reset {
            self.rebuild(&self.settings.get_untracked());
            return Ok(());
        }
        let actions = self.read(|player| player.actions(command)).map_err(Notice::new)?;
        // A ring in which nothing more happened goes on; one that the reader stopped does not.
        let goes_on = self.quiet.get_untracked() || self.read(|player| player.is_at_begin());
        self.player.update_value(|player| {
            self.store.forget_played_after(player.view());
            player.act(&actions);
        });
        self.quiet.set(false);
        self.show();
        if goes_on {
            self.play();
        }
        Ok(())
    }

    /// Plays; from the beginning, when nothing more happens at the present moment.
    pub(crate) fn play(self) {
        if self.quiet.get_untracked() {
            self.seek(Duration::ZERO);
        }
        if !self.playing.get_untracked() {
            self.playing.set(true);
            self.framed_ms.set_value(None);
            request_animation_frame(move || self.frame());
        }
    }

    /// Stops.
    pub(crate) fn pause(self) {
        self.playing.set(false);
    }

    /// Plays or stops.
    pub(crate) fn toggle(self) {
        if self.playing.get_untracked() { self.pause() } else { self.play() }
    }

    fn frame(self) {
        (self.code.frame)(self);
    }

    fn frame_now(self) {
        if !self.playing.get_untracked() {
            return;
        }
        let now = now_ms();
        let real = since_last_frame(self.framed_ms);
        let speed = self.speed.get_untracked();
        let mut goes_on = true;
        self.player.update_value(|player| {
            goes_on = player.advance(real, speed, &|| now_ms() - now > BUDGET_MS);
        });
        self.show();
        if goes_on {
            request_animation_frame(move || self.frame());
        } else {
            self.playing.set(false);
            self.quiet.set(true);
        }
    }

    /// Steps forward past the next event.
    pub(crate) fn step(self) {
        self.pause();
        let mut stepped = false;
        self.player.update_value(|player| stepped = player.step());
        self.quiet.set(!stepped);
        self.show();
    }

    /// Steps back before the last event.
    pub(crate) fn step_back(self) {
        self.go(|player| player.step_back());
    }

    /// Goes to a time that was played.
    pub(crate) fn seek(self, then: Duration) {
        self.go(|player| player.seek(then));
    }

    /// Goes to just after an event that was played, and that happened in this microsecond.
    pub(crate) fn go_to_event(self, at_us: u64, seq: Seq) {
        self.go(|player| player.go_to_event(at_us, seq));
    }

    /// Goes to a moment that was played.
    fn go_to(self, moment: Moment) {
        self.go(|player| player.go_to(moment));
    }

    fn go(self, step: impl FnOnce(&mut dyn Run)) {
        self.pause();
        self.quiet.set(false);
        self.player.update_value(|player| step(&mut **player));
        self.show();
    }

    /// Changes the speed.
    pub(crate) fn set_speed(self, speed: Speed) {
        self.speed.set(speed);
        self.address.write_soon();
    }

    /// The moment that is shown, with all that is chosen, as the part of an address behind `#`.
    pub(crate) fn fragment(self) -> String {
        Choice::of(self.store).added_to(self.run())
    }

    /// The moment that is shown, without what is chosen.
    pub(crate) fn run(self) -> String {
        (self.code.engine.write)(&run(self.settings, self.speed, self.player))
    }

    /// Keeps the entry of this fragment in the browser's history up to date from now on; `None` when another
    /// ring is shown.
    pub(crate) fn own_address(self, fragment: Option<&str>) {
        self.address.own(fragment);
        if fragment.is_none() {
            self.pause();
        }
    }
}

fn run(
    settings: RwSignal<Settings>,
    speed: RwSignal<Speed>,
    player: StoredValue<Box<dyn Run>, LocalStorage>,
) -> Permalink {
    let (settings, speed) = (settings.get_untracked(), speed.get_untracked());
    player.with_value(|player| player.permalink(&settings, speed))
}
