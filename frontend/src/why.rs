//! The answer to *why?*: the chain of events that made something so, each with a link to its moment.

use leptos::prelude::*;
use ringleader_shared::timeline::{Position, Timeline};
use ringleader_shared::why::{Answer, Chain, Ending, Obstacle, Subject, why};
use ringleader_shared::{NodeName, RingView};

use crate::backend::timekeeper::Timekeeper;
use crate::chunk::{MakeView, chunk};
use crate::reactive;
use crate::state::{Question, Store, about_leader, about_node};
use crate::text;

/// A question as a sentence.
fn question(subject: &Subject, view: &RingView, timeline: &Timeline) -> String {
    match subject {
        Subject::Leader => match view.leading() {
            Some(leader) => format!("Why does {} lead?", leader.name),
            None => "Why does nobody lead?".to_owned(),
        },
        Subject::Role(node) => match view.node(node).and_then(|node| node.role) {
            Some(role) => format!("Why is {node} {role}?"),
            None => format!("Why has {node} no role?"),
        },
        Subject::NotLeading(node) => format!("Why does {node} not lead?"),
        Subject::Death(node) => format!("Why did {node} die?"),
        Subject::Message(id) => format!("Why did {} send this message?", id.from),
        Subject::Event(position) => {
            let event = timeline.event_before(*position);
            let node = event.and_then(|event| event.node.as_ref());
            match node {
                Some(node) => format!("Why did this happen to {node}?"),
                None => "Why did this happen?".to_owned(),
            }
        }
    }
}

/// The reason for which a node does not lead, in words.
fn obstacle(obstacle: Obstacle, node: &NodeName) -> String {
    match obstacle {
        Obstacle::Dead => format!("{node} does not run."),
        Obstacle::Hung => format!("{node} hangs."),
        Obstacle::Ineligible => format!("{node} may not lead."),
        Obstacle::Outside => format!("{node} is outside of the ring, and raises no term."),
        Obstacle::SawBetter => format!("{node} has met a better one."),
        Obstacle::Follows => format!("{node} has heard of a leader, and follows it."),
        Obstacle::Waits => format!("{node} has heard of no leader, or has no majority behind itself."),
    }
}

/// The end of a chain, in words.
const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Action => "There it began: the user did it.",
        Ending::Fault => "There it began: something failed.",
        Ending::Beginning => "There it began: with the run.",
        Ending::Forgotten => "What led to that is not kept any more.",
    }
}

/// A step, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StepShown {
    position: Position,
    at: String,
    words: String,
}

/// An answer, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    question: String,
    asked: String,
    obstacle: Option<String>,
    /// The chains, each with its end.
    chains: Vec<(Vec<StepShown>, &'static str)>,
}

fn chain(chain: &Chain<'_>) -> (Vec<StepShown>, &'static str) {
    let steps = chain.steps().iter().map(|step| StepShown {
        position: step.position(),
        at: text::stamp(step.event().at_us),
        words: step.to_string(),
    });
    (steps.collect(), ending(chain.ending()))
}

impl Shown {
    fn of(asked: &Question, timeline: &Timeline, answer: Option<&Answer<'_>>) -> Self {
        let view = asked.moment.view();
        let said = match (&asked.subject, answer.and_then(Answer::obstacle)) {
            (Subject::NotLeading(node), Some(found)) => Some(obstacle(found, node)),
            _ => None,
        };
        Self {
            question: question(&asked.subject, view, timeline),
            asked: text::stamp(timeline.time_at(asked.moment.position())),
            obstacle: said,
            chains: answer.map(|answer| answer.chains().iter().map(chain).collect()).unwrap_or_default(),
        }
    }

    /// The answer to a question, which is made of the events that the page has.
    fn answer(store: Store, asked: &Question) -> Self {
        store.playback.with_causes(|timeline, causality| {
            let answer = why(timeline, causality, &asked.moment, &asked.subject);
            Self::of(asked, timeline, answer.as_ref())
        })
    }
}

