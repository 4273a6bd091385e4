//! One real node of the ring.
#![forbid(unsafe_code)]

use std::net::SocketAddr;

use ringleader_shared::{Incarnation, NodeId, NodeName};

/// What the supervisor tells a node on its command line. The rest comes by environment and over the control link.
#[derive(Debug, Clone)]
pub struct Options {
    /// What people call it.
    pub name: NodeName,
    /// Who it is.
    pub id: NodeId,
    /// Which start of it.
    pub incarnation: Incarnation,
    /// Where to accept node links; when that port is taken, any free one is used instead.
    pub listen: SocketAddr,
}

/// Runs the node until its supervisor ends it or is gone.
///
/// # Errors
/// When the environment lacks what the supervisor sets, no port can be opened, or the control link can't be made.
pub fn run(options: Options) -> anyhow::Result<()> {
    anyhow::bail!("node {} can't run yet", options.name)
}
