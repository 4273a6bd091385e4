//! The election that most tests of the page begin with.

use ringleader_testing::browser::Page;

/// Clicks through to the sample's own state: D leads, C is its deputy.
pub(crate) fn elect(page: &Page) {
    page.click("initiate");
    page.wait_for_attribute("card-D", "data-role", "leader");
    page.wait_for_attribute("card-C", "data-role", "deputy");
    page.wait_for_text("announcer", "D is the leader of term 1, C is the deputy");
}

/// Opens a panel beside the ring, by its tab, unless it is open.
pub(crate) fn open_panel(page: &Page, tab: &str) {
    let script = "return document.querySelector(`[data-testid='${arguments[0]}']`).ariaExpanded";
    if page.script(script, vec![tab.into()]) != "true" {
        page.click(tab);
    }
}
