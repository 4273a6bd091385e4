//! Links between members: dialled, accepted, closed, failed; and what is done to them. Knows nothing of
//! elections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ringleader_election::{digest, loss};
use ringleader_shared::link::LinkKind;
use ringleader_shared::{Incarnation, RingMessage, Term};

use crate::rng::{PerMille, Rng, nanoseconds};
use crate::schedule::Disturbance;
use crate::setup::Latency;

/// The share of its pings that a link may lose; it does not work when it loses more, as the members judge it.
#[expect(clippy::cast_possible_truncation, reason = "a thousand at most")]
const MOST_LOST: PerMille = PerMille::new((loss::MOST_LOST * 1000 / loss::JUDGED_BY) as u16);

/// A member, by its number in the order in which members joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeIndex(pub(crate) u32);

impl NodeIndex {
    pub(crate) fn nth(n: usize) -> Self {
        Self(u32::try_from(n).unwrap_or(u32::MAX))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One connection, from its dial to the last of its two ends' closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId {
    slot: u32,
    /// Number of the link in that slot: an old name finds nothing.
    number: u32,
}

/// State of a link at one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Dialled, and not accepted yet.
    Dialling,
    /// Messages can be sent and received here.
    Open,
    /// Nothing is sent or received here any more.
    Closed,
}

/// One sending of one message.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) message: RingMessage,
    pub(crate) from: NodeIndex,
    /// The sender's count of messages.
    pub(crate) number: u64,
    /// The start of the sender.
    pub(crate) incarnation: u32,
    /// The sender's Lamport clock.
    pub(crate) lamport: u64,
    /// Time of sending, in nanoseconds.
    pub(crate) sent: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) dialler: NodeIndex,
    pub(crate) acceptor: NodeIndex,
    pub(crate) kind: LinkKind,
    /// The members that it goes through, from the dialler to the acceptor.
    pub(crate) relays: Vec<NodeIndex>,
    /// Whether it was dialled as a standby link.
    pub(crate) standby: bool,
    /// The start of the dialler that dialled.
    pub(crate) incarnation: Incarnation,
    pub(crate) dialler_end: End,
    pub(crate) acceptor_end: End,
    /// Whether its dialler is going to compare what its ends know.
    pub(crate) compares: bool,
    /// The digest of what the dialler knew when it sent the last message that arrived at the acceptor.
    pub(crate) dialler_digest: u64,
    /// The packets that the dialler sends once the link is up.
    pub(crate) queued: Vec<Arc<Packet>>,
    /// Time at which the last thing sent on it arrives, at the acceptor and at the dialler.
    last_arrivals: (u64, u64),
}

impl Connection {
    pub(crate) fn other(&self, place: NodeIndex) -> NodeIndex {
        if self.dialler == place { self.acceptor } else { self.dialler }
    }

    /// The members that it goes through, from this end to the other.
    pub(crate) fn relays_from(&self, place: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        self.places_from(place).skip(1).take(self.relays.len())
    }

    /// The members on its way, from this end to the other, the ends included.
    fn places_from(&self, place: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        let (count, end) = (self.relays.len(), self.other(place));
        let is_dialler = self.dialler == place;
        let relay = move |n: usize| if is_dialler { Some(n) } else { (count - 1).checked_sub(n) };
        let relays =
            (0..count).map(move |n| relay(n).and_then(|n| self.relays.get(n)).copied().unwrap_or(end));
        [place].into_iter().chain(relays).chain([end])
    }

    /// The pairs of members between which something crosses on its way from this end to the other.
    pub(crate) fn hops(&self, from: NodeIndex) -> impl Iterator<Item = (NodeIndex, NodeIndex)> {
        self.places_from(from).zip(self.places_from(from).skip(1))
    }

    pub(crate) fn end(&self, place: NodeIndex) -> End {
        if self.dialler == place { self.dialler_end } else { self.acceptor_end }
    }

    pub(crate) fn close(&mut self, place: NodeIndex) {
        *(if self.dialler == place { &mut self.dialler_end } else { &mut self.acceptor_end }) = End::Closed;
    }
}

/// A direction in which nothing arrives for a while, because everything takes longer than before.
#[derive(Debug, Clone, Copy)]
struct Late {
    /// The number of the change.
    number: u64,
    /// The time at which what is sent after it arrives, in nanoseconds.
    until: u64,
}

/// The condition of one direction between two members.
#[derive(Debug, Clone, Copy, Default)]
struct Condition {
    late: Option<Late>,
    /// The number of the cut, if there is one.
    cut: Option<u64>,
    disturbance: Option<Disturbance>,
}

/// Arrival of something that was sent: never, once or twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost,
    Arrives {
        at: u64,
        /// Whether later ones may overtake it.
        overtaken: bool,
    },
    ArrivesTwice(u64, u64),
}

