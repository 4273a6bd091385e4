//! Events of the nodes' processes: their output, their ends, their times that are over, and the stops of the
//! kernel.

use std::fmt::Write;

use ringleader_shared::{EventKind, Incarnation, NodeId, NodeName, RunId};

use super::child::{Change, ChildEvent, Ended, Signal};
use super::{EXIT_WITHIN, HELLO_WITHIN, NodeSlot, Reply, Supervisor, milliseconds, now};
use crate::bus::PendingEvent;
use crate::problem::Refusal;

impl Supervisor {
    /// Handles an event of a child's task.
    pub(super) fn on_child_event(&mut self, event: &ChildEvent) {
        match event {
            ChildEvent::Ended(ended) => self.has_ended(ended),
            ChildEvent::Said { id, incarnation, text } => self.log_line(*id, *incarnation, text),
            ChildEvent::HelloDue { id, incarnation } => self.hello_due(*id, *incarnation),
            ChildEvent::ExitDue { run, id, incarnation } => self.exit_due(*run, *id, *incarnation),
            ChildEvent::RestartDue { run, id, incarnation } => self.restart_due(*run, *id, *incarnation),
            ChildEvent::StartDue { run } => self.start_due(*run),
        }
    }

    /// Returns the member whose present start this is.
    fn start_of(&mut self, id: NodeId, incarnation: Incarnation) -> Option<&mut NodeSlot> {
        self.nodes.iter_mut().find(|node| node.member.id == id && node.member.incarnation == incarnation)
    }

    /// Logs a line that a node's process wrote to its standard error output, and shows it on the node's
    /// card.
    fn log_line(&mut self, id: NodeId, incarnation: Incarnation, text: &str) {
        let Some(node) = self.start_of(id, incarnation) else { return };
        let name = node.member.name.clone();
        tracing::warn!(node = %name, "{text}");
        if let Some(process) = &mut node.process {
            process.last_line = Some(text.to_owned());
        }
        let kind = EventKind::Stderr { text: text.to_owned() };
        self.bus.announce(Some(&name), incarnation, kind);
    }

    /// Ends a node that has not sent its hello in time.
    fn hello_due(&mut self, id: NodeId, incarnation: Incarnation) {
        if let Some(node) = self.start_of(id, incarnation)
            && let Some(process) = node.process.as_mut().filter(|process| process.channels.is_none())
        {
            process.kill();
            let reason = format!("it did not report within {} s and was killed", HELLO_WITHIN.as_secs());
            let name = node.member.name.clone();
            tracing::error!(node = %name, "{reason}");
            self.bus.announce(Some(&name), incarnation, EventKind::StartFailed { reason });
        }
    }

    /// Reports a node that was asked to leave and has not ended in time.
    fn exit_due(&mut self, run: RunId, id: NodeId, incarnation: Incarnation) {
        if run != self.run {
            return;
        }
        if let Some(node) = self.start_of(id, incarnation)
            && let Some(process) = node.process.as_mut().filter(|process| !process.killed)
        {
            process.kill();
            let name = node.member.name.clone();
            let after_ms = milliseconds(EXIT_WITHIN);
            self.bus.announce(Some(&name), incarnation, EventKind::ExitOverdue { after_ms });
        }
    }

    /// Publishes which nodes the kernel has stopped or continued, whoever asked it to.
    pub(super) fn look_at_processes(&mut self) {
        for node in &mut self.nodes {
            let Some(process) = &mut node.process else { continue };
            let Some(change) = process.child.last_change() else { continue };
            let (name, incarnation) = (&node.member.name, node.member.incarnation);
            let is_paused = change == Change::Stopped;
            if process.paused != is_paused {
                process.paused = is_paused;
                let kind = if is_paused { EventKind::Paused } else { EventKind::Resumed };
                // The node may have sent a report before this process learned that it runs again.
                let since = process.continued_ns.take().filter(|_| !is_paused);
                self.bus.announce_at(since.unwrap_or_else(now), Some(name), incarnation, kind);
            }
            if let Some(channels) = process.channels.as_ref().filter(|_| !is_paused) {
                // The node may have missed some configurations: the newest is sent again.
                channels.configuration.send_modify(|_| ());
            }
            let (done, waiting) = process.asked.drain(..).partition(|(wanted, _)| *wanted == change);
            process.asked = waiting;
            let done: Vec<(Change, Reply<NodeName>)> = done;
            for (_, reply) in done {
                let _ = reply.send(Ok(name.clone()));
            }
        }
        self.announce_first_term();
    }

    /// Handles the end of a process: publishes it, and starts the node again or not.
    fn has_ended(&mut self, ended: &Ended) {
        let is_it =
            |node: &NodeSlot| node.member.id == ended.id && node.member.incarnation == ended.incarnation;
        let Some(index) = self.nodes.iter().position(is_it) else { return };
        let Some(node) = self.nodes.get_mut(index) else { return };
        node.member.address = None;
        let process = node.process.take();
        let said_hello = process.as_ref().is_some_and(|process| process.channels.is_some());
        let name = node.member.name.clone();
        // The supervisor knows whether a node is to stay ended; the exit code of its process does not
        // matter.
        let mut stays_ended = false;
        let mut last_line = None;
        if let Some(process) = process {
            stays_ended = process.leaving;
            last_line = process.last_line;
            for (_, reply) in process.asked {
                let _ = reply.send(Err(Refusal::conflict(format!("{name} has ended meanwhile"))));
            }
        }
        let kind = EventKind::Exited { code: ended.code, signal: ended.signal };
        // In order with the reports of the node and its neighbours.
        let exited = PendingEvent {
            node: Some(name.clone()),
            incarnation: ended.incarnation,
            lamport: 0,
            at_ns: ended.at_ns,
            kind,
        };
        self.bus.report(&node.membership, [exited]);
        if !said_hello {
            let mut reason = "its process ended before it could take part".to_owned();
            if let Some(words) = last_line {
                let _ = write!(reason, ": {words}");
            }
            self.bus.announce(Some(&name), ended.incarnation, EventKind::StartFailed { reason });
            self.configure_all(None);
        }
        self.announce_first_term();
        if !stays_ended {
            self.restart_later(index, ended.at_ns);
        }
    }

    /// Kills every process and waits until the last one is reaped.
    pub(super) async fn end_all(&mut self) {
        self.bus.end_run();
        for process in self.nodes.iter_mut().filter_map(|node| node.process.as_mut()) {
            process.leaving = true;
            process.child.signal(Signal::Kill);
        }
        while self.nodes.iter().any(|node| node.process.is_some()) {
            let Some(event) = self.child_events.recv().await else { return };
            // A ring that is being ended needs no new configuration.
            self.forming = true;
            self.on_child_event(&event);
        }
    }
}
