//! The page behind a proxy, with the very configuration that docs/security.md shows: at the root of a host
//! and under a path, with and without TLS, with and without a token.

use ringleader_testing::browser::in_a_window;

use crate::nginx::{Nginx, certificate, free_port};
use ringleader_testing::server::{PATIENCE, Server};

const DOCUMENT: &str = include_str!("../../../docs/security.md");

/// The block of the document in this language.
fn shown(language: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{language}\n")).expect("the document shows it");
    rest.split_once("```").expect("a block ends").0
}

/// The configuration with the test's values in place of the document's examples.
fn fill(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(shown("nginx").to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "the document's configuration has {from:?} once:\n{text}");
        text.replace(from, to)
    })
}

/// Opens the page through nginx, has an election, and sees its leader die.
#[track_caller]
fn an_election_through_the_proxy(path: &str, tls: bool, token: bool) {
    let Some(program) = Nginx::program() else {
        println!(
            "SKIPPED: there is no nginx. `cargo xtask test` unpacks one where Debian's packages can be had"
        );
        return;
    };
    let port = free_port();
    let name = format!("127.0.0.1:{port}");
    // As the document starts it, with the name and port that this proxy has.
    let command = shown("sh").trim();
    assert_eq!(command, "ringleader --ask-token --allow-host ring.example");
    let mut flags = vec!["--allow-host", name.as_str()];
    if token {
        flags.push("--ask-token");
    }
    let server = Server::start_with(&flags);
    let files = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(files.path());
    let listen = format!("listen {name}{};", if tls { " ssl" } else { "" });
    let location = format!("location {path} {{");
    let upstream = format!("proxy_pass http://{}/;", server.authority);
    let configuration = fill(&[
        ("listen 443 ssl;", &listen),
        ("server_name ring.example;", "server_name 127.0.0.1;"),
        ("/etc/ssl/certs/ring.example.pem", certificate.to_str().unwrap()),
        ("/etc/ssl/private/ring.example.key", key.to_str().unwrap()),
        ("location /lab/ {", &location),
        ("proxy_pass http://127.0.0.1:8005/;", &upstream),
    ]);
    let _nginx = Nginx::start(&program, &configuration, port);
    let own = server.page();
    let query = own.split_once("/?").map_or_else(String::new, |(_, query)| format!("?{query}"));
    let scheme = if tls { "https" } else { "http" };
    in_a_window(|page| {
        page.visit(&format!("{scheme}://{name}{path}{query}"));
        page.wait_for_attribute("connection", "data-status", "connected");
        page.click("initiate");
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        // The token is gone from the address, and events from before the page was opened have been
        // fetched.
        let address = page.address();
        assert!(address.starts_with(&format!("{scheme}://{name}{path}")), "{address}");
        assert!(!address.contains("token"), "{address}");
        page.reload();
        page.wait_for_attribute("card-C", "data-role", "leader");
    });
    if token {
        let stranger = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        if !tls {
            let answer = stranger.get(format!("http://{name}{path}api/v1/ring")).call().unwrap();
            assert_eq!(answer.status(), 401, "who shows no token gets nothing through the proxy either");
        }
    }
}

#[test]
fn at_the_root_of_a_host() {
    an_election_through_the_proxy("/", false, false);
}

#[test]
fn at_the_root_of_a_host_with_a_token() {
    an_election_through_the_proxy("/", false, true);
}

#[test]
fn under_a_path() {
    an_election_through_the_proxy("/lab/", false, false);
}

#[test]
fn under_a_path_with_a_token() {
    an_election_through_the_proxy("/lab/", false, true);
}

#[test]
fn at_the_root_of_a_host_with_tls_and_a_token() {
    an_election_through_the_proxy("/", true, true);
}

#[test]
fn under_a_path_with_tls() {
    an_election_through_the_proxy("/lab/", true, false);
}

#[test]
fn under_a_path_with_tls_and_a_token() {
    an_election_through_the_proxy("/lab/", true, true);
}
