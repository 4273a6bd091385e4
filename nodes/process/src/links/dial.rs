//! The way to the other end of a link, and the attempts to open the link on it.

use std::net::SocketAddr;
use std::time::Duration;

use ringleader_shared::NodeId;
use ringleader_shared::link::LinkEnd;
use tokio::sync::watch;

use crate::clock::whole_ms;
use crate::faults::LinkFaults;
use crate::handshake::{self, Dialler, Hello, Socket};
use crate::secret::Secret;

/// A member and where it accepts connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) id: NodeId,
    pub(crate) address: SocketAddr,
}

/// The hops from this node to the other end of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// The relays, in order. A direct link has none.
    pub(crate) relays: Vec<Hop>,
    pub(crate) peer: Hop,
}

impl Way {
    /// The way of a direct link.
    #[cfg(test)]
    pub(crate) const fn direct(peer: Hop) -> Self {
        Self { relays: Vec::new(), peer }
    }

    /// The neighbour on the way.
    pub(crate) fn first(&self) -> Hop {
        self.relays.first().copied().unwrap_or(self.peer)
    }

    /// The hops after the neighbour, in order.
    pub(crate) fn after_first(&self) -> Vec<NodeId> {
        self.relays.iter().chain([&self.peer]).skip(1).map(|hop| hop.id).collect()
    }

    /// The relays, in order.
    pub(crate) fn relays(&self) -> Vec<NodeId> {
        self.relays.iter().map(|hop| hop.id).collect()
    }
}

/// One attempt to open a link.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) way: Way,
    /// The time that it may take.
    pub(super) within: Duration,
}

impl Attempt {
    /// Opens the link, through the faults between this node and its neighbour on the way.
    pub(super) async fn open(
        &self,
        hello: &Hello,
        secret: &Secret,
        faults: &mut watch::Receiver<LinkFaults>,
    ) -> Result<Socket, LinkEnd> {
        let Self { way, within } = self;
        let dialler = Dialler { relays: way.relays(), ..hello.dialler.clone() };
        let hello = Hello { dialler, ..hello.clone() };
        let opening = handshake::dial(way, &hello, secret);
        across(opening, way.first().id, faults, *within).await.unwrap_or_else(|| {
            let address = Some(way.peer.address.to_string());
            Err(LinkEnd::Unanswered { address, waited_ms: whole_ms(*within) })
        })
    }
}

/// Opens a connection through the faults between its ends, or returns nothing when there was no answer in
/// time. Across a cut nothing is opened before the cut is over, and no error arrives either.
pub(crate) async fn across<T>(
    opening: impl Future<Output = T>,
    hop: NodeId,
    faults: &mut watch::Receiver<LinkFaults>,
    within: Duration,
) -> Option<T> {
    let attempt = async {
        // As a network does, it is tried again and again.
        let before = faults.wait_for(|faults| !faults.with(hop).no_handshake()).await.ok()?.with(hop);
        tokio::time::sleep(before.handshake_delay()).await;
        let opened = opening.await;
        let cut_meanwhile = faults.borrow_and_update().with(hop).no_handshake();
        (!cut_meanwhile).then_some(opened)
    };
    let unheard = async {
        match attempt.await {
            Some(opened) => opened,
            None => std::future::pending().await,
        }
    };
    tokio::time::timeout(within, unheard).await.ok()
}
