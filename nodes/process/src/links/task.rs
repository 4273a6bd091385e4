//! The loop of one link.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ringleader_shared::NodeId;
use ringleader_shared::event::MessageInfo;
use ringleader_shared::fault::{Injection, Share};
use ringleader_shared::link::{IN_USE, LinkDirection};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::failure_detector::Lateness;
use super::{LinkCommand, LinkEvent, LinkEventKind, LinkId, close};
use crate::clock::monotonic_ns;
use crate::faults::{LinkFaults, PeerFaults};
use crate::handshake::Socket;
use crate::link_settings::LinkSettings;

/// The time that a close handshake may take: the other end may be hung.
pub(super) const GOODBYE: Duration = Duration::from_millis(50);

/// A link task before its socket exists.
pub(super) struct LinkTask {
    id: LinkId,
    peer: NodeId,
    commands: mpsc::Receiver<LinkCommand>,
    settings: watch::Receiver<LinkSettings>,
    faults: watch::Receiver<LinkFaults>,
    link_events: mpsc::Sender<LinkEvent>,
    lateness: Lateness,
    pinged: Pinged,
    /// The start of a period in which the other end's pings report a different digest, and one of this
    /// end that is out of date.
    differs_since: Option<Instant>,
    held: VecDeque<Held>,
    /// The message that waits for the next one to overtake it.
    overtaken: Option<Held>,
    /// Messages that could not be written.
    unsent: Vec<MessageInfo>,
}

/// The digests that pings carry beside the time.
#[derive(Default)]
pub(super) struct Pinged {
    /// The digest of this node's state.
    pub(super) state_digest: Arc<AtomicU64>,
    /// The digest of the other end's state when it sent the last message that arrived here.
    pub(super) peer_digest: Arc<AtomicU64>,
}

struct Held {
    since: Instant,
    hold: Duration,
    text: String,
    info: MessageInfo,
}

/// Why a link ended.
struct Ending {
    reason: String,
    failure: bool,
    /// The close frame to send, if the other end may still read it.
    goodbye: Option<(u16, &'static str)>,
    /// Whether the other end broke the protocol.
    misbehaved: bool,
}

impl Ending {
    fn failed(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), failure: true, goodbye: None, misbehaved: false }
    }

    fn misbehaved(code: u16, words: &'static str, reason: String) -> Self {
        Self { reason, failure: true, goodbye: Some((code, words)), misbehaved: true }
    }
}

impl LinkTask {
    pub(super) fn new(
        id: LinkId,
        peer: NodeId,
        commands: mpsc::Receiver<LinkCommand>,
        settings: watch::Receiver<LinkSettings>,
        faults: watch::Receiver<LinkFaults>,
        link_events: mpsc::Sender<LinkEvent>,
        lateness: Lateness,
    ) -> Self {
        Self {
            id,
            peer,
            commands,
            settings,
            faults,
            link_events,
            lateness,
            pinged: Pinged::default(),
            differs_since: None,
            held: VecDeque::new(),
            overtaken: None,
            unsent: Vec::new(),
        }
    }

    pub(super) fn pinging(self, pinged: Pinged) -> Self {
        Self { pinged, ..self }
    }

    /// Reports that the link could not be made.
    pub(super) async fn give_up(mut self, reason: String) {
        self.end(reason, true).await;
    }

    /// Carries messages until the link ends. The dialler speaks first, so that the acceptor knows that it
    /// is still there.
    pub(super) async fn run(mut self, mut socket: Socket, direction: LinkDirection) {
        let mut heard = false;
        if direction == LinkDirection::Outgoing {
            heard = true;
            self.emit(LinkEventKind::Up).await;
        }
        let ending = self.run_until_end(&mut socket, &mut heard).await;
        if ending.misbehaved {
            self.emit(LinkEventKind::Misbehaved(ending.reason.clone())).await;
        }
        // A dialler that gave up before its first frame never counted as connected.
        let failure = ending.failure && (heard || ending.misbehaved);
        if failure {
            // The loss of a peer is reported at once, before the close handshake.
            self.end(ending.reason, failure).await;
            say_goodbye(&mut socket, ending.goodbye).await;
        } else {
            say_goodbye(&mut socket, ending.goodbye).await;
            self.end(ending.reason, failure).await;
        }
    }

