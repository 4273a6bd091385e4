//! The legend: the shapes of messages and lines that occur in the ring as it is, and no others.

use leptos::prelude::*;
use ringleader_shared::event::MessageKind;
use ringleader_shared::text::through;
use ringleader_shared::{AlgorithmName, RingView, Safety};
use ringleader_simulator::classic::{RingKind, properties};

use super::links::{Link, LinkState};
use super::message_shape::{class, token};
use crate::reactive;
use crate::state::Store;

/// The largest number of links through relays that are named.
const MOST_RELAYED: usize = 4;

/// The kinds of messages that elections by this algorithm send.
fn kinds_of(algorithm: AlgorithmName) -> Vec<MessageKind> {
    let mut kinds = Vec::new();
    if algorithm == AlgorithmName::MaxRing {
        kinds.push(MessageKind::Election);
    } else {
        let properties = properties(algorithm);
        if properties.knows_size && properties.ring_kind != RingKind::Complete {
            kinds.push(MessageKind::RollCall);
        }
        kinds.push(MessageKind::Classic);
        if properties.ring_kind == RingKind::Complete {
            // The winner is confirmed by a lap round the ring.
            kinds.push(MessageKind::Election);
        }
        if properties.found_by_another {
            kinds.push(MessageKind::Found);
        }
    }
    if algorithm != AlgorithmName::MaxRing && properties(algorithm).ring_kind != RingKind::Complete {
        kinds.push(MessageKind::DeputySearch);
    }
    kinds.push(MessageKind::Elected);
    kinds
}

