//! The way of a message from the node to the socket: held back for the pace, then through the link's faults.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::SinkExt;
use ringleader_shared::event::MessageInfo;
use ringleader_shared::fault::{Injection, Share};
use ringleader_shared::link::LinkEnd;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::{Ending, OpenLink};
use crate::clock::whole_ms;
use crate::link_settings::LinkSettings;
use crate::links::LinkEventKind;

/// The messages that a link has been given and has not sent.
#[derive(Default)]
pub(super) struct Outbox {
    held: VecDeque<Held>,
    /// The message that waits for the next one to overtake it.
    overtaken: Option<Held>,
    /// Messages that could not be written.
    unsent: Vec<MessageInfo>,
}

struct Held {
    since: Instant,
    hold: Duration,
    text: String,
    info: MessageInfo,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.overtaken.is_none()
    }

    /// The time at which the oldest message goes out.
    pub(super) fn due(&self, settings: LinkSettings) -> Option<Instant> {
        self.held.front().map(|held| held.since + held.hold.min(settings.hop_delay))
    }

    /// The time at which the overtaken message goes out though none has overtaken it.
    pub(super) fn overtaken_due(&self, settings: LinkSettings) -> Option<Instant> {
        self.overtaken.as_ref().map(|late| late.since + settings.heartbeat)
    }

    /// Takes out every message, the oldest first.
    pub(super) fn drain(&mut self) -> Vec<MessageInfo> {
        let mut unsent = std::mem::take(&mut self.unsent);
        let waiting = self.overtaken.take().into_iter().chain(self.held.drain(..));
        unsent.extend(waiting.map(|held| held.info));
        unsent
    }
}

impl OpenLink {
    /// Sends a message of the node, at once when nothing holds it back.
    pub(super) async fn on_send(
        &mut self,
        text: String,
        info: MessageInfo,
        paced: bool,
    ) -> Result<(), Ending> {
        let hold = if paced { self.settings.hop_delay } else { Duration::ZERO };
        let held = Held { since: Instant::now(), hold, text, info };
        if hold.is_zero() && self.outbox.held.is_empty() {
            return self.put(held).await;
        }
        self.outbox.held.push_back(held);
        Ok(())
    }

    /// Sends a path frame, unless a fault takes it.
    pub(super) async fn send_path(&mut self, text: String) -> Result<(), Ending> {
        if self.faults.to_peer.drop.takes(fastrand::f64()) {
            return Ok(());
        }
        self.write(Message::text(text)).await
    }

    /// Sends the oldest message that was held back.
    pub(super) async fn on_due(&mut self) -> Result<(), Ending> {
        match self.outbox.held.pop_front() {
            Some(held) => self.put(held).await,
            None => Ok(()),
        }
    }

    /// Writes a message to the socket, with the link's faults applied. One that could not be written
    /// counts as unsent.
    async fn put(&mut self, held: Held) -> Result<(), Ending> {
        let happens = |share: Share| share.takes(fastrand::f64());
        let fault = self.faults.to_peer;
        if fault.cut || happens(fault.drop) {
            let how = if fault.cut { Injection::Cut } else { Injection::Drop };
            self.task.emit(LinkEventKind::Injected(held.info, how)).await;
            return Ok(());
        }
        if self.outbox.overtaken.is_none() && happens(fault.reorder) {
            self.task.emit(LinkEventKind::Injected(held.info.clone(), Injection::Reorder)).await;
            self.outbox.overtaken = Some(Held { since: Instant::now(), ..held });
            return Ok(());
        }
        if happens(fault.duplicate) {
            self.task.emit(LinkEventKind::Injected(held.info.clone(), Injection::Duplicate)).await;
            self.write_held(&held).await?;
        }
        self.write_held(&held).await?;
        self.put_overtaken().await
    }

    /// Sends the overtaken message, if there is one.
    pub(super) async fn put_overtaken(&mut self) -> Result<(), Ending> {
        let Some(late) = self.outbox.overtaken.take() else { return Ok(()) };
        if self.faults.to_peer.cut {
            self.task.emit(LinkEventKind::Injected(late.info, Injection::Cut)).await;
            return Ok(());
        }
        self.write_held(&late).await
    }

    async fn write_held(&mut self, held: &Held) -> Result<(), Ending> {
        let written = self.write(Message::text(held.text.clone())).await;
        if written.is_err() {
            self.outbox.unsent.push(held.info.clone());
        }
        written
    }

    pub(super) async fn write(&mut self, message: Message) -> Result<(), Ending> {
        let patience = self.settings.hung_after;
        match timeout(patience, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ending::broken(self.task.is_relayed())),
            Err(_) => Err(Ending::failed(LinkEnd::Unread { unread_for_ms: whole_ms(patience) })),
        }
    }
}
