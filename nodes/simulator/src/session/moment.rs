//! One moment of a run: the ring, the view that its events add up to, and how it came there. It only goes
//! forward; a clone of it is a snapshot.

use std::time::Duration;

use ringleader_election::Time;
use ringleader_shared::{Event, RingView, Seq};

use crate::rng::nanoseconds;
use crate::schedule::Action;
use crate::setup::Setup;
use crate::world::World;

/// An action and when it is done, in nanoseconds.
pub(super) type Planned = (u64, Action);

/// Position in a run: after so many things that happened, at this time. Several things may happen at one
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) happened: u64,
    /// In nanoseconds.
    pub(super) at: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Moment {
    world: World,
    view: RingView,
    /// Steps of the world and actions so far.
    happened: u64,
    /// Number of actions of the script that are done.
    done: usize,
    /// The step after which something was reported last, and the one before that; 0 for the beginning.
    reported: (u64, u64),
}

impl Moment {
    /// The beginning, with its reports.
    pub(super) fn first(setup: Setup) -> (Self, Vec<Event>) {
        let mut world = World::reporting(setup);
        let mut events = Vec::new();
        world.take_reported(&mut events);
        let mut view = RingView::empty();
        events.iter().for_each(|event| view.apply(event));
        (Self { world, view, happened: 0, done: 0, reported: (0, 0) }, events)
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn view(&self) -> &RingView {
        &self.view
    }

    pub(super) fn seq(&self) -> Seq {
        self.view.seq
    }

    pub(super) fn done(&self) -> usize {
        self.done
    }

    pub(super) fn position(&self) -> Position {
        Position { happened: self.happened, at: self.now() }
    }

    /// In nanoseconds.
    pub(super) fn now(&self) -> u64 {
        nanoseconds(self.world.now().0)
    }

    /// The step after which something was reported before the last time; 0 for the beginning.
    pub(super) fn reported_before(&self) -> u64 {
        self.reported.1
    }

    /// The step after which something was reported last.
    pub(super) fn reported(&self) -> u64 {
        self.reported.0
    }

    /// Time at which the next thing happens, in nanoseconds.
    pub(super) fn next_at(&self, script: &[Planned]) -> Option<u64> {
        let action = script.get(self.done).map(|(at, _)| *at);
        let step = self.world.next_at().map(|time| nanoseconds(time.0));
        action.into_iter().chain(step).min()
    }

    /// Lets the next thing happen, if it happens until then, and appends its reports. Says whether it did;
    /// if not, it is then.
    ///
    /// What is planned for the time of an action happens before it, as [`World::play`] has it.
    pub(super) fn go_on(&mut self, script: &[Planned], then: u64, reported: &mut Vec<Event>) -> bool {
        let action = script.get(self.done).filter(|(at, _)| *at <= then);
        let until = action.map_or(then, |(at, _)| *at);
        if !self.world.step_until(Time(Duration::from_nanos(until))) {
            let Some((_, action)) = action else { return false };
            self.world.act(*action);
            self.done += 1;
        }
        self.happened += 1;
        let before = reported.len();
        self.world.take_reported(reported);
        let news = reported.get(before..).unwrap_or_default();
        if !news.is_empty() {
            self.reported = (self.happened, self.reported.0);
        }
        news.iter().for_each(|event| self.view.apply(event));
        true
    }
}
