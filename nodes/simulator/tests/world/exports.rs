//! Exports, each read back by a reader of its own.

mod csv;
mod diagrams;
mod perfetto;
mod shiviz;

use std::sync::Arc;

use ringleader_shared::causality::Causality;
use ringleader_shared::timeline::{Position, Timeline};
use ringleader_shared::{Event, RingView};
use ringleader_simulator::Case;

/// A run and all that exports are made of.
struct Run {
    events: Vec<Event>,
    timeline: Timeline,
    causality: Causality,
}

impl Run {
    fn of(case: &Case) -> Self {
        let events = case.report().events().to_vec();
        let mut timeline = Timeline::new(RingView::empty(), usize::MAX / 2);
        events.iter().for_each(|event| timeline.push(Arc::new(event.clone())));
        let causality = Causality::of(&events);
        Self { events, timeline, causality }
    }

    fn end(&self) -> Position {
        self.timeline.end()
    }

    /// Stretches of the run: all of it, its last third, and one in the middle.
    fn stretches(&self) -> [(Position, Position); 3] {
        let end = self.end().0;
        [(0, end), (2 * end / 3, end), (end / 3, end / 2)].map(|(from, to)| (Position(from), Position(to)))
    }

    fn part(&self, from: Position, to: Position) -> &[Event] {
        &self.events[from.0 as usize..to.0 as usize]
    }
}

const KILLED: &str = "seed 1; ring 90 100 110 120; uniform 50us 3000us; 20000us initiate A; 500000us kill D; \
                      500000us start D; 500000us pause A; 300000us resume A; 500000us cut A B; 0us initiate C; \
                      500000us mend A B";

fn killed() -> Run {
    Run::of(&KILLED.parse().expect("a case"))
}
