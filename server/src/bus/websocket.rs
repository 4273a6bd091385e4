//! The live bus over WebSocket: one task a subscriber, so that a slow one delays no other.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use ringleader_shared::bus::BusFrame;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::bus::{Bus, EventPosition, Next};
use crate::shutdown::stopped;

/// The time for which events gather after a batch was sent to a subscriber. It is too short to be seen, and
/// it leaves the nodes more of the processor.
const GATHER: Duration = Duration::from_millis(10);

/// The extra gathering time for each subscriber.
const GATHER_EACH: Duration = Duration::from_micros(50);

/// The size of the write buffer of a subscriber's socket, in bytes.
pub const WRITE_BUFFER: usize = 4 * 1024;

/// The interval between pings to a subscriber.
const PING_EVERY: Duration = Duration::from_secs(5);

/// The time for which a subscriber may be silent, or leave its frames unread.
const SILENT_FOR: Duration = Duration::from_secs(15);

/// The most pings and pongs that a subscriber may send between two of the server's own pings.
const MOST_HEARD: u32 = 100;

/// The largest frame that a subscriber may send: it needs only pongs and a close.
pub const MAX_FRAME: usize = 1024;

/// Sends the bus to a subscriber until one of the two ends.
pub async fn serve(
    mut socket: WebSocket,
    bus: Bus,
    after: Option<EventPosition>,
    mut stopping: watch::Receiver<bool>,
) {
    let (first, mut subscription) = bus.subscribe(after);
    if !send(&mut socket, &first).await {
        return;
    }
    let mut ping = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let mut last_heard = Instant::now();
    let mut heard = 0_u32;
    loop {
        tokio::select! {
            next = subscription.next() => {
                let sent = match next {
                    Next::Events(frames) => {
                        let sent = write_all(&mut socket, frames).await;
                        // Events of the meantime go out together.
                        tokio::time::sleep(GATHER + GATHER_EACH * u32::try_from(bus.subscribers()).unwrap_or(u32::MAX)).await;
                        sent
                    }
                    Next::Missed(first, last, ring) => {
                        send(&mut socket, &BusFrame::Missed { first, last }).await
                            && send(&mut socket, &BusFrame::Snapshot { ring, at_us: bus.now_us() }).await
                    }
                };
                if !sent {
                    return;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                    last_heard = Instant::now();
                    heard += 1;
                    if heard > MOST_HEARD {
                        return close(socket, 1008, "too many pings").await;
                    }
                }
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    return close(socket, 1008, "this socket only sends events; use the API for requests").await;
                }
                Some(Err(_)) => return close(socket, 1009, "a frame that is too large or malformed").await,
                Some(Ok(Message::Close(_))) => {
                    // The library answers the subscriber's close frame on the next read.
                    let _ = timeout(Duration::from_millis(200), socket.recv()).await;
                    return;
                }
                None => return,
            },
            _ = ping.tick() => {
                heard = 0;
                if last_heard.elapsed() > SILENT_FOR {
                    return close(socket, 1008, "silent for too long").await;
                }
                if !write(&mut socket, Message::Ping(Vec::new().into())).await {
                    return;
                }
            }
            () = stopped(&mut stopping) => {
                return close(socket, 1001, "the server is stopping").await;
            }
        }
    }
}

async fn send(socket: &mut WebSocket, frame: &BusFrame) -> bool {
    match serde_json::to_string(frame) {
        Ok(text) => write(socket, Message::text(text)).await,
        Err(error) => {
            tracing::error!("a frame that can't be written: {error}");
            false
        }
    }
}

/// Passes all frames to the kernel at once: with many subscribers each call counts.
async fn write_all(socket: &mut WebSocket, frames: Vec<Utf8Bytes>) -> bool {
    let write = async {
        for frame in frames {
            socket.feed(Message::Text(frame)).await?;
        }
        socket.flush().await
    };
    matches!(timeout(SILENT_FOR, write).await, Ok(Ok(())))
}

async fn write(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SILENT_FOR, socket.send(message)).await, Ok(Ok(())))
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(Duration::from_millis(200), socket.send(Message::Close(Some(frame)))).await;
}
