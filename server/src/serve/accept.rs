//! Accepting connections and serving each until it ends.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::socket::{setsockopt, sockopt::SndBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tower::ServiceExt;

use super::progress::WithProgress;
use crate::seldom::Seldom;
use crate::shutdown::stopped;
use crate::visitor::{ConnectionSlot, ConnectionSlots};

/// The time within which a client must send a request's header. A silent one is dropped.
const HEADER_WITHIN: Duration = Duration::from_secs(10);

/// The most that a connection buffers, in bytes: the largest head of a request, and the part of an answer
/// that is written ahead.
pub(super) const MAX_HEAD: usize = 64 * 1024;

/// The size of the kernel's buffer for an unread answer, in bytes. By default it grows to megabytes.
const KERNEL_KEEPS: usize = 128 * 1024;

static NO_PLACE: Seldom = Seldom::new();
static NOT_ACCEPTED: Seldom = Seldom::new();

/// Serves connections until the server stops; returns when the last one has ended. A client that leaves
/// its answers unread for `reads_within` is disconnected.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    slots: ConnectionSlots,
    reads_within: Option<Duration>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                NOT_ACCEPTED.log(|more| tracing::warn!(more, "accepting a connection: {error}"));
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(slot) = slots.enter().await else {
            NO_PLACE.log(|more| {
                let open = slots.taken();
                tracing::warn!(more, "{open} connections are open: another one, of {peer}, was turned away");
            });
            continue;
        };
        tokio::spawn(serve(stream, router.clone(), slot, reads_within, stopping.clone()));
    }
    slots.emptied().await;
}

async fn serve(
    stream: TcpStream,
    router: Router,
    slot: ConnectionSlot,
    reads_within: Option<Duration>,
    mut stopping: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("TCP_NODELAY: {error}");
    }
    if let Err(error) = setsockopt(&stream, SndBuf, &KERNEL_KEEPS) {
        tracing::debug!("SO_SNDBUF: {error}");
    }
    let (visitor, dismissed): (_, Arc<Notify>) = (slot.visitor(), slot.dismissed());
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(visitor.clone());
        router.clone().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .max_buf_size(MAX_HEAD)
        // The slot goes with the stream, also to the WebSocket that a request may become.
        .serve_connection(TokioIo::new(WithProgress::new(stream, slot, reads_within)), service)
        .with_upgrades();
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = dismissed.notified() => return,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!("a connection ended: {error}");
    }
}
