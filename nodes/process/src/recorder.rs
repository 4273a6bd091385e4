//! Writes down what the core is given and does, one JSON object a line: see `ringleader_election::recording`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use ringleader_election::recording::{Beginning, Step};
use serde::Serialize;

/// The file being written.
#[derive(Debug)]
pub(crate) struct Recorder {
    file: BufWriter<File>,
}

impl Recorder {
    /// Begins a recording. A file that is there already is replaced.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn begin(path: &Path, beginning: &Beginning) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("recording in {}", path.display()))?;
        let mut recorder = Self { file: BufWriter::new(file) };
        recorder.line(beginning).with_context(|| format!("recording in {}", path.display()))?;
        Ok(recorder)
    }

    /// Writes one step down.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn step(&mut self, step: &Step) -> std::io::Result<()> {
        self.line(step)
    }

    /// A whole line at once, so that a process that is killed leaves at most its last one torn.
    fn line(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.file, value)?;
        self.file.write_all(b"\n")?;
        self.file.flush()
    }
}
