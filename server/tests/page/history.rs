//! The kept runs on the page: the list, a run that is opened, two beside each other.

use ringleader_shared::RunId;
use ringleader_shared::api::{KeptRun, KeptRuns, RunEnd};
use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

/// Opens the page of a server that keeps its runs, with more flags.
#[track_caller]
pub(crate) fn where_runs_are_kept(flags: &[&str], act: impl FnOnce(&mut Page)) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a path in UTF-8").to_owned();
    on_the_page(&[&["--data-dir", &path], flags].concat(), act);
}

fn runs(page: &Page) -> Vec<KeptRun> {
    page.server().get::<KeptRuns>("/api/v1/runs").runs
}

/// Elects, kills the leader, and resets the ring. Returns the run that ended with that.
#[track_caller]
pub(crate) fn a_finished_run(page: &Page) -> RunId {
    page.click("initiate");
    page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
    page.click("kill-leader");
    page.wait_for_text("announcer", "C is the leader of term 2");
    page.server().post("/api/v1/reset");
    let is_over = |run: &KeptRun| run.end == RunEnd::Reset;
    for _ in 0..500 {
        if let Some(run) = runs(page).into_iter().find(is_over) {
            page.wait_for_text("headline", "No leader yet");
            return run.run;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the run was not closed: {:?}", runs(page));
}

/// Shows the list of all runs.
#[track_caller]
pub(crate) fn list(page: &Page, count: &str) {
    page.click("tab-history");
    page.wait_for_text("runs-count", count);
}

#[test]
fn runs_are_found_named_pinned_deleted_and_restored() {
    where_runs_are_kept(&[], |page| {
        let run = a_finished_run(page);
        list(page, "2 runs");
        let of = |what: &str| format!("{what}-{run}");
        page.wait_for_text(&of("run"), "4 nodes A B C D · max-ring · available · full speed");
        page.wait_for_text(&of("run"), "C led in the end, term 2");
        page.wait_for_text(&of("run"), "until a reset");

        page.type_over(&of("name"), "leader lost");
        page.press(Key::Enter);
        page.wait_for_text("said", "leader lost is the name shown now");
        page.type_over("runs-search", "nothing like it");
        page.wait_for_text("runs-count", "no runs with these words");
        page.type_over("runs-search", "lost");
        page.wait_for_text("runs-count", "1 run with these words");
        page.wait_for("html", "location.hash", |hash| hash == "#history?search=lost");
        page.script("location.reload()", Vec::new());
        page.wait_for_text("runs-count", "1 run with these words");
        page.wait_for("[data-testid='runs-search']", "it.value", |words| words == "lost");
        let name = format!("[data-testid='{}']", of("name"));
        page.wait_for(&name, "it.value", |name| name == "leader lost");

        page.click(&of("pin"));
        page.wait_for_text(&of("run"), "pinned");
        page.wait_for_text(&of("pin"), "Unpin");
        assert!(runs(page).iter().any(|kept| kept.run == run && kept.pinned));
        page.click(&of("pin"));
        page.wait_for_text("said", "leader lost is not pinned any more");
        assert_eq!(page.text(&of("pin")), "Pin");

        page.click(&of("delete"));
        page.wait_for_text(&of("run"), "leader lost is deleted. It can be restored for an hour.");
        page.wait_for("html", "document.activeElement?.dataset?.testid", |focus| *focus == json!(of("undo")));
        assert!(runs(page).iter().all(|kept| kept.run != run));
        page.press(Key::Enter);
        page.wait_for_text("said", "leader lost is restored");
        page.wait_until_enabled(&of("delete"), true);
        assert!(runs(page).iter().any(|kept| kept.run == run));
    });
}

#[test]
fn the_run_that_is_written_now_is_marked_and_can_not_be_deleted() {
    where_runs_are_kept(&[], |page| {
        list(page, "1 run");
        let run = runs(page)[0].run;
        page.wait_for_text(&format!("run-{run}"), "running");
        page.wait_until_enabled(&format!("delete-{run}"), false);
    });
}

/// The moment of a run that is shown: the headline and the time.
fn moment(page: &Page) -> Value {
    let script = "return ['headline', 'time', 'of'].map(it => document.querySelector(`[data-testid=${it}]`).textContent)
        .concat([...document.querySelectorAll('.card')].map(it => it.dataset.role + it.dataset.state))";
    page.script(script, Vec::new())
}

/// Waits until the address gives a moment.
#[track_caller]
fn address(page: &Page, run: RunId) -> String {
    let begins = format!("#history?run={run}&at=");
    // Longer than the page waits before it writes its address.
    page.script("window.waited = 0; setTimeout(() => { window.waited = 1 }, 700)", Vec::new());
    page.wait_for("html", "window.waited", |waited| *waited == json!(1));
    let hash = page.wait_for("html", "location.hash", |hash| {
        hash.as_str().is_some_and(|hash| hash.starts_with(&begins))
    });
    hash.as_str().expect("a fragment").to_owned()
}

#[test]
fn a_run_is_opened_stepped_through_and_shown_at_the_same_moment_after_a_reload() {
    where_runs_are_kept(&[], |page| {
        let run = a_finished_run(page);
        list(page, "2 runs");
        page.click(&format!("show-{run}"));
        page.wait_for_text("kept-line", "a kept run: nothing can be done here");
        page.wait_for_attribute("connection", "data-status", "kept");
        page.wait_for_attribute("card-D", "data-state", "stopped");
        assert!(address(page, run).len() > 20);

        // From mark to mark: the starts of the processes, the election, the death, the takeover.
        page.script("document.activeElement?.blur()", Vec::new());
        for _ in 0..30 {
            page.press_letter(']');
            if page.text("headline").contains("C leads") {
                break;
            }
        }
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_attribute("card-D", "data-state", "stopped");
        page.wait_for_text("summary", "Takeover");
        let places = |place: &Value| place.as_u64().is_some_and(|place| place > 1_000);
        page.wait_for("[data-testid='scrubber']", "Number(it.value)", places);
        page.press(Key::Left);
        page.press(Key::Left);
        let (before, fragment) = (moment(page), address(page, run));
        page.script("location.reload()", Vec::new());
        page.wait_for_text("kept-line", "a kept run");
        assert_eq!(moment(page), before);
        assert_eq!(address(page, run), fragment);

        page.press(Key::End);
        page.wait_for_text("quiet", "the end of the run");
        page.wait_for_attribute("play", "data-playing", "false");
        let end = moment(page);
        page.press(Key::Home);
        page.wait_for_attribute("card-D", "data-role", "none");
        page.choose("speed", "10×");
        page.click("play");
        page.wait_patiently_for("[data-testid='quiet']", "it.textContent", |text| {
            text == "the end of the run"
        });
        assert_eq!(moment(page), end);

        page.click("to-list");
        page.wait_for_text("runs-count", "2 runs");
        page.click("tab-live");
        page.wait_for_attribute("connection", "data-status", "connected");
    });
}

#[test]
fn nothing_can_be_done_on_a_kept_run() {
    where_runs_are_kept(&[], |page| {
        let run = a_finished_run(page);
        list(page, "2 runs");
        page.click(&format!("show-{run}"));
        page.wait_for_text("kept-line", "a kept run");
        let seen = "[...document.querySelectorAll('main :is(button, input, select)')].filter(it => it.checkVisibility() && !it.disabled)
            .map(it => it.dataset.testid ?? it.textContent).filter(it => !/^(show-|faults$|fold-|log-|kinds-|filter-|copy-|save-)/.test(it))";
        page.script("document.querySelectorAll('.log-tools').forEach(it => it.remove())", Vec::new());
        page.wait_for("html", seen, |seen| *seen == json!([]));
        for gone in ["initiate", "kill-leader", "to-live", "quorum", "pace"] {
            page.wait_until_gone(&format!("[data-testid='{gone}']"));
        }
    });
}

/// Chooses a file with this text for the import.
fn import(page: &Page, text: &str) {
    let script = "const it = document.querySelector('[data-testid=import]'), files = new DataTransfer();
        files.items.add(new File([arguments[0]], 'run.jsonl'));
        it.files = files.files;
        it.dispatchEvent(new Event('change', { bubbles: true }))";
    page.script(script, vec![json!(text)]);
}

#[test]
fn an_exported_run_is_imported_and_a_text_that_is_none_is_refused_with_the_reason() {
    where_runs_are_kept(&[], |page| {
        let run = a_finished_run(page);
        list(page, "2 runs");
        let link = format!("[data-testid='export-{run}']");
        let path = page.wait_for(&link, "it.getAttribute('href')", Value::is_string);
        let (status, text) = page.server().ask("GET", &format!("/{}", path.as_str().expect("a path")), None);
        assert_eq!(status, 200);
        let other = "0d0f0a52-6bd0-4bd3-9f4c-1c1ba7a35bb1";
        let text = text.replace(&run.to_string(), other);
        import(page, &text);
        page.wait_for_text(&format!("run-{other}"), "imported");
        page.wait_for_text("runs-count", "3 runs");
        page.click(&format!("open-{other}"));
        page.wait_for_text("kept-line", "Run 0d0f0a52");
        page.click("to-list");
        page.wait_for_text("runs-count", "3 runs");
        page.expect("422");
        import(page, "no run");
        page.wait_for_text("notices", "run.jsonl was not imported");
        page.wait_for_text("notices", "line 1");
    });
}

#[test]
fn two_runs_that_are_ticked_stand_side_by_side() {
    where_runs_are_kept(&[], |page| {
        let run = a_finished_run(page);
        list(page, "2 runs");
        let others: Vec<RunId> = runs(page).into_iter().map(|it| it.run).filter(|it| *it != run).collect();
        page.wait_until_enabled("compare", false);
        page.click(&format!("compare-{run}"));
        page.click(&format!("compare-{}", others[0]));
        page.click("compare");
        page.wait_for_text("comparison", "Messages of an election, median11–");
        page.wait_for_text("comparison", "D elected, term 1: 11 messages");
        page.wait_for("html", "location.hash", |hash| {
            *hash == json!(format!("#history?compare={run},{}", others[0]))
        });
    });
}

#[test]
fn a_viewer_sees_the_runs_and_has_no_button_that_changes_any() {
    where_runs_are_kept(&["--ask-token"], |page| {
        page.expect("favicon.ico");
        let run = a_finished_run(page);
        let viewer = page.server().viewer_link().expect("tokens are asked for");
        page.visit(&viewer);
        page.wait_for_text("watching", "Watching");
        list(page, "2 runs");
        let buttons = "[...document.querySelectorAll('main :is(button, input, a)')].filter(it => it.checkVisibility()).map(it => it.dataset.testid.split('-')[0])";
        page.wait_for("html", &format!("[...new Set({buttons})].sort().join()"), |seen| {
            seen == "compare,open,runs,show"
        });
        page.click(&format!("show-{run}"));
        page.wait_for_text("kept-line", "a kept run");
        page.wait_for_attribute("card-D", "data-state", "stopped");
    });
}

#[test]
fn a_server_that_keeps_nothing_says_so() {
    on_the_page(&[], |page| {
        // The browser reports the refusal of the list.
        page.expect("503");
        page.click("tab-history");
        page.wait_for_text("archive-notice", "--no-history");
        page.wait_for_text("runs-count", "kept runs are not at hand");
    });
}

#[test]
fn a_link_to_a_run_that_is_gone_says_so() {
    where_runs_are_kept(&[], |page| {
        page.expect("404");
        page.script("location.hash = '#history?run=0d0f0a52-6bd0-4bd3-9f4c-1c1ba7a35bb1'", Vec::new());
        page.wait_for_text("opening", "0d0f0a52");
        page.click("to-list");
        page.wait_for_text("runs-count", "1 run");
        page.script("location.hash = '#history?run=7'", Vec::new());
        page.wait_for_text("notices", "run=7: a run has an id, a UUID");
    });
}
