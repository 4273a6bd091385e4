//! Chains of events and their steps.

use std::fmt;

use super::sentence;
use crate::causality::Events;
use crate::event::Event;
use crate::text;
use crate::timeline::Position;

/// One event of a chain, with its sentence by `Display`.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    position: Position,
    event: &'a Event,
    /// The time since the next step of the chain, its cause.
    later_us: Option<u64>,
}

impl<'a> Step<'a> {
    /// The step that is the event at a position.
    pub(super) fn at<E: Events + ?Sized>(events: &'a E, position: Position) -> Option<Self> {
        Some(Self { position, event: events.event(position)?, later_us: None })
    }

    /// The position after the event: that of the moment to go to.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> &'a Event {
        self.event
    }

    /// The time from its cause, which is the next step of the chain, in microseconds; `None` for the last
    /// step.
    #[must_use]
    pub const fn later_us(&self) -> Option<u64> {
        self.later_us
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence::of(self.event))?;
        match self.later_us {
            Some(later) if later > 0 => write!(f, ", {} later", text::duration(later)),
            _ => Ok(()),
        }
    }
}

/// The kind of event with which a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The user did something.
    Action,
    /// Something failed.
    Fault,
    /// The run began.
    Beginning,
    /// The cause of the last step is not kept.
    Forgotten,
}

/// Events of which each follows from the next. Has at least one.
#[derive(Debug, Clone)]
pub struct Chain<'a> {
    steps: Vec<Step<'a>>,
    ending: Ending,
}

impl<'a> Chain<'a> {
    pub(super) fn new(mut steps: Vec<Step<'a>>, ending: Ending) -> Self {
        for place in 1..steps.len() {
            let [effect, cause, ..] = &mut steps[place - 1..] else { break };
            effect.later_us = Some(effect.event.at_us.saturating_sub(cause.event.at_us));
        }
        Self { steps, ending }
    }

    /// The steps, from the effect back to the first cause.
    #[must_use]
    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// The kind of its last step.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.ending
    }
}
