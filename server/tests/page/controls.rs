//! The dashboard as its readers use it: headless Chromium, on real processes.

use ringleader_shared::EventKind;
use ringleader_testing::browser::{Key, on_the_page};
use serde_json::json;

use crate::election::elect;

#[test]
fn the_quorum_is_switched_on_and_a_minority_has_no_leader() {
    on_the_page(&["--hung-after", "500ms"], |page| {
        elect(page);
        page.click("quorum");
        page.wait_for(r#"[data-testid="quorum"]"#, "it.checked", |on| *on == json!(true));
        page.wait_for_text("announcer", "D is the leader of term 2");
        page.server().act("D", "kill");
        page.wait_for_text("announcer", "C is the leader");
        page.server().act("C", "kill");
        page.wait_for_text("announcer", "No quorum: 2 of 4 run, a leader needs 3");
        page.click("quorum");
        page.wait_for_text("announcer", "B is the leader");
    });
}

#[test]
fn initiate_makes_d_the_leader_and_its_log_says_why() {
    on_the_page(&[], |page| {
        page.wait_for_attribute("card-D", "data-state", "running");
        page.click("initiate");
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_for_text("log-D", "my own value (120) came back");
        page.wait_for_text("announcer", "D is the leader of term 1");
        page.wait_for_text("summary-messages", "11");
        page.wait_for_text("summary-formula", "11 ✓");
        page.wait_for_text("account", "3 to reach D + 4 home + 4 to announce = 11");
    });
}

#[test]
fn the_pace_slider_changes_the_rings_hop_delay() {
    on_the_page(&[], |page| {
        page.script("document.querySelector('[data-testid=pace]').focus()", Vec::new());
        for _ in 0..3 {
            page.press(Key::Right);
        }
        page.server().wait_for("a hop takes 150 ms", |ring| ring.settings.hop_delay_ms == 150);
        page.wait_for("output[for=pace]", "it.textContent", |words| words == "150 ms per hop");
    });
}

#[test]
fn an_attribute_that_is_edited_decides_the_next_election() {
    on_the_page(&[], |page| {
        page.type_over("attribute-A", "130");
        page.press(Key::Enter);
        page.wait_for_text("node-A", "130");
        page.server().wait_for("A has 130", |ring| ring.nodes[0].attribute.0 == 130);
        page.click("initiate");
        page.wait_for_attribute("card-A", "data-role", "leader");
        page.wait_for_text("log-A", "my own value (130) came back");
    });
}

#[test]
fn an_entry_that_is_refused_gives_way_to_the_value_and_the_reason_is_said() {
    on_the_page(&[], |page| {
        page.click("faults");
        for (field, entry, value, reason) in [
            (
                "attribute-A",
                "many",
                "90",
                "An attribute is a whole number from 0 to 9007199254740991, not \"many\"",
            ),
            ("attribute-A", "-5", "90", "not \"-5\""),
            (
                "link-delay",
                "abc",
                "0",
                "A delay in milliseconds is a whole number from 0 to 10000, not \"abc\"",
            ),
            ("link-drop", "150 %", "0", "A share in percent is a whole number from 0 to 100"),
        ] {
            page.type_over(field, entry);
            page.press(Key::Enter);
            page.wait_for(&format!("[id='{field}-refused']"), "it.textContent", |words| {
                words.as_str().is_some_and(|words| words.contains(reason))
            });
            page.wait_for(&format!("[data-testid='{field}']"), "it.value", |seen| seen == value);
        }
        page.type_over("attribute-A", "95");
        page.wait_for("[id='attribute-A-refused']", "it.textContent", |words| words == "");
        page.press(Key::Escape);
        page.wait_for("[data-testid='attribute-A']", "it.value", |value| value == "90");
        page.click("tab-sandbox");
        page.wait_for_attribute("connection", "data-status", "simulated");
        for (field, entry, value) in [("nodes", "5000", "4"), ("nodes", "0", "4"), ("seed", "x", "1")] {
            page.type_over(field, entry);
            page.press(Key::Enter);
            page.wait_for(&format!("[id='{field}-refused']"), "it.textContent", |words| {
                words.as_str().is_some_and(|words| words.contains("a whole number from"))
            });
            page.wait_for(&format!("[data-testid='{field}']"), "it.value", |seen| seen == value);
        }
    });
}

#[test]
fn the_browsers_tab_says_who_leads() {
    on_the_page(&[], |page| {
        page.wait_for("html", "document.title", |title| title == "No leader · Ringleader");
        elect(page);
        page.wait_for("html", "document.title", |title| title == "D leads · Ringleader");
        page.click("tab-sandbox");
        page.wait_for("html", "document.title", |title| title == "No leader · Sandbox · Ringleader");
    });
}

#[test]
fn the_rules_of_the_bully_election_are_not_painted_as_trouble_and_its_messages_are_in_the_legend() {
    on_the_page(&["--algorithm", "bully"], |page| {
        page.click("initiate-all");
        page.wait_for_text("announcer", "D is the leader of term 1");
        let seen = page.server().events();
        let ended =
            seen.iter().filter(|event| matches!(&event.kind, EventKind::Dropped { trouble: false, .. }));
        assert!(ended.count() > 0, "no message ended by a rule of the algorithm");
        page.wait_for("html", "document.querySelectorAll('.line.trouble').length", |lines| {
            *lines == json!(0)
        });
        let kinds = page.script(
            "return [...document.querySelectorAll('.legend li')].map(it => it.dataset.kind)",
            Vec::new(),
        );
        assert_eq!(kinds, json!(["classic", "election", "elected", "deputy search", "heart"]));
    });
}

#[test]
fn a_node_is_added_with_a_name_and_an_attribute_that_would_win_and_is_removed_again() {
    on_the_page(&[], |page| {
        page.click("add-node");
        page.wait_for("[data-testid='add-name']", "it.value", |value| value == "E");
        page.wait_for("[data-testid='add-attribute']", "it.value", |value| value == "130");
        page.press(Key::Enter);
        page.wait_for_attribute("card-E", "data-state", "running");
        page.wait_for_attribute("link-D-E", "data-kind", "live");
        page.wait_for_attribute("link-E-A", "data-kind", "live");
        page.click("initiate");
        page.wait_for_attribute("card-E", "data-role", "leader");
        page.click("remove-E");
        page.click("remove-confirm-E");
        page.wait_until_gone("[data-testid='card-E']");
        page.wait_until_gone("[data-testid='node-E']");
        page.wait_for_attribute("link-D-A", "data-kind", "live");
        page.wait_for_attribute("card-D", "data-role", "leader");
    });
}

#[test]
fn a_reset_ring_is_as_it_was_at_first() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.click("reset");
        page.click("reset-confirm");
        page.wait_for_text("headline", "No leader yet");
        for node in ["A", "B", "C", "D"] {
            page.wait_for_attribute(&format!("card-{node}"), "data-state", "running");
            page.wait_for_attribute(&format!("card-{node}"), "data-role", "follower");
        }
        page.wait_for_text("summary", "No election yet");
        assert!(!page.text("log-D").contains("came back"), "{}", page.text("log-D"));
        elect(page);
    });
}

