//! Redis Sentinel: three servers, of which one is the master, and three sentinels that replace it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{MEMBERS, System, command, free_ports};

/// The program is one for all of Redis, and acts as its name says.
const PROGRAM: &str = "redis-check-rdb";

/// A master with two replicas, and three sentinels.
pub struct Sentinel {
    data: tempfile::TempDir,
    servers: [u16; MEMBERS],
    sentinels: [u16; MEMBERS],
    down_after: Duration,
}

impl Sentinel {
    /// A cluster whose sentinels take a server for dead that is silent for so long; `None` where Redis is not
    /// installed.
    #[must_use]
    pub fn find(down_after: Duration) -> Option<Self> {
        command(PROGRAM)?;
        let (servers, sentinels) = (free_ports(), free_ports());
        Some(Self { data: tempfile::tempdir().expect("a folder"), servers, sentinels, down_after })
    }

    fn started_as(&self, name: &str, arguments: &[String]) -> Command {
        let mut redis = command(PROGRAM).expect("it was found");
        redis.arg0(name).args(arguments).current_dir(self.data.path());
        redis
    }

    fn configuration(&self, sentinel: usize) -> PathBuf {
        let mut text = format!("port {}\nbind 127.0.0.1\n", self.sentinels[sentinel]);
        let down_after = self.down_after.as_millis();
        let _ = writeln!(text, "sentinel monitor ring 127.0.0.1 {} 2", self.servers[0]);
        let _ = writeln!(text, "sentinel down-after-milliseconds ring {down_after}");
        // Sentinel fails over a master again after twice this time only.
        text += "sentinel failover-timeout ring 500\n";
        let path = self.data.path().join(format!("sentinel{sentinel}.conf"));
        std::fs::write(&path, text).expect("the folder is writable");
        path
    }
}

/// The answer to a command, as lines; empty where there is none.
fn ask(port: u16, words: &[&str]) -> Vec<String> {
    let connect = || -> std::io::Result<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        let mut request = format!("*{}\r\n", words.len());
        words.iter().for_each(|word| request += &format!("${}\r\n{word}\r\n", word.len()));
        stream.write_all(request.as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut line = || -> std::io::Result<String> {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            Ok(line.trim_end().to_owned())
        };
        // An array: its length, then for each text its length and itself. Parts of other kinds are one line.
        let mut found = Vec::new();
        let parts: usize = line()?.strip_prefix('*').and_then(|it| it.parse().ok()).unwrap_or(0);
        for _ in 0..parts {
            let part = line()?;
            found.push(if part.starts_with('$') { line()? } else { part });
        }
        Ok(found)
    };
    connect().unwrap_or_default()
}

impl System for Sentinel {
    fn member(&self, place: usize) -> Command {
        let port = self.servers[place].to_string();
        let mut words = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
            .map(str::to_owned)
            .to_vec();
        // The sentinels make whoever comes back a replica of the present master; at first there is none.
        let master = self.leader_by(0).unwrap_or(0);
        if place != master {
            words.extend(["--replicaof".to_owned(), format!("127.0.0.1 {}", self.servers[master])]);
        }
        self.started_as("redis-server", &words)
    }

    fn others(&self) -> Vec<Command> {
        let of = |sentinel| {
            let file = self.configuration(sentinel).to_string_lossy().into_owned();
            self.started_as("redis-sentinel", &[file])
        };
        (0..MEMBERS).map(of).collect()
    }

    fn members_observe(&self) -> bool {
        false
    }

    fn leader_by(&self, observer: usize) -> Option<usize> {
        let answer = ask(self.sentinels[observer], &["SENTINEL", "get-master-addr-by-name", "ring"]);
        let port: u16 = answer.get(1)?.parse().ok()?;
        self.servers.iter().position(|server| *server == port)
    }

    /// Every other server replicates, and every sentinel knows of the others.
    fn is_whole(&self, leader: usize) -> bool {
        let replicates = |server: &u16| {
            let role = ask(*server, &["ROLE"]);
            role.first().is_some_and(|it| it == "slave") && role.get(3).is_some_and(|it| it == "connected")
        };
        let others = self.servers.iter().enumerate().filter(|(place, _)| *place != leader);
        others.map(|(_, server)| server).all(replicates)
            && self.sentinels.iter().all(|sentinel| {
                ask(*sentinel, &["SENTINEL", "CKQUORUM", "ring"]).is_empty()
                    && ask(*sentinel, &["SENTINEL", "sentinels", "ring"]).len() == MEMBERS - 1
            })
    }
}
