//! Garcia-Molina's bully (1982): no ring at all. Everybody knows everybody, and the highest announces itself
//! to the others.
//!
//! The paper is about failures: a member concludes from time-outs that all higher ones are down. Here the
//! links do: a higher member that does not answer is left out. In a simulated election all live, as with the
//! others, so that what is counted is what the election costs; the highest knows from the list of members
//! that there is no higher one.

use std::sync::Arc;

use super::{
    Bound, Classic, Context, InitialKnowledge, Label, Payload, Port, Progress, Properties, RingKind, Status,
    Why, Worst,
};

const PROPERTIES: Properties = Properties {
    key: "bully",
    name: "Bully (Garcia-Molina)",
    year: 1982,
    variant: "without its time-outs: all members live, and whoever has no higher one announces itself at once",
    how: "Every member knows all others. A member challenges all higher ones. Each that is challenged answers, so that the \
          challenger gives up, and challenges the ones above itself. The highest has nobody to challenge and announces itself.",
    ring_kind: RingKind::Complete,
    labels: true,
    winner: super::Winner::Highest,
    knows_size: true,
    needs_order: false,
    survives_failures: false,
    ending: super::Ending::EveryoneKnows,
    found_by_another: false,
    among_processes: true,
    bound: Bound {
        formula: "n² − 1",
        messages: |ring| ring.n * ring.n - 1.0,
        worst_case: true,
        at_worst: None,
    },
    worst: Worst::Any,
    time: "2 when everybody starts, 3 otherwise",
    phases: "phase",
    kinds: &["challenge", "answer", "coordinator"],
    numbers: &[],
    source: "H. Garcia-Molina, Elections in a distributed computing system, IEEE Transactions on Computers C-31(1), 1982, pp. 48–59",
};

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// "Are you up?", to a higher member.
    Challenge,
    /// "I am: give up."
    Answer,
    /// "I lead."
    Coordinator,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bully<L> {
    at: u32,
    everyone: Arc<[L]>,
    status: Status,
    /// Higher members that did not answer, by place.
    down: Vec<u32>,
    /// The member whose word it waits for, or has: the first that answered, then the coordinator.
    relies_on: Option<u32>,
}

impl<L: Label> Bully<L> {
    fn label_of(&self, at: u32) -> Option<L> {
        self.everyone.get(at as usize).copied()
    }

    /// The places of those whose labels compare so with mine.
    fn peers(&self, than_me: std::cmp::Ordering) -> Vec<u32> {
        let me = self.label_of(self.at);
        let places = 0..u32::try_from(self.everyone.len()).unwrap_or(u32::MAX);
        places.filter(|&at| self.label_of(at).cmp(&me) == than_me).collect()
    }

    /// The places of the higher ones that may be up.
    fn higher(&self) -> Vec<u32> {
        let mut higher = self.peers(std::cmp::Ordering::Greater);
        higher.retain(|peer| !self.down.contains(peer));
        higher
    }

    /// "It contacts all nodes with higher priority"; who finds none leads.
    fn challenge(&mut self, context: &mut impl Context<L, Message>) {
        let higher = self.higher();
        if higher.is_empty() {
            return self.lead(context);
        }
        self.status = Status::Active;
        for peer in higher {
            context.send(Port::Peer(peer), Message::Challenge);
        }
    }

    fn lead(&mut self, context: &mut impl Context<L, Message>) {
        self.status = Status::Done;
        for peer in self.peers(std::cmp::Ordering::Less) {
            context.send(Port::Peer(peer), Message::Coordinator);
        }
        if let Some(me) = self.label_of(self.at) {
            context.explain(Why::Found(me));
            context.elected(me);
        }
    }
}

impl<L: Label> Classic<L> for Bully<L> {
    type Message = Message;
    const PROPERTIES: &'static Properties = &PROPERTIES;

    fn new(initial: &InitialKnowledge<'_, L>) -> Self {
        Self {
            at: initial.at,
            everyone: Arc::clone(initial.everyone),
            status: Status::Asleep,
            down: Vec::new(),
            relies_on: None,
        }
    }

    fn wake(&mut self, context: &mut impl Context<L, Message>) {
        if self.status == Status::Asleep {
            if let Some(me) = self.label_of(self.at) {
                context.explain(Why::Joined(me));
            }
            self.challenge(context);
        }
    }

    #[inline]
    fn receive(&mut self, from: Port, message: Message, context: &mut impl Context<L, Message>) {
        let Port::Peer(at) = from else { return };
        let Some(peer) = self.label_of(at) else { return };
        match message {
            Message::Challenge => {
                context.send(from, Message::Answer);
                self.wake(context);
            }
            Message::Answer => {
                if self.status == Status::Active {
                    self.status = Status::Waiting;
                    self.relies_on = Some(at);
                    context.explain(Why::BeatenBy(peer));
                }
            }
            Message::Coordinator => {
                self.status = Status::Done;
                self.relies_on = Some(at);
                context.elected(peer);
            }
        }
    }

    /// "If no higher node answers, it becomes the coordinator." When the one that it relies on is down, it
    /// has to start again.
    fn unanswered(&mut self, peer: Port, context: &mut impl Context<L, Message>) -> bool {
        let Port::Peer(at) = peer else { return false };
        if self.relies_on == Some(at) {
            return false;
        }
        if self.label_of(at) > self.label_of(self.at) && !self.down.contains(&at) {
            self.down.push(at);
            self.down.sort_unstable();
            if self.status == Status::Active && self.higher().is_empty() {
                self.lead(context);
            }
        }
        true
    }

    #[inline]
    fn progress(&self) -> Progress<L> {
        Progress { status: self.status, phase: None, holds: None }
    }

    fn pack(message: &Message) -> Payload<L> {
        let kind = match message {
            Message::Challenge => 0,
            Message::Answer => 1,
            Message::Coordinator => 2,
        };
        Payload { kind, label: None, numbers: [0; 3] }
    }

    fn unpack(payload: &Payload<L>) -> Option<Message> {
        match payload.kind {
            0 => Some(Message::Challenge),
            1 => Some(Message::Answer),
            2 => Some(Message::Coordinator),
            _ => None,
        }
    }
}
