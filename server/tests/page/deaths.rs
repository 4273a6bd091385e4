//! Members that die, hang, leave and come back, as a reader sees it.

use ringleader_testing::browser::on_the_page;
use serde_json::{Value, json};

use crate::election::elect;

#[test]
fn when_the_leader_is_killed_its_deputy_leads_and_the_repaired_link_is_drawn() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_attribute("card-D", "data-state", "stopped");
        page.wait_for("[data-testid='card-D'] .badge", "getComputedStyle(it).color", is_red);
        page.wait_for_attribute("link-C-A", "data-kind", "repaired");
        page.wait_for_attribute("link-C-D", "data-kind", "broken");
        page.wait_for_text("announcer", "C is the leader of term 2, B is the deputy");
        page.wait_for_text("summary", "Takeover");
    });
}

#[test]
fn a_node_that_is_started_again_follows_and_the_ring_is_whole() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("link-C-A", "data-kind", "repaired");
        page.click("start-D");
        page.wait_for_attribute("card-D", "data-role", "follower");
        page.wait_for_attribute("link-C-D", "data-kind", "live");
        page.wait_until_gone("[data-testid='link-C-A']");
        page.wait_for_attribute("card-C", "data-role", "leader");
    });
}

#[test]
fn a_leader_that_hangs_is_replaced_and_its_card_says_paused() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("pause-D");
        page.wait_for_attribute("card-D", "data-state", "paused");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for("[data-testid='card-D'] .badge", "it.textContent.toLowerCase()", |words| {
            words.as_str().is_some_and(|words| words.contains("paused"))
        });
        page.click("resume-D");
        page.wait_for_attribute("card-D", "data-state", "running");
        page.wait_for_attribute("card-D", "data-role", "follower");
        page.wait_for_text("announcer", "C is the leader of term 2");
    });
}

#[test]
fn a_node_that_leaves_gracefully_is_not_in_the_way() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("exit-B");
        page.wait_for_attribute("card-B", "data-state", "stopped");
        page.wait_for_attribute("link-A-C", "data-kind", "repaired");
        page.wait_for_text("log-B", "process exited gracefully");
        page.click("initiate-A");
        page.wait_for_text("announcer", "D is the leader of term 2");
    });
}

#[test]
fn a_page_that_lost_its_server_says_so_and_shows_the_new_one_without_a_reload() {
    on_the_page(&[], |page| {
        elect(page);
        page.script("window.notReloaded = true", Vec::new());
        let controls = ["initiate", "kill-leader", "pace", "add-node", "reset", "kill-A", "attribute-A"];

        let port = page.lose_server();
        page.wait_for_attribute("connection", "data-status", "lost");
        page.wait_for_text("banner", "Connection lost");
        page.wait_for_text("announcer", "Connection lost");
        page.wait_for(".page", "it.classList.contains('stale')", |stale| *stale == json!(true));
        for control in controls {
            page.wait_until_enabled(control, false);
        }
        // The former content can still be read.
        page.wait_for_attribute("card-D", "data-role", "leader");

        page.bring_server_back(&port);
        page.wait_for_attribute("connection", "data-status", "connected");
        page.wait_until_gone("[data-testid='banner']");
        page.wait_until_gone(".page.stale");
        page.wait_for_text("headline", "No leader yet");
        page.wait_for_attribute("card-D", "data-role", "follower");
        for (node, pid) in page.server().ring().nodes.iter().zip(page.server().node_pids()) {
            page.wait_for_text(&format!("card-{}", node.name), &format!("{pid}"));
        }
        assert!(!page.text("log-D").contains("came back"), "{}", page.text("log-D"));
        elect(page);
        assert_eq!(page.script("return window.notReloaded === true", Vec::new()), json!(true));
    });
}

#[test]
fn a_paused_leader_hangs_its_deputy_leads_and_resume_is_at_hand() {
    on_the_page(&["--hung-after", "300ms"], |page| {
        page.wait_for("[data-testid='pause-leader']", "it.disabled && it.title", |why| {
            *why == "There is no leader to pause"
        });
        elect(page);
        page.click("pause-leader");
        page.wait_for_attribute("card-D", "data-state", "paused");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_text("resume-paused", "Resume D");
        page.click("resume-paused");
        page.wait_for_attribute("card-D", "data-state", "running");
        page.wait_for_attribute("card-D", "data-role", "follower");
        page.wait_until_gone("[data-testid='resume-paused']");
    });
}

/// Whether a computed colour is more red than anything else.
fn is_red(colour: &Value) -> bool {
    let numbers = colour.as_str().unwrap_or_default();
    let parts: Vec<f64> = numbers
        .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .filter_map(|part| part.parse().ok())
        .collect();
    matches!(parts[..], [red, green, blue, ..] if red > 1.4 * green && red > 1.4 * blue)
}
