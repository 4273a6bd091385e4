//! The README's pictures, taken only where RINGLEADER_PICTURES names a folder.
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
