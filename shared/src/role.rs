//! The state of a node: its role in the election and the state of its process.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The role of a running node in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Won the last election that it knows of, or took over.
    Leader,
    /// Second best of that election: takes over when the leader is lost.
    Deputy,
    /// Takes part in a running election and has seen no better member than itself.
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

/// Enums of modes that people choose by a word: the variants with their words come from one list.
macro_rules! modes {
    ($(
        $(#[$doc:meta])+
        $mode:ident, $what:literal { $(#[$about:meta])+ $default:ident = $first:literal, $($(#[$also:meta])+ $name:ident = $key:literal,)+ }
    )+) => {$(
        $(#[$doc])+
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $mode {
            $(#[$about])+
            #[default]
            #[serde(rename = $first)]
            $default,
            $($(#[$also])+ #[serde(rename = $key)] $name,)+
        }

        impl $mode {
            /// Every mode, the default first.
            pub const ALL: [Self; [$first, $($key),+].len()] = [Self::$default, $(Self::$name),+];

            /// The word as people type it and as JSON has it.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self {
                    Self::$default => $first,
                    $(Self::$name => $key,)+
                }
            }
        }

        impl fmt::Display for $mode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.key())
            }
        }

        impl FromStr for $mode {
            type Err = NoMode;

            fn from_str(text: &str) -> Result<Self, NoMode> {
                let named = Self::ALL.into_iter().find(|mode| mode.key() == text);
                let all = || [$first, $($key),+].join(", ");
                named.ok_or_else(|| NoMode { what: $what, text: text.to_owned(), all: all() })
            }
        }
    )+};
}

/// A text that is the word of no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{text}`; there are: {all}")]
pub struct NoMode {
    what: &'static str,
    text: String,
    all: String,
}

modes! {
    /// Whether an election needs a majority.
    Safety, "safety" {
        /// The members that are left elect: the last survivor leads itself.
        Available = "available",
        /// An election or a takeover counts with a majority of the configured members behind it, and a leader
        /// leads as long as a majority renews its lease: never two at one instant.
        Quorum = "quorum",
    }

    /// The answer to the loss of the leader.
    Succession, "succession" {
        /// The deputy takes over at once.
        Deputy = "deputy",
        /// Nobody is deputy: a member that notices the loss starts an election, by the algorithm that the
        /// ring holds.
        Election = "election",
    }
}
