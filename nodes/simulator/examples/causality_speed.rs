//! Speed and size of the index of causes, and of what is asked of it: `cargo run --release -p
//! ringleader-simulator --example causality_speed`, with another number of events after `--` if wanted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringleader_shared::causality::Causality;
use ringleader_shared::export::csv::elections;
use ringleader_shared::export::mermaid::mermaid;
use ringleader_shared::export::perfetto::perfetto;
use ringleader_shared::export::shiviz::shiviz;
use ringleader_shared::export::svg::{Scale, svg};
use ringleader_shared::timeline::{Position, Timeline};
use ringleader_shared::why::{Subject, why};
use ringleader_shared::{Event, RingView};
use ringleader_simulator::{Action, Setup, World};

fn main() {
    let events = std::env::args().skip(1).find_map(|count| count.parse().ok()).unwrap_or(200_000);
    for members in [5, 64] {
        measure(members, events);
    }
}

/// Elections, deaths and starts until there are so many events.
fn play(members: u64, events: usize) -> Vec<Event> {
    let attributes: Vec<u64> = (0..members).map(|place| place * 619 % members).collect();
    let best = attributes.iter().position(|&attribute| attribute == members - 1).unwrap_or(0);
    let mut world = World::reporting(Setup::of(&attributes).seed(1));
    let actions = [Action::Initiate(0), Action::Kill(best), Action::Start(best), Action::InitiateAll];
    for action in actions.into_iter().cycle() {
        world.act(action);
        world.run_for(Duration::from_secs(1));
        if world.events().len() >= events {
            break;
        }
    }
    world.events().iter().take(events).cloned().collect()
}

fn timed<T>(what: &str, doing: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = doing();
    println!("  {what:<44} {:>9.2} ms", start.elapsed().as_secs_f64() * 1000.0);
    result
}

fn measure(members: u64, count: usize) {
    let events = play(members, count);
    println!("{members} members, {} events", events.len());
    let causality = timed("the index is built", || Causality::of(&events));
    let size = causality.size() as f64 / events.len() as f64;
    println!("  {:<44} {size:>9.1} bytes", "its size for each event");
    let mut timeline = Timeline::new(RingView::empty(), usize::MAX / 2);
    events.iter().for_each(|event| timeline.push(Arc::new(event.clone())));
    let (begin, end) = (timeline.begin(), timeline.end());
    let past = timed("the past of the last event", || causality.past(end));
    let future = timed("the future of the first event", || causality.future(Position(1)));
    println!("  {:<44} {:>9} and {}", "their events", past.len(), future.len());
    let near = Position(end.0 * 999 / 1_000);
    let near = timed("the future of one near the end", || causality.future(near));
    println!("  {:<44} {:>9}", "its events", near.len());
    let moment = timeline.at(end);
    let answer = timed("why the leader leads", || why(&timeline, &causality, &moment, &Subject::Leader));
    let steps: usize = answer.iter().flat_map(|it| it.chains()).map(|chain| chain.steps().len()).sum();
    println!("  {:<44} {steps:>9}", "steps of that");
    let first = timeline.at(begin);
    timed("ShiViz of all", || shiviz(&timeline, &causality, begin, end).len());
    timed("Perfetto of all", || perfetto(&timeline, &causality, &first, end).len());
    timed("CSV of all", || elections(&timeline, &first, end).len());
    timed("Mermaid around the end", || mermaid(&timeline, &moment, begin, end).len());
    let part = Position(end.0 - end.0.min(2_000));
    let part = timeline.at(part);
    timed("SVG of the last 2,000", || svg(&timeline, &part, end, Scale::Rows).len());
}
