//! Everything of an election but its members: what is on its way, what it has cost, what has come out.

use std::num::NonZeroU32;

use ringleader_election::classic::Port;

use super::timing_wheel::TimingWheel;
use super::{Pace, TICKS};
use crate::rng::Rng;

/// A message on its way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Packet<M> {
    /// The algorithm's own.
    Election { to: u32, from: PackedPort, message: M },
    /// This label leads: the announcing lap.
    Result { to: u32, leader: u32 },
}

/// [`Port`] in four bytes, never 0, so that a [`Packet`] needs no more to show its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedPort(NonZeroU32);

impl PackedPort {
    const PREDECESSOR: Self = Self(NonZeroU32::MAX);
    const SUCCESSOR: Self = Self(NonZeroU32::MIN);

    #[inline]
    const fn peer(at: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(1).saturating_add(at))
    }

    #[inline]
    pub(super) const fn port(self) -> Port {
        match self {
            Self::PREDECESSOR => Port::Predecessor,
            Self::SUCCESSOR => Port::Successor,
            Self(peer) => Port::Peer(peer.get() - 2),
        }
    }
}

/// Everything of an election but the members themselves.
#[derive(Debug)]
pub(super) struct Network<M> {
    size: u32,
    pub(super) wheel: TimingWheel<Packet<M>>,
    pub(super) rng: Rng,
    pace: Pace,
    /// Time at which the last message of each link arrives, the links to the successors first. Empty where
    /// order needs no care.
    pub(super) arrivals: Vec<u64>,
    pub(super) announced: u64,
    pub(super) by_kind: [u64; 4],
    pub(super) tally: Tally,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The label that was elected first.
    pub(super) winner: Option<u32>,
    /// The place of the member that announces it.
    pub(super) finder: Option<u32>,
    pub(super) decided: u64,
    /// Elections of another one than the first.
    pub(super) disputed: u32,
    pub(super) informed: u32,
}

impl<M: Copy> Network<M> {
    pub(super) fn new(size: u32, links: usize, pace: Pace, rng: Rng) -> Self {
        Self {
            size,
            wheel: TimingWheel::new(Packet::Result { to: 0, leader: 0 }),
            rng,
            pace,
            arrivals: vec![0; links],
            announced: 0,
            by_kind: [0; 4],
            tally: Tally::default(),
        }
    }

    #[inline]
    pub(super) fn post(&mut self, at: u32, port: Port, message: M) {
        let size = self.size as usize;
        let (to, from, link) = match port {
            Port::Successor => (self.successor(at), PackedPort::PREDECESSOR, Some(at as usize)),
            Port::Predecessor => (self.predecessor(at), PackedPort::SUCCESSOR, Some(size + at as usize)),
            Port::Peer(to) => (to, PackedPort::peer(at), None),
        };
        let due = self.due(link);
        self.wheel.push(due, Packet::Election { to, from, message });
    }

    pub(super) fn announce(&mut self, at: u32, leader: u32) {
        self.announced += 1;
        let due = self.due(Some(at as usize));
        self.wheel.push(due, Packet::Result { to: self.successor(at), leader });
    }

    /// The place of the member that this port of the one at a place leads to.
    pub(super) const fn place(&self, at: u32, port: Port) -> u32 {
        match port {
            Port::Successor => self.successor(at),
            Port::Predecessor => self.predecessor(at),
            Port::Peer(peer) => peer,
        }
    }

    #[inline]
    const fn successor(&self, at: u32) -> u32 {
        if at == self.size - 1 { 0 } else { at + 1 }
    }

    #[inline]
    const fn predecessor(&self, at: u32) -> u32 {
        if at == 0 { self.size - 1 } else { at - 1 }
    }

    /// Time at which a message arrives that is sent now.
    #[inline]
    fn due(&mut self, link: Option<usize>) -> u64 {
        if self.pace == Pace::Unit { self.wheel.now() + TICKS } else { self.draw_due(link) }
    }

    /// Apart, so that sending is short where it draws nothing.
    #[inline(never)]
    fn draw_due(&mut self, link: Option<usize>) -> u64 {
        let due = self.wheel.now() + self.rng.ticks(self.pace);
        let Some(arrival) = link.and_then(|link| self.arrivals.get_mut(link)) else { return due };
        *arrival = due.max(*arrival);
        *arrival
    }

    pub(super) const fn messages(&self) -> u64 {
        let [a, b, c, d] = self.by_kind;
        a + b + c + d
    }

    pub(super) fn learn(&mut self, leader: u32) {
        self.tally.informed += 1;
        match self.tally.winner {
            None => {
                self.tally.winner = Some(leader);
                self.tally.decided = self.wheel.now();
            }
            Some(winner) if winner != leader => self.tally.disputed += 1,
            Some(_) => {}
        }
    }
}
