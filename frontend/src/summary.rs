//! The cost of the elections: the latest one in detail, the former ones in a line each.

mod charts;
mod cost;

use leptos::prelude::*;
use ringleader_shared::counted;
use ringleader_shared::view::ElectionView;

use self::charts::Charts;
use crate::chunk::{MakeView, chunk};
use crate::components::help::FirstWord;
use crate::reactive;
use crate::state::Store;
use crate::terms;
use crate::text;

chunk! {
    elections,
    /// Loads the summary.
    pub(crate) fn load() -> MakeView { || view! { <Summary/> }.into_any() }
}

/// The summary.
#[component]
fn Summary() -> impl IntoView {
    let store = Store::here();
    let latest = reactive::memo(move || store.view.with(|view| view.elections.front().cloned()));
    let past = reactive::memo(move || {
        store.view.with(|view| view.elections.iter().skip(1).cloned().collect::<Vec<ElectionView>>())
    });
    view! {
        <section class="summary" id="summary" tabindex="0" data-testid="summary" aria-labelledby="summary-heading">
            <h2 id="summary-heading" class="visually-hidden">"Elections"</h2>
            {reactive::fragment(move || match latest.get() {
                Some(election) => view! { <Latest election=election/> }.into_any(),
                None => view! { <FirstWord/> }.into_any(),
            })}
                <Charts/>
                <h3 hidden=reactive::flag(move || past.with(Vec::is_empty))>"Before"</h3>
                <ol class="past" reversed>
                    {reactive::fragment(move || past.get().into_iter().map(|election| view! { <Past election=election/> }).collect_view())}
                </ol>
        </section>
    }
}

#[component]
fn Latest(election: ElectionView) -> impl IntoView {
    let store = Store::here();
    let full_speed = !store.simulated && store.view.with_untracked(|view| view.settings.hop_delay_ms == 0);
    let account = cost::account(&election, full_speed);
    let exact = account.as_ref().is_some_and(|account| account.exact);
    view! {
        <div class="latest">
            <p class="what">
                {cost::heading(&election)} " · term " {election.term.to_string()}
                {election.took_us.is_none().then_some(" · running")}
            </p>
            <p class="outcome" class:running=election.took_us.is_none()>{cost::outcome(&election)}</p>
            <dl class="figures">
                <div title=terms::meaning("messages")><dt>"messages"</dt><dd data-testid="summary-messages">{election.messages}</dd></div>
                <div title=terms::meaning("upkeep")>
                    <dt>"upkeep"</dt><dd data-testid="summary-upkeep">{election.upkeep}</dd>
                </div>
                <div title=terms::meaning("hops")><dt>"hops"</dt><dd data-testid="summary-hops">{election.hops}</dd></div>
                <div title=terms::meaning("first message to settled")>
                    <dt>"first message to settled"</dt>
                    <dd data-testid="summary-time">{election.took_us.map_or_else(|| "…".to_owned(), text::duration)}</dd>
                </div>
                <div class:exact=exact title=terms::meaning("formula")>
                    <dt>"formula"</dt>
                    <dd data-testid="summary-formula">
                        {election.expected.map_or_else(|| "–".to_owned(), |expected| expected.to_string())}
                        {exact.then_some(" ✓")}
                    </dd>
                </div>
            </dl>
            {account.map(|account| view! {
                <p class="against" data-testid="account">{account.sum}</p>
                <p class="comparison">{account.comparison}</p>
            })}
        </div>
    }
}

#[component]
fn Past(election: ElectionView) -> impl IntoView {
    view! {
        <li value=election.term.0.to_string()>
            <span class="what">"Term " {election.term.to_string()} " · " {cost::heading(&election).to_ascii_lowercase()}</span>
            <span class="outcome">{cost::outcome(&election)}</span>
            <span class="cost">
                {counted(election.messages.into(), "message")}
                {(election.upkeep > 0).then(|| format!(" · {} upkeep", election.upkeep))}
                {election.took_us.map(|took| format!(", {}", text::duration(took)))}
            </span>
        </li>
    }
}
