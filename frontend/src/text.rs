//! Events and times as text.

use ringleader_shared::text::describe;
pub(crate) use ringleader_shared::text::{duration, explanation, led, link_fault, message};
use ringleader_shared::text::{list, through};
use ringleader_shared::view::NodeView;
use ringleader_shared::{Event, EventKind, NodeName, RingView, Seq};

/// A time since the server started, in minutes, seconds and microseconds: a takeover takes less than a
/// millisecond.
pub(crate) fn stamp(at_us: u64) -> String {
    let (seconds, millionths) = (at_us / 1_000_000, at_us % 1_000_000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let hours = if hours > 0 { format!("{hours}:") } else { String::new() };
    format!("{hours}{minutes:02}:{:02}.{millionths:06}", seconds % 60)
}

/// The note that events of a kept run are missing.
pub(crate) fn missing(first: Seq, last: Seq) -> String {
    let which =
        if first == last { format!("event {first} is") } else { format!("events {first} to {last} are") };
    format!("{which} missing: the disk did not take them in time")
}

/// A node's successor, with the relays on the way to it.
pub(crate) fn to_successor(node: &NodeView, successor: &NodeName) -> String {
    let relays = node.link_to(successor).map_or(&[][..], |link| link.relays.as_slice());
    format!("{successor}{}", through(relays))
}

/// The reason why a live node is outside of the leader's ring, and which nodes it reaches; `None` when it is
/// not outside.
pub(crate) fn outside(view: &RingView, name: &NodeName) -> Option<String> {
    let node = view.node(name).filter(|node| node.is_live())?;
    let (reached, reaching) = view.connected(name);
    let all = view.live().count() - 1;
    let is_outside = match view.leading() {
        Some(leader) => {
            let is_leader = |node: &&NodeView| node.name == leader.name;
            leader.name != *name && !(reached.iter().any(is_leader) && reaching.iter().any(is_leader))
        }
        None => reached.len() < all || reaching.len() < all,
    };
    let names = |nodes: &[&NodeView]| list(&nodes.iter().map(|node| &node.name).collect::<Vec<_>>());
    let verb = if reaching.len() > 1 { "reach" } else { "reaches" };
    let links = is_outside.then(|| format!("reaches {}; {} {verb} it", names(&reached), names(&reaching)));
    // It may follow again by now, without a change of its role.
    let why = node.outside.as_ref().filter(|_| is_outside || view.led().is_none()).map(explanation);
    let parts: Vec<String> = links.into_iter().chain(why).collect();
    (!parts.is_empty()).then(|| parts.join(". "))
}

/// The subject of a log line, on which its colour and the filters depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A decision of the node.
    Decision,
    /// A change of its role.
    Role,
    /// A link.
    Link,
    /// One message sent or received.
    Message,
    /// A loss, a refusal or another failure.
    Trouble,
    /// The process of the node.
    Process,
    /// The page's own note.
    Page,
}

impl Subject {
    /// Its CSS class.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Decision => "line decision",
            Self::Role => "line role",
            Self::Link => "line link",
            Self::Message => "line message",
            Self::Trouble => "line trouble",
            Self::Process => "line process",
            Self::Page => "line page",
        }
    }
}

/// The log line of an event; `None` for an event that is shown elsewhere. A simulated node has no process.
pub(crate) fn line(event: &Event, simulated: bool) -> Option<(Subject, String)> {
    let subject = subject(&event.kind)?;
    let text = match &event.kind {
        EventKind::Spawned { .. } => {
            let restarts = match event.incarnation.0.saturating_sub(1) {
                0 => String::new(),
                restarts => format!(", restart {restarts}"),
            };
            // A simulated node has no process: its number means nothing.
            (if simulated { "started".to_owned() } else { describe(&event.kind) }) + &restarts
        }
        EventKind::Exited { .. } if simulated => "killed".to_owned(),
        EventKind::SuccessorChanged { successor } if Some(successor) == event.node.as_ref() => {
            "alone: its own successor".to_owned()
        }
        kind => describe(kind),
    };
    Some((subject, text))
}

