//! What the reader wants done to the ring: one list, carried out by the server or by the sandbox.

use ringleader_shared::api::AddNode;
use ringleader_shared::{Attribute, ChangeRing, LinkFault, NodeName};

/// What a node's process can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
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

impl Fault {
    /// The word in the API's path.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Exit => "exit",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Start => "start",
        }
    }
}

/// To whom a fault happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Whoever leads when it happens.
    Leader,
    /// This node.
    Node(NodeName),
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Order {
    /// Start an election; without an initiator the first live member in ring order starts it.
    Elect(Option<NodeName>),
    /// These members start an election at once, all in the same term.
    ElectTogether(Vec<NodeName>),
    /// Every live member starts an election at once.
    ElectAll,
    /// Do this to a node.
    Fault(Whom, Fault),
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
    /// Set what happens to everything that the first says to the second.
    SetLink(NodeName, NodeName, LinkFault),
    /// Heal every link and end the partition.
    HealLinks,
    /// Partition the ring: these on one side, the rest on the other.
    Part(Vec<NodeName>),
    /// A fresh ring as configured.
    Reset,
}
