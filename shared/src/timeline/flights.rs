//! The messages on a timeline, from their sending to their end.

use std::collections::{BTreeMap, VecDeque};

use super::Position;
use super::lanes::{LaneNumber, Lanes};
use crate::event::{Event, EventKind, MessageInfo, MessageKind};
use crate::fault::Injection;
use crate::id::{Incarnation, MessageId, NodeName};
use crate::link::{LinkDirection, LinkKind};

/// A message that was sent, and its end if that has been reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    /// The position after its sending.
    pub sent: Position,
    /// The position after its end.
    pub ended: Option<Position>,
    /// Whether it ended without arriving.
    pub lost: bool,
    /// The position after the report that it goes out twice.
    pub doubled: Option<Position>,
    /// The time of its sending, in microseconds.
    pub sent_us: u64,
    /// The time of its end, in microseconds; 0 while there is none.
    pub ended_us: u64,
    /// The lane of its sender.
    pub from: LaneNumber,
    /// The lane of its receiver.
    pub to: LaneNumber,
    /// Its kind.
    pub kind: MessageKind,
}

/// The most arrivals that wait for their sending.
const MOST_EARLY: usize = 256;

/// A change of the messages in transit that an event reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FlightChange<'a> {
    /// A message leaves.
    Departs {
        /// The message.
        message: &'a MessageInfo,
        /// Its sender.
        from: &'a NodeName,
        /// Its receiver.
        to: &'a NodeName,
        /// The time for which the sender holds it back, in microseconds.
        hold_us: u64,
    },
    /// A message arrives.
    Arrives {
        /// The message.
        message: &'a MessageInfo,
        /// Its sender.
        from: &'a NodeName,
        /// Its receiver.
        to: &'a NodeName,
        /// The time that it travelled, in microseconds.
        travel_us: u64,
    },
    /// This message will not arrive.
    Lost(&'a MessageInfo),
    /// The messages from the first node to the second will not arrive.
    LinkGone(&'a NodeName, &'a NodeName),
    /// The messages to and from this node will not arrive.
    NodeGone(&'a NodeName),
    /// A run begins: no message of the one before is in transit.
    NewRun,
}

impl<'a> FlightChange<'a> {
    /// The change that an event reports, if it reports one.
    #[must_use]
    pub fn of(event: &'a Event) -> Option<Self> {
        if let EventKind::RunStarted { .. } = event.kind {
            return Some(Self::NewRun);
        }
        let node = event.node.as_ref()?;
        match &event.kind {
            EventKind::Sent { message, to, hold_us } => {
                Some(Self::Departs { message, from: node, to, hold_us: *hold_us })
            }
            EventKind::Received { message, from, travel_us } => {
                Some(Self::Arrives { message, from, to: node, travel_us: *travel_us })
            }
            EventKind::Lost { message, .. } => Some(Self::Lost(message)),
            EventKind::Injected { message, fault, .. } if fault.is_loss() => Some(Self::Lost(message)),
            EventKind::LinkDown {
                peer, link: LinkKind::Ring, direction: LinkDirection::Outgoing, ..
            } => Some(Self::LinkGone(node, peer)),
            EventKind::Exited { .. } | EventKind::MemberRemoved => Some(Self::NodeGone(node)),
            _ => None,
        }
    }
}

/// Identity of a sending.
type Key = (NodeName, Incarnation, u64);

fn key(id: &MessageId) -> Key {
    (id.from.clone(), id.incarnation, id.number)
}

/// The flights of a timeline in the order of their sending.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights {
    /// The number of flights that were dropped, the oldest first.
    dropped: u64,
    kept: VecDeque<Flight>,
    /// Those that have not ended: their receivers, and their numbers.
    open: BTreeMap<Key, (NodeName, u64)>,
    /// The last arrivals without a sending, with their times: on a live ring that may be reported later, by
    /// another connection.
    early: VecDeque<(Key, Position, u64)>,
}

impl Flights {
    /// The flight with a number, if it is kept.
    pub(super) fn get(&self, number: u64) -> Option<Flight> {
        self.kept.get(usize::try_from(number.checked_sub(self.dropped)?).ok()?).copied()
    }

    /// The number of the next flight.
    pub(super) fn next(&self) -> u64 {
        self.dropped + self.kept.len() as u64
    }

    /// The numbers of those that have not ended, in order.
    pub(super) fn open(&self) -> Vec<u64> {
        let mut open: Vec<u64> = self.open.values().map(|(_, number)| *number).collect();
        open.sort_unstable();
        open
    }

    /// The number of the first flight that begins after a position.
    pub(super) fn first_after(&self, position: Position) -> u64 {
        self.dropped + self.kept.partition_point(|flight| flight.sent <= position) as u64
    }

