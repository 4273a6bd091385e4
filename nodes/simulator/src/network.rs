//! Links between members: dialled, accepted, closed, failed. Order is kept from one member to another.

use std::collections::BTreeMap;

use ringleader_election::Time;
use ringleader_shared::link::LinkKind;
use ringleader_shared::{NodeId, RingMessage};

use crate::setup::Latency;

/// One connection, from its dial to the last of its two ends' closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(u64);

/// How one end sees a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Dialled, and not accepted yet.
    Dialling,
    /// Messages can be sent and received here.
    Open,
    /// Nothing is sent or received here any more.
    Closed,
}

#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) dialler: NodeId,
    pub(crate) acceptor: NodeId,
    pub(crate) kind: LinkKind,
    pub(crate) dialler_end: End,
    pub(crate) acceptor_end: End,
    /// Dialled only to see whether the member answers again: a failure is no news.
    pub(crate) probe: bool,
    /// What the dialler sends once the link is up.
    pub(crate) queued: Vec<RingMessage>,
}

impl Link {
    pub(crate) fn other(&self, node: NodeId) -> NodeId {
        if self.dialler == node { self.acceptor } else { self.dialler }
    }

    pub(crate) fn end(&self, node: NodeId) -> End {
        if self.dialler == node { self.dialler_end } else { self.acceptor_end }
    }

    pub(crate) fn close(&mut self, node: NodeId) {
        *(if self.dialler == node { &mut self.dialler_end } else { &mut self.acceptor_end }) = End::Closed;
    }

    fn has(&self, node: NodeId) -> bool {
        self.dialler == node || self.acceptor == node
    }
}

#[derive(Debug)]
pub(crate) struct Network {
    links: BTreeMap<LinkId, Link>,
    /// When the last thing sent from one member to another arrives.
    last_arrival: BTreeMap<(NodeId, NodeId), Time>,
    dialled: u64,
    latency: Latency,
}

impl Network {
    pub(crate) fn new(latency: Latency) -> Self {
        Self { links: BTreeMap::new(), last_arrival: BTreeMap::new(), dialled: 0, latency }
    }

    /// When something that is sent now arrives: after a random latency, and not before what was sent earlier.
    pub(crate) fn arrival(&mut self, now: Time, from: NodeId, to: NodeId, rng: &mut fastrand::Rng) -> Time {
        let Latency { min, max } = self.latency;
        let soonest = now.0 + min + max.saturating_sub(min).mul_f64(rng.f64());
        let last = self.last_arrival.entry((from, to)).or_default();
        last.0 = soonest.max(last.0 + std::time::Duration::from_nanos(1));
        *last
    }

    pub(crate) fn dial(&mut self, dialler: NodeId, acceptor: NodeId, kind: LinkKind, probe: bool) -> LinkId {
        self.dialled += 1;
        let id = LinkId(self.dialled);
        let (dialler_end, acceptor_end) = (End::Dialling, End::Dialling);
        let link = Link { dialler, acceptor, kind, dialler_end, acceptor_end, probe, queued: Vec::new() };
        self.links.insert(id, link);
        id
    }

    pub(crate) fn get(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&id)
    }

    /// Forgets links that both ends have closed.
    pub(crate) fn sweep(&mut self) {
        self.links.retain(|_, link| (link.dialler_end, link.acceptor_end) != (End::Closed, End::Closed));
    }

    /// Forgets a link that never came up.
    pub(crate) fn forget(&mut self, id: LinkId) -> Option<Link> {
        self.links.remove(&id)
    }

    /// The links that this member has an end of, not closed there.
    pub(crate) fn of(&self, node: NodeId) -> Vec<(LinkId, Link)> {
        let open = self.links.iter().filter(|(_, link)| link.has(node) && link.end(node) != End::Closed);
        open.map(|(id, link)| (*id, link.clone())).collect()
    }

    /// The links that this member dialled and has not closed.
    pub(crate) fn dialled_by(&self, node: NodeId) -> impl Iterator<Item = (LinkId, &Link)> {
        let dialled = self.links.iter();
        let dialled =
            dialled.filter(move |(_, link)| link.dialler == node && link.dialler_end != End::Closed);
        dialled.map(|(id, link)| (*id, link))
    }

    /// On which link a message goes: the ring link that the sender dialled, else any that it has with that member.
    pub(crate) fn link_to(&self, from: NodeId, to: NodeId) -> Option<LinkId> {
        let usable = |link: &Link| match link.end(from) {
            End::Open => true,
            End::Dialling => link.dialler == from,
            End::Closed => false,
        };
        let candidates = self.links.iter().filter(|(_, link)| link.has(from) && link.has(to) && usable(link));
        let preference = |link: &Link| (link.kind == LinkKind::Ring, link.dialler == from);
        candidates.max_by_key(|(id, link)| (preference(link), **id)).map(|(id, _)| *id)
    }
}
