//! The classic elections in a ring that lives: one frame round all of them, that leaves each as its paper
//! gives it.
//!
//! Their papers know neither failures nor a second election. So a term stands for one undisturbed election:
//! when a neighbour comes or goes while it is undecided, it is void, and the member that notices starts
//! another in the next term. What an election finds is a leader; the lap that announces it looks for the
//! deputy, as after a takeover, and all that follows is max-ring's.

use std::sync::Arc;

use ringleader_shared::message::{Classic, Election, Found, RollCall};
use ringleader_shared::{AlgorithmName, Contender, NodeId, Payload, PortKind, Term};

use super::{Core, Out};
use crate::classic::{
    self, AnyClassic, Context, Ending, InitialKnowledge, Port, Progress, Properties, RingKind, Status, Why,
};
use crate::{DropReason, Effect, Explanation, Timer, random};

/// The classic election of a term, as a member takes part in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ClassicElection {
    pub(super) algorithm: AlgorithmName,
    /// The term that it decides, or has decided.
    term: Term,
    /// Number of members that take part, for an algorithm that must know it; 0 for others.
    size: u32,
    /// The members that this one can send to, itself among them, where everyone talks to everyone.
    everyone: Arc<[Contender]>,
    /// None while the roll is called.
    machine: Option<AnyClassic>,
    /// Messages sent to the successor and to the predecessor.
    sent: [u32; 2],
    /// Messages that came from the predecessor and from the successor.
    heard: [u32; 2],
    /// The members whose roll calls were passed on.
    called: Vec<NodeId>,
    /// Whether it was passed on who has won.
    found: bool,
}

impl ClassicElection {
    pub(super) fn properties(&self) -> &'static Properties {
        classic::properties(self.algorithm)
    }

    /// Its progress, for a card.
    pub(super) fn progress(&self) -> Progress<Contender> {
        let asleep = Progress { status: Status::Asleep, phase: None, holds: None };
        self.machine.as_ref().map_or(asleep, AnyClassic::progress)
    }

    /// Whether it may still win.
    pub(super) fn contends(&self) -> bool {
        matches!(self.progress().status, Status::Active | Status::Waiting)
    }
}

/// Counts one more message that way.
fn next(count: &mut [u32; 2], port: PortKind) -> u32 {
    let count = &mut count[usize::from(port == PortKind::Predecessor)];
    *count = count.saturating_add(1);
    *count
}

/// Carries out what a machine asks for.
struct CoreContext<'a> {
    me: NodeId,
    successor: NodeId,
    predecessor: Option<NodeId>,
    everyone: Arc<[Contender]>,
    term: Term,
    algorithm: AlgorithmName,
    size: u32,
    rng: &'a mut u64,
    sent: &'a mut [u32; 2],
    elected: Option<Contender>,
    out: &'a mut Out,
}

impl Context<Contender, Payload> for CoreContext<'_> {
    fn send(&mut self, to: Port, payload: Payload) {
        let (to, port) = match to {
            Port::Successor => (Some(self.successor), PortKind::Successor),
            // Not there yet: when it comes, the election is void anyway.
            Port::Predecessor => (self.predecessor, PortKind::Predecessor),
            Port::Peer(at) => (self.everyone.get(at as usize).map(|peer| peer.id), PortKind::Peer),
        };
        if let Some(to) = to.filter(|to| *to != self.me) {
            let Self { term, algorithm, size, .. } = *self;
            let number = match port {
                PortKind::Peer => 0,
                _ => next(self.sent, port),
            };
            let message = Classic { term, algorithm, port, number, size, payload }.into();
            self.out.push(Effect::Send { to, message });
        }
    }

    /// SplitMix64, begun by the number that the caller gave with the ring.
    fn draw(&mut self, below: u32) -> u32 {
        let drawn = random::mixed(*self.rng);
        *self.rng = self.rng.wrapping_add(random::STEP);
        u32::try_from(((drawn >> 32) * u64::from(below)) >> 32).unwrap_or(0)
    }

    fn elected(&mut self, leader: Contender) {
        self.elected = Some(leader);
    }

    fn explain(&mut self, why: Why<Contender>) {
        self.out.push(Effect::Explain(Explanation::Classic { why }));
    }
}

