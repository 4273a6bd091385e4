//! The recordings of the nodes of a test, and a replay of it when the test is over.

use ringleader_election::recording::{Step, replay};

use super::Server;

impl Server {
    /// The inputs and effects of every start of every node so far, also those that are not reported as
    /// events.
    pub fn recorded(&self) -> Vec<Step> {
        self.recorded_by("")
    }

    /// The same of the nodes and starts whose file names begin like this: `B-1` for the first start of B.
    pub fn recorded_by(&self, prefix: &str) -> Vec<Step> {
        let directory = self.recordings.as_ref().expect("a test records").path();
        let files = std::fs::read_dir(directory).expect("the directory is there").map(|entry| entry.unwrap());
        let texts = files
            .filter(|file| {
                let name = file.file_name();
                // The run's id and a hyphen come first.
                name.to_string_lossy().get(37..).is_some_and(|rest| rest.starts_with(prefix))
            })
            .map(|file| std::fs::read_to_string(file.path()).expect("it can be read"));
        // The first line names the node; the last one may be incomplete yet.
        let steps = |text: String| -> Vec<Step> {
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            whole.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        texts.flat_map(steps).collect()
    }
}

/// Replays the recording of every start of every node with a fresh core, which must return the same effects.
pub(super) fn replay_all(directory: &std::path::Path) {
    for entry in std::fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("a recording is text");
        // A process that is killed may leave its last line incomplete.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut lines = whole.lines();
        let Some(beginning) = lines.next() else { continue };
        let beginning = serde_json::from_str(beginning).expect("a recording begins with who it is of");
        let steps = lines.map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", path.display()))
        });
        if let Err(difference) = replay(beginning, steps) {
            panic!("{}: a replay differs: {difference:#?}", path.display());
        }
    }
}
