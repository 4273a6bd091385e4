//! Links that are cut, slowed down and healed on the page, links through relays, and a ring that is parted.

use ringleader_shared::LinkFault;
use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::json;

use crate::election::elect;

/// Clicks the middle of a link, where its line is.
fn click_link(page: &Page, id: &str) {
    let script = "document.querySelector(`[data-testid='${arguments[0]}'] .touch`)\
                  .dispatchEvent(new MouseEvent('click', { bubbles: true }))";
    page.script(script, vec![json!(id)]);
}

#[test]
fn a_link_that_is_clicked_is_cut_shown_as_cut_and_healed() {
    on_the_page(&["--hung-after", "400ms"], |page| {
        elect(page);
        click_link(page, "link-A-B");
        page.wait_for("[data-testid='link-from']", "it.value", |value| value == "A");
        page.wait_for("[data-testid='link-to']", "it.value", |value| value == "B");
        page.click("cut-link");
        page.wait_for_attribute("link-A-B", "data-kind", "cut");
        page.wait_for_text("faulty", "A→B cut");
        page.server().wait_for("the server knows", |ring| ring.faults.len() == 1);
        page.wait_for_attribute("relayed-A-B", "data-kind", "relayed");
        page.click("heal-all");
        page.wait_for_attribute("link-A-B", "data-kind", "live");
        page.wait_for_text("faulty", "No link faults");
    });
}

#[test]
fn a_link_is_slowed_down_by_keyboard() {
    on_the_page(&[], |page| {
        page.click("faults");
        page.type_over("link-delay", "40");
        page.press(Key::Enter);
        page.wait_for_text("faulty", "A→B 40 ms slower");
        page.server().wait_for("the server knows", |ring| {
            ring.faults.iter().any(|link| link.fault.delay_ms == 40 && link.from.as_str() == "A")
        });
        page.type_over("link-drop", "25 %");
        page.press(Key::Enter);
        page.wait_for_text("faulty", "A→B 40 ms slower, drops 25 %");
        page.press(Key::Escape);
        page.wait_until_gone("[data-testid='link-delay']");
    });
}

#[test]
fn a_parted_ring_has_two_leaders_and_the_page_names_both() {
    on_the_page(&["--hung-after", "400ms"], |page| {
        elect(page);
        page.click("faults");
        page.wait_until_enabled("part", false);
        page.click("side-A");
        page.click("side-B");
        page.click("part");
        page.wait_for_attribute("link-B-C", "data-kind", "cut");
        page.wait_for_attribute("link-D-A", "data-kind", "cut");
        page.wait_for_text("headline", "Split: B and D lead at the same time");
        page.click("heal-all");
        page.wait_for_attribute("link-D-A", "data-kind", "live");
        page.wait_for("[data-testid='headline']", "it.textContent", |words| {
            words.as_str().is_some_and(|words| words.contains("leads term"))
        });
    });
}

/// Nothing gets through between two nodes, in either direction.
fn cut(page: &Page, one: &str, other: &str) {
    page.server().set_link(one, other, &LinkFault::CUT);
    page.server().set_link(other, one, &LinkFault::CUT);
}

/// Waits until the table says this about how a row reaches a column; both count from 1.
fn wait_for_cell(page: &Page, row: usize, column: usize, words: &str) {
    let cell = format!("[data-testid='reach'] tbody tr:nth-child({row}) td:nth-child({})", column + 1);
    page.wait_for(&cell, "it.textContent", |text| text == words);
}

#[test]
fn a_link_through_a_relay_is_drawn_named_and_in_the_table() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("faults");
        wait_for_cell(page, 3, 4, "link");
        wait_for_cell(page, 1, 3, "–");
        for other in ["A", "D"] {
            cut(page, "C", other);
        }
        page.wait_for_attribute("relayed-C-D", "data-kind", "relayed");
        page.wait_for_attribute("link-C-D", "data-kind", "cut");
        page.wait_for("circle.relay", "it.getAttribute('r') > 0", |drawn| *drawn == json!(true));
        page.wait_for("[data-testid='legend']", "it.textContent", |words| {
            words.as_str().is_some_and(|words| words.contains("C → D through B"))
        });
        page.wait_for("#card-C .facts", "it.textContent", |words| {
            words.as_str().is_some_and(|words| words.contains("D through B"))
        });
        wait_for_cell(page, 1, 3, "cut");
        page.wait_for("[data-testid='reach'] td.relayed", "it.title", |words| {
            words.as_str().is_some_and(|words| words.starts_with("C → D: a link through B"))
        });
        page.click("heal-all");
        page.wait_until_gone("[data-testid='relayed-C-D']");
        wait_for_cell(page, 3, 4, "link");
    });
}

#[test]
fn nodes_that_are_cut_off_say_whom_they_reach_and_why_they_wait() {
    // They ask only when leases and time-outs are over, which depend on this time.
    on_the_page(&["--safety", "quorum", "--hop-delay", "0ms", "--hung-after", "300ms"], |page| {
        elect(page);
        page.server().part(&[&["A"], &["B", "C", "D"]]);
        page.wait_for_text("outside-A", "Outside: reaches nobody; nobody reaches it");
        page.server().heal();
        page.wait_until_gone("[data-testid='outside-A']");
        page.server().part(&[&["A", "B"], &["C", "D"]]);
        page.wait_for("[data-testid='outside-A']", "it.textContent", |words| {
            words.as_str().is_some_and(|words| {
                words.starts_with("Outside: reaches B; B reaches it") && words.contains("only 2 of the 3")
            })
        });
    });
}
