//! The node's port: it admits members that open links, and relays for those that ask for a tunnel.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringleader_shared::NodeId;
use ringleader_shared::fault::Injection;
use ringleader_shared::link::LinkFrame;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::clock::whole_ms;
use crate::faults::LinkFaults;
use crate::handshake::{self, Admitted, Dialler, Hello, Members};
use crate::link_settings::LinkSettings;
use crate::links::{Hop, across};
use crate::relay::{Relay, Side};
use crate::secret::Secret;
use crate::tunnel::{self, Failure, Lost, Tunnel};

/// The most connections that may be in their handshake. A ring needs two at a time.
const HANDSHAKES: usize = 64;

/// The most connections that a node relays at a time. Each holds two sockets and a few kB.
pub(crate) const RELAYED: usize = 64;

/// A report of the node's port.
pub(crate) enum Incoming {
    /// A member that knows the secret and means this node.
    Member(Box<handshake::Socket>, Hello),
    /// A connection that was refused.
    Refused { remote: SocketAddr, reason: String },
    /// A fault took a message that this node was relaying.
    Injected {
        message: Box<LinkFrame>,
        /// The neighbour that it came from.
        from: NodeId,
        /// The neighbour that it was to go to.
        to: NodeId,
        fault: Injection,
    },
}

/// The node's port. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Port {
    me: NodeId,
    secret: Secret,
    members: Members,
    settings: watch::Receiver<LinkSettings>,
    faults: watch::Receiver<LinkFaults>,
    incoming: mpsc::Sender<Incoming>,
    relayed: Arc<Semaphore>,
}

impl Port {
    pub(crate) fn new(
        me: NodeId,
        secret: Secret,
        members: Members,
        settings: watch::Receiver<LinkSettings>,
        faults: watch::Receiver<LinkFaults>,
        incoming: mpsc::Sender<Incoming>,
    ) -> Self {
        let relayed = Arc::new(Semaphore::new(RELAYED));
        Self { me, secret, members, settings, faults, incoming, relayed }
    }

    /// Accepts connections, and runs each handshake in a task of its own. When too many are open, the oldest
    /// is closed: a member needs a millisecond, so idle connections keep nobody out, however many they are.
    pub(crate) async fn accept_loop(self, listener: TcpListener) {
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
                        let _ = self.incoming.try_send(Incoming::Refused { remote, reason });
                    }
                    let handshake = tokio::spawn(self.clone().admit(stream, remote));
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

    async fn admit(self, stream: TcpStream, remote: SocketAddr) {
        match handshake::accept(stream, self.me, &self.secret, &self.members).await {
            Ok(Admitted::Link(socket, hello)) => {
                let member = Incoming::Member(socket, hello);
                // In a task of its own: a member that completed its handshake must not be closed as the
                // oldest.
                tokio::spawn(async move { self.incoming.send(member).await });
            }
            Ok(Admitted::Tunnel(mut stream, tunnel)) => match Arc::clone(&self.relayed).try_acquire_owned() {
                Ok(permit) => drop(tokio::spawn(self.relay(stream, tunnel, permit))),
                Err(_) => {
                    let reason = format!("{RELAYED} connections are relayed already");
                    tunnel::answer(&mut stream, StatusCode::SERVICE_UNAVAILABLE, None, &reason).await;
                    self.refuse(remote, reason).await;
                }
            },
            Err(reason) => self.refuse(remote, reason).await,
        }
    }

    async fn refuse(&self, remote: SocketAddr, reason: String) {
        // The receiver is gone only when the node is ending.
        let _ = self.incoming.send(Incoming::Refused { remote, reason }).await;
    }

    /// Opens the rest of a tunnel, and relays until one side of it ends.
    async fn relay(self, mut stream: TcpStream, tunnel: Tunnel, _permit: OwnedSemaphorePermit) {
        let opened = tokio::select! {
            opened = self.open(&tunnel) => opened,
            () = gone(&stream) => return,
        };
        let onward = match opened {
            Ok(onward) => onward,
            Err(lost) => {
                return tunnel::answer(&mut stream, StatusCode::BAD_GATEWAY, Some(&lost), &lost.reason).await;
            }
        };
        tunnel::answer(&mut stream, StatusCode::OK, None, "").await;
        let Tunnel { dialler, next, rest } = tunnel;
        let before = dialler.relays.last().copied().unwrap_or(dialler.id);
        let relay = Relay::new(
            Side::new(stream, before, dialler.relays.is_empty()),
            Side::new(onward, next, rest.is_empty()),
        );
        relay.run(self.settings, self.faults, self.incoming).await;
    }

    /// Connects to the end of a tunnel.
    async fn open(&self, Tunnel { dialler, next, rest }: &Tunnel) -> Result<TcpStream, Lost> {
        let mut relays = dialler.relays.clone();
        relays.push(self.me);
        let dialler = Dialler { relays, ..dialler.clone() };
        let hop = Hop { id: *next, address: self.members.address(*next) };
        let within = tunnel_within(*self.settings.borrow(), rest.len() + 1);
        let opening = tunnel::reach(hop, rest, &dialler, &self.secret);
        across(opening, *next, &mut self.faults.clone(), within).await.unwrap_or_else(|| {
            let reason = format!("no answer from {} within {} ms", hop.address, whole_ms(within));
            Err(Lost { hop: *next, how: Failure::Unanswered, reason })
        })
    }
}

/// The time that a tunnel through so many hops may take: on each of them that of a silent peer.
pub(crate) fn tunnel_within(settings: LinkSettings, hops: usize) -> Duration {
    settings.hung_after.saturating_mul(u32::try_from(hops).unwrap_or(u32::MAX))
}

/// Waits until the other end of a connection closes it, or sends what it must not send yet.
async fn gone(stream: &TcpStream) {
    let _ = stream.peek(&mut [0]).await;
}
