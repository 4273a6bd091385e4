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
    /// The fault on messages from this node to the peer.
    pub(crate) to_peer: LinkFault,
    /// The fault on messages from the peer to this node.
    pub(crate) from_peer: LinkFault,
}

impl PeerFaults {
    /// Whether no handshake can be completed. A handshake needs both directions.
    pub(crate) const fn no_handshake(&self) -> bool {
        self.to_peer.cut || self.from_peer.cut
    }

    /// The delay that faults add to a handshake: one round trip for the connection, one for the
    /// WebSocket.
    pub(crate) const fn handshake_delay(&self) -> Duration {
        let round_trip = self.to_peer.delay_ms.saturating_add(self.from_peer.delay_ms);
        Duration::from_millis(round_trip.saturating_mul(2))
    }
}

/// The faults between this node and each of the others. Changed live, cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LinkFaults(Arc<BTreeMap<NodeId, PeerFaults>>);

impl LinkFaults {
    /// The faults of this configuration on links that begin or end at this node.
    pub(crate) fn of(me: NodeId, configuration: &Configuration) -> Self {
        let mut peers: BTreeMap<NodeId, PeerFaults> = BTreeMap::new();
        for it in &configuration.faults {
            if it.from == me {
                peers.entry(it.to).or_default().to_peer = it.fault;
            } else if it.to == me {
                peers.entry(it.from).or_default().from_peer = it.fault;
            }
        }
        Self(Arc::new(peers))
    }

    /// The faults between this node and this peer.
    pub(crate) fn with(&self, peer: NodeId) -> PeerFaults {
        self.0.get(&peer).copied().unwrap_or_default()
    }
}
