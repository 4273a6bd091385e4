//! The directory of `--state-dir`: the nodes' promises, and the ring's data that outlives the server.
//!
//! `ring.json` holds the highest term and the ids of the members. Each start of the server is a new run
//! and continues from them, so a term never comes twice, and remains valid as a fencing token. Promises
//! belong to one run: those of a run that is over are removed once their terms are noted.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use ringleader_node::promise_store;
use ringleader_shared::{NodeId, NodeName, RunId, Term};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use uuid::Uuid;

use crate::seldom::Seldom;

/// The beginning of the name of a directory that a server makes for itself.
const PREFIX: &str = "ringleader-";

/// The file with the terms and the ids.
const RING_FILE: &str = "ring.json";

/// The file that the server locks while it uses the directory.
const LOCK_FILE: &str = "lock";

/// The end of the name of a promise's file.
const PROMISE_SUFFIX: &str = ".promise";

/// The format of [`RING_FILE`].
const FORMAT: u32 = 1;

/// The space that is reserved at the start, in bytes: for each member's promise and its replacement, and
/// the ring's file.
const ROOM: usize = 512 * 1024;

static NOT_KEPT: Seldom = Seldom::new();

/// The directory of one server. A temporary one is removed when this value is dropped. One that the user
/// chose stays, and is free for another server.
#[derive(Debug)]
pub struct State {
    keeper: Keeper,
    _made: Option<TempDir>,
    _lock: Option<File>,
}

/// A handle of the directory, for all parts of the server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keeper {
    directory: Arc<Path>,
    /// `None` in a temporary directory.
    kept: Option<Arc<Mutex<Kept>>>,
}

/// The content of [`RING_FILE`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: u32,
    /// The highest term that any member has reported.
    term: Term,
    /// The ids of the members.
    members: BTreeMap<NodeName, NodeId>,
}

impl State {
    /// Opens the directory that the user chose, or makes one.
    ///
    /// # Errors
    /// When it can't be made or written, has no room, is in use by another server, or holds a damaged file.
    pub fn open(chosen: Option<&Path>) -> anyhow::Result<Self> {
        match chosen {
            Some(path) => Self::chosen(path),
            None => {
                let directory = std::env::temp_dir();
                sweep(&directory, |pid| Path::new("/proc").join(pid.to_string()).exists());
                let made = tempfile::Builder::new()
                    .prefix(&format!("{PREFIX}{}-", std::process::id()))
                    .tempdir_in(directory)
                    .context("making a directory for what nodes promise; choose one by --state-dir")?;
                try_room(made.path())?;
                let keeper = Keeper { directory: made.path().into(), kept: None };
                Ok(Self { keeper, _made: Some(made), _lock: None })
            }
        }
    }

    fn chosen(directory: &Path) -> anyhow::Result<Self> {
        let shown = directory.display();
        fs::create_dir_all(directory)
            .with_context(|| format!("making the directory {shown} (--state-dir)"))?;
        let lock = lock(directory)?;
        try_room(directory)?;
        let mut kept = Kept::load(&directory.join(RING_FILE))?;
        let ended = kept_promises(directory, "");
        kept.term = ended.iter().filter_map(|path| promised(path)).fold(kept.term, Term::max);
        kept.save(directory).with_context(|| cannot_write(directory))?;
        ended.iter().for_each(|path| drop(fs::remove_file(path)));
        let keeper = Keeper { directory: directory.into(), kept: Some(Arc::new(Mutex::new(kept))) };
        Ok(Self { keeper, _made: None, _lock: Some(lock) })
    }

    /// Returns a handle of the directory.
    #[must_use]
    pub fn keeper(&self) -> Keeper {
        self.keeper.clone()
    }
}

impl Keeper {
    /// The file of one member's promises in one run.
    #[must_use]
    pub fn promise(&self, run: RunId, id: NodeId) -> PathBuf {
        self.directory.join(format!("{run}-{id}{PROMISE_SUFFIX}"))
    }

    /// The highest term so far, of all runs that the directory has seen; zero where nothing is kept.
    #[must_use]
    pub fn term(&self) -> Term {
        self.kept().map_or(Term::ZERO, |kept| kept.term)
    }

