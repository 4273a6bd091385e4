//! A relayed connection: two sides, and every frame of the one passed on to the other, through the faults of
//! both hops.
//!
//! A message to the next hop is lost by a cut and by chance as one of this node's own is. Those of others
//! are not doubled and not reordered here: a relay keeps no frame back.

mod pieces;
#[cfg(test)]
mod tests;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ringleader_election::failure_detector::AT_MOST;
use ringleader_shared::NodeId;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::{IN_USE, LinkFrame, close};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use self::pieces::{Frame, Piece, Splitter, TooBig};
use crate::faults::{LinkFaults, PeerFaults};
use crate::link_settings::LinkSettings;
use crate::links::{FaultyStream, GOODBYE};
use crate::port::Incoming;

/// The bytes that are read at once.
const READ: usize = 4 * 1024;

/// The silence that is allowed on a side. The ends ping, and close a link that is silent for longer than they
/// wait; a side from which nothing comes any more is over, although a cut may hide its end.
pub(crate) fn patience(settings: LinkSettings) -> Duration {
    settings.hung_after.saturating_mul(AT_MOST + 1)
}

/// One side of a relayed connection.
pub(crate) struct Side {
    /// The neighbour at the other end of this side's connection.
    neighbour: NodeId,
    /// Whether the link ends at that neighbour.
    is_end: bool,
    stream: FaultyStream,
    faults: PeerFaults,
    /// The bytes that came from the neighbour and are no whole piece yet.
    splitter: Splitter,
    /// The piece that waits to be written to the neighbour.
    outgoing: Option<Vec<u8>>,
    /// Time at which something last came from the neighbour.
    heard: Instant,
}

impl Side {
    pub(crate) fn new(stream: TcpStream, neighbour: NodeId, is_end: bool) -> Self {
        Self {
            neighbour,
            is_end,
            stream: FaultyStream::new(stream),
            faults: PeerFaults::default(),
            splitter: Splitter::default(),
            outgoing: None,
            heard: Instant::now(),
        }
    }

    fn set_faults(&mut self, faults: &LinkFaults) {
        self.faults = faults.with(self.neighbour);
        self.stream.set_faults(self.faults);
    }

    /// Writes the piece that waits.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(piece) = &self.outgoing {
            // A stream that is broken takes everything; its reader finds the end.
            let _ = ready!(Pin::new(&mut self.stream).poll_write(context, piece));
            self.outgoing = None;
        }
        Poll::Ready(())
    }

    /// Reads more bytes. Returns whether there were some.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        let mut bytes = [0; READ];
        let mut buffer = ReadBuf::new(&mut bytes);
        let read: io::Result<()> = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
        self.splitter.buffer().extend_from_slice(buffer.filled());
        self.heard = Instant::now();
        Poll::Ready(read.is_ok() && !buffer.filled().is_empty())
    }
}

/// The sides of a relayed connection by who is beyond them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beyond {
    Dialler,
    Acceptor,
}

/// Something that happened to a relayed connection, besides a piece that was passed on.
enum Step {
    /// A fault took a message that came from this side.
    Injected(Beyond, Box<LinkFrame>, Injection),
    /// This side has ended.
    Ended(Beyond),
    /// This side sent a piece that no node sends.
    TooBig(Beyond),
}

/// A relayed connection.
pub(crate) struct Relay {
    dialler: Side,
    acceptor: Side,
    /// Whether one end has closed the link, and the other one could hear of it.
    is_closed: bool,
}

impl Relay {
    pub(crate) const fn new(dialler: Side, acceptor: Side) -> Self {
        Self { dialler, acceptor, is_closed: false }
    }

