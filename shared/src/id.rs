//! Names and numbers that identify things.

use std::fmt;
use std::str::FromStr;

use crate::json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one member of a ring for as long as it is configured, across restarts. Any UUID but the nil
/// one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub Uuid);

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies one run of a ring: from the server's start, or the last reset, to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// The number of an election. It only grows; 0 means that no election has been seen yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Term(pub u64);

impl Term {
    /// The term before the first election.
    pub const ZERO: Self = Self(0);

    /// The next term. Saturates at the largest number, which no run can reach.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A member's priority: the highest one wins an election. At most [`Attribute::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attribute(pub u64);

impl Attribute {
    /// The largest attribute: 2^53 − 1, the largest integer that every JSON reader keeps exact.
    pub const MAX: Self = Self((1 << 53) - 1);
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a node's start: 1 for the first, one more for each restart. 0 before the first start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of an event on the bus. The first event of a server is 1.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies one sending of one ring message, so that a sending and its arrival can be matched.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct MessageId {
    /// The sender.
    pub from: NodeName,
    /// The start of the sender.
    pub incarnation: Incarnation,
    /// The sender's own count of messages, from 1.
    pub number: u64,
}

json::read_by_name! { MessageId { from, incarnation, number } }

/// A member's short name, unique in its ring: 1 to 16 of the ASCII letters, digits, `-` and `_`.
///
/// ASCII, because names are compared byte by byte, and stand in addresses, file names and command lines:
/// letters that look the same are the same there.
///
/// `leader` and `deputy` are not names: the API takes them to mean the holder of that role.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(
    /// Its characters, then zeros. Stored in place: events and views have many names and are copied often.
    [u8; Self::MAX_LEN],
);

/// The reason why a text is not a [`NodeName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, or longer than [`NodeName::MAX_LEN`].
    #[error("a node's name has 1 to {max} characters, {name:?} has {len}", max = NodeName::MAX_LEN)]
    Length {
        /// The text.
        name: String,
        /// Its length in characters.
        len: usize,
    },
    /// Contains something else than ASCII letters, digits, `-` and `_`.
    #[error(
        "a node's name has only the letters A to Z and a to z, digits, '-' and '_'; {name:?} has {bad:?}"
    )]
    Character {
        /// The text.
        name: String,
        /// The first character that is not allowed.
        bad: char,
    },
    /// Is the name of a role.
    #[error("{name:?} can't be a node's name: it stands for whoever holds that role")]
    Reserved {
        /// The text.
        name: String,
    },
}

impl NodeName {
    /// The longest name, in characters.
    pub const MAX_LEN: usize = 16;

    /// The default name of the first node.
    pub const FIRST: Self = Self([b'A', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(Self::MAX_LEN);
        self.0.get(..len).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The default name of the n-th node, from 0: A, B, … Z, AA, AB, …
    #[must_use]
    pub fn nth(n: usize) -> Self {
        let mut letters = [0; Self::MAX_LEN];
        let mut rest = n;
        // The last letter first. A number of 64 bits has no more than 14.
        for letter in &mut letters {
            *letter = b'A' + u8::try_from(rest % 26).unwrap_or(0);
            let Some(before) = (rest / 26).checked_sub(1) else { break };
            rest = before;
        }
        let len = letters.iter().position(|&byte| byte == 0).unwrap_or(Self::MAX_LEN);
        letters.get_mut(..len).unwrap_or_default().reverse();
        Self(letters)
    }

    /// The index of the node that has this name by default, as in [`NodeName::nth`]; `None` for any other
    /// name.
    #[must_use]
    pub fn ordinal(&self) -> Option<usize> {
        let letters = self
            .as_str()
            .bytes()
            .map(|letter| letter.is_ascii_uppercase().then(|| usize::from(letter - b'A')));
        let count = letters
            .into_iter()
            .try_fold(0_usize, |count, letter| count.checked_mul(26)?.checked_add(letter? + 1));
        count?.checked_sub(1)
    }
}

impl FromStr for NodeName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let len = text.chars().count();
        if len == 0 || len > Self::MAX_LEN {
            return Err(NameError::Length { name: text.chars().take(40).collect(), len });
        }
        if let Some(bad) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
            return Err(NameError::Character { name: text.to_owned(), bad });
        }
        if text.eq_ignore_ascii_case("leader") || text.eq_ignore_ascii_case("deputy") {
            return Err(NameError::Reserved { name: text.to_owned() });
        }
        let mut name = [0; Self::MAX_LEN];
        name.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Ok(Self(name))
    }
}

impl TryFrom<String> for NodeName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_like_columns_of_a_sheet() {
        let names: Vec<String> =
            [0, 1, 25, 26, 27, 51, 52, 701, 702].iter().map(|&n| NodeName::nth(n).to_string()).collect();
        assert_eq!(names, ["A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn a_name_that_nobody_chose_says_which_it_is() {
        assert!((0..20_000).all(|n| NodeName::nth(n).ordinal() == Some(n)));
        for chosen in ["a", "A1", "A-B", "Aa", "ZZZZZZZZZZZZZZZZ"] {
            assert_eq!(chosen.parse::<NodeName>().expect("a name").ordinal(), None, "{chosen}");
        }
    }

    #[test]
    fn a_name_says_what_is_wrong_with_it() {
        for (text, says) in [
            ("", "1 to 16 characters"),
            ("abcdefghijklmnopq", "has 17"),
            ("a b", "has ' '"),
            ("Leader", "holds that role"),
            ("deputy", "holds that role"),
            ("../x", "has '.'"),
        ] {
            let error = text.parse::<NodeName>().expect_err(text).to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }
}
