//! A notice: something that went wrong and that the reader should know.

use ringleader_shared::api::Problem;

/// The advice to a reader whose page lacks a part.
pub(crate) const RELOAD: &str = "Is the server there? If it was started anew, reload the page";

/// A notice, as data. The component that asked for what went wrong has it shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The event, in a sentence.
    pub(crate) title: String,
    /// More about it.
    pub(crate) detail: Option<String>,
}

impl Notice {
    /// A notice without details.
    pub(crate) fn new(title: String) -> Self {
        Self { title, detail: None }
    }

    /// The notice about a part of the page that could not be loaded.
    pub(crate) fn not_loaded(part: &str) -> Self {
        let mut title = format!("{part} could not be loaded");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self { title, detail: Some(RELOAD.to_owned()) }
    }
}

impl From<Problem> for Notice {
    fn from(problem: Problem) -> Self {
        Self { title: problem.title, detail: problem.detail }
    }
}
