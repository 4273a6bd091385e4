//! Calls of the HTTP API.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::api::{AddNode, ChangeNode, ChangeRing, EventPage, Partition, Problem, StartElection};
use ringleader_shared::{Attribute, LinkFault, NodeName, RunId, Safety, Seq};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, Request, RequestInit, Response};

use crate::store::Store;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a node's process can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL.
    Kill,
    /// Leave in good order.
    Exit,
    /// SIGSTOP.
    Pause,
    /// SIGCONT.
    Resume,
    /// Start again.
    Start,
}

impl Fault {
    /// The word in the API's path.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Exit => "exit",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Start => "start",
        }
    }
}

/// Starts an election; without an initiator the first live member in ring order starts it.
pub(crate) fn elect(store: Store, initiator: Option<NodeName>) {
    order(
        store,
        "POST",
        "/api/v1/elections".to_owned(),
        Some(to_json(&StartElection { initiator, everyone: false })),
    );
}

/// Does this to a node; `who` is a name, `leader` or `deputy`.
pub(crate) fn fault(store: Store, who: &str, fault: Fault) {
    order(store, "POST", format!("/api/v1/nodes/{who}/{}", fault.word()), None);
}

/// Changes a node's attribute.
pub(crate) fn change_attribute(store: Store, name: &NodeName, attribute: Attribute) {
    order(store, "PATCH", format!("/api/v1/nodes/{name}"), Some(to_json(&ChangeNode { attribute })));
}

/// Adds a node at the end of the ring order.
pub(crate) fn add_node(store: Store, node: &AddNode) {
    order(store, "POST", "/api/v1/nodes".to_owned(), Some(to_json(node)));
}

/// Takes a node out of the ring.
pub(crate) fn remove_node(store: Store, name: &NodeName) {
    order(store, "DELETE", format!("/api/v1/nodes/{name}"), None);
}

/// Changes the pace.
pub(crate) fn change_pace(store: Store, hop_delay_ms: u64) {
    let change = ChangeRing { hop_delay_ms: Some(hop_delay_ms), ..ChangeRing::default() };
    order(store, "PATCH", "/api/v1/ring".to_owned(), Some(to_json(&change)));
}

/// Changes what an election is worth when members are missing.
pub(crate) fn change_safety(store: Store, safety: Safety) {
    let change = ChangeRing { safety: Some(safety), ..ChangeRing::default() };
    order(store, "PATCH", "/api/v1/ring".to_owned(), Some(to_json(&change)));
}

/// Sets what happens to everything that one node says to another.
pub(crate) fn set_link(store: Store, from: &NodeName, to: &NodeName, fault: &LinkFault) {
    order(store, "PUT", format!("/api/v1/links/{from}/{to}"), Some(fault.to_json()));
}

/// Mends every link and ends the partition.
pub(crate) fn heal_links(store: Store) {
    order(store, "DELETE", "/api/v1/links".to_owned(), None);
}

/// Parts the ring.
pub(crate) fn part(store: Store, partition: &Partition) {
    order(store, "POST", "/api/v1/partitions".to_owned(), Some(to_json(partition)));
}

/// A fresh ring as configured.
pub(crate) fn reset(store: Store) {
    order(store, "POST", "/api/v1/reset".to_owned(), None);
}

/// Which run the server is in, and how far.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Position {
    /// The run.
    pub(crate) run: RunId,
    /// The newest event.
    pub(crate) seq: Seq,
}

/// Where the server stands.
pub(crate) async fn position() -> Result<Position, Problem> {
    read("/api/v1/ring").await
}

/// The events after `after`, oldest first.
pub(crate) async fn events(after: Seq, limit: u64) -> Result<EventPage, Problem> {
    read(&format!("/api/v1/events?after={after}&limit={limit}")).await
}

/// Whether the server lives.
pub(crate) async fn is_healthy() -> bool {
    call("GET", "/healthz", None).await.is_ok()
}

/// Gives an order; the reader hears when it is refused. What it changes comes back on the bus.
fn order(store: Store, method: &'static str, path: String, body: Option<String>) {
    spawn_local(async move {
        if let Err(problem) = call(method, &path, body).await {
            store.notify(problem);
        }
    });
}

async fn read<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    let text = call("GET", path, None).await?;
    serde_json::from_str(&text)
        .map_err(|error| problem("The server's answer makes no sense", format!("{path}: {error}")))
}

/// What goes wrong here is a bug in the types, and the server will say so.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn problem(title: &str, detail: String) -> Problem {
    Problem { kind: "about:blank".to_owned(), title: title.to_owned(), status: 0, detail: Some(detail) }
}

async fn call(method: &str, path: &str, body: Option<String>) -> Result<String, Problem> {
    let unreachable = |error: JsValue| {
        let why = error
            .dyn_into::<js_sys::Error>()
            .map_or_else(|_| String::new(), |error| String::from(error.message()));
        problem("The server does not answer", format!("{method} {path}: {why}"))
    };
    let response = fetch(method, path, body).await.map_err(unreachable)?;
    let text = text_of(&response).await.map_err(unreachable)?;
    if response.ok() {
        return Ok(text);
    }
    Err(serde_json::from_str(&text).unwrap_or_else(|_| {
        problem(&format!("The server answered {}", response.status()), format!("{method} {path}"))
    }))
}

async fn fetch(method: &str, path: &str, body: Option<String>) -> Result<Response, JsValue> {
    let patience = AbortController::new()?;
    let init = RequestInit::new();
    init.set_method(method);
    init.set_signal(Some(&patience.signal()));
    if let Some(body) = body {
        let headers = Headers::new()?;
        headers.set("content-type", "application/json")?;
        init.set_headers(&headers);
        init.set_body(&JsValue::from_str(&body));
    }
    let request = Request::new_with_str_and_init(path, &init)?;
    let timer = set_timeout_with_handle(move || patience.abort(), PATIENCE)?;
    let response = JsFuture::from(window().fetch_with_request(&request)).await;
    timer.clear();
    response?.dyn_into()
}

async fn text_of(response: &Response) -> Result<String, JsValue> {
    Ok(JsFuture::from(response.text()?).await?.as_string().unwrap_or_default())
}
