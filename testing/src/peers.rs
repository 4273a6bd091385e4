//! Other systems that elect a leader, each as a cluster of three on this machine, beside which benchmarks
//! measure ours. Their programs are those on the path, or in the folders that `RINGLEADER_PEERS` names:
//! Debian's packages, unpacked.

mod bare;
mod etcd;
mod nats;
mod sentinel;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub use bare::{closed_sockets, run_if_asked, tcp_hops, websocket_hops};
pub use etcd::Etcd;
pub use nats::Nats;
pub use sentinel::Sentinel;

use crate::server::Blow;

/// The number of members of each cluster.
pub const MEMBERS: usize = 3;

/// The time within which a cluster must have a leader. Far above the usual time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two questions to a member. Far below what is measured.
const BETWEEN: Duration = Duration::from_micros(500);

/// The way to start the members of a cluster, and to ask them who leads.
pub trait System: Sync {
    /// The command that starts a member, by its place.
    fn member(&self, place: usize) -> Command;

    /// The commands of further processes that belong to the cluster and are never struck.
    fn others(&self) -> Vec<Command> {
        Vec::new()
    }

    /// The place of the member that this observer takes for the leader. Observers are the members, unless
    /// [`System::others`] are.
    fn leader_by(&self, observer: usize) -> Option<usize>;

    /// Whether the members themselves are the observers.
    fn members_observe(&self) -> bool {
        true
    }

    /// Whether a member that was struck is whole again, when the observers name the leader.
    fn is_whole(&self, leader: usize) -> bool {
        let _ = leader;
        true
    }
}

/// A running cluster. Its processes end when this value is dropped.
pub struct Cluster<S> {
    system: S,
    members: Vec<Child>,
    others: Vec<Child>,
}

impl<S: System> Cluster<S> {
    /// Starts it and waits for its leader.
    pub fn start(system: S) -> Self {
        let members = (0..MEMBERS).map(|place| start(system.member(place))).collect();
        let others = system.others().into_iter().map(start).collect();
        let cluster = Self { system, members, others };
        cluster.wait_until_whole();
        cluster
    }

    /// Waits until every observer names the same leader, and returns its place.
    fn wait_until_whole(&self) -> usize {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let named: Vec<Option<usize>> = (0..MEMBERS).map(|it| self.system.leader_by(it)).collect();
            if let Some(leader) = named[0]
                && named.iter().all(|other| *other == Some(leader))
                && self.system.is_whole(leader)
            {
                return leader;
            }
            assert!(Instant::now() < deadline, "the cluster does not agree: {named:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Strikes the leader, measures the time until every observer that is left names another one, and makes
    /// the cluster whole again.
    pub fn strike(&mut self, blow: Blow) -> Duration {
        let struck = self.wait_until_whole();
        let observers = (0..MEMBERS).filter(|it| !self.system.members_observe() || *it != struck);
        let system = &self.system;
        let pid = pid_of(&self.members[struck]);
        let took = thread::scope(|scope| {
            let began = Instant::now();
            match blow {
                Blow::Kill => kill(pid, Signal::SIGKILL),
                Blow::Pause => kill(pid, Signal::SIGSTOP),
            }
            .expect("the member lives");
            let seen: Vec<_> = observers
                .map(|observer| {
                    scope.spawn(move || {
                        while system.leader_by(observer).is_none_or(|leader| leader == struck) {
                            assert!(began.elapsed() < PATIENCE, "nobody takes over");
                            thread::sleep(BETWEEN);
                        }
                        began.elapsed()
                    })
                })
                .collect();
            seen.into_iter().map(|it| it.join().expect("it saw the next leader")).max()
        });
        match blow {
            Blow::Kill => {
                self.members[struck].wait().expect("it was killed");
                self.members[struck] = start(self.system.member(struck));
            }
            Blow::Pause => kill(pid, Signal::SIGCONT).expect("the member lives"),
        }
        self.wait_until_whole();
        took.expect("somebody observes")
    }
}

impl<S> Drop for Cluster<S> {
    fn drop(&mut self) {
        for process in self.members.iter_mut().chain(&mut self.others) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Starts a process that is neither asked nor heard.
fn start(mut command: Command) -> Child {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn pid_of(process: &Child) -> Pid {
    Pid::from_raw(i32::try_from(process.id()).expect("a process id is small"))
}

/// The command for a program of a peer; `None` where it is not installed.
fn command(program: &str) -> Option<Command> {
    let unpacked = std::env::var_os("RINGLEADER_PEERS").unwrap_or_default();
    let unpacked: Vec<PathBuf> = std::env::split_paths(&unpacked).collect();
    let folders = unpacked.iter().flat_map(|root| [root.join("usr/bin"), root.join("usr/sbin")]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = folders
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())?;
    let mut command = Command::new(&found);
    if let Some(root) = unpacked.iter().find(|root| found.starts_with(root)) {
        let libraries = libraries(&root.join("usr/lib"));
        command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).expect("the paths have no colons"));
    }
    Some(command)
}

/// The folders of libraries in a tree of unpacked packages: one for each kind of machine.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_string_lossy().ends_with("-linux-gnu")).collect()
}

/// Ports that were free a moment ago.
fn free_ports<const N: usize>() -> [u16; N] {
    let open: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a port is free"));
    open.map(|it| it.local_addr().expect("it has an address").port())
}

/// An HTTP client that waits for no dead member.
fn http() -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_millis(200)));
    config.build().new_agent()
}
