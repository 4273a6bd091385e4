//! The figures of a ring over time: how long there was no leader, how long elections and takeovers took, and
//! what they cost.

use std::collections::VecDeque;

use ringleader_shared::event::{ElectionCause, EventKind};
use ringleader_shared::{Event, RingView};

/// The number of figures that are kept.
const KEPT: usize = 2_000;

/// The quantity that a figure measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// The time without a leader, in microseconds.
    Leaderless,
    /// The time of an election, in microseconds.
    Election,
    /// The time of a takeover, from its first message, in microseconds.
    Takeover,
    /// The messages of an election or a takeover.
    Messages,
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    /// The time at which it was known, in microseconds.
    pub(crate) at_us: u64,
    /// The quantity.
    pub(crate) quantity: Quantity,
    /// The value.
    pub(crate) value: u64,
    /// The term of the ring.
    pub(crate) term: u64,
}

/// The figures of a ring, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    kept: VecDeque<Figure>,
    /// The last outage that has a figure.
    outage: u64,
}

impl Figures {
    /// Notes what an event has made known; the view is the one after it.
    pub(crate) fn note(&mut self, event: &Event, view: &RingView) {
        if let EventKind::RunStarted { .. } = event.kind {
            self.outage = 0;
        }
        let (at_us, term) = (event.at_us, view.term.0);
        let mut add = |quantity, value| self.kept.push_back(Figure { at_us, quantity, value, term });
        if let Some(election) = view.completed(event)
            && let Some(took_us) = election.took_us
        {
            match election.cause {
                ElectionCause::Election => add(Quantity::Election, took_us),
                ElectionCause::Takeover => add(Quantity::Takeover, took_us),
                ElectionCause::NewDeputy => {}
            }
            add(Quantity::Messages, election.messages.into());
        }
        if let Some(outage) = view.leaderless.past.front()
            && outage.number > self.outage
            && let Some(took) = outage.took
        {
            add(Quantity::Leaderless, took.total_us);
            self.outage = outage.number;
        }
        let surplus = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..surplus);
    }

    /// Forgets everything after this state: other events follow.
    pub(crate) fn forget_after(&mut self, at_us: u64, view: &RingView) {
        self.kept.retain(|figure| figure.at_us <= at_us);
        self.outage = view.leaderless.past.front().map_or(0, |outage| outage.number);
    }

    /// The last figures of a quantity until a time, at most so many, the oldest first.
    pub(crate) fn last(&self, quantity: Quantity, until_us: u64, most: usize) -> Vec<Figure> {
        let its = self.kept.iter().rev().filter(|it| it.quantity == quantity && it.at_us <= until_us);
        let mut last: Vec<Figure> = its.take(most).copied().collect();
        last.reverse();
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringleader_simulator::{Action, Session, Setup};

    #[test]
    fn a_run_with_an_election_and_a_takeover_has_the_figures_of_both() {
        let mut session = Session::new(Setup::of(&[90, 100, 110, 120]));
        for action in [Action::Initiate(0), Action::Kill(3)] {
            session.act(action);
            while session.step() {}
        }
        let (mut figures, mut view) = (Figures::default(), RingView::empty());
        for event in session.events() {
            view.apply(event);
            figures.note(event, &view);
        }
        let values = |quantity| {
            figures.last(quantity, u64::MAX, 10).iter().map(|figure| figure.value).collect::<Vec<_>>()
        };
        assert_eq!(values(Quantity::Messages), [11, 6]);
        let [Some(election), Some(takeover)] =
            [Quantity::Election, Quantity::Takeover].map(|quantity| values(quantity).first().copied())
        else {
            panic!("both are there");
        };
        assert!(0 < takeover && takeover < election, "{takeover} and {election}");
        assert_eq!(values(Quantity::Leaderless).len(), 1);
        figures.forget_after(0, &RingView::empty());
        assert_eq!(figures.last(Quantity::Messages, u64::MAX, 10), []);
    }
}
