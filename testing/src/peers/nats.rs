//! NATS JetStream: the leader of the metadata group, by Raft, of three servers.

use std::process::Command;

use serde::Deserialize;

use super::{MEMBERS, System, command, free_ports, http};

/// A cluster of nats-server with JetStream.
pub struct Nats {
    data: tempfile::TempDir,
    clients: [u16; MEMBERS],
    routes: [u16; MEMBERS],
    monitors: [u16; MEMBERS],
    agent: ureq::Agent,
}

#[derive(Deserialize)]
struct JetStream {
    meta_cluster: Option<MetaCluster>,
}

#[derive(Deserialize)]
struct MetaCluster {
    leader: Option<String>,
}

impl Nats {
    /// A cluster that is to be started; `None` where nats-server is not installed.
    #[must_use]
    pub fn find() -> Option<Self> {
        command("nats-server")?;
        let data = tempfile::tempdir().expect("a folder");
        let (clients, routes, monitors) = (free_ports(), free_ports(), free_ports());
        Some(Self { data, clients, routes, monitors, agent: http() })
    }
}

impl System for Nats {
    fn member(&self, place: usize) -> Command {
        let routes: Vec<String> = self.routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let mut nats = command("nats-server").expect("it was found");
        nats.args(["--addr", "127.0.0.1", "--port", &self.clients[place].to_string()]);
        nats.args(["--name", &format!("m{place}"), "--cluster_name", "compared"]);
        nats.args(["--cluster", &format!("nats://127.0.0.1:{}", self.routes[place])]);
        nats.args(["--routes", &routes.join(",")]);
        nats.args(["--http_port", &self.monitors[place].to_string()]);
        nats.arg("--jetstream").arg("--store_dir").arg(self.data.path().join(format!("m{place}")));
        nats
    }

    fn leader_by(&self, observer: usize) -> Option<usize> {
        let url = format!("http://127.0.0.1:{}/jsz", self.monitors[observer]);
        let text = self.agent.get(url).call().ok()?.body_mut().read_to_string().ok()?;
        let leader = serde_json::from_str::<JetStream>(&text).ok()?.meta_cluster?.leader?;
        leader.strip_prefix('m')?.parse().ok()
    }
}
