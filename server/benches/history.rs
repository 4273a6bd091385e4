//! Benchmark of the archive: takeovers and elections of two rings of real processes that take turns, one kept
//! and one not; publishing on the bus with and without it; and what its writer takes and needs.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringleader::archive::{self, Archive, ArchiveOptions, BLOCK, DATABASE, Limits, Mode, Recorder};
use ringleader::bus::{Bus, PublishedEvent};
use ringleader_shared::api::{EventPage, RunEnd};
use ringleader_shared::{Event, EventKind, Incarnation, RingSettings, RunId, Seq, Term};
use ringleader_testing::server::{Round, Server};

/// Rounds of each ring, unless the caller says otherwise; with 0 only the bus and the writer are measured.
const ROUNDS: usize = 50;

/// Bursts that are published on each bus.
const BURSTS: usize = 200;

/// Events of a burst. With the pause between bursts it is more than a ring of 64 at full speed reports.
const BURST: usize = 1_000;

const PAUSE: Duration = Duration::from_millis(50);

/// Events that the writer is given.
const WRITTEN: u64 = 200_000;

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let events = rings(rounds);
    bus(&events);
    writer(&events);
}

fn ring(flags: &[&str]) -> Server {
    let server = Server::start_with(flags);
    server.initiate("A");
    server.wait_for_leader("D", Some("C"));
    server
}

/// Compares two rings of processes. Returns events of a ring as it is.
fn rings(rounds: usize) -> Vec<Event> {
    let directory = tempfile::tempdir().unwrap();
    let (off, on) = (ring(&[]), ring(&["--data-dir", directory.path().to_str().unwrap()]));
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Each goes first half of the time.
        if round % 2 == 0 {
            without.push(Round::play(&off));
            with.push(Round::play(&on));
        } else {
            with.push(Round::play(&on));
            without.push(Round::play(&off));
        }
    }
    let page: EventPage = off.get("/api/v1/events?limit=5000");
    if rounds == 0 {
        return page.events;
    }
    println!("two rings of 4 nodes, hop delay 0, {rounds} rounds each in turns, microseconds");
    header();
    let times = |rounds: &[Round], of: fn(&Round) -> u64| rounds.iter().map(of).collect::<Vec<u64>>();
    for (what, of) in [
        ("kill -9 of the leader to all follow the next", (|it| it.takeover_us) as fn(&Round) -> u64),
        ("a quiet election, Initiate to the lap's end", |it| it.election_us),
    ] {
        row(what, &mut times(&without, of), &mut times(&with, of));
    }
    page.events
}

/// Compares publishing on the bus.
fn bus(events: &[Event]) {
    let kinds: Vec<(&Event, EventKind)> = events.iter().map(|event| (event, event.kind.clone())).collect();
    let directory = tempfile::tempdir().unwrap();
    let (off, on) = (Bus::new(), Bus::new());
    let archive = Archive::start(&options(directory.path()), &on);
    for bus in [&off, &on] {
        bus.announce(None, Incarnation(0), begin());
    }
    let burst = |bus: &Bus| {
        let began = Instant::now();
        for (event, kind) in kinds.iter().cycle().filter(|(_, kind)| !begins(kind)).take(BURST) {
            bus.announce(event.node.as_ref(), event.incarnation, kind.clone());
        }
        u64::try_from(began.elapsed().as_nanos()).unwrap() / BURST as u64
    };
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..BURSTS {
        for (bus, times) in [(&off, &mut without), (&on, &mut with)] {
            times.push(burst(bus));
            std::thread::sleep(PAUSE);
        }
    }
    let mut lags: Vec<u64> = (0..BURSTS).map(|_| lag(&on, directory.path())).collect();
    archive.finish(Duration::from_secs(60));
    println!("\nthe bus, {BURSTS} bursts of {BURST} events each, nanoseconds an event");
    header();
    row("published", &mut without, &mut with);
    lags.sort_unstable();
    println!(
        "a lone event is on disk after {:.1} ms in the median, {:.1} ms at worst",
        lags[BURSTS / 2] as f64 / 1e3,
        lags[BURSTS - 1] as f64 / 1e3
    );
}

