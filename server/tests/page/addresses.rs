//! The address: what is shown and chosen on the live ring and on a kept run, after a reload, and by Back and
//! Forward. `sandbox_addresses.rs` has the sandbox's own.

use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

use crate::election::{elect, open_panel};
use crate::history::{a_finished_run, where_runs_are_kept};
use crate::sources::{SOURCES, Source, in_the_past_of};

/// Waits until the address is right.
#[track_caller]
fn address(page: &Page, is_right: impl Fn(&str) -> bool) -> String {
    let hash = page.wait_for("html", "location.hash", |hash| hash.as_str().is_some_and(&is_right));
    hash.as_str().expect("a fragment").to_owned()
}

#[track_caller]
fn open_is(page: &Page, tab: &str, is_open: bool) {
    page.wait_for_attribute(tab, "aria-expanded", &is_open.to_string());
}

#[test]
fn a_live_ring_that_nothing_was_chosen_on_has_an_address_without_a_word() {
    on_the_page(&[], |page| {
        elect(page);
        // Longer than the page waits before it writes its address.
        page.script("window.waited = 0; setTimeout(() => { window.waited = 1 }, 700)", Vec::new());
        page.wait_for("html", "window.waited", |waited| *waited == json!(1));
        assert_eq!(page.script("return location.hash", Vec::new()), json!(""));
    });
}

#[test]
fn panels_and_the_filter_of_the_log_are_there_again_after_a_reload_on_all_three() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-log");
            page.type_over("log-filter", "term 1 -took");
            page.choose("log-node", "B");
            page.choose("log-kinds", "messages");
            page.wait_for("[data-testid='log-count']", "it.textContent", |lines| {
                lines.as_str().is_some_and(|lines| !lines.contains("so far") && !lines.starts_with('0'))
            });
            let lines = page.text("log-count");
            let hash = address(page, |hash| {
                hash.ends_with("panels=nodes.log&log-node=B&log-kinds=messages&log-words=term%201%20-took")
            });
            page.script("location.reload()", Vec::new());
            page.wait_for_text("log-count", &lines);
            page.wait_for("[data-testid='log-filter']", "it.value", |words| words == "term 1 -took");
            page.wait_for("[data-testid='log-node']", "it.value", |node| node == "B");
            page.wait_for("[data-testid='log-kinds']", "it.value", |kinds| kinds == "messages");
            open_is(page, "show-elections", false);
            address(page, |again| again == hash);
        });
    }
}

#[test]
fn a_moment_has_an_address_and_a_jump_has_a_way_back_on_all_three() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            let at = page.text("time");
            open_panel(page, "show-log");
            page.type_over("log-filter", "my own value");
            page.wait_for_text("log-count", "1 line");
            let entries = || page.script("return history.length", Vec::new());
            let before = entries();
            // To scrub makes no entry.
            page.script("document.activeElement?.blur()", Vec::new());
            page.press(Key::Left);
            page.press(Key::Right);
            page.wait_for("[data-testid='time']", "it.textContent", |now| *now == json!(at));
            assert_eq!(entries(), before, "{source:?}");
            page.script("document.querySelector(\"[data-testid='log'] p\").click()", Vec::new());
            page.wait_for("[data-testid='time']", "it.textContent", |now| *now != json!(at));
            let there = page.text("time");
            assert_eq!(entries().as_u64(), before.as_u64().map(|before| before + 1), "{source:?}");
            let hash = address(page, |hash| hash.contains("at="));
            page.script("history.back()", Vec::new());
            page.wait_for("[data-testid='time']", "it.textContent", |now| *now == json!(at));
            page.script("history.forward()", Vec::new());
            page.wait_for("[data-testid='time']", "it.textContent", |now| *now == json!(there));
            address(page, |again| again == hash);
            page.script("location.reload()", Vec::new());
            page.wait_for("[data-testid='time']", "it?.textContent", |now| *now == json!(there));
            address(page, |again| again == hash);
        });
    }
}

