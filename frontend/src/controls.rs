//! The controls of the ring: elections, the leader, settings and links; in the sandbox also time.

mod algorithm;
mod initiators;
pub(crate) mod link_faults;
mod reach_table;
pub(crate) mod roster;
pub(crate) mod settings_form;

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use ringleader_shared::api::Initiators;
use ringleader_shared::{ChangeRing, NodeAction, NodeName, NodeState, RingView, Role, Safety, Succession};

use self::algorithm::{AlgorithmPicker, AlgorithmText};
use crate::command::{Command, NodeTarget};
use crate::components::button::ActionButton;
use crate::components::command_sender::CommandSender;
use crate::reactive;
use crate::state::Store;

/// The slowest pace on the slider, in milliseconds per hop.
const SLOWEST_MS: u64 = 2_000;

/// The time that the slider must rest before its pace is submitted.
const REST: Duration = Duration::from_millis(150);

/// The reason why an election can't be started.
fn no_election(view: &RingView) -> Option<String> {
    view.live().next().is_none().then(|| "No node is running: start one first".to_owned())
}

/// The reason why the leader can't be killed.
fn no_kill(view: &RingView) -> Option<String> {
    view.leading().is_none().then(|| "There is no leader to kill".to_owned())
}

/// The reason why the leader can't be paused.
fn no_pause(view: &RingView) -> Option<String> {
    let leads = |state: NodeState| {
        view.nodes.iter().find(|node| node.state == state && node.role == Some(Role::Leader))
    };
    match (leads(NodeState::Running), leads(NodeState::Paused)) {
        (Some(_), _) => None,
        (None, Some(paused)) => Some(format!("{} hangs already, and nobody else leads yet", paused.name)),
        (None, None) => Some("There is no leader to pause".to_owned()),
    }
}

/// The nodes that are paused.
fn paused(view: &RingView) -> Vec<NodeName> {
    let hangs = view.nodes.iter().filter(|node| node.state == NodeState::Paused);
    hangs.map(|node| node.name.clone()).collect()
}

/// The label of the button that resumes them.
fn resume_label(paused: &[NodeName]) -> String {
    match paused {
        [one] => format!("Resume {one}"),
        some => format!("Resume {} nodes", some.len()),
    }
}

/// The pace as text.
fn describe_pace(hop_delay_ms: u64) -> String {
    if hop_delay_ms == 0 { "full speed".to_owned() } else { format!("{hop_delay_ms} ms per hop") }
}

/// The controls.
#[component]
pub(crate) fn Controls() -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let refusal = move |why: fn(&RingView) -> Option<String>| {
        Signal::derive(move || {
            if store.is_connected() {
                store.view.with(why)
            } else {
                Some("Not connected to the server".to_owned())
            }
        })
    };
    let together = Signal::derive(move || {
        if store.is_connected() {
            store.view.with(|view| initiators::refusal(view, &store.initiators.of(view)))
        } else {
            Some("Not connected to the server".to_owned())
        }
    });
    let hanging = reactive::memo(move || store.view.with(paused));
    view! {
        <div class="controls" role="group" aria-label="Controls of the ring">
            <ActionButton
                id="initiate"
                class="primary"
                effect=reactive::text(move || store.view.with(|view| initiators::description(&store.initiators.of(view))))
                refusal=together
                press=move |()| commands.submit(store.view.with_untracked(|view| initiators::command(store.initiators.of(view))))
            >
                {reactive::text(move || store.view.with(|view| initiators::label(&store.initiators.of(view))))}
            </ActionButton>
            <ActionButton
                id="initiate-all"
                class="quiet"
                effect="Every running node starts an election at once"
                refusal=refusal(no_election)
                press=move |()| commands.submit(Command::Elect(Initiators::All))
            >
                "All at once"
            </ActionButton>
            <ActionButton
                id="kill-leader"
                class="danger"
                effect="Ends the leader's process with SIGKILL"
                refusal=refusal(no_kill)
                press=move |()| commands.submit(Command::Control(NodeTarget::Leader, NodeAction::Kill))
            >
                "Kill leader"
            </ActionButton>
            <ActionButton
                id="pause-leader"
                class="quiet"
                effect=if store.simulated {
                    "Makes the leader hang: it does nothing, and its links stay open"
                } else {
                    "Makes the leader's process hang, with SIGSTOP: hung is not dead, its links stay open"
                }
                refusal=refusal(no_pause)
                press=move |()| commands.submit(Command::Control(NodeTarget::Leader, NodeAction::Pause))
            >
                "Pause leader"
            </ActionButton>
            {reactive::fragment(move || {
                let paused = hanging.get();
                (!paused.is_empty()).then(|| view! {
                    <ActionButton
                        id="resume-paused"
                        class="good"
                        effect="Lets what hangs go on"
                        refusal=refusal(|_| None)
                        press={
                            let paused = paused.clone();
                            move |()| for name in &paused {
                                commands.submit(Command::Control(NodeTarget::Node(name.clone()), NodeAction::Resume));
                            }
                        }
                    >
                        {resume_label(&paused)}
                    </ActionButton>
                })
            })}
            <Quorum/>
            <Deputies/>
            {(!store.simulated).then(|| view! { <Pace/> <Algorithm/> })}
        </div>
    }
}

