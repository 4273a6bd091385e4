//! The choice of the algorithm: a list, and the properties of the chosen one.

use leptos::prelude::*;
use ringleader_shared::AlgorithmName;
use ringleader_simulator::classic::{Ending, Properties, Winner, properties};

use crate::reactive;

/// The name of an algorithm with its year; max-ring has no paper.
fn title(properties: &Properties) -> String {
    if properties.survives_failures {
        properties.name.to_owned()
    } else {
        format!("{} ({})", properties.name, properties.year)
    }
}

/// The assumptions of an algorithm.
fn assumptions(properties: &Properties) -> String {
    let mut text = format!("Messages go {}", properties.ring_kind.describe());
    text.push_str(if properties.labels {
        ", members have labels"
    } else {
        ", members are anonymous: they draw labels"
    });
    text.push_str(if properties.winner == Winner::HighestInitiator {
        ", only initiators may win"
    } else {
        ""
    });
    if properties.knows_size {
        text.push_str(", their number is known");
    }
    if properties.needs_order {
        text.push_str(", links keep order");
    }
    text.push_str(if properties.survives_failures {
        "; it handles failures itself."
    } else {
        "; its paper assumes that nothing fails: Ringleader adds terms, ring repair and succession."
    });
    text
}

/// The cost of an algorithm, in messages and in time.
fn costs(properties: &Properties) -> String {
    let announcement = match (properties.survives_failures, properties.ending) {
        (true, _) => "; announcing the leader adds n: at most 3n − 1 with one initiator",
        (false, Ending::EveryoneKnows | Ending::Stabilises) => "",
        (false, Ending::WinnerAnnounces) => "; announcing the leader adds n",
    };
    format!(
        "Messages: {}{announcement}. Time until the winner knows, in message delays one after another: {}.",
        properties.bound.describe(),
        properties.time
    )
}

/// The list.
#[component]
pub(crate) fn AlgorithmPicker(
    /// The present algorithm.
    #[prop(into)]
    now: Signal<AlgorithmName>,
    /// Called with the algorithm that is chosen.
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
            <span class="word">"Algorithm"</span>
            <select data-testid="algorithm" on:change=chosen>
                {AlgorithmName::ALL.into_iter().map(|name| view! {
                    <option value=name.key() title=properties(name).variant prop:selected=reactive::flag(move || now.get() == name)>{title(properties(name))}</option>
                }).collect_view()}
            </select>
        </label>
    }
}

/// The properties of the chosen algorithm: its rules, assumptions, costs and source.
#[component]
pub(crate) fn AlgorithmText(
    /// The present algorithm.
    #[prop(into)]
    now: Signal<AlgorithmName>,
) -> impl IntoView {
    let fact = move |said: fn(&Properties) -> String| reactive::text(move || said(properties(now.get())));
    view! {
        <details class="algorithm-text" data-testid="algorithm-text">
            <summary>"How it works"</summary>
            <div>
            <p>{fact(|properties| properties.how.to_owned())}</p>
            <p data-testid="algorithm-variant">{fact(|properties| format!("Variant: {}.", properties.variant))}</p>
            <p>{fact(assumptions)}</p>
            <p>{fact(costs)}</p>
            <p class="source">{fact(|properties| properties.source.to_owned())}</p>
            </div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_title_and_says_what_it_assumes() {
        let titles: Vec<String> =
            AlgorithmName::ALL.into_iter().map(|name| title(properties(name))).collect();
        assert_eq!(titles[0], "max-ring");
        assert!(titles[2].contains("1979"), "{titles:?}");
        let mut different = titles.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), titles.len(), "titles differ: {titles:?}");
        assert!(AlgorithmName::ALL.into_iter().all(|name| !properties(name).variant.is_empty()));
        assert!(
            assumptions(properties(AlgorithmName::ChangRobertsInitiators))
                .contains("only initiators may win")
        );
        for name in AlgorithmName::ALL {
            let costs = costs(properties(name));
            assert!(costs.contains("at most") || costs.contains("on average"), "{costs}");
            assert!(costs.matches("on average").count() <= 2 && !costs.contains("average: "), "{costs}");
        }
        let anonymous = assumptions(properties(AlgorithmName::ItaiRodeh));
        assert!(anonymous.contains("anonymous") && anonymous.contains("number is known"), "{anonymous}");
    }
}
