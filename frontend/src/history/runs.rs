//! The runs of the list, and what can be done with them.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use ringleader_shared::RunId;
use ringleader_shared::api::{ArchiveStatus, ChangeRun, KeptRun, KeptRuns, MAX_RUN_NAME, Problem};
use web_sys::Blob;

use super::sentences;
use crate::address::{AddressWriter, HistoryPlace};
use crate::backend::server::runs;
use crate::focus;
use crate::notice::Notice;
use crate::state::Store;

/// The time without a key after which the words of a search are looked for.
const REST: Duration = Duration::from_millis(250);

/// The list. A handle: copies are the same list.
#[derive(Clone, Copy)]
pub(super) struct Runs {
    pub(super) store: Store,
    /// Whether the reader may watch only: nothing can be changed.
    pub(super) watching: bool,
    /// The words of the search.
    pub(super) search: RwSignal<String>,
    /// The runs that were found, the newest first.
    pub(super) found: RwSignal<Vec<KeptRun>>,
    /// The beginning of the next page, if there is one.
    pub(super) next: RwSignal<Option<u64>>,
    /// Whether the answer of the server is awaited for the first time.
    pub(super) waits: RwSignal<bool>,
    /// The reason why there is no list, in the server's words.
    pub(super) refused: RwSignal<Option<String>>,
    /// Whether a file is being imported.
    pub(super) imports: RwSignal<bool>,
    /// The state of the archive, once it is known.
    pub(super) archive: RwSignal<Option<ArchiveStatus>>,
    /// The runs in the list that were deleted: each can be restored.
    pub(super) deleted: RwSignal<Vec<RunId>>,
    /// The runs that were chosen for a comparison: two at most.
    pub(super) ticked: RwSignal<Vec<RunId>>,
    /// The number of the present search: what former ones find is ignored.
    generation: StoredValue<u32>,
    resting: StoredValue<Option<TimeoutHandle>>,
    address: AddressWriter,
}

impl Runs {
    pub(super) fn new(store: Store, watching: bool) -> Self {
        let search = RwSignal::new(String::new());
        let fragment = move || HistoryPlace::List { search: search.get_untracked() }.fragment();
        Self {
            store,
            watching,
            search,
            found: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            waits: RwSignal::new(true),
            refused: RwSignal::new(None),
            imports: RwSignal::new(false),
            archive: RwSignal::new(None),
            deleted: RwSignal::new(Vec::new()),
            ticked: RwSignal::new(Vec::new()),
            generation: StoredValue::new(0),
            resting: StoredValue::new(None),
            address: AddressWriter::new(Box::new(fragment)),
        }
    }

    /// Shows the runs with these words, as they are now.
    pub(super) fn open(self, search: &str, fragment: &str) {
        self.search.set(search.to_owned());
        self.address.own(Some(fragment));
        self.load();
    }

    /// Leaves the address alone from now on.
    pub(super) fn leave(self) {
        self.address.own(None);
    }

    /// Searches for these words, once no more keys follow.
    pub(super) fn search_soon(self, search: String) {
        self.search.set(search);
        self.address.write_soon();
        self.resting.update_value(|resting| {
            if let Some(timer) = resting.take() {
                timer.clear();
            }
            *resting = set_timeout_with_handle(move || self.load(), REST).ok();
        });
    }

    /// Asks for the list again.
    pub(super) fn load(self) {
        self.page(None);
        spawn_local(async move {
            if let Ok(status) = runs::archive().await {
                self.archive.set(Some(status));
            }
        });
    }

    /// Asks for the next page.
    pub(super) fn more(self) {
        if let Some(next) = self.next.get_untracked() {
            self.page(Some(next));
        }
    }

    fn page(self, before: Option<u64>) {
        self.generation.update_value(|generation| *generation += 1);
        let generation = self.generation.get_value();
        let search = self.search.get_untracked();
        spawn_local(async move {
            let answer = runs::list(&search, before).await;
            if self.generation.get_value() != generation {
                return;
            }
            self.waits.set(false);
            self.refused.set(answer.as_ref().err().map(|problem| problem.title.clone()));
            match answer {
                Ok(KeptRuns { runs, next }) => {
                    self.next.set(next);
                    if before.is_none() {
                        self.deleted.set(Vec::new());
                        self.ticked
                            .update(|ticked| ticked.retain(|it| runs.iter().any(|run| run.run == *it)));
                        self.found.set(runs);
                    } else {
                        self.found.update(|found| found.extend(runs));
                    }
                }
                // The state of the archive says it better.
                Err(problem) if problem.status == 503 => self.found.set(Vec::new()),
                Err(problem) => self.store.notify(problem.into()),
            }
        });
    }

