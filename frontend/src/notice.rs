//! A notice: something that went wrong and that the reader should know.

use ringleader_shared::api::Problem;

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
}

impl From<Problem> for Notice {
    fn from(problem: Problem) -> Self {
        Self { title: problem.title, detail: problem.detail }
    }
}
