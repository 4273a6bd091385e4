//! The page as a whole.

use leptos::prelude::*;

use crate::announcer::Announcer;
use crate::card::Card;
use crate::connection;
use crate::controls::Controls;
use crate::faults::FaultPanel;
use crate::live;
use crate::notices::Notices;
use crate::ring::RingFigure;
use crate::roster::Roster;
use crate::store::{Connection, Store};
use crate::summary::Summary;
use crate::top_bar::{LostBanner, TopBar};

/// The page.
#[component]
pub(crate) fn App() -> impl IntoView {
    let store = Store::provide();
    connection::keep(store);
    let names = store.names();
    let stale = move || store.connection.with(|connection| matches!(connection, Connection::Lost { .. }));
    view! {
        <a class="skip" href="#ring">"Skip to the ring"</a>
        <div class="page" class:stale=live::whether(stale)>
            <TopBar/>
            <LostBanner/>
            <main class="columns">
                <div class="stage">
                    <Controls/>
                    <FaultPanel/>
                    <RingFigure/>
                    <Summary/>
                </div>
                <section class="nodes" aria-labelledby="nodes-heading">
                    <Roster/>
                    <div class="cards" data-count=live::words(move || names.with(Vec::len).to_string())>
                        <For each=move || names.get() key=Clone::clone let:name>
                            <Card name=name/>
                        </For>
                    </div>
                </section>
            </main>
        </div>
        <Notices/>
        <Announcer/>
    }
}