    /// A run of the list.
    pub(super) fn run(self, run: RunId) -> Option<KeptRun> {
        self.found.with(|found| found.iter().find(|it| it.run == run).cloned())
    }

    /// Puts a run in the place of its former state.
    fn replace(self, run: KeptRun) {
        self.found.update(|found| {
            if let Some(former) = found.iter_mut().find(|it| it.run == run.run) {
                *former = run;
            }
        });
    }

    fn changed(self, answer: Result<KeptRun, Problem>, done: &'static str) {
        match answer {
            Ok(run) => {
                self.store.announce(format!("{} {done}", sentences::title(&run)));
                self.replace(run);
            }
            Err(problem) => {
                // The field shows the present name again.
                self.found.notify();
                self.store.notify(problem.into());
            }
        }
    }

    /// Gives a run this name, or none.
    ///
    /// # Errors
    /// When the name is too long.
    pub(super) fn rename(self, run: RunId, name: String) -> Result<(), String> {
        let long = name.chars().count();
        if long > MAX_RUN_NAME {
            return Err(format!("A name has at most {MAX_RUN_NAME} characters, not {long}"));
        }
        let change = ChangeRun { name: Some(name), pinned: None };
        spawn_local(async move { self.changed(runs::change(run, change).await, "is the name shown now") });
        Ok(())
    }

    /// Pins a run, or lets it go.
    pub(super) fn pin(self, run: RunId, pinned: bool) {
        let change = ChangeRun { name: None, pinned: Some(pinned) };
        let done = if pinned { "is pinned" } else { "is not pinned any more" };
        spawn_local(async move { self.changed(runs::change(run, change).await, done) });
    }

    /// Deletes a run.
    pub(super) fn delete(self, run: RunId) {
        spawn_local(async move {
            match runs::delete(run).await {
                Ok(()) => {
                    self.deleted.update(|deleted| deleted.push(run));
                    self.ticked.update(|ticked| ticked.retain(|it| *it != run));
                    focus::move_to(focus::control(&format!("undo-{run}")));
                }
                Err(problem) => self.store.notify(problem.into()),
            }
        });
    }

    /// Takes a deletion back.
    pub(super) fn restore(self, run: RunId) {
        spawn_local(async move {
            match runs::restore(run).await {
                Ok(restored) => {
                    self.deleted.update(|deleted| deleted.retain(|it| *it != run));
                    self.changed(Ok(restored), "is restored");
                    focus::move_to(focus::control(&format!("delete-{run}")));
                }
                Err(problem) => self.store.notify(problem.into()),
            }
        });
    }

    /// Imports a file, and shows all runs: the imported one is the newest.
    pub(super) fn import(self, file: Blob, name: String) {
        self.imports.set(true);
        spawn_local(async move {
            let answer = runs::import(file).await;
            self.imports.set(false);
            match answer {
                Ok(run) => {
                    self.store.announce(format!("{} is imported", sentences::title(&run)));
                    self.search_soon(String::new());
                }
                Err(Problem { title, detail, .. }) => {
                    self.store.notify(Notice { title: format!("{name} was not imported: {title}"), detail })
                }
            }
        });
    }

    /// Chooses a run for a comparison, or not any more. Of three the one that was chosen first is let go.
    pub(super) fn tick(self, run: RunId) {
        self.ticked.update(|ticked| *ticked = ticked_then(std::mem::take(ticked), run));
    }
}

fn ticked_then(mut ticked: Vec<RunId>, run: RunId) -> Vec<RunId> {
    let before = ticked.len();
    ticked.retain(|it| *it != run);
    if ticked.len() == before {
        ticked.push(run);
    }
    let surplus = ticked.len().saturating_sub(2);
    ticked.drain(..surplus);
    ticked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_are_compared_and_a_third_takes_the_place_of_the_first() {
        let [one, two, three] = [1, 2, 3].map(|number| RunId(uuid::Uuid::from_u128(number)));
        assert_eq!(ticked_then(vec![one], two), [one, two]);
        assert_eq!(ticked_then(vec![one, two], three), [two, three]);
        assert_eq!(ticked_then(vec![one, two], one), [two]);
    }
}
