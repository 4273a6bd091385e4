//! The loop of one link. It waits for whatever happens next, and each thing that can happen has a handler.

mod ending;
mod outbox;
pub(super) mod pings;

use std::convert::Infallible;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use ringleader_election::failure_detector::{
    FailureDetector, LocalHealth, RoundTrip, Verdict, doubtful_after,
};
use ringleader_election::loss::Loss;
use ringleader_shared::NodeId;
use ringleader_shared::link::{IN_USE, LinkDirection, LinkEnd, close};
use tokio::sync::watch::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use self::ending::Ending;
use self::outbox::Outbox;
use self::pings::{Pings, round_trip};
use super::dial::Attempt;
use super::{Decision, LinkCommand, LinkEvent, LinkEventKind, LinkId};
use crate::clock::{now, whole_ms};
use crate::faults::{LinkFaults, PeerFaults};
use crate::handshake::{Hello, Socket};
use crate::link_settings::LinkSettings;
use crate::secret::Secret;

/// The time that a close handshake may take: the other end may be hung.
pub(crate) const GOODBYE: Duration = Duration::from_millis(50);

/// The channels and the state that all link tasks of a node share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) settings: watch::Receiver<LinkSettings>,
    pub(super) faults: watch::Receiver<LinkFaults>,
    pub(super) link_events: mpsc::Sender<LinkEvent>,
    pub(super) health: Arc<Mutex<LocalHealth>>,
    /// The digest of this node's state, which pings carry.
    pub(super) state_digest: Arc<AtomicU64>,
}

/// A link task before its socket exists.
pub(super) struct LinkTask {
    pub(super) id: LinkId,
    pub(super) peer: NodeId,
    /// The relays on the way to the peer, in order from this node.
    pub(super) relays: Vec<NodeId>,
    pub(super) commands: mpsc::Receiver<LinkCommand>,
    pub(super) decisions: mpsc::Receiver<Decision>,
    pub(super) peer_digest: Arc<AtomicU64>,
    pub(super) shared: Shared,
}

impl LinkTask {
    /// Dials until the link is open, or until the node gives it up. Commands wait meanwhile, in order.
    pub(super) async fn dial(mut self, hello: Hello, secret: Secret, mut attempt: Attempt) {
        let mut number = 0;
        loop {
            let decision = {
                let doubtful_at = Instant::now() + doubtful_after(attempt.within);
                let mut faults = self.shared.faults.clone();
                let opening = attempt.open(&hello, &secret, &mut faults);
                tokio::pin!(opening);
                let mut is_doubted = false;
                loop {
                    tokio::select! {
                        opened = &mut opening => match opened {
                            Ok(socket) => return self.run(socket, LinkDirection::Outgoing).await,
                            Err(cause) => {
                                self.emit(LinkEventKind::DialFailed { cause: cause.clone(), number }).await;
                                break self.decisions.recv().await.unwrap_or(Decision::GiveUp { cause });
                            }
                        },
                        // The node has found another way, or has closed the link meanwhile.
                        decision = self.decisions.recv() => {
                            break decision.unwrap_or(Decision::GiveUp { cause: LinkEnd::NotNeeded });
                        }
                        () = sleep_until(doubtful_at), if !is_doubted => {
                            is_doubted = true;
                            self.emit(LinkEventKind::Doubtful).await;
                        }
                    }
                }
            };
            match decision {
                Decision::Redial(next) => attempt = next,
                Decision::GiveUp { cause } => return self.end(cause, true, Outbox::default()).await,
            }
            number += 1;
            self.relays = attempt.way.relays();
        }
    }

    /// The member at the other end of the link's connection, whose faults are this link's.
    fn neighbour(&self) -> NodeId {
        self.relays.first().copied().unwrap_or(self.peer)
    }

    fn is_relayed(&self) -> bool {
        !self.relays.is_empty()
    }

    /// Carries messages until the link ends. The dialler speaks first, so that the acceptor knows that it
    /// is still there.
    pub(super) async fn run(self, socket: Socket, direction: LinkDirection) {
        let is_dialler = direction == LinkDirection::Outgoing;
        if is_dialler {
            self.emit(LinkEventKind::Up).await;
        }
        let mut link = OpenLink::new(self, socket, is_dialler);
        let Err(ending) = link.run().await;
        link.end(ending).await;
    }

    async fn emit(&self, kind: LinkEventKind) {
        // The receiver is gone only when the node is ending.
        let _ = self.shared.link_events.send(LinkEvent { link: self.id, peer: self.peer, kind }).await;
    }

    async fn end(&mut self, cause: LinkEnd, failure: bool, mut outbox: Outbox) {
        self.commands.close();
        let mut unsent = outbox.drain();
        while let Ok(command) = self.commands.try_recv() {
            if let LinkCommand::Send { info, .. } = command {
                unsent.push(info);
            }
        }
        self.emit(LinkEventKind::Down { cause, failure, unsent }).await;
    }
}

