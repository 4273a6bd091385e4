//! Exported runs are imported again as they were, and nothing else is.

use ringleader_shared::api::RunEnd;
use ringleader_shared::{RingView, Seq};

use super::*;

#[test]
fn an_exported_run_is_imported_as_it_was() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let events = long_run(1, 2_100);
    place.keep(&events, RunEnd::Reset);
    let text = place.export(id(1));
    assert_eq!(text.lines().count(), events.len() + 1);
    let imported = elsewhere.import(&text).expect("it is imported");
    let kept = place.find(id(1));
    assert_eq!(imported, ringleader_shared::api::KeptRun { imported: true, bytes: imported.bytes, ..kept });
    assert_eq!(elsewhere.events(id(1), 700), events);
    assert_eq!(elsewhere.export(id(1)), text);
    let twice = elsewhere.import(&text).expect_err("it is there");
    assert!(matches!(twice, Error::IsThere(_)), "{twice}");
}

#[test]
fn a_gap_is_exported_and_imported_with_the_ring_after_it() {
    let place = Place::new();
    let events = run(1);
    let (first, missing, rest) = (&events[..20], &events[20..30], &events[30..]);
    let mut view = RingView::empty();
    first.iter().chain(missing).for_each(|event| view.apply(event));
    let mut recorder = place.recorder();
    add(&mut recorder, first);
    recorder.lose(missing[0].seq, missing[9].seq, view.clone(), STARTED_MS);
    add(&mut recorder, rest);
    recorder.end(RunEnd::Stopped);
    recorder.save().expect("it is saved");
    let kept = place.find(id(1));
    assert_eq!((kept.events, kept.lost_events), (events.len() as u64 - 10, 10));
    let gap = gaps(&place.connection(), place.path(), &kept, 0, kept.events).expect("gaps");
    assert_eq!(gap.len(), 1);
    assert_eq!((gap[0].position, gap[0].first, gap[0].last), (20, Seq(21), Seq(30)));
    assert_eq!(*gap[0].ring, view);
    let text = place.export(id(1));
    assert!(text.lines().nth(21).expect("a line").starts_with("{\"gap\":"), "{text}");
    let elsewhere = Place::new();
    let imported = elsewhere.import(&text).expect("it is imported");
    assert_eq!((imported.leader, imported.term, imported.lost_events), (kept.leader, kept.term, 10));
    assert_eq!(elsewhere.export(id(1)), text);
}

#[test]
fn bad_text_is_refused_with_its_line_and_what_was_expected_and_nothing_is_imported() {
    let place = Place::new();
    place.keep(&run(1), RunEnd::Stopped);
    let text = place.export(id(1));
    let lines: Vec<&str> = text.lines().collect();
    let with = |line: usize, new: &str| {
        let mut lines = lines.clone();
        lines[line - 1] = new;
        lines.join("\n")
    };
    let header = |from: &str, to: &str| {
        assert!(lines[0].contains(from), "{}", lines[0]);
        with(1, &lines[0].replace(from, to))
    };
    let another = lines[1].replace(&id(1).to_string(), &id(2).to_string());
    let elsewhere = Place::new();
    for (text, line, says) in [
        (String::new(), 1, "the text is empty; expected {\"format\":\"ringleader-run\""),
        ("nonsense".to_owned(), 1, "expected {\"format\""),
        ("{\"seq\":1}\n".to_owned(), 1, "this is no exported run"),
        (header("\"version\":1", "\"version\":2"), 1, "version 2 of the format is not known"),
        (header("\"end\":\"stopped\"", "\"end\":\"well\""), 1, "unknown variant `well`"),
        (header("\"started_ms\":", "\"started\":"), 1, "missing field `started_ms`"),
        (with(5, "{\"seq\":"), 5, "expected one JSON object a line"),
        (with(5, "[]"), 5, "expected an event or {\"gap\":…}"),
        (with(5, "{\"seq\":4,\"at_us\":1,\"kind\":\"invented\"}"), 5, "there is no kind \"invented\""),
        (with(5, lines[5]), 5, "seq is 5, expected 4"),
        (with(5, lines[1]), 5, "seq is 1, expected 4"),
        (with(2, lines[2]), 2, "expected run_started first"),
        (with(2, &another), 2, "expected the events of one run"),
        (with(5, "{\"gap\":{}}"), 5, "gap: missing field"),
        (lines[..7].join("\n"), 8, "the text ends after 6 events; its first line announces"),
        (text.clone() + lines.last().expect("a line"), lines.len() + 1, "expected"),
        (with(9, &"x".repeat(5 << 20)), 9, "it has more than 4194304 bytes"),
    ] {
        let error = elsewhere.import(&text).expect_err(says);
        assert!(matches!(error, Error::Import { line: at, .. } if at == line), "{error}, not line {line}");
        assert!(error.to_string().contains(says), "{error} should say {says}");
    }
    assert_eq!(elsewhere.runs(), []);
    elsewhere.import(&text).expect("the text itself is good");
}

#[test]
fn a_run_that_goes_on_is_exported_as_far_as_it_went() {
    let place = Place::new();
    let events = run(1);
    let mut recorder = place.recorder();
    add(&mut recorder, &events[..25]);
    let text = place.export(id(1));
    let elsewhere = Place::new();
    let imported = elsewhere.import(&text).expect("it is imported");
    assert_eq!((imported.events, imported.end), (25, RunEnd::Lost));
}

#[test]
fn spoilt_text_is_refused_or_read_and_never_a_panic() {
    let place = Place::new();
    place.keep(&run(1), RunEnd::Stopped);
    let text = place.export(id(1)).into_bytes();
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..1_000 {
        let mut spoilt = text.clone();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..spoilt.len());
            match rng.u8(..4) {
                0 => spoilt[at] = rng.u8(..),
                1 => spoilt[at] = b"0123456789\"{}[],:\n"[rng.usize(..18)],
                2 => drop(spoilt.drain(at..spoilt.len().min(at + rng.usize(1..200)))),
                _ => spoilt.insert(at, b"09\"\n"[rng.usize(..4)]),
            }
        }
        match crate::archive::import::check(&mut &spoilt[..]) {
            Ok((header, writer)) => {
                assert_eq!(writer.summary.row.events, header.events);
                read += 1;
            }
            Err(error) => {
                assert!(matches!(error, Error::Import { .. } | Error::LongName(_)), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 100 && read > 10, "{refused} refused, {read} read");
}
