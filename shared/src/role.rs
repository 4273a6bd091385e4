//! What a node is: its role in the election and the state of its process.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The part a running node plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Won the last election it knows of, or took over.
    Leader,
    /// Second best of that election: takes over when the leader is lost.
    Deputy,
    /// Takes part in a running election and has seen nobody better than itself.
    Candidate,
    /// Everyone else.
    Follower,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Leader => "leader",
            Self::Deputy => "deputy",
            Self::Candidate => "candidate",
            Self::Follower => "follower",
        })
    }
}

/// The state of a node's process, as its supervisor knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Spawned, not yet ready to take part.
    Starting,
    /// Takes part.
    Running,
    /// Hung: stopped by SIGSTOP, its sockets still open.
    Paused,
    /// No process.
    Stopped,
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        })
    }
}

/// What an election is worth when members are missing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Whoever is left elects: the last survivor leads itself.
    #[default]
    Available,
    /// An election or a takeover counts with a majority of the configured members behind it, and a leader leads as long
    /// as a majority renews its lease: never two at one instant.
    Quorum,
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Available => "available",
            Self::Quorum => "quorum",
        })
    }
}