    async fn run_until_end(&mut self, socket: &mut Socket, heard: &mut bool) -> Ending {
        let mut settings = *self.settings.borrow_and_update();
        let mut faults = self.faults.borrow_and_update().with(self.peer);
        socket.get_mut().set_faults(faults);
        // Set when the other end closed the link across a cut: nothing more is read, and the silence ends
        // the link.
        let mut unheard_end = false;
        let mut beat = heartbeat(settings);
        let mut last_heard = Instant::now();
        if *heard && let Err(error) = self.ping(socket, settings).await {
            return error;
        }
        let mut closing = None;
        let mut pings = 0;
        let mut waiting_since = Instant::now();
        loop {
            let is_empty = self.held.is_empty() && self.overtaken.is_none();
            if let (Some((code, reason)), true) = (closing, is_empty || closing_now(closing)) {
                return Ending {
                    reason: String::from(reason),
                    failure: false,
                    goodbye: Some((code, reason)),
                    misbehaved: false,
                };
            }
            // Suspect this process first. The loop wakes at least once per heartbeat. After a longer gap
            // this process was stopped or starved, and its measure of the peer's silence is void. Every
            // turn checks this, because another event may be handled before the timeout.
            let now = Instant::now();
            let slept = now.duration_since(waiting_since);
            self.lateness.saw(now, slept, settings.heartbeat);
            if slept > starved_after(settings) {
                last_heard = now;
            }
            waiting_since = now;
            let patience = self.lateness.patience(now, settings.hung_after);
            let due = self.held.front().map(|held| held.since + held.hold.min(settings.hop_delay));
            let overtaken_at = self.overtaken.as_ref().map(|late| late.since + settings.heartbeat);
            tokio::select! {
                frame = socket.next(), if !unheard_end => {
                    if faults.from_peer.cut {
                        unheard_end = self.intercept(frame).await;
                        continue;
                    }
                    let now = Instant::now();
                    self.lateness.saw(now, now.duration_since(last_heard), settings.heartbeat);
                    last_heard = now;
                    if !*heard && matches!(frame, Some(Ok(_))) {
                        *heard = true;
                        self.emit(LinkEventKind::Up).await;
                    }
                    if matches!(frame, Some(Ok(Message::Ping(_) | Message::Pong(_)))) {
                        pings += 1;
                        if pings > most_pings(settings) {
                            let reason = format!("sent {pings} pings within a heartbeat");
                            return Ending::misbehaved(close::TOO_MUCH, "too many pings", reason);
                        }
                    }
                    if let Err(ending) = self.take(frame).await {
                        return ending;
                    }
                }
                command = self.commands.recv(), if closing.is_none() => match command {
                    Some(LinkCommand::Send { text, info, paced }) => {
                        let hold = if paced { settings.hop_delay } else { Duration::ZERO };
                        if hold.is_zero() && self.held.is_empty() {
                            let held = Held { since: waiting_since, hold, text, info };
                            if let Err(ending) = self.put(socket, held, settings, faults).await {
                                return ending;
                            }
                        } else {
                            self.held.push_back(Held { since: Instant::now(), hold, text, info });
                        }
                    }
                    Some(LinkCommand::Use) => {
                        if let Err(ending) = write(socket, Message::text(IN_USE), settings).await {
                            return ending;
                        }
                    }
                    Some(LinkCommand::Close { code, reason }) => closing = Some((code, reason)),
                    None => return Ending::failed("the node has let go of the link"),
                },
                () = sleep_until(due.unwrap_or(waiting_since)), if due.is_some() => {
                    if let Some(held) = self.held.pop_front()
                        && let Err(ending) = self.put(socket, held, settings, faults).await
                    {
                        return ending;
                    }
                }
                () = sleep_until(overtaken_at.unwrap_or(waiting_since)), if overtaken_at.is_some() => {
                    // No later message came to overtake it.
                    if let Err(ending) = self.put_overtaken(socket, settings, faults).await {
                        return ending;
                    }
                }
                changed = self.settings.changed() => {
                    if changed.is_err() {
                        return Ending::failed("the node is ending");
                    }
                    settings = *self.settings.borrow_and_update();
                    beat = heartbeat(settings);
                }
                changed = self.faults.changed() => {
                    if changed.is_err() {
                        return Ending::failed("the node is ending");
                    }
                    faults = self.faults.borrow_and_update().with(self.peer);
                    socket.get_mut().set_faults(faults);
                }
                _ = beat.tick() => {
                    pings = 0;
                    if let Err(ending) = self.ping(socket, settings).await {
                        return ending;
                    }
                }
                () = sleep_until(last_heard + patience) => {
                    if waiting_since.elapsed() <= starved_after(settings) {
                        // If the peer was only late, the next timeout is longer.
                        self.lateness.saw(Instant::now(), last_heard.elapsed(), settings.heartbeat);
                        return Ending {
                            reason: format!("no answer for {} ms", last_heard.elapsed().as_millis()),
                            failure: true,
                            goodbye: Some((close::SILENT, "silent for too long")),
                            misbehaved: false,
                        };
                    }
                }
            }
        }
    }

