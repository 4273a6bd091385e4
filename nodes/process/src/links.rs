//! The node links: one task a link, that owns its socket, holds messages back for the pace, pings, and notices silence.

#[cfg(test)]
mod document;
#[cfg(test)]
mod hostile;
mod lateness;
mod pump;
mod wire;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ringleader_election::digest;
use ringleader_shared::event::MessageInfo;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{Direction, LinkFrame, LinkKind};
use ringleader_shared::{Incarnation, NodeId, Term};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use self::lateness::Lateness;
use crate::handshake::{self, Introduction, Members};
use crate::links::pump::Pinged;
pub(crate) use crate::links::wire::Wire;
use crate::settings::{Faults, LinkSettings, PeerFaults, Secret};

/// How many messages may wait for one link. More means that the peer does not read.
const WAITING_MESSAGES: usize = 1024;

/// A link that ends in good order this soon after it came up counts as failed, or two nodes that disagree would dial and
/// hang up for ever.
pub(crate) const TOO_SHORT: Duration = Duration::from_millis(10);

/// WebSocket close codes of node links. 4000 and up are for applications (RFC 6455, 7.4.2).
pub(crate) mod close {
    /// The node leaves the ring in good order.
    pub(crate) const LEAVING: u16 = 1001;
    /// A frame of a kind that node links don't use.
    pub(crate) const UNSUPPORTED: u16 = 1003;
    /// A frame that can't be read as a `LinkFrame`, or speaks for somebody else.
    pub(crate) const MALFORMED: u16 = 1007;
    /// More pings than any heartbeat needs.
    pub(crate) const TOO_MUCH: u16 = 1008;
    /// A message over the limit.
    pub(crate) const TOO_BIG: u16 = 1009;
    /// The link is not needed any more: its dialler has another successor, or dialled anew.
    pub(crate) const NOT_NEEDED: u16 = 4000;
    /// The peer was silent for so long that it counts as hung.
    pub(crate) const SILENT: u16 = 4001;
}

/// Identifies one link of this process, for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkId(u64);

/// What a link task tells the node.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) link: LinkId,
    pub(crate) peer: NodeId,
    pub(crate) what: What,
}

/// What can happen to a link.
#[derive(Debug)]
pub(crate) enum What {
    /// The other end answered.
    Up,
    /// The dialler of a standby link needs it now.
    InUse,
    /// A message arrived.
    Frame(LinkFrame),
    /// A message arrived that must not have: the link is cut.
    Intercepted(LinkFrame),
    /// A fault did this to a message of this node.
    Injected(MessageInfo, Injection),
    /// A ping came back.
    RoundTrip(Duration),
    /// The other end knows something else than this one and was not told what this one knows, both for long.
    Differs,
    /// The peer did something that it must not; the end follows.
    Misbehaved(String),
    /// The link ended. The last news of a link.
    Down {
        reason: String,
        /// Whether the peer is thought dead or hung.
        failure: bool,
        /// Messages that never left.
        unsent: Vec<MessageInfo>,
    },
}

/// What a link task is asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    Send {
        text: String,
        info: MessageInfo,
        /// Whether the pace applies to it.
        paced: bool,
    },
    /// Tells the other end that this standby link is in use.
    Use,
    Close {
        code: u16,
        reason: &'static str,
    },
}

/// What a link is dialled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The core wants it.
    Wanted,
    /// To see whether a skipped member answers again; its failure is no news.
    Probe,
    /// To be ready when the successor is lost: until it is in use it is not a link of the ring, and nothing is told of it.
    Standby,
}

/// One link as the node sees it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) peer: NodeId,
    pub(crate) kind: LinkKind,
    pub(crate) direction: Direction,
    pub(crate) purpose: Purpose,
    /// When the other end answered.
    pub(crate) up: Option<Instant>,
    /// Which start of the peer dialled; `None` where this node did.
    pub(crate) dialled_by: Option<Incarnation>,
    /// Which start of the peer speaks, where this node dialled: that of its first message.
    pub(crate) answered_by: Option<Incarnation>,
    /// The digest of what the peer knew when it sent its last message, as pings report it back.
    told: Arc<AtomicU64>,
    orders: mpsc::Sender<Order>,
}

impl Link {
    /// The start of the peer at the other end, as far as it has said.
    pub(crate) const fn other_end(&self) -> Option<Incarnation> {
        if self.dialled_by.is_some() { self.dialled_by } else { self.answered_by }
    }

    /// Whether an end in good order comes so early that it must count as a failure.
    pub(crate) fn was_too_short(&self) -> bool {
        (self.kind, self.direction) == (LinkKind::Ring, Direction::Outgoing)
            && self.up.is_none_or(|up| up.elapsed() < TOO_SHORT)
    }
}

/// All links of a node.
pub(crate) struct Links {
    me: NodeId,
    incarnation: Incarnation,
    secret: Secret,
    settings: watch::Receiver<LinkSettings>,
    faults: watch::Sender<Faults>,
    news: mpsc::Sender<News>,
    lateness: Lateness,
    /// What this node knows, as its pings say it.
    knowledge: Arc<AtomicU64>,
    links: Vec<Link>,
    next: u64,
}

