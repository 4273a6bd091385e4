//! A real server with real nodes, and the calls and waits of tests.
#![allow(missing_docs, reason = "most calls are named as the API's are")]

pub mod connectivity;
pub mod crowd;
pub mod partitions;
pub mod raw;
pub mod schedule;

mod bus;
mod processes;
mod recordings;
mod start;
mod takeover;
mod wait;

use std::process::Child;
use std::time::Duration;

use ringleader_shared::api::{EventPage, Problem};
use ringleader_shared::{Event, EventKind, LinkFault, RingView};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use bus::Bus;
pub use processes::{Usage, runs, wait_until_gone};
pub use start::{is_formed, program};
pub use takeover::{Blow, Failover, Round};

/// The time after which a wait fails the test. Far above the usual time, for busy machines.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A fresh seed, or the one in RINGLEADER_SEED. It is printed, so that a test that fails shows it.
///
/// # Panics
///
/// When RINGLEADER_SEED is no number.
pub fn fresh_seed() -> u64 {
    let asked = std::env::var("RINGLEADER_SEED").ok();
    let seed =
        asked.map_or_else(|| fastrand::u64(..), |seed| seed.parse().expect("RINGLEADER_SEED is a number"));
    println!("reproduce with RINGLEADER_SEED={seed}");
    seed
}

/// A running server. It and its nodes end when this value is dropped.
pub struct Server {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub authority: String,
    agent: ureq::Agent,
    /// The token of an operator, where one is required.
    bearer: Option<String>,
    viewer_link: Option<String>,
    /// The directory of the nodes' recordings, which are replayed when this value is dropped.
    recordings: Option<tempfile::TempDir>,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The viewer's link, where tokens are required.
    pub fn viewer_link(&self) -> Option<String> {
        self.viewer_link.clone()
    }

    /// The address of the page, with an operator's token where one is required.
    pub fn page(&self) -> String {
        let token = self.bearer.as_ref().and_then(|bearer| bearer.strip_prefix("Bearer "));
        self.url(&token.map_or_else(|| "/".to_owned(), |token| format!("/?token={token}")))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    /// Sends a request; returns the status and the body.
    pub fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        if let Some(bearer) = &self.bearer {
            request = request.header("Authorization", bearer);
        }
        let response = match body {
            None => self.agent.run(request.body(()).expect("a request")),
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
        };
        let mut response =
            response.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.trace()));
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap_or_default())
    }

    pub fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let (status, body) = self.ask("GET", path, None);
        assert_eq!(status, 200, "GET {path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("GET {path}: {error}: {body}"))
    }

    /// Posts a request that must be accepted.
    pub fn post(&self, path: &str) {
        let (status, body) = self.ask("POST", path, None);
        assert!((200..300).contains(&status), "POST {path}: {status} {body}\n{}", self.trace());
    }

    /// Posts a request that must be refused; returns the refusal.
    pub fn refused(&self, path: &str) -> Problem {
        let (status, body) = self.ask("POST", path, None);
        let problem: Problem =
            serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {status} {body}: {error}"));
        assert_eq!(problem.status, status);
        problem
    }

    pub fn initiate(&self, initiator: &str) {
        let (status, body) =
            self.ask("POST", "/api/v1/elections", Some(serde_json::json!({ "initiator": initiator })));
        assert_eq!(status, 202, "{body}\n{}", self.trace());
    }

    pub fn act(&self, node: &str, action: &str) {
        self.post(&format!("/api/v1/nodes/{node}/{action}"));
    }

    /// Sets the fault on the link from one node to another.
    pub fn set_link(&self, from: &str, to: &str, fault: &LinkFault) {
        let fault = serde_json::to_value(fault).unwrap();
        let (status, body) = self.ask("PUT", &format!("/api/v1/links/{from}/{to}"), Some(fault));
        assert_eq!(status, 200, "{from} to {to}: {body}\n{}", self.trace());
    }

    /// Partitions the ring into these sides.
    pub fn part(&self, groups: &[&[&str]]) {
        let (status, body) =
            self.ask("POST", "/api/v1/partitions", Some(serde_json::json!({ "groups": groups })));
        assert_eq!(status, 200, "{groups:?}: {body}\n{}", self.trace());
    }

    /// Ends the partition and every fault of a link.
    pub fn heal(&self) {
        let (status, body) = self.ask("DELETE", "/api/v1/links", None);
        assert_eq!(status, 204, "{body}");
    }

    pub fn ring(&self) -> RingView {
        self.get("/api/v1/ring")
    }

    pub fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.seq.0);
            let page: EventPage = self.get(&format!("/api/v1/events?after={after}&limit=5000"));
            if page.events.is_empty() {
                return events;
            }
            events.extend(page.events);
        }
    }

    /// The last events as text, for the message of a failed test.
    pub fn trace(&self) -> String {
        let mut request = self.agent.get(self.url("/api/v1/events?limit=5000"));
        if let Some(bearer) = &self.bearer {
            request = request.header("Authorization", bearer);
        }
        let Ok(mut response) = request.call() else {
            return "(the server does not answer)".to_owned();
        };
        let Ok(page) = response.body_mut().read_json::<EventPage>() else {
            return "(the events can't be read)".to_owned();
        };
        let lines: Vec<String> = page
            .events
            .iter()
            .filter(|event| !matches!(event.kind, EventKind::Heartbeat { .. }))
            .map(|event| {
                let node = event.node.as_ref().map_or("-", ringleader_shared::NodeName::as_str);
                let kind = serde_json::to_string(&event.kind).unwrap_or_default();
                format!("{:>6} {:>10} µs {node}/{} {kind}", event.seq, event.at_us, event.incarnation)
            })
            .collect();
        let tail = lines.len().saturating_sub(120);
        format!("the last events:\n{}", lines[tail..].join("\n"))
    }

    /// Sends a signal to the server itself.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, signal).expect("the server is there");
    }

    /// Waits until the server has ended.
    pub fn wait(mut self) -> std::process::ExitStatus {
        self.process.wait().expect("the server ends")
    }

    /// The value of a metric of `/metrics`.
    pub fn metric(&self, name: &str) -> u64 {
        let (_, metrics) = self.ask("GET", "/metrics", None);
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
    }

    pub fn node_pids(&self) -> Vec<u32> {
        self.ring().nodes.iter().filter_map(|node| node.pid).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(directory) = self.recordings.take().filter(|_| !std::thread::panicking()) {
            recordings::replay_all(directory.path());
        }
    }
}
