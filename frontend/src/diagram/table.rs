//! The events in view as a table.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use ringleader_shared::export::svg::Scale;
use ringleader_shared::text::describe;
use ringleader_shared::timeline::Position;

use crate::backend::timekeeper::Timekeeper;
use crate::reactive;
use crate::state::Store;
use crate::text;

/// The most rows.
const MOST: usize = 200;

/// The shortest time between two updates.
const REST: Duration = Duration::from_millis(500);

/// The table, which is made while it is open.
#[component]
pub(super) fn Table(
    /// The events that are seen, and the scale.
    seen: Callback<(), ((Position, Position), Scale)>,
) -> impl IntoView {
    let (store, time) = (Store::here(), Timekeeper::here());
    let details = NodeRef::<html::Details>::new();
    let stretch = RwSignal::new(None::<(Position, Position)>);
    let look = move || {
        let is_open = details.get_untracked().is_some_and(|details| details.open());
        let now = is_open.then(|| seen.run(()).0);
        if stretch.get_untracked() != now {
            stretch.set(now);
        }
    };
    if let Ok(interval) = set_interval_with_handle(look, REST) {
        on_cleanup(move || interval.clear());
    }
    let rows = move |(from, to): (Position, Position)| {
        store.playback.timeline.with_value(|timeline| {
            let (first, last) = (timeline.rows_until(from) + 1, timeline.rows_until(to));
            let rows = (first..=last).filter_map(|row| {
                let position = timeline.position_of_row(row)?;
                let event = timeline.event_before(position)?;
                let node = event.node.as_ref().map(ToString::to_string).unwrap_or_default();
                let words = text::line(event, store.simulated)
                    .map_or_else(|| describe(&event.kind), |(_, words)| words);
                Some((position, text::stamp(event.at_us), node, words))
            });
            rows.take(MOST).collect::<Vec<_>>()
        })
    };
    view! {
        <details class="in-view" node_ref=details on:toggle=move |_| look()>
            <summary data-testid="diagram-table">"What is in view, as a table"</summary>
            <div tabindex="0" role="region" aria-label="Events in view">
                <table>
                    <thead><tr><th scope="col">"Time"</th><th scope="col">"Node"</th><th scope="col">"Event"</th></tr></thead>
                    <tbody>
                        {reactive::fragment(move || {
                            let rows = stretch.get().map(rows).unwrap_or_default();
                            rows.into_iter().map(|(position, at, node, words)| view! {
                                <tr>
                                    <td><button class="bare" type="button" on:click=move |_| time.jump(position)>{at}</button></td>
                                    <td>{node}</td>
                                    <td>{words}</td>
                                </tr>
                            }).collect_view()
                        })}
                    </tbody>
                </table>
            </div>
        </details>
    }
}
