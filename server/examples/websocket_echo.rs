//! The WebSocket stacks of both our ends as echoes, for Autobahn's test suite. Ringleader itself echoes
//! nothing and accepts small frames only, so the stacks run without its limits;
//! `tests/security/hostile.rs` tests the limits.
//!
//! The suite is on PyPI and wants Python 2.7 (`pyenv install 2.7.18`):
//!
//! ```text
//! python2.7 -m pip install --target target/autobahn/tools 'setuptools<45' wheel
//! PYTHONPATH=target/autobahn/tools python2.7 -m pip install \
//!     --target target/autobahn/tools 'virtualenv<20.22'
//! PYTHONPATH=target/autobahn/tools python2.7 -m virtualenv target/autobahn/venv
//! target/autobahn/venv/bin/pip install autobahntestsuite==25.10.1
//! cargo build --release --package ringleader --example websocket_echo
//! ```
//!
//! The stack of the dashboard's socket and the one that accepts a node's links; then the one that dials:
//!
//! ```text
//! target/release/examples/websocket_echo server 9001 &
//! target/release/examples/websocket_echo node 9002 &
//! target/autobahn/venv/bin/wstest -m fuzzingclient -s server/examples/autobahn/accept.json
//! target/autobahn/venv/bin/wstest -m fuzzingserver -s server/examples/autobahn/dial.json -u 0 &
//! target/release/examples/websocket_echo dial 9003
//! ```
//!
//! The reports are `target/autobahn/accept/index.html` and `target/autobahn/dial/index.html`; the suite
//! takes five minutes in all.

use std::net::Ipv4Addr;

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::ws::{Message as ServerMessage, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

/// Large enough for the suite's largest message.
const LARGEST: usize = 32 * 1024 * 1024;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, port] = arguments.as_slice() else {
        bail!("say a role and a port: server, node or dial, and 9001")
    };
    let port: u16 = port.parse().context("the port is a number")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match role.as_str() {
            "server" => server(port).await,
            "node" => node(port).await,
            "dial" => dial(port).await,
            other => bail!("{other:?} is no role: server, node or dial"),
        }
    })
}

async fn server(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let upgrade = |upgrade: WebSocketUpgrade| async {
        upgrade
            .max_message_size(LARGEST)
            .max_frame_size(LARGEST)
            .read_buffer_size(4 * 1024)
            .write_buffer_size(4 * 1024)
            .on_upgrade(echo_of_server)
    };
    let router = Router::new().route("/", get(upgrade));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let stream = hyper_util::rt::TokioIo::new(stream);
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(stream, service);
            connection.with_upgrades().await
        });
    }
}

async fn echo_of_server(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.next().await {
        let is_data = matches!(message, ServerMessage::Text(_) | ServerMessage::Binary(_));
        if is_data && socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn node(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Ok(socket) = accept_async(stream).await {
                echo_of_node(socket).await;
            }
        });
    }
}

async fn echo_of_node(mut socket: WebSocketStream<TcpStream>) {
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Runs all cases of the suite's server, one after the other.
async fn dial(port: u16) -> anyhow::Result<()> {
    const AGENT: &str = "ringleader-node";
    let open = |path: String| async move {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let (socket, _) = client_async(format!("ws://127.0.0.1:{port}{path}"), stream).await?;
        anyhow::Ok(socket)
    };
    let mut socket = open("/getCaseCount".to_owned()).await?;
    let count = socket.next().await.context("the suite says how many cases there are")??.into_text()?;
    let count: u32 = count.parse().context("a number of cases")?;
    for case in 1..=count {
        echo_of_node(open(format!("/runCase?case={case}&agent={AGENT}")).await?).await;
    }
    open(format!("/updateReports?agent={AGENT}")).await?.next().await;
    Ok(())
}
