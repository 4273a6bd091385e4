//! The server as a backend: commands and questions by its HTTP API, the state by its event bus.

mod connection;
mod frame;
mod http;
mod json;
pub(crate) mod runs;
mod subscription;

use ringleader_shared::Seq;
use ringleader_shared::api::{ChangeNode, EventPage, Partition, Problem, StartElection};
use serde::Serialize;

pub(crate) use self::connection::connect;
use crate::chunk::{NotLoaded, chunk};
use crate::command::{Command, NodeTarget};
use crate::notice::Notice;

/// A request of the API.
struct Request {
    method: &'static str,
    path: String,
    body: Option<String>,
}

impl Request {
    fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), body: None }
    }

    fn with(method: &'static str, path: &str, body: String) -> Self {
        Self { body: Some(body), ..Self::new(method, path) }
    }
}

/// The JSON of a body. An error here is a bug in the types; the server then reports an empty body.
fn to_json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// Submits a command. Its effects come back on the bus.
///
/// # Errors
/// A notice with the reason, when it was refused.
pub(crate) async fn submit(command: Command) -> Result<(), Notice> {
    let request = load().await.map_err(|NotLoaded| Notice::not_loaded("the command"))?;
    let Request { method, path, body } = request(command);
    http::call(method, &path, body).await.map(drop).map_err(Notice::from)
}

chunk! {
    commands,
    /// Loads the function that makes requests of commands. Those who only watch never need it.
    fn load() -> fn(Command) -> Request { request }
}

/// The request that carries a command out.
fn request(command: Command) -> Request {
    match command {
        Command::Elect(initiators) => {
            Request::with("POST", "api/v1/elections", to_json(&StartElection::from(initiators)))
        }
        Command::Control(target, action) => {
            let target = match &target {
                NodeTarget::Leader => "leader",
                NodeTarget::Node(name) => name.as_str(),
            };
            Request::new("POST", &format!("api/v1/nodes/{target}/{action}"))
        }
        Command::ChangeAttribute(name, attribute) => {
            let change = ChangeNode { attribute: Some(attribute), ..ChangeNode::default() };
            Request::with("PATCH", &format!("api/v1/nodes/{name}"), to_json(&change))
        }
        Command::ChangeEligibility(name, eligible) => {
            let change = ChangeNode { eligible: Some(eligible), ..ChangeNode::default() };
            Request::with("PATCH", &format!("api/v1/nodes/{name}"), to_json(&change))
        }
        Command::Add(node) => Request::with("POST", "api/v1/nodes", to_json(&node)),
        Command::Remove(name) => Request::new("DELETE", &format!("api/v1/nodes/{name}")),
        Command::ChangeSettings(change) => Request::with("PATCH", "api/v1/ring", to_json(&change)),
        Command::SetLink(from, to, fault) => {
            Request::with("PUT", &format!("api/v1/links/{from}/{to}"), fault.to_json())
        }
        Command::HealLinks => Request::new("DELETE", "api/v1/links"),
        Command::Partition(side) => {
            Request::with("POST", "api/v1/partitions", to_json(&Partition { groups: vec![side] }))
        }
        Command::Reset => Request::new("POST", "api/v1/reset"),
    }
}

/// Asks the server whether it admits this page.
async fn admits() -> Result<(), Problem> {
    http::call("GET", "api/v1/ring", None).await.map(drop)
}

/// The events after `after`, oldest first.
async fn events(after: Seq, limit: u64) -> Result<EventPage, Problem> {
    http::read(&format!("api/v1/events?after={after}&limit={limit}")).await
}

/// Whether the server answers.
async fn is_healthy() -> bool {
    http::call("GET", "healthz", None).await.is_ok()
}
