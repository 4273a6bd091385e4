//! The process of a node as the supervisor knows it, from its spawning to its end.

use std::sync::Arc;

use ringleader_shared::control::{Configuration, NodeCommand};
use ringleader_shared::{NodeName, Term};
use tokio::sync::{mpsc, watch};

use super::Reply;
use super::child::{Change, Child, Signal};

/// A process of a node that has not ended.
pub(super) struct Process {
    pub(super) child: Child,
    /// The channels to it, once it has sent its hello.
    pub(super) channels: Option<Channels>,
    /// Whether the kernel holds it stopped.
    pub(super) paused: bool,
    /// Requests to stop or continue it, which are answered when the kernel has done so.
    pub(super) asked: Vec<(Change, Reply<NodeName>)>,
    /// The time at which it was sent SIGCONT, by the monotonic clock, until the kernel reports that it
    /// runs again.
    pub(super) continued_ns: Option<u64>,
    /// Whether it was sent SIGKILL.
    pub(super) killed: bool,
    /// Whether it is to stay ended: it was asked to leave, or the whole ring ends.
    pub(super) leaving: bool,
    /// The highest term of the run in the last configuration that was sent to it.
    pub(super) highest_term: Term,
    /// The last line that it wrote to its standard error output.
    pub(super) last_line: Option<String>,
}

/// The channels to a node that has sent its hello.
pub(super) struct Channels {
    pub(super) commands: mpsc::Sender<NodeCommand>,
    pub(super) configuration: watch::Sender<Option<Arc<Configuration>>>,
}

impl Process {
    /// A process that was just spawned.
    pub(super) const fn new(child: Child) -> Self {
        Self {
            child,
            channels: None,
            paused: false,
            asked: Vec::new(),
            continued_ns: None,
            killed: false,
            leaving: false,
            highest_term: Term::ZERO,
            last_line: None,
        }
    }

    /// Whether its end was asked for.
    pub(super) fn is_ending(&self) -> bool {
        self.killed || self.leaving
    }

    /// Kills it: its end is reported later.
    pub(super) fn kill(&mut self) {
        self.killed = true;
        self.child.signal(Signal::Kill);
    }
}
