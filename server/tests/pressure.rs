//! Clients that read nothing, send nothing or send too much, a log that nobody reads, and few
//! descriptors: the server and its ring go on.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use ringleader_shared::NodeState;
use ringleader_testing::server::crowd::memory_kb;
use ringleader_testing::server::raw::{request, send};
use ringleader_testing::server::{PATIENCE, Server};
use tokio_tungstenite::tungstenite::Message;

/// Opens connections that stay silent.
fn idle(server: &Server, count: usize) -> Vec<TcpStream> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    }
    (0..count).map(|_| TcpStream::connect(&server.authority).expect("the system lets us in")).collect()
}

/// Waits until the server counts this many connections.
fn wait_for_connections(server: &Server, expected: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let open = server.metric("ringleader_connections");
        if open == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{open} connections are open, not {expected}");
        // A metric can only be polled.
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the other end has closed this connection.
fn wait_for_the_end(mut stream: TcpStream, within: Duration) {
    let deadline = Instant::now() + within;
    let mut buffer = vec![0; 1 << 20];
    // Bytes that the kernel had received come first.
    loop {
        let left = deadline.checked_duration_since(Instant::now()).expect("the connection is closed in time");
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return,
            Err(error) => panic!("still open after {within:?}: {error}"),
        }
    }
}

#[test]
fn a_log_that_nobody_reads_stops_nothing_and_the_lost_lines_are_counted() {
    let (server, log) = Server::spawn_after("", &["--log", "debug"]);
    server.wait_for("all run", |ring| ring.live().count() == 4);
    let deadline = Instant::now() + PATIENCE;
    // The pipe takes 64 kB, then 1,024 lines wait.
    while server.metric("ringleader_log_lines_dropped_total") == 0 {
        assert!(Instant::now() < deadline, "no line was dropped");
        for _ in 0..500 {
            assert_ne!(send(&server.authority, b"no HTTP\r\n\r\n").0.status, 200);
        }
    }
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    let asked = Instant::now();
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    drop(log);
}

#[test]
fn a_client_that_does_not_read_its_answers_loses_its_place_and_its_memory() {
    let server = Server::start();
    for name in ["A", "B", "C", "D"] {
        server.initiate(name);
        server.wait_for("a leader", |ring| ring.leader.is_some());
    }
    let host = server.authority.clone();
    let before = memory_kb(server.pid());
    let ask = request("GET", "/api/v1/events?limit=5000", &[("Host", host.as_bytes())], b"").repeat(400);
    let greedy: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&host).unwrap();
            // A part of it has no room in the buffers, as the server stops reading.
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(&ask);
            stream.set_nonblocking(false).unwrap();
            stream
        })
        .collect();
    let during = memory_kb(server.pid());
    assert!(during < before + 60_000, "{before} kB before, {during} kB with 100 clients that don't read");
    // One connection is the test's own.
    wait_for_connections(&server, 1);
    for stream in greedy {
        wait_for_the_end(stream, PATIENCE);
    }
    let after = memory_kb(server.pid());
    assert!(after < before + 10_000, "{before} kB before, {after} kB after");
    server.act("D", "kill");
    server.wait_for_leader("C", Some("B"));
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let server = Server::start();
    let host = server.authority.clone();
    for (size, status) in [(30_000, 200), (500_000, 431)] {
        let filler = vec![b'x'; size];
        let headers: [(&str, &[u8]); 2] = [("Host", host.as_bytes()), ("X-Filler", &filler)];
        assert_eq!(send(&host, &request("GET", "/healthz", &headers, b"")).0.status, status, "{size} bytes");
    }
}

#[test]
fn with_few_descriptors_strangers_keep_neither_a_node_from_starting_nor_a_person_out() {
    let (server, _log) = Server::spawn_after("ulimit -n 128", &["--ask-token"]);
    server.wait_for("all run", |ring| ring.live().count() == 4);
    let strangers = idle(&server, 140);
    server.act("D", "kill");
    server.wait_for_state("D", NodeState::Stopped);
    server.act("D", "start");
    server.wait_for_state("D", NodeState::Running);
    drop(strangers);
}

#[test]
fn thousands_of_idle_connections_keep_nobody_out() {
    let server = Server::start();
    let strangers = idle(&server, 2_500);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    // The oldest connection was closed for the newest.
    for stream in strangers.into_iter().take(100) {
        wait_for_the_end(stream, PATIENCE);
    }
}

#[test]
fn a_subscriber_counts_as_a_connection_as_long_as_it_is_there_and_hears_of_the_stop() {
    let server = Server::start();
    // One connection is the test's own.
    wait_for_connections(&server, 1);
    let mut readers: Vec<_> = (0..20).map(|_| server.subscribe(None)).collect();
    wait_for_connections(&server, 21);
    drop(readers.split_off(10));
    wait_for_connections(&server, 11);
    server.signal(Signal::SIGTERM);
    for mut reader in readers {
        reader.socket.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
        let close = loop {
            match reader.socket.read() {
                Ok(Message::Close(frame)) => break frame,
                Ok(_) => {}
                Err(error) => panic!("no close frame: {error}"),
            }
        };
        assert_eq!(close.map(|frame| u16::from(frame.code)), Some(1001));
    }
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn with_too_few_threads_it_says_so_and_with_too_few_processes_it_serves_a_ring_that_can_not_start() {
    // The limit counts a user's threads. Only another user has none yet, and only the superuser can
    // become another.
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("ringleader");
    std::fs::copy(env!("CARGO_BIN_EXE_ringleader"), &program).unwrap();
    for path in [directory.path(), &program] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let another = ["--reuid=47114", "--regid=47114", "--clear-groups"];
    let with = |limit: u32| {
        let script = format!("ulimit -u {limit}; exec \"$0\" serve --port 0 --node-port 0 --no-history");
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=47114", "--regid=47114", "--clear-groups", "bash", "-c", &script])
            .arg(&program);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let can = Command::new("setpriv").args(another).arg("true").status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: `setpriv` can't become another user here");
        return;
    }
    for limit in 1..=6 {
        let output = with(limit).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{limit}: {said}");
        assert!(said.contains("ulimit -u"), "{limit}: {said}");
    }
    let mut server = with(7).spawn().unwrap();
    let line = BufReader::new(server.stdout.take().unwrap()).lines().next();
    assert!(line.is_some_and(|line| line.unwrap().contains("Ringleader is running")));
    let pid = Pid::from_raw(i32::try_from(server.id()).unwrap());
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    let output = server.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("are processes left?"), "{said}");
}
