//! Runs are kept whole, and lists say what they were.

use ringleader_shared::api::{ChangeRun, RunEnd};
use ringleader_shared::event::ElectionCause;
use ringleader_shared::{AlgorithmName, RingView, Seq};

use super::*;

#[test]
fn a_kept_run_has_every_event_in_pages_of_any_size() {
    let place = Place::new();
    let events = long_run(1, 2_345);
    place.keep(&events, RunEnd::Stopped);
    for page in [1_000, 999, 64, 5_000] {
        assert_eq!(place.events(id(1), page), events, "pages of {page}");
    }
    // Three blocks, however often it was saved in between.
    let blocks: i64 =
        place.connection().query_row("SELECT count(*) FROM blocks", [], |row| row.get(0)).expect("a count");
    assert_eq!(blocks, 3);
}

#[test]
fn a_list_says_what_a_run_was() {
    let place = Place::new();
    let events = run(1);
    place.keep(&events, RunEnd::Reset);
    let [kept] = &place.runs()[..] else { panic!("one run") };
    let mut view = RingView::empty();
    events.iter().for_each(|event| view.apply(event));
    assert_eq!((kept.run, kept.end, kept.started_ms), (id(1), RunEnd::Reset, STARTED_MS));
    assert_eq!(kept.members.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["A", "B", "C", "D"]);
    assert_eq!((kept.events, kept.lost_events), (events.len() as u64, 0));
    assert_eq!((kept.elections, kept.takeovers, kept.deaths), (1, 1, 1));
    assert_eq!((&kept.leader, &kept.deputy, kept.term), (&view.leader, &view.deputy, view.term));
    assert!(kept.leader.is_some());
    let worst = view.leaderless.past.iter().filter_map(|outage| outage.took).map(|took| took.total_us).max();
    assert!(worst.is_some() && kept.worst_leaderless_us == worst, "{worst:?}: {kept:?}");
    assert!(kept.bytes > 0 && !kept.split_brain && !kept.imported && !kept.pinned);
    let elections = elections(&place.connection(), place.path(), kept, 0, 100).expect("elections").elections;
    let ended = view.elections.iter().rev().filter(|election| election.took_us.is_some());
    assert_eq!(elections.iter().collect::<Vec<_>>(), ended.collect::<Vec<_>>());
    assert_eq!(elections[0].cause, ElectionCause::Election);
}

#[test]
fn the_ends_of_processes_that_the_server_ends_are_no_deaths() {
    let place = Place::new();
    let events = run(1);
    let last = events.last().expect("an event");
    let mut recorder = place.recorder();
    add(&mut recorder, &events);
    recorder.note_ended(vec![(id(1), last.seq)]);
    for (number, name) in (1..).zip(["A", "B", "C", "D"]) {
        let kind = EventKind::Exited { code: None, signal: Some(9) };
        let (seq, node) = (Seq(last.seq.0 + number), Some(name.parse().expect("a name")));
        recorder.add(published(&Event { seq, node, kind, ..last.clone() }), STARTED_MS);
    }
    recorder.end(RunEnd::Stopped);
    recorder.save().expect("it is saved");
    let kept = place.find(id(1));
    assert_eq!((kept.deaths, kept.events), (1, events.len() as u64 + 4));
    assert_eq!(kept.leader.map(|name| name.to_string()).as_deref(), Some("C"));
    // The same is counted when it is imported.
    let elsewhere = Place::new();
    assert_eq!(elsewhere.import(&place.export(id(1))).expect("it is imported").deaths, 1);
}

