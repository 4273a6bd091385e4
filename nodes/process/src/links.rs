//! The node links: one task a link, which owns the socket, holds messages back for the pace, pings, and
//! notices silence.

mod dial;
#[cfg(test)]
mod document;
mod faulty_stream;
mod task;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ringleader_election::digest;
use ringleader_election::failure_detector::AT_MOST;
use ringleader_election::link_table::{Cause, DialPurpose, Link, LinkLoss, LinkTable};
use ringleader_shared::event::MessageInfo;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkFrame, LinkKind, PathFrame, close};
use ringleader_shared::{Incarnation, NodeId, Term};
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use self::task::{LinkTask, Shared, locked};
use crate::clock::now;
use crate::faults::{LinkFaults, PeerFaults};
use crate::handshake::{Dialler, Hello, Socket};
use crate::link_settings::LinkSettings;
use crate::links::dial::Attempt;
pub(crate) use crate::links::dial::{Hop, Way, across};
pub(crate) use crate::links::faulty_stream::FaultyStream;
pub(crate) use crate::links::task::GOODBYE;
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
    /// An attempt to dial failed. The link waits, with what was queued on it, for [`Links::redial`] or
    /// [`Links::give_up`].
    DialFailed {
        cause: LinkEnd,
        /// The number of the attempt, from 0.
        number: u32,
    },
    /// The link, or the attempt to dial it, has been silent for so long that it may not work.
    Doubtful,
    /// The link that was doubtful was heard.
    HeardAgain,
    /// The link loses so many pings that it does not work.
    Lossy,
    /// The dialler of a standby link needs it now.
    InUse,
    /// A message arrived.
    Frame(LinkFrame),
    /// A frame arrived by which members look for a path.
    Path(PathFrame),
    /// A message arrived across a cut and was discarded.
    Intercepted(LinkFrame),
    /// A fault was applied to a message of this node.
    Injected(MessageInfo, Injection),
    /// A ping came back.
    RoundTrip {
        took: Duration,
        /// The time in which answers come.
        answers_within: Duration,
    },
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
    /// Sends a path frame: at once, and unreported when a fault takes it.
    SendPath(String),
    /// Announces to the other end that this standby link is in use.
    Use,
    Close {
        code: u16,
        reason: &'static str,
    },
}

/// The node's decision about a link that is dialled.
#[derive(Debug)]
enum Decision {
    Redial(Attempt),
    GiveUp { cause: LinkEnd },
}

/// The handle of one link's task.
#[derive(Debug)]
struct Task {
    /// The relays that the link goes through, in order from this node to the peer.
    relays: Vec<NodeId>,
    /// The digest of the peer's state when it sent its last message; pings report it back.
    peer_digest: Arc<AtomicU64>,
    commands: mpsc::Sender<LinkCommand>,
    decisions: mpsc::Sender<Decision>,
    /// The number of the attempt to dial, from 0.
    attempt: u32,
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
    /// The time at which each peer was last heard that was taken for hung since.
    suspects: BTreeMap<NodeId, Duration>,
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
            health: Arc::default(),
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
            suspects: BTreeMap::new(),
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

    /// The faults between this node and this neighbour.
    pub(crate) fn faults_with(&self, neighbour: NodeId) -> PeerFaults {
        self.faults.borrow().with(neighbour)
    }

