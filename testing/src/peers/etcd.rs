//! etcd: Raft, three members.

use std::process::Command;
use std::sync::Mutex;

use serde::Deserialize;

use super::{MEMBERS, System, command, free_ports, http};

/// A cluster of etcd.
pub struct Etcd {
    /// The times between heartbeats, and of an election, in milliseconds; etcd's own where there are none.
    timing: Option<(u32, u32)>,
    data: tempfile::TempDir,
    clients: [u16; MEMBERS],
    peers: [u16; MEMBERS],
    /// The ids that etcd has given to the members.
    ids: Mutex<[Option<String>; MEMBERS]>,
    agent: ureq::Agent,
}

#[derive(Deserialize)]
struct Status {
    header: Header,
    leader: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    member_id: String,
}

impl Etcd {
    /// A cluster that is to be started; `None` where etcd is not installed.
    #[must_use]
    pub fn find(timing: Option<(u32, u32)>) -> Option<Self> {
        command("etcd")?;
        Some(Self {
            timing,
            data: tempfile::tempdir().expect("a folder"),
            clients: free_ports(),
            peers: free_ports(),
            ids: Mutex::default(),
            agent: http(),
        })
    }

    fn status(&self, member: usize) -> Option<Status> {
        let url = format!("http://127.0.0.1:{}/v3/maintenance/status", self.clients[member]);
        let text = self.agent.post(url).send("{}").ok()?.body_mut().read_to_string().ok()?;
        serde_json::from_str(&text).ok()
    }
}

impl System for Etcd {
    fn member(&self, place: usize) -> Command {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let (client, peer) = (url(self.clients[place]), url(self.peers[place]));
        let cluster: Vec<String> =
            self.peers.iter().enumerate().map(|(member, port)| format!("m{member}={}", url(*port))).collect();
        let mut etcd = command("etcd").expect("it was found");
        etcd.env("ETCD_UNSUPPORTED_ARCH", std::env::consts::ARCH.replace("aarch64", "arm64"));
        etcd.arg("--name").arg(format!("m{place}"));
        etcd.arg("--data-dir").arg(self.data.path().join(format!("m{place}")));
        for (flag, value) in [
            ("--listen-client-urls", &client),
            ("--advertise-client-urls", &client),
            ("--listen-peer-urls", &peer),
            ("--initial-advertise-peer-urls", &peer),
            ("--initial-cluster", &cluster.join(",")),
        ] {
            etcd.arg(flag).arg(value);
        }
        if let Some((heartbeat, election)) = self.timing {
            etcd.arg("--heartbeat-interval").arg(heartbeat.to_string());
            etcd.arg("--election-timeout").arg(election.to_string());
        }
        etcd
    }

    fn leader_by(&self, observer: usize) -> Option<usize> {
        let status = self.status(observer)?;
        let mut ids = self.ids.lock().expect("nobody panics with it");
        ids[observer] = Some(status.header.member_id);
        // Before all have answered, the leader may be one whose id is not known yet.
        ids.iter().position(|id| id.is_some() && *id == status.leader)
    }
}
