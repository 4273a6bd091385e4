//! The sentences that describe a step.

use std::fmt;

use ringleader_shared::explanation::Names;
use ringleader_shared::message::{Elected, Election};
use ringleader_shared::text::{self, ContenderText};
use ringleader_shared::{Attribute, Contender, NodeId, RingMessage};
use ringleader_simulator::algorithms::watch::{Cause, Decision, DropReason, Message, State, Step};
use ringleader_simulator::algorithms::{MaxRingElection, Outcome};
use ringleader_simulator::classic::{Progress, Properties};
use serde_json::{Map, Value};

use super::super::ring::Ring;

/// Names the members and messages of one election.
pub(super) struct Sentences<'a> {
    properties: &'static Properties,
    ring: &'a Ring,
    outcome: &'a Outcome,
    /// The members' names by rank, less one.
    names: Vec<String>,
}

impl<'a> Sentences<'a> {
    pub(super) fn new(properties: &'static Properties, ring: &'a Ring, outcome: &'a Outcome) -> Self {
        let count = u32::try_from(outcome.labels.len()).unwrap_or(u32::MAX);
        Self { properties, ring, outcome, names: (1..=count).map(|rank| ring.name(rank)).collect() }
    }

    fn name(&self, rank: u32) -> &str {
        rank.checked_sub(1).and_then(|index| self.names.get(index as usize)).map_or("?", String::as_str)
    }

    fn member(&self, at: u32) -> &str {
        self.outcome.labels.get(at as usize).map_or("?", |&rank| self.name(rank))
    }

    fn id(&self, id: NodeId) -> &str {
        self.member(MaxRingElection::place(id))
    }

    fn rank_of(&self, id: NodeId) -> u32 {
        self.outcome.labels.get(MaxRingElection::place(id) as usize).copied().unwrap_or_default()
    }

