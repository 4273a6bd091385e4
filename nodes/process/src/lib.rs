//! One real node of the ring: the election core over tokio and WebSocket links.
//!
//! What it is for: it gives the core a clock, timers, sockets and words. What it must not know: how an
//! election is decided, and how processes are supervised.
//!
//! The way through it: [`run`] makes the listener and the [`control`] link, then [`node`] loops: a command, a
//! link's news or a timer goes into the core, the effects come out and are carried out. [`links`] owns the
//! sockets, [`handshake`] lets only members in, [`ringleader_election::events`] turns what happened into
//! events. [`recordings`] reads what nodes recorded.
#![forbid(unsafe_code)]

mod clock;
mod control;
mod faults;
mod handshake;
mod lifeline;
mod link_settings;
mod links;
mod node;
pub mod promise_store;
mod recorder;
pub mod recordings;
pub mod refusals;
mod secret;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use nix::sys::signal::Signal;
use ringleader_election::random;
use ringleader_election::recording::Beginning;
use ringleader_shared::control::NodeReport;
use ringleader_shared::{Incarnation, NodeId, NodeName};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::control::Control;
use crate::promise_store::PromiseStore;
use crate::recorder::Recorder;
use crate::secret::Secret;

/// What the supervisor tells a node on its command line. The rest comes by environment and over the control
/// link.
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
    /// Where it keeps what it promises in quorum mode. A file that is there already is what an earlier start
    /// promised.
    pub promises: PathBuf,
    /// Where to write down what its core is given and does, if at all.
    pub record: Option<PathBuf>,
}

/// Runs the node until its supervisor ends it or is gone.
///
/// # Errors
/// When the environment lacks what the supervisor sets, the file of its promises is damaged or can't be
/// written, no port can be opened, or the control link can't be made.
pub fn run(options: Options) -> anyhow::Result<()> {
    lifeline::die_with_supervisor()?;
    draw_apart(options.id);
    // The kernel would call it `exe`, after the link by which it was started.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_name(c"ringleader")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(live(options));
    // Link tasks may still wait for peers that hang; nobody waits for them.
    runtime.shutdown_background();
    result
}

/// Gives this process a sequence of random numbers of its own: jitter, seeds and the faults of links come
/// from it.
fn draw_apart(id: NodeId) {
    // By itself the generator begins with a hash of the clock, which nodes that start together may share.
    let (high, low) = id.0.as_u64_pair();
    fastrand::seed(random::derived(random::derived(fastrand::u64(..), high), low));
}

/// Makes a file that grows too large an error of its writer, as a full disk is, and not the end of the
/// process. Runtimes keep the handler for good.
///
/// # Errors
/// When the system takes no handler.
pub fn survive_large_files() -> std::io::Result<()> {
    signal(SignalKind::from_raw(Signal::SIGXFSZ as i32)).map(drop)
}

async fn live(options: Options) -> anyhow::Result<()> {
    let secret = Secret::from_environment()?;
    let promises = PromiseStore::at(options.promises.clone());
    let beginning = Beginning { id: options.id, promise: promises.load()? };
    survive_large_files()?;
    let recorder = Recorder::begin(options.record.as_deref(), &beginning);
    let (listener, moved) = listen(options.listen).await?;
    let address = listener.local_addr().context("asking which port was opened")?;
    let hello = NodeReport::Hello {
        id: options.id,
        incarnation: options.incarnation,
        pid: std::process::id(),
        address,
    };
    let control = Control::dial(&secret, &hello).await?;
    node::Node::new(options, secret, control, address, beginning, promises, recorder)
        .run(listener, moved)
        .await
}

/// Opens the preferred port, or any free one when that is taken; then the second value says so in words.
async fn listen(preferred: SocketAddr) -> anyhow::Result<(TcpListener, Option<String>)> {
    match TcpListener::bind(preferred).await {
        Ok(listener) => Ok((listener, None)),
        Err(error) if preferred.port() != 0 => {
            let any = SocketAddr::new(preferred.ip(), 0);
            let listener =
                TcpListener::bind(any).await.with_context(|| format!("opening a port on {any}"))?;
            let words = format!("port {} is not free ({error}): using another one", preferred.port());
            Ok((listener, Some(words)))
        }
        Err(error) => Err(error).with_context(|| format!("opening a port on {preferred}")),
    }
}