/// The time from the publication of an event until another program finds it in the file, in microseconds.
fn lag(bus: &Bus, directory: &std::path::Path) -> u64 {
    let connection = archive::open(directory, Mode::Existing).unwrap();
    let kept = || archive::find(&connection, directory, "last").unwrap().events;
    let before = bus.view().seq.0;
    while kept() < before {}
    let began = Instant::now();
    bus.announce(None, Incarnation(0), EventKind::Paused);
    while kept() <= before {
        std::thread::sleep(Duration::from_micros(500));
    }
    u64::try_from(began.elapsed().as_micros()).unwrap()
}

/// Measures the writer alone.
fn writer(events: &[Event]) {
    println!("\nthe writer, {WRITTEN} events of a ring as it is");
    for (what, saved) in [("saved in blocks", BLOCK as u64), ("saved after every 50 events", 50)] {
        let directory = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::open(directory.path(), Limits::default()).unwrap();
        let run = Event {
            seq: Seq(1),
            at_us: 0,
            node: None,
            incarnation: Incarnation(0),
            lamport: 0,
            kind: begin(),
        };
        recorder.add(published(run), 0);
        let rest: Vec<PublishedEvent> = events
            .iter()
            .filter(|event| !begins(&event.kind))
            .cycle()
            .zip(2..=WRITTEN)
            .map(|(event, seq)| published(Event { seq: Seq(seq), at_us: seq * 13, ..event.clone() }))
            .collect();
        let text: usize = rest.iter().map(|event| event.text.len() + 1).sum();
        let began = Instant::now();
        for event in rest {
            let is_due = event.event.seq.0 % saved == 0;
            recorder.add(event, 0);
            if is_due {
                recorder.save().unwrap();
            }
        }
        recorder.end(RunEnd::Stopped);
        recorder.save().unwrap();
        let took = began.elapsed().as_secs_f64();
        drop(recorder);
        let size = std::fs::metadata(directory.path().join(DATABASE)).unwrap().len();
        println!(
            "  {what:<28} {:>8.0} events/s, {:>5.1} bytes an event in the file, {:.0} as JSON",
            WRITTEN as f64 / took,
            size as f64 / WRITTEN as f64,
            text as f64 / WRITTEN as f64
        );
    }
}

fn options(directory: &std::path::Path) -> ArchiveOptions {
    ArchiveOptions { directory: Some(directory.to_owned()), limits: Limits::default(), is_off: false }
}

fn begin() -> EventKind {
    let (members, settings) = (Vec::new(), RingSettings::default());
    EventKind::RunStarted { run: RunId(uuid::Uuid::new_v4()), members, highest_term: Term::ZERO, settings }
}

fn begins(kind: &EventKind) -> bool {
    matches!(kind, EventKind::RunStarted { .. })
}

fn published(event: Event) -> PublishedEvent {
    let text = serde_json::to_string(&event).unwrap();
    PublishedEvent { event: Arc::new(event), text: text.into() }
}

fn header() {
    println!("{:<46} {:>10} {:>10} {:>10} {:>10} {:>8}", "", "off", "on", "off 90 %", "on 90 %", "on/off");
}

fn row(what: &str, without: &mut [u64], with: &mut [u64]) {
    let at = |times: &mut [u64], share: usize| {
        times.sort_unstable();
        times[(times.len() * share / 100).min(times.len() - 1)]
    };
    let (off, on) = (at(without, 50), at(with, 50));
    let (slow_off, slow_on) = (at(without, 90), at(with, 90));
    let ratio = on as f64 / off as f64;
    println!("{what:<46} {off:>10} {on:>10} {slow_off:>10} {slow_on:>10} {ratio:>8.3}");
}