    /// Writes a message to the socket, with the link's faults applied. One that could not be written
    /// counts as unsent.
    async fn put(
        &mut self,
        socket: &mut Socket,
        held: Held,
        settings: LinkSettings,
        faults: PeerFaults,
    ) -> Result<(), Ending> {
        let happens = |share: Share| share.takes(fastrand::f64());
        let fault = faults.to_peer;
        if fault.cut || happens(fault.drop) {
            let how = if fault.cut { Injection::Cut } else { Injection::Drop };
            self.emit(LinkEventKind::Injected(held.info, how)).await;
            return Ok(());
        }
        if self.overtaken.is_none() && happens(fault.reorder) {
            self.emit(LinkEventKind::Injected(held.info.clone(), Injection::Reorder)).await;
            self.overtaken = Some(Held { since: Instant::now(), ..held });
            return Ok(());
        }
        if happens(fault.duplicate) {
            self.emit(LinkEventKind::Injected(held.info.clone(), Injection::Duplicate)).await;
            self.write_held(socket, &held, settings).await?;
        }
        self.write_held(socket, &held, settings).await?;
        self.put_overtaken(socket, settings, faults).await
    }

    /// Sends the overtaken message, if there is one.
    async fn put_overtaken(
        &mut self,
        socket: &mut Socket,
        settings: LinkSettings,
        faults: PeerFaults,
    ) -> Result<(), Ending> {
        let Some(late) = self.overtaken.take() else { return Ok(()) };
        if faults.to_peer.cut {
            self.emit(LinkEventKind::Injected(late.info, Injection::Cut)).await;
            return Ok(());
        }
        self.write_held(socket, &late, settings).await
    }

    async fn write_held(
        &mut self,
        socket: &mut Socket,
        held: &Held,
        settings: LinkSettings,
    ) -> Result<(), Ending> {
        let written = write(socket, Message::text(held.text.clone()), settings).await;
        if written.is_err() {
            self.unsent.push(held.info.clone());
        }
        written
    }

