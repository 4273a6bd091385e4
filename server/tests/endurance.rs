//! A page that is open for long: what it costs does not grow with what it has seen.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod support;

#[path = "support/browser.rs"]
mod browser;

use std::time::Instant;

use browser::{Page, on_the_page};
use ringleader_shared::bus::BusFrame;
use ringleader_shared::{EventKind, Term};
use serde_json::json;
use support::{Bus, PATIENCE};

/// Takes hold of the page's WebAssembly memory when it is made.
const TAKE_MEMORY: &str = "for (const name of ['instantiate', 'instantiateStreaming']) {
    const real = WebAssembly[name].bind(WebAssembly);
    WebAssembly[name] = (...given) => real(...given).then((made) => {
        window.wasmMemory = (made.instance ?? made).exports.memory;
        return made;
    });
}";

/// So much may the memory grow after the first elections, in bytes.
const MOST_GROWTH: u64 = 1 << 20;

/// After so many elections the page has to show the last one.
const BEHIND: u64 = 100;

/// Waits on the bus until the election of this term is over.
fn wait_until_over(bus: &mut Bus, wanted: Term) {
    let deadline = Instant::now() + PATIENCE;
    while let Some(frame) = bus.next_frame(deadline) {
        if let BusFrame::Event { event } = frame
            && let EventKind::Completed { term, .. } = &event.kind
            && *term >= wanted
        {
            return;
        }
    }
    panic!("term {wanted} never ended");
}

/// Holds elections after the one of the term `after`, up to the term `last`, one after the other. The page shows the last one at
/// the end.
fn elect(page: &Page, after: u64, last: u64) {
    for begin in (after..last).step_by(BEHIND as usize) {
        let end = last.min(begin + BEHIND);
        // A subscriber that reads nothing while the page is waited for would be dropped.
        let mut bus = page.server().subscribe(Some(page.server().ring().seq));
        for term in begin + 1..=end {
            page.server().initiate("A");
            wait_until_over(&mut bus, Term(term));
        }
        page.wait_for(".centre .term", "it.textContent", |words| *words == json!(format!("TERM {end}")));
    }
}

fn wasm_bytes(page: &Page) -> u64 {
    page.script("return window.wasmMemory.buffer.byteLength", Vec::new()).as_u64().expect("a size")
}

#[test]
fn five_thousand_elections_with_open_logs_cost_no_more_memory_than_five_hundred() {
    on_the_page(&[], |page| {
        page.before_each_load(TAKE_MEMORY);
        page.reload();
        page.wait_for("html", "document.querySelectorAll('.log.open').length", |open| *open == json!(4));
        page.script(
            "document.querySelectorAll('.log input[type=checkbox]').forEach(it => it.click())",
            Vec::new(),
        );
        elect(page, 0, 500);
        let first = wasm_bytes(page);
        elect(page, 500, 5_000);
        let last = wasm_bytes(page);
        assert!(last <= first + MOST_GROWTH, "{first} bytes after 500 elections, {last} after 5,000");
        // The logs were written all the time, and keep what is newest.
        let rows =
            "return [...document.querySelectorAll('.lines')].map(it => it.querySelectorAll('.line').length)";
        let rows: Vec<u64> = serde_json::from_value(page.script(rows, Vec::new())).expect("numbers");
        assert!(rows.len() == 4 && rows.iter().all(|rows| (50..=500).contains(rows)), "{rows:?}");
        page.wait_for_text("log-D", "term 5000");
    });
}
