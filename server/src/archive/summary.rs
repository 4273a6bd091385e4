//! The row of a run in lists, folded from its events by the reducer that every view of a ring is made by.

use std::collections::VecDeque;

use ringleader_shared::api::{KeptRun, RunEnd};
use ringleader_shared::event::ElectionCause;
use ringleader_shared::timeline::{MarkKind, SPLIT_FOR_US, mark_of};
use ringleader_shared::view::{ElectionView, REMEMBERED_ELECTIONS};
use ringleader_shared::{Event, EventKind, RingView, Seq};

/// The number of elections whose last known state is remembered: a late report may still change those that
/// the view remembers.
const REMEMBERED: usize = 2 * REMEMBERED_ELECTIONS;

/// A run as far as its events go.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    /// The row as it stands.
    pub(super) row: KeptRun,
    /// The last event before the ring was ended by the server; what follows is the server's doing.
    pub(super) stopped_after: Option<Seq>,
    view: RingView,
    first_us: u64,
    last_us: u64,
    last_seq: Seq,
    /// The moment since which live members seem to follow different leaders.
    split_since_us: Option<u64>,
    /// The longest time without a leader that has ended.
    worst_us: Option<u64>,
    /// The last elections as they were saved or are about to be.
    elections: VecDeque<ElectionView>,
    /// Elections that have changed since [`Summary::take_changed`].
    changed: Vec<ElectionView>,
}

impl Summary {
    /// A run that begins with this ring: the one before its first event.
    pub(super) fn new(ring: RingView, started_ms: u64) -> Self {
        let row = KeptRun {
            run: ring.run,
            number: 0,
            name: None,
            pinned: false,
            started_ms,
            lasted_us: 0,
            end: RunEnd::Running,
            imported: false,
            deleted_ms: None,
            members: ring.nodes.iter().map(|node| node.name.clone()).collect(),
            settings: ring.settings,
            events: 0,
            lost_events: 0,
            elections: 0,
            takeovers: 0,
            faults: 0,
            deaths: 0,
            worst_leaderless_us: None,
            split_brain: false,
            term: ring.term,
            leader: None,
            deputy: None,
            bytes: 0,
        };
        Self {
            row,
            stopped_after: None,
            last_seq: ring.seq,
            view: ring,
            first_us: 0,
            last_us: 0,
            split_since_us: None,
            worst_us: None,
            elections: VecDeque::new(),
            changed: Vec::new(),
        }
    }

    /// The last event that was added, or is known to be missing.
    pub(super) fn last_seq(&self) -> Seq {
        self.last_seq
    }

    /// The number of members now.
    pub(super) fn members(&self) -> usize {
        self.view.nodes.len()
    }

    /// Adds the next event.
    pub(super) fn add(&mut self, event: &Event) {
        if self.row.events == 0 {
            self.first_us = event.at_us;
        }
        self.last_us = self.last_us.max(event.at_us);
        self.last_seq = event.seq;
        self.row.events += 1;
        self.row.lasted_us = self.last_us.saturating_sub(self.first_us);
        if self.stopped_after.is_some_and(|last| event.seq > last) {
            return;
        }
        self.view.apply(event);
        match &event.kind {
            EventKind::RunStarted { members, .. } => {
                self.row.run = self.view.run;
                self.row.members = members.iter().map(|member| member.name.clone()).collect();
            }
            EventKind::Completed { term, .. } => self.note_election(|election| election.term == *term),
            _ => {}
        }
        match mark_of(&event.kind) {
            Some(MarkKind::Fault) => self.row.faults += 1,
            Some(MarkKind::Death) => self.row.deaths += 1,
            _ => {}
        }
        self.note_split_brain(event.at_us);
        let past = self.view.leaderless.past.front().and_then(|outage| outage.took);
        self.worst_us = self.worst_us.max(past.map(|took| took.total_us));
    }

    /// Notes that events are missing, and the ring after them.
    pub(super) fn lose(&mut self, first: Seq, last: Seq, ring: RingView) {
        self.row.lost_events += last.0.saturating_sub(first.0).saturating_add(1);
        self.split_since_us = None;
        self.last_seq = last;
        if self.stopped_after.is_none() {
            self.view = ring;
        }
    }

    /// Brings the row up to date with the last event.
    pub(super) fn settle(&mut self) {
        self.note_election(|_| true);
        let outage = self.view.leaderless.now.as_ref().map(|outage| outage.took_at(self.last_us).total_us);
        let row = &mut self.row;
        row.worst_leaderless_us = self.worst_us.max(outage);
        row.settings = self.view.settings;
        row.term = self.view.term;
        row.leader.clone_from(&self.view.leader);
        row.deputy.clone_from(&self.view.deputy);
    }

    /// The elections that are new or different since they were saved.
    pub(super) fn changed(&self) -> &[ElectionView] {
        &self.changed
    }

    /// Notes that the changed elections are saved.
    pub(super) fn changes_are_saved(&mut self) {
        self.changed.clear();
    }

    fn note_split_brain(&mut self, at_us: u64) {
        let split = self.split_since_us.or(self.view.split_brain.then_some(at_us));
        self.row.split_brain |= split.is_some_and(|since| at_us.saturating_sub(since) >= SPLIT_FOR_US);
        self.split_since_us = split.filter(|_| self.view.split_brain);
    }

    /// Notes what is new about the elections of the view that have ended.
    fn note_election(&mut self, which: impl Fn(&ElectionView) -> bool) {
        let ended = self.view.elections.iter().filter(|election| election.took_us.is_some());
        for election in ended.filter(|election| which(election)) {
            let is_it = |known: &&mut ElectionView| {
                (known.term, known.started_us) == (election.term, election.started_us)
            };
            match self.elections.iter_mut().find(is_it) {
                Some(known) if known == election => continue,
                Some(known) => known.clone_from(election),
                None => {
                    match election.cause {
                        ElectionCause::Election => self.row.elections += 1,
                        ElectionCause::Takeover => self.row.takeovers += 1,
                        ElectionCause::NewDeputy => {}
                    }
                    self.elections.push_back(election.clone());
                    if self.elections.len() > REMEMBERED {
                        self.elections.pop_front();
                    }
                }
            }
            self.changed
                .retain(|changed| (changed.term, changed.started_us) != (election.term, election.started_us));
            self.changed.push(election.clone());
        }
    }
}
