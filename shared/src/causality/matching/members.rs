//! The last starts, deaths and requests of each member.

use std::collections::{HashMap, VecDeque};

use crate::action::{NodeAction, NodeRequest};
use crate::event::{Event, EventKind};
use crate::explanation::Explanation;
use crate::id::{Incarnation, NodeName};
use crate::timeline::Position;

/// The deaths of a member that are kept: the news of one takes less time than a few starts.
const MOST_DEATHS: usize = 4;

/// The last events of each member.
#[derive(Debug, Clone, Default)]
pub(super) struct MemberStates {
    states: HashMap<NodeName, State>,
    run: Option<Position>,
    /// A request for an election was answered before it was reported: it is not pending.
    initiated: Option<NodeName>,
}

#[derive(Debug, Clone, Default)]
struct State {
    incarnation: Incarnation,
    added: Option<Position>,
    spawned: Option<Position>,
    /// The last [`MOST_DEATHS`] ends of its processes, in order.
    exited: VecDeque<Position>,
    /// Its removal, which kills it.
    removed: Option<Position>,
    /// Its next start, planned after its death.
    planned: Option<Position>,
    start: Option<Position>,
    /// The last request to kill it or have it exit.
    end: Option<Position>,
    initiate: Option<Position>,
    pause: Option<Position>,
    resume: Option<Position>,
    /// The pause that it is in.
    paused: Option<Position>,
    /// The last pause that is over, and its end.
    resumed: Option<(Position, Position)>,
    leaving: Option<Position>,
    eligibility: Option<Position>,
}

impl State {
    fn last_exit(&self) -> Option<Position> {
        self.exited.back().copied()
    }
}

impl MemberStates {
    fn get(&self, node: &NodeName) -> Option<&State> {
        self.states.get(node)
    }

    /// Its present or last start.
    pub(super) fn start_of(&self, node: &NodeName) -> Option<Incarnation> {
        self.get(node).map(|state| state.incarnation)
    }

    pub(super) fn spawned(&self, node: &NodeName) -> Option<Position> {
        self.get(node)?.spawned
    }

    pub(super) fn added(&self, node: &NodeName) -> Option<Position> {
        self.get(node)?.added
    }

    pub(super) fn eligibility_changed(&self, node: &NodeName) -> Option<Position> {
        self.get(node)?.eligibility
    }

    /// Its last death, whether it runs again or not.
    pub(super) fn last_death(&self, node: &NodeName) -> Option<Position> {
        let state = self.get(node)?;
        state.last_exit().max(state.removed)
    }

    /// Its death, if it has not been started since; else the request to end it, or its removal, if it has not
    /// ended yet.
    pub(super) fn death(&self, node: &NodeName) -> Option<Position> {
        let state = self.get(node)?;
        let is_of_this_start = |at: &Position| Some(*at) > state.spawned;
        [state.last_exit(), state.end, state.removed].into_iter().find_map(|end| end.filter(is_of_this_start))
    }

    /// The first death after a position, or the request for it.
    pub(super) fn death_after(&self, node: &NodeName, at: Position) -> Option<Position> {
        let state = self.get(node)?;
        let exit = state.exited.iter().copied().find(|exit| *exit > at);
        exit.or_else(|| state.end.max(state.removed).filter(|end| *end > at))
    }

    pub(super) fn pause(&self, node: &NodeName) -> Option<Position> {
        self.get(node)?.paused
    }

    /// The last pause that is over, and its end.
    pub(super) fn resumed(&self, node: &NodeName) -> Option<(Position, Position)> {
        self.get(node)?.resumed
    }

    pub(super) fn leaving(&self, node: &NodeName) -> Option<Position> {
        self.get(node)?.leaving
    }

    /// The request for an election that the node has not answered yet; answered by this.
    pub(super) fn take_initiate(&mut self, node: &NodeName) -> Option<Position> {
        self.states.get_mut(node)?.initiate.take()
    }

    /// The request for an election that is noted next was answered already.
    pub(super) fn initiated_already(&mut self, node: &NodeName) {
        self.initiated = Some(node.clone());
    }

    /// The cause of an event of a node's process.
    pub(super) fn cause(&mut self, node: &NodeName, kind: &EventKind) -> Option<Position> {
        let run = self.run;
        let state = self.states.entry(node.clone()).or_default();
        let of_this_start = |request: Option<Position>| request.filter(|at| Some(*at) > state.spawned);
        match kind {
            EventKind::Spawned { .. } | EventKind::StartFailed { .. } => {
                [state.start, state.planned, state.added, run].into_iter().max().flatten()
            }
            EventKind::Exited { .. } | EventKind::Leaving => of_this_start(state.end),
            EventKind::Paused => state.pause.take(),
            EventKind::Resumed => state.resume.take(),
            _ => None,
        }
    }

    pub(super) fn note(&mut self, event: &Event, at: Position) {
        if let EventKind::RunStarted { .. } = event.kind {
            self.run = Some(at);
        }
        let Some(node) = &event.node else { return };
        let is_pending = self.initiated.take().is_none();
        let state = self.states.entry(node.clone()).or_default();
        let at = Some(at);
        match &event.kind {
            EventKind::MemberAdded { .. } => *state = State { added: at, ..State::default() },
            // In a simulated ring it has died before.
            EventKind::MemberRemoved if state.last_exit() < state.spawned => state.removed = at,
            EventKind::Spawned { .. } => {
                state.incarnation = event.incarnation;
                state.spawned = at;
                state.paused = None;
                state.initiate = None;
            }
            EventKind::Exited { .. } => {
                if state.exited.len() == MOST_DEATHS {
                    state.exited.pop_front();
                }
                state.exited.extend(at);
                state.paused = None;
            }
            EventKind::RestartPlanned { .. } => state.planned = at,
            EventKind::Paused => state.paused = at,
            EventKind::Resumed => state.resumed = state.paused.take().zip(at),
            EventKind::Leaving => state.leaving = at,
            EventKind::EligibilityChanged { .. } => state.eligibility = at,
            EventKind::Requested { action } => match action {
                NodeRequest::Act(NodeAction::Kill | NodeAction::Exit) => state.end = at,
                NodeRequest::Act(NodeAction::Start) => state.start = at,
                NodeRequest::Act(NodeAction::Pause) => state.pause = at,
                NodeRequest::Act(NodeAction::Resume) => state.resume = at,
                NodeRequest::Initiate => state.initiate = at.filter(|_| is_pending),
            },
            // A request for an election that led to nothing leads to nothing later either.
            EventKind::Explained { explanation: Explanation::LeaderLost { .. } }
            | EventKind::LinkDown { failure: true, .. } => state.initiate = None,
            _ => {}
        }
    }
}