    /// Discards a frame that arrives across a cut: it was in transit before the cut, or its sender does
    /// not know of the cut yet. Returns true when nothing more can come.
    async fn intercept(&mut self, frame: Option<Result<Message, Error>>) -> bool {
        match frame {
            Some(Ok(Message::Text(text))) => {
                if let Ok(frame) = serde_json::from_str(text.as_str()) {
                    self.emit(LinkEventKind::Intercepted(frame)).await;
                }
                false
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => false,
            Some(Ok(Message::Close(_)) | Err(_)) | None => true,
        }
    }

    /// Sends the time, this node's digest, and the digest of the peer when it sent its last message.
    async fn ping(&self, socket: &mut Socket, settings: LinkSettings) -> Result<(), Ending> {
        let mut payload = monotonic_ns().to_be_bytes().to_vec();
        for digest in [&self.pinged.state_digest, &self.pinged.peer_digest] {
            payload.extend(digest.load(Ordering::Relaxed).to_be_bytes());
        }
        write(socket, Message::Ping(Bytes::from(payload)), settings).await
    }

    /// Compares the two ends' digests. A message to a neighbour takes at most a hop: a neighbour whose
    /// pings differ for longer has missed one. A neighbour that received this end's state and still
    /// differs gets no repeat.
    async fn compare(&mut self, payload: &[u8]) {
        let number = |at: usize| payload.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
        let (Some(theirs), Some(heard)) = (number(8), number(16)) else { return };
        let mine = self.pinged.state_digest.load(Ordering::Relaxed);
        let same = theirs == mine || heard == mine;
        let patience = self.settings.borrow().hung_after;
        match self.differs_since {
            _ if same => self.differs_since = None,
            None => self.differs_since = Some(Instant::now()),
            Some(since) if since.elapsed() >= patience => {
                self.differs_since = None;
                self.emit(LinkEventKind::Differs).await;
            }
            Some(_) => {}
        }
    }

    async fn take(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), Ending> {
        match frame {
            Some(Ok(Message::Text(text))) if text.as_str() == IN_USE => self.emit(LinkEventKind::InUse).await,
            Some(Ok(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
                Ok(frame) => self.emit(LinkEventKind::Frame(frame)).await,
                Err(error) => {
                    let reason = format!("sent a frame that can't be read: {error}");
                    return Err(Ending::misbehaved(close::MALFORMED, "not a link frame", reason));
                }
            },
            Some(Ok(Message::Pong(payload))) => {
                if let Some(sent) = payload.first_chunk() {
                    let nanoseconds = monotonic_ns().saturating_sub(u64::from_be_bytes(*sent));
                    self.emit(LinkEventKind::RoundTrip(Duration::from_nanos(nanoseconds))).await;
                }
            }
            Some(Ok(Message::Ping(payload))) => self.compare(&payload).await,
            Some(Ok(Message::Frame(_))) => {}
            Some(Ok(Message::Binary(_))) => {
                let reason = "sent a binary frame".to_owned();
                return Err(Ending::misbehaved(close::UNSUPPORTED, "text frames only", reason));
            }
            Some(Ok(Message::Close(frame))) => return Err(closed_by_peer(frame)),
            Some(Err(Error::Capacity(error))) => {
                return Err(Ending::misbehaved(
                    close::TOO_BIG,
                    "too big",
                    format!("sent too much at once: {error}"),
                ));
            }
            Some(Err(Error::Protocol(error)))
                if error
                    != tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake =>
            {
                let reason = format!("broke the WebSocket protocol: {error}");
                return Err(Ending::misbehaved(close::MALFORMED, "protocol error", reason));
            }
            Some(Err(Error::Utf8(error))) => {
                let reason = format!("sent text that is not UTF-8: {error}");
                return Err(Ending::misbehaved(close::MALFORMED, "not UTF-8", reason));
            }
            Some(Err(_)) | None => return Err(Ending::failed("the connection broke")),
        }
        Ok(())
    }

    async fn emit(&self, kind: LinkEventKind) {
        // The receiver is gone only when the node is ending.
        let _ = self.link_events.send(LinkEvent { link: self.id, peer: self.peer, kind }).await;
    }

    async fn end(&mut self, reason: String, failure: bool) {
        self.commands.close();
        let mut unsent = std::mem::take(&mut self.unsent);
        let waiting = self.overtaken.take().into_iter().chain(self.held.drain(..));
        unsent.extend(waiting.map(|held| held.info));
        while let Ok(command) = self.commands.try_recv() {
            if let LinkCommand::Send { info, .. } = command {
                unsent.push(info);
            }
        }
        self.emit(LinkEventKind::Down { reason, failure, unsent }).await;
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

/// Whether messages that are still held back are dropped.
fn closing_now(closing: Option<(u16, &str)>) -> bool {
    closing.is_some_and(|(code, _)| code == close::LEAVING)
}

/// The most pings and pongs that may come within one heartbeat: those that a peer sends before it takes
/// this node for hung while nothing is read, and some more.
pub(super) fn most_pings(settings: LinkSettings) -> u128 {
    100 + 4 * settings.hung_after.as_nanos() / settings.heartbeat.as_nanos().max(1)
}

/// The longest time between two turns of a link's loop. After a longer one this process was stopped or
/// starved, and its measure of the peer's silence is void.
pub(super) fn starved_after(settings: LinkSettings) -> Duration {
    settings.heartbeat + settings.hung_after / 3
}

fn heartbeat(settings: LinkSettings) -> tokio::time::Interval {
    let mut beat = interval_at(Instant::now() + settings.heartbeat, settings.heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

async fn write(socket: &mut Socket, message: Message, settings: LinkSettings) -> Result<(), Ending> {
    match timeout(settings.hung_after, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ending::failed("the connection broke")),
        Err(_) => Err(Ending::failed(format!("reads nothing for {} ms", settings.hung_after.as_millis()))),
    }
}

fn closed_by_peer(frame: Option<CloseFrame>) -> Ending {
    let code = frame.as_ref().map_or(1005, |frame| u16::from(frame.code));
    let reason = match &frame {
        Some(frame) if !frame.reason.is_empty() => frame.reason.to_string(),
        _ => format!("closed by the other end with code {code}"),
    };
    let (reason, failure) = match code {
        close::LEAVING => ("it left gracefully".to_owned(), true),
        close::SILENT => ("the other end had heard nothing from this node for too long".to_owned(), false),
        _ => (reason, false),
    };
    Ending { reason, failure, goodbye: None, misbehaved: false }
}