/// The choice of the algorithm.
#[component]
fn Algorithm() -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let now = Signal::derive(move || store.view.with(|view| view.settings.algorithm));
    view! {
        <div class="live-algorithm">
            <AlgorithmPicker now=now choose=move |algorithm| commands.submit(Command::ChangeSettings(ChangeRing { algorithm: Some(algorithm), ..ChangeRing::default() }))/>
            <AlgorithmText now=now/>
        </div>
    }
}

/// The switch between the two modes of safety.
#[component]
fn Quorum() -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let on = reactive::memo(move || store.view.with(|view| view.settings.safety == Safety::Quorum));
    let words = move || {
        store.view.with(|view| match view.nodes.len() {
            0 => "Quorum".to_owned(),
            nodes => format!("Quorum: {} of {nodes}", view.majority()),
        })
    };
    let press = move |event: web_sys::Event| {
        // The box shows the present setting: it changes with the event that reports the change.
        event_target::<web_sys::HtmlInputElement>(&event).set_checked(on.get_untracked());
        let wanted = if on.get_untracked() { Safety::Available } else { Safety::Quorum };
        commands
            .submit(Command::ChangeSettings(ChangeRing { safety: Some(wanted), ..ChangeRing::default() }));
    };
    view! {
        <label class="check" title="Off: the nodes that are left elect, and each side of a partition has a leader">
            <input
                id="quorum"
                data-testid="quorum"
                type="checkbox"
                role="switch"
                prop:checked=reactive::flag(move || on.get())
                disabled=reactive::flag(move || !store.is_connected())
                on:change=press
            />
            {reactive::text(words)}
        </label>
    }
}

/// The switch between the two kinds of succession.
#[component]
fn Deputies() -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let on = reactive::memo(move || store.view.with(|view| view.settings.succession == Succession::Deputy));
    let press = move |event: web_sys::Event| {
        event_target::<web_sys::HtmlInputElement>(&event).set_checked(on.get_untracked());
        let wanted = if on.get_untracked() { Succession::Election } else { Succession::Deputy };
        commands.submit(Command::ChangeSettings(ChangeRing {
            succession: Some(wanted),
            ..ChangeRing::default()
        }));
    };
    view! {
        <label class="check" title="Without it nobody is deputy: whoever notices that the leader is lost starts an election">
            <input
                id="succession"
                data-testid="succession"
                type="checkbox"
                role="switch"
                prop:checked=reactive::flag(move || on.get())
                disabled=reactive::flag(move || !store.is_connected())
                on:change=press
            />
            "Deputy takes over"
        </label>
    }
}

