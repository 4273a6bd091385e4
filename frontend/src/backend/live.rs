//! The moment of the live ring that the address gives, and the address of the one that is shown.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::server::runs;
use crate::address::{self, AddressWriter, Choice, HistoryPlace, LIVE, LiveMoment};
use crate::notice::Notice;
use crate::reactive;
use crate::state::{Elsewhere, Store};

/// The live ring's place in the address. A handle: copies are the same.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    store: Store,
    pub(crate) address: AddressWriter,
    /// A moment that was asked for, until its events are at hand.
    wanted: RwSignal<Option<LiveMoment>>,
}

impl Live {
    /// The place of a live ring of which nothing is known yet.
    pub(crate) fn new(store: Store) -> Self {
        let wanted = RwSignal::new(None);
        let fragment = move || {
            let moment = wanted.get_untracked().or_else(|| shown(store));
            let text = Choice::of(store).added_to(LiveMoment::fragment(moment));
            // A page that was just opened has an address without any word.
            if text == LIVE && address::fragment().is_empty() { String::new() } else { text }
        };
        let live = Self { store, address: AddressWriter::new(Box::new(fragment)), wanted };
        reactive::effect(move || {
            store.playback.changed.track();
            store.history_is_filled.track();
            if let Some(moment) = wanted.get() {
                untrack(|| live.go(moment));
            }
        });
        live
    }

    /// Shows the moment of this fragment: the present, when it gives none.
    pub(crate) fn follow(self, fragment: &str) {
        match LiveMoment::read(fragment) {
            Ok(moment) => {
                self.store.elsewhere.set(None);
                if moment.is_none() {
                    self.store.return_to_present();
                }
                self.wanted.set(moment.filter(|moment| Some(*moment) != shown(self.store)));
            }
            Err(why) => self.store.notify(Notice {
                title: "A part of the link makes no sense and was left out".to_owned(),
                detail: Some(why),
            }),
        }
    }

    /// Goes to a moment, once its events are at hand; when they never will be, asks for the kept run.
    fn go(self, moment: LiveMoment) {
        let LiveMoment { run, at } = moment;
        let (now, begin, end) = self
            .store
            .playback
            .timeline
            .with_value(|timeline| (timeline.now().run, timeline.begin(), timeline.end()));
        if now.0.is_nil() {
            return;
        }
        let is_here = now == run;
        if is_here && (begin.0..=end.0).contains(&at.0) {
            self.wanted.set(None);
            self.store.playback.playing.set(false);
            self.store.look_at_event(Some(at));
        } else if !is_here || self.store.history_is_filled.get_untracked() {
            self.wanted.set(None);
            self.seek_elsewhere(moment);
        }
    }

    fn seek_elsewhere(self, LiveMoment { run, at }: LiveMoment) {
        let store = self.store;
        spawn_local(async move {
            match runs::find(run).await {
                Ok(_) => {
                    let fragment = HistoryPlace::Run { run, at: Some(at) }.fragment();
                    store.elsewhere.set(Some(Elsewhere { run, fragment }));
                }
                Err(_) => store.notify(Notice {
                    title: format!(
                        "The run of this address, {:.8}, is over, and it was not kept",
                        run.to_string()
                    ),
                    detail: Some("The present ring is shown".to_owned()),
                }),
            }
        });
    }

    /// Keeps the entry of this fragment in the browser's history up to date from now on; none, when another
    /// ring is shown.
    pub(crate) fn own_address(self, fragment: Option<&str>) {
        self.address.own(fragment);
    }
}

/// The moment of the past that is shown.
fn shown(store: Store) -> Option<LiveMoment> {
    let is_past = store.playback.is_past_now();
    is_past.then(|| store.view.with_untracked(|view| LiveMoment { run: view.run, at: view.seq }))
}
