//! The HTTP API under `/api/v1`, the live bus, health and metrics. `openapi.json` describes the API, and
//! a test compares the two.

mod after;
mod body;
mod budget;
mod compression;
mod events;
mod runs;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, patch, post, put};
use ringleader_shared::api::{
    Access, AddNode, ChangeNode, ChangeRing, Initiators, Links, MAX_HOP_DELAY_MS, Partition, StartElection,
};
use ringleader_shared::{Attribute, LinkFault, NodeAction, NodeName, RingView, Seq};
use serde::Deserialize;
use tokio::sync::watch;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::api::after::After;
use crate::api::body::{NoBody, OptionalBody, RequiredBody};
use crate::api::budget::Budget;
use crate::api::compression::Encoders;
use crate::archive::Archive;
use crate::assets;
use crate::auth::{self, Auth};
use crate::bus::Bus;
use crate::bus::websocket;
use crate::metrics;
use crate::origin::{self, Guard};
use crate::problem::Refusal;
use crate::supervisor::SupervisorHandle;
use crate::visitor::ConnectionSlots;

/// The description of the API.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The number of events in a page, unless the request asks for fewer or more.
const DEFAULT_EVENTS: usize = 500;

/// The most events in a page.
const MAX_EVENTS: usize = 5_000;

/// The state that the handlers share.
#[derive(Clone)]
pub struct App {
    /// The owner of the processes.
    pub supervisor: SupervisorHandle,
    /// The events.
    pub bus: Bus,
    /// The connections to the server.
    pub places: ConnectionSlots,
    /// The kept runs.
    pub archive: Archive,
    /// Becomes true when the server is stopping.
    pub stopping: watch::Receiver<bool>,
}

type Answer = Result<Response, Refusal>;

/// The routes of everything that the server answers, behind its guard.
pub fn router(app: App, guard: Guard, auth: Auth) -> Router {
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    Router::new()
        .route("/api/v1/access", get(access))
        .route("/api/v1/ring", get(ring).patch(change_ring))
        .route("/api/v1/elections", post(start_election))
        .route("/api/v1/nodes", post(add_node))
        .route("/api/v1/nodes/{name}", patch(change_node).delete(remove_node))
        .route("/api/v1/nodes/{name}/kill", post(kill))
        .route("/api/v1/nodes/{name}/exit", post(exit))
        .route("/api/v1/nodes/{name}/start", post(start))
        .route("/api/v1/nodes/{name}/pause", post(pause))
        .route("/api/v1/nodes/{name}/resume", post(resume))
        .route("/api/v1/links", get(links).delete(heal_links))
        .route("/api/v1/links/{from}/{to}", put(set_link))
        .route("/api/v1/partitions", post(partition).delete(heal_partition))
        .route("/api/v1/reset", post(reset))
        .route("/api/v1/events", get(events))
        .route("/api/v1/archive", get(runs::status))
        .route("/api/v1/runs", get(runs::list).post(runs::import))
        .route("/api/v1/runs/{run}", get(runs::show).patch(runs::change).delete(runs::delete))
        .route("/api/v1/runs/{run}/restore", post(runs::restore))
        .route("/api/v1/runs/{run}/events", get(runs::events))
        .route("/api/v1/runs/{run}/elections", get(runs::elections))
        .route("/api/v1/runs/{run}/export", get(runs::export))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/metrics", get(show_metrics))
        .route_layer(axum::middleware::from_fn_with_state(Budget::new(), budget::middleware))
        .layer(compression::layer())
        .layer(axum::middleware::from_fn_with_state(Encoders::new(), compression::middleware))
        // The routes after this line have nothing to compress, or were compressed when they were built.
        .route("/ws", get(bus_socket))
        .route("/healthz", get(healthz))
        .fallback(fallback)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::new(app))
        .layer(axum::middleware::from_fn_with_state(auth, auth::middleware))
        .layer(axum::middleware::from_fn_with_state(guard, origin::middleware))
        .layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, assets::security_policy()))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        // Windows that the page itself opens stay in reach of it: Perfetto's asks it for the trace.
        .layer(header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups"))
        .layer(header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
}

async fn access(Extension(access): Extension<Access>) -> Json<Access> {
    Json(access)
}

async fn ring(State(app): State<Arc<App>>) -> Json<RingView> {
    Json(app.bus.view())
}

async fn change_ring(State(app): State<Arc<App>>, RequiredBody(change): RequiredBody<ChangeRing>) -> Answer {
    if change == ChangeRing::default() {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing to change")
            .because(format!("give one or several of {}", ChangeRing::NAMES.join(", "))));
    }
    if change.hop_delay_ms.is_some_and(|delay| delay > MAX_HOP_DELAY_MS) {
        let title = format!("the hop delay is at most {MAX_HOP_DELAY_MS} ms");
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, title));
    }
    app.supervisor.change_settings(change).await?;
    Ok(Json(app.bus.view()).into_response())
}

async fn start_election(
    State(app): State<Arc<App>>,
    OptionalBody(request): OptionalBody<StartElection>,
) -> Answer {
    let initiators = Initiators::try_from(request.unwrap_or_default()).map_err(|_| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "who initiates is not clear")
            .because("give one of initiator, initiators and everyone")
    })?;
    let asked = app.supervisor.elect(initiators).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)).into_response())
}

async fn add_node(State(app): State<Arc<App>>, RequiredBody(node): RequiredBody<AddNode>) -> Answer {
    bounded(node.attribute)?;
    let name = node.name.clone();
    app.supervisor.add(node).await?;
    Ok((StatusCode::CREATED, Json(node_view(&app, &name))).into_response())
}

