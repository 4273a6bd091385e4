//! Exports, each read back by a reader of its own.

mod csv;
mod diagrams;
mod perfetto;
mod shiviz;

use ringleader_shared::Event;
use ringleader_shared::timeline::Position;

use crate::recorded::Run;

impl Run {
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