impl Core {
    /// Rule C1: wakes the member's part of a classic election. Where the algorithm must know the number of
    /// members, rule C4 counts them first.
    pub(super) fn initiate_classic(&mut self, algorithm: AlgorithmName, out: &mut Out) {
        out.push(Effect::StartTimer { timer: Timer::Election, after: self.patience(algorithm) });
        let properties = classic::properties(algorithm);
        if properties.knows_size && properties.ring_kind != RingKind::Complete {
            let classic = self.classic_election(algorithm, 0, None);
            self.classic = Some(classic);
            let (term, initiator) = (self.term, self.me);
            Self::explain(Explanation::CallingTheRoll, out);
            return self.send_on(RollCall { term, algorithm, initiator, hops: 1 }, out);
        }
        self.join(algorithm, 0);
        self.wake(out);
    }

    /// The time that an election may take: classic ones need more laps, the more members there are.
    fn patience(&self, algorithm: AlgorithmName) -> std::time::Duration {
        let laps = match algorithm {
            AlgorithmName::MaxRing => 1,
            _ => 2 + self.route.len().max(1).ilog2() / 2,
        };
        self.election_timeout().saturating_mul(laps)
    }

    fn classic_election(
        &self,
        algorithm: AlgorithmName,
        size: u32,
        machine: Option<AnyClassic>,
    ) -> ClassicElection {
        ClassicElection {
            algorithm,
            term: self.term,
            size,
            everyone: Arc::from([]),
            machine,
            sent: [0; 2],
            heard: [0; 2],
            called: Vec::new(),
            found: false,
        }
    }

    /// Joins the election of the present term.
    fn join(&mut self, algorithm: AlgorithmName, size: u32) {
        let Some(me) = self.route.myself() else { return };
        let properties = classic::properties(algorithm);
        let everyone: Arc<[Contender]> = if properties.ring_kind == RingKind::Complete {
            self.direct = true;
            self.route.members().filter(|member| !self.unreachable.contains(&member.id)).copied().collect()
        } else {
            // Nobody else is named to an algorithm that may not know the others.
            Arc::from([me])
        };
        let at = everyone.iter().position(|member| *member == me).unwrap_or(0);
        let initial = InitialKnowledge {
            at: u32::try_from(at).unwrap_or(0),
            size: size.max(1),
            everyone: &everyone,
            eligible: me.eligible,
        };
        let classic = self.classic_election(algorithm, size, AnyClassic::new(algorithm, &initial));
        self.classic = Some(ClassicElection { everyone, ..classic });
    }

    fn wake(&mut self, out: &mut Out) {
        self.with_machine(out, |machine, context| {
            machine.wake(context);
            true
        });
    }

