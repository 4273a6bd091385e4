//! Which election is held: a list to choose from, and what is to be known of the one that is chosen.

use leptos::prelude::*;
use ringleader_shared::AlgorithmName;
use ringleader_simulator::classic::{Ending, Facts, Winner, facts};

use crate::live;

/// Its name and its year; max-ring has no paper.
fn title(facts: &Facts) -> String {
    if facts.survives_failures { facts.name.to_owned() } else { format!("{} ({})", facts.name, facts.year) }
}

/// What it takes for granted.
fn assumptions(facts: &Facts) -> String {
    let mut text = format!("Messages go {}", facts.direction.words());
    text.push_str(if facts.labels {
        ", members are told apart"
    } else {
        ", members are anonymous: they draw labels"
    });
    text.push_str(if facts.winner == Winner::HighestInitiator { ", only initiators may win" } else { "" });
    if facts.knows_size {
        text.push_str(", their number is known");
    }
    if facts.needs_order {
        text.push_str(", links keep order");
    }
    text.push_str(if facts.survives_failures {
        "; it handles failures itself."
    } else {
        "; its paper assumes that nothing fails: Ringleader adds terms, ring repair and succession."
    });
    text
}

/// What it costs, in messages and in time.
fn costs(facts: &Facts) -> String {
    let announcement = match (facts.survives_failures, facts.ending) {
        (true, _) => "; announcing the leader adds n: at most 3n − 1 with one initiator",
        (false, Ending::EveryoneKnows | Ending::Stabilises) => "",
        (false, Ending::WinnerAnnounces) => "; announcing the leader adds n",
    };
    format!(
        "Messages: {}{announcement}. Time until the winner knows, in message delays one after another: {}.",
        facts.bound.describe(),
        facts.time
    )
}

/// The list.
#[component]
pub(crate) fn AlgorithmPicker(
    /// The one that is held.
    #[prop(into)]
    now: Signal<AlgorithmName>,
    /// Another is chosen.
    #[prop(into)]
    choose: Callback<AlgorithmName>,
) -> impl IntoView {
    let chosen = move |event: web_sys::Event| {
        if let Ok(algorithm) = event_target_value(&event).parse() {
            choose.run(algorithm);
        }
    };
    view! {
        <label>
            "Algorithm"
            <select data-testid="algorithm" on:change=chosen>
                {AlgorithmName::ALL.into_iter().map(|name| view! {
                    <option value=name.key() title=facts(name).variant prop:selected=live::whether(move || now.get() == name)>{title(facts(name))}</option>
                }).collect_view()}
            </select>
        </label>
    }
}

/// How the chosen one works, what it assumes, what it costs and where it is from.
#[component]
pub(crate) fn AlgorithmText(
    /// The one that is held.
    #[prop(into)]
    now: Signal<AlgorithmName>,
) -> impl IntoView {
    let fact = move |said: fn(&Facts) -> String| live::words(move || said(facts(now.get())));
    view! {
        <details class="algorithm-text" data-testid="algorithm-text">
            <summary>{fact(|facts| format!("How {} works", facts.name))}</summary>
            <div>
            <p>{fact(|facts| facts.how.to_owned())}</p>
            <p data-testid="algorithm-variant">{fact(|facts| format!("Variant: {}.", facts.variant))}</p>
            <p>{fact(assumptions)}</p>
            <p>{fact(costs)}</p>
            <p class="source">{fact(|facts| facts.source.to_owned())}</p>
            </div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_title_and_says_what_it_assumes() {
        let titles: Vec<String> = AlgorithmName::ALL.into_iter().map(|name| title(facts(name))).collect();
        assert_eq!(titles[0], "max-ring");
        assert!(titles[2].contains("1979"), "{titles:?}");
        let mut different = titles.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), titles.len(), "variants are told apart: {titles:?}");
        assert!(AlgorithmName::ALL.into_iter().all(|name| !facts(name).variant.is_empty()));
        assert!(
            assumptions(facts(AlgorithmName::ChangRobertsInitiators)).contains("only initiators may win")
        );
        for name in AlgorithmName::ALL {
            let costs = costs(facts(name));
            assert!(costs.contains("at most") || costs.contains("on average"), "{costs}");
            assert!(costs.matches("on average").count() <= 2 && !costs.contains("average: "), "{costs}");
        }
        let anonymous = assumptions(facts(AlgorithmName::ItaiRodeh));
        assert!(anonymous.contains("anonymous") && anonymous.contains("number is known"), "{anonymous}");
    }
}