/// The subject of an event's line; `None` for an event that is shown elsewhere.
const fn subject(kind: &EventKind) -> Option<Subject> {
    Some(match kind {
        EventKind::RunStarted { .. }
        | EventKind::SettingsChanged { .. }
        | EventKind::ProgressChanged { .. }
        | EventKind::LinkFaultChanged { .. }
        | EventKind::PartitionChanged { .. }
        | EventKind::Heartbeat { .. } => return None,
        EventKind::MemberAdded { .. }
        | EventKind::MemberRemoved
        | EventKind::AttributeChanged { .. }
        | EventKind::EligibilityChanged { .. }
        | EventKind::Requested { .. }
        | EventKind::Spawned { .. }
        | EventKind::RestartPlanned { .. }
        | EventKind::Exited { code: Some(0), signal: None }
        | EventKind::Resumed
        | EventKind::Ready { .. }
        | EventKind::PortTaken { .. }
        | EventKind::Leaving => Subject::Process,
        EventKind::StartFailed { .. }
        | EventKind::GivenUp { .. }
        | EventKind::Exited { .. }
        | EventKind::ExitOverdue { .. }
        | EventKind::Stderr { .. }
        | EventKind::RecordingEnded { .. }
        | EventKind::PromiseFailed { .. }
        | EventKind::Paused
        | EventKind::Dropped { trouble: true, .. }
        | EventKind::Lost { .. }
        | EventKind::Injected { .. }
        | EventKind::LinkDown { failure: true, .. }
        | EventKind::Refused { .. }
        | EventKind::Overflow { .. } => Subject::Trouble,
        EventKind::RoleChanged { .. } | EventKind::Completed { .. } => Subject::Role,
        EventKind::SuccessorChanged { .. } | EventKind::LinkUp { .. } | EventKind::LinkDown { .. } => {
            Subject::Link
        }
        EventKind::Sent { .. } | EventKind::Received { .. } | EventKind::Dropped { .. } => Subject::Message,
        EventKind::Explained { .. } => Subject::Decision,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message as info, name};
    use ringleader_shared::{DropReason, Role, Term};

    #[test]
    fn a_node_is_outside_while_it_does_not_reach_the_leader_and_be_reached() {
        use crate::testing::ring;
        use ringleader_shared::Explanation;
        use ringleader_shared::link::{LinkDirection, LinkKind};
        let mut ring = ring(3);
        ring.running();
        ring.led_by("C", "B", 1);
        let (link, direction) = (LinkKind::Ring, LinkDirection::Outgoing);
        let mut dials = |from, to| {
            ring.then(from, EventKind::LinkUp { peer: name(to), link, direction, relays: Vec::new() })
        };
        dials("B", "C");
        let view = dials("C", "B");
        assert_eq!(outside(&view, &name("A")).as_deref(), Some("reaches nobody; nobody reaches it"));
        assert_eq!((outside(&view, &name("B")), outside(&view, &name("C"))), (None, None));
        let view = dials("A", "B");
        assert_eq!(outside(&view, &name("A")).as_deref(), Some("reaches B and C; nobody reaches it"));
        dials("C", "A");
        let waits = EventKind::Explained { explanation: Explanation::InquiryUnanswered };
        assert_eq!(outside(&ring.then("A", waits), &name("A")), None, "it follows");
        let view = ring.then("C", EventKind::Paused);
        assert!(outside(&view, &name("A")).is_some_and(|words| words.contains("has not come home")));
    }

    #[test]
    fn a_stamp_grows_by_hours_only_when_it_must() {
        assert_eq!(stamp(62_003_999), "01:02.003999");
        assert_eq!(stamp(3_723_004_000), "1:02:03.004000");
    }

    #[test]
    fn a_killed_process_names_its_signal() {
        let killed = event(1, Some("D"), EventKind::Exited { code: None, signal: Some(9) });
        assert_eq!(
            line(&killed, false),
            Some((Subject::Trouble, "process ended by signal 9 (SIGKILL)".to_owned()))
        );
    }

    #[test]
    fn messages_are_lines_of_their_own_subject() {
        let received = EventKind::Received { message: info("C", 3), from: name("C"), travel_us: 401_000 };
        let (subject, text) = line(&event(1, Some("D"), received), false).expect("a line");
        assert_eq!(subject, Subject::Message);
        assert_eq!(text, "← C  election D 120, deputy C 110, term 1 (401 ms)");
    }

    #[test]
    fn only_a_drop_that_is_trouble_is_painted_as_trouble() {
        let subject = |trouble| {
            let (message, from, reason) = (info("C", 3), name("C"), DropReason::Known);
            let dropped = EventKind::Dropped { message, from, reason, trouble };
            line(&event(1, Some("D"), dropped), false).map(|(subject, _)| subject)
        };
        assert_eq!((subject(true), subject(false)), (Some(Subject::Trouble), Some(Subject::Message)));
    }

    #[test]
    fn a_simulated_node_has_no_process() {
        let said = |kind, simulated| line(&event(1, Some("D"), kind), simulated).expect("a line").1;
        assert_eq!(said(EventKind::Spawned { pid: 1001 }, true), "started");
        assert_eq!(said(EventKind::Spawned { pid: 1001 }, false), "process 1001 started");
        assert_eq!(said(EventKind::Exited { code: None, signal: Some(9) }, true), "killed");
    }

    #[test]
    fn heartbeats_are_pulses_not_lines() {
        assert_eq!(
            line(&event(1, Some("D"), EventKind::Heartbeat { peer: name("C"), rtt_us: 90 }), false),
            None
        );
    }

    #[test]
    fn a_follower_says_whom_it_follows() {
        let changed = EventKind::RoleChanged {
            role: Role::Follower,
            term: Term(3),
            leader: Some(name("D")),
            deputy: Some(name("C")),
        };
        let (_, text) = line(&event(1, Some("A"), changed), false).expect("a line");
        assert_eq!(text, "follows D in term 3, deputy C");
    }
}
