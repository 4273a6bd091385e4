//! The recordings of a directory: read back, put in order, and replayed.
//!
//! [`crate::Options::record`] names the file of one start of one node; its first line is who it is of, each
//! other line is a step.

pub mod describe;

use std::fs;
use std::path::{Path, PathBuf};

use ringleader_election::recording::{self, Beginning, Difference, Step};
use ringleader_shared::ring::{Member, RingSpec};
use ringleader_shared::{Attribute, Incarnation, NodeName, RunId};
use serde::de::DeserializeOwned;

/// End of the name of a recording's file.
const SUFFIX: &str = ".jsonl";

/// The length of a run in a file's name: a UUID.
const RUN_LEN: usize = 36;

/// The file of one start of a node in one run.
#[must_use]
pub fn file_name(run: RunId, name: &NodeName, incarnation: Incarnation) -> String {
    format!("{run}-{name}-{incarnation}{SUFFIX}")
}

/// The opposite of [`file_name`].
fn parse_file_name(text: &str) -> Option<(RunId, NodeName, Incarnation)> {
    let (run, rest) = text.strip_suffix(SUFFIX)?.split_at_checked(RUN_LEN)?;
    // Names may contain hyphens.
    let (name, incarnation) = rest.strip_prefix('-')?.rsplit_once('-')?;
    Some((RunId(run.parse().ok()?), name.parse().ok()?, Incarnation(incarnation.parse().ok()?)))
}

/// The inputs and effects of one start of a node.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The run of the ring.
    pub run: RunId,
    /// The node.
    pub name: NodeName,
    /// The start that was recorded.
    pub incarnation: Incarnation,
    /// The file.
    pub path: PathBuf,
    /// Beginning of the node.
    pub beginning: Beginning,
    /// The steps, oldest first.
    pub steps: Vec<Step>,
}

impl Recording {
    /// Gives a fresh core the same inputs.
    ///
    /// # Errors
    /// The first step at which it does something else than was recorded.
    pub fn replay(&self) -> Result<(), Box<Difference>> {
        recording::replay(self.beginning, self.steps.iter().cloned()).map(drop)
    }
}

/// Reason for which recordings can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The directory or a file can't be read.
    #[error("reading {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// There is nothing to read.
    #[error("{}: no recordings. `ringleader --record {}` writes them", path.display(), path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// A file is no recording of any node.
    #[error("{}: its name is not RUN-NODE-START.jsonl, so it is no recording; move it away", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// A line makes no sense: the file was changed, or another version of the program wrote it.
    #[error(
        "{}, line {line}: {reason}. The file was changed, or another version of Ringleader wrote it: replay it with that one",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The fault.
        reason: String,
    },
}

/// Reads every recording of a directory: run by run, each in the order of the file names. Other files are
/// left alone.
///
/// # Errors
/// When there are none, or one can't be read. A last line that was torn when its process was killed is no
/// error: that step is left out.
pub fn read(directory: &Path) -> Result<Vec<Recording>, ReadError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ReadError::Io { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(io(directory))? {
        let path = entry.map_err(io(directory))?.path();
        if path.to_str().is_some_and(|path| path.ends_with(SUFFIX)) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut recordings = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(io(&path))?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(of) = parse_file_name(name) else { return Err(ReadError::Name { path }) };
        recordings.extend(parse(&text, of, path)?);
    }
    if recordings.is_empty() {
        return Err(ReadError::Empty { path: directory.to_owned() });
    }
    Ok(recordings)
}

/// `None` for a process that was killed before it had written its first line.
fn parse(
    text: &str,
    (run, name, incarnation): (RunId, NodeName, Incarnation),
    path: PathBuf,
) -> Result<Option<Recording>, ReadError> {
    let whole = text.rfind('\n').and_then(|end| text.get(..end));
    let Some(whole) = whole else { return Ok(None) };
    let mut lines = whole.lines().zip(1..);
    let beginning: Beginning = match lines.next() {
        Some((text, number)) => read_line(text, number, &path)?,
        None => return Ok(None),
    };
    let steps = lines.map(|(text, number)| read_line(text, number, &path)).collect::<Result<_, _>>()?;
    Ok(Some(Recording { run, name, incarnation, path, beginning, steps }))
}

fn read_line<T: DeserializeOwned>(text: &str, line: usize, path: &Path) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|error| ReadError::Damaged {
        path: path.to_owned(),
        line,
        reason: error.to_string(),
    })
}

/// The members that recorded something in this run, so that ids can be called by names. Attributes,
/// addresses and who may lead are not known.
#[must_use]
pub fn members(recordings: &[Recording], run: RunId) -> RingSpec {
    let mut ring = RingSpec::default();
    for recording in recordings.iter().filter(|recording| recording.run == run) {
        if ring.member(recording.beginning.id).is_none() {
            ring.members.push(Member {
                id: recording.beginning.id,
                name: recording.name.clone(),
                eligible: true,
                attribute: Attribute(0),
                incarnation: recording.incarnation,
                address: None,
            });
        }
    }
    ring
}

/// The steps of several recordings, each with its number in its own, in the order in which they happened:
/// nodes of one machine share a clock.
#[must_use]
pub fn in_order<'a>(
    recordings: impl IntoIterator<Item = &'a Recording>,
) -> Vec<(&'a Recording, usize, &'a Step)> {
    let mut all: Vec<_> = recordings
        .into_iter()
        .flat_map(|recording| recording.steps.iter().enumerate().map(move |(n, step)| (recording, n, step)))
        .collect();
    all.sort_by_key(|(_, _, step)| step.now);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_read_as_it_is_written() {
        let run = RunId("6ba7b810-9dad-41d1-80b4-00c04fd430c8".parse().expect("a UUID"));
        for name in ["A", "a-b", "-a", "a-1-2", "_"] {
            let name: NodeName = name.parse().expect("a name");
            let text = file_name(run, &name, Incarnation(12));
            assert_eq!(parse_file_name(&text), Some((run, name, Incarnation(12))), "{text}");
        }
        for text in [
            "",
            "A-1.jsonl",
            "6ba7b810-9dad-41d1-80b4-00c04fd430c8-A.jsonl",
            "6ba7b810-9dad-41d1-80b4-00c04fd430c8-A-1",
        ] {
            assert_eq!(parse_file_name(text), None, "{text}");
        }
    }
}
