//! The commands of the reader, as data. The server or the sandbox carries them out.

use ringleader_shared::api::AddNode;
use ringleader_shared::{Attribute, ChangeRing, LinkFault, NodeName};

/// An action on a node's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeAction {
    /// SIGKILL.
    Kill,
    /// Leave gracefully.
    Exit,
    /// SIGSTOP.
    Pause,
    /// SIGCONT.
    Resume,
    /// Start again.
    Start,
}

impl NodeAction {
    /// The name in the API's path.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Exit => "exit",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Start => "start",
        }
    }
}

/// The node that an action is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeTarget {
    /// The node that leads when the command is carried out.
    Leader,
    /// This node.
    Node(NodeName),
}

/// A command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Start an election; without an initiator the first live member in ring order starts it.
    Elect(Option<NodeName>),
    /// These members start an election at once, all in the same term.
    ElectTogether(Vec<NodeName>),
    /// Every live member starts an election at once.
    ElectAll,
    /// Perform this action on a node.
    Control(NodeTarget, NodeAction),
    /// Change a node's attribute.
    ChangeAttribute(NodeName, Attribute),
    /// Let a node lead and be deputy, or not.
    ChangeEligibility(NodeName, bool),
    /// Add a node at the end of the ring order.
    Add(AddNode),
    /// Take a node out of the ring.
    Remove(NodeName),
    /// Change settings of the ring.
    ChangeSettings(ChangeRing),
    /// Set the fault of the link from the first node to the second.
    SetLink(NodeName, NodeName, LinkFault),
    /// Heal every link and end the partition.
    HealLinks,
    /// Partition the ring: these on one side, the rest on the other.
    Partition(Vec<NodeName>),
    /// A fresh ring as configured.
    Reset,
}
