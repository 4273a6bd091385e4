//! The assaults on a ring that is besieged: each on a thread of its own, until it is stopped.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ChildStderr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use ringleader_testing::server::Server;
use ringleader_testing::server::crowd::{Crowd, Kind};

/// One kind of pressure on the server and its nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assault {
    /// Requests the history again and again and reads none of it.
    UnreadAnswers,
    /// Opens more silent connections than there are slots.
    Silence,
    /// Subscribers that read nothing, flood, or dribble.
    Subscribers,
    /// Sends no HTTP to the server and to every port of its nodes.
    Noise,
    /// Opens silent connections to every port of its nodes.
    SilenceAmongNodes,
    /// SIGSTOP and SIGCONT for nodes, past the supervisor.
    StoppedNodes,
    /// The same for the server itself, for a moment.
    StoppedServer,
    /// SIGKILL for nodes, past the supervisor.
    KilledNodes,
}

impl Assault {
    pub const ALL: [Self; 8] = [
        Self::UnreadAnswers,
        Self::Silence,
        Self::Subscribers,
        Self::Noise,
        Self::SilenceAmongNodes,
        Self::StoppedNodes,
        Self::StoppedServer,
        Self::KilledNodes,
    ];
}

/// The addresses that assaults connect to, and the processes that they may signal.
#[derive(Debug, Clone)]
pub struct Target {
    pub authority: String,
    pub server: u32,
    pub nodes: Vec<u32>,
    pub ports: Vec<String>,
}

impl Target {
    pub fn of(server: &Server) -> Self {
        let ring = server.ring();
        Self {
            authority: server.authority.clone(),
            server: server.pid(),
            nodes: ring.nodes.iter().filter_map(|node| node.pid).collect(),
            ports: ring.nodes.iter().filter_map(|node| node.address.clone()).collect(),
        }
    }
}

/// An assault under way. When this value is dropped it ends, and the processes that it stopped continue.
pub struct Assailant {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Assailant {
    pub fn begin(assault: Assault, target: Target, seed: u64) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let stopping = Arc::clone(&stop);
        let random = fastrand::Rng::with_seed(seed);
        let thread = std::thread::spawn(move || assail(assault, &target, random, &stopping));
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Assailant {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn assail(assault: Assault, target: &Target, mut random: fastrand::Rng, stop: &AtomicBool) {
    let is_over = || stop.load(Ordering::Relaxed);
    let pause = |ms: u64| {
        for _ in 0..ms.div_ceil(20) {
            if !is_over() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    };
    let mut held: Vec<TcpStream> = Vec::new();
    let crowd = (assault == Assault::Subscribers).then(|| {
        let members = [(Kind::NeverReads, 20), (Kind::Floods, 2), (Kind::Dribbles, 20), (Kind::Reads, 5)];
        std::panic::catch_unwind(|| Crowd::gather(&target.authority, &members))
    });
    while !is_over() {
        match assault {
            Assault::UnreadAnswers => {
                let ask =
                    format!("GET /api/v1/events?limit=5000 HTTP/1.1\r\nHost: {}\r\n\r\n", target.authority);
                held.extend(send(&target.authority, ask.repeat(12).as_bytes()));
                held.truncate(60);
                pause(20);
            }
            Assault::Silence => {
                held.extend(connect(&target.authority));
                if held.len() > 300 {
                    held.drain(..100);
                }
            }
            Assault::SilenceAmongNodes => {
                for port in &target.ports {
                    held.extend(connect(port));
                }
                if held.len() > 600 {
                    held.drain(..300);
                }
                pause(20);
            }
            Assault::Noise => {
                let length = random.usize(1..400);
                let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
                for port in target.ports.iter().chain([&target.authority]) {
                    drop(send(port, &noise));
                    drop(send(port, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
                }
                pause(20);
            }
            Assault::StoppedNodes => {
                if let Some(pid) = random.choice(&target.nodes) {
                    send_signal(*pid, Signal::SIGSTOP);
                    pause(random.u64(1..600));
                    send_signal(*pid, Signal::SIGCONT);
                }
                pause(random.u64(1..300));
            }
            Assault::StoppedServer => {
                send_signal(target.server, Signal::SIGSTOP);
                // Shorter than any time limit on it.
                std::thread::sleep(Duration::from_millis(random.u64(1..400)));
                send_signal(target.server, Signal::SIGCONT);
                pause(random.u64(500..1_500));
            }
            Assault::KilledNodes => {
                if let Some(pid) = random.choice(&target.nodes) {
                    send_signal(*pid, Signal::SIGKILL);
                }
                pause(random.u64(500..2_000));
            }
            Assault::Subscribers => pause(100),
        }
    }
    drop(crowd);
}

/// Signals only a process of this server: the number may be another's by now.
fn send_signal(pid: u32, signal: Signal) {
    let is_ours =
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "ringleader");
    if is_ours && let Ok(pid) = i32::try_from(pid) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Short, because a stopped process accepts no connection once its backlog is full.
fn connect(to: &str) -> Option<TcpStream> {
    TcpStream::connect_timeout(&to.parse().ok()?, Duration::from_millis(200)).ok()
}

fn send(to: &str, bytes: &[u8]) -> Option<TcpStream> {
    let mut stream = connect(to)?;
    stream.set_write_timeout(Some(Duration::from_millis(200))).ok()?;
    let _ = stream.write_all(bytes);
    Some(stream)
}

/// A reader of the server's log that sleeps most of the time, so that the pipe is full.
pub struct SleepyReader {
    stop: Arc<AtomicBool>,
}

impl SleepyReader {
    pub fn of(mut log: ChildStderr) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let stopping = Arc::clone(&stop);
        // Ends with the server, which closes the pipe.
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 20];
            while !stopping.load(Ordering::Relaxed) && matches!(log.read(&mut buffer), Ok(1..)) {
                std::thread::sleep(Duration::from_secs(3));
            }
        });
        Self { stop }
    }
}

impl Drop for SleepyReader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