    /// The faults of all links, as they are and change.
    pub(crate) fn faults(&self) -> watch::Receiver<LinkFaults> {
        self.faults.subscribe()
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
    pub(crate) fn dial(&mut self, way: Way, kind: LinkKind, purpose: DialPurpose, within: Duration) {
        let peer = way.peer.id;
        let dialler = Dialler { id: self.me, incarnation: self.incarnation, relays: Vec::new() };
        let standby = purpose == DialPurpose::Standby;
        let hello = Hello { dialler, to: peer, kind, standby };
        let (id, task) = self.register(peer, way.relays());
        self.table.dialled(id, peer, kind, purpose);
        self.table.set_relayed(id, !way.relays.is_empty());
        tracing::debug!(?id, ?way, %kind, "dialling");
        tokio::spawn(task.dial(hello, self.secret.clone(), Attempt { way, within }));
    }

    /// Dials again, maybe on another way. What waits for the link stays.
    pub(crate) fn redial(&mut self, id: LinkId, way: Way, within: Duration) {
        if let Some(task) = self.tasks.get_mut(&id) {
            task.relays = way.relays();
            task.attempt += 1;
            self.table.set_relayed(id, !way.relays.is_empty());
            // A task that is gone has ended the link, which will be reported.
            let _ = task.decisions.try_send(Decision::Redial(Attempt { way, within }));
        }
    }

    /// Ends a link whose dial failed, with the cause of that failure.
    pub(crate) fn give_up(&self, id: LinkId, cause: LinkEnd) {
        if let Some(task) = self.tasks.get(&id) {
            let _ = task.decisions.try_send(Decision::GiveUp { cause });
        }
    }

    /// Whether this is the number of the present attempt to dial a link.
    pub(crate) fn is_present(&self, id: LinkId, number: u32) -> bool {
        self.tasks.get(&id).is_some_and(|task| task.attempt == number)
    }

    /// The relays of a link, in order from this node to the peer.
    pub(crate) fn relays(&self, id: LinkId) -> &[NodeId] {
        self.tasks.get(&id).map_or(&[], |task| &task.relays)
    }

    /// Adopts an accepted link. An older one from the same peer is closed: the peer dialled anew.
    pub(crate) fn adopt(&mut self, socket: Socket, hello: Hello) {
        let Hello { dialler: Dialler { id: from, incarnation, relays }, kind, standby, .. } = hello;
        let purpose = if standby { DialPurpose::Standby } else { DialPurpose::Wanted };
        let relayed = !relays.is_empty();
        let (id, task) = self.register(from, relays.into_iter().rev().collect());
        if !standby {
            self.close_replaced(from, kind, id);
        }
        self.table.accepted(id, from, kind, purpose, incarnation);
        self.table.set_relayed(id, relayed);
        tokio::spawn(task.run(socket, LinkDirection::Incoming));
    }

    fn register(&mut self, peer: NodeId, relays: Vec<NodeId>) -> (LinkId, LinkTask) {
        self.next += 1;
        let id = LinkId(self.next);
        let (commands, inbox) = mpsc::channel(WAITING_MESSAGES);
        let (decisions, decided) = mpsc::channel(4);
        // A peer that has sent nothing counts as one that knows of no election.
        let peer_digest = Arc::new(AtomicU64::new(digest(Term::ZERO, None)));
        let task = LinkTask {
            id,
            peer,
            relays: relays.clone(),
            commands: inbox,
            decisions: decided,
            peer_digest: Arc::clone(&peer_digest),
            shared: self.shared.clone(),
        };
        self.tasks.insert(id, Task { relays, peer_digest, commands, decisions, attempt: 0 });
        (id, task)
    }

    /// Passes a message to a link; false when the link can't take it.
    pub(crate) fn send(&self, id: LinkId, frame: &LinkFrame, info: MessageInfo, paced: bool) -> bool {
        self.pass(id, frame, |text| LinkCommand::Send { text, info, paced })
    }

    /// Passes a path frame to a link, a standby link included; false when the link can't take it.
    pub(crate) fn send_path(&self, id: LinkId, frame: &PathFrame) -> bool {
        self.pass(id, frame, LinkCommand::SendPath)
    }

    fn pass(&self, id: LinkId, frame: &impl Serialize, command: impl FnOnce(String) -> LinkCommand) -> bool {
        let Some(task) = self.tasks.get(&id) else { return false };
        match serde_json::to_string(frame) {
            Ok(text) => task.commands.try_send(command(text)).is_ok(),
            Err(error) => {
                tracing::error!("a frame that can't be written: {error}");
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

    /// Notes that a peer is taken for hung after such a silence.
    pub(crate) fn suspect(&mut self, peer: NodeId, silent_for: Duration) {
        self.suspects.insert(peer, now().0.saturating_sub(silent_for));
    }

    /// Notes that a peer answers again on a direct link. One that was taken for hung a moment ago was only
    /// late, so all links are given more time.
    pub(crate) fn answers(&mut self, peer: NodeId) {
        let Some(heard) = self.suspects.remove(&peer) else { return };
        let LinkSettings { heartbeat, hung_after, .. } = *self.shared.settings.borrow();
        let silent_for = now().0.saturating_sub(heard);
        if silent_for < hung_after * AT_MOST {
            locked(&self.shared.health).observe(now(), silent_for, heartbeat);
        }
    }

    /// Removes a link that ended, and returns what its end means.
    pub(crate) fn ended(&mut self, id: LinkId, cause: Cause) -> Option<(Link<LinkId>, LinkLoss)> {
        self.tasks.remove(&id);
        self.table.down(id, cause, now())
    }
}
