//! The control endpoint, to which node processes report: a listener of its own on the loopback, for
//! children that know the run's secret.

use std::time::Duration;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use ringleader_shared::control::{CONTROL_PATH, Configuration, NodeCommand, NodeReport};
use ringleader_shared::fault::NodeFault;
use ringleader_shared::{EventKind, Incarnation, NodeId, NodeName};
use tokio::sync::{mpsc, oneshot, watch};

use crate::bus::{Bus, Membership, PendingEvent};
use crate::clock::monotonic_ns;
use crate::problem::Refusal;
use crate::supervisor::{Hello, Secret, SupervisorHandle};
use crate::visitor::Visitor;

/// The time within which a connection must send its hello.
const HELLO_WITHIN: Duration = Duration::from_secs(2);

/// The largest report: 64 events of under 4 kB.
const MAX_REPORT: usize = 256 * 1024;

/// The state of the control endpoint.
#[derive(Clone)]
pub struct Control {
    /// The receiver of hellos.
    pub supervisor: SupervisorHandle,
    /// The receiver of events.
    pub bus: Bus,
    /// The secret of the present run.
    pub secret: watch::Receiver<Secret>,
}

/// The control endpoint.
pub fn router(control: Control) -> Router {
    Router::new().route(CONTROL_PATH, get(upgrade)).fallback(elsewhere).with_state(control)
}

async fn elsewhere(State(control): State<Control>) -> Response {
    report_refusal(&control, "a request to the control port for something that is not there");
    Refusal::new(StatusCode::NOT_FOUND, "only the nodes of this run report here").into_response()
}

fn report_refusal(control: &Control, reason: &str) {
    refuse(control, "control port".to_owned(), reason.to_owned());
}

fn refuse(control: &Control, remote: String, reason: String) {
    let kind = EventKind::Refused { remote, reason, count: 1 };
    let (incarnation, at_ns) = (Incarnation(0), monotonic_ns());
    control.bus.refuse(PendingEvent { node: None, incarnation, lamport: 0, at_ns, kind });
}

async fn upgrade(
    State(control): State<Control>,
    visitor: Option<Extension<Visitor>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
    let admitted = control.secret.borrow().admits(authorization) && !headers.contains_key(header::ORIGIN);
    if !admitted {
        report_refusal(&control, "a connection to the control port without the run's secret");
        return Refusal::new(StatusCode::UNAUTHORIZED, "only the nodes of this run report here")
            .into_response();
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            report_refusal(&control, "a request to the control port that is no WebSocket handshake");
            return rejection.into_response();
        }
    };
    upgrade
        .max_message_size(MAX_REPORT)
        .max_frame_size(MAX_REPORT)
        .write_buffer_size(0)
        .on_upgrade(move |socket| serve(socket, control, visitor))
}

async fn serve(mut socket: WebSocket, control: Control, visitor: Option<Extension<Visitor>>) {
    let hello = tokio::time::timeout(HELLO_WITHIN, read(&mut socket)).await;
    let Ok(Some(NodeReport::Hello { id, incarnation, pid, address })) = hello else {
        return turn_away(socket, "say hello first").await;
    };
    let (commands, mut queue) = mpsc::channel(256);
    let (configuration, mut newest) = watch::channel(None);
    let (heard_out, done) = oneshot::channel();
    let greeting = Hello { id, incarnation, pid, address, commands, configuration, heard_out: done };
    let (name, membership) = match control.supervisor.hello(greeting).await {
        Ok(known) => known,
        Err(reason) => {
            refuse(&control, address.to_string(), reason.clone());
            return turn_away(socket, &reason).await;
        }
    };
    if let Some(Extension(visitor)) = visitor {
        visitor.is_known();
    }
    let (mut to_node, mut from_node) = socket.split();
    let writer = tokio::spawn(async move {
        let mut last = None;
        loop {
            let command = tokio::select! {
                // Commands first: they are meant for the ring as it was when they were sent.
                biased;
                Ok(()) = newest.changed() => {
                    let newest = newest.borrow_and_update().clone();
                    let Some(configuration) = newest else { continue };
                    let its = for_node(&configuration, id);
                    // Most changes of faults concern two nodes of many.
                    if last.as_ref() == Some(&its) {
                        continue;
                    }
                    last = Some(its.clone());
                    NodeCommand::Configure(its)
                }
                command = queue.recv() => match command {
                    Some(command) => command,
                    None => return,
                },
            };
            let Ok(text) = serde_json::to_string(&command) else { continue };
            if to_node.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = from_node.next().await {
        match message {
            Message::Text(text) => match serde_json::from_str(text.as_str()) {
                Ok(NodeReport::Events { events }) => {
                    publish(&control.bus, &membership, &name, incarnation, events)
                }
                Ok(NodeReport::Hello { .. }) => tracing::warn!(node = %name, "says hello again"),
                Err(error) => tracing::warn!(node = %name, "a report that can't be read: {error}"),
            },
            Message::Close(_) => break,
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => {}
        }
    }
    writer.abort();
    let _ = heard_out.send(());
}

/// The configuration for one node: with the faults of its own links only.
fn for_node(configuration: &Configuration, id: NodeId) -> Configuration {
    let ends_here = |fault: &&NodeFault| [fault.from, fault.to].contains(&id);
    Configuration {
        run: configuration.run,
        ring: configuration.ring.clone(),
        settings: configuration.settings,
        heartbeat_ms: configuration.heartbeat_ms,
        hung_after_ms: configuration.hung_after_ms,
        highest_term: configuration.highest_term,
        faults: configuration.faults.iter().filter(ends_here).copied().collect(),
    }
}

fn publish(
    bus: &Bus,
    membership: &Membership,
    name: &NodeName,
    incarnation: Incarnation,
    events: Vec<ringleader_shared::control::NodeEvent>,
) {
    let events = events.into_iter().map(|event| PendingEvent {
        node: Some(name.clone()),
        incarnation,
        lamport: event.lamport,
        at_ns: event.at_ns,
        kind: event.kind,
    });
    bus.report(membership, events);
}

async fn read(socket: &mut WebSocket) -> Option<NodeReport> {
    match socket.recv().await {
        Some(Ok(Message::Text(text))) => serde_json::from_str(text.as_str()).ok(),
        _ => None,
    }
}

async fn turn_away(mut socket: WebSocket, reason: &str) {
    let reason = reason.chars().take(100).collect::<String>();
    let _ = socket.send(Message::Close(Some(CloseFrame { code: 1008, reason: reason.into() }))).await;
}
