//! The README's pictures and its film, left only where RINGLEADER_PICTURES names a folder.
//!
//! Renewed by `RINGLEADER_PICTURES=$PWD/docs/pictures cargo xtask test --package ringleader --test
//! pictures`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use ringleader_shared::LinkFault;
use ringleader_testing::browser::on_the_page;
use serde_json::json;

#[test]
fn the_page_is_as_the_readme_shows_it() {
    on_the_page(&[], |page| {
        let theme = |theme: &str| {
            page.script("document.documentElement.dataset.theme = arguments[0]", vec![json!(theme)]);
        };
        page.resize(1366, 768);
        page.wait_for("html", "innerWidth", |width| *width == json!(1366));
        theme("light");
        page.click("initiate");
        page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_until_gone(".marks[data-moves=true]");
        page.picture("elected-light");
        page.click("kill-leader");
        page.wait_for_text("announcer", "C is the leader of term 2, B is the deputy");
        page.wait_for_text("outage-history", "D was killed, then C led");
        page.wait_until_gone(".marks[data-moves=true]");
        theme("dark");
        page.picture("takeover-dark");
        page.server().act("D", "start");
        page.wait_for_attribute("card-D", "data-role", "follower");
        for (from, to) in [("C", "D"), ("D", "C")] {
            page.server().set_link(from, to, &LinkFault::CUT);
        }
        page.wait_for_attribute("relayed-C-D", "data-kind", "relayed");
        theme("light");
        page.click("faults");
        page.wait_for("[data-testid='reach'] td.relayed", "it.textContent", |text| text != "");
        page.picture("relays");
    });
}

/// The largest film that a page of a repository should load, in bytes.
const MOST: usize = 1_500_000;

#[test]
fn a_takeover_of_milliseconds_is_filmed_at_a_thousandth_of_its_speed() {
    on_the_page(&["--hop-delay", "0ms"], |page| {
        page.script("document.documentElement.dataset.theme = 'light'", Vec::new());
        page.click("initiate");
        page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
        page.click("kill-leader");
        page.wait_for_text("announcer", "C is the leader of term 2, B is the deputy");
        page.click("show-why");
        page.wait_for_text("why", "the user asked to kill D");
        let to_kill = "[...document.querySelectorAll('.why li')].find(it => it.textContent.includes('asked to kill D')).querySelector('button').click()";
        page.script(to_kill, Vec::new());
        page.wait_for_attribute("connection", "data-status", "past");
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.choose("speed", "1/1000×");
        page.click("show-diagram");
        page.catch_files();
        page.click("save-as");
        page.click("save-gif");
        // What comes later are links that are made anew.
        let seen = "window.saved['ringleader.gif'] ? 'saved' : it.textContent";
        let seen = page.wait_patiently_for("[data-testid='save-gif']", seen, |seen| {
            seen.as_str().is_some_and(|seen| seen == "saved" || seen.contains(" 11."))
        });
        if seen != "saved" {
            page.click("save-gif");
        }
        let film = page.saved("ringleader.gif");
        let mut decoder = gif::DecodeOptions::new().read_info(&film[..]).expect("a GIF");
        let mut hundredths = 0;
        while let Some(frame) = decoder.read_next_frame().expect("a frame") {
            hundredths += u32::from(frame.delay);
        }
        assert!((200..=2_155).contains(&hundredths), "{hundredths} hundredths of a second");
        assert!(film.len() <= MOST, "{} bytes", film.len());
        if let Some(folder) = std::env::var_os("RINGLEADER_PICTURES") {
            std::fs::write(std::path::Path::new(&folder).join("takeover.gif"), film).expect("a file");
        }
    });
}