    /// The last id of the member of this name.
    #[must_use]
    pub fn id_of(&self, name: &NodeName) -> Option<NodeId> {
        self.kept().and_then(|kept| kept.members.get(name).copied())
    }

    /// Notes a term that was reported.
    pub fn note_term(&self, term: Term) {
        self.note(|kept| kept.term = kept.term.max(term));
    }

    /// Notes the present members.
    pub fn note_members(&self, members: impl IntoIterator<Item = (NodeName, NodeId)>) {
        self.note(|kept| kept.members = members.into_iter().collect());
    }

    /// Removes the promises of a run that is over, or of one of its members that has left. Their terms
    /// are noted before.
    pub fn forget(&self, run: RunId, id: Option<NodeId>) {
        let beginning = id.map_or_else(|| run.to_string(), |id| format!("{run}-{id}"));
        for path in kept_promises(&self.directory, &beginning) {
            if self.kept.is_some()
                && let Some(term) = promised(&path)
            {
                self.note_term(term);
            }
            let _ = fs::remove_file(path);
        }
    }

    fn kept(&self) -> Option<MutexGuard<'_, Kept>> {
        self.kept.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the changed data. The kernel has it when this returns, so it outlives the server, however
    /// that ends.
    fn note(&self, change: impl FnOnce(&mut Kept)) {
        let Some(mut kept) = self.kept() else { return };
        let before = kept.clone();
        change(&mut kept);
        if *kept != before
            && let Err(error) = kept.save(&self.directory)
        {
            NOT_KEPT.log(|more| {
                let shown = self.directory.display();
                tracing::error!(
                    more,
                    "{shown} can't be written, so terms may come twice after a restart: {error}"
                );
            });
        }
    }
}

impl Kept {
    fn load(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { format: FORMAT, ..Self::default() });
            }
            Err(error) => return Err(error).with_context(|| format!("reading {shown}")),
        };
        let kept: Self = serde_json::from_str(&text).with_context(|| {
            format!(
                "{shown} is damaged; remove it, and terms begin at 1 again, or choose another --state-dir"
            )
        })?;
        if kept.format != FORMAT {
            bail!(
                "{shown} was written by another version of Ringleader (format {}, not {FORMAT}); choose another --state-dir",
                kept.format
            );
        }
        Ok(kept)
    }

    fn save(&self, directory: &Path) -> std::io::Result<()> {
        let fresh = directory.join(format!("{RING_FILE}.new"));
        fs::write(&fresh, serde_json::to_vec(self)?)?;
        fs::rename(fresh, directory.join(RING_FILE))
    }
}

fn lock(directory: &Path) -> anyhow::Result<File> {
    let path = directory.join(LOCK_FILE);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let file = open.with_context(|| cannot_write(directory))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "{} is in use by another ringleader; stop that one, or choose another --state-dir",
            directory.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// Reserves space for everything that a ring stores, so that no node ends later for lack of it.
fn try_room(directory: &Path) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::tempfile_in(directory)?;
        file.write_all(&vec![0; ROOM])?;
        file.sync_all()
    };
    write().with_context(|| cannot_write(directory))
}

fn cannot_write(directory: &Path) -> String {
    format!(
        "{} can't be written, {} kB are needed there; make room or choose another directory by --state-dir",
        directory.display(),
        ROOM / 1024
    )
}

/// The files of promises in a directory whose names have this beginning, complete and partly written
/// ones.
fn kept_promises(directory: &Path, beginning: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let is_one = |name: &str| {
        let stem = name.strip_suffix(PROMISE_SUFFIX).or_else(|| name.strip_suffix(".new"));
        stem.is_some_and(|stem| stem.starts_with(beginning) && names_a_run_and_a_member(stem))
    };
    entries.filter(|it| it.file_name().to_str().is_some_and(is_one)).map(|it| it.path()).collect()
}