/// A link task with its socket.
struct OpenLink {
    task: LinkTask,
    socket: Socket,
    settings: LinkSettings,
    faults: PeerFaults,
    detector: FailureDetector,
    pings: Pings,
    outbox: Outbox,
    /// Whether the other end counts as connected: it answered a dial, or sent its first frame.
    is_up: bool,
    /// Whether the other end closed the link across a cut: nothing more is read, and the silence ends the
    /// link.
    is_closed_unheard: bool,
    /// Whether the node knows that this link has been silent for long.
    is_doubted: bool,
    loss: Loss,
    /// The close that the node asked for.
    closing: Option<(u16, &'static str)>,
}

impl OpenLink {
    fn new(mut task: LinkTask, mut socket: Socket, is_up: bool) -> Self {
        let settings = *task.shared.settings.borrow_and_update();
        let neighbour = task.neighbour();
        let faults = task.shared.faults.borrow_and_update().with(neighbour);
        socket.get_mut().set_faults(faults);
        Self {
            socket,
            settings,
            faults,
            detector: FailureDetector::new(task.peer, now(), settings.heartbeat, settings.hung_after),
            pings: Pings::new(settings, task.shared.state_digest.clone(), task.peer_digest.clone()),
            outbox: Outbox::default(),
            is_up,
            is_closed_unheard: false,
            is_doubted: false,
            loss: Loss::default(),
            closing: None,
            task,
        }
    }

    async fn run(&mut self) -> Result<Infallible, Ending> {
        if self.is_up {
            self.ping().await?;
        }
        loop {
            self.close_when_asked()?;
            let now = now();
            self.detector.woke(now, &mut locked(&self.task.shared.health));
            let deadline = Instant::now() + self.detector.next_deadline().since(now);
            let due = self.outbox.due(self.settings);
            let overtaken_due = self.outbox.overtaken_due(self.settings);
            tokio::select! {
                frame = self.socket.next(), if !self.is_closed_unheard => self.on_frame(frame).await,
                command = self.task.commands.recv(), if self.closing.is_none() => self.on_command(command).await,
                () = until(due) => self.on_due().await,
                () = until(overtaken_due) => self.put_overtaken().await,
                changed = self.task.shared.settings.changed() => self.on_settings(changed),
                changed = self.task.shared.faults.changed() => self.on_faults(changed),
                _ = self.pings.beat.tick() => self.on_beat().await,
                () = sleep_until(deadline) => self.on_silence().await,
            }?;
        }
    }

    /// Ends the link as the node asked, when every message is out. Messages that are still held back are
    /// dropped when the node leaves.
    fn close_when_asked(&self) -> Result<(), Ending> {
        match self.closing {
            Some((code, reason)) if self.outbox.is_empty() || code == close::LEAVING => {
                Err(Ending::closed(code, reason))
            }
            _ => Ok(()),
        }
    }

    async fn on_frame(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), Ending> {
        if self.faults.from_peer.cut {
            self.intercept(frame).await;
            return Ok(());
        }
        self.detector.heard(now(), &mut locked(&self.task.shared.health));
        if std::mem::take(&mut self.is_doubted) {
            self.task.emit(LinkEventKind::HeardAgain).await;
        }
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(Ending::of(error, self.task.is_relayed())),
            None => return Err(Ending::broken(self.task.is_relayed())),
        };
        // A relay closes the tunnel of a dialler that is gone. One that never spoke was never there.
        if !self.is_up && !matches!(frame, Message::Close(_)) {
            self.is_up = true;
            self.task.emit(LinkEventKind::Up).await;
        }
        match frame {
            Message::Text(text) => self.on_text(text.as_str()).await,
            Message::Ping(payload) => self.on_ping(&payload).await,
            Message::Pong(payload) => self.on_pong(&payload).await,
            Message::Frame(_) => Ok(()),
            Message::Binary(_) => {
                let reason = "sent a binary frame".to_owned();
                Err(Ending::misbehaved(close::UNSUPPORTED, "text frames only", reason))
            }
            Message::Close(frame) => Err(Ending::closed_by_peer(frame, self.task.is_relayed())),
        }
    }

