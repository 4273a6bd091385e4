//! The keyboard, narrow windows and the theme.

use ringleader_testing::browser::{Key, Page, on_the_page};
use serde_json::{Value, json};

use crate::election::elect;

#[test]
fn the_keyboard_is_enough_and_the_focus_is_always_seen() {
    on_the_page(&[], |page| {
        tab_to(page, "initiate");
        page.press(Key::Enter);
        page.wait_for_attribute("card-D", "data-role", "leader");
        page.wait_until_enabled("kill-leader", true);
        tab_to(page, "kill-leader");
        page.press(Key::Enter);
        page.wait_for_attribute("card-C", "data-role", "leader");
        page.wait_for_attribute("card-D", "data-state", "stopped");
        tab_to(page, "start-D");
        page.press(Key::Enter);
        page.wait_for_attribute("card-D", "data-role", "follower");
    });
}

#[test]
fn a_narrow_window_has_nothing_to_the_right() {
    on_the_page(&[], |page| {
        page.resize(390, 844);
        page.wait_for("html", "innerWidth", |width| *width == json!(390));
        has_no_horizontal_scroll(page);
        elect(page);
        page.click("kill-leader");
        page.wait_for_attribute("link-C-A", "data-kind", "repaired");
        page.click("add-node");
        page.wait_for("[data-testid='add-name']", "it.value", |value| value == "E");
        page.click("faults");
        page.click("side-A");
        page.click("part");
        page.wait_for_text("faulty", "{A} | {B, C, D}");
        has_no_horizontal_scroll(page);
    });
}

#[test]
fn the_theme_that_the_reader_chose_stays_after_a_reload() {
    on_the_page(&[], |page| {
        let background = "getComputedStyle(document.body).backgroundColor";
        let before = page.wait_for("html", background, Value::is_string);
        page.click("theme");
        let after = page.wait_for("html", background, |colour| *colour != before);
        page.reload();
        page.wait_for("html", background, |colour| *colour == after);
    });
}

/// Presses Tab until this element has the focus. Every element that gets the focus on the way must show
/// it.
fn tab_to(page: &Page, id: &str) {
    let mut passed = Vec::new();
    while page.focused() != id {
        assert!(passed.len() < 100, "Tab never comes to {id}, only to {passed:?}");
        page.press(Key::Tab);
        let shown = page.script(
            "const it = document.activeElement, style = getComputedStyle(it);
            const halo = it.querySelector?.(':scope > .halo');
            return it.matches(':focus-visible') && (halo ? getComputedStyle(halo).stroke !== 'none'
                : style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);",
            Vec::new(),
        );
        passed.push(page.focused());
        assert_eq!(shown, json!(true), "the focus can't be seen on {:?}", page.focused());
    }
}

fn has_no_horizontal_scroll(page: &Page) {
    let wide = page.script(
        "const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
        return [...document.querySelectorAll('body *')]
            .filter(it => it.getBoundingClientRect().right > width + 0.5)
            .map(it => it.outerHTML.slice(0, 120));",
        Vec::new(),
    );
    assert_eq!(wide, json!([]), "wider than the window");
}