#[test]
fn runs_are_found_by_words_algorithm_and_pin_and_listed_in_pages() {
    let place = Place::new();
    let events = run(1);
    for number in 1..=5 {
        place.keep(&named(&events, number), RunEnd::Stopped);
    }
    let change = |number: u128, name: &str, pinned: bool| {
        let change_run = ChangeRun { name: Some(name.to_owned()), pinned: Some(pinned) };
        change(&place.connection(), place.path(), id(number), &change_run).expect("it is changed");
    };
    change(2, "  Lecture 3: 100% of_it ", true);
    change(4, "exercise", false);
    let numbers = |filter: RunFilter| {
        let found = list(&place.connection(), place.path(), &filter, 100).expect("a list").runs;
        found.iter().map(|run| run.number).collect::<Vec<_>>()
    };
    let text = |text: &str| RunFilter { text: Some(text.to_owned()), ..RunFilter::default() };
    for (filter, expected) in [
        (RunFilter::default(), vec![5, 4, 3, 2, 1]),
        (text("lecture"), vec![2]),
        (text("3 LECTURE"), vec![2]),
        (text("100%"), vec![2]),
        (text("f_i"), vec![2]),
        (text("_"), vec![2]),
        (text("max-ring a"), vec![5, 4, 3, 2, 1]),
        (text("00000004"), vec![4]),
        (text("nothing"), vec![]),
        (RunFilter { pinned: Some(true), ..RunFilter::default() }, vec![2]),
        (RunFilter { pinned: Some(false), ..RunFilter::default() }, vec![5, 4, 3, 1]),
        (RunFilter { algorithm: Some(AlgorithmName::MaxRing), ..text("exercise") }, vec![4]),
        (RunFilter { algorithm: Some(AlgorithmName::Peterson), ..RunFilter::default() }, vec![]),
        (RunFilter { before: Some(3), ..RunFilter::default() }, vec![2, 1]),
        (RunFilter { deleted: true, ..RunFilter::default() }, vec![]),
    ] {
        assert_eq!(numbers(filter.clone()), expected, "{filter:?}");
    }
    let page = list(&place.connection(), place.path(), &RunFilter::default(), 2).expect("a page");
    assert_eq!((page.runs.len(), page.next), (2, Some(4)));
    let last = list(&place.connection(), place.path(), &RunFilter::default(), 5).expect("a page");
    assert_eq!(last.next, None);
    assert_eq!(place.find(id(2)).name.as_deref(), Some("Lecture 3: 100% of_it"));
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_id_if_that_is_its_alone() {
    let place = Place::new();
    let events = run(1);
    for number in [0x1234_5678, 0x1234_9999] {
        place.keep(&named(&events, number), RunEnd::Stopped);
    }
    let found = |text: &str| find(&place.connection(), place.path(), text).map(|run| run.run);
    assert_eq!(found("12345").expect("one"), id(0x1234_5678));
    assert_eq!(found("last").expect("one"), id(0x1234_9999));
    assert!(matches!(found("1234"), Err(Error::Ambiguous(_))));
    for nothing in ["123", "", "1235", "zzzz", "%%%%", "1234567'"] {
        assert!(matches!(found(nothing), Err(Error::NoSuchRun(_))), "{nothing}");
    }
}

#[test]
fn a_deleted_run_can_be_restored_and_a_running_one_can_not_be_deleted() {
    let place = Place::new();
    let events = run(1);
    place.keep(&events, RunEnd::Stopped);
    let mut recorder = place.recorder();
    add(&mut recorder, &named(&events, 2));
    let connection = place.connection();
    assert_eq!(place.find(id(2)).end, RunEnd::Running);
    let refused = delete(&connection, place.path(), id(2)).expect_err("it is written");
    assert!(refused.to_string().contains("still written"), "{refused}");
    delete(&connection, place.path(), id(1)).expect("it is deleted");
    delete(&connection, place.path(), id(1)).expect("it is deleted already");
    assert_eq!(place.runs().len(), 1);
    let pin = ChangeRun { name: None, pinned: Some(true) };
    assert!(matches!(change(&connection, place.path(), id(1), &pin), Err(Error::Deleted(_))));
    restore(&connection, place.path(), id(1)).expect("it is restored");
    assert!(matches!(restore(&connection, place.path(), id(1)), Err(Error::NotDeleted(_))));
    assert_eq!(place.events(id(1), 1_000), events);
    let long = ChangeRun { name: Some("x".repeat(101)), pinned: None };
    let refused = change(&connection, place.path(), id(1), &long).expect_err("it is too long").to_string();
    assert!(refused.contains("at most 100 characters, this one has 101"), "{refused}");
}

#[test]
fn a_split_brain_that_lasts_is_noted() {
    let place = Place::new();
    let mut world = World::reporting(Setup::of(&[90, 100, 110, 120]).seed(7));
    world.act(Action::Initiate(0));
    world.run_for(Duration::from_secs(2));
    place.keep(&named(world.events(), 1), RunEnd::Stopped);
    let between = [(0, 2), (0, 3), (1, 2), (1, 3)];
    for (one, other) in between {
        world.act(Action::Sever { one, other });
    }
    world.run_for(Duration::from_secs(5));
    for (one, other) in between {
        world.act(Action::Mend { one, other });
    }
    world.run_for(Duration::from_secs(5));
    place.keep(&named(world.events(), 2), RunEnd::Stopped);
    assert_eq!([1, 2].map(|number| place.find(id(number)).split_brain), [false, true]);
}
