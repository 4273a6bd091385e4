//! A reader in front of the dashboard: a real server, a real Chromium, and what can be seen and done there.

pub mod files;

mod act;
mod driver;
mod look;

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

/// How often the page is looked at. The driver does not report when a page changes.
const LOOK: Duration = Duration::from_millis(20);

/// Chromium takes two cores by itself: one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Opens the dashboard of a new server, lets the reader act, then sees to it that the console stayed empty.
#[track_caller]
pub fn on_the_page(flags: &[&str], act: impl FnOnce(&mut Page)) {
    let mut page = Page::open(flags);
    act(&mut page);
    page.has_an_empty_console();
}

/// Lets the reader act in a window with nothing in it, then sees to it that the console stayed empty.
#[track_caller]
pub fn in_a_window(act: impl FnOnce(&mut Page)) {
    let mut page = Page::without_server();
    act(&mut page);
    page.has_an_empty_console();
}

/// The dashboard in a window of 1280 × 900, and the server behind it.
pub struct Page {
    /// `None` once it is closed, which must be before the driver ends: it ends the browser.
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
    /// The dashboard of a new server, with everything running.
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

    /// A window with nothing in it, and no server.
    pub fn without_server() -> Self {
        Self::blank(ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner), None)
    }

    fn blank(turn: MutexGuard<'static, ()>, server: Option<Server>) -> Self {
        let driver = Driver::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut options = json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--host-resolver-rules=MAP evil.example 127.0.0.1", "--window-size=1280,900", format!("--user-data-dir={}", driver.profile.display()),
        ]});
        if let Some(chromium) = std::env::var_os("RINGLEADER_CHROMIUM") {
            options["binary"] = chromium.to_string_lossy().into();
        }
        let capabilities =
            // Certificates that a test has made for itself are good enough for its browser.
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

    /// Calls that Chromium's driver has beyond WebDriver.
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

    /// Kills the server; its port comes back. From now on the console may say that connections are refused.
    pub fn lose_server(&mut self) -> String {
        self.expected.push("net::ERR_CONNECTION_REFUSED");
        let server = self.server.take().expect("it was not stopped");
        let port = server.authority.rsplit(':').next().unwrap().to_owned();
        server.signal(nix::sys::signal::Signal::SIGKILL);
        server.wait();
        port
    }

    /// Starts another server where the last one was.
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

    /// From now on the console may say this.
    pub fn expect(&mut self, complaint: &'static str) {
        self.expected.push(complaint);
    }

    /// Runs this script in every page from now on, before the page's own.
    pub fn before_each_load(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
    }

    /// Gives a command of the Chrome DevTools Protocol.
    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.ask_driver("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// Runs a script in the page.
    pub fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(self.client().execute(script, arguments))
    }

    /// Makes the window look like one of this size.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Has the page believe that its reader's system has this setting, as in a media query: `forced-colors`,
    /// `active`.
    pub fn emulate(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": features });
        self.ask_driver("goog/cdp/execute", &command);
    }

    /// The screen as a PNG, in a file for people to look at; nowhere unless RINGLEADER_PICTURES
    /// names a folder.
    pub fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("RINGLEADER_PICTURES") {
            let png = self.run(self.client().screenshot());
            std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), png).unwrap();
        }
    }

    /// Everything that the console has said so far.
    fn read_console(&mut self) {
        let fresh = self.ask_driver("se/log", &json!({ "type": "browser" }));
        self.console.extend(fresh.as_array().cloned().unwrap_or_default());
    }

    /// The console's errors and warnings that were not to be expected.
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

    /// Fails when the console has something to say that was not to be expected.
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

/// The selector of what has this name for tests.
fn of(id: &str) -> String {
    format!("[data-testid='{id}']")
}
