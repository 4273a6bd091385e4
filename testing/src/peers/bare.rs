//! Processes that do next to nothing: what the kernel and the libraries alone take.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::{self, Message};

/// The argument with which a benchmark starts itself as such a process; what it is to do follows.
const ASKED: &str = "bare-peer";

/// A frame as long as one of an election.
const FRAME: [u8; 266] = [b'x'; 266];

/// The things that such a process can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Holds a connection and says nothing.
    Hold,
    /// Sends back what it reads from a connection.
    Echo,
    /// Sends back the messages of a WebSocket.
    EchoMessages,
}

impl Task {
    const ALL: [Self; 3] = [Self::Hold, Self::Echo, Self::EchoMessages];

    const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Echo => "echo",
            Self::EchoMessages => "echo-messages",
        }
    }
}

/// Acts as such a process, and does not return, when the arguments ask for that. A benchmark calls this
/// first.
pub fn run_if_asked() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [asked, task, port] = &arguments[..] else { return };
    let task = Task::ALL.into_iter().find(|it| it.name() == task);
    let (Some(task), true) = (task, asked == ASKED) else { return };
    let port: u16 = port.parse().expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the benchmark listens");
    stream.set_nodelay(true).expect("it is a connection");
    // It ends with the benchmark, which closes the connection then.
    match task {
        Task::Hold => drop(stream.read(&mut [0])),
        Task::Echo => {
            let mut frame = FRAME;
            while stream.read_exact(&mut frame).and_then(|()| stream.write_all(&frame)).is_ok() {}
        }
        Task::EchoMessages => {
            let mut socket = tungstenite::accept(stream).expect("the benchmark speaks WebSocket");
            while let Ok(message) = socket.read() {
                if socket.send(message).is_err() {
                    break;
                }
            }
        }
    }
    std::process::exit(0);
}

/// Starts such a process; it has connected when this returns.
fn start(task: Task) -> (Child, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port().to_string();
    let me = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(me);
    let process = command.args([ASKED, task.name(), &port]).stdin(Stdio::null()).spawn().expect("it starts");
    let (stream, _) = listener.accept().expect("it connects");
    stream.set_nodelay(true).expect("it is a connection");
    (process, stream)
}

/// The times from `kill -9` of such a process to the end of its connection, as its peer sees it.
pub fn closed_sockets(times: usize) -> Vec<Duration> {
    let once = || {
        let (mut process, mut stream) = start(Task::Hold);
        let began = Instant::now();
        process.kill().expect("it lives");
        let read = stream.read(&mut [0]);
        let took = began.elapsed();
        assert!(matches!(read, Ok(0) | Err(_)), "it says nothing");
        process.wait().expect("it was killed");
        took
    };
    (0..times).map(|_| once()).collect()
}

/// The times for one hop of a frame between two processes over bare TCP: half a round trip.
pub fn tcp_hops(times: usize) -> Vec<Duration> {
    let (mut process, mut stream) = start(Task::Echo);
    let mut frame = FRAME;
    let hops = (0..times).map(|_| {
        let began = Instant::now();
        stream.write_all(&frame).and_then(|()| stream.read_exact(&mut frame)).expect("it answers");
        began.elapsed() / 2
    });
    let hops = hops.collect();
    drop(stream);
    process.wait().expect("it ends with its connection");
    hops
}

/// The times for one hop of a message between two processes over a bare WebSocket: half a round trip.
pub fn websocket_hops(times: usize) -> Vec<Duration> {
    let (mut process, stream) = start(Task::EchoMessages);
    let (mut socket, _) = tungstenite::client("ws://127.0.0.1/", stream).expect("it speaks WebSocket");
    let text = String::from_utf8(FRAME.to_vec()).expect("it is text");
    let hops = (0..times).map(|_| {
        let began = Instant::now();
        socket.send(Message::text(text.clone())).expect("it listens");
        socket.read().expect("it answers");
        began.elapsed() / 2
    });
    let hops = hops.collect();
    drop(socket);
    process.wait().expect("it ends with its connection");
    hops
}
