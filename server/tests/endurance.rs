//! A page that is open for long: its cost does not grow with the number of events that it has shown.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use ringleader_testing::browser::{Page, on_the_page};
use serde_json::json;

/// Keeps a reference to the page's WebAssembly memory when it is made. Chunks of the program have none of
/// their own.
const TAKE_MEMORY: &str = "for (const name of ['instantiate', 'instantiateStreaming']) {
    const real = WebAssembly[name].bind(WebAssembly);
    WebAssembly[name] = (...given) => real(...given).then((made) => {
        window.wasmMemory ??= (made.instance ?? made).exports.memory;
        return made;
    });
}";

/// The limit of the memory's growth after the first elections, in bytes.
const MOST_GROWTH: u64 = 1 << 20;

/// The elections of a run.
const ELECTIONS: u64 = 100;

/// The runs before the first measurement, and those between one measurement and the next.
const RUNS: (u64, u64) = (5, 45);

/// The most measurements after the first. Memory grows in steps of megabytes, and a busy machine may make one
/// more of them necessary; a leak needs one in each round.
const ROUNDS: u64 = 2;

/// An election of four takes eleven hops, a millisecond each.
const APART: Duration = Duration::from_millis(15);

/// Rows of all logs.
const ROWS: &str =
    "return [...document.querySelectorAll('.lines')].map(it => it.querySelectorAll('.line').length)";

fn wasm_bytes(page: &Page) -> u64 {
    page.script("return window.wasmMemory.buffer.byteLength", Vec::new()).as_u64().expect("a size")
}

/// Shows the end of a run of the sandbox with many elections: their events go into the logs at once.
///
/// In the sandbox, because it waits for neither processes nor frames. Events, logs and everything that
/// shows them are the same.
fn show(page: &Page, seed: u64) {
    let steps = vec![format!("{}us.initiate.A", APART.as_micros()); usize::try_from(ELECTIONS).expect("few")];
    let end = APART * u32::try_from(ELECTIONS + 1).expect("few");
    let link = format!("#sandbox?seed={seed}&do={}&at={}.1000000", steps.join(","), end.as_nanos());
    page.script("location.hash = arguments[0]", vec![json!(link)]);
    page.wait_for("[data-testid='seed']", "it.value", |shown| *shown == json!(seed.to_string()));
    page.wait_for_text("headline", &format!("D leads term {ELECTIONS}"));
    page.wait_for_text("log-D", &format!("term {ELECTIONS}"));
}

#[test]
fn five_thousand_elections_with_open_logs_cost_no_more_memory_than_five_hundred() {
    on_the_page(&[], |page| {
        page.before_each_load(TAKE_MEMORY);
        page.reload();
        page.click("tab-sandbox");
        page.wait_for("html", "document.querySelectorAll('.log.open').length", |open| *open == json!(4));
        let (early, round) = RUNS;
        // The first run of the page has seed 1; another seed gives another ring.
        let mut seeds = 2..;
        let mut memory_after = |runs: u64| {
            (0..runs).for_each(|_| show(page, seeds.next().expect("a seed")));
            wasm_bytes(page)
        };
        let mut sizes = vec![memory_after(early)];
        let is_constant = (0..ROUNDS).any(|_| {
            let before = sizes[sizes.len() - 1];
            sizes.push(memory_after(round));
            sizes[sizes.len() - 1] <= before + MOST_GROWTH
        });
        let (early, round) = (early * ELECTIONS, round * ELECTIONS);
        println!("after {early} elections, and after each {round} more: {sizes:?} bytes");
        assert!(is_constant, "after {early} elections, and after each {round} more: {sizes:?} bytes");
        // The logs were written all the time, and keep the newest rows.
        let rows: Vec<u64> = serde_json::from_value(page.script(ROWS, Vec::new())).expect("numbers");
        assert!(rows.len() == 4 && rows.iter().all(|rows| (32..=500).contains(rows)), "{rows:?}");
    });
}
