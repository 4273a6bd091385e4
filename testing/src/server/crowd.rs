//! Strangers on the dashboard's port, many at once.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The behaviour of a member of the crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Subscribes, and reads every frame.
    Reads,
    /// Subscribes, and reads nothing.
    NeverReads,
    /// Subscribes, reads, and sends pings as fast as it can.
    Floods,
    /// Sends a byte of a request's header now and then.
    Dribbles,
}

/// The interval at which members that dribble send a byte, and members that read look for frames.
const PAUSE: Duration = Duration::from_millis(50);

/// A crowd, which disconnects when this value is dropped.
pub struct Crowd {
    silent: Vec<TcpStream>,
    busy: usize,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// Connects the members, so many of each kind, and subscribes those that do; returns when all are.
    pub fn gather(authority: &str, members: &[(Kind, usize)]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut crowd = Self { silent: Vec::new(), busy: 0, stop, workers: Vec::new() };
        for &(kind, count) in members {
            let sockets: Vec<TcpStream> = (0..count)
                .map(|_| match kind {
                    Kind::Dribbles => TcpStream::connect(authority).expect("the server listens"),
                    Kind::Reads | Kind::NeverReads | Kind::Floods => subscribe(authority),
                })
                .collect();
            if kind == Kind::NeverReads {
                crowd.silent.extend(sockets);
                continue;
            }
            crowd.busy += sockets.len();
            let stop = Arc::clone(&crowd.stop);
            crowd.workers.push(std::thread::spawn(move || work(kind, sockets, &stop)));
        }
        crowd
    }

    pub fn size(&self) -> usize {
        self.silent.len() + self.busy
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

/// A subscription by hand: the handshake's answer is read, byte by byte, and nothing after it.
fn subscribe(authority: &str) -> TcpStream {
    let mut socket = TcpStream::connect(authority).expect("the server listens");
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("the server answers");
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", head.escape_ascii());
    socket
}

fn work(kind: Kind, mut sockets: Vec<TcpStream>, stop: &AtomicBool) {
    for socket in &sockets {
        socket.set_nonblocking(true).unwrap();
    }
    let mut buffer = vec![0; 64 * 1024];
    let header = b"GET / HTTP/1.1\r\nX-Slow: ";
    // An empty ping, masked with zeros: as browsers must.
    let pings = [0x89_u8, 0x80, 0, 0, 0, 0].repeat(100);
    let mut tick = 0;
    while !stop.load(Ordering::Relaxed) {
        sockets.retain_mut(|socket| {
            let goes_on = |result: std::io::Result<usize>| match result {
                Ok(length) => length > 0,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            };
            match kind {
                Kind::Dribbles => {
                    let byte = header.get(tick).unwrap_or(&b'a');
                    goes_on(socket.write(&[*byte]))
                }
                Kind::Floods => goes_on(socket.write(&pings)) && goes_on(socket.read(&mut buffer)),
                Kind::Reads | Kind::NeverReads => loop {
                    match socket.read(&mut buffer) {
                        Ok(0) => break false,
                        Ok(_) => {}
                        Err(error) => break error.kind() == ErrorKind::WouldBlock,
                    }
                },
            }
        });
        tick += 1;
        if kind != Kind::Floods {
            std::thread::sleep(PAUSE);
        }
        if sockets.is_empty() {
            return;
        }
    }
}

/// The server's resident memory.
pub fn memory_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    memory.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse().ok()).expect("it runs")
}
