//! Kept runs: what the API says about the runs that the server keeps on disk.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{NodeName, RunId, Seq, Term};
use crate::json;
use crate::settings::RingSettings;
use crate::view::{ElectionView, RingView};

/// The end of a kept run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// It has not ended: a server writes it now.
    Running,
    /// The ring was reset.
    Reset,
    /// The server was stopped.
    Stopped,
    /// The server ended without closing the run: it was killed, or could not write any more. The last 50 ms
    /// may be missing.
    Lost,
}

impl RunEnd {
    /// The word of the API, of the database and of exported runs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Reset => "reset",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

/// A kept run, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptRun {
    /// The run.
    pub run: RunId,
    /// The number of the run in its archive, in the order in which runs were added; never given twice.
    pub number: u64,
    /// The name that somebody gave it.
    pub name: Option<String>,
    /// Whether it stays whatever its age and the archive's size.
    pub pinned: bool,
    /// The moment of its first event by the wall clock, in milliseconds since 1970.
    pub started_ms: u64,
    /// The time between its first and its last event, in microseconds.
    pub lasted_us: u64,
    /// Its end.
    pub end: RunEnd,
    /// Whether it was imported, and not written by a server on this archive.
    pub imported: bool,
    /// The moment of its deletion by the wall clock, in milliseconds since 1970; `None` unless it was deleted
    /// and can be restored.
    pub deleted_ms: Option<u64>,
    /// The members at its beginning, in ring order.
    pub members: Vec<NodeName>,
    /// The last settings of its ring, among the other fields in JSON.
    #[serde(flatten)]
    pub settings: RingSettings,
    /// The number of its events that are kept.
    pub events: u64,
    /// The number of its events that are missing: the disk did not take them in time.
    pub lost_events: u64,
    /// The number of elections that ended.
    pub elections: u64,
    /// The number of takeovers by a deputy.
    pub takeovers: u64,
    /// The number of faults: hung processes, faults of links, partitions.
    pub faults: u64,
    /// The number of processes that ended while the ring ran.
    pub deaths: u64,
    /// The longest time without a leader, in microseconds; `None` when none was lost.
    pub worst_leaderless_us: Option<u64>,
    /// Whether live members followed different leaders for 100 ms or longer. For less it may be a leader
    /// whose death was reported after its deputy had taken over.
    pub split_brain: bool,
    /// The last term.
    pub term: Term,
    /// The last leader that all live members agreed on; `None` when they did not agree in the end.
    pub leader: Option<NodeName>,
    /// The deputy beside that leader.
    pub deputy: Option<NodeName>,
    /// The size of its events on disk, in bytes.
    pub bytes: u64,
}

json::read_by_name! { KeptRun {
    run, number, name, pinned, started_ms, lasted_us, end, imported, deleted_ms, members, events, lost_events,
    elections, takeovers, faults, deaths, worst_leaderless_us, split_brain, term, leader, deputy, bytes
} and settings }

/// The answer to `GET /api/v1/runs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptRuns {
    /// The runs that match, the newest first.
    pub runs: Vec<KeptRun>,
    /// The `before` of the next page; `None` when this is the last one.
    pub next: Option<u64>,
}

json::read_by_name! { KeptRuns { runs, next } }

/// The body of `PATCH /api/v1/runs/{run}`, with at least one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRun {
    /// The new name, at most [`MAX_RUN_NAME`] characters; an empty one takes the name away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the run stays whatever its age and the archive's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
}

/// The longest name of a run, in characters.
pub const MAX_RUN_NAME: usize = 100;

/// Events that are missing in a kept run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The number of kept events of the run before the gap.
    pub position: u64,
    /// The first missing event.
    pub first: Seq,
    /// The last missing event.
    pub last: Seq,
    /// The ring after the last missing event: what the next event is applied to.
    pub ring: Box<RingView>,
}

/// The answer to `GET /api/v1/runs/{run}/events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptEvents {
    /// The events after `after`, oldest first.
    pub events: Vec<Event>,
    /// The gaps before or after one of these events, oldest first.
    pub gaps: Vec<Gap>,
    /// The `after` of the next page: the number of events of the run up to the last one here.
    pub next: u64,
    /// The number of events of the run that are kept by now.
    pub total: u64,
}

json::read_by_name! { KeptEvents { events, gaps, next, total } }

/// The answer to `GET /api/v1/runs/{run}/elections`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptElections {
    /// The elections, takeovers and deputy searches of the run that ended, oldest first.
    pub elections: Vec<ElectionView>,
    /// The `after` of the next page; `None` when this is the last one.
    pub next: Option<u64>,
}

json::read_by_name! { KeptElections { elections, next } }

/// Whether runs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveState {
    /// The server was started with `--no-history`.
    Off,
    /// Every event is written.
    Keeping,
    /// Events can't be written at the moment; the server goes on trying.
    Failing,
    /// The archive can't be used; the server has left it alone.
    Unusable,
}

/// The answer to `GET /api/v1/archive`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchiveStatus {
    /// Whether runs are kept.
    pub state: ArchiveState,
    /// The reason why they are not, or something else worth knowing, and what to do about it.
    pub notice: Option<String>,
    /// The run that is written now.
    pub run: Option<RunId>,
    /// The size of the archive, in bytes.
    pub bytes: u64,
    /// The size above which the oldest runs are removed, in bytes.
    pub most_bytes: u64,
    /// The age above which runs are removed, in seconds.
    pub most_age_s: u64,
}

json::read_by_name! { ArchiveStatus { state, notice, run, bytes, most_bytes, most_age_s } }
