//! The faults on the links of this node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ringleader_shared::NodeId;
use ringleader_shared::control::Configuration;
use ringleader_shared::fault::LinkFault;

/// The faults between this node and one other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PeerFaults {
    /// What happens to what this node says to the peer.
    pub(crate) to_peer: LinkFault,
    /// What happens to what the peer says to this node.
    pub(crate) from_peer: LinkFault,
}

impl PeerFaults {
    /// Whether no handshake can be completed: it needs both directions.
    pub(crate) const fn no_handshake(&self) -> bool {
        self.to_peer.cut || self.from_peer.cut
    }

    /// How much longer a handshake takes: one round trip for the connection, one for the WebSocket.
    pub(crate) const fn handshake_delay(&self) -> Duration {
        let round_trip = self.to_peer.delay_ms.saturating_add(self.from_peer.delay_ms);
        Duration::from_millis(round_trip.saturating_mul(2))
    }
}

/// The faults between this node and each other. Changed live, cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LinkFaults(Arc<BTreeMap<NodeId, PeerFaults>>);

impl LinkFaults {
    /// What this node is told of the links that begin or end at it.
    pub(crate) fn of(me: NodeId, configuration: &Configuration) -> Self {
        let mut peers: BTreeMap<NodeId, PeerFaults> = BTreeMap::new();
        for told in &configuration.faults {
            if told.from == me {
                peers.entry(told.to).or_default().to_peer = told.fault;
            } else if told.to == me {
                peers.entry(told.from).or_default().from_peer = told.fault;
            }
        }
        Self(Arc::new(peers))
    }

    /// Those between this node and this peer.
    pub(crate) fn with(&self, peer: NodeId) -> PeerFaults {
        self.0.get(&peer).copied().unwrap_or_default()
    }
}
