//! Several nodes that are named initiate one election together: over the API, from a ring file, and on the
//! page.

use ringleader_shared::api::{ElectionStarted, Problem};
use ringleader_shared::event::MessageKind;
use ringleader_shared::{EventKind, NodeState, Term};
use ringleader_testing::browser::on_the_page;
use ringleader_testing::server::Server;
use serde_json::{Value, json};

fn initiate(server: &Server, body: Value) -> Result<ElectionStarted, Problem> {
    let (status, text) = server.ask("POST", "/api/v1/elections", Some(body));
    if status == 202 {
        Ok(serde_json::from_str(&text).unwrap())
    } else {
        Err(serde_json::from_str(&text).unwrap())
    }
}

/// The nodes that put a first election message of this term on the ring.
fn began(server: &Server, term: Term) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for event in server.events() {
        if let EventKind::Sent { message, .. } = &event.kind
            && (message.message, message.hops, message.term) == (MessageKind::Election, 1, term)
            && message.initiator == event.node
        {
            names.extend(event.node.map(String::from));
        }
    }
    names.sort();
    names
}

fn asked(server: &Server) -> Vec<String> {
    let events = server.events().into_iter();
    let asked = events.filter(
        |event| matches!(&event.kind, EventKind::Requested { action } if action.as_str() == "initiate"),
    );
    asked.filter_map(|event| event.node.map(String::from)).collect()
}

#[test]
fn named_nodes_initiate_together_in_one_term() {
    let server = Server::start_with(&["--hop-delay", "100ms"]);
    let started = initiate(&server, json!({ "initiators": ["C", "A", "C"] })).unwrap();
    let names: Vec<String> = started.initiators.iter().map(ToString::to_string).collect();
    assert_eq!((started.initiator.as_str(), names), ("A", vec!["A".to_owned(), "C".to_owned()]));
    let ring = server.wait_for_leader("D", Some("C"));
    assert_eq!(ring.term, Term(1), "one term for all of them");
    assert_eq!(asked(&server), ["A", "C"]);
    assert_eq!(began(&server, Term(1)), ["A", "C"], "{}", server.trace());
}

#[test]
fn who_can_not_initiate_is_named_and_then_nobody_does() {
    let server = Server::start();
    server.act("B", "pause");
    server.act("C", "kill");
    server.wait_for_state("C", NodeState::Stopped);
    for (body, status, says) in [
        (json!({ "initiators": [] }), 422, "names nobody"),
        (json!({ "initiators": ["A", "X"] }), 404, "no node \"X\""),
        (json!({ "initiators": ["X", "A", "Y"] }), 404, "no nodes X and Y"),
        (json!({ "initiators": ["A", "C"] }), 409, "C is not running"),
        (json!({ "initiators": ["D", "C", "B"] }), 409, "C and B are not running"),
        (json!({ "initiators": ["A"], "initiator": "A" }), 422, "not clear"),
        (json!({ "initiators": ["A"], "everyone": true }), 422, "not clear"),
        (json!({ "initiators": ["A", "M\u{fc}ller"] }), 422, "what this call needs"),
    ] {
        let problem = initiate(&server, body.clone()).expect_err("refused");
        assert!(problem.status == status && problem.title.contains(says), "{body}: {problem:?}");
    }
    assert_eq!(asked(&server), Vec::<String>::new());
    assert_eq!(server.ring().term, Term(0));
}

#[test]
fn a_ring_file_starts_an_election_when_all_are_ready_and_again_after_a_reset() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("start.toml");
    let nodes = ["A", "B", "C"].map(|name| format!("[[node]]\nname = \"{name}\"\nattribute = 7\n")).concat();
    std::fs::write(&path, format!("[start]\ninitiators = [\"B\", \"A\"]\n{nodes}")).unwrap();
    let server = Server::spawn(&["--ring", path.to_str().unwrap()]);
    let first = server.wait_for("it has a leader by itself", |ring| ring.leader.is_some());
    assert_eq!((first.term, asked(&server)), (Term(1), vec!["A".to_owned(), "B".to_owned()]));
    server.post("/api/v1/reset");
    server
        .wait_for("the fresh ring has one too", |ring| ring.run != first.run && ring.leader == first.leader);
    assert_eq!(asked(&server), ["A", "B", "A", "B"]);
}

#[test]
fn ticked_nodes_initiate_together_on_the_page() {
    on_the_page(&["--hop-delay", "100ms"], |page| {
        page.wait_for_text("initiate", "Initiate election");
        page.click("tick-C");
        page.wait_for_text("initiate", "Initiate: C");
        page.click("tick-A");
        page.wait_for_text("initiate", "Initiate: A, C");
        page.click("initiate");
        page.wait_for_attribute("card-D", "data-role", "leader");
        assert_eq!(asked(page.server()), ["A", "C"]);
        page.click("kill-C");
        page.wait_until_enabled("initiate", false);
        page.wait_for("[data-testid='initiate']", "it.title", |title| {
            title.as_str().is_some_and(|title| title.starts_with("C is not running"))
        });
        page.click("tick-C");
        page.wait_for_text("initiate", "Initiate: A");
        page.wait_until_enabled("initiate", true);
        // With Ctrl held, a click in the drawing does the same.
        let click = "document.querySelector(\"[data-testid='node-B']\").dispatchEvent(\
                     new MouseEvent('click', { bubbles: true, ctrlKey: true }))";
        page.script(click, Vec::new());
        page.wait_for_text("initiate", "Initiate: A, B");
        page.wait_for("[data-testid='tick-B']", "it.checked", |ticked| *ticked == json!(true));
        page.wait_for("[data-testid='node-B']", "it.getAttribute('class')", |class| {
            class.as_str().is_some_and(|class| class.contains("initiates"))
        });
    });
}

#[test]
fn ticked_nodes_initiate_together_in_the_sandbox_and_the_link_says_so() {
    on_the_page(&[], |page| {
        page.script("location.hash = '#sandbox?nodes=4&start=nobody'", Vec::new());
        page.wait_for_attribute("connection", "data-status", "simulated");
        page.click("tick-A");
        page.click("tick-C");
        page.click("initiate");
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_for("html", "location.hash", |hash| {
            hash.as_str()
                .is_some_and(|hash| hash.contains("initiate.A.term.1") && hash.contains("initiate.C.term.1"))
        });
    });
}
