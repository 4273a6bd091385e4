//! Faults on links: what the network between two nodes does to what one of them says to the other.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, NodeName};
use crate::json;

/// The longest delay on a link, in milliseconds.
pub const MAX_DELAY_MS: u64 = 10_000;

/// The faults of one link in one direction. The default is a link without a fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkFault {
    /// Nothing gets through, and neither end is notified: no message, no ping, no close, no handshake.
    pub cut: bool,
    /// The delay that is added to everything, in milliseconds; at most [`MAX_DELAY_MS`].
    pub delay_ms: u64,
    /// The share of the messages and pings that is lost.
    pub drop: Share,
    /// The share of the messages that arrives twice.
    pub duplicate: Share,
    /// The share of the messages that is overtaken by the next one.
    pub reorder: Share,
}

impl LinkFault {
    /// A link that carries nothing.
    pub const CUT: Self =
        Self { cut: true, delay_ms: 0, drop: Share::NONE, duplicate: Share::NONE, reorder: Share::NONE };

    /// Whether the link has no fault.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// As JSON, for a page that must stay small.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { cut, delay_ms, drop, duplicate, reorder } = self;
        let [drop, duplicate, reorder] = [drop, duplicate, reorder].map(|share| share.to_json());
        format!(
            "{{\"cut\":{cut},\"delay_ms\":{delay_ms},\"drop\":{drop},\"duplicate\":{duplicate},\"reorder\":{reorder}}}"
        )
    }
}

/// A part of all messages: 0 for none to 1 for each, exact to a millionth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(u32);

/// A number that is not from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a share is a number from 0 to 1")]
pub struct NoShare;

impl Share {
    /// No message.
    pub const NONE: Self = Self(0);

    /// Every message.
    pub const ALL: Self = Self(Self::WHOLE);

    const WHOLE: u32 = 1_000_000;

    /// The share with this percentage, at most 100.
    #[must_use]
    pub fn of_percent(percent: u32) -> Self {
        Self(percent.min(100) * (Self::WHOLE / 100))
    }

    /// The share as a percentage, rounded.
    #[must_use]
    pub fn percent(self) -> u32 {
        (self.0 + Self::WHOLE / 200) / (Self::WHOLE / 100)
    }

    /// As JSON, without the code that writes floating point.
    #[must_use]
    pub fn to_json(self) -> String {
        format!("{}.{:06}", self.0 / Self::WHOLE, self.0 % Self::WHOLE)
    }

    /// Whether a message is one of them, for a number drawn evenly from 0 to 1, 1 itself left out.
    #[must_use]
    pub fn takes(self, drawn: f64) -> bool {
        drawn < f64::from(self)
    }
}

impl TryFrom<f64> for Share {
    type Error = NoShare;

    fn try_from(share: f64) -> Result<Self, NoShare> {
        if !(0.0..=1.0).contains(&share) {
            return Err(NoShare);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a million")]
        let millionths = (share * f64::from(Self::WHOLE)).round() as u32;
        Ok(Self(millionths))
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        Self::from(share.0) / Self::from(Share::WHOLE)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without floating point: writing that would be a tenth of the page.
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 { write!(f, "{whole} %") } else { write!(f, "{whole}.{rest:04} %") }
    }
}

/// A link with a fault, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultyLink {
    /// The sender.
    pub from: NodeName,
    /// The receiver.
    pub to: NodeName,
    /// The fault between them.
    pub fault: LinkFault,
}

json::read_by_name! { FaultyLink { from, to, fault } }

/// A link with a fault, as nodes are configured with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFault {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// The fault between them.
    pub fault: LinkFault,
}

/// The effect of a fault on one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Injection {
    /// The link is cut: the message vanished.
    Cut,
    /// It was lost by chance.
    Drop,
    /// It goes out twice.
    Duplicate,
    /// It waits until the next one has gone first.
    Reorder,
}

impl Injection {
    /// Whether the message never arrives.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        match self {
            Self::Cut | Self::Drop => true,
            Self::Duplicate | Self::Reorder => false,
        }
    }
}

/// Whether two members are on different sides of a partition. Members that no side names are together on a
/// side of their own; without sides nobody is apart.
#[must_use]
pub fn are_parted(sides: &[Vec<NodeName>], one: &NodeName, other: &NodeName) -> bool {
    let side = |name: &NodeName| sides.iter().position(|side| side.contains(name));
    side(one) != side(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_as_it_was_read() {
        for text in ["0.0", "0.25", "0.000001", "1.0"] {
            let share: Share = serde_json::from_str(text).expect(text);
            assert_eq!(
                serde_json::to_string(&share).expect(text),
                if text == "0.000001" { "1e-6" } else { text }
            );
        }
        for wrong in ["-0.1", "1.1", "1e300", "\"0.5\"", "null"] {
            assert!(serde_json::from_str::<Share>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_of_none_takes_nothing_and_of_all_everything() {
        assert!(!Share::NONE.takes(0.0));
        assert!(Share::ALL.takes(0.999_999_999));
    }

    #[test]
    fn what_the_page_writes_is_read_as_it_was_meant() {
        let share = |share| Share::try_from(share).expect("a share");
        let fault = LinkFault {
            delay_ms: 80,
            drop: share(0.25),
            duplicate: share(0.000_001),
            reorder: Share::ALL,
            ..LinkFault::CUT
        };
        assert_eq!(serde_json::from_str::<LinkFault>(&fault.to_json()).expect("a fault"), fault);
        assert_eq!(share(0.125).to_string(), "12.5000 %");
    }

    #[test]
    fn a_misspelt_fault_is_refused_and_a_missing_one_is_none() {
        assert!(serde_json::from_str::<LinkFault>(r#"{"cutt":true}"#).is_err());
        assert_eq!(serde_json::from_str::<LinkFault>(r#"{"cut":true}"#).expect("a cut"), LinkFault::CUT);
        assert!(serde_json::from_str::<LinkFault>("{}").expect("nothing").is_none());
    }

    #[test]
    fn whoever_no_side_names_is_on_a_side_with_the_others_like_it() {
        let name = |text: &str| text.parse::<NodeName>().expect("a name");
        let sides = [vec![name("A"), name("B")]];
        assert!(are_parted(&sides, &name("A"), &name("C")));
        assert!(!are_parted(&sides, &name("A"), &name("B")));
        assert!(!are_parted(&sides, &name("C"), &name("D")));
        assert!(!are_parted(&[], &name("A"), &name("C")));
    }
}
