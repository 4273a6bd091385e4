//! What the shapes and lines mean.

use leptos::prelude::*;
use ringleader_shared::event::MessageKind;

use super::stage::token;

/// The legend.
#[component]
pub(crate) fn Legend() -> impl IntoView {
    let shape = |kind: MessageKind, class: &'static str| {
        let (outline, letter) = token(kind);
        view! {
            <li>
                <svg class=format!("token {class}") viewBox="-26 -26 52 52" aria-hidden="true">
                    <path d=outline></path>
                    <text y="9">{letter}</text>
                </svg>
                {kind.word()}
            </li>
        }
    };
    let line = |class: &'static str, words: &'static str| {
        view! {
            <li>
                <svg class=format!("sample {class}") viewBox="0 0 40 12" aria-hidden="true">
                    <path d="M1 6 H39"></path>
                </svg>
                {words}
            </li>
        }
    };
    view! {
        <ul class="legend" aria-label="Legend">
            {shape(MessageKind::Election, "election")}
            {shape(MessageKind::DeputySearch, "search")}
            {shape(MessageKind::Elected, "elected")}
            {line("repaired", "repaired")}
            {line("broken", "broken")}
            {line("cut", "cut")}
            {line("heart", "heartbeat")}
        </ul>
    }
}
