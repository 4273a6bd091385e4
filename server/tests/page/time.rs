//! The time bar: the past of the live ring, at its own timings, while the present goes on.

use ringleader_shared::NodeState;
use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

use crate::election::{elect, open_panel};

/// The role of a card, or its state.
fn card(page: &Page, id: &str, attribute: &str) -> Value {
    page.script(
        "return document.querySelector(`[data-testid='${arguments[0]}']`).getAttribute(arguments[1])",
        vec![json!(id), json!(attribute)],
    )
}

/// Goes back from mark to mark until this is so.
fn back_until(page: &Page, id: &str, attribute: &str, value: &str) {
    for _ in 0..20 {
        page.press_letter('[');
        if card(page, id, attribute) == value {
            return;
        }
    }
    panic!("{attribute} of {id} never was {value}");
}

#[test]
fn the_past_is_looked_at_mark_by_mark_and_event_by_event_and_the_present_goes_on() {
    on_the_page(&["--hop-delay", "0ms"], |page| {
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_attribute("card-B", "data-role", "deputy");
        page.wait_for_text("headline", "C leads term 2 · deputy B");
        back_until(page, "card-D", "data-role", "leader");
        page.wait_for_attribute("connection", "data-status", "past");
        page.wait_for_text("of", "the ring goes on");
        page.wait_for("[data-testid='scrubber']", "it.getAttribute('aria-valuetext')", |text| {
            text.as_str().is_some_and(|text| text.starts_with("term "))
        });
        page.wait_for_text("log-D", "term 1");

        // One event back and on again is the same moment.
        let headline = page.text("headline");
        let time = page.text("time");
        page.press(Key::Left);
        page.press(Key::Right);
        assert_eq!((page.text("headline"), page.text("time")), (headline, time));

        // What happens meanwhile is not shown before the reader returns.
        page.server().act("A", "pause");
        page.server().wait_for_state("A", NodeState::Paused);
        assert_eq!(card(page, "card-A", "data-state"), "running");
        assert_eq!(card(page, "card-D", "data-role"), "leader");
        page.press_letter('l');
        page.wait_for_attribute("connection", "data-status", "connected");
        page.wait_for_attribute("card-A", "data-state", "paused");
        page.wait_for_text("headline", "C leads term 2");
    });
}

#[test]
fn an_election_of_milliseconds_is_played_at_a_thousandth_of_its_speed_with_its_messages() {
    on_the_page(&["--hop-delay", "0ms"], |page| {
        elect(page);
        page.choose("speed", "1/1000×");
        page.press(Key::Home);
        page.wait_for_attribute("connection", "data-status", "past");
        page.wait_for_text("headline", "No node is running");
        for _ in 0..200 {
            if page.script("return document.querySelectorAll('svg g.dot').length", Vec::new()) != json!(0) {
                break;
            }
            page.press(Key::Right);
        }
        let place = || {
            page.script("return document.querySelector('svg g.dot')?.getAttribute('transform')", Vec::new())
        };
        let before = place();
        assert!(before.is_string(), "no message is in transit at any event of the election");
        page.press_letter(' ');
        page.wait_for_attribute("play", "data-playing", "true");
        page.wait_for("svg g.dot", "it.getAttribute('transform')", |now| *now != before);
        page.choose("speed", "10×");
        page.wait_for_attribute("connection", "data-status", "connected");
        page.wait_for_attribute("card-D", "data-role", "leader");
    });
}

#[test]
fn what_is_done_is_done_in_the_present() {
    on_the_page(&["--hop-delay", "0ms"], |page| {
        elect(page);
        page.press(Key::Left);
        page.wait_for_attribute("connection", "data-status", "past");
        page.click("initiate");
        page.wait_for_attribute("connection", "data-status", "connected");
        page.wait_for_text("announcer", "D is the leader of term 2");
    });
}

#[test]
fn a_line_of_the_merged_log_leads_to_its_moment_and_a_filter_finds_it() {
    on_the_page(&["--hop-delay", "0ms"], |page| {
        elect(page);
        open_panel(page, "show-log");
        page.type_over("log-filter", "my own value");
        page.wait_for_text("log-count", "1 line");
        page.wait_for("[data-testid='log'] p", "it.textContent", |line| {
            line.as_str().is_some_and(|line| line.contains("my own value (120) came back"))
        });
        page.script("document.querySelector(\"[data-testid='log'] p\").click()", Vec::new());
        page.wait_for_attribute("connection", "data-status", "past");
        page.wait_for("[data-testid='log'] p", "it.className", |class| {
            class.as_str().is_some_and(|class| class.contains("here"))
        });
        assert_ne!(card(page, "card-D", "data-role"), "leader", "it is about to lead");
    });
}