/// The slider that slows the messages down.
#[component]
fn Pace() -> impl IntoView {
    let (store, commands) = (Store::here(), CommandSender::here());
    let real = reactive::memo(move || store.view.with(|view| view.settings.hop_delay_ms));
    // The pace that the reader is setting, until the server reports it.
    let wished = RwSignal::new(None::<u64>);
    let resting = StoredValue::new(None::<TimeoutHandle>);
    let shown = move || wished.get().unwrap_or_else(|| real.get());
    reactive::effect(move || {
        if Some(real.get()) == wished.get_untracked() {
            wished.set(None);
        }
    });
    // May run when another ring is shown already: its signals may be gone.
    let ask = move || {
        if let (Some(Some(pace)), Some(now)) = (wished.try_get_untracked(), real.try_get_untracked()) {
            if pace == now {
                wished.set(None);
            } else {
                commands.submit(Command::ChangeSettings(ChangeRing {
                    hop_delay_ms: Some(pace),
                    ..ChangeRing::default()
                }));
                // When the server refuses, the slider goes back to the present pace.
                set_timeout(
                    move || wished.update(|wish| *wish = wish.filter(|wish| *wish != pace)),
                    PATIENCE,
                );
            }
        }
    };
    let slide = move |event: web_sys::Event| {
        let Ok(pace) = event_target_value(&event).parse::<u64>() else { return };
        wished.set(Some(pace));
        resting.update_value(|resting| {
            if let Some(timer) = resting.take() {
                timer.clear();
            }
            *resting = set_timeout_with_handle(ask, REST).ok();
        });
    };
    view! {
        <div class="pace">
            <label for="pace">"Pace: " <output for="pace">{reactive::text(move || describe_pace(shown()))}</output></label>
            <input
                id="pace"
                data-testid="pace"
                type="range"
                min="0"
                max=SLOWEST_MS
                step="50"
                prop:value=reactive::text(move || shown().min(SLOWEST_MS).to_string())
                aria-valuetext=reactive::text(move || describe_pace(shown()))
                disabled=reactive::flag(move || !store.is_connected())
                title="How long each message takes from node to node"
                on:input=slide
            />
        </div>
    }
}

/// The time that the server may take to report the pace that was submitted.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ring;
    use ringleader_shared::EventKind;

    #[test]
    fn a_leader_can_be_killed_only_when_there_is_one_even_a_hung_one() {
        let mut ring = ring(4);
        assert!(no_kill(&ring.running()).is_some());
        assert_eq!(no_kill(&ring.led_by("D", "C", 1)), None);
        assert_eq!(no_kill(&ring.then("D", EventKind::Paused)), None);
        assert!(no_kill(&ring.killed("D")).is_some());
    }

    #[test]
    fn a_leader_can_be_paused_unless_it_hangs_already_and_what_hangs_can_be_resumed() {
        let mut ring = ring(4);
        assert_eq!(no_pause(&ring.running()).as_deref(), Some("There is no leader to pause"));
        let led = ring.led_by("D", "C", 1);
        assert_eq!((no_pause(&led), paused(&led)), (None, Vec::new()));
        let hung = ring.then("D", EventKind::Paused);
        assert!(no_pause(&hung).is_some_and(|why| why.contains("D hangs already")));
        assert_eq!(resume_label(&paused(&hung)), "Resume D");
        let changed = EventKind::RoleChanged {
            role: Role::Leader,
            term: ringleader_shared::Term(2),
            leader: Some(crate::testing::name("C")),
            deputy: None,
        };
        assert_eq!(no_pause(&ring.then("C", changed)), None);
    }

    #[test]
    fn an_election_needs_a_live_node() {
        let mut ring = ring(1);
        assert!(no_election(&ring.starting()).is_some());
        assert_eq!(no_election(&ring.running()), None);
    }

    #[test]
    fn no_delay_is_full_speed() {
        assert_eq!(
            (describe_pace(0).as_str(), describe_pace(400).as_str()),
            ("full speed", "400 ms per hop")
        );
    }
}
