//! Writes down what the core is given and does, one JSON object a line: see `ringleader_election::recording`.
//!
//! A recording is an aid: where it can't be written it ends, and the node goes on.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use ringleader_election::recording::{Beginning, Step};
use serde::Serialize;

/// The recording of one start of a node, if there is to be one.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    file: Option<BufWriter<File>>,
    /// The reason for its end, until somebody asks.
    failure: Option<std::io::Error>,
}

impl Recorder {
    /// Begins a recording in this file, if one is named. A file that is there already is replaced.
    pub(crate) fn begin(path: Option<&Path>, beginning: &Beginning) -> Self {
        let mut recorder = Self::default();
        match path.map(File::create) {
            Some(Ok(file)) => {
                recorder.file = Some(BufWriter::new(file));
                recorder.line(beginning);
            }
            Some(Err(error)) => recorder.failure = Some(error),
            None => {}
        }
        recorder
    }

    /// Whether steps are written down.
    pub(crate) const fn is_recording(&self) -> bool {
        self.file.is_some()
    }

    /// Writes one step down.
    pub(crate) fn step(&mut self, step: &Step) {
        self.line(step);
    }

    /// Takes the reason why the recording has ended before the node.
    pub(crate) fn take_failure(&mut self) -> Option<std::io::Error> {
        self.failure.take()
    }

    /// A whole line at once, so that a process that is killed leaves at most its last one torn.
    fn line(&mut self, value: &impl Serialize) {
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_writer(&mut *file, value)
            .map_err(std::io::Error::from)
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.flush());
        if let Err(error) = written {
            self.file = None;
            self.failure = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_shared::NodeId;

    #[test]
    fn a_recording_that_can_not_be_written_ends_and_says_so_once() {
        let beginning = Beginning { id: NodeId(uuid::Uuid::from_u128(1)), promise: None };
        // A disk that is always full, a folder that is not there, and no recording at all.
        for (path, fails) in [(Some("/dev/full"), true), (Some("/nowhere/A.jsonl"), true), (None, false)] {
            let mut recorder = Recorder::begin(path.map(Path::new), &beginning);
            assert!(!recorder.is_recording(), "{path:?}");
            assert_eq!(recorder.take_failure().is_some(), fails, "{path:?}");
            assert!(recorder.take_failure().is_none(), "{path:?}");
        }
    }
}
