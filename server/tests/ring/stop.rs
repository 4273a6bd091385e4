//! However the server ends, nothing is left running.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use ringleader_shared::NodeState;
use ringleader_shared::bus::BusFrame;
use ringleader_testing::server::{PATIENCE, Server, runs, wait_until_gone};

/// The time that the design allows after `kill -9` of the server.
const WITHIN: Duration = Duration::from_secs(1);

/// The node processes of this server, all there.
fn nodes(server: &Server) -> Vec<u32> {
    let pids = server.node_pids();
    assert!(!pids.is_empty() && pids.iter().all(|pid| runs(*pid)), "{pids:?}");
    pids
}

#[test]
fn every_signal_that_asks_for_the_end_ends_the_server_gracefully_and_leaves_no_process() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let server = Server::start();
        let pids = nodes(&server);
        server.signal(signal);
        let status = server.wait();
        assert_eq!(status.code(), Some(0), "{signal}: {status}");
        let left: Vec<u32> = pids.into_iter().filter(|pid| runs(*pid)).collect();
        assert!(left.is_empty(), "{signal}: {left:?} outlived the server");
    }
}

#[test]
fn ctrl_c_in_a_terminal_which_reaches_the_nodes_too_ends_everything_gracefully() {
    let server = Server::spawn_in_its_own_group(&[]);
    server.wait_for("all run", |ring| ring.live().count() == 4);
    let pids = nodes(&server);
    killpg(Pid::from_raw(i32::try_from(server.pid()).unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(server.wait().code(), Some(0));
    assert!(wait_until_gone(&pids, Duration::ZERO).is_empty());
}

#[test]
fn a_server_that_is_stopped_while_its_ring_forms_leaves_no_process() {
    let server = Server::spawn(&["--nodes", "16"]);
    let ring = server.wait_for("some are spawned", |ring| ring.nodes.iter().any(|node| node.pid.is_some()));
    let pids: Vec<u32> = ring.nodes.iter().filter_map(|node| node.pid).collect();
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    assert!(wait_until_gone(&pids, Duration::ZERO).is_empty());
}

#[test]
fn paused_nodes_and_open_connections_do_not_hold_up_the_end() {
    let server = Server::start();
    let pids = nodes(&server);
    server.act("B", "pause");
    let mut bus = server.subscribe(None);
    let idle = std::net::TcpStream::connect(&server.authority).unwrap();
    let asked = Instant::now();
    server.signal(Signal::SIGINT);
    assert_eq!(server.wait().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    assert!(wait_until_gone(&pids, Duration::ZERO).is_empty());
    drop(idle);
    let end = Instant::now() + PATIENCE;
    while let Some(frame) = bus.next_frame(end) {
        assert!(!matches!(frame, BusFrame::Missed { .. }));
    }
    assert!(Instant::now() < end, "the bus is hung up");
}

#[test]
fn no_node_survives_the_servers_death_by_more_than_a_second() {
    let server = Server::start();
    let pids = nodes(&server);
    server.signal(Signal::SIGKILL);
    server.wait();
    let left = wait_until_gone(&pids, WITHIN);
    assert!(left.is_empty(), "{left:?} outlived the server");
}

#[test]
fn a_paused_node_does_not_survive_the_servers_death_either() {
    let server = Server::start();
    let pids = nodes(&server);
    server.act("A", "pause");
    server.wait_for_state("A", NodeState::Paused);
    server.signal(Signal::SIGKILL);
    server.wait();
    let left = wait_until_gone(&pids, WITHIN);
    for pid in &left {
        let _ = kill(Pid::from_raw(i32::try_from(*pid).unwrap()), Signal::SIGKILL);
    }
    assert!(left.is_empty(), "{left:?} outlived the server");
}

#[test]
fn a_server_killed_while_its_ring_forms_leaves_no_process() {
    let server = Server::spawn(&["--nodes", "16"]);
    let ring = server.wait_for("some are spawned", |ring| ring.nodes.iter().any(|node| node.pid.is_some()));
    let pids: Vec<u32> = ring.nodes.iter().filter_map(|node| node.pid).collect();
    server.signal(Signal::SIGKILL);
    server.wait();
    let left = wait_until_gone(&pids, WITHIN);
    assert!(left.is_empty(), "{left:?} outlived the server");
}

#[test]
fn a_node_that_was_restarted_from_the_api_dies_with_the_server_too() {
    let server = Server::start();
    server.act("C", "kill");
    server.wait_for_state("C", NodeState::Stopped);
    server.act("C", "start");
    server.wait_for_state("C", NodeState::Running);
    let pids = nodes(&server);
    assert_eq!(pids.len(), 4);
    server.signal(Signal::SIGKILL);
    server.wait();
    let left = wait_until_gone(&pids, WITHIN);
    assert!(left.is_empty(), "{left:?} outlived the server");
}

#[test]
fn the_port_is_free_again_after_the_end() {
    let server = Server::start();
    let port = server.authority.rsplit(':').next().unwrap().to_owned();
    let mut bus = server.subscribe(None);
    bus.next_frame(Instant::now() + PATIENCE).expect("a connection was used");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    let again = Server::start_with(&["--port", &port]);
    assert!(again.authority.ends_with(&port));
}