/// The kinds of messages in this ring: of the algorithm that elects next and of the one that elected last.
fn kinds(view: &RingView, simulated: bool) -> Vec<MessageKind> {
    let mut kinds = kinds_of(view.settings.algorithm);
    let last = view.elections.iter().find(|election| election.algorithm != view.settings.algorithm);
    for kind in last.map(|election| kinds_of(election.algorithm)).unwrap_or_default() {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if !kinds.contains(&MessageKind::DeputySearch) {
        // The election finds the deputy; takeovers search for one.
        kinds.push(MessageKind::DeputySearch);
    }
    if view.settings.safety == Safety::Quorum {
        kinds.push(MessageKind::Lease);
    }
    if view.has_cuts() || view.nodes.iter().any(|node| node.outside.is_some()) {
        kinds.push(MessageKind::Inquiry);
    }
    if simulated {
        // In a live ring these only light up a link.
        kinds.push(MessageKind::StateUpdate);
    }
    kinds
}

/// The kinds of lines among these links, as the CSS class and the words.
fn lines(drawn: &[Link], heartbeat: bool) -> Vec<(&'static str, String)> {
    let has = |state| drawn.iter().any(|link| link.state == state);
    let is_slow = |link: &Link| !link.fault.cut && !link.fault.is_none();
    let mut lines = Vec::new();
    for (state, words) in
        [(LinkState::Repaired, "repaired"), (LinkState::Broken, "broken"), (LinkState::Cut, "cut")]
    {
        if has(state) {
            lines.push((state.as_str(), words.to_owned()));
        }
    }
    if drawn.iter().any(is_slow) {
        lines.push(("slow", "slow or lossy".to_owned()));
    }
    if heartbeat {
        lines.push(("heart", "heartbeat".to_owned()));
    }
    let relayed: Vec<&Link> = drawn.iter().filter(|link| !link.relays.is_empty()).collect();
    for link in relayed.iter().take(MOST_RELAYED) {
        let beats = if link.state == LinkState::RelayedHeartbeat { "heartbeats " } else { "" };
        let way = format!("{beats}{} → {}{}", link.from, link.to, through(&link.relays));
        lines.push((link.state.as_str(), way));
    }
    if relayed.len() > MOST_RELAYED {
        lines.push(("relayed", format!("{} more", relayed.len() - MOST_RELAYED)));
    }
    lines
}

/// The legend of these links; `heartbeat` is whether that line is drawn.
#[component]
pub(crate) fn Legend(
    #[prop(into)] drawn: Signal<Vec<Link>>,
    #[prop(into)] heartbeat: Signal<bool>,
) -> impl IntoView {
    let store = Store::here();
    let shapes = reactive::memo(move || store.view.with(|view| kinds(view, store.simulated)));
    let lines = reactive::memo(move || drawn.with(|drawn| lines(drawn, heartbeat.get())));
    let shape = |kind: MessageKind| {
        let (outline, letter) = token(kind);
        view! {
            <li data-kind=kind.as_str()>
                <svg class=format!("token {}", class(kind)) viewBox="-26 -26 52 52" aria-hidden="true">
                    <path d=outline></path>
                    <text y="9">{letter}</text>
                </svg>
                {describe(kind)}
            </li>
        }
    };
    let line = |(class, words): (&'static str, String)| {
        view! {
            <li data-kind=class>
                <svg class=format!("sample {class}") viewBox="0 0 40 12" aria-hidden="true">
                    <path d="M1 6 H39"></path>
                </svg>
                {words}
            </li>
        }
    };
    view! {
        <ul class="legend" aria-label="Legend" data-testid="legend">
            {reactive::fragment(move || shapes.get().into_iter().map(shape).collect_view())}
            {reactive::fragment(move || lines.get().into_iter().map(line).collect_view())}
        </ul>
    }
}

/// The kind as text.
const fn describe(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Classic => "message of the algorithm",
        MessageKind::Found => "found the winner",
        MessageKind::StateUpdate => "news for a neighbour",
        MessageKind::Lease => "lease renewal",
        MessageKind::Vacant => "no leader possible",
        MessageKind::Inquiry => "asks for a leader",
        MessageKind::Election | MessageKind::RollCall | MessageKind::DeputySearch | MessageKind::Elected => {
            kind.as_str()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::geometry::Layout;
    use crate::ring::links::links;
    use crate::sandbox::choice::{Arrangement, Start};
    use crate::sandbox::player::Player;
    use crate::sandbox::run::Run;
    use crate::sandbox::settings::Settings;
    use crate::sandbox::speed::Speed;
    use crate::testing::ring;
    use ringleader_shared::{EventKind, Seq};
    use std::time::Duration;

    /// The kinds that are sent in elections by this algorithm, without neighbours' news.
    fn sent(algorithm: AlgorithmName) -> Vec<MessageKind> {
        let mut sent = Vec::new();
        for seed in 0..20 {
            let arrangement = Arrangement::Random;
            let mut settings =
                Settings { arrangement, seed, nodes: 6, start: Start::All, ..Settings::default() };
            settings.ring.algorithm = algorithm;
            let mut player = Player::afresh(&settings);
            while player.advance(Duration::from_secs(1), Speed::default(), &|| false) {}
            for event in player.events_after(Seq(0)).0 {
                if let EventKind::Sent { message, .. } = &event.kind
                    && message.message != MessageKind::StateUpdate
                    && !sent.contains(&message.message)
                {
                    sent.push(message.message);
                }
            }
        }
        sent
    }

    #[test]
    fn the_legend_of_each_algorithm_is_what_its_elections_send() {
        for algorithm in AlgorithmName::ALL {
            let sorted = |mut kinds: Vec<MessageKind>| {
                kinds.sort_by_key(|kind| kind.as_str());
                kinds
            };
            assert_eq!(sorted(kinds_of(algorithm)), sorted(sent(algorithm)), "{algorithm}");
        }
    }

    #[test]
    fn no_two_kinds_share_a_letter() {
        let kinds = [
            MessageKind::Election,
            MessageKind::Classic,
            MessageKind::RollCall,
            MessageKind::Found,
            MessageKind::DeputySearch,
            MessageKind::Elected,
            MessageKind::Lease,
            MessageKind::StateUpdate,
            MessageKind::Inquiry,
        ];
        for (place, kind) in kinds.iter().enumerate() {
            let letter = token(*kind).1;
            assert!(kinds[..place].iter().all(|other| token(*other).1 != letter), "{letter}");
        }
    }

    #[test]
    fn only_lines_that_are_drawn_are_explained() {
        let named = |view: &RingView| {
            let drawn = links(view, &Layout::of(view));
            lines(&drawn, false).into_iter().map(|(class, _)| class).collect::<Vec<_>>()
        };
        assert_eq!(named(&ring(4).running()), Vec::<&str>::new());
        assert_eq!(named(&ring(4).running_without("D")), ["repaired", "broken"]);
    }
}