#[test]
fn the_event_that_is_chosen_in_the_diagram_is_chosen_again_after_a_reload() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-diagram");
            page.wait_for("[data-testid='diagram']", "it.tabIndex", |index| *index == json!(0));
            page.script("document.querySelector('[data-testid=diagram]').focus()", Vec::new());
            page.press(Key::Up);
            page.press(Key::Up);
            page.press(Key::Enter);
            let chosen =
                page.wait_for("[data-testid='diagram']", "it.dataset.selected", |it| *it != json!(""));
            address(page, |hash| hash.contains("&event="));
            page.script("location.reload()", Vec::new());
            page.wait_for("[data-testid='diagram']", "it?.dataset.selected", |it| *it == chosen);
        });
    }
}

#[test]
fn back_from_the_past_of_the_live_ring_leads_to_its_present() {
    on_the_page(&["--hop-delay", "0ms"], |page| {
        elect(page);
        open_panel(page, "show-why");
        page.wait_for_text("why-question", "Why does D lead?");
        address(page, |hash| hash == "#live?panels=nodes.why");
        page.click("why-step");
        page.wait_for_attribute("connection", "data-status", "past");
        address(page, |hash| hash.starts_with("#live?run=") && hash.contains("&at="));
        page.script("history.back()", Vec::new());
        page.wait_for_attribute("connection", "data-status", "connected");
        open_is(page, "show-why", true);
        page.script("history.forward()", Vec::new());
        page.wait_for_attribute("connection", "data-status", "past");
    });
}

#[test]
fn a_moment_of_a_run_that_is_over_is_offered_from_the_kept_run() {
    where_runs_are_kept(&[], |page| {
        let run = a_finished_run(page);
        let follow = |page: &Page, fragment: &str| {
            page.script("location.hash = arguments[0]", vec![json!(fragment)]);
        };
        follow(page, &format!("#run={run}&at=20&panels=log"));
        page.wait_for_text("elsewhere", "which is not at hand here");
        page.wait_for_attribute("connection", "data-status", "connected");
        open_is(page, "show-log", true);
        page.click("to-kept");
        page.wait_for_text("kept-line", "a kept run");
        address(page, |hash| hash == format!("#history?run={run}&at=20"));
        page.expect("404");
        follow(page, "#live?run=0d0f0a52-6bd0-4bd3-9f4c-1c1ba7a35bb1&at=3");
        page.wait_for_text("notices", "0d0f0a52, is over, and it was not kept");
        follow(page, "#live?at=3");
        page.wait_for_text("notices", "a moment of the live ring has a run and the number of an event");
    });
}

#[test]
fn a_recorded_moment_is_continued_in_the_sandbox_as_it_was() {
    for source in [Source::Live, Source::Kept] {
        in_the_past_of(source, |page| {
            let roles = "[...document.querySelectorAll('.card')].map(it => [it.dataset.testid, it.dataset.role, it.dataset.state])";
            let before = page.script(&format!("return {roles}"), Vec::new());
            page.click("continue");
            page.wait_for("[data-testid='connection']", "it?.dataset.status", |status| status == "simulated");
            page.wait_for_text("remark", "Messages that were in transit are not taken along");
            page.wait_for("html", roles, |now| *now == before);
            page.wait_for_text("headline", "C leads term 2 · deputy B");
            // It goes on from there.
            page.click("kill-leader");
            page.click("play");
            page.wait_for_attribute("card-B", "data-role", "leader");
            page.wait_for_text("headline", "B leads term 3");
            page.script("history.back()", Vec::new());
            page.wait_for("[data-testid='connection']", "it?.dataset.status", |status| {
                status == if source == Source::Live { "past" } else { "kept" }
            });
            page.wait_for("html", roles, |now| *now == before);
        });
    }
}

#[test]
fn a_moment_that_lives_by_its_messages_can_not_be_continued_and_the_page_says_why() {
    on_the_page(&["--hop-delay", "0ms"], |page| {
        elect(page);
        page.wait_until_gone("[data-testid='continue']");
        page.script("document.activeElement?.blur()", Vec::new());
        for _ in 0..400 {
            page.press(Key::Left);
            if page.text("headline").contains("Electing") {
                break;
            }
        }
        page.wait_until_enabled("continue", false);
        page.wait_for("[data-testid='continue']", "it.title", |why: &Value| {
            why.as_str().is_some_and(|why| {
                why.contains("its messages can't be taken along") || why.contains("on their way")
            })
        });
    });
}
