//! Connections between members, with two ends, and what is under way on them.
//!
//! A member receives what comes from one other member, messages and changes of their links, in the order in
//! which it was sent; between different members there is no order. The result of a dial is decided when it is
//! made: a death or a return of the other member just before would give the same.

use std::time::Duration;

use ringleader_election::link_table::{Cause, DialPurpose, Link, LinkLoss, LinkTable, Missing};
use ringleader_election::{Time, WantedLinks};
use ringleader_shared::RingMessage;
use ringleader_shared::link::{LinkDirection, LinkKind};

use crate::config::{id, place};

/// A time at which no connection is new any more: here time does not pass by itself.
const LONG_AFTER: Time = Time(Duration::MAX);

/// A member, by its place in the ring order, from 0.
pub type NodeIndex = u8;

/// The dial of a connection: both members and the kind of link. At most one such connection is up; older ones
/// may not be known to be down yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Dial {
    pub(crate) dialler: NodeIndex,
    pub(crate) acceptor: NodeIndex,
    pub(crate) kind: LinkKind,
}

impl Dial {
    fn other(&self, me: NodeIndex) -> NodeIndex {
        if self.dialler == me { self.acceptor } else { self.dialler }
    }
}

/// How one end sees a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum End {
    /// It does not know yet that the connection is up.
    Dialling,
    /// The same, and it dials only to see whether the other one answers.
    Probing,
    /// Messages can be sent.
    Open,
    /// Closed, or nobody is there: whatever is sent to this end is lost.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Connection {
    dial: Dial,
    dialler_end: End,
    acceptor_end: End,
}

impl Connection {
    fn end(&self, me: NodeIndex) -> End {
        if self.dial.dialler == me { self.dialler_end } else { self.acceptor_end }
    }

    fn end_mut(&mut self, me: NodeIndex) -> &mut End {
        if self.dial.dialler == me { &mut self.dialler_end } else { &mut self.acceptor_end }
    }

    fn direction(&self, me: NodeIndex) -> LinkDirection {
        if self.dial.dialler == me { LinkDirection::Outgoing } else { LinkDirection::Incoming }
    }

    fn has(&self, me: NodeIndex) -> bool {
        self.dial.dialler == me || self.dial.acceptor == me
    }
}

/// Something under way to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum InTransit {
    Message(RingMessage),
    /// The connection is up.
    Up,
    /// The other end is dead, or the connection broke.
    Down,
    /// The other end closed the connection gracefully.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct UnderWay {
    pub(crate) from: NodeIndex,
    pub(crate) to: NodeIndex,
    pub(crate) dial: Dial,
    pub(crate) content: InTransit,
}

/// A change of a link that a member learns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkChange {
    Up,
    Down,
    Closed,
}

/// All connections of a ring, and all that is under way.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Links {
    /// Sorted by dial; older ones first.
    connections: Vec<Connection>,
    /// Sorted by sender and receiver; what was sent earlier first.
    under_way: Vec<UnderWay>,
}

