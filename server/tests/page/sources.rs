//! The three rings that a page shows, brought to the same point: an election, then a takeover. What people do
//! with time, diagram, log and files is the same on all of them.

use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

use crate::election::{elect, open_panel};
use crate::exports::save;
use crate::history::{a_finished_run, list, where_runs_are_kept};
use crate::sandbox::{in_the_sandbox, play_out};

/// A ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Live,
    Kept,
    Sandbox,
}

pub(crate) const SOURCES: [Source; 3] = [Source::Live, Source::Kept, Source::Sandbox];

/// Shows the past of a ring in which D was elected, then killed, and C took over: its last moment.
#[track_caller]
pub(crate) fn in_the_past_of(source: Source, act: impl FnOnce(&mut Page)) {
    match source {
        Source::Live => on_the_page(&["--hop-delay", "0ms"], |page| {
            elect(page);
            page.click("kill-leader");
            page.wait_for_attribute("card-C", "data-role", "leader");
            page.wait_for_attribute("card-B", "data-role", "deputy");
            page.script("document.activeElement?.blur()", Vec::new());
            page.press(Key::Left);
            page.wait_for_attribute("connection", "data-status", "past");
            act(page);
        }),
        Source::Kept => where_runs_are_kept(&["--hop-delay", "0ms"], |page| {
            let run = a_finished_run(page);
            list(page, "2 runs");
            page.click(&format!("show-{run}"));
            page.wait_for_text("kept-line", "a kept run");
            until_c_leads(page);
            act(page);
        }),
        Source::Sandbox => in_the_sandbox(|page| {
            play_out(page);
            page.click("kill-leader");
            page.wait_for_attribute("card-B", "data-role", "deputy");
            page.wait_for_text("quiet", "nothing more happens");
            page.choose("speed", "5");
            act(page);
        }),
    }
}

/// Goes on from mark to mark until C leads.
fn until_c_leads(page: &Page) {
    page.script("document.activeElement?.blur()", Vec::new());
    for _ in 0..40 {
        if page.text("headline").contains("C leads term 2 · deputy B") {
            return;
        }
        page.press(Key::Right);
        page.press_letter(']');
    }
    panic!("C never leads");
}

/// Moves the scrubber to a share of the bar, as the pointer does.
fn scrub(page: &Page, share: f64) {
    let script = "const it = document.querySelector('[data-testid=scrubber]');
        it.value = Math.round(arguments[0] * it.max); it.dispatchEvent(new Event('input', { bubbles: true }))";
    page.script(script, vec![json!(share)]);
}

fn time(page: &Page) -> String {
    page.text("time")
}

#[test]
fn time_is_scrubbed_alike_on_all_three() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            let last = time(page);
            scrub(page, 0.0);
            page.wait_for("[data-testid='time']", "it.textContent", |now| *now != json!(last));
            page.wait_for_attribute(
                "card-C",
                "data-role",
                if source == Source::Sandbox { "follower" } else { "none" },
            );
            let first = time(page);
            scrub(page, 0.5);
            page.wait_for("[data-testid='time']", "it.textContent", |now| *now != json!(first));
            page.wait_for("[data-testid='scrubber']", "it.getAttribute('aria-valuetext')", |text| {
                text.as_str().is_some_and(|text| text.contains(", "))
            });
        });
    }
}

#[test]
fn a_line_of_the_log_is_found_by_words_and_node_and_leads_to_its_moment_on_all_three() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-log");
            page.type_over("log-filter", "my own value");
            page.wait_for_text("log-count", "1 line");
            page.choose("log-node", "A");
            page.wait_for_text("log-count", "0 lines");
            page.choose("log-node", "D");
            page.wait_for_text("log-count", "1 line");
            page.wait_for("[data-testid='log'] p", "it.textContent", |line| {
                line.as_str().is_some_and(|line| line.contains("my own value (120) came back"))
            });
            page.script("document.querySelector(\"[data-testid='log'] p\").click()", Vec::new());
            // Events of a simulated ring that are reported together have one moment, after the last of them.
            let row = if source == Source::Sandbox { "p:not(.later)" } else { "p.here" };
            page.wait_for(&format!("[data-testid='log'] {row}"), "it.textContent", Value::is_string);
            page.wait_for_attribute("card-D", "data-state", "running");
        });
    }
}

#[test]
fn why_is_answered_and_each_step_leads_to_its_moment_on_all_three() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-why");
            page.wait_for_text("why-question", "Why does C lead?");
            page.wait_for_text("why", "the user asked to kill D");
            page.choose("why-about", "A");
            page.wait_for_text("why-question", "Why does A not lead?");
            let at = page.wait_for("[data-testid='why-step']", "it.dataset.position", Value::is_string);
            let entries = page.script("return history.length", Vec::new());
            page.click("why-step");
            page.wait_for("html", "history.length", |now| now.as_u64() > entries.as_u64());
            let at = at.as_str().expect("a number").to_owned();
            page.wait_for("html", "location.hash.split('&').find(it => it.includes('at='))", |now| {
                let number = now.as_str().and_then(|now| now.rsplit(['=', '.']).next()?.parse::<u64>().ok());
                number >= at.parse().ok() && number.is_some()
            });
        });
    }
}

#[test]
fn an_event_of_the_diagram_is_chosen_and_its_moment_shown_on_all_three() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-diagram");
            page.wait_for("[data-testid='diagram'] canvas", "it.width > 0", |it| *it == json!(true));
            page.script("document.querySelector('[data-testid=diagram]').focus()", Vec::new());
            let says = "[data-testid='diagram-says']";
            page.press(Key::Up);
            page.wait_for(says, "it.textContent", |it| it.as_str().is_some_and(|it| !it.is_empty()));
            for _ in 0..12 {
                page.press(Key::Up);
            }
            page.press(Key::Enter);
            let chosen =
                page.wait_for("[data-testid='diagram']", "it.dataset.selected", |event| *event != json!(""));
            page.wait_for_text("diagram-says", "direct cause");
            let event = chosen.as_str().expect("a number");
            let ends = [format!("at={event}"), format!(".{event}")];
            page.wait_for("html", "location.hash.split('&').find(it => it.includes('at='))", |at| {
                at.as_str().is_some_and(|at| ends.iter().any(|end| at.ends_with(end)))
            });
            page.wait_for("html", "location.hash", |hash| {
                hash.as_str().is_some_and(|hash| hash.ends_with(&format!("&event={event}")))
            });
        });
    }
}

#[test]
fn what_is_in_view_is_saved_for_other_tools_on_all_three() {
    for source in SOURCES {
        in_the_past_of(source, |page| {
            open_panel(page, "show-diagram");
            page.catch_files();
            page.script("navigator.clipboard.writeText = () => Promise.resolve()", Vec::new());
            for (id, file, begins) in [
                ("save-svg", "ringleader.svg", "<svg"),
                ("save-mermaid", "ringleader.mmd", "sequenceDiagram"),
                ("save-shiviz", "ringleader-shiviz.log", ""),
                ("save-elections", "ringleader-elections.csv", "run,term,cause"),
                ("save-perfetto", "ringleader.pftrace", "\n"),
            ] {
                save(page, id);
                let content = page.saved(file);
                assert!(content.starts_with(begins.as_bytes()) && content.len() > 100, "{source:?}: {file}");
            }
        });
    }
}
