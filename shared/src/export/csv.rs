//! The elections as comma-separated values (RFC 4180), for a spreadsheet.

use std::fmt::Write;

use super::stretch;
use crate::causality::Events;
use crate::event::{ElectionCause, EventKind};
use crate::id::{NodeName, RunId, Term};
use crate::timeline::{Moment, Position};
use crate::view::{ElectionView, RingView};

const HEAD: &str = "run,term,cause,algorithm,initiator,initiators,members,leader,deputy,messages,\
                    election_messages,hops,expected_messages,started_us,took_us,superseded";

/// The elections, takeovers and deputy searches that begin after a moment, up to a position, one a line. One
/// that is complete has its leader; one that was superseded or still runs has none.
#[must_use]
pub fn elections<E: Events + ?Sized>(events: &E, moment: &Moment, to: Position) -> String {
    let mut view = moment.view().clone();
    // What has begun before is not of the stretch.
    let former: Vec<(Term, u64)> = view.elections.iter().map(key).collect();
    let mut found: Vec<(RunId, ElectionView)> = Vec::new();
    for (_, event) in stretch(events, moment.position(), to) {
        // A view remembers the last few. It forgets one when another begins, and all when a run does.
        let may_forget = match &event.kind {
            EventKind::RunStarted { .. } => true,
            EventKind::Sent { message, .. } => {
                let is_over = |newest: &ElectionView| newest.took_us.is_some() || newest.term != message.term;
                view.elections.front().is_some_and(is_over)
            }
            _ => false,
        };
        if may_forget {
            collect(&view, &former, &mut found);
        }
        view.apply(event);
    }
    collect(&view, &former, &mut found);
    let mut text = format!("{HEAD}\r\n");
    for (run, election) in &found {
        row(run, election, &mut text);
    }
    text
}

fn key(election: &ElectionView) -> (Term, u64) {
    (election.term, election.started_us)
}

/// Takes over what the view knows of each election now.
fn collect(view: &RingView, former: &[(Term, u64)], found: &mut Vec<(RunId, ElectionView)>) {
    for election in view.elections.iter().rev().filter(|election| !former.contains(&key(election))) {
        let is_it =
            |(run, known): &&mut (RunId, ElectionView)| *run == view.run && key(known) == key(election);
        match found.iter_mut().rev().take(2 * view.elections.len()).find(is_it) {
            Some((_, known)) if known == election => {}
            Some((_, known)) => known.clone_from(election),
            None => found.push((view.run, election.clone())),
        }
    }
}

fn row(run: &RunId, election: &ElectionView, text: &mut String) {
    let cause = match election.cause {
        ElectionCause::Election => "election",
        ElectionCause::Takeover => "takeover",
        ElectionCause::NewDeputy => "new deputy",
    };
    let name = |name: &Option<NodeName>| name.as_ref().map(ToString::to_string).unwrap_or_default();
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let cells = [
        run.to_string(),
        election.term.to_string(),
        cause.to_owned(),
        election.algorithm.to_string(),
        election.initiator.to_string(),
        election.initiators.to_string(),
        election.members.to_string(),
        name(&election.leader),
        name(&election.deputy),
        election.messages.to_string(),
        election.election_messages.to_string(),
        election.hops.to_string(),
        number(election.expected.map(u64::from)),
        election.started_us.to_string(),
        number(election.took_us),
        election.superseded.to_string(),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    // Writing to a String can't fail.
    let _ = write!(text, "{}\r\n", cells.join(","));
}

/// A field, in quotes where it must be. A name can't begin with what a spreadsheet takes for a formula but
/// `-`, which is quoted with an apostrophe as spreadsheets do.
fn quoted(cell: &str) -> String {
    let cell = if cell.starts_with('-') { format!("'{cell}") } else { cell.to_owned() };
    if !cell.contains([',', '"', '\r', '\n']) {
        return cell;
    }
    format!("\"{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_a_comma_or_a_quote_is_quoted() {
        let fields = ["A", "a,b", "say \"x\"", "-1+2"].map(quoted);
        assert_eq!(fields, ["A", "\"a,b\"", "\"say \"\"x\"\"\"", "'-1+2"]);
    }
}
