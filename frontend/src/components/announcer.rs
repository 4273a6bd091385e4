//! Announcements to screen readers: changes of the leader and of the connection, and confirmations.

use leptos::prelude::*;

use crate::headline::Headline;
use crate::reactive;
use crate::state::{Connection, Store};

/// The live region.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let store = Store::here();
    let text = reactive::memo(move || match store.connection.get() {
        Connection::Connecting => String::new(),
        Connection::Lost { .. } => "Connection lost".to_owned(),
        Connection::Connected if store.is_kept() && store.view.with(|view| view.nodes.is_empty()) => {
            String::new()
        }
        Connection::Connected => store.view.with(|view| match Headline::of(view) {
            Headline::Led { leader, term, deputy, out_of_reach: _ } => {
                let mut said = format!("{leader} is the leader of term {term}");
                if let Some(deputy) = deputy {
                    said.push_str(&format!(", {deputy} is the deputy"));
                }
                said
            }
            Headline::Split(_)
            | Headline::NobodyMayLead
            | Headline::NoQuorum
            | Headline::NoMajority(_)
            | Headline::Hung { .. } => Headline::of(view).text(view),
            Headline::Leaderless if view.term.0 > 0 => "No leader".to_owned(),
            Headline::NothingRuns => "No node is running".to_owned(),
            Headline::NoLeaderYet | Headline::Electing | Headline::Leaderless => String::new(),
        }),
    });
    view! {
        <div class="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
            {text}
        </div>
        <div class="visually-hidden" role="status" aria-live="polite" data-testid="said">
            {reactive::text(move || store.announcement.get())}
        </div>
    }
}
