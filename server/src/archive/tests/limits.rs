//! The archive is bounded by size and age.

use ringleader_shared::api::{ChangeRun, RunEnd};
use rusqlite::params;

use super::*;
use crate::clock::wall_ms;

/// Sets a column of a run to a time that is so long ago.
fn age(place: &Place, number: u128, column: &str, ago: Duration) {
    let then = i64::try_from(wall_ms()).expect("a time") - i64::try_from(ago.as_millis()).expect("a time");
    let sql = format!("UPDATE runs SET {column} = ?1 WHERE run = ?2");
    place.connection().execute(&sql, params![then, id(number).to_string()]).expect("it is changed");
}

fn pin(place: &Place, number: u128) {
    let pin = ChangeRun { name: None, pinned: Some(true) };
    change(&place.connection(), place.path(), id(number), &pin).expect("it is pinned");
}

fn numbers(place: &Place) -> Vec<u64> {
    place.runs().iter().map(|run| run.number).collect()
}

#[test]
fn old_runs_go_except_pinned_ones_and_those_that_are_written() {
    let place = Place::new();
    let events = run(1);
    for number in 1..=3 {
        place.keep(&named(&events, number), RunEnd::Stopped);
    }
    let mut writing = place.recorder();
    add(&mut writing, &named(&events, 4));
    pin(&place, 2);
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    for (number, ago) in [(1, 31), (2, 31), (3, 29), (4, 31)] {
        age(&place, number, "kept_ms", days(ago));
    }
    place.recorder().prune().expect("it is tidied up");
    assert_eq!(numbers(&place), [4, 3, 2]);
}

#[test]
fn deleted_runs_go_after_an_hour() {
    let place = Place::new();
    let events = run(1);
    for number in 1..=2 {
        place.keep(&named(&events, number), RunEnd::Stopped);
        delete(&place.connection(), place.path(), id(number)).expect("it is deleted");
    }
    age(&place, 1, "deleted_ms", RESTORABLE_FOR + Duration::from_secs(1));
    age(&place, 2, "deleted_ms", RESTORABLE_FOR - Duration::from_secs(60));
    place.recorder().prune().expect("it is tidied up");
    assert!(matches!(restore(&place.connection(), place.path(), id(1)), Err(Error::NoSuchRun(_))));
    restore(&place.connection(), place.path(), id(2)).expect("it is restored");
    let rest: i64 = place
        .connection()
        .query_row("SELECT count(*) FROM blocks WHERE run NOT IN (SELECT number FROM runs)", [], |row| {
            row.get(0)
        })
        .expect("a count");
    assert_eq!(rest, 0, "its events are gone, too");
}

#[test]
fn the_oldest_runs_go_when_there_is_too_much_and_the_file_shrinks() {
    let place = Place::new();
    // Random text can't be compressed, so each run takes some 400 kB.
    let mut rng = fastrand::Rng::with_seed(1);
    let events = run(1);
    for number in 1..=6 {
        let mut long = named(&events, number);
        let last = long.last().expect("an event").clone();
        for n in 1..=300 {
            let text: String = (0..2_000).map(|_| rng.alphanumeric()).collect();
            let seq = Seq(last.seq.0 + n);
            long.push(Event { seq, kind: EventKind::Stderr { text }, ..last.clone() });
        }
        place.keep(&long, RunEnd::Stopped);
    }
    pin(&place, 1);
    delete(&place.connection(), place.path(), id(5)).expect("it is deleted");
    let before = std::fs::metadata(place.file()).expect("a file").len();
    assert!(before > 2_400_000, "{before}");
    let limits = Limits { most_bytes: 1_500_000, ..Limits::default() };
    let mut recorder = Recorder::open(place.path(), limits).expect("the archive opens");
    let bytes = recorder.prune().expect("it is tidied up");
    assert!(bytes <= 1_500_000, "{bytes}");
    let left = numbers(&place);
    assert!(left.starts_with(&[6]) && left.ends_with(&[1]) && left.len() < 5, "{left:?}");
    drop(recorder);
    let connection = place.connection();
    crate::archive::schema::pragma(&connection, "wal_checkpoint(TRUNCATE)").expect("a checkpoint");
    let after = std::fs::metadata(place.file()).expect("a file").len();
    assert!(after < 1_600_000, "{after}");
}
