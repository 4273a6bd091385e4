//! Small charts of the last elections, takeovers and times without a leader.

use leptos::prelude::*;

use crate::backend::timekeeper::Timekeeper;
use crate::maths::ln;
use crate::reactive::{self, rounded};
use crate::state::{Figure, Quantity, Store};
use crate::text;

/// The number of figures in a chart.
const MOST: usize = 60;

/// The height of a chart in its own units; each figure is one unit wide. Whole numbers are fine enough: to
/// write others takes much code.
const HEIGHT: i32 = 240;

/// The height of the smallest bar.
const LEAST: i32 = 20;

/// The charts, each with its heading.
const CHARTS: [(Quantity, &str); 4] = [
    (Quantity::Leaderless, "No leader"),
    (Quantity::Election, "Election"),
    (Quantity::Takeover, "Takeover"),
    (Quantity::Messages, "Messages"),
];

fn words(quantity: Quantity, value: u64) -> String {
    if quantity == Quantity::Messages { value.to_string() } else { text::duration(value) }
}

/// The middle one of some figures, and the largest.
fn median_and_most(figures: &[Figure]) -> Option<(u64, u64)> {
    let mut values: Vec<u64> = figures.iter().map(|figure| figure.value).collect();
    values.sort_unstable();
    Some((*values.get(values.len() / 2)?, *values.last()?))
}

/// The height of a figure's bar: on a logarithmic scale, as times differ by powers of ten.
#[expect(clippy::cast_precision_loss, reason = "a height in a picture")]
fn tall(value: u64, most: u64) -> i32 {
    let size = |value: u64| ln((value + 1) as f64);
    rounded(f64::from(HEIGHT) * size(value) / size(most).max(f64::MIN_POSITIVE)).max(LEAST)
}

/// The outline of all bars as a path.
fn bars(figures: &[Figure], most: u64) -> String {
    let bar = |(place, figure): (usize, &Figure)| {
        let top = HEIGHT - tall(figure.value, most);
        format!("M{place} {HEIGHT} V{top} h0.8 V{HEIGHT} Z")
    };
    figures.iter().enumerate().map(bar).collect()
}

/// The charts. A press on a bar leads to its moment.
#[component]
pub(super) fn Charts() -> impl IntoView {
    let (store, time) = (Store::here(), Timekeeper::here());
    let chart = move |(quantity, heading): (Quantity, &'static str)| {
        let shown = reactive::memo(move || {
            let until_us = time.times().now;
            store.playback.figures.with_value(|figures| figures.last(quantity, until_us, MOST))
        });
        let summary = move || {
            shown.with(|figures| match median_and_most(figures) {
                None => "none yet".to_owned(),
                Some((median, most)) => {
                    format!(
                        "median {}, at most {}, of {}",
                        words(quantity, median),
                        words(quantity, most),
                        figures.len()
                    )
                }
            })
        };
        let path = move || shown.with(|it| bars(it, median_and_most(it).map_or(0, |(_, most)| most)));
        let at = move |event: &web_sys::MouseEvent| {
            let chart: web_sys::Element = event_target(event);
            let width = f64::from(chart.client_width().max(1));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a chart")]
            let place = (f64::from(event.offset_x()) / width * MOST as f64) as usize;
            shown.with_untracked(|figures| figures.get(place).copied())
        };
        let press = move |event: web_sys::MouseEvent| {
            if let Some(figure) = at(&event) {
                time.go(figure.at_us);
            }
        };
        view! {
            <figure class="chart">
                <figcaption><b>{heading}</b>" "<span data-testid=format!("chart-{heading}")>{reactive::text(summary)}</span></figcaption>
                <svg viewBox=format!("0 0 {MOST} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true" on:click=press>
                    <path d=reactive::text(path)></path>
                </svg>
            </figure>
        }
    };
    view! { <div class="charts" title="The last of them; a press leads to the moment">{CHARTS.map(chart).into_iter().collect_view()}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: &[u64]) -> Vec<Figure> {
        let figure = |value: &u64| Figure { at_us: 0, quantity: Quantity::Election, value: *value, term: 1 };
        values.iter().map(figure).collect()
    }

    #[test]
    fn the_middle_and_the_largest_are_named() {
        assert_eq!(median_and_most(&figures(&[5, 900, 7])), Some((7, 900)));
        assert_eq!(median_and_most(&[]), None);
        assert_eq!(
            (words(Quantity::Messages, 11), words(Quantity::Election, 1_500)),
            ("11".to_owned(), "1.50 ms".to_owned())
        );
    }

    #[test]
    fn a_bar_is_as_tall_as_its_figures_logarithm_and_never_nothing() {
        assert_eq!(tall(1_000, 1_000), HEIGHT);
        assert!(tall(0, 1_000) >= LEAST && tall(30, 1_000) < HEIGHT);
        assert_eq!(bars(&figures(&[9, 9]), 9), "M0 240 V0 h0.8 V240 ZM1 240 V0 h0.8 V240 Z");
    }
}
