//! Debian's nginx with a configuration of the test's own, in front of a server.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use ringleader_testing::server::PATIENCE;

/// nginx in the foreground, with all its files in a temporary directory.
pub(crate) struct Nginx {
    process: Child,
    _directory: tempfile::TempDir,
}

impl Nginx {
    /// The program: where `cargo xtask test` unpacked it, or where Debian installs it.
    pub(crate) fn program() -> Option<PathBuf> {
        let named = std::env::var_os("RINGLEADER_NGINX").map(PathBuf::from);
        let mut usual =
            ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"].map(PathBuf::from).into_iter();
        named.or_else(|| usual.find(|path| path.is_file()))
    }

    /// Runs it with this text in its `http` block. It listens on this port when this returns.
    pub(crate) fn start(program: &Path, http: &str, port: u16) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let here = directory.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {here}/{what};\n"))
            .concat();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {here}/pid;\nerror_log stderr warn;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}{http}\n}}\n"
        );
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, &configuration).expect("a file");
        let process = Command::new(program)
            .args(["-e", "stderr", "-p", &format!("{here}/"), "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let mut nginx = Self { process, _directory: directory };
        let deadline = Instant::now() + PATIENCE;
        // nginx has no other way to report that it listens.
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = nginx.process.try_wait().expect("it is a child") {
                panic!("nginx ended with {status}; its configuration:\n{configuration}");
            }
            assert!(Instant::now() < deadline, "nginx never listened");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

/// Makes a certificate for this machine and its key, signed by itself, as files in a directory.
pub(crate) fn certificate(directory: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl starts");
    assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    (certificate, key)
}
