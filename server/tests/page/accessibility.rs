//! Accessibility of the dashboard: axe-core on every view, the keyboard, sizes of text.

use ringleader_shared::LinkFault;
use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

use crate::history::{a_finished_run, list, where_runs_are_kept};

use crate::election::open_panel;

/// The smallest text on the screen, in pixels; a little less for rounding.
const SMALLEST_PX: f64 = 11.9;

/// A ring of 64 nodes that leaves the browser some of the processor: at 20 pings a second on each link 64
/// unoptimised programs take two processors for themselves.
const CROWD: [&str; 6] = ["--nodes", "64", "--heartbeat", "1s", "--hung-after", "10s"];

/// Loads axe-core into the page. Returns false, with a message, where `cargo xtask test` could not
/// install it.
fn bring_axe(page: &Page) -> bool {
    let Some(path) = std::env::var_os("RINGLEADER_AXE") else {
        eprintln!(
            "SKIPPED: RINGLEADER_AXE names no axe-core; `cargo xtask test` installs it where there is npm"
        );
        return false;
    };
    let axe = std::fs::read_to_string(&path).expect("RINGLEADER_AXE names the script of axe-core");
    page.script(&axe, Vec::new());
    true
}

/// Checks this view for barriers, in both themes.
#[track_caller]
fn has_no_barriers(page: &Page, view: &str) {
    let run = "window.barriers = null;
        axe.run(document, { rules: { 'label-content-name-mismatch': { enabled: true } }, resultTypes: ['violations'] })
            .then(found => { window.barriers = found.violations.map(it =>
                `${it.id}: ${it.help}: ${it.nodes.slice(0, 5).map(node => node.html.slice(0, 160)
                    + ' | ' + node.any.concat(node.all, node.none).map(check => check.message).join('; ')).join(' || ')}`) })
            .catch(error => { window.barriers = [`axe: ${error}`] });";
    for theme in ["light", "dark"] {
        page.script("document.documentElement.dataset.theme = arguments[0]", vec![json!(theme)]);
        page.picture(&format!("{view}-{theme}"));
        page.script(run, Vec::new());
        let found = page.wait_patiently_for("html", "window.barriers", Value::is_array);
        assert_eq!(found, json!([]), "barriers in {view}, {theme}");
    }
}

fn elect(page: &Page) {
    page.click("initiate");
    page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
    page.wait_for_text("account", "3 to reach D + 4 home + 4 to announce = 11");
}

#[test]
fn axe_finds_no_barrier_in_the_live_views() {
    on_the_page(&[], |page| {
        if !bring_axe(page) {
            return;
        }
        has_no_barriers(page, "before-an-election");
        elect(page);
        has_no_barriers(page, "led");
        open_panel(page, "show-diagram");
        page.click("diagram-table");
        page.wait_for(".in-view td button", "it.textContent", Value::is_string);
        page.click("diagram");
        page.press(Key::Up);
        page.press(Key::Enter);
        page.wait_for_text("diagram-says", "direct");
        has_no_barriers(page, "diagram");
        page.press_letter('w');
        page.wait_for("[data-testid='why-step']", "it.textContent", Value::is_string);
        has_no_barriers(page, "why");
        page.click("to-live");
        open_panel(page, "show-nodes");
        page.click("faults");
        page.wait_for("[data-testid='link-delay']", "it.value", |value| value == "0");
        for (from, to) in [("C", "D"), ("D", "C")] {
            page.server().set_link(from, to, &LinkFault::CUT);
        }
        page.wait_for_attribute("relayed-C-D", "data-kind", "relayed");
        has_no_barriers(page, "faults");
        open_panel(page, "show-nodes");
        page.click("remove-A");
        page.click("add-node");
        has_no_barriers(page, "panels-open");
        page.click("help");
        page.wait_for("[data-testid='help-panel']", "it.open", |open| *open == json!(true));
        has_no_barriers(page, "help");
    });
}

