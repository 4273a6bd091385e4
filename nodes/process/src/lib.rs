//! One real node of the ring: the election core over tokio and WebSocket links.
//!
//! The crate gives the core a clock, timers, sockets and readable messages. It does not know how an
//! election is decided, nor how processes are supervised.
//!
//! [`run`] makes the listener and the [`control`] link. Then [`node`] loops: a command, a link event or a
//! timer goes into the core, and the effects that come out are carried out. [`links`] owns the sockets,
//! [`port`] accepts connections, [`handshake`] admits members only, [`tunnel`] and [`relay`] link members
//! that can't reach each other directly, [`ringleader_election::events`] turns effects into events, and
//! [`recordings`] reads the files that nodes recorded.
#![forbid(unsafe_code)]

mod clock;
mod control;
mod faults;
mod handshake;
mod lifeline;
mod link_settings;
mod links;
mod node;
mod port;
pub mod promise_store;
mod recorder;
pub mod recordings;
pub mod refusals;
mod relay;
mod secret;
mod tunnel;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use nix::sys::signal::Signal;
use ringleader_election::random;
use ringleader_election::recording::Beginning;
use ringleader_shared::EventKind;
use ringleader_shared::control::NodeReport;
use ringleader_shared::{Incarnation, NodeId, NodeName};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::control::Control;
use crate::promise_store::PromiseStore;
use crate::recorder::Recorder;
use crate::secret::Secret;

/// The settings that the supervisor passes on a node's command line. The others come by environment and
/// over the control link.
#[derive(Debug, Clone)]
pub struct Options {
    /// The node's name, as people read it.
    pub name: NodeName,
    /// The node's id.
    pub id: NodeId,
    /// The number of this start of the node.
    pub incarnation: Incarnation,
    /// The address on which to accept node links. When its port is taken, any free one is used instead.
    pub listen: SocketAddr,
    /// The file of the node's promises in quorum mode. An existing file holds the promise of an earlier
    /// start.
    pub promises: PathBuf,
    /// The file in which to record the core's inputs and effects, if any.
    pub record: Option<PathBuf>,
}

/// Runs the node until its supervisor ends it or is gone.
///
/// # Errors
/// When an environment variable of the supervisor is missing, the file of promises is damaged or can't be
/// written, no port can be opened, or the control link can't be made.
pub fn run(options: Options) -> anyhow::Result<()> {
    lifeline::die_with_supervisor()?;
    draw_apart(options.id);
    // Without this the kernel names the process `exe`, after the link by which it was started.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_name(c"ringleader")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(live(options));
    // Link tasks may still wait for peers that hang. Nothing depends on them any more.
    runtime.shutdown_background();
    result
}

/// Seeds this process's random numbers apart from those of other nodes: jitter, seeds and the faults of
/// links come from them.
fn draw_apart(id: NodeId) {
    // The generator's own seed is a hash of the clock, which nodes that start together may share.
    let (high, low) = id.0.as_u64_pair();
    fastrand::seed(random::derived(random::derived(fastrand::u64(..), high), low));
}

/// Turns a write past the limit on file size into an error of the write, as on a full disk; by default
/// its signal ends the process. Runtimes keep the handler for good.
///
/// # Errors
/// When the system accepts no handler.
pub fn survive_large_files() -> std::io::Result<()> {
    signal(SignalKind::from_raw(Signal::SIGXFSZ as i32)).map(drop)
}

async fn live(options: Options) -> anyhow::Result<()> {
    let secret = Secret::from_environment()?;
    let promises = PromiseStore::at(options.promises.clone());
    let beginning = Beginning { id: options.id, promise: promises.load()? };
    survive_large_files()?;
    let recorder = Recorder::begin(options.record.as_deref(), &beginning);
    let (listener, port_taken) = listen(options.listen).await?;
    let address = listener.local_addr().context("asking which port was opened")?;
    let hello = NodeReport::Hello {
        id: options.id,
        incarnation: options.incarnation,
        pid: std::process::id(),
        address,
    };
    let control = Control::dial(&secret, &hello).await?;
    node::Node::new(options, secret, control, address, beginning, promises, recorder)
        .run(listener, port_taken)
        .await
}

/// Opens the preferred port, or any free one when that is taken. The second value then reports that.
async fn listen(preferred: SocketAddr) -> anyhow::Result<(TcpListener, Option<EventKind>)> {
    match TcpListener::bind(preferred).await {
        Ok(listener) => Ok((listener, None)),
        Err(error) if preferred.port() != 0 => {
            let any = SocketAddr::new(preferred.ip(), 0);
            let listener =
                TcpListener::bind(any).await.with_context(|| format!("opening a port on {any}"))?;
            let taken = EventKind::PortTaken { port: preferred.port(), reason: error.to_string() };
            Ok((listener, Some(taken)))
        }
        Err(error) => Err(error).with_context(|| format!("opening a port on {preferred}")),
    }
}
