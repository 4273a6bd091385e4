//! Benchmark of the sandbox's frames in headless Chromium: the time from frame to frame, and the page's
//! own script in each. All members initiate Chang and Roberts's election at once, in rings of three
//! sizes. Then the frames of the diagram while it is moved and zoomed, with 64 lanes and 20,000 messages, and
//! those of the log of all nodes while it is scrolled, with 100,000 lines.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use ringleader_testing::browser::Page;
use ringleader_testing::browser::files::Files;
use serde_json::{Value, json};

/// The number of frames that are measured.
const FRAMES: usize = 600;

/// Records the time of each frame, and the duration of the page's own work in it, with everything that
/// follows before the browser continues.
const PROBE: &str = "window.frames = []; window.scripts = [];
    const real = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (act) => real((time) => {
        const begin = performance.now();
        act(time);
        let rounds = 0;
        const end = () => rounds++ < 30 ? queueMicrotask(end) : window.scripts.push(performance.now() - begin);
        queueMicrotask(end);
    });
    let last = performance.now();
    const frame = () => {
        const now = performance.now();
        window.frames.push(now - last);
        last = now;
        real(frame);
    };
    real(frame);";

/// Moves and zooms the diagram in each frame, and records the duration of the page's own work: that of the
/// event and that of the frame that follows.
const TURN: &str = "window.scripts = [];
    const it = document.querySelector('[data-testid=diagram] canvas');
    const room = it.getBoundingClientRect();
    const at = { bubbles: true, cancelable: true, pointerId: 1,
        clientX: room.left + room.width / 2, clientY: room.top + room.height / 2 };
    const frames = arguments[0], real = window.realFrame ??= window.requestAnimationFrame.bind(window);
    let handled = 0, turn = 0;
    window.requestAnimationFrame = (act) => real((time) => {
        const begin = performance.now();
        act(time);
        let rounds = 0;
        const end = () => rounds++ < 30 ? queueMicrotask(end) : window.scripts.push(performance.now() - begin + handled);
        queueMicrotask(end);
    });
    const next = () => {
        const begin = performance.now(), up = turn % 20 < 10;
        if (turn % 2) {
            it.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY: up ? -24 : 24 }));
        } else {
            it.dispatchEvent(new PointerEvent('pointerdown', at));
            it.dispatchEvent(new PointerEvent('pointermove', { ...at, clientY: at.clientY + (up ? 9 : -9) }));
            it.dispatchEvent(new PointerEvent('pointerup', { ...at, clientY: at.clientY + (up ? 9 : -9) }));
        }
        handled = performance.now() - begin;
        turn += 1;
        if (turn < frames) soon();
    };
    // Before the next frame, as a browser does it with the pointer: what is drawn for it comes in that frame.
    const soon = () => real(() => setTimeout(next));
    soon();";

/// Scrolls the log in each frame, far and near by turns, and records the duration of the page's own work:
/// that of the event and that of what follows it.
const SCROLL: &str = "window.scripts = [];
    const it = document.querySelector('[data-testid=log]');
    const frames = arguments[0], real = window.realFrame ??= window.requestAnimationFrame.bind(window);
    let turn = 0;
    const next = () => {
        const room = it.scrollHeight - it.clientHeight;
        const to = turn % 2 ? it.scrollTop + 400 : (turn * 7919 % 1000) / 1000 * room;
        const begin = performance.now();
        it.scrollTop = to;
        it.dispatchEvent(new Event('scroll'));
        let rounds = 0;
        const end = () => rounds++ < 30 ? queueMicrotask(end) : window.scripts.push(performance.now() - begin);
        queueMicrotask(end);
        turn += 1;
        if (turn < frames) real(next);
    };
    real(next);";

fn wait_until_quiet(page: &Page) {
    page.wait_patiently_for("[data-testid='quiet']", "it.textContent", |words| {
        words.as_str().is_some_and(|words| words.contains("nothing more"))
    });
}

/// The number of lines in the log of all nodes, which is open, messages among them.
fn lines(page: &Page) -> u64 {
    page.choose("log-kinds", "messages");
    let text = page.wait_patiently_for("[data-testid='log-count']", "it.textContent", |text| {
        text.as_str().is_some_and(|text| !text.contains("so far"))
    });
    let digits = text.as_str().unwrap_or_default().chars().filter(char::is_ascii_digit).collect::<String>();
    digits.parse().expect("a number")
}