    /// Takes in the event that leads to a position.
    pub(super) fn push(&mut self, event: &Event, position: Position, lanes: &mut Lanes) {
        let at_us = event.at_us;
        match FlightChange::of(event) {
            None => {
                if let EventKind::Injected { message, fault: Injection::Duplicate, .. } = &event.kind
                    && let Some((_, number)) = self.open.get(&key(&message.id))
                    && let Some(flight) = self.get_mut(*number)
                {
                    flight.doubled = Some(position);
                }
            }
            Some(FlightChange::Departs { message, from, to, .. }) => {
                let key = key(&message.id);
                let early = self.early.iter().position(|(early, ..)| *early == key);
                let early = early.and_then(|place| self.early.remove(place));
                let number = self.next();
                self.kept.push_back(Flight {
                    sent: position,
                    ended: early.as_ref().map(|(_, ended, _)| *ended),
                    lost: false,
                    doubled: None,
                    sent_us: at_us,
                    ended_us: early.as_ref().map_or(0, |(.., ended_us)| *ended_us),
                    from: lanes.number(from, position),
                    to: lanes.number(to, position),
                    kind: message.message,
                });
                if early.is_none() {
                    self.open.insert(key, (to.clone(), number));
                }
            }
            Some(FlightChange::Arrives { message, .. }) => {
                let key = key(&message.id);
                if self.open.contains_key(&key) {
                    return self.end(&key, (position, at_us), false);
                }
                if self.early.len() >= MOST_EARLY {
                    self.early.pop_front();
                }
                self.early.push_back((key, position, at_us));
            }
            Some(FlightChange::Lost(message)) => self.end(&key(&message.id), (position, at_us), true),
            Some(FlightChange::LinkGone(from, to)) => {
                self.lose((position, at_us), |sender, receiver| sender == from && receiver == to);
            }
            Some(FlightChange::NodeGone(node)) => {
                self.lose((position, at_us), |sender, receiver| sender == node || receiver == node);
            }
            Some(FlightChange::NewRun) => {
                self.early.clear();
                self.lose_all((position, at_us));
            }
        }
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Flight> {
        self.kept.get_mut(usize::try_from(number.checked_sub(self.dropped)?).ok()?)
    }

    fn end(&mut self, key: &Key, (position, at_us): (Position, u64), lost: bool) {
        let Some((_, number)) = self.open.remove(key) else { return };
        if let Some(flight) = self.get_mut(number) {
            flight.ended = Some(position);
            flight.ended_us = at_us;
            flight.lost = lost;
        }
    }

    fn lose(&mut self, at: (Position, u64), is_lost: impl Fn(&NodeName, &NodeName) -> bool) {
        let lost = self.open.iter().filter(|((from, ..), (to, _))| is_lost(from, to));
        let lost: Vec<Key> = lost.map(|(key, _)| key.clone()).collect();
        lost.iter().for_each(|key| self.end(key, at, true));
    }

    /// Ends all that have not ended, without arriving.
    pub(super) fn lose_all(&mut self, at: (Position, u64)) {
        self.lose(at, |_, _| true);
    }

    /// Drops those that were sent up to a position.
    pub(super) fn drop_until(&mut self, position: Position) {
        let old = self.kept.partition_point(|flight| flight.sent <= position);
        self.kept.drain(..old);
        self.dropped += old as u64;
        let dropped = self.dropped;
        self.open.retain(|_, (_, number)| *number >= dropped);
    }

    /// Forgets everything after a position.
    pub(super) fn forget_after(
        &mut self,
        position: Position,
        events: impl Fn(Position) -> Option<(Key, NodeName)>,
    ) {
        let kept = self.kept.partition_point(|flight| flight.sent <= position);
        self.kept.truncate(kept);
        self.early.retain(|(_, early, _)| *early <= position);
        let (next, dropped) = (self.next(), self.dropped);
        self.open.retain(|_, (_, number)| *number < next);
        for (place, flight) in self.kept.iter_mut().enumerate() {
            flight.doubled = flight.doubled.filter(|doubled| *doubled <= position);
            if flight.ended.is_some_and(|ended| ended > position) {
                (flight.ended, flight.ended_us, flight.lost) = (None, 0, false);
                if let Some((key, to)) = events(flight.sent) {
                    self.open.insert(key, (to, dropped + place as u64));
                }
            }
        }
    }

    /// The key and the receiver of the flight that begins with an event.
    pub(super) fn departing(event: &Event) -> Option<(Key, NodeName)> {
        match FlightChange::of(event)? {
            FlightChange::Departs { message, to, .. } => Some((key(&message.id), to.clone())),
            _ => None,
        }
    }
}
