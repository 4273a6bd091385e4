//! The node links: one task a link, which owns the socket, holds messages back for the pace, pings, and
//! notices silence.

#[cfg(test)]
mod document;
mod faulty_stream;
mod task;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ringleader_election::digest;
use ringleader_election::link_table::{DialPurpose, Link, LinkLoss, LinkTable};
use ringleader_shared::event::MessageInfo;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkFrame, LinkKind, close};
use ringleader_shared::{Incarnation, NodeId, Term};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use self::task::{LinkTask, Shared};
use crate::clock::{now, whole_ms};
use crate::faults::{LinkFaults, PeerFaults};
use crate::handshake::{self, Hello, Members};
use crate::link_settings::LinkSettings;
pub(crate) use crate::links::faulty_stream::FaultyStream;
use crate::secret::Secret;

/// The most messages that may wait for one link. More means that the peer does not read.
const WAITING_MESSAGES: usize = 1024;

/// Identifies one link of this process, for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkId(u64);

/// A report of a link task to the node.
#[derive(Debug)]
pub(crate) struct LinkEvent {
    pub(crate) link: LinkId,
    pub(crate) peer: NodeId,
    pub(crate) kind: LinkEventKind,
}

/// An event of a link.
#[derive(Debug)]
pub(crate) enum LinkEventKind {
    /// The other end answered.
    Up,
    /// The dialler of a standby link needs it now.
    InUse,
    /// A message arrived.
    Frame(LinkFrame),
    /// A message arrived across a cut and was discarded.
    Intercepted(LinkFrame),
    /// A fault was applied to a message of this node.
    Injected(MessageInfo, Injection),
    /// A ping came back.
    RoundTrip(Duration),
    /// The other end's state has differed from this one's, and the other end has missed this one's, both
    /// for long.
    Differs,
    /// The peer broke the protocol; the end follows.
    Misbehaved(String),
    /// The link ended. This is the last event of a link.
    Down {
        cause: LinkEnd,
        /// Whether the peer counts as dead or hung.
        failure: bool,
        /// Messages that were never sent.
        unsent: Vec<MessageInfo>,
    },
}

/// A command for a link task.
#[derive(Debug)]
pub(crate) enum LinkCommand {
    Send {
        text: String,
        info: MessageInfo,
        /// Whether the pace applies to it.
        paced: bool,
    },
    /// Announces to the other end that this standby link is in use.
    Use,
    Close {
        code: u16,
        reason: &'static str,
    },
}

/// The handle of one link's task.
#[derive(Debug)]
struct Task {
    /// The digest of the peer's state when it sent its last message; pings report it back.
    peer_digest: Arc<AtomicU64>,
    commands: mpsc::Sender<LinkCommand>,
}

/// All links of a node.
pub(crate) struct Links {
    me: NodeId,
    incarnation: Incarnation,
    secret: Secret,
    faults: watch::Sender<LinkFaults>,
    shared: Shared,
    /// Every link has a task until it is closed or has ended.
    table: LinkTable<LinkId>,
    tasks: BTreeMap<LinkId, Task>,
    next: u64,
}

impl Links {
    pub(crate) fn new(
        me: NodeId,
        incarnation: Incarnation,
        secret: Secret,
        settings: watch::Receiver<LinkSettings>,
        link_events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        let (faults, watched) = watch::channel(LinkFaults::default());
        let shared = Shared {
            settings,
            faults: watched,
            link_events,
            lateness: Arc::default(),
            state_digest: Arc::default(),
        };
        Self {
            me,
            incarnation,
            secret,
            faults,
            shared,
            table: LinkTable::default(),
            tasks: BTreeMap::new(),
            next: 0,
        }
    }

    /// Sets the digest that pings carry from now on.
    pub(crate) fn set_state_digest(&self, state_digest: u64) {
        self.shared.state_digest.store(state_digest, Ordering::Relaxed);
    }

    /// Notes the digest of this peer's state when it sent its last message.
    pub(crate) fn set_peer_digest(&self, peer: NodeId, state_digest: u64) {
        for link in self.table.iter().filter(|link| link.peer == peer) {
            if let Some(task) = self.tasks.get(&link.id) {
                task.peer_digest.store(state_digest, Ordering::Relaxed);
            }
        }
    }

