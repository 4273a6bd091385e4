//! The address of a sandbox: its content, and the effects of back, forward and links.

use ringleader_testing::browser::{Key, Page};
use serde_json::{Value, json};

use crate::sandbox::{copied, in_the_sandbox, moment, play_out};

#[test]
fn the_address_says_all_and_a_reload_shows_it_again() {
    in_the_sandbox(|page| {
        page.choose("algorithm", "chang-roberts");
        page.choose("order", "random");
        page.choose("links", "exponential");
        page.choose("start", "all");
        page.type_over("nodes", "7");
        page.press(Key::Enter);
        page.type_over("seed", "42");
        page.press(Key::Enter);
        page.wait_for("[data-testid='card-G']", "it.dataset.state", |state| state == "running");
        play_out(page);
        page.click("kill-leader");
        page.wait_for_text("summary", "Takeover");
        page.wait_for_text("quiet", "nothing more happens");
        for _ in 0..3 {
            page.click("step-back");
        }
        let before = moment(page);
        // The page writes its address a moment later.
        let link = copied(page);
        let settings = "algorithm=chang-roberts&nodes=7&order=random&links=exponential&seed=42&start=all";
        assert!(link.contains(settings) && link.contains(".kill."), "{link}");
        page.wait_for("html", "location.href", |address| *address == link.as_str());
        page.click("tab-live");
        page.wait_for_attribute("connection", "data-status", "connected");
        page.click("tab-sandbox");
        page.wait_for_attribute("connection", "data-status", "simulated");
        assert_eq!(moment(page), before);
        page.visit("about:blank");
        page.visit(&link);
        page.wait_for_attribute("card-G", "data-state", "running");
        assert_eq!(moment(page), before);
    });
}

/// Follows a link to a fragment of the page's address, as a click on one would.
fn follow(page: &Page, fragment: &str) {
    page.script("location.hash = arguments[0]", vec![json!(fragment)]);
}

/// Waits until a frame was drawn, with all postponed work.
fn wait_for_a_frame(page: &Page) {
    page.script(
        "window.drawn = 0; requestAnimationFrame(() => setTimeout(() => { window.drawn = 1 }))",
        Vec::new(),
    );
    page.wait_for("html", "window.drawn", |drawn| *drawn == json!(1));
}

#[test]
fn a_second_link_in_the_same_tab_is_another_ring() {
    in_the_sandbox(|page| {
        follow(page, "#sandbox?nodes=5");
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 5");
        wait_for_a_frame(page);
        follow(page, "#sandbox?nodes=7&seed=3&hop=123");
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 7");
        wait_for_a_frame(page);
        page.wait_for("[data-testid='seed']", "it.value", |seed| seed == "3");
        page.wait_for("[data-testid='speed']", "it.value", |hop| hop == "123");
        // A page that is left at once, with its logs just changed.
        for fragment in ["#live", "#sandbox?nodes=6", "#live", "#sandbox"] {
            follow(page, fragment);
            wait_for_a_frame(page);
        }
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 6");
        play_out(page);
        page.wait_for_attribute("card-F", "data-role", "leader");
        page.has_an_empty_console();
    });
}

#[test]
fn back_leads_to_what_was_looked_at_before_and_leaves_that_entry_as_it_was() {
    in_the_sandbox(|page| {
        let entry = "location.hash";
        let written = page
            .wait_for("html", entry, |hash| hash.as_str().is_some_and(|hash| hash.starts_with("#sandbox?")));
        follow(page, "#sandbox?nodes=7&seed=3");
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 7");
        let second = page.wait_for("html", entry, |hash| {
            hash.as_str().is_some_and(|hash| hash.contains("nodes=7") && hash.contains("&at="))
        });
        page.script("history.back()", Vec::new());
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 4");
        assert_eq!(page.wait_for("html", entry, Value::is_string), written);
        page.script("history.back()", Vec::new());
        page.wait_for_attribute("connection", "data-status", "connected");
        page.wait_until_gone("[data-testid='copy-link']");
        // Longer than the sandbox waits before it writes its address.
        page.script("window.waited = 0; setTimeout(() => { window.waited = 1 }, 600)", Vec::new());
        page.wait_for("html", "window.waited", |waited| *waited == json!(1));
        assert_eq!(page.wait_for("html", entry, Value::is_string), json!(""));
        page.script("history.go(2)", Vec::new());
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 7");
        assert_eq!(page.wait_for("html", entry, Value::is_string), second);
    });
}

#[test]
fn to_skip_to_the_ring_is_not_to_leave_the_sandbox() {
    in_the_sandbox(|page| {
        follow(page, "#ring");
        page.wait_for("html", "location.hash", |hash| {
            hash.as_str().is_some_and(|hash| hash.starts_with("#sandbox?"))
        });
        page.wait_for_attribute("connection", "data-status", "simulated");
    });
}

#[test]
fn a_bad_part_of_a_link_is_named_with_what_is_allowed_and_the_rest_is_shown() {
    in_the_sandbox(|page| {
        follow(page, "#sandbox?nodes=6&order=upwards&seed=8&do=5us.smash.A");
        page.wait_for_text("notices", "order=upwards: one of random, increasing, decreasing, alternating");
        page.wait_for_text("notices", "do=5us.smash.A: after a wait, something to do, as in 300us.kill.D");
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 6");
        page.wait_for("[data-testid='seed']", "it.value", |seed| seed == "8");
        play_out(page);
        page.wait_for_attribute("card-F", "data-role", "leader");
    });
}
