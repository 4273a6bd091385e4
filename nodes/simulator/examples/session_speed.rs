//! Speed of a session that plays and goes back, at sizes that people look at: `cargo run --release -p
//! ringleader-simulator --example session_speed`, with other numbers of members after `--` if wanted.

use std::time::{Duration, Instant};

use ringleader_simulator::{Action, Session, Setup};

fn main() {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![64, 256, 1000] } else { sizes };
    println!("members  what                                  events     wall    events/s");
    for members in sizes {
        measure(members);
    }
}

/// Times one thing that is done with a session.
fn timed(session: &mut Session, what: &str, doing: impl FnOnce(&mut Session)) {
    let (members, before, start) = (session.view().nodes.len(), session.seq().0, Instant::now());
    doing(session);
    let (took, events) = (start.elapsed(), session.seq().0.abs_diff(before));
    let a_second = events as f64 / took.as_secs_f64();
    println!("{members:>7}  {what:<34}  {events:>8} {:>7.1}ms {a_second:>11.0}", took.as_secs_f64() * 1000.0);
}

fn play(session: &mut Session, time: Duration) {
    session.play_until(session.now() + time, usize::MAX);
}

fn measure(members: u64) {
    // Scattered, each once: 619 is prime.
    let attributes: Vec<u64> = (0..members).map(|place| place * 619 % members).collect();
    let best = attributes.iter().position(|&attribute| attribute == members - 1).unwrap_or(0);
    let start = Instant::now();
    let mut session = Session::new(Setup::of(&attributes).seed(1));
    println!("{members:>7}  begins after {:.1}ms", start.elapsed().as_secs_f64() * 1000.0);
    let long = Duration::from_secs(10);
    timed(&mut session, "its links come up", |session| play(session, Duration::from_millis(50)));
    timed(&mut session, "one initiates", |session| {
        session.act(Action::Initiate(0));
        play(session, long);
    });
    timed(&mut session, "all initiate", |session| {
        session.act(Action::InitiateAll);
        play(session, long);
    });
    timed(&mut session, "the leader dies", |session| {
        session.act(Action::Kill(best));
        play(session, long);
    });
    timed(&mut session, "it starts again", |session| {
        session.act(Action::Start(best));
        play(session, long);
    });
    let end = session.end();
    timed(&mut session, "back to the middle", |session| session.seek(end / 2));
    timed(&mut session, "back to the beginning", |session| session.seek(Duration::ZERO));
    timed(&mut session, "to the end", |session| session.seek(end));
    let start = Instant::now();
    const PLACES: u32 = 50;
    for place in (0..PLACES).rev() {
        session.seek(end * place / PLACES);
    }
    println!("{members:>7}  to any time: {:.1}ms", ms(start) / f64::from(PLACES));
    session.seek(end);
    let start = Instant::now();
    let steps = (0..100).filter(|_| session.step_back()).count();
    println!("{members:>7}  a step back: {:.1}ms", ms(start) / steps as f64);
    session.seek(Duration::from_millis(100));
    let start = Instant::now();
    let flights: usize = (0..100).map(|_| session.in_flight().len()).sum();
    println!("{members:>7}  {} in flight: {:.3}ms", flights / 100, ms(start) / 100.0);
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
