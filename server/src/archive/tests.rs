//! Tests of the archive, on runs of the simulator.

mod failures;
mod formats;
mod keeping;
mod limits;

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ringleader_shared::api::{KeptRun, RunEnd};
use ringleader_shared::{Event, EventKind, RunId, Seq};
use ringleader_simulator::{Action, Setup, World};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::bus::PublishedEvent;

/// The moment at which the runs of the tests start, in milliseconds since 1970.
const STARTED_MS: u64 = 1_764_320_400_000;

/// A run of four simulated nodes: D is elected, killed, replaced by C, and started again. The number makes
/// its id.
fn run(number: u128) -> Vec<Event> {
    let mut world = World::reporting(Setup::of(&[90, 100, 110, 120]).seed(7));
    for action in [Action::Initiate(0), Action::Kill(3), Action::Start(3)] {
        world.act(action);
        world.run_for(Duration::from_secs(2));
    }
    named(world.events(), number)
}

/// The same run under another id.
fn named(events: &[Event], number: u128) -> Vec<Event> {
    let mut events = events.to_vec();
    for event in &mut events {
        if let EventKind::RunStarted { run, .. } = &mut event.kind {
            *run = id(number);
        }
    }
    events
}

fn id(number: u128) -> RunId {
    RunId(Uuid::from_u128(number << 96 | number))
}

/// A run of this many events.
fn long_run(number: u128, count: u64) -> Vec<Event> {
    let events = run(number);
    let last = events.last().expect("an event").clone();
    let mut long: Vec<Event> = events.into_iter().take(usize::try_from(count).expect("a count")).collect();
    for seq in long.len() as u64 + 1..=count {
        let kind = EventKind::Stderr { text: format!("line {seq} of node {}", seq % 7) };
        long.push(Event { seq: Seq(seq), at_us: last.at_us + seq, kind, ..last.clone() });
    }
    long
}

fn published(event: &Event) -> PublishedEvent {
    let text = serde_json::to_string(event).expect("an event can be written");
    PublishedEvent { event: Arc::new(event.clone()), text: text.into() }
}

/// An archive in a directory of its own.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self) -> std::path::PathBuf {
        self.path().join(DATABASE)
    }

    fn recorder(&self) -> Recorder {
        Recorder::open(self.path(), Limits::default()).expect("the archive opens")
    }

    fn connection(&self) -> Connection {
        open(self.path(), Mode::Existing).expect("it is there")
    }

    /// Keeps a run, saved after every few events, that ends so.
    fn keep(&self, events: &[Event], end: RunEnd) {
        let mut recorder = self.recorder();
        add(&mut recorder, events);
        recorder.end(end);
        recorder.save().expect("it is saved");
    }

    fn runs(&self) -> Vec<KeptRun> {
        list(&self.connection(), self.path(), &RunFilter::default(), 100).expect("a list").runs
    }

    fn find(&self, run: RunId) -> KeptRun {
        find(&self.connection(), self.path(), &run.to_string()).expect("it is there")
    }

    /// All events of a run, in pages of this size.
    fn events(&self, run: RunId, page: usize) -> Vec<Event> {
        let (connection, run) = (self.connection(), self.find(run));
        let mut found = Vec::new();
        loop {
            let texts = events(&connection, self.path(), &run, found.len() as u64, page).expect("a page");
            if texts.is_empty() {
                return found;
            }
            found.extend(texts.iter().map(|text| serde_json::from_slice::<Event>(text).expect("an event")));
        }
    }

    fn export(&self, run: RunId) -> String {
        let connection = self.connection();
        let mut export = Export::begin(&connection, self.path(), &run.to_string()).expect("it is there");
        let mut text = Vec::new();
        while let Some(lines) = export.next(&connection, self.path()).expect("lines") {
            text.extend(lines);
        }
        String::from_utf8(text).expect("text")
    }

    fn import(&self, text: &str) -> Result<KeptRun, Error> {
        let mut connection = open(self.path(), Mode::Create)?;
        import(&mut connection, self.path(), &mut Cursor::new(text))
    }
}

fn add(recorder: &mut Recorder, events: &[Event]) {
    for (index, event) in events.iter().enumerate() {
        recorder.add(published(event), STARTED_MS);
        if index % 37 == 0 {
            recorder.save().expect("it is saved");
        }
    }
    recorder.save().expect("it is saved");
}
