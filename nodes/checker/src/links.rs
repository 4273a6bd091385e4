//! Connections between members, with two ends, and what is under way on them.
//!
//! A member receives what comes from one other member, messages and changes of their links, in the order in
//! which it was sent; between different members there is no order. The result of a dial is decided when it is
//! made: a death or a return of the other member just before would give the same.
//!
//! A connection that was severed, or whose relay died, carries nothing any more, and each of its ends notices
//! that by itself, some time.

use std::time::Duration;

use ringleader_election::link_table::{Cause, DialPurpose, Link, LinkLoss, LinkTable, Missing};
use ringleader_election::{Input, Time, WantedLinks};
use ringleader_shared::RingMessage;
use ringleader_shared::link::{LinkDirection, LinkKind};

use crate::config::{id, place};
use crate::ways::{Members, Ways};

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

/// State of a connection at one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum End {
    /// It does not know yet that the connection is up.
    Dialling,
    /// The same, and it dials only to see whether the other one answers.
    Probing,
    /// Messages can be sent.
    Open,
    /// It failed while the other one lived: another connection is to take its place.
    Replaceable,
    /// Closed, or nobody is there: whatever is sent to this end is lost.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Connection {
    dial: Dial,
    dialler_end: End,
    acceptor_end: End,
    /// The members that it goes through.
    relays: Members,
    /// Nothing crosses it any more: an end that is open has not noticed yet.
    broken: bool,
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

    /// Link of an end that has not closed it, as that knows it.
    fn link(&self, at: usize, me: NodeIndex) -> Option<Link<usize>> {
        let (purpose, up_since) = match self.end(me) {
            End::Closed => return None,
            End::Probing => (DialPurpose::Probe, None),
            End::Dialling => (DialPurpose::Wanted, None),
            End::Open | End::Replaceable => (DialPurpose::Wanted, Some(Time::default())),
        };
        let peer = id(self.dial.other(me).into());
        let link = Link::new(at, peer, self.dial.kind, self.direction(me), purpose);
        Some(Link { up_since, ..link })
    }

    fn has(&self, me: NodeIndex) -> bool {
        self.dial.dialler == me || self.dial.acceptor == me
    }

    fn is_whole(&self) -> bool {
        !self.broken && (self.dialler_end, self.acceptor_end) == (End::Open, End::Open)
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

/// All connections of a ring, and all that is under way.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Links {
    /// Sorted by dial; older ones first.
    connections: Vec<Connection>,
    /// Sorted by sender and receiver; what was sent earlier first.
    under_way: Vec<UnderWay>,
    ways: Ways,
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

    /// Nothing is under way, and nobody is about to notice anything.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.under_way.is_empty() && self.unnoticed().next().is_none() && self.overdue().next().is_none()
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

    /// The ways that are left.
    pub(crate) fn ways(&self) -> &Ways {
        &self.ways
    }

    /// Dials. A member that is dead or cannot be reached refuses, which means nothing to a probe.
    pub(crate) fn dial(&mut self, dial: Dial, probe: bool) {
        let relays = self.ways.relays(dial.dialler, dial.acceptor);
        if relays.is_none() && probe {
            return;
        }
        let dialler_end = if probe { End::Probing } else { End::Dialling };
        let acceptor_end = if relays.is_some() { End::Dialling } else { End::Closed };
        let answered = relays.is_some();
        let relays = relays.unwrap_or_default();
        self.add(Connection { dial, dialler_end, acceptor_end, relays, broken: false });
        if answered {
            self.put(dial.dialler, dial, InTransit::Up);
            self.put(dial.acceptor, dial, InTransit::Up);
        } else {
            self.put(dial.acceptor, dial, InTransit::Down);
        }
    }

    /// The connections of one member as its link table has them, named by their place among all.
    fn table(&self, me: NodeIndex) -> LinkTable<usize> {
        let mine = self.connections.iter().enumerate().filter(|(_, connection)| connection.has(me));
        let is_replaceable = |connection: &Connection| connection.end(me) == End::Replaceable;
        let (replaceable, links): (Vec<_>, Vec<_>) = mine.partition(|(_, it)| is_replaceable(it));
        let link = |(at, connection): (usize, &Connection)| connection.link(at, me);
        LinkTable::new(
            links.into_iter().filter_map(link),
            replaceable.into_iter().filter_map(link),
            LONG_AFTER,
        )
    }

    /// Closes the ends of a member in whose place nothing is to come any more.
    fn settle(&mut self, me: NodeIndex, table: &LinkTable<usize>) {
        for (at, connection) in self.connections.iter_mut().enumerate() {
            if connection.has(me)
                && connection.end(me) == End::Replaceable
                && !table.replaceable().any(|link| link.id == at)
            {
                *connection.end_mut(me) = End::Closed;
            }
        }
        self.sweep();
    }

    /// Closes the links that a member does not want and dials those that it lacks, as its link table says.
    pub(crate) fn make(&mut self, me: NodeIndex, wanted: WantedLinks) {
        let mut table = self.table(me);
        let surplus: Vec<usize> =
            std::iter::from_fn(|| table.take_surplus(wanted)).map(|link| link.id).collect();
        for at in surplus {
            self.close(at);
        }
        self.settle(me, &table);
        table = self.table(me);
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
                    self.dial(Dial { dialler: me, acceptor, kind }, false);
                    table = self.table(me);
                }
                Some(Missing::Hurry(_)) => {}
                // No connection here is on standby.
                Some(Missing::InUse(_)) | None => return,
            }
        }
    }

    /// Closes a connection gracefully at its dialler: what is under way to it on this connection is lost.
    fn close(&mut self, at: usize) {
        let Some(connection) = self.connections.get_mut(at) else { return };
        connection.dialler_end = End::Closed;
        let Connection { dial, acceptor_end, broken, .. } = *connection;
        if broken {
            return;
        }
        let Dial { dialler, acceptor, .. } = dial;
        self.under_way.retain(|item| (item.from, item.to, item.dial) != (acceptor, dialler, dial));
        if acceptor_end != End::Closed {
            self.put(dialler, dial, InTransit::Closed);
        }
    }

    /// A member starts. Those that have not noticed that what its former start dialled is broken do so when
    /// this one dials them.
    pub(crate) fn start(&mut self, member: NodeIndex) {
        self.ways.starts(member);
        let former =
            |it: &&mut Connection| it.broken && it.dial.dialler == member && it.acceptor_end == End::Open;
        let mut notified = Vec::new();
        for connection in self.connections.iter_mut().filter(former) {
            connection.broken = false;
            notified.push(connection.dial);
        }
        for dial in notified {
            self.put(member, dial, InTransit::Down);
        }
    }

    /// A member dies: what it sent still arrives, what was on its way to it does not, and the other ends
    /// learn of it. Links through it break.
    pub(crate) fn die(&mut self, dead: NodeIndex) {
        self.ways.dies(dead);
        self.under_way.retain(|item| item.to != dead);
        let mut notified = Vec::new();
        for connection in self.connections.iter_mut().filter(|connection| connection.has(dead)) {
            let other = connection.dial.other(dead);
            if connection.end(dead) != End::Closed {
                *connection.end_mut(dead) = End::Closed;
                if !matches!(connection.end(other), End::Closed | End::Replaceable) && !connection.broken {
                    notified.push(connection.dial);
                }
            }
        }
        for dial in notified {
            self.put(dead, dial, InTransit::Down);
        }
        self.sweep();
        self.break_off();
    }

    /// The connections that can break: those that both ends think are up.
    pub(crate) fn whole(&self) -> impl Iterator<Item = Dial> {
        self.connections.iter().filter(|connection| connection.is_whole()).map(|connection| connection.dial)
    }

    /// A connection breaks, and both ends take the other for dead. What is under way on it arrives before
    /// they know.
    pub(crate) fn break_down(&mut self, dial: Dial) {
        let is_it = |connection: &Connection| connection.dial == dial && connection.is_whole();
        let Some(at) = self.connections.iter().position(is_it) else { return };
        let connection = self.connections.remove(at);
        self.add(Connection { dialler_end: End::Closed, ..connection });
        self.add(Connection { acceptor_end: End::Closed, ..connection });
        self.put(dial.dialler, dial, InTransit::Down);
        self.put(dial.acceptor, dial, InTransit::Down);
    }

    /// No link joins these two directly any more.
    pub(crate) fn sever(&mut self, one: NodeIndex, other: NodeIndex) {
        self.ways.sever(one, other);
        self.break_off();
    }

    /// Breaks the connections that do not work any more: what was under way on them is lost, but for the news
    /// that the other end is gone already. What its dialler has not seen up it dials by another way, if there
    /// is one, and what waits for that stays.
    fn break_off(&mut self) {
        let works = |it: &Connection| {
            let Dial { dialler, acceptor, .. } = it.dial;
            let is_gone = it.dialler_end == End::Closed && !self.ways.lives(dialler)
                || it.acceptor_end == End::Closed && !self.ways.lives(acceptor);
            it.broken || is_gone || self.ways.works(dialler, acceptor, it.relays)
        };
        let mut failed: Vec<Dial> =
            self.connections.iter().filter(|it| !works(it)).map(|it| it.dial).collect();
        failed.dedup();
        for dial in failed {
            self.break_one(dial);
        }
        self.sweep();
    }

    fn break_one(&mut self, dial: Dial) {
        let mut waiting = Vec::new();
        let mut gone = Vec::new();
        self.under_way.retain(|item| {
            if item.dial == dial && item.content == InTransit::Down {
                gone.push(item.to);
            } else if item.dial == dial && item.from == dial.dialler {
                waiting.push(item.content);
            }
            item.dial != dial || item.content == InTransit::Down
        });
        let mut redialled = None;
        for connection in self.connections.iter_mut().filter(|it| it.dial == dial && !it.broken) {
            if matches!(connection.dialler_end, End::Dialling | End::Probing)
                && connection.acceptor_end != End::Closed
            {
                redialled = Some(connection.dialler_end);
                connection.dialler_end = End::Closed;
            }
            if connection.acceptor_end == End::Dialling {
                connection.acceptor_end = End::Closed;
            }
            let open = if connection.dialler_end == End::Closed { dial.acceptor } else { dial.dialler };
            connection.broken = !gone.contains(&open);
        }
        let Some(dialler_end) = redialled else { return };
        self.dial(dial, dialler_end == End::Probing);
        if self.ways.relays(dial.dialler, dial.acceptor).is_some() {
            let messages = waiting.into_iter().filter(|content| matches!(content, InTransit::Message(_)));
            for message in messages {
                self.put(dial.dialler, dial, message);
            }
        }
    }

    /// The ends that have not noticed yet that their connection is broken.
    pub(crate) fn unnoticed(&self) -> impl Iterator<Item = (NodeIndex, Dial)> {
        let broken = self.connections.iter().filter(|it| it.broken);
        let ends = broken.flat_map(|it| [it.dial.dialler, it.dial.acceptor].map(|me| (me, it)));
        ends.filter(|(me, it)| it.end(*me) == End::Open).map(|(me, it)| (me, it.dial))
    }

    /// A member notices that a connection is broken. While there is another way to its peer, that lives, and
    /// the connection is replaced.
    pub(crate) fn notice(&mut self, me: NodeIndex, dial: Dial) -> Option<Input<RingMessage>> {
        let is_it = |it: &Connection| it.broken && it.dial == dial && it.end(me) == End::Open;
        let at = self.connections.iter().position(is_it)?;
        let lives = self.ways.relays(me, dial.other(me)).is_some();
        let cause = if lives { Cause::LinkLost { replaced_within: Duration::ZERO } } else { Cause::PeerLost };
        self.end_of(me, at, cause)
    }

    /// The ends that a peer has dialled and in whose place it dials nothing any more.
    pub(crate) fn overdue(&self) -> impl Iterator<Item = Dial> {
        let is_dialled = |dial: Dial| {
            self.connections
                .iter()
                .any(|it| it.dial == dial && !matches!(it.dialler_end, End::Closed | End::Replaceable))
        };
        let waiting = self.connections.iter().filter(|it| it.acceptor_end == End::Replaceable);
        let gives_up = |dial: &Dial| self.table(dial.acceptor).overdue(LONG_AFTER).is_some();
        waiting.map(|it| it.dial).filter(move |dial| !is_dialled(*dial) && gives_up(dial))
    }

    /// Nothing has taken the place of a connection in time.
    pub(crate) fn give_up(&mut self, dial: Dial) -> Option<Input<RingMessage>> {
        let is_it = |it: &Connection| it.dial == dial && it.acceptor_end == End::Replaceable;
        let at = self.connections.iter().position(is_it)?;
        let mut table = self.table(dial.acceptor);
        let (link, loss) =
            std::iter::from_fn(|| table.overdue(LONG_AFTER)).find(|(link, _)| link.id == at)?;
        self.connections.get_mut(at)?.acceptor_end = End::Closed;
        self.sweep();
        meaning(&link, loss)
    }

    /// The connection on which a message from one member to the other goes.
    fn link_to(&self, from: NodeIndex, to: NodeIndex) -> Option<&Connection> {
        self.connections.get(self.table(from).route(id(to.into()))?)
    }

    /// Sends on the best connection; false when there is none. When its other end is gone, the message is
    /// lost.
    pub(crate) fn send(&mut self, from: NodeIndex, to: NodeIndex, message: RingMessage) -> bool {
        let Some(connection) = self.link_to(from, to) else { return false };
        let (dial, is_lost) = (connection.dial, connection.broken || connection.end(to) == End::Closed);
        if !is_lost {
            self.put(from, dial, InTransit::Message(message));
        }
        true
    }

    /// Returns the input by which the core of a member learns what arrived. `None` when it need not know.
    pub(crate) fn learn(
        &mut self,
        me: NodeIndex,
        dial: Dial,
        content: InTransit,
    ) -> Option<Input<RingMessage>> {
        let other = dial.other(me);
        match content {
            InTransit::Message(message) => Some(Input::Received { from: id(other.into()), message }),
            InTransit::Up => {
                let is_it =
                    |it: &Connection| it.dial == dial && matches!(it.end(me), End::Dialling | End::Probing);
                let at = self.connections.iter().position(is_it)?;
                let mut table = self.table(me);
                while me == dial.acceptor
                    && let Some(former) = table.take_replaced(id(other.into()), dial.kind, at)
                {
                    // One that is not broken has been dialled since, which this member does not know yet.
                    let former = self.connections.get_mut(former.id)?;
                    if former.broken {
                        former.acceptor_end = End::Closed;
                    }
                }
                let link = table.up(at, LONG_AFTER)?;
                *self.connections.get_mut(at)?.end_mut(me) = End::Open;
                self.settle(me, &table);
                Some(link.up_input())
            }
            InTransit::Down | InTransit::Closed => {
                let at = self.connections.iter().position(|it| {
                    it.dial == dial && !it.broken && it.end(other) == End::Closed && it.end(me) != End::Closed
                })?;
                let cause = if content == InTransit::Down { Cause::PeerLost } else { Cause::Closed };
                self.end_of(me, at, cause)
            }
        }
    }

    /// A connection ends at a member.
    fn end_of(&mut self, me: NodeIndex, at: usize, cause: Cause) -> Option<Input<RingMessage>> {
        let mut table = self.table(me);
        if matches!(cause, Cause::LinkLost { .. }) {
            // A dial that takes its place has not reached this member yet.
            let is_new = |link: &&Link<usize>| link.direction == LinkDirection::Incoming && !link.is_up();
            let new: Vec<usize> = table.iter().filter(is_new).map(|link| link.id).collect();
            for new in new {
                table.remove(new);
            }
        }
        let (link, loss) = table.down(at, cause, LONG_AFTER)?;
        let is_replaceable = loss == LinkLoss::Replaceable && table.replaceable().any(|link| link.id == at);
        *self.connections.get_mut(at)?.end_mut(me) =
            if is_replaceable { End::Replaceable } else { End::Closed };
        self.settle(me, &table);
        meaning(&link, loss)
    }

    /// Whether this member dials that one, or has: then it does not probe it.
    pub(crate) fn dials(&self, me: NodeIndex, peer: NodeIndex) -> bool {
        !self.table(me).lacks_probe(id(peer.into()))
    }
}

/// The input by which a core learns of the end of a link.
fn meaning(link: &Link<usize>, loss: LinkLoss) -> Option<Input<RingMessage>> {
    match loss {
        LinkLoss::Failed => Some(link.down_input()),
        LinkLoss::Closed | LinkLoss::ClosedUnseen => Some(link.closed_input()),
        LinkLoss::Replaced | LinkLoss::Replaceable | LinkLoss::Unseen => None,
    }
}
