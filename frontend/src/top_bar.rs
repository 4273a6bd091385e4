//! The top of the page: its name, the headline of the ring, and the state of the connection.

use leptos::prelude::*;

use crate::address::{HistoryPlace, LIVE};
use crate::components::help::HelpButton;
use crate::components::theme::ThemeSwitch;
use crate::headline::Headline;
use crate::reactive;
use crate::sandbox::permalink;
use crate::state::{Connection, Elsewhere, Store};

/// The top bar.
#[component]
pub(crate) fn TopBar(
    /// Whether there is another ring to go to.
    has_tabs: bool,
) -> impl IntoView {
    let store = Store::here();
    let headline = reactive::memo(move || {
        store.view.with(|view| {
            let headline = Headline::of(view);
            if store.is_kept() && view.nodes.is_empty() {
                return ("headline idle", String::new());
            }
            let is_for_others = store.watching && headline == Headline::NoLeaderYet;
            let text = match headline {
                _ if is_for_others => "No leader yet".to_owned(),
                Headline::NothingRuns if store.watching => "No node is running".to_owned(),
                _ => headline.text(view),
            };
            (headline.class(), text)
        })
    });
    let waiting = move || store.connection.with(|connection| *connection == Connection::Connecting);
    view! {
        <header class="top-bar">
            <h1 class="brand">
                <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
                    <circle class="orbit" cx="16" cy="17" r="10"></circle>
                    <circle class="bead" cx="26" cy="17" r="3.6"></circle>
                    <circle class="bead" cx="16" cy="27" r="3.6"></circle>
                    <circle class="bead" cx="6" cy="17" r="3.6"></circle>
                    <path class="crown" d="M11 10 L9.6 2.6 L13.4 5.4 L16 1.4 L18.6 5.4 L22.4 2.6 L21 10 Z"></path>
                </svg>
                "Ringleader"
            </h1>
            {has_tabs.then(|| view! { <Tabs/> })}
            <p class=reactive::text(move || if waiting() { "headline idle" } else { headline.get().0 }) data-testid="headline">
                {reactive::text(move || if waiting() { "Connecting…".to_owned() } else { headline.get().1 })}
            </p>
            <div class="top-right">
                {(store.watching && !store.is_kept()).then(|| view! {
                    <span class="watching-note" data-testid="watching" title="This link is for watching: it has no controls">
                        "Watching"
                    </span>
                })}
                <ConnectionLight/>
                <HelpButton/>
                <ThemeSwitch/>
            </div>
        </header>
    }
}

/// The links between the server's ring, the page's own and the kept runs.
#[component]
fn Tabs() -> impl IntoView {
    let store = Store::here();
    let tab = |fragment: &'static str, label: &'static str, is_here: bool| {
        view! {
            <a href=format!("#{fragment}") data-testid=format!("tab-{fragment}") aria-current=is_here.then_some("page")>{label}</a>
        }
    };
    view! {
        <nav class="tabs" aria-label="Which ring">
            {tab(LIVE, "Live ring", store.is_live())}
            {tab(permalink::WORD, "Sandbox", store.simulated)}
            {tab(HistoryPlace::WORD, "History", store.is_kept())}
        </nav>
    }
}

/// The state of the connection.
#[component]
fn ConnectionLight() -> impl IntoView {
    let store = Store::here();
    let status = move || {
        if store.simulated {
            return ("simulated", "Simulated");
        }
        if store.is_kept() {
            return ("kept", "Kept");
        }
        store.connection.with(|connection| match connection {
            Connection::Connecting => ("connecting", "Connecting"),
            Connection::Connected if store.playback.is_past() => ("past", "Past"),
            Connection::Connected => ("connected", "Live"),
            Connection::Lost { .. } => ("lost", "Lost"),
        })
    };
    view! {
        <span
            class="connection"
            data-testid="connection"
            data-status=reactive::text(move || status().0)
            title=if store.simulated {
                "Simulated in this page, in virtual time: no server is asked"
            } else if store.is_kept() {
                "Kept by the server, as it happened"
            } else {
                "The connection to the server"
            }
        >
            <span class="light" aria-hidden="true"></span>
            <span class="visually-hidden">"Connection: "</span>
            {reactive::text(move || status().1)}
        </span>
    }
}

/// The banner over a live ring when the address gave a moment of a run that is over: the kept run has it.
#[component]
pub(crate) fn ElsewhereBanner() -> impl IntoView {
    let elsewhere = Store::here().elsewhere;
    reactive::fragment(move || {
        elsewhere.get().map(|Elsewhere { run, fragment }| {
            view! {
                <p class="banner elsewhere" role="status" data-testid="elsewhere">
                    {format!("The address gives a moment of the run {:.8}, which is not at hand here. ", run.to_string())}
                    <a href=format!("#{fragment}") data-testid="to-kept">"Show it in the kept run"</a>
                    <button class="bare" type="button" on:click=move |_| elsewhere.set(None)>"Stay"</button>
                </p>
            }
        })
    })
}

/// The remark on a run of the sandbox that continues a recorded moment.
#[component]
pub(crate) fn Remark() -> impl IntoView {
    let remark = Store::here().remark;
    reactive::fragment(move || {
        remark.get().map(|remark_text| {
            view! {
                <p class="banner elsewhere" role="status" data-testid="remark">
                    {remark_text}
                    <button class="bare" type="button" on:click=move |_| remark.set(None)>"Dismiss"</button>
                </p>
            }
        })
    })
}

/// The banner over a page that shows the past.
#[component]
pub(crate) fn LostBanner() -> impl IntoView {
    let store = Store::here();
    let text = move || {
        store.connection.with(|connection| match connection {
            Connection::Lost { .. } if store.unauthorized.get() => Some(
                "The server was started again and does not know this page any more: open the link that it printed".to_owned(),
            ),
            Connection::Lost { since: Some(since) } => {
                Some(format!("Connection lost – showing the ring as it was at {since}; reconnecting…"))
            }
            Connection::Lost { since: None } => {
                Some("The server can't be reached – trying again…".to_owned())
            }
            Connection::Connecting | Connection::Connected => None,
        })
    };
    reactive::fragment(move || text().map(|text| view! { <p class="banner" data-testid="banner">{text}</p> }))
}
