//! Which election is held: a list to choose from, and what is to be known of the one that is chosen.

use leptos::prelude::*;
use ringleader_shared::AlgorithmName;
use ringleader_simulator::classic::{Facts, facts};

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
    text.push_str(if facts.only_initiators { ", only initiators may win" } else { "" });
    if facts.knows_size {
        text.push_str(", their number is known");
    }
    if facts.needs_order {
        text.push_str(", links keep order");
    }
    text.push_str(if facts.survives_failures {
        "; failures are its own business."
    } else {
        "; its paper knows no failures: terms, ring repair and succession are laid around it."
    });
    text
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
            <p>{fact(|facts| facts.how.to_owned())}</p>
            <p data-testid="algorithm-variant">{fact(|facts| format!("Variant: {}.", facts.variant))}</p>
            <p>{fact(assumptions)}</p>
            <p>
                {fact(|facts| {
                    let how_sure = if facts.bound.worst_case { "at most" } else { "on average" };
                    format!("Messages, {how_sure}: {}. Time: {}.", facts.bound.words, facts.time)
                })}
            </p>
            <p class="source">{fact(|facts| facts.source.to_owned())}</p>
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
        let anonymous = assumptions(facts(AlgorithmName::ItaiRodeh));
        assert!(anonymous.contains("anonymous") && anonymous.contains("number is known"), "{anonymous}");
    }
}