    /// Relays until one side ends.
    pub(crate) async fn run(
        mut self,
        settings: watch::Receiver<LinkSettings>,
        mut faults: watch::Receiver<LinkFaults>,
        reports: mpsc::Sender<Incoming>,
    ) {
        faults.mark_changed();
        loop {
            let patience = patience(*settings.borrow());
            let overdue = self.heard() + patience;
            tokio::select! {
                // Faults first, so that nothing passes before those that there are.
                biased;
                changed = faults.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let faults = faults.borrow_and_update();
                    self.dialler.set_faults(&faults);
                    self.acceptor.set_faults(&faults);
                }
                step = std::future::poll_fn(|context| self.poll(context)) => match step {
                    Step::Injected(from, message, fault) => {
                        let (from, to) = (self.side(from).neighbour, self.beyond(from).neighbour);
                        // The receiver is gone only when the node is ending.
                        let _ = reports.send(Incoming::Injected { message, from, to, fault }).await;
                    }
                    Step::Ended(side) => return self.end(side, None).await,
                    Step::TooBig(side) => return self.end(side, Some((close::TOO_BIG, "too big"))).await,
                },
                () = sleep_until(overdue) => {
                    if self.heard() + patience <= Instant::now() {
                        return;
                    }
                }
            }
        }
    }

    /// Time at which something last came from both sides.
    fn heard(&self) -> Instant {
        self.dialler.heard.min(self.acceptor.heard)
    }

    const fn side(&self, side: Beyond) -> &Side {
        match side {
            Beyond::Dialler => &self.dialler,
            Beyond::Acceptor => &self.acceptor,
        }
    }

    /// The side to which that one's pieces go.
    const fn beyond(&self, side: Beyond) -> &Side {
        match side {
            Beyond::Dialler => &self.acceptor,
            Beyond::Acceptor => &self.dialler,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        for from in [Beyond::Dialler, Beyond::Acceptor] {
            if let Poll::Ready(step) = self.pass(from, context) {
                return Poll::Ready(step);
            }
        }
        for side in [&mut self.dialler, &mut self.acceptor] {
            // Chunks that a fault delays are moved on, though nothing is read from this side now.
            let _ = Pin::new(&mut side.stream).poll_flush(context);
        }
        Poll::Pending
    }

    /// Passes on what comes from one side, until there is no more of it or the other side takes no more.
    fn pass(&mut self, side: Beyond, context: &mut Context<'_>) -> Poll<Step> {
        let (from, to) = match side {
            Beyond::Dialler => (&mut self.dialler, &mut self.acceptor),
            Beyond::Acceptor => (&mut self.acceptor, &mut self.dialler),
        };
        loop {
            ready!(to.poll_write(context));
            match from.splitter.next() {
                Ok(Some(piece)) => {
                    if let Some((message, fault)) = relayed(piece, from, to, &mut self.is_closed) {
                        return Poll::Ready(Step::Injected(side, message, fault));
                    }
                }
                Ok(None) if ready!(from.poll_read(context)) => {}
                Ok(None) => return Poll::Ready(Step::Ended(side)),
                Err(TooBig) => return Poll::Ready(Step::TooBig(side)),
            }
        }
    }

    /// Closes both sides after one of them has ended, or is to be ended with this close frame.
    async fn end(self, ended: Beyond, goodbye: Option<(u16, &'static str)>) {
        let Self { dialler, acceptor, is_closed, .. } = self;
        let is_open = dialler.splitter.head_is_over() && acceptor.splitter.head_is_over() && !is_closed;
        let (mut ended_side, mut other) = match ended {
            Beyond::Dialler => (dialler, acceptor),
            Beyond::Acceptor => (acceptor, dialler),
        };
        let lost = if ended_side.is_end { close::PEER } else { close::RELAY };
        let other_is_acceptor = ended == Beyond::Dialler;
        let last = is_open.then(|| Frame::close(close::PEER_LOST, lost, other_is_acceptor));
        let answer = goodbye.map(|(code, reason)| Frame::close(code, reason, !other_is_acceptor));
        tokio::join!(other.leave(last), async {
            if answer.is_some() {
                ended_side.leave(answer).await;
            }
        });
    }
}

/// Hands a piece over to the other side, unless a fault takes it. Returns a message that was taken.
fn relayed(
    piece: Piece,
    from: &Side,
    to: &mut Side,
    is_closed: &mut bool,
) -> Option<(Box<LinkFrame>, Injection)> {
    let is_cut = from.faults.from_peer.cut || to.faults.to_peer.cut;
    let frame = match piece {
        Piece::Head(_) if is_cut => return None,
        Piece::Head(head) => {
            to.outgoing = Some(head);
            return None;
        }
        Piece::Frame(frame) => frame,
    };
    let text = frame.text();
    // Chance takes messages and path frames here, and pings in the stream.
    let is_at_risk = text.as_ref().is_some_and(|text| text != IN_USE.as_bytes());
    let fault = if is_cut {
        Some(Injection::Cut)
    } else {
        (is_at_risk && to.faults.to_peer.drop.takes(fastrand::f64())).then_some(Injection::Drop)
    };
    if let Some(fault) = fault {
        let message = text.and_then(|text| serde_json::from_slice(&text).ok());
        return message.map(|message| (Box::new(message), fault));
    }
    *is_closed |= frame.is_close();
    to.outgoing = Some(frame.into_bytes());
    None
}

impl Side {
    /// Lets out what is still to go to the neighbour, and reads what comes: a connection that is closed with
    /// unread bytes is reset, and may lose the last frame.
    async fn leave(&mut self, last: Option<Vec<u8>>) {
        let delay = Duration::from_millis(self.faults.to_peer.delay_ms);
        let whole = async {
            std::future::poll_fn(|context| self.poll_write(context)).await;
            self.outgoing = last;
            std::future::poll_fn(|context| self.poll_write(context)).await;
            self.stream.delivered().await;
            let mut rest = [0; READ];
            while self.stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
        };
        let _ = timeout(GOODBYE + delay, whole).await;
    }
}