#[test]
fn a_log_holds_the_newest_lines_while_it_follows_them_and_all_once_the_reader_scrolls_up() {
    on_the_page(&[], |page| {
        for term in 1..=40 {
            page.server().initiate("A");
            page.server().wait_for("it is over", |ring| ring.leader.is_some() && ring.term.0 == term);
        }
        page.wait_for_text("log-D", "term 40");
        let rows = "[it.querySelectorAll('.line').length, it.scrollHeight - it.scrollTop - it.clientHeight]";
        let log = "[data-testid='log-D']";
        page.wait_for(log, rows, |seen| {
            seen[0] == json!(32) && seen[1].as_f64().is_some_and(|end| end < 2.0)
        });
        let first_in_view = "[...it.querySelectorAll('.line')].find(line =>
            line.getBoundingClientRect().top >= it.getBoundingClientRect().top).textContent";
        page.script("document.querySelector(arguments[0]).scrollTop -= 200", vec![json!(log)]);
        let before = page.wait_for(log, first_in_view, serde_json::Value::is_string);
        page.wait_for(log, "it.querySelectorAll('.line').length", |rows| rows.as_u64() > Some(200));
        assert_eq!(page.wait_for(log, first_in_view, serde_json::Value::is_string), before);
        page.script("document.querySelector('[data-testid=card-D] .jump').click()", Vec::new());
        page.wait_for(log, rows, |seen| {
            seen[0] == json!(32) && seen[1].as_f64().is_some_and(|end| end < 2.0)
        });
    });
}

#[test]
fn a_message_is_a_dot_that_travels_its_link_with_its_candidate() {
    on_the_page(&["--hop-delay", "400ms"], |page| {
        page.click("initiate");
        let seen = page.wait_for("svg g.dot", "[it.textContent, it.getAttribute('transform')]", |seen| {
            seen[0].as_str().is_some_and(|candidate| candidate.contains("A 90")) && seen[1].is_string()
        });
        page.wait_for("svg g.dot", "it.getAttribute('transform')", |place| {
            place.is_string() && *place != seen[1]
        });
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_for_text("summary-messages", "11");
        page.wait_until_gone("svg g.dot");
    });
}

#[test]
fn succession_and_who_may_lead_are_switched_on_the_page() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("succession");
        page.wait_for("[data-testid='succession']", "it.checked", |on| *on == json!(false));
        page.wait_for_attribute("card-C", "data-role", "follower");
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_text("headline", "C leads term 2");
        page.wait_for_text("summary", "Election");
        page.click("eligible-C");
        page.wait_for("[data-testid='card-C']", "it.classList.contains('ineligible')", |it| {
            *it == json!(true)
        });
        page.wait_for("[data-testid='node-C']", "it.classList.contains('ineligible')", |it| {
            *it == json!(true)
        });
        page.click("initiate");
        page.wait_for_attribute("card-B", "data-role", "leader");
        page.click("add-node");
        page.wait_for("[data-testid='add-name']", "it.value", |value| value == "E");
        page.click("add-eligible");
        page.click("add-submit");
        page.wait_for_attribute("card-E", "data-state", "running");
        page.wait_for("[data-testid='eligible-E']", "it.checked", |on| *on == json!(false));
        page.click("kill-A");
        page.click("kill-B");
        page.wait_for_text("headline", "No live member may lead");
    });
}
