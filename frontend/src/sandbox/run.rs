//! A run as the page knows it, which has no simulator until the sandbox is opened.

use std::time::Duration;

use ringleader_shared::{Event, NodeName, RingView, Seq};
use ringleader_simulator::{Action, InFlight};

use super::permalink::{Moment, Permalink, Refused};
use super::settings::Settings;
use super::speed::Speed;
use crate::command::Command;

/// A run that is played. The part that is shown begins when the nodes have found each other.
pub(crate) trait Run {
    /// The ring.
    fn view(&self) -> &RingView;

    /// The messages in transit.
    fn flights(&self) -> &[InFlight];

    /// The present virtual time.
    fn now(&self) -> Duration;

    /// The virtual time at which the shown part begins.
    fn begin(&self) -> Duration;

    /// The latest virtual time that was played.
    fn end(&self) -> Duration;

    /// Whether the run is at the beginning of the shown part.
    fn is_at_begin(&self) -> bool;

    /// The newest events, and whether all after `known` are among them.
    fn events_after(&self, known: Seq) -> (&[Event], bool);

    /// The events of the last stretch of time, newest first.
    fn events_since(&self, then: Duration) -> Box<dyn Iterator<Item = &Event> + '_>;

    /// Advances virtual time at this speed. While no message is in transit it goes on to the next event.
    /// Returns false when there is none: nothing more happens by itself.
    fn advance(&mut self, real: Duration, speed: Speed, is_late: &dyn Fn() -> bool) -> bool;

    /// Steps forward past the next event. Returns false when there is none.
    fn step(&mut self) -> bool;

    /// Steps back before the last event, but not beyond the beginning of the shown part.
    fn step_back(&mut self);

    /// Goes to any time from the beginning of the shown part to the latest one played.
    fn seek(&mut self, then: Duration);

    /// Goes to just after an event that was played, and that happened in this microsecond. Events that are
    /// reported together have one moment.
    fn go_to_event(&mut self, at_us: u64, seq: Seq);

    /// Goes to a moment that was played.
    fn go_to(&mut self, moment: Moment);

    /// Another run in the same state.
    fn copy(&self) -> Box<dyn Run>;

    /// The digest of the present state: two rings in the same state have the same.
    fn digest(&self) -> u64;

    /// The actions that carry a command out, all at one time; or the reason why it can't be carried out.
    fn actions(&self, command: &Command) -> Result<Vec<Action>, String>;

    /// Performs these actions now. An election among them replaces the one that the settings ask for, if that
    /// has not begun: one click is one election.
    fn act(&mut self, actions: &[Action]);

    /// The permalink to this run and the moment that is shown.
    fn permalink(&self, settings: &Settings, speed: Speed) -> Permalink;

    /// The name of the next node that is added.
    fn next_name(&self) -> NodeName;
}

/// The functions that make runs.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    /// The run of a permalink, at the moment that it gives.
    pub(crate) open: fn(&Permalink) -> Box<dyn Run>,
    /// The text of a permalink.
    pub(crate) write: fn(&Permalink) -> String,
    /// The permalink in a fragment, and the parts of it that make no sense.
    pub(crate) read: fn(&str) -> (Permalink, Vec<Refused>),
}

impl Engine {
    /// A ring with these settings at its beginning, with no actions but those that follow from them.
    pub(crate) fn afresh(self, settings: &Settings) -> Box<dyn Run> {
        (self.open)(&Permalink::new(settings.clone(), Speed::default()))
    }
}
