//! The time without a leader, and a torn ring, as a reader sees them in headless Chromium.

use ringleader_testing::browser::{Page, on_the_page};
use serde_json::json;

fn elect(page: &Page) {
    page.click("initiate");
    page.wait_for_attribute("card-D", "data-role", "leader");
    page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
}

#[test]
fn how_long_there_was_no_leader_stands_above_the_ring_and_runs_while_nobody_leads() {
    on_the_page(&["--hung-after", "500ms"], |page| {
        page.wait_for_text("outage", "No leader has been lost yet");
        elect(page);
        page.click("pause-D");
        page.wait_for_text("outage-history", "D hung, then C led");
        let outage = page.server().ring().leaderless.past[0].clone();
        let total = outage.took.unwrap().total_us;
        assert!(total > 400_000, "{outage:?}");
        page.wait_for_text("outage-total", &format!("No leader for {}", words(total)));
        page.wait_for_text("outage-parts", "noticing");
        page.wait_for("[data-testid='outage']", "it.classList.contains('running')", |runs| {
            *runs == json!(false)
        });

        // With a quorum two of four have none: the time runs, and is red.
        page.click("quorum");
        page.wait_for_text("announcer", "is the leader of term 3");
        page.server().act("C", "kill");
        page.wait_for("[data-testid='outage']", "it.classList.contains('running')", |runs| {
            *runs == json!(true)
        });
        let seconds = |text: &serde_json::Value| {
            let number = text.as_str().unwrap_or_default().strip_prefix("No leader for ").map(str::to_owned);
            number.and_then(|text| text.strip_suffix(" s").and_then(|text| text.parse::<f64>().ok()))
        };
        let total = "[data-testid='outage-total']";
        page.wait_for(total, "it.textContent", |text| seconds(text).is_some_and(|seconds| seconds > 1.0));
        page.wait_for(total, "it.textContent", |text| seconds(text).is_some_and(|seconds| seconds > 1.5));
        page.wait_for(total, "getComputedStyle(it).color !== getComputedStyle(document.body).color", |red| {
            *red == json!(true)
        });
        // A page that is opened meanwhile shows the duration as well.
        page.reload();
        page.wait_for(total, "it.textContent", |text| seconds(text).is_some_and(|seconds| seconds > 1.5));
        page.click("start-C");
        page.wait_for("[data-testid='outage']", "it.classList.contains('running')", |runs| {
            *runs == json!(false)
        });
    });
}

/// As the page writes a time between 0.1 and 60 s.
fn words(us: u64) -> String {
    if us < 1_000_000 {
        format!("{} ms", us / 1_000)
    } else {
        format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000)
    }
}

#[test]
fn a_ring_torn_into_halves_is_shown_as_its_sides_and_says_that_no_majority_can_be_reached() {
    on_the_page(&["--safety", "quorum", "--hung-after", "500ms"], |page| {
        elect(page);
        page.click("faults");
        page.click("side-A");
        page.click("side-B");
        page.click("part");
        page.wait_for_text("faulty", "{A, B} | {C, D}");
        assert!(!page.text("faulty").contains('→'), "{}", page.text("faulty"));
        page.wait_for("svg.drawing", "it.querySelectorAll('path.side').length", |bands| *bands == json!(2));
        page.wait_for_text("headline", "No majority can be reached: parts of 2 and 2, a leader needs 3");
        page.wait_for_attribute("link-B-C", "data-kind", "cut");
        page.click("heal-all");
        page.wait_for_text("announcer", "is the leader of term");
        page.wait_for("svg.drawing", "it.querySelectorAll('path.side').length", |bands| *bands == json!(0));
    });
}
