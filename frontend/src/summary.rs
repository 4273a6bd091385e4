//! What the elections cost: the latest at large, the ones before in a line each.

use leptos::prelude::*;
use ringleader_shared::view::ElectionView;

use crate::live;
use crate::store::Store;
use crate::words;

/// The summary.
#[component]
pub(crate) fn Summary() -> impl IntoView {
    let store = Store::here();
    let latest = live::memo(move || store.view.with(|view| view.elections.front().cloned()));
    let past = live::memo(move || {
        store.view.with(|view| view.elections.iter().skip(1).cloned().collect::<Vec<ElectionView>>())
    });
    view! {
        <section class="summary" data-testid="summary" aria-labelledby="summary-heading">
            <h2 id="summary-heading" class="visually-hidden">"Elections"</h2>
            {live::part(move || match latest.get() {
                Some(election) => view! { <Latest election=election/> }.into_any(),
                None => view! { <p class="empty">"No election yet. What it costs will be counted here."</p> }.into_any(),
            })}
                <h3 hidden=live::whether(move || past.with(Vec::is_empty))>"Before"</h3>
                <ol class="past" reversed>
                    {live::part(move || past.get().into_iter().map(|election| view! { <Past election=election/> }).collect_view())}
                </ol>
        </section>
    }
}

#[component]
fn Latest(election: ElectionView) -> impl IntoView {
    let against = words::against_formula(&election);
    let exact = against.as_ref().is_some_and(|(exact, _)| *exact);
    view! {
        <div class="latest">
            <p class="what">
                {words::contest(&election)} " · term " {election.term.to_string()}
                {election.took_us.is_none().then_some(" · running")}
            </p>
            <p class="outcome" class:running=election.took_us.is_none()>{words::outcome(&election)}</p>
            <dl class="figures">
                <div><dt>"messages"</dt><dd data-testid="summary-messages">{election.messages}</dd></div>
                <div title="Standing messages: neighbours tell each other who leads when a link comes up or a message was lost">
                    <dt>"upkeep"</dt><dd data-testid="summary-upkeep">{election.upkeep}</dd>
                </div>
                <div><dt>"hops"</dt><dd data-testid="summary-hops">{election.hops}</dd></div>
                <div>
                    <dt>"time"</dt>
                    <dd data-testid="summary-time">{election.took_us.map_or_else(|| "…".to_owned(), words::duration)}</dd>
                </div>
                <div class:exact=exact>
                    <dt>"formula"</dt>
                    <dd data-testid="summary-formula">
                        {election.expected.map_or_else(|| "–".to_owned(), |expected| expected.to_string())}
                        {exact.then_some(" ✓")}
                    </dd>
                </div>
            </dl>
            <p class="against">{against.map(|(_, text)| text)}</p>
        </div>
    }
}

#[component]
fn Past(election: ElectionView) -> impl IntoView {
    view! {
        <li value=election.term.0.to_string()>
            <span class="what">"Term " {election.term.to_string()} " · " {words::contest(&election).to_ascii_lowercase()}</span>
            <span class="outcome">{words::outcome(&election)}</span>
            <span class="cost">
                {election.messages} " messages"
                {(election.upkeep > 0).then(|| format!(" · {} upkeep", election.upkeep))}
                {election.took_us.map(|took| format!(", {}", words::duration(took)))}
            </span>
        </li>
    }
}