impl Links {
    /// The first thing under way between each pair of members: one of them can happen next.
    pub(crate) fn next(&self) -> impl Iterator<Item = &UnderWay> {
        self.under_way.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to)).filter_map(<[UnderWay]>::first)
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &RingMessage> {
        self.under_way.iter().filter_map(|item| match &item.content {
            InTransit::Message(message) => Some(message),
            InTransit::Up | InTransit::Down | InTransit::Closed => None,
        })
    }

    pub(crate) fn longest_queue(&self) -> usize {
        let pairs = self.under_way.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to));
        pairs.map(<[UnderWay]>::len).max().unwrap_or(0)
    }

    pub(crate) fn nothing_under_way(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Takes what is first under way between two members.
    pub(crate) fn take(&mut self, from: NodeIndex, to: NodeIndex) -> Option<UnderWay> {
        let first = self.under_way.iter().position(|item| (item.from, item.to) == (from, to))?;
        Some(self.under_way.remove(first))
    }

    /// The first under way stays there, and arrives all the same.
    pub(crate) fn copy(&self, from: NodeIndex, to: NodeIndex) -> Option<UnderWay> {
        self.under_way.iter().find(|item| (item.from, item.to) == (from, to)).copied()
    }

    fn put(&mut self, from: NodeIndex, dial: Dial, content: InTransit) {
        let to = dial.other(from);
        let after = self.under_way.partition_point(|item| (item.from, item.to) <= (from, to));
        self.under_way.insert(after, UnderWay { from, to, dial, content });
    }

    fn add(&mut self, connection: Connection) {
        let after = self.connections.partition_point(|other| other.dial <= connection.dial);
        self.connections.insert(after, connection);
    }

    fn sweep(&mut self) {
        self.connections.retain(|connection| {
            (connection.dialler_end, connection.acceptor_end) != (End::Closed, End::Closed)
        });
    }

    /// Dials. A dead member refuses, which means nothing to a probe.
    pub(crate) fn dial(&mut self, dial: Dial, acceptor_lives: bool, probe: bool) {
        if !acceptor_lives && probe {
            return;
        }
        let dialler_end = if probe { End::Probing } else { End::Dialling };
        if acceptor_lives {
            self.add(Connection { dial, dialler_end, acceptor_end: End::Dialling });
            self.put(dial.dialler, dial, InTransit::Up);
            self.put(dial.acceptor, dial, InTransit::Up);
        } else {
            self.add(Connection { dial, dialler_end, acceptor_end: End::Closed });
            self.put(dial.acceptor, dial, InTransit::Down);
        }
    }

    /// The connections of one member as its link table has them, named by their place among all.
    fn table(&self, me: NodeIndex) -> LinkTable<usize> {
        let mine = self.connections.iter().enumerate().filter(|(_, connection)| connection.has(me));
        mine.filter_map(|(at, connection)| {
            let (purpose, up_since) = match connection.end(me) {
                End::Closed => return None,
                End::Probing => (DialPurpose::Probe, None),
                End::Dialling => (DialPurpose::Wanted, None),
                End::Open => (DialPurpose::Wanted, Some(Time::default())),
            };
            Some(Link {
                id: at,
                peer: id(connection.dial.other(me).into()),
                kind: connection.dial.kind,
                direction: connection.direction(me),
                purpose,
                up_since,
                peer_start: None,
                relayed: false,
                doubted: false,
                lossy: false,
                answers_within: None,
                replaces: false,
            })
        })
        .collect()
    }

    /// Closes the links that a member does not want and dials those that it lacks, as its link table says.
    pub(crate) fn make(&mut self, me: NodeIndex, wanted: WantedLinks, lives: impl Fn(NodeIndex) -> bool) {
        let mut table = self.table(me);
        let surplus: Vec<Dial> = std::iter::from_fn(|| table.take_surplus(wanted))
            .filter_map(|link| self.connections.get(link.id).map(|connection| connection.dial))
            .collect();
        if !surplus.is_empty() {
            for dial in surplus {
                self.close(dial);
            }
            table = self.table(me);
        }
        loop {
            let missing = table.missing(wanted);
            // A probe that is wanted by now is none any more.
            for link in table.iter().filter(|link| link.purpose == DialPurpose::Wanted) {
                if let Some(connection) = self.connections.get_mut(link.id)
                    && connection.end(me) == End::Probing
                {
                    *connection.end_mut(me) = End::Dialling;
                }
            }
            match missing {
                Some(Missing::Dial { peer, kind }) => {
                    let Ok(acceptor) = NodeIndex::try_from(place(peer)) else { return };
                    self.dial(Dial { dialler: me, acceptor, kind }, lives(acceptor), false);
                    table = self.table(me);
                }
                Some(Missing::Hurry(_)) => {}
                // No connection here is on standby.
                Some(Missing::InUse(_)) | None => return,
            }
        }
    }

    /// Closes a connection gracefully at its dialler: what is under way to it on this connection is lost.
    fn close(&mut self, dial: Dial) {
        let Dial { dialler, acceptor, .. } = dial;
        self.under_way.retain(|item| (item.from, item.to, item.dial) != (acceptor, dialler, dial));
        let mut notify = false;
        for connection in self.connections.iter_mut().filter(|connection| connection.dial == dial) {
            if connection.dialler_end != End::Closed {
                connection.dialler_end = End::Closed;
                notify = connection.acceptor_end != End::Closed;
            }
        }
        if notify {
            self.put(dialler, dial, InTransit::Closed);
        }
        self.sweep();
    }

    /// A member dies: what it sent still arrives, what was on its way to it does not, and the other ends
    /// learn of it.
    pub(crate) fn die(&mut self, dead: NodeIndex) {
        self.under_way.retain(|item| item.to != dead);
        let mut notified = Vec::new();
        for connection in self.connections.iter_mut().filter(|connection| connection.has(dead)) {
            let other = connection.dial.other(dead);
            if connection.end(dead) != End::Closed {
                *connection.end_mut(dead) = End::Closed;
                if connection.end(other) != End::Closed {
                    notified.push(connection.dial);
                }
            }
        }
        for dial in notified {
            self.put(dead, dial, InTransit::Down);
        }
        self.sweep();
    }

    /// The connections that can break: those that both ends think are up.
    pub(crate) fn whole(&self) -> impl Iterator<Item = Dial> {
        let is_whole = |connection: &&Connection| {
            (connection.dialler_end, connection.acceptor_end) == (End::Open, End::Open)
        };
        self.connections.iter().filter(is_whole).map(|connection| connection.dial)
    }

    /// A connection breaks, and both ends take the other for dead. What is under way on it arrives before
    /// they know.
    pub(crate) fn break_down(&mut self, dial: Dial) {
        let Some(at) = self.connections.iter().position(|connection| {
            connection.dial == dial
                && (connection.dialler_end, connection.acceptor_end) == (End::Open, End::Open)
        }) else {
            return;
        };
        let connection = self.connections.remove(at);
        self.add(Connection { dialler_end: End::Closed, ..connection });
        self.add(Connection { acceptor_end: End::Closed, ..connection });
        self.put(dial.dialler, dial, InTransit::Down);
        self.put(dial.acceptor, dial, InTransit::Down);
    }

    /// The connection on which a message from one member to the other goes.
    fn link_to(&self, from: NodeIndex, to: NodeIndex) -> Option<&Connection> {
        self.connections.get(self.table(from).route(id(to.into()))?)
    }

    /// Sends on the best connection; false when there is none. When its other end is gone, the message is
    /// lost.
    pub(crate) fn send(&mut self, from: NodeIndex, to: NodeIndex, message: RingMessage) -> bool {
        let Some(connection) = self.link_to(from, to) else { return false };
        let (dial, is_lost) = (connection.dial, connection.end(to) == End::Closed);
        if !is_lost {
            self.put(from, dial, InTransit::Message(message));
        }
        true
    }

    /// Returns the change of its links that a member learns of by this. `None` when there is none.
    pub(crate) fn learn(&mut self, me: NodeIndex, dial: Dial, content: InTransit) -> Option<LinkChange> {
        let other = dial.other(me);
        match content {
            InTransit::Message(_) => None,
            InTransit::Up => {
                let up = self.connections.iter_mut().find(|connection| {
                    connection.dial == dial && matches!(connection.end(me), End::Dialling | End::Probing)
                })?;
                *up.end_mut(me) = End::Open;
                Some(LinkChange::Up)
            }
            InTransit::Down | InTransit::Closed => {
                let at = self.connections.iter().position(|connection| {
                    connection.dial == dial
                        && connection.end(other) == End::Closed
                        && connection.end(me) != End::Closed
                })?;
                let cause = if content == InTransit::Down { Cause::PeerLost } else { Cause::Closed };
                let (_, loss) = self.table(me).down(at, cause, LONG_AFTER)?;
                *self.connections.get_mut(at)?.end_mut(me) = End::Closed;
                self.sweep();
                match loss {
                    LinkLoss::Failed => Some(LinkChange::Down),
                    LinkLoss::Closed | LinkLoss::ClosedUnseen => Some(LinkChange::Closed),
                    LinkLoss::Replaced | LinkLoss::Replaceable | LinkLoss::Unseen => None,
                }
            }
        }
    }

    /// Whether this member dials that one, or has: then it does not probe it.
    pub(crate) fn dials(&self, me: NodeIndex, peer: NodeIndex) -> bool {
        !self.table(me).lacks_probe(id(peer.into()))
    }
}
