//! The parts of the page that are loaded when they are used, in headless Chromium: when they are fetched,
//! and what the reader sees when one can't be had. The page is the static site, whose program is always in
//! chunks.

use std::path::{Path, PathBuf};

use ringleader_testing::browser::files::Files;
use ringleader_testing::browser::{Page, in_a_window};
use serde_json::{Value, json};

use crate::election::open_panel;
use crate::sandbox::{play_out, site};

const DIAGRAM: &str = "split_diagram.wasm";

const CANVAS: &str = "[data-testid='diagram'] canvas";

/// The number of times that the page has asked for a file of this name.
fn fetched(page: &Page, name: &str) -> Value {
    let script =
        "return performance.getEntriesByType('resource').filter(it => it.name.endsWith(arguments[0])).length";
    page.script(script, vec![json!(name)])
}

/// A file of the site's program.
fn file_of_program(site: &Path, name: &str) -> PathBuf {
    let mut folders = std::fs::read_dir(site).unwrap().map(|entry| entry.unwrap().path());
    let program = folders.find(|folder| folder.join(name).is_file());
    program.unwrap_or_else(|| panic!("there is no {name} in {}", site.display())).join(name)
}

fn open_sandbox(page: &Page, host: &Files) {
    page.visit(&host.url);
    page.wait_for_attribute("connection", "data-status", "simulated");
}

#[test]
fn the_diagram_is_fetched_once_when_its_panel_is_opened() {
    let folder = site("fetched");
    let host = Files::serve(&folder, "/page");
    in_a_window(|page| {
        open_sandbox(page, &host);
        play_out(page);
        assert_eq!((fetched(page, DIAGRAM), fetched(page, "split_sandbox.wasm")), (json!(0), json!(1)));
        for unused in ["split_history.wasm", "split_why.wasm", "split_exports.wasm", "split_log.wasm"] {
            assert_eq!(fetched(page, unused), json!(0), "{unused}");
        }
        open_panel(page, "show-diagram");
        page.wait_for(CANVAS, "it.width > 0", |it| *it == json!(true));
        assert_eq!(fetched(page, DIAGRAM), json!(1));
        page.click("show-diagram");
        page.wait_until_gone(CANVAS);
        page.click("show-diagram");
        page.wait_for(CANVAS, "it.width > 0", |it| *it == json!(true));
        assert_eq!(fetched(page, DIAGRAM), json!(1));
    });
    assert_eq!(host.missed(), Vec::<String>::new());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_chunk_that_is_not_there_is_named_with_what_to_do_and_the_rest_goes_on() {
    let folder = site("missed");
    let host = Files::serve(&folder, "/page");
    let chunk = file_of_program(&folder, DIAGRAM);
    let aside = chunk.with_extension("aside");
    std::fs::rename(&chunk, &aside).unwrap();
    in_a_window(|page| {
        page.expect(DIAGRAM);
        open_sandbox(page, &host);
        open_panel(page, "show-diagram");
        page.wait_for_text("not-loaded", "The diagram could not be loaded");
        page.wait_for_text("notices", "The diagram could not be loaded");
        page.wait_for_text("notices", "reload the page");
        play_out(page);
        page.wait_for_attribute("card-D", "data-role", "leader");

        std::fs::rename(&aside, &chunk).unwrap();
        page.click("load-again");
        page.wait_for(CANVAS, "it.width > 0", |it| *it == json!(true));
        page.wait_until_gone("[data-testid='not-loaded']");
    });
    assert_eq!(host.missed().len(), 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_sandbox_that_is_not_there_is_named_and_can_be_tried_again() {
    let folder = site("sandbox");
    let host = Files::serve(&folder, "/page");
    let chunk = file_of_program(&folder, "split_sandbox.wasm");
    let aside = chunk.with_extension("aside");
    std::fs::rename(&chunk, &aside).unwrap();
    in_a_window(|page| {
        page.expect("split_sandbox.wasm");
        page.visit(&host.url);
        page.wait_for_text("not-loaded", "The sandbox could not be loaded");
        std::fs::rename(&aside, &chunk).unwrap();
        page.click("load-again");
        page.wait_for_attribute("connection", "data-status", "simulated");
        play_out(page);
    });
    std::fs::remove_dir_all(folder).unwrap();
}