impl Links {
    pub(crate) fn new(
        me: NodeId,
        incarnation: Incarnation,
        secret: Secret,
        settings: watch::Receiver<LinkSettings>,
        news: mpsc::Sender<News>,
    ) -> Self {
        let (faults, _) = watch::channel(Faults::default());
        Self {
            me,
            incarnation,
            secret,
            settings,
            faults,
            news,
            lateness: Lateness::default(),
            knowledge: Arc::default(),
            links: Vec::new(),
            next: 0,
        }
    }

    /// What pings say from now on.
    pub(crate) fn set_knowledge(&self, knowledge: u64) {
        self.knowledge.store(knowledge, Ordering::Relaxed);
    }

    /// The last message of this peer tells that it knows this.
    pub(crate) fn set_told(&self, peer: NodeId, knowledge: u64) {
        for link in self.links.iter().filter(|link| link.peer == peer) {
            link.told.store(knowledge, Ordering::Relaxed);
        }
    }

    /// What the network does from now on, to links that are there and to those to come.
    pub(crate) fn set_faults(&self, faults: Faults) {
        self.faults.send_if_modified(|old| {
            let changed = *old != faults;
            *old = faults;
            changed
        });
    }

    /// The faults between this node and this peer.
    pub(crate) fn faults_with(&self, peer: NodeId) -> PeerFaults {
        self.faults.borrow().with(peer)
    }

