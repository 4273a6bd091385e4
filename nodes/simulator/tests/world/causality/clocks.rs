//! The vector clocks of a simulated run, computed forwards from what the simulator does, and without the
//! index that they check.

use std::collections::HashMap;

use ringleader_shared::event::EventKind;
use ringleader_shared::explanation::Explanation;
use ringleader_shared::link::{LinkDirection, LinkEnd, LinkKind, close};
use ringleader_shared::timeline::Position;
use ringleader_shared::{Event, Incarnation, MessageId, NodeName};

/// A process: a start of a member, or the hand that acts on the ring.
type Process = Option<(NodeName, Incarnation)>;

type Clock = HashMap<Process, u32>;

/// The vector clocks of all events.
pub(super) struct Clocks<'a> {
    events: &'a [Event],
    clocks: Vec<Clock>,
    sent: HashMap<&'a MessageId, usize>,
}

/// An action of the hand, and not a report of a member.
fn is_action(event: &Event) -> bool {
    event.lamport == 0
        && !matches!(
            event.kind,
            EventKind::Spawned { .. } | EventKind::Exited { .. } | EventKind::Paused | EventKind::Resumed
        )
}

fn process(event: &Event) -> Process {
    if is_action(event) { None } else { event.node.clone().map(|node| (node, event.incarnation)) }
}

fn join(clock: &mut Clock, other: &Clock) {
    for (process, count) in other {
        let mine = clock.entry(process.clone()).or_default();
        *mine = (*mine).max(*count);
    }
}

impl<'a> Clocks<'a> {
    pub(super) fn of(events: &'a [Event]) -> Self {
        let mut clocks = Self { events, clocks: Vec::new(), sent: HashMap::new() };
        let mut last: HashMap<Process, usize> = HashMap::new();
        let mut hand = None;
        for (place, event) in events.iter().enumerate() {
            let process = process(event);
            let mut clock =
                last.get(&process).map_or_else(Clock::new, |before| clocks.clocks[*before].clone());
            // What is done to a process is done by the hand, which has seen all that was done before; so is
            // what a member does at once when asked.
            let is_done = event.lamport == 0;
            let is_asked = place > 0
                && matches!(&events[place - 1].kind, EventKind::Requested { action } if action.as_str() == "initiate")
                && events[place - 1].node == event.node;
            for cause in hand.filter(|_| is_done || is_asked).into_iter().chain(clocks.joined(place)) {
                join(&mut clock, &clocks.clocks[cause]);
            }
            *clock.entry(process.clone()).or_default() += 1;
            clocks.clocks.push(clock);
            last.insert(process, place);
            hand = if is_done { Some(place) } else { hand };
            if let EventKind::Sent { message, .. } = &event.kind {
                clocks.sent.insert(&message.id, place);
            }
        }
        clocks
    }

    fn last(&self, before: usize, is_it: impl Fn(&Event) -> bool) -> Option<usize> {
        self.events[..before].iter().rposition(is_it)
    }

    /// The death by which a link of this node to this peer broke: the first after it came up, or the last.
    fn death(
        &self,
        before: usize,
        node: &NodeName,
        peer: &NodeName,
        end: (LinkKind, LinkDirection),
    ) -> Option<usize> {
        let is_death = |event: &Event| {
            matches!(event.kind, EventKind::Exited { .. }) && event.node.as_ref() == Some(peer)
        };
        let up = self.last(before, |event| {
            event.node.as_ref() == Some(node)
                && matches!(&event.kind, EventKind::LinkUp { peer: other, link, direction, .. }
                    if (other, (*link, *direction)) == (peer, end))
        });
        let first = up.and_then(|up| self.events[up..before].iter().position(is_death).map(|far| up + far));
        first.or_else(|| self.last(before, is_death))
    }