/// Whether this is `RUN-MEMBER`, a UUID each.
fn names_a_run_and_a_member(stem: &str) -> bool {
    stem.split_at_checked(36).is_some_and(|(run, rest)| {
        let member = rest.strip_prefix('-').unwrap_or_default();
        [run, member].map(Uuid::try_parse).iter().all(Result::is_ok)
    })
}

/// The term of a promise; `None` where the file is damaged.
fn promised(path: &Path) -> Option<Term> {
    promise_store::parse(&fs::read(path).ok()?).ok().map(|promise| promise.term)
}

/// Removes files of servers that were killed before they could remove them. Files that can't be removed
/// stay; they do no harm.
fn sweep(directory: &Path, is_alive: impl Fn(u32) -> bool) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok());
        if pid.is_some_and(|pid| !is_alive(pid)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::Promise;

    fn files(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("it is there").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }

    fn refused(directory: &Path) -> String {
        format!("{:#}", State::open(Some(directory)).expect_err("it is refused"))
    }

    #[test]
    fn what_a_killed_server_left_is_swept_away_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["ringleader-12-abc", "ringleader-13-abc", "ringleader-x-abc", "ringleader-abc", "12-abc"]
        {
            fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        sweep(directory.path(), |pid| pid == 13);
        assert_eq!(
            files(directory.path()),
            ["12-abc", "ringleader-13-abc", "ringleader-abc", "ringleader-x-abc"]
        );
    }

    #[test]
    fn terms_and_ids_outlive_the_server_and_the_promises_of_its_runs_go() {
        let directory = tempfile::tempdir().expect("a directory");
        let (name, id): (NodeName, _) = ("A".parse().expect("a name"), NodeId(Uuid::from_u128(7)));
        let run = RunId(Uuid::from_u128(1));
        let state = State::open(Some(directory.path())).expect("an empty directory is fine");
        let keeper = state.keeper();
        assert_eq!((keeper.term(), keeper.id_of(&name)), (Term::ZERO, None));
        keeper.note_term(Term(5));
        keeper.note_term(Term(3));
        keeper.note_members([(name.clone(), id)]);
        fs::write(keeper.promise(run, id), "torn").expect("it is written");
        fs::write(directory.path().join("mine.promise"), "not ours").expect("it is written");
        drop(state);
        let keeper = State::open(Some(directory.path())).expect("it is as it was left").keeper();
        assert_eq!((keeper.term(), keeper.id_of(&name)), (Term(5), Some(id)));
        assert_eq!(files(directory.path()), [LOCK_FILE, "mine.promise", RING_FILE]);
    }

    #[test]
    fn a_term_that_only_a_promise_knows_is_used() {
        let directory = tempfile::tempdir().expect("a directory");
        let state = State::open(Some(directory.path())).expect("an empty directory is fine");
        let (run, id) = (RunId(Uuid::from_u128(1)), NodeId(Uuid::from_u128(7)));
        let promise = promise_store::compose(&Promise { term: Term(9), leader: id, lease_ms: 600 })
            .expect("it can be written");
        fs::write(state.keeper().promise(run, id), promise).expect("it is written");
        state.keeper().forget(run, Some(id));
        assert_eq!(state.keeper().term(), Term(9));
        assert_eq!(files(directory.path()), [LOCK_FILE, RING_FILE]);
    }

    #[test]
    fn a_directory_that_can_not_be_used_says_what_to_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = State::open(Some(directory.path())).expect("an empty directory is fine");
        let words = refused(directory.path());
        assert!(words.contains("in use by another ringleader") && words.contains("--state-dir"), "{words}");
        drop(first);
        fs::write(directory.path().join(RING_FILE), "{").expect("it is written");
        let words = refused(directory.path());
        assert!(words.contains("ring.json is damaged; remove it"), "{words}");
        fs::write(directory.path().join(RING_FILE), r#"{"format":2,"term":1,"members":{}}"#)
            .expect("it is written");
        let words = refused(directory.path());
        assert!(words.contains("another version") && words.contains("format 2"), "{words}");
        // No user can make files there, not even the superuser.
        let words = refused(Path::new("/proc"));
        assert!(words.contains("/proc can't be written") && words.contains("--state-dir"), "{words}");
    }
}
