//! The actions on a card: buttons for the process of a node, its elections and its removal.

use leptos::prelude::*;
use ringleader_shared::api::Initiators;
use ringleader_shared::{NodeAction, NodeName, NodeState, RingView};

use super::initiator_box::InitiatorBox;
use crate::command::{Command, NodeTarget};
use crate::components::button::ActionButton;
use crate::components::command_sender::CommandSender;
use crate::focus;
use crate::reactive;
use crate::state::{Store, about_node};

/// The reason why an action is not possible in this state; `None` when it is possible.
fn refusal(action: NodeAction, state: NodeState) -> Option<&'static str> {
    match (action, state) {
        (NodeAction::Kill, NodeState::Stopped) => Some("There is no process to kill"),
        (NodeAction::Exit, NodeState::Stopped) => Some("There is no process to end"),
        (NodeAction::Exit, NodeState::Paused) => {
            Some("A paused process can't leave gracefully: resume it first")
        }
        (NodeAction::Pause, NodeState::Stopped) => Some("There is no process to pause"),
        (NodeAction::Pause, NodeState::Starting) => Some("It is still starting"),
        (NodeAction::Pause, NodeState::Paused) => Some("It is paused already"),
        (NodeAction::Resume, NodeState::Stopped | NodeState::Starting | NodeState::Running) => {
            Some("It is not paused")
        }
        (NodeAction::Start, NodeState::Starting | NodeState::Running | NodeState::Paused) => {
            Some("It runs already")
        }
        (NodeAction::Kill, NodeState::Starting | NodeState::Running | NodeState::Paused)
        | (NodeAction::Exit, NodeState::Starting | NodeState::Running)
        | (NodeAction::Pause, NodeState::Running)
        | (NodeAction::Resume, NodeState::Paused)
        | (NodeAction::Start, NodeState::Stopped) => None,
    }
}

/// The reason why an election can't start at a node in this state; `None` when it can.
fn no_initiative(state: NodeState) -> Option<&'static str> {
    match state {
        NodeState::Running => None,
        NodeState::Starting => Some("It is still starting"),
        NodeState::Paused => Some("It is paused"),
        NodeState::Stopped => Some("It is not running"),
    }
}

/// The effect of an action, in a sentence. A simulated node has no process.
const fn effect(action: NodeAction, simulated: bool) -> &'static str {
    match (action, simulated) {
        (NodeAction::Kill, false) => "Ends the process at once, with SIGKILL",
        (NodeAction::Kill, true) => "It dies at once",
        (NodeAction::Exit, _) => "Asks the process to leave gracefully",
        (NodeAction::Pause, false) => "Makes the process hang, with SIGSTOP",
        (NodeAction::Pause, true) => "It hangs: it does nothing, and its links stay open",
        (NodeAction::Resume, false) => "Lets the process go on, with SIGCONT",
        (NodeAction::Resume, true) => "It goes on, beginning with what has piled up",
        (NodeAction::Start, false) => "Starts the process again",
        (NodeAction::Start, true) => "It starts again; of what it knew only its promises are left",
    }
}

/// The label of the button.
const fn title(action: NodeAction) -> &'static str {
    match action {
        NodeAction::Kill => "Kill",
        NodeAction::Exit => "Exit",
        NodeAction::Pause => "Pause",
        NodeAction::Resume => "Resume",
        NodeAction::Start => "Start",
    }
}

