//! The sandbox as its readers use it: a simulated ring in headless Chromium, in the server's page and as
//! static files.

use std::path::PathBuf;
use std::process::Command;

use ringleader_testing::browser::files::Files;
use ringleader_testing::browser::{Key, Page, in_a_window, on_the_page};
use serde_json::{Value, json};

/// Everything that depends on the moment that is shown: time, nodes, links, messages in transit, logs,
/// counts.
const MOMENT: &str = "const words = (all) => [...document.querySelectorAll(all)].map(it => it.textContent);

    const it = (all, name) => [...document.querySelectorAll(all)].map(it => it.getAttribute(name));
    return [words('[data-testid=time]'), words('.card header'), it('.card', 'data-state'), it('g.link', 'data-kind'),
        it('.dot', 'transform').sort(), words('.line'), words('[data-testid=summary]'), words('[data-testid=headline]')]";

pub(crate) fn moment(page: &Page) -> Value {
    page.script(MOMENT, Vec::new())
}

/// Opens the sandbox from the server's page.
pub(crate) fn in_the_sandbox(act: impl FnOnce(&mut Page)) {
    on_the_page(&[], |page| {
        page.click("tab-sandbox");
        page.wait_for_attribute("connection", "data-status", "simulated");
        act(page);
    });
}

/// Plays at full speed until nothing more happens.
pub(crate) fn play_out(page: &Page) {
    page.choose("speed", "0");
    page.click("play");
    page.wait_for_text("quiet", "nothing more happens");
}

/// The link that the button puts on the clipboard.
pub(crate) fn copied(page: &Page) -> String {
    let listen =
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve() }";
    page.script(listen, Vec::new());
    page.click("copy-link");
    page.wait_for_text("copy-link", "Copied");
    page.script("return window.copied", Vec::new()).as_str().expect("an address").to_owned()
}

/// The written site, in a folder of this name and process. Its program is always in chunks, and small.
pub(crate) fn site(name: &str) -> PathBuf {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("site-{name}-{}", std::process::id()));
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let written = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "xtask", "--", "site"])
        .arg(&folder)
        .current_dir(root)
        .output()
        .expect("cargo can be run");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    folder
}

#[test]
fn the_site_works_from_any_host_under_any_path() {
    let folder = site("anywhere");
    let host = Files::serve(&folder, "/some/where");
    in_a_window(|page| {
        page.visit(&host.url);
        page.wait_for_attribute("connection", "data-status", "simulated");
        page.wait_until_gone("[data-testid='tab-live']");
        page.wait_for_text("headline", "No leader yet");
        play_out(page);
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_for_text("summary-formula", "11 ✓");

        // Back to the moment where D has not met a better one.
        let candidate =
            "return document.querySelector(\"[data-testid='card-D']\").dataset.role === 'candidate'";
        let mut steps = 0;
        while page.script(candidate, Vec::new()) != json!(true) {
            page.click("step-back");
            steps += 1;
            assert!(steps < 15, "D was never a candidate");
        }
        play_out(page);
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_text("quiet", "nothing more happens");
        page.click("step-back");

        let link = copied(page);
        assert!(link.starts_with(&format!("{}#sandbox?", host.url)), "{link}");
        let before = moment(page);
        page.visit("about:blank");
        page.visit(&link);
        page.wait_for_attribute("card-C", "data-role", "leader");
        // Its code is loaded.
        page.wait_for("[data-testid='summary-formula']", "it.textContent", Value::is_string);
        assert_eq!(moment(page), before);
    });
    assert_eq!(host.missed(), Vec::<String>::new());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_election_is_played_and_messages_are_dots_where_the_time_puts_them() {
    in_the_sandbox(|page| {
        page.click("step");
        page.wait_for("svg g.dot", "it.textContent", |words| {
            words.as_str().is_some_and(|words| words.contains("A 90"))
        });
        let start = page.wait_for("svg g.dot", "it.getAttribute('transform')", Value::is_string);
        page.choose("speed", "4000");
        page.click("play");
        page.wait_for("svg g.dot", "it.getAttribute('transform')", |place| {
            place.is_string() && *place != start
        });
        page.click("play");
        // Stopped, it stands still.
        let stopped = moment(page);
        page.script("window.frames_seen = 0; const count = () => { window.frames_seen += 1; requestAnimationFrame(count) }; count()", Vec::new());
        page.wait_for("html", "window.frames_seen", |frames| {
            frames.as_u64().is_some_and(|frames| frames > 10)
        });
        assert_eq!(moment(page), stopped);
        play_out(page);
        page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
        page.wait_for_text("log-D", "my own value (120) came back");
        page.wait_until_gone("svg g.dot");
    });
}

#[test]
fn back_and_forth_by_keyboard_shows_the_same_again() {
    in_the_sandbox(|page| {
        let first = moment(page);
        let mut seen = vec![first.clone()];
        for _ in 0..9 {
            page.press(Key::Right);
            seen.push(moment(page));
        }
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "a step shows nothing new");
        seen.pop();
        while let Some(before) = seen.pop() {
            page.press(Key::Left);
            assert_eq!(moment(page), before);
        }
        page.press(Key::Left);
        assert_eq!(moment(page), first);
        page.press_letter(' ');
        page.wait_for_attribute("play", "data-playing", "true");
        page.press_letter(' ');
        page.wait_for_attribute("play", "data-playing", "false");
        page.press(Key::Home);
        assert_eq!(moment(page), first);
    });
}

