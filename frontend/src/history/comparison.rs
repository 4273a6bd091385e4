//! The comparison of two runs, as rows of a table.

use ringleader_shared::api::KeptRun;
use ringleader_shared::counted;
use ringleader_shared::event::ElectionCause;
use ringleader_shared::view::ElectionView;

use super::sentences;
use crate::text::duration;

/// The most elections that are shown one by one.
pub(super) const MOST: usize = 50;

/// One of the runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Side {
    /// The run.
    pub(super) run: KeptRun,
    /// Its elections, takeovers and searches, oldest first.
    pub(super) elections: Vec<ElectionView>,
}

/// A row: its label, and the value of each run.
pub(super) type Row = (String, [String; 2]);

fn nothing() -> String {
    "–".to_owned()
}

/// The median of some numbers: of two in the middle, the lower one.
fn median(numbers: impl Iterator<Item = u64>) -> Option<u64> {
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    numbers.get(numbers.len().checked_sub(1)? / 2).copied()
}

impl Side {
    fn of(&self, cause: ElectionCause) -> impl Iterator<Item = &ElectionView> {
        self.elections.iter().filter(move |election| election.cause == cause)
    }

    fn messages(&self, cause: ElectionCause) -> impl Iterator<Item = u64> {
        self.of(cause).map(|election| u64::from(election.messages))
    }

    fn times(&self, cause: ElectionCause) -> impl Iterator<Item = u64> {
        self.of(cause).filter_map(|election| election.took_us)
    }
}

/// The runs as a whole.
pub(super) fn summary(sides: &[Side; 2]) -> Vec<Row> {
    use ElectionCause::{Election, Takeover};
    let number = |value: Option<u64>| value.map_or_else(nothing, sentences::number);
    let time = |value: Option<u64>| value.map_or_else(nothing, duration);
    let row = |label: &str, value: &dyn Fn(&Side) -> String| -> Row {
        let [one, other] = sides;
        (label.to_owned(), [value(one), value(other)])
    };
    vec![
        row("Members", &|side| sentences::names(&side.run.members)),
        row("Algorithm", &|side| side.run.settings.algorithm.key().to_owned()),
        row("Safety", &|side| side.run.settings.safety.to_string()),
        row("Time per hop", &|side| match side.run.settings.hop_delay_ms {
            0 => "full speed".to_owned(),
            delay => format!("{delay} ms"),
        }),
        row("Length", &|side| sentences::length(&side.run)),
        row("Elections", &|side| sentences::number(side.run.elections)),
        row("Messages of an election, median", &|side| number(median(side.messages(Election)))),
        row("Messages of an election, most", &|side| number(side.messages(Election).max())),
        row("Time of an election, median", &|side| time(median(side.times(Election)))),
        row("Time of an election, longest", &|side| time(side.times(Election).max())),
        row("Takeovers by the deputy", &|side| sentences::number(side.run.takeovers)),
        row("Messages of a takeover, median", &|side| number(median(side.messages(Takeover)))),
        row("Time of a takeover, median", &|side| time(median(side.times(Takeover)))),
        row("Longest time without a leader", &|side| sentences::worst(&side.run)),
        row("Faults", &|side| sentences::number(side.run.faults)),
        row("Deaths", &|side| sentences::number(side.run.deaths)),
        row("Split brain", &|side| if side.run.split_brain { "yes" } else { "no" }.to_owned()),
        row("Outcome", &|side| sentences::outcome(&side.run)),
        row("Events", &|side| sentences::events(&side.run)),
    ]
}

fn describe(election: &ElectionView) -> String {
    let what = match (election.cause, &election.leader) {
        (ElectionCause::Election, Some(leader)) => format!("{leader} elected"),
        (ElectionCause::Election, None) => "election without a result".to_owned(),
        (ElectionCause::Takeover, Some(leader)) => format!("{leader} took over"),
        (ElectionCause::Takeover, None) => "takeover without a result".to_owned(),
        (ElectionCause::NewDeputy, _) => match &election.deputy {
            Some(deputy) => format!("{deputy} became deputy"),
            None => "no deputy found".to_owned(),
        },
    };
    let took = election.took_us.map_or_else(String::new, |took| format!(", {}", duration(took)));
    format!("{what}, term {}: {}{took}", election.term, counted(election.messages.into(), "message"))
}

/// The elections, takeovers and searches, the first of one beside the first of the other.
pub(super) fn elections([one, other]: &[Side; 2]) -> Vec<Row> {
    let most = one.elections.len().max(other.elections.len()).min(MOST);
    let cell = |side: &Side, place: usize| side.elections.get(place).map(describe).unwrap_or_default();
    (0..most).map(|place| ((place + 1).to_string(), [cell(one, place), cell(other, place)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::sentences::tests::run;
    use serde_json::json;

    fn election(cause: &str, term: u64, messages: u32, took_us: u64) -> ElectionView {
        serde_json::from_value(json!({
            "term": term, "cause": cause, "algorithm": "max-ring", "initiator": "A", "initiators": 1,
            "members": 4, "leader": "D", "deputy": "C", "messages": messages, "election_messages": messages,
            "upkeep": 0, "hops": messages, "expected": null, "started_us": 0, "took_us": took_us,
            "superseded": false, "ring": ["A", "B", "C", "D"]
        }))
        .expect("an election")
    }

    fn sides() -> [Side; 2] {
        let elections = vec![
            election("election", 1, 11, 2_000),
            election("takeover", 2, 3, 500),
            election("election", 3, 13, 4_000),
            election("election", 4, 12, 3_000),
        ];
        [
            Side { run: run(json!({})), elections },
            Side {
                run: run(json!({ "algorithm": "bully", "worst_leaderless_us": null })),
                elections: Vec::new(),
            },
        ]
    }

    #[test]
    fn medians_are_of_elections_and_of_takeovers_apart() {
        let rows = summary(&sides());
        let of = |label: &str| rows.iter().find(|(it, _)| it == label).map(|(_, values)| values.clone());
        let row = |one: &str, other: &str| Some([one.to_owned(), other.to_owned()]);
        assert_eq!(of("Messages of an election, median"), row("12", "–"));
        assert_eq!(of("Messages of an election, most"), row("13", "–"));
        assert_eq!(of("Time of an election, median"), row("3.00 ms", "–"));
        assert_eq!(of("Messages of a takeover, median"), row("3", "–"));
        assert_eq!(of("Algorithm"), row("max-ring", "bully"));
        assert_eq!(of("Longest time without a leader"), row("2.30 ms", "–"));
    }

    #[test]
    fn a_median_is_in_the_middle_and_of_nothing_there_is_none() {
        assert_eq!(median([5, 1, 3].into_iter()), Some(3));
        assert_eq!(median([4, 1, 3, 2].into_iter()), Some(2));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn elections_stand_beside_each_other_in_their_order() {
        let rows = elections(&sides());
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[0].1, ["D elected, term 1: 11 messages, 2.00 ms".to_owned(), String::new()]);
        assert_eq!(rows[1].1[0], "D took over, term 2: 3 messages, 500 µs");
        let [one, _] = sides();
        let many = Side { elections: vec![election("election", 1, 11, 1); 60], ..one };
        assert_eq!(elections(&[many.clone(), many]).len(), MOST);
    }
}