    /// Sets the network's faults from now on, for existing and future links.
    pub(crate) fn set_faults(&self, faults: LinkFaults) {
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

    /// The links as data.
    pub(crate) const fn table(&self) -> &LinkTable<LinkId> {
        &self.table
    }

    /// The links as data, for decisions about them.
    pub(crate) const fn table_mut(&mut self) -> &mut LinkTable<LinkId> {
        &mut self.table
    }

    /// Announces to the other end that this standby link is the ring link now.
    pub(crate) fn announce_use(&self, id: LinkId) {
        // A task that can't take it is ending, which will be reported.
        if let Some(task) = self.tasks.get(&id) {
            let _ = task.commands.try_send(LinkCommand::Use);
        }
    }

    /// Closes the link that the peer dialled before this one.
    pub(crate) fn close_replaced(&mut self, peer: NodeId, kind: LinkKind, by: LinkId) {
        while let Some(old) = self.table.take_replaced(peer, kind, by) {
            self.hang_up(old.id, close::NOT_NEEDED, "the same node dialled anew");
        }
    }

    /// Starts to dial. Messages may be sent at once and wait for the link.
    pub(crate) fn dial(&mut self, peer: NodeId, address: SocketAddr, kind: LinkKind, purpose: DialPurpose) {
        let standby = purpose == DialPurpose::Standby;
        let hello = Hello { from: self.me, incarnation: self.incarnation, to: peer, kind, standby };
        let (id, task) = self.register(peer);
        self.table.dialled(id, peer, kind, purpose);
        let secret = self.secret.clone();
        let within = self.shared.settings.borrow().hung_after;
        let mut faults = self.shared.faults.clone();
        tokio::spawn(async move {
            let opening = handshake::dial(address, hello, &secret);
            match across(opening, address, peer, &mut faults, within).await {
                Ok(socket) => task.run(socket, LinkDirection::Outgoing).await,
                Err(cause) => task.give_up(cause).await,
            }
        });
        tracing::debug!(?id, %address, %kind, "dialling");
    }

    /// Adopts an accepted link. An older one from the same peer is closed: the peer dialled anew.
    pub(crate) fn adopt(&mut self, socket: handshake::Socket, hello: Hello) {
        let Hello { from, incarnation, kind, standby, .. } = hello;
        let purpose = if standby { DialPurpose::Standby } else { DialPurpose::Wanted };
        let (id, task) = self.register(from);
        if !standby {
            self.close_replaced(from, kind, id);
        }
        self.table.accepted(id, from, kind, purpose, incarnation);
        tokio::spawn(task.run(socket, LinkDirection::Incoming));
    }

    fn register(&mut self, peer: NodeId) -> (LinkId, LinkTask) {
        self.next += 1;
        let id = LinkId(self.next);
        let (commands, inbox) = mpsc::channel(WAITING_MESSAGES);
        // A peer that has sent nothing counts as one that knows of no election.
        let peer_digest = Arc::new(AtomicU64::new(digest(Term::ZERO, None)));
        let task = LinkTask::new(id, peer, inbox, Arc::clone(&peer_digest), self.shared.clone());
        self.tasks.insert(id, Task { peer_digest, commands });
        (id, task)
    }

    /// Passes a message to a link; false when the link can't take it.
    pub(crate) fn send(&self, id: LinkId, frame: &LinkFrame, info: MessageInfo, paced: bool) -> bool {
        let Some(task) = self.tasks.get(&id) else { return false };
        match serde_json::to_string(frame) {
            Ok(text) => task.commands.try_send(LinkCommand::Send { text, info, paced }).is_ok(),
            Err(error) => {
                tracing::error!("a message that can't be written: {error}");
                false
            }
        }
    }

    /// Closes a link gracefully and removes it. Later only its unsent messages are reported. Messages
    /// that it still holds are sent first, unless the node leaves.
    pub(crate) fn close(&mut self, id: LinkId, code: u16, reason: &'static str) {
        self.table.remove(id);
        self.hang_up(id, code, reason);
    }

    /// Closes a link gracefully that the table has removed.
    pub(crate) fn hang_up(&mut self, id: LinkId, code: u16, reason: &'static str) {
        if let Some(task) = self.tasks.remove(&id) {
            // A link that can't take the command ends by itself when its sender is dropped here.
            let _ = task.commands.try_send(LinkCommand::Close { code, reason });
        }
    }

    /// Removes a link that ended, and returns what its end means.
    pub(crate) fn ended(&mut self, id: LinkId, failure: bool) -> Option<(Link<LinkId>, LinkLoss)> {
        self.tasks.remove(&id);
        self.table.down(id, failure, now())
    }
}

/// Opens a link through the faults between its ends. Across a cut nothing is opened, and no error arrives
/// either: the attempt times out.
async fn across(
    opening: impl Future<Output = Result<handshake::Socket, LinkEnd>>,
    address: SocketAddr,
    peer: NodeId,
    faults: &mut watch::Receiver<LinkFaults>,
    within: Duration,
) -> Result<handshake::Socket, LinkEnd> {
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
    tokio::time::timeout(within, unheard).await.unwrap_or_else(|_| {
        Err(LinkEnd::Unanswered { address: Some(address.to_string()), waited_ms: whole_ms(within) })
    })
}

/// Accepts connections, and runs each handshake in a task of its own. When too many are open, the oldest
/// is closed: a member needs a millisecond, so idle connections keep nobody out, however many they are.
pub(crate) async fn accept_loop(
    listener: tokio::net::TcpListener,
    me: NodeId,
    secret: Secret,
    members: Members,
    incoming_links: mpsc::Sender<Incoming>,
) {
    /// The most connections that may be in their handshake. A ring needs two at a time.
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
                    // A report that finds no room in the queue is one of many.
                    let _ = incoming_links.try_send(Incoming::Refused { remote, reason });
                }
                let handshake = tokio::spawn(admit(
                    stream,
                    remote,
                    me,
                    secret.clone(),
                    members.clone(),
                    incoming_links.clone(),
                ));
                open.push_back((remote, handshake.abort_handle()));
            }
            Err(error) => {
                // Most likely the process has no file descriptors left. Others get a moment to close
                // some.
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
    incoming_links: mpsc::Sender<Incoming>,
) {
    match handshake::accept(stream, me, &secret, &members).await {
        Ok((socket, hello)) => {
            let member = Incoming::Member(Box::new(socket), hello);
            // In a task of its own: a member that completed its handshake must not be closed as the
            // oldest.
            tokio::spawn(async move { incoming_links.send(member).await });
        }
        Err(reason) => drop(incoming_links.send(Incoming::Refused { remote, reason }).await),
    }
}

/// A connection to the node's port.
pub(crate) enum Incoming {
    /// A member that knows the secret and means this node.
    Member(Box<handshake::Socket>, Hello),
    /// A connection that was refused.
    Refused { remote: SocketAddr, reason: String },
}
