//! The byte stream of one link, with the faults of the network between its two ends.
//!
//! The WebSocket library sends frames on its own (pongs, answers to a close), so a fault that held back
//! only the node's messages would let them through. Every frame passes here, one whole frame a write.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::faults::PeerFaults;

/// The number of bytes that may be in transit before the sender has to wait.
const ON_THE_WAY: usize = 256 * 1024;

/// The opcodes of WebSocket pings and pongs (RFC 6455, 5.2), in the lower half of a frame's first byte.
const PING_AND_PONG: [u8; 2] = [0x9, 0xA];

/// A connection between two nodes, faults included. Without faults it is the connection itself.
pub(crate) struct FaultyStream {
    stream: TcpStream,
    faults: PeerFaults,
    /// The chunks that have left the node and have not arrived, oldest first.
    on_the_way: VecDeque<Chunk>,
    size: usize,
    /// Whether the connection accepts no more bytes. The reader learns it after everything that the other
    /// end sent before: the other end's close frame may be among that, and a failed write would hide it.
    broken: bool,
    arrival: Pin<Box<Sleep>>,
}

struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
    written: usize,
}

impl FaultyStream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            faults: PeerFaults::default(),
            on_the_way: VecDeque::new(),
            size: 0,
            broken: false,
            arrival: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Sets the network's faults from now on. Chunks in transit keep their time.
    pub(crate) fn set_faults(&mut self, faults: PeerFaults) {
        self.faults = faults;
    }

    /// Waits until everything that was written has arrived.
    pub(crate) async fn delivered(&mut self) {
        std::future::poll_fn(|context| self.deliver(context)).await;
    }

    /// Whether this frame vanishes. The node drops its own messages, so that it can report them; close
    /// frames are lost by a cut only.
    fn swallows(&self, frame: &[u8]) -> bool {
        let is_ping = frame.first().is_some_and(|first| PING_AND_PONG.contains(&(first & 0x0F)));
        self.faults.to_peer.cut || is_ping && self.faults.to_peer.drop.takes(fastrand::f64())
    }

    /// Delivers the chunks that are due.
    fn deliver(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(chunk) = self.on_the_way.front_mut() {
            if chunk.due > Instant::now() {
                self.arrival.as_mut().reset(chunk.due);
                ready!(self.arrival.as_mut().poll(context));
                continue;
            }
            let rest = chunk.bytes.get(chunk.written..).unwrap_or_default();
            if rest.is_empty() {
                self.size = self.size.saturating_sub(chunk.bytes.len());
                self.on_the_way.pop_front();
                continue;
            }
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest)) {
                Ok(count) if count > 0 => chunk.written += count,
                Ok(_) | Err(_) => self.breaks(),
            }
        }
        Poll::Ready(())
    }

    fn breaks(&mut self) {
        self.broken = true;
        self.on_the_way.clear();
        self.size = 0;
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The reader keeps the chunks moving.
        let _ = self.deliver(context);
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        let is_over = outcome.is_err() || buffer.filled().len() == before;
        if is_over && self.faults.from_peer.cut {
            // The other end is gone, but the news of it does not come through. The link's own timeout
            // ends this wait.
            return Poll::Pending;
        }
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        frame: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken || self.swallows(frame) {
            return Poll::Ready(Ok(frame.len()));
        }
        let delay = Duration::from_millis(self.faults.to_peer.delay_ms);
        let mut written = 0;
        if self.deliver(context).is_ready() && !self.broken && delay.is_zero() {
            match Pin::new(&mut self.stream).poll_write(context, frame) {
                Poll::Ready(Ok(count)) => written = count,
                Poll::Ready(Err(_)) => self.breaks(),
                Poll::Pending => {}
            }
        }
        if self.broken {
            return Poll::Ready(Ok(frame.len()));
        }
        if written == 0 && self.size > ON_THE_WAY {
            return Poll::Pending;
        }
        // The rest of a frame must follow its beginning, whatever happens to the link meanwhile.
        let bytes = frame.get(written..).unwrap_or_default().to_vec();
        if !bytes.is_empty() {
            self.size += bytes.len();
            self.on_the_way.push_back(Chunk { due: Instant::now() + delay, bytes, written: 0 });
        }
        Poll::Ready(Ok(frame.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.deliver(context).is_pending()
            && self.on_the_way.front().is_some_and(|chunk| chunk.due <= Instant::now())
        {
            // A chunk that is not due yet has left the node. One that is due and does not go out is held
            // up by the other end.
            return Poll::Pending;
        }
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        if flushed.is_err() {
            self.breaks();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.faults.to_peer.cut {
            return Poll::Ready(Ok(()));
        }
        let _ = self.deliver(context);
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
