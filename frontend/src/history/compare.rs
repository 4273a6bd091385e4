//! Two runs beside each other.

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::RunId;
use ringleader_shared::api::Problem;

use super::comparison::{self, MOST, Side};
use super::sentences;
use crate::address::HistoryPlace;
use crate::backend::server::runs;
use crate::notice::Notice;
use crate::reactive;

async fn side(run: RunId) -> Result<Side, Problem> {
    Ok(Side { run: runs::find(run).await?, elections: runs::elections(run).await?.elections })
}

/// The comparison.
#[component]
pub(super) fn Comparison(one: RunId, other: RunId) -> impl IntoView {
    let sides = RwSignal::new(None::<Result<[Side; 2], Notice>>);
    spawn_local(async move {
        let both = async { Ok([side(one).await?, side(other).await?]) };
        let found = both.await.map_err(|problem: Problem| problem.into());
        // Something else may be shown by now.
        sides.try_set(Some(found));
    });
    let rows = |rows: Vec<comparison::Row>| {
        rows.into_iter()
            .map(|(label, [one, other])| view! { <tr><th scope="row">{label}</th><td>{one}</td><td>{other}</td></tr> })
            .collect_view()
    };
    view! {
        <section class="comparison" data-testid="comparison" aria-labelledby="comparison-heading">
            <p><a href=format!("#{}", HistoryPlace::WORD) data-testid="to-list">"← All runs"</a></p>
            <h2 id="comparison-heading">"Two runs"</h2>
            {reactive::fragment(move || match sides.get() {
                None => view! { <p role="status">"Asking the server…"</p> }.into_any(),
                Some(Err(Notice { title, detail })) => view! {
                    <p class="archive-notice bad" role="alert"><strong>{title}</strong>" "{detail.unwrap_or_default()}</p>
                }.into_any(),
                Some(Ok(sides)) => {
                    let heads = sides.each_ref().map(|side| {
                        let place = HistoryPlace::Run { run: side.run.run, at: None };
                        view! {
                            <th scope="col">
                                <a href=format!("#{}", place.fragment())>{sentences::title(&side.run)}</a>
                                <span class="count">{sentences::started(&side.run)}</span>
                            </th>
                        }
                    });
                    let most = sides.iter().map(|side| side.elections.len()).max().unwrap_or_default();
                    let note = (most > MOST).then(|| format!("The first {MOST} of {most} are shown."));
                    view! {
                        <div class="comparison-table">
                            <table>
                                <thead><tr><td></td>{heads.into_iter().collect_view()}</tr></thead>
                                <tbody>{rows(comparison::summary(&sides))}</tbody>
                                <tbody class="one-by-one">
                                    <tr><th scope="rowgroup" colspan="3">"Elections, takeovers and searches for a deputy, in their order"</th></tr>
                                    {rows(comparison::elections(&sides))}
                                </tbody>
                            </table>
                        </div>
                        <p class="count">{note}</p>
                    }.into_any()
                }
            })}
        </section>
    }
}