/// The buttons.
#[component]
pub(crate) fn Actions(name: NodeName, #[prop(into)] state: Signal<NodeState>) -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let simulated = store.simulated;
    let unless = move |why: Box<dyn Fn(NodeState) -> Option<&'static str> + Send + Sync>| {
        Signal::derive(move || {
            let why =
                if store.is_connected() { why(state.get()) } else { Some("Not connected to the server") };
            why.map(str::to_owned)
        })
    };
    // One button for both actions, which depend on the state: replacing it would lose the focus.
    let button = {
        let name = name.clone();
        move |action: Signal<NodeAction>, class: Signal<String>| {
            let (target, id) = (name.clone(), name.clone());
            view! {
                <ActionButton
                    id=reactive::text(move || format!("{}-{id}", action.get().as_str()))
                    class=class
                    effect=reactive::text(move || effect(action.get(), simulated))
                    refusal=unless(Box::new(move |state| refusal(action.get(), state)))
                    press=move |()| commands.submit(Command::Control(NodeTarget::Node(target.clone()), action.get_untracked()))
                >
                    {reactive::text(move || title(action.get()))}
                </ActionButton>
            }
        }
    };
    let fixed = |action: NodeAction| Signal::derive(move || action);
    let paused = reactive::memo(move || state.get() == NodeState::Paused);
    let stopped = reactive::memo(move || state.get() == NodeState::Stopped);
    let pause_or_resume =
        Signal::derive(move || if paused.get() { NodeAction::Resume } else { NodeAction::Pause });
    let good_when =
        move |is_good: Memo<bool>| reactive::text(move || if is_good.get() { "small good" } else { "small" });
    let asking = RwSignal::new(false);
    let initiator = name.clone();
    let (asked, removal) = (name.clone(), name.clone());
    view! {
        <div class="actions" role="group" aria-label=format!("Actions on {name}")>
            <InitiatorBox name=name.clone()/>
            <ActionButton
                id=format!("initiate-{name}")
                class="small"
                effect=format!("{name} starts an election")
                refusal=unless(Box::new(no_initiative))
                press=move |()| commands.submit(Command::Elect(Initiators::One(initiator.clone())))
            >
                "Initiate"
            </ActionButton>
            {button(pause_or_resume, good_when(paused))}
            {(!simulated).then(|| button(fixed(NodeAction::Exit), Signal::derive(|| "small".to_owned())))}
            {button(fixed(NodeAction::Kill), Signal::derive(|| "small danger".to_owned()))}
            {button(fixed(NodeAction::Start), good_when(stopped))}
            <button
                class="small bare"
                type="button"
                data-testid=format!("why-{name}")
                title=format!("The events that made {name} what it is at this moment")
                on:click=move |_| store.ask(store.view.with_untracked(|view| about_node(view, &asked)))
            >
                "Why?"
            </button>
            <ActionButton
                id=format!("remove-{name}")
                class="small bare"
                effect=format!("Takes {name} out of the ring for good")
                refusal=unless(Box::new(|_| None))
                expanded=reactive::flag(move || asking.get())
                press=move |()| asking.update(|asking| *asking = !*asking)
            >
                <svg class="icon" viewBox="-12 -12 24 24" aria-hidden="true">
                    <path d="M-8 -7 H8 V-4.5 H-8 Z M-3 -10 H3 V-8 H-3 Z M-6.5 -3.5 H6.5 L5.5 10 H-5.5 Z"></path>
                </svg>
                <span class="visually-hidden">"Remove"</span>
            </ActionButton>
        </div>
        {reactive::fragment(move || asking.get().then(|| view! { <Removal name=removal.clone() asking=asking/> }))}
    }
}

/// Asks for a confirmation of the removal: the node can't be put back in its place.
#[component]
fn Removal(name: NodeName, asking: RwSignal<bool>) -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let (yes, no) = (format!("remove-confirm-{name}"), format!("remove-{name}"));
    focus::move_to(focus::control(&yes));
    let keep = move || {
        asking.set(false);
        focus::move_to(focus::control(&no));
    };
    let escape = keep.clone();
    let question = format!("Remove {name} for good?");
    let label = question.clone();
    let remove = {
        let name = name.clone();
        move |_| {
            match store.view.with_untracked(|view| neighbour(view, &name)) {
                Some(next) => focus::move_to_card(&next),
                None => focus::move_to("#nodes-heading"),
            }
            commands.submit(Command::Remove(name.clone()));
            asking.set(false);
        }
    };
    view! {
        <div
            class="asking"
            role="group"
            aria-label=label
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    escape();
                }
            }
        >
            <p>{question}</p>
            <button class="small danger" type="button" data-testid=yes on:click=remove>"Remove"</button>
            <button class="small" type="button" on:click=move |_| keep()>"Keep"</button>
        </div>
    }
}

/// The node whose card gets the focus when this one's is gone: the next one in ring order, or the one before
/// the last.
fn neighbour(view: &RingView, name: &NodeName) -> Option<NodeName> {
    let at = view.nodes.iter().position(|node| &node.name == name)?;
    let next = view.nodes.get(at + 1).or_else(|| view.nodes.get(at.checked_sub(1)?));
    next.map(|node| node.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_allows_what_makes_sense() {
        let allowed = |state| {
            [NodeAction::Kill, NodeAction::Exit, NodeAction::Pause, NodeAction::Resume, NodeAction::Start]
                .into_iter()
                .filter(|action| refusal(*action, state).is_none())
                .map(NodeAction::as_str)
                .collect::<Vec<_>>()
        };
        assert_eq!(allowed(NodeState::Running), ["kill", "exit", "pause"]);
        assert_eq!(allowed(NodeState::Paused), ["kill", "resume"]);
        assert_eq!(allowed(NodeState::Starting), ["kill", "exit"]);
        assert_eq!(allowed(NodeState::Stopped), ["start"]);
    }

    #[test]
    fn after_a_removal_the_next_card_has_the_focus() {
        use crate::testing::{name, ring};
        let view = ring(3).running();
        let next = |of: &str| neighbour(&view, &name(of)).map(String::from);
        assert_eq!((next("A"), next("C")), (Some("B".to_owned()), Some("B".to_owned())));
        assert_eq!(neighbour(&ring(1).running(), &name("A")), None);
    }

    #[test]
    fn only_a_running_node_initiates() {
        assert_eq!(no_initiative(NodeState::Running), None);
        assert!(no_initiative(NodeState::Paused).is_some());
    }
}
