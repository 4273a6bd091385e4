//! `ringleader serve`: puts the parts together, and takes them apart again.

mod port;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use axum::http::uri::Authority;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ringleader_shared::api::AccessKind;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tracing_subscriber::EnvFilter;

use crate::access::{Gate, Tokens};
use crate::api::{self, App};
use crate::bus::Bus;
use crate::cli::{LogFormat, ServeOptions};
use crate::control::{self, Control};
use crate::guard::Guard;
use crate::ring_file::{self, Ring};
use crate::state::State;
use crate::stop::stopped;
use crate::supervisor::{self, Plan};

/// How long a client may take to send a request's header; one that says nothing is dropped.
const HEADER_WITHIN: Duration = Duration::from_secs(10);

/// How many connections may be open at once.
const MAX_CONNECTIONS: usize = 4_096;

/// How long open connections have to end when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// Runs a ring and its dashboard until SIGINT or SIGTERM.
///
/// # Errors
/// When the flags ask for what can't be, or a port can't be opened.
pub fn run(options: &ServeOptions) -> anyhow::Result<()> {
    start_logging(options)?;
    let Ring { members, safety, algorithm } = ring_file::ring(options)?;
    if let Some(directory) = &options.record {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("making the directory {} (--record)", directory.display()))?;
    }
    let state = State::open(options.state_dir.as_deref())?;
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
        let plan = Plan {
            members,
            hop_delay: options.hop_delay,
            heartbeat: options.heartbeat,
            hung_after,
            node_port: options.node_port,
            safety,
            algorithm,
            restart: options.restart,
            state: state.path().to_owned(),
            record: options.record.clone(),
            program: std::env::current_exe().context("finding this program's own file")?,
            control: control_listener.local_addr()?,
        };
        let door = Door { tokens, names: options.allow_host.clone() };
        serve(listener, control_listener, plan, door).await
    })
}

/// Who is let in.
struct Door {
    /// Asked for when other machines can reach the server.
    tokens: Option<Tokens>,
    /// Names under which the server is reached besides its addresses.
    names: Vec<Authority>,
}

async fn serve(
    listener: TcpListener,
    control_listener: TcpListener,
    plan: Plan,
    door: Door,
) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (stop, stopping) = watch::channel(false);
    let bus = Bus::new();
    let (supervisor, secret, thread) = supervisor::start(plan, bus.clone())?;
    let nodes_report = control::router(Control { supervisor: supervisor.clone(), bus: bus.clone(), secret });
    let address = listener.local_addr()?;
    let app = App { supervisor: supervisor.clone(), bus: bus.clone(), stopping: stopping.clone() };
    let addresses = port::addresses(address.ip());
    let guard = Guard::new(&addresses, address.port(), door.names);
    let public = api::router(app, guard, Gate::new(door.tokens.clone(), address.port()));
    tokio::spawn(bus.clone().keep_in_order());
    tokio::spawn(accept(control_listener, nodes_report, stopping.clone()));
    let public = tokio::spawn(accept(listener, public, stopping));
    // Whoever reads it may have gone after the first line; that is no reason to stop.
    let _ = std::io::stdout().write_all(links(&addresses, address.port(), door.tokens.as_ref()).as_bytes());

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    stop.send_replace(true);
    let in_good_order = async {
        supervisor.shutdown().await;
        let _ = tokio::time::timeout(STOP_WITHIN, public).await;
    };
    tokio::select! {
        () = in_good_order => {}
        // Whoever asks twice does not want to wait; the kernel ends the nodes with this process.
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    }
    let _ = thread.join();
    Ok(())
}

/// Where the server is: one line on the loopback, else one link for each kind of token and address.
fn links(addresses: &[IpAddr], port: u16, tokens: Option<&Tokens>) -> String {
    let links = addresses.iter().map(|ip| format!("http://{}", SocketAddr::new(*ip, port)));
    let links: Vec<String> = links.collect();
    let Some(tokens) = tokens else {
        let link = links.first().map_or("", String::as_str);
        return format!("Ringleader is running: {link}  (Ctrl-C stops it)\n");
    };
    let mut text = "Ringleader is running, and asks for a token  (Ctrl-C stops it)\n".to_owned();
    for (kind, query) in tokens.queries() {
        text.push_str(match kind {
            AccessKind::Operator => "To do everything, for you alone:\n",
            AccessKind::Viewer => "To watch, for everybody:\n",
        });
        text.extend(links.iter().map(|link| format!("  {link}/{query}\n")));
    }
    text
}

/// Serves connections until the server stops; returns when the last one has ended.
async fn accept(listener: TcpListener, router: Router, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => break,
        };
        let Ok((stream, _)) = accepted.inspect_err(|error| tracing::warn!("accepting a connection: {error}"))
        else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!("{MAX_CONNECTIONS} connections are open: another one was turned away");
            continue;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("TCP_NODELAY: {error}");
        }
        let service = TowerToHyperService::new(router.clone());
        let mut stopping = stopping.clone();
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_WITHIN)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            tokio::pin!(connection);
            let result = tokio::select! {
                result = connection.as_mut() => result,
                () = stopped(&mut stopping) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = result {
                tracing::debug!("a connection ended: {error}");
            }
            drop(place);
        });
    }
    // All places back: all connections have ended.
    let _ = places.acquire_many(u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX)).await;
}

fn start_logging(options: &ServeOptions) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&options.log)
        .with_context(|| format!("--log {:?}: write `info`, or `ringleader=debug,warn`", options.log))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match options.log_format {
        LogFormat::Human => {
            let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
            builder.with_ansi(terminal).try_init()
        }
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("starting the log: {error}"))
}
