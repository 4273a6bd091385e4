//! What a reader sees and does: the dashboard in headless Chromium, on real processes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use ringleader_testing::browser::{Key, Page, on_the_page};
use ringleader_shared::EventKind;
use serde_json::{Value, json};

/// Clicks through to the sample's own state: D leads, C is its deputy.
fn elect(page: &Page) {
    page.click("initiate");
    page.wait_for_attribute("card-D", "data-role", "leader");
    page.wait_for_attribute("card-C", "data-role", "deputy");
    page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
}

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
fn a_node_that_leaves_in_good_order_is_not_in_the_way() {
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
        assert_eq!(kinds, json!(["contest", "election", "elected", "deputy search", "heart"]));
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
        // What was is still there to be read.
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
fn the_keyboard_is_enough_and_the_focus_is_always_seen() {
    on_the_page(&[], |page| {
        tab_to(page, "initiate");
        page.press(Key::Enter);
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_until_enabled("kill-leader", true);
        tab_to(page, "kill-leader");
        page.press(Key::Enter);
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_attribute("card-D", "data-state", "stopped");
        tab_to(page, "start-D");
        page.press(Key::Enter);
        page.wait_for_attribute("card-D", "data-role", "follower");
    });
}

#[test]
fn a_narrow_window_has_nothing_to_the_right() {
    on_the_page(&[], |page| {
        page.resize(390, 844);
        page.wait_for("html", "innerWidth", |width| *width == json!(390));
        has_no_horizontal_scroll(page);
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("link-C-A", "data-kind", "repaired");
        page.click("add-node");
        page.wait_for("[data-testid='add-name']", "it.value", |value| value == "E");
        page.click("faults");
        page.click("side-A");
        page.click("part");
        page.wait_for_text("faulty", "{A} | {B, C, D}");
        has_no_horizontal_scroll(page);
    });
}

#[test]
fn the_theme_that_the_reader_chose_stays_after_a_reload() {
    on_the_page(&[], |page| {
        let background = "getComputedStyle(document.body).backgroundColor";
        let before = page.wait_for("html", background, Value::is_string);
        page.click("theme");
        let after = page.wait_for("html", background, |colour| *colour != before);
        page.reload();
        page.wait_for("html", background, |colour| *colour == after);
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

/// Presses Tab until this has the focus; whatever has it on the way must show it.
fn tab_to(page: &Page, id: &str) {
    let mut passed = Vec::new();
    while page.focused() != id {
        assert!(passed.len() < 100, "Tab never comes to {id}, only to {passed:?}");
        page.press(Key::Tab);
        let shown = page.script(
            "const it = document.activeElement, style = getComputedStyle(it);
            const halo = it.querySelector?.(':scope > .halo');
            return it.matches(':focus-visible') && (halo ? getComputedStyle(halo).stroke !== 'none'
                : style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);",
            Vec::new(),
        );
        passed.push(page.focused());
        assert_eq!(shown, json!(true), "the focus can't be seen on {:?}", page.focused());
    }
}

fn has_no_horizontal_scroll(page: &Page) {
    let wide = page.script(
        "const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
        return [...document.querySelectorAll('body *')]
            .filter(it => it.getBoundingClientRect().right > width + 0.5)
            .map(it => it.outerHTML.slice(0, 120));",
        Vec::new(),
    );
    assert_eq!(wide, json!([]), "wider than the window");
}

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
        page.wait_for_attribute("link-A-C", "data-kind", "repaired");
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
