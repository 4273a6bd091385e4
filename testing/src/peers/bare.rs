//! A process that does nothing but hold a connection: what the kernel alone takes to close the sockets of a
//! process that is killed.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The argument with which a benchmark starts itself as such a process; its port follows.
const ASKED: &str = "bare-peer";

/// Acts as such a process, and does not return, when the arguments ask for that. A benchmark calls this
/// first.
pub fn run_if_asked() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ASKED) {
        return;
    }
    let port = arguments.next().and_then(|port| port.parse().ok()).expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the benchmark listens");
    // It ends with the benchmark, which never says anything.
    let _ = stream.read(&mut [0]);
    std::process::exit(0);
}

/// The times from `kill -9` of such a process to the end of its connection, as its peer sees it.
pub fn closed_sockets(times: usize) -> Vec<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port().to_string();
    let me = std::env::current_exe().expect("this program has a path");
    let once = || {
        let mut process =
            Command::new(&me).args([ASKED, &port]).stdin(Stdio::null()).spawn().expect("it starts");
        let (mut stream, _) = listener.accept().expect("it connects");
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
