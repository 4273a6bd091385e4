//! Calls of the HTTP API: the reader's commands, and the requests of the page itself.
//!
//! All addresses are relative to the page's own: a proxy may serve it under a path.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::api::{ChangeNode, EventPage, Partition, Problem, StartElection};
use ringleader_shared::{NodeName, Seq};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, Request, RequestInit, Response};

use crate::command::{Command, NodeTarget};
use crate::json;
use crate::store::Store;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Has the server do this; the reader hears when it is refused. What it changes comes back on the bus.
pub(crate) fn submit(store: Store, command: Command) {
    match command {
        Command::Elect(initiator) => elect(store, &StartElection { initiator, ..StartElection::default() }),
        Command::ElectTogether(names) => {
            elect(store, &StartElection { initiators: Some(names), ..StartElection::default() });
        }
        Command::ElectAll => elect(store, &StartElection { everyone: true, ..StartElection::default() }),
        Command::Control(target, action) => {
            let target = match &target {
                NodeTarget::Leader => "leader",
                NodeTarget::Node(name) => name.as_str(),
            };
            give(store, "POST", format!("api/v1/nodes/{target}/{}", action.as_str()), None);
        }
        Command::ChangeAttribute(name, attribute) => {
            change_node(store, &name, &ChangeNode { attribute: Some(attribute), ..ChangeNode::default() });
        }
        Command::ChangeEligibility(name, eligible) => {
            change_node(store, &name, &ChangeNode { eligible: Some(eligible), ..ChangeNode::default() });
        }
        Command::Add(node) => give(store, "POST", "api/v1/nodes".to_owned(), Some(to_json(&node))),
        Command::Remove(name) => give(store, "DELETE", format!("api/v1/nodes/{name}"), None),
        Command::ChangeSettings(change) => {
            give(store, "PATCH", "api/v1/ring".to_owned(), Some(to_json(&change)));
        }
        Command::SetLink(from, to, fault) => {
            give(store, "PUT", format!("api/v1/links/{from}/{to}"), Some(fault.to_json()));
        }
        Command::HealLinks => give(store, "DELETE", "api/v1/links".to_owned(), None),
        Command::Partition(side) => {
            let partition = Partition { groups: vec![side] };
            give(store, "POST", "api/v1/partitions".to_owned(), Some(to_json(&partition)));
        }
        Command::Reset => give(store, "POST", "api/v1/reset".to_owned(), None),
    }
}

fn change_node(store: Store, name: &NodeName, change: &ChangeNode) {
    give(store, "PATCH", format!("api/v1/nodes/{name}"), Some(to_json(change)));
}

fn elect(store: Store, election: &StartElection) {
    give(store, "POST", "api/v1/elections".to_owned(), Some(to_json(election)));
}

/// Asks the server whether it lets this page in.
pub(crate) async fn lets_in() -> Result<(), Problem> {
    call("GET", "api/v1/ring", None).await.map(drop)
}

/// The events after `after`, oldest first.
pub(crate) async fn events(after: Seq, limit: u64) -> Result<EventPage, Problem> {
    read(&format!("api/v1/events?after={after}&limit={limit}")).await
}

/// Whether the server lives.
pub(crate) async fn is_healthy() -> bool {
    call("GET", "healthz", None).await.is_ok()
}

fn give(store: Store, method: &'static str, path: String, body: Option<String>) {
    spawn_local(async move {
        if let Err(problem) = call(method, &path, body).await {
            store.notify(problem.into());
        }
    });
}

async fn read<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    let text = call("GET", path, None).await?;
    json::read(&text)
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
    Err(json::read(&text).unwrap_or_else(|_| {
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