    /// Calls the machine and applies the consequences. False when it refuses.
    fn with_machine(
        &mut self,
        out: &mut Out,
        act: impl FnOnce(&mut AnyClassic, &mut CoreContext<'_>) -> bool,
    ) -> bool {
        let (successor, predecessor) = (self.route.successor(), self.route.predecessor());
        let Some(classic) = &mut self.classic else { return false };
        let announces = classic.properties().ending == Ending::WinnerAnnounces;
        let complete = classic.properties().ring_kind == RingKind::Complete;
        let Some(machine) = &mut classic.machine else { return false };
        let mut context = CoreContext {
            me: self.me,
            successor,
            predecessor,
            everyone: Arc::clone(&classic.everyone),
            term: classic.term,
            algorithm: classic.algorithm,
            size: classic.size,
            rng: &mut self.rng,
            sent: &mut classic.sent,
            elected: None,
            out,
        };
        let done = act(machine, &mut context);
        if let Some(leader) = context.elected.filter(|_| self.state.is_electing()) {
            if self.route.is_alone() {
                // The others that took part are gone.
                self.initiate(out);
            } else if leader.id == self.me && complete {
                self.confirm_round_the_ring(leader, out);
            } else if leader.id == self.me {
                self.win(leader, None, out);
            } else if announces {
                // The member at which it ended notifies the winner.
                self.send_found(leader, 1, out);
            }
        }
        done
    }

    /// Has the ring decide. Where everyone talks to everyone, members that take different others for dead may
    /// each find a winner: one lap of max-ring in the same term decides, which collects the deputy as well.
    fn confirm_round_the_ring(&mut self, me: Contender, out: &mut Out) {
        Self::explain(Explanation::Confirming { term: self.term }, out);
        self.set_best(me);
        let (term, initiator) = (self.term, self.me);
        self.pass_on(Election { term, initiator, candidate: me, deputy: None, hops: 1 }, out);
    }

    /// Takes part in the election of a message's term, if it is newer than the member's. Returns the reason
    /// when the message is not acted on.
    fn enter_classic(
        &mut self,
        term: Term,
        algorithm: AlgorithmName,
        out: &mut Out,
    ) -> Result<(), DropReason> {
        if term < self.term {
            return Err(DropReason::OlderTerm { mine: self.term });
        }
        if term > self.term {
            self.take_part(term, self.patience(algorithm), out);
        }
        match &self.classic {
            Some(classic) if classic.algorithm == algorithm => Ok(()),
            Some(classic) => Err(DropReason::OtherAlgorithm { mine: classic.algorithm }),
            None if self.state.mandate().is_some() => Err(DropReason::AlreadyDecided { term }),
            None if self.state.best().is_some() => {
                Err(DropReason::OtherAlgorithm { mine: AlgorithmName::MaxRing })
            }
            None => Ok(()),
        }
    }

    /// Gives a message of a classic election to the algorithm, which is set up for it where necessary.
    pub(super) fn on_classic(&mut self, from: NodeId, message: Classic, out: &mut Out) {
        let Classic { term, algorithm, port, number, size, payload } = message;
        if let Err(reason) = self.enter_classic(term, algorithm, out) {
            return self.drop_message(from, message, reason, out);
        }
        if port == PortKind::Peer {
            // It answers again: from the next election on, at the latest, it is one of everyone.
            self.unreachable.retain(|id| *id != from);
        }
        let counts = classic::properties(algorithm).knows_size && port != PortKind::Peer;
        let ready = self.classic.as_ref().filter(|classic| classic.machine.is_some());
        let mine = ready.map_or(size, |classic| classic.size);
        let known = mine == size && (size > 0) == counts && size <= self.route.len();
        if ready.is_none() && known {
            self.join(algorithm, size);
        }
        let place = || {
            let classic = self.classic.as_ref()?;
            let at = classic.everyone.iter().position(|member| member.id == from)?;
            u32::try_from(at).ok()
        };
        let arrives_by = match port {
            // The sender has not heard of this member's predecessor, or this member has not heard of its
            // death: one of the two is going to, and finds the election void.
            PortKind::Successor if Some(from) == self.route.predecessor() => Some(Port::Predecessor),
            PortKind::Predecessor if from == self.route.successor() => Some(Port::Successor),
            PortKind::Successor | PortKind::Predecessor => None,
            PortKind::Peer => place().map(Port::Peer),
        };
        let Some(arrives_by) = arrives_by.filter(|_| known) else {
            let predecessor = self.route.predecessor();
            return self.drop_message(from, message, DropReason::AnotherRing { predecessor }, out);
        };
        if let Some(classic) = self.classic.as_mut().filter(|_| port != PortKind::Peer) {
            let heard = classic.heard[usize::from(port == PortKind::Predecessor)];
            if number <= heard {
                return self.drop_message(from, message, DropReason::Known, out);
            }
            if number > heard.saturating_add(1) {
                // The algorithm can't go on without the one that is missing. The first member whose timer
                // runs out begins again.
                return self.drop_message(from, message, DropReason::OneIsMissing, out);
            }
            next(&mut classic.heard, port);
        }
        let before = out.len();
        if !self.with_machine(out, |machine, context| machine.receive(arrives_by, &payload, context)) {
            self.drop_message(from, message, DropReason::MakesNoSense, out);
        } else if out.len() == before {
            self.drop_message(from, message, DropReason::EndsHere, out);
        }
    }

    /// Back at the one who called it, the roll says how many there are; everyone else passes it on.
    pub(super) fn on_roll_call(&mut self, from: NodeId, message: RollCall, out: &mut Out) {
        let RollCall { term, algorithm, initiator, hops } = message;
        if let Err(reason) = self.enter_classic(term, algorithm, out) {
            return self.drop_message(from, message, reason, out);
        }
        if initiator != self.me {
            let fresh = self.classic_election(algorithm, 0, None);
            let called = &mut self.classic.get_or_insert(fresh).called;
            if called.contains(&initiator) {
                return self.drop_message(from, message, DropReason::Known, out);
            }
            called.push(initiator);
            if self.route.is_alone() {
                return self.initiate(out);
            }
            return self.send_on(RollCall { hops: hops.saturating_add(1), ..message }, out);
        }
        let waits = self.classic.as_ref().is_some_and(|classic| classic.machine.is_none());
        if !waits || !self.state.is_electing() || hops > self.route.len() {
            return self.drop_message(from, message, DropReason::Known, out);
        }
        Self::explain(Explanation::RollCalled { members: hops }, out);
        self.join(algorithm, hops);
        self.wake(out);
    }

    /// The election ended at another member: this goes on to the winner.
    pub(super) fn on_found(&mut self, from: NodeId, message: Found, out: &mut Out) {
        let Found { term, leader, hops } = message;
        if let Some(reason) = self.why_over(term) {
            return self.drop_message(from, message, reason, out);
        }
        if term > self.term {
            self.take_part(term, self.election_timeout(), out);
        }
        if leader.id != self.me {
            if self.classic.as_ref().is_some_and(|classic| classic.found) {
                return self.drop_message(from, message, DropReason::Known, out);
            }
            return self.send_found(leader, hops.saturating_add(1), out);
        }
        if self.classic.is_some() && self.state.is_electing() {
            self.win(leader, None, out);
        } else {
            // It names an earlier start of this member.
            self.initiate(out);
        }
    }

    fn send_found(&mut self, leader: Contender, hops: u32, out: &mut Out) {
        if self.route.is_alone() {
            // Who has won does not answer any more.
            return self.initiate(out);
        }
        if let Some(classic) = &mut self.classic {
            classic.found = true;
        }
        self.send_on(Found { term: self.term, leader, hops }, out);
    }

    /// Whether this member initiates elections that depend on who its neighbours in the ring are.
    pub(super) fn holds_classic_ring(&self) -> bool {
        let algorithm = self.settings.algorithm;
        algorithm != AlgorithmName::MaxRing && classic::properties(algorithm).ring_kind != RingKind::Complete
    }

    /// A neighbour has come or gone: an undecided classic election that goes round the ring is void. Where
    /// everyone talks to everyone, neighbours only matter for the lap that confirms the winner, which is
    /// max-ring's and survives a repair.
    pub(super) fn neighbours_changed(&mut self, out: &mut Out) {
        let rings = |classic: &ClassicElection| classic.properties().ring_kind != RingKind::Complete;
        if self.classic.as_ref().is_some_and(rings) {
            self.election_void(out);
        }
    }

    /// A member that takes part does not answer. Its machine may know what to do; otherwise the election is
    /// void.
    pub(super) fn goes_unanswered(&mut self, peer: NodeId, out: &mut Out) {
        let place = self.classic.as_ref().and_then(|classic| {
            let at = classic.everyone.iter().position(|member| member.id == peer)?;
            u32::try_from(at).ok()
        });
        let goes_on = place.is_some_and(|at| {
            self.with_machine(out, |machine, context| machine.unanswered(Port::Peer(at), context))
        });
        if !goes_on {
            self.election_void(out);
        }
    }

    fn election_void(&mut self, out: &mut Out) {
        if self.state.is_electing() && self.classic.is_some() {
            Self::explain(Explanation::ElectionVoid { term: self.term }, out);
            self.initiate(out);
        }
    }

    /// A member does not answer where everyone talks to everyone: the election goes on without it, in the
    /// next term.
    pub(super) fn unanswered(&mut self, peer: NodeId) -> bool {
        let takes_part = self.state.is_electing()
            && self.classic.as_ref().is_some_and(|classic| classic.everyone.iter().any(|one| one.id == peer))
            && peer != self.me;
        if takes_part && !self.unreachable.contains(&peer) {
            self.unreachable.push(peer);
            self.unreachable.sort_unstable();
        }
        takes_part
    }

    /// Once everyone knows the result, nobody needs direct links any more, and who did not answer may be
    /// back.
    pub(super) fn election_is_over(&mut self) {
        self.direct = false;
        self.unreachable.clear();
    }
}