#[test]
fn axe_finds_no_barrier_in_a_classic_election_with_trouble() {
    on_the_page(&["--algorithm", "bully"], |page| {
        if !bring_axe(page) {
            return;
        }
        page.click("initiate");
        page.wait_for_text("announcer", "D is the leader of term 1");
        page.click("kill-leader");
        page.wait_for_text("announcer", "C is the leader of term 2");
        has_no_barriers(page, "bully");
    });
}

#[test]
fn axe_finds_no_barrier_in_the_sandbox() {
    on_the_page(&[], |page| {
        page.click("tab-sandbox");
        page.wait_for_attribute("connection", "data-status", "simulated");
        if !bring_axe(page) {
            return;
        }
        has_no_barriers(page, "sandbox");
        page.choose("speed", "0");
        page.click("play");
        page.wait_for_text("quiet", "nothing more happens");
        has_no_barriers(page, "sandbox-played");
        page.type_over("nodes", "200");
        page.press(Key::Enter);
        page.wait_for("#nodes-heading", "it.textContent", |words| words == "Nodes 200");
        has_no_barriers(page, "sandbox-crowd");
    });
}

#[test]
fn axe_finds_no_barrier_in_the_history() {
    where_runs_are_kept(&[], |page| {
        let run = a_finished_run(page);
        list(page, "2 runs");
        if !bring_axe(page) {
            return;
        }
        has_no_barriers(page, "history-list");
        page.click(&format!("delete-{run}"));
        page.wait_until_enabled(&format!("undo-{run}"), true);
        has_no_barriers(page, "history-deleted");
        page.click(&format!("undo-{run}"));
        page.click(&format!("show-{run}"));
        page.wait_for_text("kept-line", "a kept run");
        page.click("to-end");
        page.wait_for_text("quiet", "the end of the run");
        has_no_barriers(page, "history-run");
        page.script("location.hash = `#history?compare=${arguments[0]},${arguments[0]}`", vec![json!(run)]);
        page.wait_for_text("comparison", "D elected, term 1: 11 messages");
        has_no_barriers(page, "history-comparison");
    });
}

#[test]
fn axe_finds_no_barrier_with_64_nodes() {
    on_the_page(&CROWD, |page| {
        page.wait_for_attribute("card-BL", "data-state", "running");
        if bring_axe(page) {
            has_no_barriers(page, "64-nodes");
        }
    });
}

#[test]
fn axe_finds_no_barrier_in_a_viewers_page() {
    on_the_page(&["--ask-token"], |page| {
        // A browser requests the icon at the root while it is redirected.
        page.expect("favicon.ico");
        let viewer = page.server().viewer_link().expect("tokens are asked for");
        page.visit(&viewer);
        page.wait_for_attribute("connection", "data-status", "connected");
        page.wait_for_text("watching", "Watching");
        if bring_axe(page) {
            has_no_barriers(page, "viewer");
        }
    });
}

/// The name for tests, or the id, of the focused element.
fn focused(page: &Page) -> String {
    let script = "const it = document.activeElement; return it?.dataset?.testid || it?.id || it?.tagName";
    page.script(script, Vec::new()).as_str().unwrap_or_default().to_owned()
}

/// Waits until this element has the focus.
#[track_caller]
fn wait_for_focus(page: &Page, name: &str) {
    let it = "(document.activeElement?.dataset?.testid || document.activeElement?.id || '')";
    page.wait_for("html", it, |seen| seen == name);
}

