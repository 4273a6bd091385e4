//! The commands of the reader, as data. The server or the sandbox carries them out.

use ringleader_shared::api::{AddNode, Initiators};
use ringleader_shared::{Attribute, ChangeRing, LinkFault, NodeAction, NodeName};

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
    /// Start an election.
    Elect(Initiators),
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
