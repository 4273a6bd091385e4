//! The election algorithms: their names, the payload of the classic ones' messages, and the progress of a
//! member.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::NamedContender;
use crate::json;
use crate::message::Contender;

/// Calls a macro with the list of the classic algorithms, by year: the type of each, the name of its module
/// and of its tests, and the name as people type it. The one list of them.
///
/// The macro is given what stands between the braces first:
///
/// ```
/// macro_rules! count {
///     ($what:literal $($name:ident $module:ident $key:literal)+) => { ($what, [$($key),+].len()) };
/// }
/// let (what, count) = ringleader_shared::classic_algorithms!([count] { "algorithms" });
/// assert_eq!((what, count), ("algorithms", ringleader_shared::AlgorithmName::ALL.len() - 1));
/// ```
#[macro_export]
macro_rules! classic_algorithms {
    ([$($macro:tt)+] { $($first:tt)* }) => {
        $($macro)+! {
            $($first)*
            LeLann lelann "lelann"
            ChangRoberts chang_roberts "chang-roberts"
            ChangRobertsInitiators chang_roberts_initiators "chang-roberts-initiators"
            HirschbergSinclair hirschberg_sinclair "hirschberg-sinclair"
            Franklin franklin "franklin"
            Peterson peterson "peterson"
            DolevKlaweRodehA dolev_klawe_rodeh_a "dolev-klawe-rodeh-a"
            DolevKlaweRodeh dolev_klawe_rodeh "dolev-klawe-rodeh"
            Bully bully "bully"
            ItaiRodeh itai_rodeh "itai-rodeh"
            HighamPrzytycka higham_przytycka "higham-przytycka"
        }
    };
}

macro_rules! names {
    ($($name:ident $module:ident $key:literal)+) => {
        /// The name of an election algorithm.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "names of people and papers, given in docs/algorithms.md")]
        pub enum AlgorithmName {
            /// The default: the deputy comes with the leader.
            #[default]
            #[serde(rename = "max-ring")]
            MaxRing,
            $(#[serde(rename = $key)] $name,)+
        }

        impl AlgorithmName {
            /// Every algorithm, the default first, then by year.
            pub const ALL: [Self; ["max-ring", $($key),+].len()] = [Self::MaxRing, $(Self::$name),+];

            /// The name as people type it and as it is written in JSON.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self {
                    Self::MaxRing => "max-ring",
                    $(Self::$name => $key,)+
                }
            }
        }
    };
}

classic_algorithms!([names] {});

impl fmt::Display for AlgorithmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

/// A text that is the name of no algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no algorithm `{0}`; there are: {list}", list = AlgorithmName::ALL.map(AlgorithmName::key).join(", "))]
pub struct NoAlgorithm(String);

impl FromStr for AlgorithmName {
    type Err = NoAlgorithm;

    fn from_str(text: &str) -> Result<Self, NoAlgorithm> {
        let named = Self::ALL.into_iter().find(|name| name.key() == text);
        named.ok_or_else(|| NoAlgorithm(text.to_owned()))
    }
}

/// The port by which a message of a classic election leaves its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortKind {
    /// The port to the next live member; all messages of max-ring leave by it.
    Successor,
    /// The port to the previous live member.
    Predecessor,
    /// A port to any member, on a link of its own.
    Peer,
}

/// The content of a message of a classic election, in a form that all of them share. Each algorithm gives the
/// numbers their meaning (`docs/protocol.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload<L = Contender> {
    /// The kind of message among those of the algorithm, from 0.
    pub kind: u8,
    /// The member that it is about, for those that name one.
    pub label: Option<L>,
    /// Phase, round, distance …; zeros where there are none.
    pub numbers: [u32; 3],
}

impl<L> Payload<L> {
    /// A payload of a kind and a label only.
    #[must_use]
    pub const fn of(kind: u8, label: L) -> Self {
        Self { kind, label: Some(label), numbers: [0; 3] }
    }
}

/// The status of a member in a classic election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has not heard of the election yet.
    Asleep,
    /// It, or the label that it holds, may still win.
    Active,
    /// It waits to hear whether it goes on.
    Waiting,
    /// It only passes messages on.
    Relay,
    /// It knows the winner: the election is over for it.
    Done,
}

impl Status {
    /// The name of this status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asleep => "asleep",
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Relay => "relay",
            Self::Done => "done",
        }
    }
}

/// The progress of a member in a classic election, in the algorithm's own terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The algorithm.
    pub algorithm: AlgorithmName,
    /// Its status.
    pub status: Status,
    /// Its phase or round, where the algorithm counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<u32>,
    /// The label that it stands for, where that can be another's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<NamedContender>,
}

json::read_by_name! { Progress { algorithm, status, phase, holds } }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_typed_as_it_is_written_in_json() {
        for name in AlgorithmName::ALL {
            assert_eq!(serde_json::to_string(&name).expect("a name"), format!("\"{name}\""));
            assert_eq!(name.key().parse(), Ok(name));
        }
        let wrong = "raft".parse::<AlgorithmName>().expect_err("another kind of election").to_string();
        assert!(wrong.contains("`raft`") && wrong.contains("max-ring, lelann"), "{wrong}");
    }
}