/// Measures the log of all nodes, of the run that the diagram showed, after more elections.
fn log(page: &Page) {
    page.click("to-end");
    // A ring in which nothing more happens goes on by itself when an election is asked for.
    page.click("play");
    wait_until_quiet(page);
    page.click("show-log");
    for _ in 0..20 {
        if lines(page) >= 100_000 {
            break;
        }
        page.click("initiate-all");
        wait_until_quiet(page);
    }
    let count = lines(page);
    assert!(count >= 100_000, "{count} lines");
    page.script(SCROLL, vec![json!(FRAMES)]);
    page.wait_patiently_for("html", "window.scripts.length", |count| {
        count.as_u64() >= Some(FRAMES as u64 - 10)
    });
    let scripts = sorted(&page.script("return window.scripts", Vec::new()));
    println!(
        "{:>11} lines {:>8.1} {:>8.1} {:>8.1}",
        count,
        at(&scripts, 50),
        at(&scripts, 95),
        at(&scripts, 100)
    );
}

/// Measures the diagram of 64 lanes and 20,000 messages: all of it, and zoomed in.
fn diagram(page: &Page, host: &Files) {
    page.visit("about:blank");
    page.visit(&format!(
        "{}#sandbox?algorithm=lelann&nodes=64&order=random&links=uniform&seed=1&start=all&hop=10",
        host.url
    ));
    page.wait_for("#nodes-heading", "it.textContent", |words| *words == json!("Nodes 64"));
    page.resize(1366, 900);
    // At the highest speed the page would not keep all events.
    page.choose("speed", "5");
    page.click("play");
    for _ in 0..5 {
        wait_until_quiet(page);
        page.click("initiate-all");
    }
    wait_until_quiet(page);
    page.click("show-log");
    let count = lines(page);
    assert!(count >= 40_000, "each of 20,000 messages is sent and received: {count} lines");
    page.click("show-diagram");
    page.click("scale-time");
    for (name, button) in [("all in view", "diagram-out"), ("zoomed in", "diagram-in")] {
        // It is zoomed in where there are most messages: at the beginning of an election.
        if button == "diagram-in" {
            page.click("to-begin");
        }
        for _ in 0..(if button == "diagram-out" { 20 } else { 7 }) {
            page.click(button);
        }
        page.script(TURN, vec![json!(FRAMES)]);
        page.wait_patiently_for("html", "window.scripts.length", |count| {
            count.as_u64() >= Some(FRAMES as u64 - 10)
        });
        let scripts = sorted(&page.script("return window.scripts", Vec::new()));
        println!("{name:>17} {:>8.1} {:>8.1} {:>8.1}", at(&scripts, 50), at(&scripts, 95), at(&scripts, 100));
    }
}

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let folder = PathBuf::from(folder.unwrap_or_else(|| "../target/site".to_owned()));
    assert!(
        folder.join("index.html").is_file(),
        "{} is no site: `cargo xtask bench sandbox` writes one",
        folder.display()
    );
    let host = Files::serve(&folder, "/sandbox");
    println!(
        "Chang–Roberts, everybody initiates, random order, uniform latencies, 100 ms a hop; {FRAMES} frames; milliseconds"
    );
    println!(
        "{:>6} {:>10} {:>8} {:>8} {:>8}   {:>8} {:>8} {:>8}",
        "nodes", "messages", "frame", "95 %", "worst", "script", "95 %", "worst"
    );
    let page = Page::without_server();
    for nodes in [64, 256, 1000] {
        page.visit("about:blank");
        page.visit(&format!(
            "{}#sandbox?algorithm=chang-roberts&nodes={nodes}&order=random&links=uniform&seed=1&start=all&hop=100",
            host.url
        ));
        page.wait_for("#nodes-heading", "it.textContent", |words| *words == json!(format!("Nodes {nodes}")));
        page.script(PROBE, Vec::new());
        page.click("play");
        page.wait_for("html", "window.scripts.length", |count| count.as_u64() >= Some(FRAMES as u64));
        page.click("play");
        // The panel is closed in a window of this size.
        page.click("show-elections");
        page.wait_for("[data-testid='summary-messages']", "it.textContent", Value::is_string);
        let messages = page.text("summary-messages");
        let [frames, scripts] = ["frames", "scripts"]
            .map(|name| sorted(&page.script(&format!("return window.{name}"), Vec::new())));
        println!(
            "{nodes:>6} {messages:>10} {:>8.1} {:>8.1} {:>8.1}   {:>8.1} {:>8.1} {:>8.1}",
            at(&frames, 50),
            at(&frames, 95),
            at(&frames, 100),
            at(&scripts, 50),
            at(&scripts, 95),
            at(&scripts, 100)
        );
    }
    println!("The diagram, moved and zoomed in each frame; {FRAMES} frames; milliseconds of script");
    println!("{:>17} {:>8} {:>8} {:>8}", "", "script", "95 %", "worst");
    diagram(&page, &host);
    println!("The log of all nodes, scrolled in each frame; {FRAMES} frames; milliseconds of script");
    println!("{:>17} {:>8} {:>8} {:>8}", "", "script", "95 %", "worst");
    log(&page);
}

fn sorted(times: &Value) -> Vec<f64> {
    let mut times: Vec<f64> = times.as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100]
}
