//! Killed servers, full disks, damaged files, and two servers on one directory.

use ringleader_shared::api::{ArchiveState, RunEnd};
use ringleader_shared::{Incarnation, RingSettings, Term};

use super::*;
use crate::bus::{Bus, HISTORY};

#[test]
fn a_run_whose_server_is_gone_says_that_it_did_not_end_by_itself() {
    let place = Place::new();
    let events = run(1);
    let mut recorder = place.recorder();
    add(&mut recorder, &events);
    assert_eq!(place.find(id(1)).end, RunEnd::Running);
    // The kernel releases the lock of a killed server in the same way.
    drop(recorder);
    assert_eq!(place.find(id(1)).end, RunEnd::Lost);
    assert_eq!(place.events(id(1), 1_000), events);
    delete(&place.connection(), place.path(), id(1)).expect("it can be deleted");
    restore(&place.connection(), place.path(), id(1)).expect("it is restored");
    let _next = place.recorder();
    assert_eq!(place.find(id(1)).end, RunEnd::Lost, "also for the next server");
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_missing_once_there_is_room() {
    let place = Place::new();
    let events = long_run(1, 3_000);
    let mut recorder = place.recorder();
    recorder.limit_pages(25);
    let mut failed = 0;
    for event in &events {
        recorder.add(published(event), STARTED_MS);
        if event.seq.0 % 100 == 0
            && let Err(error) = recorder.save()
        {
            assert!(matches!(error, Error::Full { .. }), "{error}");
            assert!(error.may_pass() && error.to_string().contains("make room"), "{error}");
            failed += 1;
        }
    }
    assert!(failed > 5, "{failed}");
    recorder.limit_pages(u32::MAX);
    recorder.end(RunEnd::Stopped);
    recorder.save().expect("there is room");
    assert_eq!(place.events(id(1), 1_000), events);
}

/// The error of an archive whose file has this content, and proof that the file stays as it is.
fn left_alone(place: &Place, content: &[u8]) -> Error {
    std::fs::write(place.file(), content).expect("it is written");
    let error = Recorder::open(place.path(), Limits::default()).expect_err("it is refused");
    assert_eq!(std::fs::read(place.file()).expect("it is there"), content, "the file is left alone");
    assert!(!error.may_pass() && error.to_string().contains("--data-dir"), "{error}");
    error
}

/// The content of an archive's file after a change by SQL.
fn file_with(sql: &str) -> Vec<u8> {
    let place = Place::new();
    place.keep(&run(1), RunEnd::Stopped);
    place.connection().execute_batch(sql).expect("it is changed");
    std::fs::read(place.file()).expect("it is there")
}

#[test]
fn a_file_that_is_damaged_newer_or_of_another_program_is_left_alone() {
    let place = Place::new();
    let error =
        left_alone(&place, b"this is no database, but as long as the head of one. ".repeat(40).as_slice());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let error = left_alone(&place, &file_with("PRAGMA user_version = 2"));
    assert!(error.to_string().contains("newer Ringleader (schema 2, this one knows 1)"), "{error}");
    let error = left_alone(&place, &file_with("PRAGMA application_id = 7"));
    assert!(error.to_string().contains("another program"), "{error}");
}

#[test]
fn damage_in_the_midst_of_the_file_is_named_when_it_is_met() {
    let place = Place::new();
    place.keep(&long_run(1, 5_000), RunEnd::Stopped);
    place.connection().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("a checkpoint");
    let mut content = std::fs::read(place.file()).expect("it is there");
    let middle = content.len() / 2;
    content[middle..].fill(0x5a);
    std::fs::write(place.file(), &content).expect("it is written");
    let run = place.find(id(1));
    let mut found = 0;
    let error = loop {
        match events(&place.connection(), place.path(), &run, found, 1_000) {
            Ok(page) if page.is_empty() => panic!("the damage was not noticed"),
            Ok(page) => found += page.len() as u64,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn a_directory_that_can_not_be_written_is_an_error_that_says_what_to_do() {
    // No user can make files there, not even the superuser.
    let error = Recorder::open(Path::new("/proc"), Limits::default()).expect_err("it is refused").to_string();
    assert!(error.contains("/proc can't be written") && error.contains("--data-dir"), "{error}");
    let empty = Place::new();
    let error = open(empty.path(), Mode::Existing).expect_err("there is none").to_string();
    assert!(error.contains("no runs are kept in") && !empty.file().exists(), "{error}");
}

#[test]
fn two_servers_share_a_directory_and_know_it() {
    let place = Place::new();
    let events = run(1);
    let (mut first, mut second) = (place.recorder(), place.recorder());
    assert!(first.is_shared() && second.is_shared());
    for (index, event) in events.iter().enumerate() {
        first.add(published(event), STARTED_MS);
        second.add(published(&named(std::slice::from_ref(event), 2)[0]), STARTED_MS);
        if index % 10 == 0 {
            first.save().expect("it is saved");
            second.save().expect("it is saved");
        }
    }
    first.end(RunEnd::Stopped);
    first.save().expect("it is saved");
    second.save().expect("it is saved");
    second.prune().expect("it is tidied up");
    drop(first);
    assert!(!second.is_shared());
    let ends: Vec<RunEnd> = place.runs().iter().map(|run| run.end).collect();
    assert_eq!(ends, [RunEnd::Running, RunEnd::Stopped]);
    assert_eq!(place.events(id(1), 100), events);
    assert_eq!(place.events(id(2), 100), named(&events, 2));
}

#[test]
fn servers_that_start_at_once_make_one_archive() {
    for _ in 0..25 {
        let place = Place::new();
        let begin = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            for number in 1..=6 {
                let (place, begin) = (&place, &begin);
                scope.spawn(move || {
                    begin.wait();
                    place.keep(&run(number), RunEnd::Stopped);
                });
            }
        });
        assert_eq!(place.runs().len(), 6);
    }
}

fn options(directory: &Path) -> ArchiveOptions {
    ArchiveOptions { directory: Some(directory.to_owned()), limits: Limits::default(), is_off: false }
}

fn begin(bus: &Bus, number: u128) {
    let kind = EventKind::RunStarted {
        run: id(number),
        members: Vec::new(),
        highest_term: Term::ZERO,
        settings: RingSettings::default(),
    };
    bus.announce(None, Incarnation(0), kind);
}

fn chatter(bus: &Bus, count: usize) {
    for n in 0..count {
        bus.announce(None, Incarnation(0), EventKind::Stderr { text: n.to_string() });
    }
}

#[test]
fn what_the_disk_does_not_take_in_time_is_a_gap_and_the_bus_goes_on() {
    let place = Place::new();
    let bus = Bus::new();
    let archive = Archive::start(&options(place.path()), &bus);
    begin(&bus, 1);
    // The whole database is taken by another program.
    let blocker = place.connection();
    blocker.execute_batch("BEGIN IMMEDIATE").expect("it is taken");
    chatter(&bus, 2 * HISTORY);
    blocker.execute_batch("COMMIT").expect("it is free again");
    archive.finish(Duration::from_secs(60));
    let kept = place.find(id(1));
    let total = 2 * HISTORY as u64 + 1;
    assert_eq!((kept.end, kept.events + kept.lost_events), (RunEnd::Stopped, total));
    let gaps = gaps(&place.connection(), place.path(), &kept, 0, kept.events).expect("gaps");
    let lost: u64 = gaps.iter().map(|gap| gap.last.0 - gap.first.0 + 1).sum();
    assert!(lost > 0 && lost == kept.lost_events, "{lost}: {kept:?}");
    assert_eq!(place.events(id(1), 1_000).len() as u64, kept.events);
}

#[test]
fn each_reset_begins_a_run_and_the_last_one_ends_with_the_server() {
    let place = Place::new();
    let bus = Bus::new();
    let archive = Archive::start(&options(place.path()), &bus);
    for number in 1..=3 {
        begin(&bus, number);
        chatter(&bus, 1_499);
        bus.end_run();
        bus.announce(None, Incarnation(0), EventKind::Exited { code: None, signal: Some(9) });
    }
    archive.finish(Duration::from_secs(60));
    assert!(place.runs().iter().all(|run| run.deaths == 0), "{:?}", place.runs());
    let found: Vec<_> = place.runs().iter().map(|run| (run.run, run.end, run.events)).collect();
    let expected = [(3, RunEnd::Stopped), (2, RunEnd::Reset), (1, RunEnd::Reset)];
    assert_eq!(found, expected.map(|(number, end)| (id(number), end, 1_501)));
    assert_eq!(bus.subscribers(), 0, "the archive is none that people see");
}

#[test]
fn an_archive_that_can_not_be_used_is_a_notice_and_not_an_error() {
    let place = Place::new();
    std::fs::write(place.file(), "no database".repeat(100)).expect("it is written");
    let bus = Bus::new();
    for (directory, says) in
        [(place.path(), "is damaged and is left alone"), (Path::new("/proc"), "can't be written")]
    {
        let archive = Archive::start(&options(directory), &bus);
        begin(&bus, 1);
        let status = archive.status();
        assert_eq!(status.state, ArchiveState::Unusable);
        assert!(status.notice.as_ref().is_some_and(|notice| notice.contains(says)), "{status:?}");
        archive.finish(Duration::from_secs(60));
    }
}