    /// The name of a message, the label that it is about, and its other fields. Fields that are 0 are
    /// left out.
    fn parts(&self, message: Message) -> (&'static str, Option<u32>, Vec<(&'static str, Field)>) {
        match message {
            Message::Classic(payload) => {
                let kind = self.properties.kinds.get(usize::from(payload.kind)).copied().unwrap_or("message");
                let numbers = self.properties.numbers.iter().copied().zip(payload.numbers);
                let numbers = numbers.filter(|(_, number)| *number > 0);
                (kind, payload.label, numbers.map(|(name, number)| (name, Field::Number(number))).collect())
            }
            Message::Result { leader } => ("result", Some(leader), Vec::new()),
            Message::MaxRing(message) => match message {
                RingMessage::Election(Election { candidate, deputy, hops, .. }) => {
                    ("election", Some(self.rank_of(candidate.id)), self.deputy_and_hops(deputy, hops))
                }
                RingMessage::Elected(Elected { mandate, hops, .. }) => (
                    "result",
                    Some(self.rank_of(mandate.leader.id)),
                    self.deputy_and_hops(mandate.deputy, hops),
                ),
                RingMessage::Classic(_)
                | RingMessage::RollCall(_)
                | RingMessage::Found(_)
                | RingMessage::Vacant(_)
                | RingMessage::Inquiry(_)
                | RingMessage::DeputySearch(_)
                | RingMessage::Lease(_)
                | RingMessage::StateUpdate(_) => ("message", None, Vec::new()),
            },
        }
    }

    fn deputy_and_hops(&self, deputy: Option<Contender>, hops: u32) -> Vec<(&'static str, Field)> {
        let deputy = deputy.map(|deputy| ("deputy", Field::Label(self.rank_of(deputy.id))));
        deputy.into_iter().chain([("hops", Field::Number(hops))]).collect()
    }

    fn message(&self, message: Message) -> String {
        let (kind, label, more) = self.parts(message);
        let label = label.map(|rank| format!(" {}", self.name(rank))).unwrap_or_default();
        let more: Vec<String> = more
            .into_iter()
            .map(|(name, part)| match part {
                Field::Number(number) => format!("{name} {number}"),
                Field::Label(rank) => format!("{name} {}", self.name(rank)),
            })
            .collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        format!("{kind}{label}{more}")
    }

    /// A message as JSON.
    pub(super) fn fields(&self, message: Message) -> Value {
        let (kind, label, more) = self.parts(message);
        let mut fields = Map::new();
        fields.insert("kind".to_owned(), kind.into());
        if let Some(rank) = label {
            fields.insert("label".to_owned(), self.ring.label(rank).into());
        }
        for (name, part) in more {
            let value = match part {
                Field::Number(number) => Value::from(number),
                Field::Label(rank) => self.ring.label(rank).into(),
            };
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }

    /// The reason why a member acts.
    pub(super) fn cause(&self, step: &Step) -> String {
        let member = self.member(step.member);
        match step.cause {
            Cause::Starts => format!("{member} starts"),
            Cause::Receives { number, from, message } => {
                format!("{member} receives #{number}, {}, from {}", self.message(message), self.member(from))
            }
        }
    }

    /// The decisions of a step, one sentence each.
    pub(super) fn decisions(&self, step: &Step) -> Vec<String> {
        let decision = |decision: &Decision| match decision {
            Decision::Classic(why) => quoted(&text::classic(&why.map(|rank| self.name(rank)))),
            Decision::MaxRing(why) => quoted(&text::explanation(&why.named(self))),
            Decision::Dropped(reason) => self.dropped(reason),
        };
        let mut decisions: Vec<String> = step.decisions.iter().map(decision).collect();
        if let Some(leader) = step.learnt {
            decisions.push(format!("knows that {} leads", self.name(leader)));
        }
        if decisions.is_empty() && step.sent.is_empty() {
            decisions.push("it ends here".to_owned());
        }
        decisions
    }

    fn dropped(&self, reason: &DropReason) -> String {
        match reason {
            DropReason::BetterPassedOn { best } => {
                format!("drops it: it has passed on {}, which is no worse", self.id(best.id))
            }
            DropReason::AlreadyDecided { .. } => "drops it: the election is decided".to_owned(),
            DropReason::Known => "drops it: it knows that already".to_owned(),
            DropReason::OlderTerm { .. }
            | DropReason::HopBudget { .. }
            | DropReason::OtherAlgorithm { .. }
            | DropReason::AnotherRing { .. }
            | DropReason::OneIsMissing
            | DropReason::MakesNoSense
            | DropReason::EndsHere => "drops it".to_owned(),
        }
    }

    /// The messages sent in a step, one sentence each.
    pub(super) fn sends(&self, step: &Step) -> Vec<String> {
        let sent = step.sent.iter();
        sent.map(|sent| {
            format!("sends #{}, {}, to {}", sent.number, self.message(sent.message), self.member(sent.to))
        })
        .collect()
    }

    /// The member's new state, if it has changed.
    pub(super) fn state(&self, step: &Step) -> Option<String> {
        Some(match step.state? {
            State::Classic(Progress { status, phase, holds }) => {
                let phase = phase.map(|phase| format!(", phase {phase}")).unwrap_or_default();
                let holds = holds.map(|rank| format!(", holds {}", self.name(rank))).unwrap_or_default();
                format!("{}{phase}{holds}", status.as_str())
            }
            State::MaxRing(role) => format!("{role}"),
        })
    }
}

impl Names for Sentences<'_> {
    type Member = String;
    type Contender = Labelled;

    fn name_of(&self, id: NodeId) -> String {
        self.id(id).to_owned()
    }

    fn contender_of(&self, contender: Contender) -> Labelled {
        let label = self.ring.label(self.rank_of(contender.id));
        Labelled { name: self.name_of(contender.id), label: Attribute(label) }
    }
}

/// A member that is named by its label.
pub(super) struct Labelled {
    name: String,
    label: Attribute,
}

impl fmt::Display for Labelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl ContenderText for Labelled {
    fn name(&self) -> &str {
        &self.name
    }

    fn attribute(&self) -> Attribute {
        self.label
    }
}

/// A reason as a quotation of the member.
fn quoted(reason: &str) -> String {
    format!("“{reason}”")
}

/// A field of a message beside the label that it is about.
enum Field {
    Number(u32),
    Label(u32),
}
