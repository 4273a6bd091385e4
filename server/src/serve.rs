//! `ringleader serve`: builds the server from its parts, and stops them again.

mod accept;
mod port;
mod progress;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::http::uri::Authority;
use ringleader_shared::api::AccessKind;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use self::accept::accept;
use self::progress::PROGRESS_WITHIN;
use crate::api::{self, App};
use crate::archive::{Archive, ArchiveOptions};
use crate::auth::{Auth, Tokens};
use crate::bus::Bus;
use crate::cli::ServeOptions;
use crate::control::{self, Control};
use crate::descriptors::Descriptors;
use crate::log;
use crate::origin::Guard;
use crate::ring_file::{self, Ring};
use crate::state_dir::State;
use crate::supervisor::{self, RingConfig};
use crate::threads;

/// The time that open connections have to end when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// Runs a ring and its dashboard until SIGINT, SIGTERM, SIGHUP or SIGQUIT.
///
/// # Errors
/// When the flags ask for what can't be, or a port can't be opened.
pub fn run(options: &ServeOptions) -> anyhow::Result<()> {
    threads::make_sure(!options.no_history)?;
    let _log = log::start(options)?;
    let Ring { mut members, settings, start } = ring_file::ring(options)?;
    if let Some(directory) = &options.record {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("making the directory {} (--record)", directory.display()))?;
    }
    let state = State::open(options.state_dir.as_deref())?;
    let keeper = state.keeper();
    ring_file::keep_ids(&mut members, |name| keeper.id_of(name));
    let asks = options.ask_token || !options.bind.is_loopback();
    let tokens = asks.then(Tokens::open).transpose()?;
    let hung_after = options.hung_after.unwrap_or(options.heartbeat * 3);
    if hung_after <= options.heartbeat {
        bail!("--hung-after must be longer than --heartbeat, or every link would count as hung");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = port::open(SocketAddr::new(options.bind, options.port)).await?;
        let control_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("opening a port for the nodes to report to")?;
        let config = RingConfig {
            members,
            start,
            settings,
            heartbeat: options.heartbeat,
            hung_after,
            node_port: options.node_port,
            restart: options.restart,
            keeper,
            record: options.record.clone(),
            program: own_program()?,
            control: control_listener.local_addr()?,
        };
        let door = Door { tokens, names: options.allow_host.clone() };
        serve(listener, control_listener, config, door, &options.archive()).await
    })
}

/// Admission to the server.
struct Door {
    /// Required when other machines can reach the server.
    tokens: Option<Tokens>,
    /// Names under which the server is reached besides its addresses.
    names: Vec<Authority>,
}

async fn serve(
    listener: TcpListener,
    control_listener: TcpListener,
    config: RingConfig,
    door: Door,
    archive: &ArchiveOptions,
) -> anyhow::Result<()> {
    let mut ends = Ends::listen()?;
    ringleader_node::survive_large_files()?;
    let descriptors = Descriptors::claim();
    let places = descriptors.public();
    let (stop, stopping) = watch::channel(false);
    let bus = Bus::keeping(config.keeper.clone());
    let archive = Archive::start(archive, &bus);
    let address = listener.local_addr()?;
    let addresses = port::addresses(address.ip());
    let links = links(&addresses, address.port(), door.tokens.as_ref());
    let (print, to_print) = std::sync::mpsc::channel::<String>();
    // Printed on a thread of its own, so that a reader that has gone after the first line does not stop
    // the server, and one that does not read does not block it. Started before the nodes, which may take
    // all threads that the system allows.
    std::thread::Builder::new().name("links".to_owned()).spawn(move || {
        let text = to_print.recv().unwrap_or_default();
        std::io::stdout().write_all(text.as_bytes())
    })?;
    let (supervisor, secret, thread) = supervisor::start(config, bus.clone())?;
    let nodes_report = control::router(Control { supervisor: supervisor.clone(), bus: bus.clone(), secret });
    let app = App {
        supervisor: supervisor.clone(),
        bus: bus.clone(),
        places: places.clone(),
        archive: archive.clone(),
        stopping: stopping.clone(),
    };
    let guard = Guard::new(&addresses, address.port(), door.names);
    let public = api::router(app, guard, Auth::new(door.tokens.clone(), address.port()));
    tokio::spawn(bus.clone().keep_in_order());
    tokio::spawn(bus.clone().count_refusals());
    // A paused node reads nothing for as long as it is paused.
    tokio::spawn(accept(control_listener, nodes_report, descriptors.control(), None, stopping.clone()));
    let public = tokio::spawn(accept(listener, public, places, Some(PROGRESS_WITHIN), stopping));
    tokio::spawn(log::report_dropped());
    let _ = print.send(links);

    ends.next().await;
    tracing::info!("stopping");
    stop.send_replace(true);
    let shutdown = async {
        supervisor.shutdown().await;
        let _ = tokio::time::timeout(STOP_WITHIN, public).await;
    };
    tokio::select! {
        () = shutdown => {}
        // A second signal: the user does not want to wait. The kernel ends the nodes with this process.
        () = ends.next() => return Ok(()),
    }
    archive.finish(STOP_WITHIN);
    let _ = thread.join();
    Ok(())
}

/// Returns the program to run as a node: this one. On Linux it is run by its open file, so that it is
/// found even after its name was removed or given to another file.
fn own_program() -> anyhow::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe().context("finding this program's own file")
}

/// The signals that end the server: Ctrl-C, `kill`, a terminal that is closed, Ctrl-\\.
struct Ends([Signal; 4]);

impl Ends {
    fn listen() -> std::io::Result<Self> {
        let [interrupt, terminate, hangup, quit] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
        Ok(Self([signal(interrupt)?, signal(terminate)?, signal(hangup)?, signal(quit)?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup, quit] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
    }
}

/// The server's addresses for people: one line on the loopback, else one link for each kind of token and
/// address.
fn links(addresses: &[IpAddr], port: u16, tokens: Option<&Tokens>) -> String {
    let links = addresses.iter().map(|ip| format!("http://{}", SocketAddr::new(*ip, port)));
    let links: Vec<String> = links.collect();
    let Some(tokens) = tokens else {
        let link = links.first().map_or("", String::as_str);
        return format!("Ringleader is running: {link}  (Ctrl-C stops it)\n");
    };
    let mut text = "Ringleader is running; these links carry its tokens  (Ctrl-C stops it)\n".to_owned();
    for (kind, query) in tokens.queries() {
        text.push_str(match kind {
            AccessKind::Operator => "To control the ring, for you alone:\n",
            AccessKind::Viewer => "To watch, for everybody else:\n",
        });
        text.extend(links.iter().map(|link| format!("  {link}/{query}\n")));
    }
    text
}