chunk! {
    why,
    /// Loads the panel.
    pub(crate) fn load() -> MakeView { || view! { <Why/> }.into_any() }
}

/// The panel.
#[component]
fn Why() -> impl IntoView {
    let (store, time) = (Store::here(), Timekeeper::here());
    let names = store.names();
    let ask_about_leader = move || {
        if let Some(subject) = store.view.with_untracked(about_leader) {
            store.ask(subject);
        }
    };
    if store.question.with_untracked(Option::is_none) {
        ask_about_leader();
    }
    let choose = move |event: web_sys::Event| match event_target_value(&event).parse::<NodeName>() {
        Ok(node) => store.ask(store.view.with_untracked(|view| about_node(view, &node))),
        Err(_) => ask_about_leader(),
    };
    let again = move |_| {
        if let Some(asked) = store.question.get_untracked() {
            store.ask(asked.subject);
        }
    };
    let answer = reactive::memo(move || store.question.get().map(|asked| Shown::answer(store, &asked)));
    view! {
        <div class="why-tools">
            <h2 id="why-heading" data-testid="why-question">
                {reactive::text(move || answer.with(|it| it.as_ref().map_or_else(|| "Why?".to_owned(), |it| it.question.clone())))}
            </h2>
            <select data-testid="why-about" aria-label="Ask about" on:change=choose>
                <option value="">"ask about the leader"</option>
                {reactive::fragment(move || names.get().into_iter().map(|name| view! {
                    <option value=name.to_string()>{name.to_string()}</option>
                }).collect_view())}
            </select>
            <button class="small" type="button" data-testid="why-again" title="The same question about the moment that is shown now" on:click=again>
                "Ask again now"
            </button>
        </div>
        {reactive::fragment(move || match answer.get() {
            Some(shown) => answered(shown, time).into_any(),
            None => view! { <p class="empty">"There is nothing to ask about yet: start a node, or initiate an election."</p> }.into_any(),
        })}
    }
}

fn answered(shown: Shown, time: Timekeeper) -> impl IntoView {
    let is_empty = shown.chains.is_empty();
    let many = shown.chains.len() > 1;
    let step = move |step: StepShown| {
        view! {
            <li>
                <button
                    class="bare"
                    type="button"
                    data-testid="why-step"
                    data-position=step.position.0.to_string()
                    title="Go to this moment"
                    on:click=move |_| time.jump(step.position)
                >
                    {step.at}
                </button>
                <span>{step.words}</span>
            </li>
        }
    };
    view! {
        <div class="why" data-testid="why">
            <p class="asked">{format!("Asked about the moment {}. Each step follows from the next.", shown.asked)}</p>
            {shown.obstacle.map(|words| view! { <p class="obstacle" data-testid="why-obstacle">{words}</p> })}
            {is_empty.then(|| view! { <p>"No event that the page has kept says why."</p> })}
            {shown.chains.into_iter().enumerate().map(|(number, (steps, end))| view! {
                {(many && number > 0).then(|| view! { <h3>"And"</h3> })}
                <ol>{steps.into_iter().map(step).collect_view()}</ol>
                <p class="end">{end}</p>
            }).collect_view()}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{name, ring};

    #[test]
    fn questions_are_sentences_about_the_moment() {
        let mut ring = ring(4);
        let asks = |subject: Subject, view: &RingView| {
            question(&subject, view, &Timeline::new(RingView::empty(), 10))
        };
        let view = ring.running();
        assert_eq!(asks(Subject::Leader, &view), "Why does nobody lead?");
        let view = ring.led_by("D", "C", 1);
        assert_eq!(asks(Subject::Leader, &view), "Why does D lead?");
        assert_eq!(asks(about_node(&view, &name("C")), &view), "Why is C deputy?");
        assert_eq!(asks(about_node(&view, &name("A")), &view), "Why does A not lead?");
    }
}
