//! Reads the elections back by the rules of RFC 4180.

use ringleader_shared::Safety;
use ringleader_shared::event::EventKind;
use ringleader_shared::export::csv::elections;
use ringleader_simulator::Case;
use ringleader_testing::cases::{EVERYTHING, all_hold};

use super::{Run, killed};

/// The records of a file, and an error where one has another number of fields than the first.
fn read(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut records = vec![vec![String::new()]];
    let mut letters = text.chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        let record = records.last_mut().expect("one");
        match (letter, is_quoted) {
            ('"', true) if letters.next_if_eq(&'"').is_some() => record.last_mut().expect("one").push('"'),
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => record.push(String::new()),
            ('\r', false) if letters.next_if_eq(&'\n').is_some() => records.push(vec![String::new()]),
            (letter, _) => record.last_mut().expect("one").push(letter),
        }
    }
    if records.pop() != Some(vec![String::new()]) {
        return Err("the last line has no end".to_owned());
    }
    let fields = records[0].len();
    match records.iter().find(|record| record.len() != fields) {
        Some(record) => Err(format!("{record:?} has not {fields} fields")),
        None => Ok(records),
    }
}

fn column<'a>(records: &'a [Vec<String>], name: &str) -> Vec<&'a str> {
    let place = records[0].iter().position(|field| field == name).expect("such a column");
    records[1..].iter().map(|record| record[place].as_str()).collect()
}

/// Each result that was announced is one line, with its leader.
fn is_complete(case: &Case) -> Result<(), String> {
    let run = Run::of(case);
    let records = read(&elections(&run.timeline, &run.timeline.at(run.timeline.begin()), run.end()))?;
    let (terms, leaders) = (column(&records, "term"), column(&records, "leader"));
    for event in &run.events {
        let EventKind::Completed { term, leader, members, .. } = &event.kind else { continue };
        // A member that is alone sends nothing, and has held no election.
        let is_there = terms.iter().zip(&leaders).any(|(in_term, named)| {
            *in_term == term.to_string() && (*named == leader.as_str() || named.is_empty())
        });
        if *members > 1 && !is_there {
            return Err(format!("{event:?} has no line:\n{records:?}"));
        }
    }
    let begun: std::collections::BTreeSet<_> = terms.iter().zip(column(&records, "started_us")).collect();
    if begun.len() != terms.len() {
        return Err(format!("an election is there twice:\n{records:?}"));
    }
    Ok(())
}

#[test]
fn every_result_has_its_line() {
    all_hold(300, EVERYTHING, Safety::Available, is_complete);
}

#[test]
fn the_elections_of_a_run_are_those_that_its_view_remembers() {
    let run = killed();
    let moment = run.timeline.at(run.timeline.begin());
    let records = read(&elections(&run.timeline, &moment, run.end())).expect("records");
    let remembered = &run.timeline.now().elections;
    assert!(remembered.len() < 8, "none is forgotten");
    let messages: Vec<String> = remembered.iter().rev().map(|it| it.messages.to_string()).collect();
    assert_eq!(column(&records, "messages"), messages);
    assert_eq!(column(&records, "cause")[..2], ["election", "takeover"]);
    assert_eq!(column(&records, "leader")[..2], ["D", "C"]);
    let after_first = run.timeline.mark_after(ringleader_shared::timeline::Position(20)).expect("the first");
    let later = elections(&run.timeline, &run.timeline.at(after_first.position), run.end());
    assert_eq!(read(&later).expect("records").len(), records.len() - 1, "the first has begun before");
}