#[test]
fn the_focus_stays_with_the_reader_after_kill_pause_start_add_and_remove() {
    on_the_page(&[], |page| {
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        wait_for_focus(page, "kill-leader");
        page.click("kill-A");
        page.wait_for_attribute("card-A", "data-state", "stopped");
        wait_for_focus(page, "kill-A");
        page.wait_until_enabled("kill-A", false);
        page.click("start-A");
        page.wait_for_attribute("card-A", "data-state", "running");
        wait_for_focus(page, "start-A");
        page.click("pause-B");
        page.wait_for_attribute("card-B", "data-state", "paused");
        wait_for_focus(page, "resume-B");
        page.press(Key::Enter);
        page.wait_for_attribute("card-B", "data-state", "running");
        wait_for_focus(page, "pause-B");

        page.click("add-node");
        wait_for_focus(page, "add-name");
        page.press(Key::Enter);
        page.wait_for_attribute("card-E", "data-state", "running");
        wait_for_focus(page, "add-node");

        page.click("remove-E");
        wait_for_focus(page, "remove-confirm-E");
        page.press(Key::Escape);
        wait_for_focus(page, "remove-E");
        assert!(!page.text("card-E").is_empty(), "Escape removes nothing");
        page.press(Key::Enter);
        wait_for_focus(page, "remove-confirm-E");
        page.press(Key::Enter);
        page.wait_until_gone("[data-testid='card-E']");
        wait_for_focus(page, "card-D");

        page.click("faults");
        wait_for_focus(page, "link-from");
        page.click("cut-link");
        wait_for_focus(page, "heal-link");
        page.press(Key::Escape);
        wait_for_focus(page, "faults");
    });
}

#[test]
fn the_drawing_is_one_tab_stop_and_the_arrow_keys_go_round_it() {
    on_the_page(&CROWD, |page| {
        page.wait_for_attribute("card-BL", "data-state", "running");
        let stops = "document.querySelectorAll('.drawing [tabindex=\"0\"]').length";
        page.wait_for("html", stops, |stops| *stops == json!(1));
        page.script("document.querySelector('.drawing [tabindex=\"0\"]').focus()", Vec::new());
        assert_eq!(focused(page), "node-A");
        page.press(Key::Right);
        assert_eq!(focused(page), "node-B");
        page.press(Key::Left);
        page.press(Key::Left);
        assert_eq!(focused(page), "node-BL");
        page.press(Key::Home);
        assert_eq!(focused(page), "node-A");
        page.press(Key::End);
        assert_eq!(focused(page), "node-BL");
        page.wait_for("html", stops, |stops| *stops == json!(1));
        page.press(Key::Enter);
        wait_for_focus(page, "card-BL");
    });
}

#[test]
fn in_the_sandbox_the_arrow_keys_in_the_drawing_do_not_move_time() {
    on_the_page(&[], |page| {
        page.click("tab-sandbox");
        page.wait_for_attribute("connection", "data-status", "simulated");
        let before = page.text("time");
        page.script("document.querySelector('.drawing [tabindex=\"0\"]').focus()", Vec::new());
        page.press(Key::Right);
        assert_eq!(focused(page), "node-B");
        assert_eq!(page.text("time"), before);
    });
}

#[test]
fn the_first_things_tab_comes_to_skip_to_the_parts_of_the_page() {
    on_the_page(&[], |page| {
        for (presses, words, place) in [
            (1, "Skip to the drawing of the ring", "ring"),
            (2, "Skip to the latest election", "panel-elections"),
            (3, "Skip to the cards of the nodes", "nodes-heading"),
        ] {
            page.reload();
            for _ in 0..presses {
                page.press(Key::Tab);
            }
            let said = page.script("return document.activeElement.textContent", Vec::new());
            assert_eq!(said, json!(words));
            page.press(Key::Enter);
            page.wait_for("html", "document.activeElement?.id", |id| id == place);
        }
    });
}

#[test]
fn the_help_opens_by_key_and_gives_the_focus_back() {
    on_the_page(&[], |page| {
        page.script("document.querySelector('[data-testid=initiate]').focus()", Vec::new());
        page.press_letter('?');
        page.wait_for("[data-testid='help-panel']", "it.open", |open| *open == json!(true));
        page.wait_for_text("help-panel", "The node that all others follow");
        page.press(Key::Escape);
        page.wait_for("[data-testid='help-panel']", "it.open", |open| *open == json!(false));
        wait_for_focus(page, "initiate");
        let links = page.script(
            "return [...document.querySelectorAll('.help a')].map(link => link.getAttribute('href'))",
            Vec::new(),
        );
        let links = links.as_array().cloned().unwrap_or_default();
        assert_eq!(links.len(), 5, "{links:?}");
        for link in links {
            let path = format!("/{}", link.as_str().unwrap());
            assert_eq!(page.server().ask("GET", &path, None).0, 200, "{path}");
        }
    });
}

