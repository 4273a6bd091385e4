//! An election step by step: for a trace of the very run that is counted.

use std::collections::BTreeMap;

use ringleader_election::classic::{Payload, Progress, Why};
pub use ringleader_election::{DropReason, Explanation};
use ringleader_shared::{RingMessage, Role};

/// A message as its sender packs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// One of a classic algorithm's own.
    Classic(Payload<u32>),
    /// One of max-ring's.
    MaxRing(RingMessage),
    /// The lap that announces the result of an algorithm in which not every member finds it.
    Result {
        /// The label of the leader.
        leader: u32,
    },
}

/// Reason for what a member did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A rule of a classic algorithm.
    Classic(Why<u32>),
    /// A rule of max-ring.
    MaxRing(Explanation),
    /// A rule of max-ring by which the message goes no further.
    Dropped(DropReason),
}

/// The state of a member after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In a classic election.
    Classic(Progress<u32>),
    /// In max-ring.
    MaxRing(Role),
}

/// The cause of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It starts of its own accord.
    Starts,
    /// A message arrives.
    Receives {
        /// The number that the message was sent with.
        number: u64,
        /// The place of its sender.
        from: u32,
        /// The message.
        message: Message,
    },
}

/// A message that was sent in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// From 1, in the order of sending.
    pub number: u64,
    /// The place of the receiver.
    pub to: u32,
    /// The message.
    pub message: Message,
}

/// One member acts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Time, in [`TICKS`](super::TICKS).
    pub at: u64,
    /// The place of the member.
    pub member: u32,
    /// The cause.
    pub cause: Cause,
    /// Its decisions, in order.
    pub decisions: Vec<Decision>,
    /// The messages that it sent, in order.
    pub sent: Vec<Sent>,
    /// The label of the leader, in the step in which the member learns it.
    pub learnt: Option<u32>,
    /// The new state of the member, when that has changed.
    pub state: Option<State>,
}

/// A run whose trace would be longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this election takes more than {most} messages")]
pub struct TooLong {
    /// The most messages that a trace may have.
    pub most: u64,
}

/// One that follows a run. What it does not override costs nothing.
pub(super) trait Watch {
    /// Whether it wants to have messages packed.
    const LISTENS: bool;

    fn acts(&mut self, _at: u64, _member: u32) {}
    fn receives(&mut self, _from: u32, _message: Message) {}
    fn decides(&mut self, _decision: Decision) {}
    fn sends(&mut self, _to: u32, _message: Message) {}
    fn learns(&mut self, _leader: u32) {}
    fn becomes(&mut self, _state: State) {}
}

/// A run that is only counted.
pub(super) struct Unwatched;

impl Watch for Unwatched {
    const LISTENS: bool = false;
}

/// Writes every step down.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    steps: Vec<Step>,
    sent: u64,
    /// The messages in transit, by sender and receiver. Equal messages between the same two are distinguished
    /// by their order.
    on_way: BTreeMap<(u32, u32), Vec<(u64, Message)>>,
    states: BTreeMap<u32, State>,
}

impl Recorder {
    pub(super) fn check(&self, most: u64) -> Result<(), TooLong> {
        if self.sent > most { Err(TooLong { most }) } else { Ok(()) }
    }

    pub(super) fn finish(self) -> Vec<Step> {
        self.steps
    }
}

impl Watch for Recorder {
    const LISTENS: bool = true;

    fn acts(&mut self, at: u64, member: u32) {
        let (decisions, sent) = (Vec::new(), Vec::new());
        let step = Step { at, member, cause: Cause::Starts, decisions, sent, learnt: None, state: None };
        self.steps.push(step);
    }

    fn receives(&mut self, from: u32, message: Message) {
        let Some(step) = self.steps.last_mut() else { return };
        let link = self.on_way.entry((from, step.member)).or_default();
        let number = match link.iter().position(|(_, on_way)| *on_way == message) {
            Some(index) => link.remove(index).0,
            None => 0,
        };
        step.cause = Cause::Receives { number, from, message };
    }

    fn decides(&mut self, decision: Decision) {
        self.steps.last_mut().into_iter().for_each(|step| step.decisions.push(decision));
    }

    fn sends(&mut self, to: u32, message: Message) {
        let Some(step) = self.steps.last_mut() else { return };
        self.sent += 1;
        step.sent.push(Sent { number: self.sent, to, message });
        self.on_way.entry((step.member, to)).or_default().push((self.sent, message));
    }

    fn learns(&mut self, leader: u32) {
        self.steps.last_mut().into_iter().for_each(|step| step.learnt = Some(leader));
    }

    fn becomes(&mut self, state: State) {
        if let Some(step) = self.steps.last_mut()
            && self.states.insert(step.member, state) != Some(state)
        {
            step.state = Some(state);
        }
    }
}
