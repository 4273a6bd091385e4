//! A reader in front of the dashboard: a real server, a real Chromium, and what can be seen and done there.

pub mod files;

mod act;
mod driver;
mod look;
mod saved;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub use act::Key;
use driver::Driver;

use crate::server::{PATIENCE, Server};

/// The interval between two looks at the page. The driver does not report when a page changes.
const LOOK: Duration = Duration::from_millis(20);

/// Chromium takes two cores by itself: one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Opens the dashboard of a new server, lets the reader act, then checks that the console stayed empty.
#[track_caller]
pub fn on_the_page(flags: &[&str], act: impl FnOnce(&mut Page)) {
    let mut page = Page::open(flags);
    act(&mut page);
    page.has_an_empty_console();
}

/// Lets the reader act in an empty window, then sees to it that the console stayed empty.
#[track_caller]
pub fn in_a_window(act: impl FnOnce(&mut Page)) {
    let mut page = Page::without_server();
    act(&mut page);
    page.has_an_empty_console();
}

/// The dashboard in a window of 1920 × 1080, and the server behind it.
pub struct Page {
    /// `None` once it is closed. It must be closed before the driver ends, which ends the browser.
    client: Option<Client>,
    runtime: Runtime,
    driver: Driver,
    server: Option<Server>,
    session: String,
    console: Vec<Value>,
    expected: Vec<&'static str>,
    agent: ureq::Agent,
    _turn: MutexGuard<'static, ()>,
}

impl Page {
    /// Opens the dashboard of a new server, and waits until every node runs.
    pub fn open(flags: &[&str]) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let server = Server::start_with(flags);
        let page = server.ask("GET", "/", None).1;
        assert!(
            page.contains(".wasm"),
            "the server was built without the dashboard: run `cargo xtask build` once, or `cargo xtask test`"
        );
        let page = Self::blank(turn, Some(server));
        page.run(page.client().goto(&page.server().page()));
        page.wait_for_attribute("connection", "data-status", "connected");
        page
    }

    /// Opens an empty window, without a server.
    pub fn without_server() -> Self {
        Self::blank(ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner), None)
    }

    fn blank(turn: MutexGuard<'static, ()>, server: Option<Server>) -> Self {
        let driver = Driver::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut options = json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP evil.example 127.0.0.1", "--window-size=1920,1080", format!("--user-data-dir={}", driver.profile.display()),
        ]});
        if let Some(chromium) = std::env::var_os("RINGLEADER_CHROMIUM") {
            options["binary"] = chromium.to_string_lossy().into();
        }
        let capabilities =
            // A test may serve the page with a certificate that it has made itself.
            json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" }, "acceptInsecureCerts": true });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written") };
        let client = runtime
            .block_on(
                ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&driver.url),
            )
            .unwrap_or_else(|error| panic!("Chromium does not start: {error}"));
        let session = runtime.block_on(client.session_id()).unwrap().expect("a session has a name");
        Self {
            client: Some(client),
            runtime,
            driver,
            server,
            session,
            console: Vec::new(),
            expected: Vec::new(),
            agent: ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into(),
            _turn: turn,
        }
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is there until the end")
    }

    fn run<T, E: std::fmt::Display>(&self, command: impl Future<Output = Result<T, E>>) -> T {
        self.runtime.block_on(command).unwrap_or_else(|error| panic!("the browser refused: {error}"))
    }

    /// Makes a call that Chromium's driver has beyond WebDriver.
    fn ask_driver(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/session/{}/{path}", self.driver.url, self.session);
        let answer = self.agent.post(&url).send_json(body);
        let answer = answer.and_then(|mut answer| answer.body_mut().read_json::<Value>());
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))["value"].take()
    }

    /// The server behind the page.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it was not stopped")
    }

    /// Kills the server and returns its port. From now on the console may report refused connections.
    pub fn lose_server(&mut self) -> String {
        self.expected.push("net::ERR_CONNECTION_REFUSED");
        let server = self.server.take().expect("it was not stopped");
        let port = server.authority.rsplit(':').next().unwrap().to_owned();
        server.signal(nix::sys::signal::Signal::SIGKILL);
        server.wait();
        port
    }

    /// Starts another server on the port of the last one.
    pub fn bring_server_back(&mut self, port: &str) {
        self.server = Some(Server::start_with(&["--port", port]));
    }

    /// Loads the page again.
    pub fn reload(&self) {
        self.run(self.client().refresh());
        self.wait_for_attribute("connection", "data-status", "connected");
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        self.run(self.client().current_url()).to_string()
    }

    /// Goes to another page.
    pub fn visit(&self, url: &str) {
        self.run(self.client().goto(url));
    }

    /// Allows this message of the console from now on.
    pub fn expect(&mut self, complaint: &'static str) {
        self.expected.push(complaint);
    }

    /// Runs this script in every page from now on, before the page's own.
    pub fn before_each_load(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.ask_driver("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// Runs a script in the page.
    pub fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(self.client().execute(script, arguments))
    }

    /// Emulates a window of this size, in CSS pixels.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Emulates a setting of the reader's system, as in a media query: `forced-colors`, `active`.
    pub fn emulate(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": features });
        self.ask_driver("goog/cdp/execute", &command);
    }

    /// Writes the screen as a PNG to the folder that RINGLEADER_PICTURES names, if any.
    pub fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("RINGLEADER_PICTURES") {
            let png = self.run(self.client().screenshot());
            std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), png).unwrap();
        }
    }

    /// Collects the messages of the console so far.
    fn read_console(&mut self) {
        let fresh = self.ask_driver("se/log", &json!({ "type": "browser" }));
        self.console.extend(fresh.as_array().cloned().unwrap_or_default());
    }

    /// The errors and warnings of the console, except the expected ones.
    fn complaints(&mut self) -> Vec<String> {
        self.read_console();
        let message = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        self.console
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(message)
            .filter(|message| !self.expected.iter().any(|expected| message.contains(expected)))
            .collect()
    }

    /// Fails when the console has an unexpected error or warning.
    #[track_caller]
    pub fn has_an_empty_console(&mut self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "the page complained in the console: {complaints:#?}");
    }

    fn report(&mut self) -> String {
        self.read_console();
        let mut report = "the browser's console:\n".to_owned();
        for entry in &self.console {
            let _ = writeln!(report, "  {} {}", entry["level"], entry["message"]);
        }
        report.push_str(&self.server.as_ref().map_or_else(|| "(no server)".to_owned(), Server::trace));
        report
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // A browser that hangs must not turn a failure into an abort.
            let report = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.report()));
            eprintln!("{}", report.unwrap_or_else(|_| "(the console can't be read)".to_owned()));
        }
        if let Some(client) = self.client.take() {
            let _ = self.runtime.block_on(client.close());
        }
    }
}

/// The selector of the element with this name for tests.
fn of(id: &str) -> String {
    format!("[data-testid='{id}']")
}