/// The smallest text on the page as the screen shows it, and its content.
fn smallest_text(page: &Page) -> (f64, String) {
    let script = "let smallest = [Infinity, ''];
        for (const it of document.querySelectorAll('body *')) {
            const text = [...it.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join('').trim();
            if (!text || !it.checkVisibility() || it.closest('.visually-hidden, dialog, title')) continue;
            let size = parseFloat(getComputedStyle(it).fontSize);
            const matrix = it.getScreenCTM?.();
            if (matrix) size *= Math.hypot(matrix.a, matrix.b);
            if (size < smallest[0]) smallest = [size, `${it.outerHTML.slice(0, 100)}`];
        }
        return smallest";
    let seen = page.script(script, Vec::new());
    (seen[0].as_f64().unwrap_or_default(), seen[1].to_string())
}

#[test]
fn every_text_can_be_read_at_both_usual_sizes_of_screens_up_to_64_nodes() {
    let rings = [(&["--nodes", "4"][..], "D"), (&["--nodes", "16"], "P"), (&CROWD, "BL")];
    for (ring, last) in rings {
        on_the_page(&[ring, &["--hop-delay", "2s"]].concat(), |page| {
            page.wait_for_attribute(&format!("card-{last}"), "data-state", "running");
            for (width, height) in [(1366, 768), (1920, 1080)] {
                page.resize(width, height);
                page.click("initiate");
                page.wait_for("html", "innerWidth", |seen| *seen == json!(width));
                // The drawing follows the window in a later frame. Where a message is a token on the canvas,
                // its letter has the size that a test of the layout demands.
                let text = if ring == &CROWD[..] { "svg .node .name" } else { "svg g.dot text" };
                page.wait_for(
                    text,
                    "it.getScreenCTM().a * parseFloat(getComputedStyle(it).fontSize)",
                    |size| size.as_f64().is_some_and(|size| size >= SMALLEST_PX),
                );
                page.picture(&format!("text-{last}-{width}"));
                let (size, text) = smallest_text(page);
                assert!(size >= SMALLEST_PX, "nodes up to {last}, {width} × {height}: {size} px: {text}");
            }
        });
    }
}

/// The drawing's edges on the screen.
fn drawing(page: &Page) -> Value {
    let script = "const it = document.querySelector('.drawing').getBoundingClientRect();
        return [it.top, it.bottom, it.left, it.right, innerHeight].map(Math.round)";
    page.script(script, Vec::new())
}

#[test]
fn open_panels_leave_the_ring_where_it_is_on_a_small_screen() {
    on_the_page(&[], |page| {
        page.resize(1366, 768);
        page.wait_for("html", "innerWidth", |width| *width == json!(1366));
        // The panel with the account of the election is not open in such a window.
        crate::election::elect(page);
        let before = drawing(page);
        assert!(before[1].as_i64() <= before[4].as_i64(), "the ring is not all on the screen: {before}");
        page.click("faults");
        page.wait_for_text("faulty", "No link faults");
        assert_eq!(drawing(page), before);
        open_panel(page, "show-nodes");
        page.click("add-node");
        page.wait_for("[data-testid='add-name']", "it.value", |value| value == "E");
        page.script("document.querySelector('.algorithm-text').open = true", Vec::new());
        page.picture("panels-1366");
        assert_eq!(drawing(page), before);
    });
}

#[test]
fn in_forced_colours_the_current_tab_is_marked_by_a_line() {
    on_the_page(&[], |page| {
        elect(page);
        page.emulate("forced-colors", "active");
        page.wait_for("html", "matchMedia('(forced-colors: active)').matches", |is_on| *is_on == json!(true));
        page.picture("forced-colours");
        let line = |tab: &str| {
            let script =
                "const it = getComputedStyle(document.querySelector(`[data-testid=${arguments[0]}]`));
                return it.textDecorationLine + ' ' + it.borderTopColor";
            page.script(script, vec![json!(tab)])
        };
        assert_ne!(line("tab-live"), line("tab-sandbox"));
        assert!(line("tab-live").as_str().is_some_and(|line| line.starts_with("underline")));
    });
}
