//! The vocabulary of every Ringleader wire: ids, terms, ring messages, events, commands and views.
//!
//! Node processes, server, simulator and browser use the same types, so the types live here once. The crate
//! does not know how an election is decided, and knows no sockets, clocks or processes.
//!
//! The way through it: [`id`] names things, [`message`] is what travels the ring ([`algorithm`] in the
//! classic elections), [`event`] is every report about it, [`fault`] is what may go wrong on the way,
//! [`view`] is what the ring looks like once events are applied, [`timeline`] what it looked like before,
//! [`control`] and [`api`] are what is asked for.
#![forbid(unsafe_code)]

pub mod action;
pub mod algorithm;
pub mod api;
pub mod bus;
pub mod causality;
pub mod control;
pub mod event;
pub mod explanation;
pub mod export;
pub mod fault;
pub mod id;
pub mod invariants;
mod json;
pub mod link;
pub mod message;
mod plural;
pub mod ring;
pub mod role;
pub mod settings;
pub mod text;
pub mod timeline;
pub mod view;
pub mod why;

pub use action::{NodeAction, NodeRequest};
pub use algorithm::{AlgorithmName, Payload, PortKind, Progress};
pub use event::{Event, EventKind};
pub use explanation::{DropReason, Explanation};
pub use fault::{FaultyLink, LinkFault};
pub use id::{Attribute, Incarnation, MessageId, NodeId, NodeName, RunId, Seq, Term};
pub use message::{Contender, Mandate, Promise, RingMessage};
pub use plural::counted;
pub use ring::{Member, RingSpec};
pub use role::{NodeState, Role, Safety, Succession};
pub use settings::{ChangeRing, RingSettings};
pub use view::RingView;
