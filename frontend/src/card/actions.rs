//! What can be done to one node.

use leptos::prelude::*;
use ringleader_shared::{NodeName, NodeState};

use crate::button::ActionButton;
use crate::initiators::Tick;
use crate::live;
use crate::order::{Fault, Order, Whom};
use crate::store::Store;

/// Why a fault is not possible in this state; `None` when it is.
fn refusal(fault: Fault, state: NodeState) -> Option<&'static str> {
    match (fault, state) {
        (Fault::Kill, NodeState::Stopped) => Some("There is no process to kill"),
        (Fault::Exit, NodeState::Stopped) => Some("There is no process to end"),
        (Fault::Exit, NodeState::Paused) => {
            Some("A paused process can't leave in good order: resume it first")
        }
        (Fault::Pause, NodeState::Stopped) => Some("There is no process to pause"),
        (Fault::Pause, NodeState::Starting) => Some("It is still starting"),
        (Fault::Pause, NodeState::Paused) => Some("It is paused already"),
        (Fault::Resume, NodeState::Stopped | NodeState::Starting | NodeState::Running) => {
            Some("It is not paused")
        }
        (Fault::Start, NodeState::Starting | NodeState::Running | NodeState::Paused) => {
            Some("It runs already")
        }
        (Fault::Kill, NodeState::Starting | NodeState::Running | NodeState::Paused)
        | (Fault::Exit, NodeState::Starting | NodeState::Running)
        | (Fault::Pause, NodeState::Running)
        | (Fault::Resume, NodeState::Paused)
        | (Fault::Start, NodeState::Stopped) => None,
    }
}

/// Why an election can't start at a node in this state.
fn no_initiative(state: NodeState) -> Option<&'static str> {
    match state {
        NodeState::Running => None,
        NodeState::Starting => Some("It is still starting"),
        NodeState::Paused => Some("It is paused"),
        NodeState::Stopped => Some("It is not running"),
    }
}

/// What a fault does, in a sentence. A simulated node has no process.
const fn says(fault: Fault, simulated: bool) -> &'static str {
    match (fault, simulated) {
        (Fault::Kill, false) => "Ends the process at once, with SIGKILL",
        (Fault::Kill, true) => "It dies at once",
        (Fault::Exit, _) => "Asks the process to leave in good order",
        (Fault::Pause, false) => "Makes the process hang, with SIGSTOP",
        (Fault::Pause, true) => "It hangs: it does nothing, and its links stay open",
        (Fault::Resume, false) => "Lets the process go on, with SIGCONT",
        (Fault::Resume, true) => "It goes on, beginning with what has piled up",
        (Fault::Start, false) => "Starts the process again",
        (Fault::Start, true) => "It starts again; of what it knew only its promises are left",
    }
}

/// The buttons.
#[component]
pub(crate) fn Actions(name: NodeName, state: Signal<NodeState>) -> impl IntoView {
    let store = Store::here();
    let simulated = store.sandbox.is_some();
    let unless = move |why: Box<dyn Fn(NodeState) -> Option<&'static str> + Send + Sync>| {
        Signal::derive(move || {
            let why =
                if store.is_connected() { why(state.get()) } else { Some("Not connected to the server") };
            why.map(str::to_owned)
        })
    };
    let button = {
        let name = name.clone();
        move |fault: Fault, class: &'static str, word: &'static str| {
            let target = name.clone();
            view! {
                <ActionButton
                    id=format!("{}-{name}", fault.word())
                    class=class
                    says=says(fault, simulated)
                    refusal=unless(Box::new(move |state| refusal(fault, state)))
                    press=move |()| store.order(Order::Fault(Whom::Node(target.clone()), fault))
                >
                    {word}
                </ActionButton>
            }
        }
    };
    let paused = live::memo(move || state.get() == NodeState::Paused);
    let stopped = live::memo(move || state.get() == NodeState::Stopped);
    let start = button.clone();
    let freeze = button.clone();
    let (initiator, leaver) = (name.clone(), name.clone());
    view! {
        <div class="actions" role="group" aria-label=format!("Actions on {name}")>
            <Tick name=name.clone()/>
            <ActionButton
                id=format!("initiate-{name}")
                class="small"
                says=format!("{name} starts an election")
                refusal=unless(Box::new(no_initiative))
                press=move |()| store.order(Order::Elect(Some(initiator.clone())))
            >
                "Initiate"
            </ActionButton>
            {live::part(move || {
                if paused.get() {
                    freeze(Fault::Resume, "small good", "Resume").into_any()
                } else {
                    freeze(Fault::Pause, "small", "Pause").into_any()
                }
            })}
            {(!simulated).then(|| button(Fault::Exit, "small", "Exit"))}
            {button(Fault::Kill, "small danger", "Kill")}
            {live::part(move || {
                let class = if stopped.get() { "small good" } else { "small" };
                start(Fault::Start, class, "Start")
            })}
            <ActionButton
                id=format!("remove-{name}")
                class="small bare"
                says=format!("Takes {name} out of the ring for good")
                refusal=unless(Box::new(|_| None))
                press=move |()| store.order(Order::Remove(leaver.clone()))
            >
                <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true">
                    <path d="M-8 -7 H8 V-4.5 H-8 Z M-3 -10 H3 V-8 H-3 Z M-6.5 -3.5 H6.5 L5.5 10 H-5.5 Z"></path>
                </svg>
                <span class="visually-hidden">"Remove"</span>
            </ActionButton>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_allows_what_makes_sense() {
        let allowed = |state| {
            [Fault::Kill, Fault::Exit, Fault::Pause, Fault::Resume, Fault::Start]
                .into_iter()
                .filter(|fault| refusal(*fault, state).is_none())
                .map(Fault::word)
                .collect::<Vec<_>>()
        };
        assert_eq!(allowed(NodeState::Running), ["kill", "exit", "pause"]);
        assert_eq!(allowed(NodeState::Paused), ["kill", "resume"]);
        assert_eq!(allowed(NodeState::Starting), ["kill", "exit"]);
        assert_eq!(allowed(NodeState::Stopped), ["start"]);
    }

    #[test]
    fn only_a_running_node_initiates() {
        assert_eq!(no_initiative(NodeState::Running), None);
        assert!(no_initiative(NodeState::Paused).is_some());
    }
}
