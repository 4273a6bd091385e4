//! A kept run as a backend: it reads the run's events from the server, page by page, and keeps the address of
//! the moment that is shown.

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::api::{KeptRun, RunEnd};
use ringleader_shared::{RunId, Seq};

use super::server::runs;
use crate::address::{AddressWriter, Choice, HistoryPlace};
use crate::notice::Notice;
use crate::state::{Reading, Store, load_past};

/// The progress of the reading of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// So many events of so many were read.
    Reading {
        /// The events that were read.
        read: u64,
        /// The events that there were when the reading began; `None` before that is known.
        total: Option<u64>,
    },
    /// All were read.
    Done,
    /// It can't be read.
    Failed(Notice),
}

/// The kept run that is shown. A handle: copies are the same.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    /// The state of its ring.
    pub(crate) store: Store,
    /// The run, as lists show it, once it is known.
    pub(crate) run: RwSignal<Option<KeptRun>>,
    /// The progress of its reading.
    pub(crate) progress: RwSignal<Progress>,
    /// The run that was opened last.
    opened: StoredValue<Option<RunId>>,
    /// The event at which it will be shown.
    at: StoredValue<Option<Seq>>,
    /// The number of the present reading: what former ones find is ignored.
    generation: StoredValue<u32>,
    pub(crate) address: AddressWriter,
}

impl Kept {
    /// No run yet.
    pub(crate) fn new() -> Self {
        let store = Store::kept();
        let progress = RwSignal::new(Progress::Reading { read: 0, total: None });
        let (opened, at) = (StoredValue::new(None), StoredValue::new(None));
        let fragment = move || {
            let is_shown = progress.with_untracked(|progress| *progress == Progress::Done);
            let seq = store.view.with_untracked(|view| view.seq);
            let at = if is_shown { Some(seq) } else { at.get_value() };
            let place =
                opened.get_value().map_or_else(HistoryPlace::list, |run| HistoryPlace::Run { run, at });
            Choice::of(store).added_to(place.fragment())
        };
        Self {
            store,
            run: RwSignal::new(None),
            progress,
            opened,
            at,
            generation: StoredValue::new(0),
            address: AddressWriter::new(Box::new(fragment)),
        }
    }

    /// Shows this moment of a run, which is read first unless it is at hand.
    pub(crate) fn open(self, run: RunId, at: Option<Seq>) {
        let is_at_hand = self.opened.get_value() == Some(run);
        // More of a run that is written may be there by now.
        let may_grow =
            self.run.with_untracked(|run| run.as_ref().is_some_and(|run| run.end == RunEnd::Running));
        if is_at_hand && !may_grow && self.progress.with_untracked(|progress| *progress == Progress::Done) {
            let is_shown = at == Some(self.store.view.with_untracked(|view| view.seq));
            if at.is_some() && !is_shown {
                self.store.playback.playing.set(false);
                self.store.look_at_event(at);
            }
            return;
        }
        self.at.set_value(at);
        if is_at_hand && self.progress.with_untracked(|progress| matches!(progress, Progress::Reading { .. }))
        {
            return;
        }
        self.opened.set_value(Some(run));
        self.run.set(None);
        self.progress.set(Progress::Reading { read: 0, total: None });
        self.generation.update_value(|generation| *generation += 1);
        let generation = self.generation.get_value();
        spawn_local(async move {
            if let Err(notice) = self.read(run, generation).await
                && self.is_present(generation)
            {
                self.progress.set(Progress::Failed(notice));
            }
        });
    }

    fn is_present(self, generation: u32) -> bool {
        self.generation.get_value() == generation
    }

    /// Reads the run. Between two pages the browser draws: while it waits for the next one.
    async fn read(self, run: RunId, generation: u32) -> Result<(), Notice> {
        let (known, mut reading) = (runs::find(run).await?, Reading::default());
        if !self.is_present(generation) {
            return Ok(());
        }
        let total = known.events;
        self.run.set(Some(known));
        while reading.read() < total {
            self.progress.set(Progress::Reading { read: reading.read(), total: Some(total) });
            let page = runs::events(run, reading.read()).await?;
            if !self.is_present(generation) {
                return Ok(());
            }
            if page.events.is_empty() {
                break;
            }
            reading.add(page);
        }
        load_past().await?;
        self.store.show_kept(reading, self.at.get_value());
        self.progress.set(Progress::Done);
        Ok(())
    }

    /// Keeps the entry of this fragment in the browser's history up to date from now on; `None` when
    /// something else is shown.
    pub(crate) fn own_address(self, fragment: Option<&str>) {
        self.address.own(fragment);
        if fragment.is_none() {
            self.store.playback.playing.set(false);
        }
    }
}