async fn change_node(
    State(app): State<Arc<App>>,
    name: Result<Path<String>, PathRejection>,
    RequiredBody(change): RequiredBody<ChangeNode>,
) -> Answer {
    if change == ChangeNode::default() {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing to change")
            .because("give attribute or eligible, or both"));
    }
    change.attribute.map_or(Ok(()), bounded)?;
    app.supervisor.change_node(named(name)?, change).await?;
    Ok(Json(app.bus.view()).into_response())
}

async fn remove_node(
    State(app): State<Arc<App>>,
    name: Result<Path<String>, PathRejection>,
    _: NoBody,
) -> Answer {
    app.supervisor.remove(named(name)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

macro_rules! actions {
    ($($handler:ident => $action:ident),+) => {$(
        async fn $handler(
            State(app): State<Arc<App>>,
            name: Result<Path<String>, PathRejection>,
            _: NoBody,
        ) -> Answer {
            let name = app.supervisor.act(named(name)?, NodeAction::$action).await?;
            Ok((StatusCode::ACCEPTED, Json(node_view(&app, &name))).into_response())
        }
    )+};
}

actions!(kill => Kill, exit => Exit, start => Start, pause => Pause, resume => Resume);

async fn links(State(app): State<Arc<App>>) -> Json<Links> {
    Json(links_of(&app.bus.view()))
}

async fn heal_links(State(app): State<Arc<App>>, _: NoBody) -> Answer {
    app.supervisor.heal_all().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn set_link(
    State(app): State<Arc<App>>,
    ends: Result<Path<(String, String)>, PathRejection>,
    RequiredBody(fault): RequiredBody<LinkFault>,
) -> Answer {
    let Path((from, to)) = ends.map_err(|error| bad_name(&error))?;
    Ok(Json(app.supervisor.set_link(from, to, fault).await?).into_response())
}

async fn partition(State(app): State<Arc<App>>, RequiredBody(partition): RequiredBody<Partition>) -> Answer {
    app.supervisor.partition(partition.groups).await?;
    Ok(Json(links_of(&app.bus.view())).into_response())
}

async fn heal_partition(State(app): State<Arc<App>>, _: NoBody) -> Answer {
    app.supervisor.heal_partition().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn links_of(view: &RingView) -> Links {
    Links { faulty: view.faulty(), partition: view.partition.clone() }
}

async fn reset(State(app): State<Arc<App>>, _: NoBody) -> Answer {
    app.supervisor.reset().await?;
    Ok(Json(app.bus.view()).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventQuery {
    #[serde(default)]
    after: Option<After>,
    #[serde(default)]
    limit: Option<usize>,
}

async fn events(State(app): State<Arc<App>>, query: Result<Query<EventQuery>, QueryRejection>) -> Answer {
    let Query(query) = query.map_err(|error| bad_query(&error))?;
    let limit = query.limit.unwrap_or(DEFAULT_EVENTS);
    if limit == 0 || limit > MAX_EVENTS {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, format!("limit is 1 to {MAX_EVENTS}")));
    }
    let after = query.after.map_or(Seq(0).into(), |After(position)| position);
    if after.run.is_some() && !app.bus.has(after) {
        return Err(Refusal::conflict("that event is of another server, or long gone")
            .because("begin anew with after=0"));
    }
    Ok(events::page(app.bus.clone(), after.seq, limit))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SocketQuery {
    #[serde(default)]
    after: Option<After>,
}

async fn bus_socket(
    State(app): State<Arc<App>>,
    query: Result<Query<SocketQuery>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| bad_query(&error))?;
    let upgrade = upgrade.map_err(|error| {
        Refusal::new(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket: connect with ws://")
            .because(error.body_text())
    })?;
    let (bus, stopping) = (app.bus.clone(), app.stopping.clone());
    let after = query.after.map(|After(position)| position);
    Ok(upgrade
        .max_message_size(websocket::MAX_FRAME)
        .max_frame_size(websocket::MAX_FRAME)
        .read_buffer_size(4 * 1024)
        .write_buffer_size(websocket::WRITE_BUFFER)
        .on_upgrade(move |socket| websocket::serve(socket, bus, after, stopping)))
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn show_metrics(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::render(&app.bus, app.places.taken()))
        .into_response()
}

async fn fallback(
    method: axum::http::Method,
    uri: Uri,
    headers: HeaderMap,
    Extension(access): Extension<Access>,
) -> Response {
    if method == axum::http::Method::GET || method == axum::http::Method::HEAD {
        return assets::serve(&uri, &headers, access.kind);
    }
    Refusal::new(StatusCode::NOT_FOUND, "there is nothing here")
        .because("GET /api/v1/openapi.json describes every call")
        .into_response()
}

async fn wrong_method(method: axum::http::Method, uri: Uri) -> Refusal {
    let title = format!("{method} is not what this address is for");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, title)
        .because(format!("GET /api/v1/openapi.json says which methods {} has", uri.path()))
}

fn named(name: Result<Path<String>, PathRejection>) -> Result<String, Refusal> {
    match name {
        Ok(Path(name)) => Ok(name),
        Err(error) => Err(bad_name(&error)),
    }
}

fn bad_name(error: &PathRejection) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "the node's name can't be read").because(error.body_text())
}

fn bad_query(error: &QueryRejection) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "the query can't be read").because(error.body_text())
}

fn bounded(attribute: Attribute) -> Result<(), Refusal> {
    if attribute > Attribute::MAX {
        let title = format!("an attribute is at most {}", Attribute::MAX);
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, title));
    }
    Ok(())
}

fn node_view(app: &App, name: &NodeName) -> Option<ringleader_shared::view::NodeView> {
    app.bus.with_view(|view| view.node(name).cloned())
}
