//! The space-time diagram and the answers to *why?*, as a reader uses them in headless Chromium.

use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

use crate::election::{elect, open_panel};
use crate::exports::save;
use crate::sandbox::{in_the_sandbox, play_out};

const CANVAS: &str = "[data-testid='diagram'] canvas";

/// Whether anything in the diagram has this colour of the style sheet.
const HAS_COLOUR: &str = "((name) => {
    const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const style = document.createElement('i');
    style.style.color = `var(${name})`;
    document.body.append(style);
    probe.fillStyle = getComputedStyle(style).color;
    style.remove();
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    probe.canvas.width = it.width;
    probe.canvas.height = it.height;
    probe.drawImage(it, 0, 0);
    const seen = probe.getImageData(0, 0, it.width, it.height).data;
    for (let at = 0; at < seen.length; at += 4) {
        if (Math.abs(seen[at] - r) + Math.abs(seen[at + 1] - g) + Math.abs(seen[at + 2] - b) < 12) return true;
    }
    return false;
})";

fn open(page: &Page) {
    open_panel(page, "show-diagram");
    page.wait_for(CANVAS, "it.width > 0 && it.height > 0", |it| *it == json!(true));
}

#[track_caller]
fn has_colour(page: &Page, name: &str) {
    page.wait_for(CANVAS, &format!("{HAS_COLOUR}('{name}')"), |it| *it == json!(true));
}

/// Sends events of the pointer to a place of the diagram.
fn point(page: &Page, kinds: &[&str], (x, y): (f64, f64)) {
    let script = "const it = document.querySelector(arguments[0]), room = it.getBoundingClientRect();
        for (const kind of arguments[1]) {
            it.dispatchEvent(new PointerEvent(kind, { bubbles: true, pointerId: 1,
                clientX: room.left + arguments[2], clientY: room.top + arguments[3] }));
        }";
    page.script(script, vec![json!(CANVAS), json!(kinds), json!(x), json!(y)]);
}

/// The place at which an event is drawn whose words contain this.
fn place_of(page: &Page, words: &str) -> (f64, f64) {
    let size = page.script(
        "const it = document.querySelector(arguments[0]); return [it.clientWidth, it.clientHeight]",
        vec![json!(CANVAS)],
    );
    let (width, height) = (size[0].as_f64().unwrap(), size[1].as_f64().unwrap());
    let mut seen = Vec::new();
    for lane in 0..4 {
        let x = 66.0 + (width - 66.0) / 4.0 * (f64::from(lane) + 0.5);
        let mut y = height - 4.0;
        while y > 24.0 {
            point(page, &["pointermove"], (x, y));
            let title =
                page.script("return document.querySelector('[data-testid=diagram]').title", Vec::new());
            if title.as_str().is_some_and(|title| title.contains(words)) {
                return (x, y);
            }
            seen.push(title);
            y -= 6.0;
        }
    }
    panic!("there is no event {words:?} under the pointer, only {seen:?}");
}

fn selected(page: &Page, is_right: impl Fn(&str) -> bool) {
    page.wait_for("[data-testid='diagram']", "it.dataset.selected", |it| it.as_str().is_some_and(&is_right));
}

#[test]
fn an_election_is_drawn_and_a_press_on_an_event_goes_to_its_moment_and_lights_its_causes() {
    on_the_page(&[], |page| {
        elect(page);
        open(page);
        for colour in ["--contest", "--leader", "--deputy"] {
            has_colour(page, colour);
        }
        let at = place_of(page, "leader of term 1, deputy C");
        point(page, &["pointerdown", "pointerup"], at);
        page.wait_for_attribute("connection", "data-status", "past");
        selected(page, |event| !event.is_empty());
        page.wait_for_text("diagram-says", "direct cause");
        page.wait_for_text("diagram-says", "direct effect");

        point(page, &["pointerdown", "pointerup"], at);
        page.wait_for_text("diagram-says", "may have led to it");
        page.click("diagram");
        point(page, &["pointerdown", "pointerup"], at);
        page.press(Key::Escape);
        selected(page, str::is_empty);

        page.click("scale-time");
        page.wait_for_attribute("scale-time", "aria-pressed", "true");
        has_colour(page, "--contest");
    });
}

#[test]
fn the_keyboard_goes_from_event_to_event_and_to_the_moment_and_asks_why() {
    on_the_page(&[], |page| {
        elect(page);
        open(page);
        page.script("document.querySelector('[data-testid=diagram]').focus()", Vec::new());
        page.press(Key::Up);
        let says = "[data-testid='diagram-says']";
        let first = page.wait_for(says, "it.textContent", |it| it.as_str().is_some_and(|it| !it.is_empty()));
        page.press(Key::Up);
        let second = page.wait_for(says, "it.textContent", |it| *it != first);
        page.press(Key::Down);
        page.wait_for(says, "it.textContent", |it| *it == first);
        let lane = |words: &Value| words.as_str().and_then(|it| it.chars().next());
        page.press(if lane(&second) == Some('A') { Key::Right } else { Key::Left });
        page.wait_for(says, "it.textContent", |it| lane(it) != lane(&second));
        page.wait_for_attribute("connection", "data-status", "connected");
        page.press(Key::Enter);
        page.wait_for_attribute("connection", "data-status", "past");
        page.press_letter('w');
        page.wait_for_text("why-question", "Why did this happen to");
        page.wait_for("[data-testid='why-step']", "it.textContent", Value::is_string);
    });
}

#[test]
fn each_step_of_a_why_leads_to_its_event_and_the_chain_ends_with_what_the_user_did() {
    on_the_page(&[], |page| {
        open_panel(page, "show-why");
        page.wait_for_text("why-question", "Why does D not lead?");
        open_panel(page, "show-nodes");
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.click("why-D");
        page.wait_for_text("why-question", "Why did D die?");
        page.wait_for_text("why", "the user asked to kill D");
        page.choose("why-about", "C");
        page.wait_for_text("why-question", "Why is C leader?");
        page.wait_for_text("why", "the user asked to kill D");
        page.wait_for_text("why", "There it began: the user did it.");
        page.wait_for_text("why", "later");
        page.choose("why-about", "A");
        page.wait_for_text("why-question", "Why does A not lead?");
        page.wait_for("[data-testid='why-obstacle']", "it.textContent", Value::is_string);

        let step = page.wait_for("[data-testid='why-step']", "it.textContent.trim()", Value::is_string);
        page.click("why-step");
        page.wait_for_attribute("connection", "data-status", "past");
        open_panel(page, "show-log");
        page.wait_for(".merged .here time", "it.textContent", |time| *time == step);
    });
}

#[test]
fn the_sandbox_has_the_same_diagram_and_messages_go_to_the_clipboard_as_well() {
    in_the_sandbox(|page| {
        play_out(page);
        page.click("kill-leader");
        page.wait_for_text("quiet", "nothing more happens");
        open(page);
        has_colour(page, "--leader");
        let at = place_of(page, "deputy of C in term 2");
        page.click("step-back");
        point(page, &["pointerdown", "pointerup"], at);
        selected(page, |event| !event.is_empty());
        page.wait_for_attribute("card-B", "data-role", "deputy");

        page.catch_files();
        let listen =
            "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve() }";
        page.script(listen, Vec::new());
        save(page, "save-mermaid");
        page.wait_for("html", "window.copied", |text| {
            text.as_str().is_some_and(|text| text.starts_with("sequenceDiagram"))
        });
        page.click("diagram-why");
        page.wait_for_text("why", "the user asked to kill D");
    });
}