#[derive(Debug, Clone)]
pub(crate) struct Network {
    slots: Vec<(u32, Option<Connection>)>,
    free: Vec<u32>,
    directions: BTreeMap<(NodeIndex, NodeIndex), Condition>,
    latency: Latency,
}

impl Network {
    pub(crate) fn new(latency: Latency) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), directions: BTreeMap::new(), latency }
    }

    pub(crate) fn dial(
        &mut self,
        (dialler, incarnation): (NodeIndex, Incarnation),
        acceptor: NodeIndex,
        kind: LinkKind,
        relays: Vec<NodeIndex>,
        standby: bool,
    ) -> LinkId {
        let link = Connection {
            dialler,
            acceptor,
            kind,
            relays,
            standby,
            incarnation,
            dialler_end: End::Dialling,
            acceptor_end: End::Dialling,
            compares: false,
            dialler_digest: digest(Term::ZERO, None),
            queued: Vec::new(),
            last_arrivals: (0, 0),
        };
        if let Some(slot) = self.free.pop()
            && let Some(place) = self.slots.get_mut(slot as usize)
        {
            place.1 = Some(link);
            return LinkId { slot, number: place.0 };
        }
        let slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push((0, Some(link)));
        LinkId { slot, number: 0 }
    }

    pub(crate) fn get(&self, id: LinkId) -> Option<&Connection> {
        let (number, link) = self.slots.get(id.slot as usize)?;
        link.as_ref().filter(|_| *number == id.number)
    }

    pub(crate) fn get_mut(&mut self, id: LinkId) -> Option<&mut Connection> {
        let (number, link) = self.slots.get_mut(id.slot as usize)?;
        link.as_mut().filter(|_| *number == id.number)
    }

    /// Closes one end. A link that both ends have closed is forgotten.
    pub(crate) fn close(&mut self, id: LinkId, place: NodeIndex) {
        let Some((number, link)) = self.slots.get_mut(id.slot as usize) else { return };
        let Some(ends) = link.as_mut().filter(|_| *number == id.number) else { return };
        ends.close(place);
        if (ends.dialler_end, ends.acceptor_end) == (End::Closed, End::Closed) {
            *link = None;
            *number = number.wrapping_add(1);
            self.free.push(id.slot);
        }
    }

    /// The links that are not forgotten, and their ids.
    pub(crate) fn links(&self) -> impl Iterator<Item = (LinkId, &Connection)> {
        self.slots.iter().enumerate().filter_map(|(slot, (number, link))| {
            let slot = u32::try_from(slot).ok()?;
            Some((LinkId { slot, number: *number }, link.as_ref()?))
        })
    }

    /// The time for one crossing of all hops of a link from this end.
    fn crossing(&self, link: &Connection, from: NodeIndex, rng: &mut Rng) -> u64 {
        let crossing = |(one, other): (NodeIndex, NodeIndex)| {
            rng.crossing(self.disturbance(one, other).map_or(self.latency, |it| it.latency))
        };
        link.hops(from).map(crossing).fold(0, u64::saturating_add)
    }

    /// Time at which something arrives that is sent now on this link from this end: not before what was sent
    /// earlier.
    pub(crate) fn arrival(&mut self, id: LinkId, from: NodeIndex, now: u64, rng: &mut Rng) -> u64 {
        let Some(link) = self.get(id) else { return now };
        let soonest = now.saturating_add(self.crossing(link, from, rng));
        let Some(link) = self.get_mut(id) else { return soonest };
        let last = if link.dialler == from { &mut link.last_arrivals.0 } else { &mut link.last_arrivals.1 };
        *last = soonest.max(last.saturating_add(1));
        *last
    }

    /// The fate of a message that is sent now on this link from this end. On a link through others each hop
    /// may lose it, and the first may send it twice or have it overtaken.
    pub(crate) fn fate(&mut self, id: LinkId, from: NodeIndex, now: u64, rng: &mut Rng) -> Fate {
        let mut hops = self.get(id).into_iter().flat_map(|link| link.hops(from));
        let first = hops.next();
        for (one, other) in hops {
            if self.disturbance(one, other).is_some_and(|disturbance| rng.happens(disturbance.drop)) {
                return Fate::Lost;
            }
        }
        let Some(disturbance) = first.and_then(|(from, to)| self.disturbance(from, to)) else {
            return Fate::Arrives { at: self.arrival(id, from, now, rng), overtaken: false };
        };
        if rng.happens(disturbance.drop) {
            return Fate::Lost;
        }
        let late = |rng: &mut Rng| {
            now.saturating_add(rng.crossing(disturbance.latency))
                .saturating_add(rng.crossing(disturbance.latency))
        };
        let overtaken = rng.happens(disturbance.reorder);
        let at = if overtaken { late(rng) } else { self.arrival(id, from, now, rng) };
        if rng.happens(disturbance.duplicate) {
            Fate::ArrivesTwice(at, late(rng))
        } else {
            Fate::Arrives { at, overtaken }
        }
    }

    /// Whether a cut stops what this link carries from this end.
    pub(crate) fn is_cut(&self, link: &Connection, from: NodeIndex) -> bool {
        !self.directions.is_empty()
            && link.hops(from).any(|(one, other)| self.cut_between(one, other).is_some())
    }

    /// Whether any link loses or reorders messages.
    pub(crate) fn loses_or_reorders(&self) -> bool {
        let disturbances = self.directions.values().filter_map(|direction| direction.disturbance);
        disturbances.into_iter().any(|it| it.drop > PerMille::NEVER || it.reorder > PerMille::NEVER)
    }

    /// Whether a link between these two would be up and lose too much.
    pub(crate) fn is_lossy_only(&self, one: NodeIndex, other: NodeIndex) -> bool {
        let both = [(one, other), (other, one)];
        both.iter().all(|(from, to)| self.cut_between(*from, *to).is_none())
            && both.iter().any(|(from, to)| self.is_lossy(*from, *to))
    }

    /// Whether a link between these two would work.
    pub(crate) fn works(&self, one: NodeIndex, other: NodeIndex) -> bool {
        [(one, other), (other, one)]
            .into_iter()
            .all(|(from, to)| self.cut_between(from, to).is_none() && !self.is_lossy(from, to))
    }

    /// Whether so many of the messages in this direction are lost that a link there does not work.
    pub(crate) fn is_lossy(&self, from: NodeIndex, to: NodeIndex) -> bool {
        self.disturbance(from, to).is_some_and(|disturbance| disturbance.drop > MOST_LOST)
    }

    fn disturbance(&self, from: NodeIndex, to: NodeIndex) -> Option<Disturbance> {
        if self.directions.is_empty() {
            return None;
        }
        self.directions.get(&(from, to)).and_then(|direction| direction.disturbance)
    }

    /// The number of the cut in this direction, if there is one.
    pub(crate) fn cut_between(&self, from: NodeIndex, to: NodeIndex) -> Option<u64> {
        if self.directions.is_empty() {
            return None;
        }
        self.directions.get(&(from, to)).and_then(|direction| direction.cut)
    }

    /// Cuts one direction. Says whether it was whole.
    pub(crate) fn cut(&mut self, from: NodeIndex, to: NodeIndex, number: u64) -> bool {
        let direction = self.directions.entry((from, to)).or_default();
        let was_whole = direction.cut.is_none();
        direction.cut.get_or_insert(number);
        was_whole
    }

    /// Disturbs one direction. Returns how much longer a slow crossing takes than before.
    pub(crate) fn disturb(
        &mut self,
        from: NodeIndex,
        to: NodeIndex,
        disturbance: Disturbance,
        (now, number): (u64, u64),
    ) -> Duration {
        let before = self.slow_crossing(from, to);
        let slow = disturbance.latency.slow();
        let direction = self.directions.entry((from, to)).or_default();
        direction.disturbance = Some(disturbance);
        let more = slow.saturating_sub(before);
        if !more.is_zero() {
            direction.late = Some(Late { number, until: now.saturating_add(nanoseconds(slow)) });
        }
        more
    }

    fn slow_crossing(&self, from: NodeIndex, to: NodeIndex) -> Duration {
        self.disturbance(from, to).map_or(self.latency, |it| it.latency).slow()
    }

    /// The time of a slow round trip on a link.
    pub(crate) fn slow_round_trip(&self, link: &Connection) -> Duration {
        let both = link.hops(link.dialler).chain(link.hops(link.acceptor));
        both.map(|(one, other)| self.slow_crossing(one, other)).sum()
    }

    /// Whether the cut or the delay with this number stops what crosses here.
    pub(crate) fn is_stopped_by(&self, (from, to): (NodeIndex, NodeIndex), number: u64, now: u64) -> bool {
        self.directions.get(&(from, to)).is_some_and(|direction| {
            direction.cut == Some(number)
                || direction.late.is_some_and(|late| late.number == number && now < late.until)
        })
    }

    /// Makes both directions whole again. Says whether there was anything to do.
    pub(crate) fn mend(&mut self, one: NodeIndex, other: NodeIndex) -> bool {
        let (there, back) = (self.directions.remove(&(one, other)), self.directions.remove(&(other, one)));
        there.is_some() || back.is_some()
    }

    /// The pairs with something to mend.
    pub(crate) fn damaged(&self) -> Vec<(NodeIndex, NodeIndex)> {
        self.directions.keys().copied().collect()
    }
}
