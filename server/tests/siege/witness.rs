//! Clients of the bus that share nothing with the server. They read plain JSON, keep the ring by rules of
//! their own, lag, hang up and come back, and report when the stream or the server's own picture of the
//! ring contradicts itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

/// The time for which a witness waits for a frame before it checks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);

/// The longest silence of a bus that works: it pings every five seconds.
const LONGEST_SILENCE: Duration = Duration::from_secs(20);

/// One member according to the events: state, role, leader, start.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    name: String,
    state: String,
    role: Value,
    leader: Value,
    incarnation: u64,
    term: u64,
}

/// The ring by a reducer of its own, and the conditions that its events must satisfy.
#[derive(Debug, Default)]
struct Account {
    run: String,
    seq: u64,
    quorum: bool,
    nodes: Vec<Seen>,
    sent: BTreeSet<String>,
    leaders: BTreeMap<u64, String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

impl Account {
    /// The ring of a snapshot, of which no earlier event is known.
    fn of(ring: &Value) -> Self {
        let nodes = ring["nodes"].as_array().into_iter().flatten().map(|node| Seen {
            name: text(&node["name"]),
            state: text(&node["state"]),
            role: node["role"].clone(),
            leader: node["leader"].clone(),
            incarnation: number(&node["incarnation"]),
            term: 0,
        });
        Self {
            run: text(&ring["run"]),
            seq: number(&ring["seq"]),
            quorum: ring["safety"] == "quorum",
            nodes: nodes.collect(),
            ..Self::default()
        }
    }

    /// Compares the server's picture, if it is of the same moment, with this one.
    fn compare(&self, ring: &Value) -> Result<(), String> {
        if number(&ring["seq"]) != self.seq || text(&ring["run"]) != self.run {
            return Ok(());
        }
        let theirs: Vec<Seen> = Self::of(ring)
            .nodes
            .into_iter()
            .zip(&self.nodes)
            .map(|(it, mine)| Seen { term: mine.term, ..it })
            .collect();
        if theirs == self.nodes && theirs.len() == ring["nodes"].as_array().map_or(0, Vec::len) {
            return Ok(());
        }
        Err(format!(
            "after event {} the server shows\n{theirs:#?}\nand its events come to\n{:#?}",
            self.seq, self.nodes
        ))
    }