#[test]
fn the_slider_goes_to_any_time_and_the_dead_are_alive_before_they_died() {
    in_the_sandbox(|page| {
        play_out(page);
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_text("quiet", "nothing more happens");
        page.wait_for_attribute("link-C-A", "data-kind", "repaired");
        let scrub = |to: u32| {
            let script = "const it = document.querySelector('[data-testid=scrubber]'); it.value = arguments[0]; \
                          it.dispatchEvent(new Event('input', { bubbles: true }))";
            page.script(script, vec![json!(to)]);
        };
        let late = moment(page);
        scrub(0);
        page.wait_for_attribute("card-D", "data-state", "running");
        page.wait_for_attribute("link-C-D", "data-kind", "live");
        page.wait_for_text("headline", "No leader yet");
        scrub(100_000);
        page.wait_for_attribute("card-D", "data-state", "stopped");
        assert_eq!(moment(page), late);
    });
}

#[test]
fn nodes_and_links_are_broken_by_click_and_a_quorum_is_asked_for() {
    in_the_sandbox(|page| {
        play_out(page);
        page.click("quorum");
        page.wait_for("[data-testid='quorum']", "it.checked", |on| *on == json!(true));
        page.wait_for_text("announcer", "D is the leader of term 2");
        page.wait_for_text("quiet", "nothing more happens");
        page.click("faults");
        page.click("side-A");
        page.click("side-B");
        page.click("part");
        page.wait_until_gone(".card[data-role='leader']");
        page.click("heal-all");
        page.wait_for_text("announcer", "is the leader");
        page.wait_for_text("quiet", "nothing more happens");
        page.click("pause-A");
        page.wait_for_attribute("card-A", "data-state", "paused");
        page.click("resume-A");
        page.wait_for_attribute("card-A", "data-state", "running");
        page.type_over("attribute-A", "500");
        page.press(Key::Enter);
        page.wait_for_text("node-A", "500");
        page.click("add-node");
        page.wait_for("[data-testid='add-name']", "it.value", |value| value == "E");
        page.click("add-submit");
        page.wait_for_attribute("card-E", "data-state", "running");
        page.click("remove-E");
        page.click("remove-confirm-E");
        page.wait_until_gone("[data-testid='card-E']");
        page.click("initiate-all");
        page.wait_for_attribute("card-A", "data-role", "leader");
        page.type_over("link-drop", "25");
        page.press(Key::Enter);
        page.wait_for("[data-testid='faulty']", "it.textContent", |words| words == "A→B drops 25 %");
        page.type_over("link-drop", "0");
        page.press(Key::Enter);
        page.wait_for_text("faulty", "No link faults");
    });
}

#[test]
fn a_thousand_nodes_have_three_cards_and_each_can_be_looked_at() {
    in_the_sandbox(|page| {
        page.choose("order", "random");
        page.type_over("nodes", "1000");
        page.press(Key::Enter);
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 1000");
        page.wait_until_gone("svg g.node");
        page.wait_until_gone("[data-testid='card-ZZ']");
        page.type_over("find-node", "zz");
        page.press(Key::Enter);
        page.wait_for_attribute("card-ZZ", "data-state", "running");
        page.click("initiate-ZZ");
        page.wait_for_text("log-ZZ", "initiating");
        let drawn = "(() => { const data = it.getContext('2d').getImageData(0, 0, it.width, it.height).data; \
                     return data.some(byte => byte > 0) })()";
        page.wait_for("[data-testid='crowd']", drawn, |drawn| *drawn == json!(true));
    });
}

#[test]
fn one_click_is_one_election_though_one_is_planned() {
    in_the_sandbox(|page| {
        page.choose("speed", "0");
        page.wait_for_text("headline", "click Initiate election");
        page.click("initiate");
        page.wait_for_text("quiet", "nothing more happens");
        page.wait_for_text("headline", "D leads term 1");
        page.wait_for_text("summary-formula", "11 ✓");
        let past = page.script("return document.querySelectorAll('.past li').length", Vec::new());
        assert_eq!(past, json!(0), "{}", page.text("summary"));
        page.click("initiate");
        page.wait_for_text("headline", "D leads term 2");
    });
}

#[test]
fn the_sandbox_has_nothing_to_the_right_of_a_narrow_window() {
    in_the_sandbox(|page| {
        page.resize(390, 844);
        page.wait_for("html", "innerWidth", |width| *width == json!(390));
        play_out(page);
        page.wait_for("html", "it.scrollWidth <= it.clientWidth", |fits| *fits == json!(true));
    });
}

#[test]
fn the_bullys_textbook_example_and_a_paused_leader_play_in_the_sandbox() {
    in_the_sandbox(|page| {
        let link = "location.hash = '#sandbox?algorithm=bully&nodes=5&succession=election&ineligible=A'";
        page.script(link, Vec::new());
        page.wait_for("[data-testid='card-A']", "it.classList.contains('ineligible')", |it| {
            *it == json!(true)
        });
        play_out(page);
        page.wait_for_attribute("card-E", "data-role", "leader");
        page.wait_for_text("headline", "E leads term");
        page.click("kill-leader");
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_for_text("quiet", "nothing more happens");
        page.click("pause-leader");
        page.wait_for_attribute("card-D", "data-state", "paused");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.click("resume-paused");
        page.wait_for_attribute("card-D", "data-state", "running");
    });
}