    /// Discards a frame that arrives across a cut: it was in transit before the cut, or its sender does
    /// not know of the cut yet.
    async fn intercept(&mut self, frame: Option<Result<Message, Error>>) {
        match frame {
            Some(Ok(Message::Text(text))) => {
                if let Ok(frame) = serde_json::from_str(text.as_str()) {
                    self.task.emit(LinkEventKind::Intercepted(frame)).await;
                }
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => self.is_closed_unheard = true,
        }
    }

    async fn on_text(&mut self, text: &str) -> Result<(), Ending> {
        if text == IN_USE {
            self.task.emit(LinkEventKind::InUse).await;
            return Ok(());
        }
        let path = |error| serde_json::from_str(text).map(LinkEventKind::Path).map_err(|_| error);
        match serde_json::from_str(text).map(LinkEventKind::Frame).or_else(path) {
            Ok(event) => self.task.emit(event).await,
            Err(error) => {
                let reason = format!("sent a frame that can't be read: {error}");
                return Err(Ending::misbehaved(close::MALFORMED, "not a link frame", reason));
            }
        }
        Ok(())
    }

    async fn on_ping(&mut self, payload: &[u8]) -> Result<(), Ending> {
        self.pings.count(self.settings)?;
        let slow = self.detector.round_trip().map_or(Duration::ZERO, |it| it.answers_within() * 2);
        if self.pings.differ_for(self.settings.hung_after.max(slow), payload, now()) {
            self.task.emit(LinkEventKind::Differs).await;
        }
        Ok(())
    }

    async fn on_pong(&mut self, payload: &[u8]) -> Result<(), Ending> {
        self.pings.count(self.settings)?;
        if let Some((sent, took)) = round_trip(payload) {
            self.detector.measured(took);
            self.loss.answered(sent);
            let answers_within = self.detector.round_trip().map_or(took, RoundTrip::answers_within);
            self.task.emit(LinkEventKind::RoundTrip { took, answers_within }).await;
            if self.loss.is_bad() {
                self.task.emit(LinkEventKind::Lossy).await;
            }
        }
        Ok(())
    }

    async fn on_command(&mut self, command: Option<LinkCommand>) -> Result<(), Ending> {
        match command {
            Some(LinkCommand::Send { text, info, paced }) => self.on_send(text, info, paced).await,
            Some(LinkCommand::SendPath(text)) => self.send_path(text).await,
            Some(LinkCommand::Use) => self.write(Message::text(IN_USE)).await,
            Some(LinkCommand::Close { code, reason }) => {
                self.closing = Some((code, reason));
                Ok(())
            }
            None => Err(Ending::abandoned()),
        }
    }

    fn on_settings(&mut self, changed: Result<(), RecvError>) -> Result<(), Ending> {
        changed?;
        self.settings = *self.task.shared.settings.borrow_and_update();
        self.detector.configure(self.settings.heartbeat, self.settings.hung_after);
        self.pings.configure(self.settings);
        Ok(())
    }

    fn on_faults(&mut self, changed: Result<(), RecvError>) -> Result<(), Ending> {
        changed?;
        let neighbour = self.task.neighbour();
        self.faults = self.task.shared.faults.borrow_and_update().with(neighbour);
        self.socket.get_mut().set_faults(self.faults);
        Ok(())
    }

    async fn on_beat(&mut self) -> Result<(), Ending> {
        self.pings.begin_heartbeat();
        self.ping().await
    }

    async fn ping(&mut self) -> Result<(), Ending> {
        let sent = now();
        self.loss.sent(sent);
        self.write(Message::Ping(self.pings.next(sent))).await
    }

    async fn on_silence(&mut self) -> Result<(), Ending> {
        let verdict = self.detector.verdict(now(), &locked(&self.task.shared.health));
        match verdict {
            Verdict::Alive => Ok(()),
            Verdict::Doubtful => {
                self.is_doubted = true;
                self.task.emit(LinkEventKind::Doubtful).await;
                Ok(())
            }
            Verdict::Hung { silent_for } => Err(Ending::silent(whole_ms(silent_for))),
        }
    }

    /// Reports the end and says goodbye.
    async fn end(mut self, ending: Ending) {
        locked(&self.task.shared.health).forget(self.task.peer);
        let Ending { cause, mut failure, goodbye } = ending;
        if let LinkEnd::Misbehaved { reason } = &cause {
            self.task.emit(LinkEventKind::Misbehaved(reason.clone())).await;
        } else {
            // A dialler that gave up before its first frame never counted as connected.
            failure &= self.is_up;
        }
        if failure {
            // The loss of a peer is reported at once, before the close handshake.
            self.task.end(cause, failure, self.outbox).await;
            say_goodbye(&mut self.socket, goodbye).await;
        } else {
            say_goodbye(&mut self.socket, goodbye).await;
            self.task.end(cause, failure, self.outbox).await;
        }
    }
}

/// Closes the link gracefully and reads what the other end still sends. Closing a socket with unread
/// bytes resets the connection; the other end may then lose the close frame and take this node for dead.
async fn say_goodbye(socket: &mut Socket, goodbye: Option<(u16, &'static str)>) {
    let Some((code, reason)) = goodbye else { return };
    let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
    let whole = async {
        if socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    let _ = timeout(GOODBYE, whole).await;
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

pub(super) fn locked(health: &Mutex<LocalHealth>) -> MutexGuard<'_, LocalHealth> {
    health.lock().unwrap_or_else(PoisonError::into_inner)
}