    pub(crate) fn get(&self, id: LinkId) -> Option<&Link> {
        self.links.iter().find(|link| link.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.id == id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.links.iter()
    }

    /// The link to this peer in this direction, up or being dialled. Standby links are none.
    pub(crate) fn find(&self, peer: NodeId, kind: LinkKind, direction: Direction) -> Option<&Link> {
        self.links.iter().find(|link| {
            (link.peer, link.kind, link.direction) == (peer, kind, direction)
                && link.purpose != Purpose::Standby
        })
    }

    /// The standby links that this node dialled, up or being dialled.
    pub(crate) fn on_standby(&self) -> impl Iterator<Item = &Link> {
        self.links
            .iter()
            .filter(|link| link.purpose == Purpose::Standby && link.direction == Direction::Outgoing)
    }

    /// Turns the standby link to this peer into the ring link, if there is one that is up.
    pub(crate) fn use_standby(&mut self, peer: NodeId) -> Option<LinkId> {
        let id = self.on_standby().find(|link| link.peer == peer && link.up.is_some())?.id;
        let link = self.get_mut(id)?;
        link.orders.try_send(Order::Use).ok()?;
        link.purpose = Purpose::Wanted;
        Some(id)
    }

    /// The other end uses its standby link now. An older ring link from the same peer is closed: it has another successor.
    pub(crate) fn used(&mut self, id: LinkId) {
        let Some(peer) = self.get(id).map(|link| link.peer) else { return };
        self.replace_incoming(peer, LinkKind::Ring);
        if let Some(link) = self.get_mut(id) {
            link.purpose = Purpose::Wanted;
        }
    }

    fn replace_incoming(&mut self, peer: NodeId, kind: LinkKind) {
        if let Some(old) = self.find(peer, kind, Direction::Incoming).map(|old| old.id) {
            self.close(old, close::NOT_NEEDED, "the same node dialled anew");
        }
    }

    /// Starts to dial; messages may be sent at once and wait for the link.
    pub(crate) fn dial(&mut self, peer: NodeId, address: SocketAddr, kind: LinkKind, purpose: Purpose) {
        let standby = purpose == Purpose::Standby;
        let introduction =
            Introduction { from: self.me, incarnation: self.incarnation, to: peer, kind, standby };
        let (id, pump) = self.register(peer, kind, Direction::Outgoing, purpose);
        let secret = self.secret.clone();
        let within = self.settings.borrow().hung_after;
        let mut faults = self.faults.subscribe();
        tokio::spawn(async move {
            let opening = handshake::dial(address, introduction, &secret, within);
            match across(opening, address, peer, &mut faults, within).await {
                Ok(socket) => pump.run(socket, Direction::Outgoing).await,
                Err(reason) => pump.give_up(reason).await,
            }
        });
        tracing::debug!(?id, %address, %kind, "dialling");
    }

    /// Takes an accepted link in. An older one from the same peer is closed: it dialled anew.
    pub(crate) fn adopt(&mut self, socket: handshake::Socket, introduction: Introduction) {
        let Introduction { from, incarnation, kind, standby, .. } = introduction;
        let purpose = if standby { Purpose::Standby } else { Purpose::Wanted };
        if !standby {
            self.replace_incoming(from, kind);
        }
        let (id, pump) = self.register(from, kind, Direction::Incoming, purpose);
        if let Some(link) = self.get_mut(id) {
            link.dialled_by = Some(incarnation);
        }
        tokio::spawn(pump.run(socket, Direction::Incoming));
    }

    fn register(
        &mut self,
        peer: NodeId,
        kind: LinkKind,
        direction: Direction,
        purpose: Purpose,
    ) -> (LinkId, pump::Pump) {
        self.next += 1;
        let id = LinkId(self.next);
        let (orders, inbox) = mpsc::channel(WAITING_MESSAGES);
        // Who was told nothing has been told as much as by a peer that knows of no election.
        let told = Arc::new(AtomicU64::new(digest(Term::ZERO, None)));
        let pinged = Pinged { knowledge: Arc::clone(&self.knowledge), told: Arc::clone(&told) };
        self.links.push(Link {
            id,
            peer,
            kind,
            direction,
            purpose,
            up: None,
            dialled_by: None,
            answered_by: None,
            told,
            orders,
        });
        (
            id,
            pump::Pump::new(
                id,
                peer,
                inbox,
                self.settings.clone(),
                self.faults.subscribe(),
                self.news.clone(),
                self.lateness.clone(),
            )
            .pinging(pinged),
        )
    }

    /// Hands a message to a link; false when the link can't take it.
    pub(crate) fn send(&self, id: LinkId, frame: &LinkFrame, info: MessageInfo, paced: bool) -> bool {
        let Some(link) = self.get(id) else { return false };
        match serde_json::to_string(frame) {
            Ok(text) => link.orders.try_send(Order::Send { text, info, paced }).is_ok(),
            Err(error) => {
                tracing::error!("a message that can't be written: {error}");
                false
            }
        }
    }

    /// Closes a link in good order and forgets it: nothing more is heard of it. What it still holds goes out first, unless
    /// the node leaves.
    pub(crate) fn close(&mut self, id: LinkId, code: u16, reason: &'static str) {
        if let Some(position) = self.links.iter().position(|link| link.id == id) {
            let link = self.links.swap_remove(position);
            // A link that can't take the order ends by itself when its sender is dropped here.
            let _ = link.orders.try_send(Order::Close { code, reason });
        }
    }

    /// Forgets a link that ended.
    pub(crate) fn remove(&mut self, id: LinkId) -> Option<Link> {
        let position = self.links.iter().position(|link| link.id == id)?;
        Some(self.links.swap_remove(position))
    }
}

/// Opens a link through the faults between its ends: across a cut nothing is opened, and nothing says so either.
async fn across(
    opening: impl Future<Output = Result<handshake::Socket, String>>,
    address: SocketAddr,
    peer: NodeId,
    faults: &mut watch::Receiver<Faults>,
    within: Duration,
) -> Result<handshake::Socket, String> {
    let attempt = async {
        let before = faults.borrow_and_update().with(peer);
        if before.no_handshake() {
            return None;
        }
        tokio::time::sleep(before.handshake_delay()).await;
        let opened = opening.await;
        let cut_meanwhile = faults.borrow_and_update().with(peer).no_handshake();
        (!cut_meanwhile).then_some(opened)
    };
    let unheard = async {
        match attempt.await {
            Some(opened) => opened,
            None => std::future::pending().await,
        }
    };
    tokio::time::timeout(within, unheard)
        .await
        .unwrap_or_else(|_| Err(format!("no answer from {address} within {} ms", within.as_millis())))
}

/// Lets strangers introduce themselves, each in a task of its own. When too many are at it the oldest has to leave: a member needs
/// a millisecond, so that those who say nothing keep nobody out, however many they are.
pub(crate) async fn accept_loop(
    listener: tokio::net::TcpListener,
    me: NodeId,
    secret: Secret,
    members: Members,
    guests: mpsc::Sender<Guest>,
) {
    /// How many connections may be in their handshake. A ring needs two at a time.
    const HANDSHAKES: usize = 64;
    let mut open: VecDeque<(SocketAddr, AbortHandle)> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                open.retain(|(_, handshake)| !handshake.is_finished());
                if open.len() >= HANDSHAKES
                    && let Some((remote, oldest)) = open.pop_front()
                {
                    oldest.abort();
                    let reason = "no complete handshake while many others came".to_owned();
                    // One that finds no room in the queue is one of many.
                    let _ = guests.try_send(Guest::Refused { remote, reason });
                }
                let handshake =
                    tokio::spawn(admit(stream, remote, me, secret.clone(), members.clone(), guests.clone()));
                open.push_back((remote, handshake.abort_handle()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: give others a moment to close some.
                tracing::warn!("accepting a link: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn admit(
    stream: TcpStream,
    remote: SocketAddr,
    me: NodeId,
    secret: Secret,
    members: Members,
    guests: mpsc::Sender<Guest>,
) {
    match handshake::accept(stream, me, &secret, &members).await {
        Ok((socket, introduction)) => {
            let member = Guest::Member(Box::new(socket), introduction);
            // In a task of its own: who has introduced itself has to leave for nobody.
            tokio::spawn(async move { guests.send(member).await });
        }
        Err(reason) => drop(guests.send(Guest::Refused { remote, reason }).await),
    }
}

/// Somebody who connected to the node.
pub(crate) enum Guest {
    /// Knows the secret and means this node.
    Member(Box<handshake::Socket>, Introduction),
    /// Was sent away.
    Refused { remote: SocketAddr, reason: String },
}
