//! The requests that are about one node, by their words in the API.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An action on the process of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeAction {
    /// Kill it: SIGKILL.
    Kill,
    /// Ask it to leave gracefully.
    Exit,
    /// Start it, as the next incarnation of its node.
    Start,
    /// Stop it, so that it hangs: SIGSTOP.
    Pause,
    /// Let it go on: SIGCONT.
    Resume,
}

impl NodeAction {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Kill, Self::Exit, Self::Start, Self::Pause, Self::Resume];

    /// The name in the API's path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Exit => "exit",
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

impl fmt::Display for NodeAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A request that is about one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum NodeRequest {
    /// It is to initiate an election.
    Initiate,
    /// An action on its process.
    Act(NodeAction),
}

impl NodeRequest {
    /// The word for it in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiate => "initiate",
            Self::Act(action) => action.as_str(),
        }
    }
}

impl From<NodeRequest> for &'static str {
    fn from(request: NodeRequest) -> Self {
        request.as_str()
    }
}

/// A text that is the word of no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nobody can ask a node to `{0}`")]
pub struct NoRequest(String);

impl TryFrom<String> for NodeRequest {
    type Error = NoRequest;

    fn try_from(text: String) -> Result<Self, NoRequest> {
        let action = NodeAction::ALL.into_iter().find(|action| action.as_str() == text);
        let is_initiate = text == Self::Initiate.as_str();
        action.map(Self::Act).or(is_initiate.then_some(Self::Initiate)).ok_or(NoRequest(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_is_written() {
        let actions = NodeAction::ALL.map(NodeRequest::Act);
        for request in actions.into_iter().chain([NodeRequest::Initiate]) {
            let json = serde_json::to_string(&request).expect("a word");
            assert_eq!(json, format!("\"{}\"", request.as_str()));
            assert_eq!(serde_json::from_str::<NodeRequest>(&json).expect("the same"), request);
        }
        assert!(serde_json::from_str::<NodeRequest>("\"sleep\"").is_err());
    }
}
