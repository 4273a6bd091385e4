//! chromedriver: the process between a test and Chromium.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::program;

static SESSIONS: AtomicU32 = AtomicU32::new(0);

/// The number of drivers that are started before the test gives up: one may find no port.
const ATTEMPTS: u32 = 5;

/// chromedriver, with a port of its own, and a folder for its browser. Both end with this value.
pub(super) struct Driver {
    process: Child,
    pub(super) url: String,
    pub(super) profile: PathBuf,
    // A driver whose output is not read would end when it writes a line.
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts a driver that has found a port.
    ///
    /// A driver takes any port that is free for IPv6, and ends when another program has the same for IPv4:
    /// the nodes and servers of tests take many.
    pub(super) fn start() -> Self {
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            let mut driver = Self::spawn();
            match driver.port() {
                Ok(port) => {
                    driver.url = format!("http://127.0.0.1:{port}");
                    return driver;
                }
                Err(words) => said = words,
            }
        }
        panic!("chromedriver ended without a port {ATTEMPTS} times: {said}");
    }

    fn spawn() -> Self {
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let profile = program().with_file_name(format!("chromium-{}-{number}", std::process::id()));
        let program = std::env::var_os("RINGLEADER_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut process = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}. `cargo xtask test` installs Chromium and its driver", program.display())
            });
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, url: String::new(), profile, output }
    }

    /// The port on which it listens.
    ///
    /// # Errors
    ///
    /// When the driver ends before it listens, with its output.
    fn port(&mut self) -> Result<u16, String> {
        let mut said = String::new();
        loop {
            let mut line = String::new();
            let length = self.output.read_line(&mut line).expect("chromedriver speaks text");
            if length == 0 {
                return Err(said);
            }
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                return Ok(port.trim().trim_end_matches('.').parse().expect("a port is a number"));
            }
            said.push_str(&line);
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
