//! Actions on members and links.

use std::collections::VecDeque;
use std::sync::Arc;

use ringleader_election::link_table::LinkTable;
use ringleader_election::paths::Paths;
use ringleader_election::{Core, Input, random};
use ringleader_shared::event::EventKind;
use ringleader_shared::{
    Attribute, ChangeRing, Contender, Incarnation, Member as Configured, NodeAction, NodeId, NodeRequest,
    Term,
};
use uuid::Uuid;

use super::member::{Clock, Machine, Member, Timers};
use super::ways::HEARTBEAT;
use super::{SimEvent, World};
use crate::network::{End, NodeIndex};
use crate::rng::nanoseconds;
use crate::schedule::{self, Action, Disturbance};
use crate::setup::Setup;
use crate::trace;

/// The longest time that the news of a changed ring takes to a member.
const NEWS_WITHIN: u64 = 1_000_000;

impl World {
    /// Does this now.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Initiate(place) => self.initiate(NodeIndex::nth(place)),
            Action::InitiateAll => self.initiate_all(),
            Action::InitiateTogether { place, term } => self.initiate_together(NodeIndex::nth(place), term),
            Action::Kill(place) => self.kill(NodeIndex::nth(place)),
            Action::Start(place) => self.start(NodeIndex::nth(place)),
            Action::Pause(place) => self.pause(NodeIndex::nth(place)),
            Action::Resume(place) => self.resume(NodeIndex::nth(place)),
            Action::Cut { from, to } => self.cut(NodeIndex::nth(from), NodeIndex::nth(to)),
            Action::Sever { one, other } => {
                self.cut(NodeIndex::nth(one), NodeIndex::nth(other));
                self.cut(NodeIndex::nth(other), NodeIndex::nth(one));
            }
            Action::Disturb { from, to, disturbance } => {
                self.disturb(NodeIndex::nth(from), NodeIndex::nth(to), disturbance);
            }
            Action::Mend { one, other } => self.mend(NodeIndex::nth(one), NodeIndex::nth(other)),
            Action::Drift { place, per_mille } => self.drift(NodeIndex::nth(place), per_mille),
            Action::Add { attribute, eligible } => self.add(Attribute(attribute), eligible),
            Action::Eligible { place, eligible } => self.change_eligibility(NodeIndex::nth(place), eligible),
            Action::Remove(place) => self.remove(NodeIndex::nth(place)),
            Action::Change(change) => self.change_settings(&change),
            Action::Attribute { place, attribute } => {
                self.change_attribute(NodeIndex::nth(place), Attribute(attribute));
            }
        }
    }

    /// Makes all links whole. Who is dead or paused stays so, and clocks run as they did.
    pub fn mend_all(&mut self) {
        for (from, to) in self.network.damaged() {
            self.mend(from, to);
        }
    }

    pub(super) fn join(&mut self, contender: Contender) {
        let place = NodeIndex::nth(self.members.len());
        self.members.push(Member {
            contender,
            incarnation: Incarnation(0),
            configured: true,
            promise: None,
            drift: 0,
            last_configured: 0,
            machine: None,
        });
        self.places.push((contender.id, place));
        self.places.sort_unstable_by_key(|(id, _)| *id);
    }

    pub(super) fn insert_machine(&mut self, place: NodeIndex) {
        let now = self.now;
        let Some(member) = self.members.get_mut(place.index()) else { return };
        member.incarnation.0 += 1;
        let incarnation = member.incarnation;
        member.machine = Some(Machine {
            core: Core::recovered(member.contender.id, member.promise),
            clock: Clock::started(now, member.drift),
            paused: None,
            inbox: VecDeque::new(),
            timers: Timers::default(),
            links: LinkTable::default(),
            paths: Paths::new(member.contender.id, incarnation),
            probes: false,
            seeks: false,
            state_digest: 0,
            sent: 0,
            lamport: 0,
            highest_term: self.highest_term,
        });
        self.report_of(place, || EventKind::Spawned { pid: trace::pid(place.index(), incarnation) });
    }

    pub(super) fn configure_first(&mut self, place: NodeIndex) {
        self.report(place, |_| EventKind::Ready { address: format!("virtual:{}", place.0) });
        let ring = Arc::clone(&self.ring);
        self.configure(place, &ring, self.highest_term);
    }

    pub(super) fn configured(
        &mut self,
        me: NodeIndex,
        incarnation: Incarnation,
        ring: &Arc<[Contender]>,
        highest_term: Term,
    ) {
        if self.members.get(me.index()).is_some_and(|member| member.incarnation == incarnation) {
            self.configure(me, ring, highest_term);
            self.dial_skipped(me);
        }
    }

    fn configure(&mut self, me: NodeIndex, ring: &Arc<[Contender]>, highest_term: Term) {
        let timing = self.setup.timing_of(ring.len());
        let Setup { settings, seed, .. } = self.setup;
        // Not drawn: what else is drawn in a run does not depend on which election is held.
        let seed = random::derived(random::derived(seed, u64::from(me.0) + 1), self.now);
        let ring = Arc::clone(ring);
        if let Some(machine) = self.machine_mut(me) {
            machine.paths.retain(|id| ring.iter().any(|member| member.id == id));
        }
        self.give(me, Input::Configured { ring, timing, settings, seed, highest_term });
    }

    /// Sends the ring as it is now to all that run.
    fn announce(&mut self) {
        for place in (0..self.members.len()).map(NodeIndex::nth) {
            let delay = self.rng.up_to(NEWS_WITHIN);
            let soonest = self.now + delay;
            let highest_term = self.highest_term;
            let Some(member) = self.members.get_mut(place.index()) else { continue };
            let Some(machine) = &mut member.machine else { continue };
            machine.highest_term = highest_term;
            member.last_configured = soonest.max(member.last_configured + 1);
            let after = member.last_configured - self.now;
            let incarnation = member.incarnation;
            let ring = Arc::clone(&self.ring);
            self.plan(after, place, SimEvent::Configured { incarnation, ring, highest_term });
        }
    }

    fn initiate(&mut self, place: NodeIndex) {
        if self.machine(place).is_some_and(|machine| machine.paused.is_none()) {
            self.requested(place, NodeRequest::Initiate);
            self.give(place, Input::Initiate);
        }
    }

    fn initiate_all(&mut self) {
        let newest = self.highest_term;
        for place in (0..self.members.len()).map(NodeIndex::nth) {
            self.initiate_together(place, newest.next());
        }
    }

    fn initiate_together(&mut self, place: NodeIndex, term: Term) {
        if self.machine(place).is_some_and(|machine| machine.paused.is_none()) {
            self.requested(place, NodeRequest::Initiate);
            self.give(place, Input::InitiateTogether { term });
        }
    }

    fn requested(&mut self, place: NodeIndex, action: NodeRequest) {
        self.report_of(place, || EventKind::Requested { action });
    }

    fn kill(&mut self, place: NodeIndex) {
        if self.machine(place).is_some() {
            self.requested(place, NodeRequest::Act(NodeAction::Kill));
            self.die(place);
        }
    }

    fn die(&mut self, dead: NodeIndex) {
        let Some(machine) = self.members.get_mut(dead.index()).and_then(|member| member.machine.take())
        else {
            return;
        };
        self.report_of(dead, || EventKind::Exited { code: None, signal: Some(9) });
        for waiting in machine.inbox {
            self.meets_nobody(dead, waiting);
        }
        for id in machine.links.iter().map(|link| link.id) {
            match self.network.get(id).map(|link| (link.end(dead), link.dialler)) {
                Some((End::Open, _)) => self.close_end(id, dead, None),
                // Its own dial has nobody to go on with it; a dial to it finds out when it arrives.
                Some((End::Dialling, dialler)) if dialler == dead => self.close_end(id, dead, None),
                Some((End::Dialling | End::Closed, _)) | None => {}
            }
        }
        self.relays_end(dead);
        if self.machines().next().is_none() {
            self.outlived_term = self.highest_term;
        }
        self.announce_first_term();
    }

    /// As the supervisor of a real ring does when a member dies or is paused: members that were configured
    /// before the first election may have heard of none, and be the only ones left.
    fn announce_first_term(&mut self) {
        let knows_of_none = |(_, machine): (_, &Machine)| machine.highest_term == Term::ZERO;
        if self.highest_term > Term::ZERO && self.machines().any(knows_of_none) {
            self.announce();
        }
    }

    fn start(&mut self, place: NodeIndex) {
        let stopped = |member: &Member| member.configured && member.machine.is_none();
        if self.members.get(place.index()).is_some_and(stopped) {
            self.requested(place, NodeRequest::Act(NodeAction::Start));
            self.insert_machine(place);
            self.configure_first(place);
            self.announce();
        }
    }

    fn pause(&mut self, place: NodeIndex) {
        let number = self.number();
        let Some(machine) = self.machine_mut(place).filter(|machine| machine.paused.is_none()) else {
            return;
        };
        machine.paused = Some(number);
        self.requested(place, NodeRequest::Act(NodeAction::Pause));
        self.report_of(place, || EventKind::Paused);
        self.announce_first_term();
        for other in (0..self.members.len()).map(NodeIndex::nth).filter(|other| *other != place) {
            self.expect_silence(other, number);
        }
    }

    fn resume(&mut self, place: NodeIndex) {
        let Some(machine) = self.machine_mut(place).filter(|machine| machine.paused.is_some()) else {
            return;
        };
        machine.paused = None;
        let waiting = std::mem::take(&mut machine.inbox);
        self.requested(place, NodeRequest::Act(NodeAction::Resume));
        self.report_of(place, || EventKind::Resumed);
        for event in waiting {
            match event {
                // A member that was stopped cannot measure the other's silence: it begins to count anew.
                SimEvent::Silent { since } => self.expect_silence(place, since),
                SimEvent::Doubtful { .. } => {}
                SimEvent::Unanswered { link } => {
                    self.plan(nanoseconds(self.setup.silence()), place, SimEvent::Unanswered { link });
                }
                event => self.dispatch(place, None, event),
            }
        }
    }

    fn are_two_members(&self, one: NodeIndex, other: NodeIndex) -> bool {
        one != other && self.members.len() > one.index().max(other.index())
    }

    fn cut(&mut self, from: NodeIndex, to: NodeIndex) {
        let number = self.number();
        if self.are_two_members(from, to) && self.network.cut(from, to, number) {
            self.report_fault(from, to, true, None);
            self.expect_silence(to, number);
            self.expect_silence_beyond(from, to, number);
        }
    }

    fn disturb(&mut self, from: NodeIndex, to: NodeIndex, disturbance: Disturbance) {
        if self.are_two_members(from, to) {
            let number = self.number();
            let more = self.network.disturb(from, to, disturbance, (self.now, number));
            if more + HEARTBEAT >= self.setup.silence() {
                self.expect_silence(to, number);
                self.expect_silence_beyond(from, to, number);
            }
            self.measure_links(from, to);
            let cut = self.network.cut_between(from, to).is_some();
            self.report_fault(from, to, cut, Some(disturbance));
        }
    }

    fn mend(&mut self, one: NodeIndex, other: NodeIndex) {
        if self.network.mend(one, other) {
            self.report_fault(one, other, false, None);
            self.report_fault(other, one, false, None);
            self.measure_links(one, other);
            self.measure_links(other, one);
        }
    }

    fn report_fault(&mut self, from: NodeIndex, to: NodeIndex, cut: bool, disturbance: Option<Disturbance>) {
        self.report_ring(None, || EventKind::LinkFaultChanged {
            from: schedule::name(from.index()),
            to: schedule::name(to.index()),
            fault: trace::link_fault(cut, disturbance),
        });
    }

    fn drift(&mut self, place: NodeIndex, per_mille: i16) {
        let now = self.now;
        let Some(member) = self.members.get_mut(place.index()) else { return };
        member.drift = per_mille;
        if let Some(machine) = &mut member.machine {
            machine.clock.set_drift(now, per_mille);
        }
    }

    fn add(&mut self, attribute: Attribute, eligible: bool) {
        let place = NodeIndex::nth(self.members.len());
        let mut number = u128::from(place.0) + 1;
        while self.place(NodeId(Uuid::from_u128(number))).is_some() {
            number += 1;
        }
        let contender = Contender { eligible, attribute, id: NodeId(Uuid::from_u128(number)) };
        self.join(contender);
        self.ring = self.ring.iter().copied().chain([contender]).collect();
        let member = Configured {
            id: contender.id,
            name: schedule::name(place.index()),
            attribute,
            eligible,
            incarnation: Incarnation(0),
            address: None,
        };
        self.report_ring(Some(place), || EventKind::MemberAdded { member });
        self.insert_machine(place);
        self.configure_first(place);
        self.announce();
    }

    fn remove(&mut self, place: NodeIndex) {
        let configured = self.members.get(place.index()).is_some_and(|member| member.configured);
        if !configured || self.ring.len() < 2 {
            return;
        }
        self.die(place);
        if let Some(member) = self.members.get_mut(place.index()) {
            member.configured = false;
        }
        let id = self.id(place);
        self.ring = self.ring.iter().copied().filter(|member| member.id != id).collect();
        self.report_ring(Some(place), || EventKind::MemberRemoved);
        self.announce();
    }

    fn change_settings(&mut self, change: &ChangeRing) {
        let settings = self.setup.settings.with(change);
        if self.setup.settings != settings {
            self.setup.settings = settings;
            self.report_ring(None, || EventKind::SettingsChanged { settings });
            self.announce();
        }
    }

    fn change_attribute(&mut self, place: NodeIndex, attribute: Attribute) {
        if self.change_member(place, |member| member.attribute = attribute) {
            self.report_ring(Some(place), || EventKind::AttributeChanged { attribute });
            self.announce();
        }
    }

    fn change_eligibility(&mut self, place: NodeIndex, eligible: bool) {
        if self.change_member(place, |member| member.eligible = eligible) {
            self.report_ring(Some(place), || EventKind::EligibilityChanged { eligible });
            self.announce();
        }
    }

    /// Changes a configured member; false when there is no such one.
    fn change_member(&mut self, place: NodeIndex, change: impl FnOnce(&mut Contender)) -> bool {
        let Some(member) = self.members.get_mut(place.index()).filter(|member| member.configured) else {
            return false;
        };
        change(&mut member.contender);
        let changed = member.contender;
        self.ring =
            self.ring.iter().map(|other| if other.id == changed.id { changed } else { *other }).collect();
        true
    }
}