    /// The events of other processes that an event follows.
    fn joined(&self, place: usize) -> Vec<usize> {
        let event = &self.events[place];
        let Some(node) = &event.node else { return Vec::new() };
        let is_of = |name: &NodeName, event: &Event| event.node.as_ref() == Some(name);
        let found = match &event.kind {
            EventKind::Received { message, .. }
            | EventKind::Dropped { message, .. }
            | EventKind::Lost { message, .. } => self.sent.get(&message.id).copied(),
            EventKind::Injected { message, .. } => {
                // The hand has broken the link.
                let fault =
                    self.last(place, |event| matches!(event.kind, EventKind::LinkFaultChanged { .. }));
                return self.sent.get(&message.id).copied().into_iter().chain(fault).collect();
            }
            EventKind::LinkDown { peer, link, direction, cause, .. } => match cause {
                LinkEnd::Broken | LinkEnd::NobodyListens { .. } => {
                    self.death(place, node, peer, (*link, *direction))
                }
                LinkEnd::Restarted => self.last(place, |event| {
                    is_of(peer, event) && matches!(event.kind, EventKind::Spawned { .. })
                }),
                LinkEnd::Closed { code: close::SILENT, .. } => self.last(place, |event| {
                    is_of(peer, event)
                        && matches!(&event.kind, EventKind::LinkDown { peer, cause, .. }
                            if peer == node && cause.is_silence())
                }),
                // Silence is what the hand has made: by a stop, a death or a fault.
                cause if cause.is_silence() => self.last(place, |event| event.lamport == 0),
                _ => None,
            },
            EventKind::LinkUp { peer, .. } => {
                let start =
                    |event: &Event| is_of(peer, event) && matches!(event.kind, EventKind::Spawned { .. });
                let mended = |event: &Event| {
                    matches!(&event.kind, EventKind::LinkFaultChanged { from, to, fault }
                        if !fault.cut && [(from, to), (to, from)].contains(&(node, peer)))
                };
                // The peer had been given up for its silence, so it has made the link since it goes on.
                let resumed =
                    self.last(place, |event| is_of(peer, event) && matches!(event.kind, EventKind::Resumed));
                let paused = resumed.and_then(|resumed| {
                    self.last(resumed, |event| is_of(peer, event) && matches!(event.kind, EventKind::Paused))
                });
                let given_up = paused.zip(resumed).filter(|(paused, resumed)| {
                    self.events[*paused..*resumed].iter().any(|event| {
                        is_of(node, event)
                            && matches!(&event.kind, EventKind::LinkDown { peer: it, cause, .. }
                                if it == peer && cause.is_silence())
                    })
                });
                let resumed = given_up.map(|(_, resumed)| resumed);
                let all = [self.last(place, start), self.last(place, mended), resumed];
                return all.into_iter().flatten().collect();
            }
            EventKind::Explained { explanation } => match explanation {
                // Members are configured with the settings that hold when they are.
                Explanation::NoDeputyFromNowOn | Explanation::RenewingForQuorum => {
                    self.last(place, |event| matches!(event.kind, EventKind::SettingsChanged { .. }))
                }
                Explanation::NewSuccessor { successor } => self.last(place, |event| {
                    is_of(successor, event) && matches!(event.kind, EventKind::MemberAdded { .. })
                }),
                Explanation::DeputyMayNotLead { deputy } => self.last(place, |event| {
                    is_of(deputy, event) && matches!(event.kind, EventKind::EligibilityChanged { .. })
                }),
                _ => None,
            },
            _ => None,
        };
        found.into_iter().collect()
    }

    fn place(at: Position) -> usize {
        usize::try_from(at.0).expect("small") - 1
    }

    /// Whether the first event could have led to the second.
    pub(super) fn precedes(&self, first: Position, second: Position) -> bool {
        let (first, second) = (Self::place(first), Self::place(second));
        let process = process(&self.events[first]);
        let own = self.clocks[first][&process];
        first != second && self.clocks[second].get(&process).is_some_and(|known| *known >= own)
    }

    /// The sending of the message that this event receives.
    pub(super) fn sending(&self, at: Position) -> Option<Position> {
        match &self.events[Self::place(at)].kind {
            EventKind::Received { message, .. } => {
                self.sent.get(&message.id).map(|place| Position(*place as u64 + 1))
            }
            _ => None,
        }
    }

    /// Whether an event is one of a process.
    pub(super) fn has_cause(&self, at: Position) -> bool {
        !is_action(&self.events[Self::place(at)])
    }
}