    fn take(&mut self, event: &Value) -> Result<(), String> {
        let seq = number(&event["seq"]);
        if seq != self.seq + 1 {
            return Err(format!("event {seq} follows event {}", self.seq));
        }
        self.seq = seq;
        let kind = event["kind"].as_str().unwrap_or_default();
        match kind {
            "run_started" => {
                *self = Self {
                    run: text(&event["run"]),
                    seq,
                    quorum: event["safety"] == "quorum",
                    ..Self::default()
                };
                event["members"].as_array().into_iter().flatten().for_each(|member| self.join(member));
            }
            "member_added" => {
                let member = &event["member"];
                self.nodes.iter_mut().filter(|node| node.leader == member["name"]).for_each(|node| {
                    node.leader = Value::Null;
                });
                self.join(member);
            }
            "member_removed" => self.nodes.retain(|node| node.name != event["node"]),
            "settings_changed" => {
                self.quorum = event["safety"] == "quorum";
                self.leaders.clear();
            }
            "sent" => {
                let id = event["message"]["id"].to_string();
                if !self.sent.insert(id.clone()) {
                    return Err(format!("two messages have the id {id}"));
                }
            }
            _ => {}
        }
        let incarnation = number(&event["incarnation"]);
        let Some(node) = self.nodes.iter_mut().find(|node| node.name == event["node"]) else { return Ok(()) };
        if incarnation < node.incarnation {
            return Ok(());
        }
        let has_process = node.state != "stopped";
        let stop = |node: &mut Seen| {
            (node.state, node.role, node.leader) = ("stopped".to_owned(), Value::Null, Value::Null);
        };
        match kind {
            "spawned" => {
                stop(node);
                (node.state, node.incarnation, node.term) = ("starting".to_owned(), incarnation, 0);
            }
            "exited" | "start_failed" => stop(node),
            "paused" => node.state = "paused".to_owned(),
            "resumed" => {
                node.state = if node.role.is_null() { "starting" } else { "running" }.to_owned();
            }
            "ready" if has_process => {
                if node.state == "starting" {
                    node.state = "running".to_owned();
                }
                node.role = "follower".into();
            }
            "role_changed" if has_process => {
                let term = number(&event["term"]);
                if term < node.term {
                    return Err(format!(
                        "{} went back from term {} to {term} (event {seq})",
                        node.name, node.term
                    ));
                }
                (node.term, node.role, node.leader) = (term, event["role"].clone(), event["leader"].clone());
                if self.quorum && event["role"] == "leader" {
                    let first = self.leaders.entry(term).or_insert_with(|| node.name.clone());
                    if *first != node.name {
                        return Err(format!("{first} and {} both lead term {term} (event {seq})", node.name));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn join(&mut self, member: &Value) {
        self.nodes.push(Seen {
            name: text(&member["name"]),
            state: "stopped".to_owned(),
            role: Value::Null,
            leader: Value::Null,
            incarnation: number(&member["incarnation"]),
            term: 0,
        });
    }
}

/// The findings of the witnesses of one server.
#[derive(Debug, Default)]
struct Findings {
    first: Option<String>,
    events: u64,
    returns: u64,
}

/// Several clients on threads of their own. They end when this value is dropped.
pub struct Witnesses {
    findings: Arc<Mutex<Findings>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Witnesses {
    /// One client that reads everything at once, and some that lag, hang up and come back.
    pub fn of(authority: &str, seed: u64) -> Self {
        let (findings, stop) = (Arc::<Mutex<Findings>>::default(), Arc::<AtomicBool>::default());
        let threads = (0..3).map(|number| {
            let (authority, findings, stop) =
                (authority.to_owned(), Arc::clone(&findings), Arc::clone(&stop));
            std::thread::spawn(move || {
                let random = fastrand::Rng::with_seed(seed.wrapping_add(number));
                watch(&authority, random, number > 0, &findings, &stop);
            })
        });
        Self { findings: Arc::clone(&findings), stop: Arc::clone(&stop), threads: threads.collect() }
    }

    /// The first contradiction.
    pub fn check(&self) -> Result<(), String> {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.first.clone().map_or(Ok(()), Err)
    }

    /// The number of events that they read, and the number of their reconnections.
    pub fn count(&self) -> (u64, u64) {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        (findings.events, findings.returns)
    }
}

impl Drop for Witnesses {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Subscribes again and again until it is to stop.
fn watch(
    authority: &str,
    mut random: fastrand::Rng,
    is_lazy: bool,
    findings: &Mutex<Findings>,
    stop: &AtomicBool,
) {
    let mut account: Option<Account> = None;
    while !stop.load(Ordering::Relaxed) {
        let place = account.as_ref().map(|account| format!("{}:{}", account.run, account.seq));
        let Some(mut socket) = subscribe(authority, place.as_deref()) else {
            // The server may be stopped for a moment, or have no slot.
            std::thread::sleep(LOOK);
            continue;
        };
        // After this many frames it hangs up.
        let most = if is_lazy { random.usize(1..2_000) } else { usize::MAX };
        let result = read(&mut socket, &mut account, most, is_lazy.then_some(&mut random), findings, stop);
        let mut findings = findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.returns += 1;
        if let Err(found) = result {
            findings.first.get_or_insert(found);
            return;
        }
    }
}

fn subscribe(authority: &str, place: Option<&str>) -> Option<WebSocket<TcpStream>> {
    let query = place.map_or_else(String::new, |place| format!("?after={place}"));
    let request = format!("ws://{authority}/ws{query}").into_client_request().ok()?;
    let stream = TcpStream::connect(authority).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let (socket, _) = client(request, stream).ok()?;
    socket.get_ref().set_read_timeout(Some(LOOK)).ok()?;
    Some(socket)
}

fn read(
    socket: &mut WebSocket<TcpStream>,
    account: &mut Option<Account>,
    most: usize,
    mut lag: Option<&mut fastrand::Rng>,
    findings: &Mutex<Findings>,
    stop: &AtomicBool,
) -> Result<(), String> {
    let mut silent = Duration::ZERO;
    let mut has_begun = false;
    for _ in 0..most {
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(random) = &mut lag
            && random.u8(..) == 0
        {
            std::thread::sleep(Duration::from_millis(random.u64(..500)));
        }
        let frame = match socket.read() {
            Ok(Message::Text(text)) => text,
            Ok(Message::Close(_)) => return Ok(()),
            Ok(_) => {
                silent = Duration::ZERO;
                continue;
            }
            Err(tokio_tungstenite::tungstenite::Error::Io(error))
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                silent += LOOK;
                if silent > LONGEST_SILENCE {
                    return Err(format!("the bus was silent for {} s", silent.as_secs()));
                }
                continue;
            }
            // The server closed the connection: on a client that lags, or on every client while it was
            // stopped.
            Err(_) => return Ok(()),
        };
        silent = Duration::ZERO;
        let frame: Value = serde_json::from_str(&frame).map_err(|error| format!("{error}: {frame}"))?;
        match (frame["type"].as_str().unwrap_or_default(), account.as_mut()) {
            ("snapshot", known) => {
                if let Some(account) = known {
                    account.compare(&frame["ring"])?;
                }
                let fresh = Account::of(&frame["ring"]);
                // Earlier events are not known any more, and a term's leader may have changed unseen.
                *account = Some(fresh);
            }
            ("resumed", Some(known)) if !has_begun => {
                if number(&frame["after"]) != known.seq || text(&frame["run"]) != known.run {
                    return Err(format!("resumed {frame} instead of after {}:{}", known.run, known.seq));
                }
            }
            ("event", Some(known)) => {
                known.take(&frame["event"])?;
                findings.lock().unwrap_or_else(PoisonError::into_inner).events += 1;
            }
            // A snapshot follows.
            ("missed", Some(known)) => {
                known.seq = u64::MAX;
            }
            (kind, _) => return Err(format!("a frame of type {kind:?} came out of turn")),
        }
        has_begun = true;
    }
    Ok(())
}

/// Compares the server's ring now with the one that its own events gave a moment ago; used when nothing
/// happens.
pub fn is_quiet_truth(before: &Value, events: &[Value], after: &Value) -> Result<(), String> {
    let mut account = Account::of(before);
    for event in events.iter().filter(|event| number(&event["seq"]) > number(&before["seq"])) {
        if number(&event["seq"]) <= number(&after["seq"]) {
            account.take(event)?;
        }
    }
    account.compare(after)
}
