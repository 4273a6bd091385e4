//! The cost of an election, with every count given in its parts.

use ringleader_shared::event::ElectionCause;
use ringleader_shared::view::ElectionView;
use ringleader_shared::{AlgorithmName, counted};
use ringleader_simulator::classic::{RingKind, properties};

use crate::reactive::rounded;
use crate::text::led;

/// The kind of election, as a heading.
pub(crate) fn heading(election: &ElectionView) -> &'static str {
    match election.cause {
        ElectionCause::Election => "Election",
        ElectionCause::Takeover => "Takeover",
        ElectionCause::NewDeputy => "New deputy",
    }
}

/// The result, or the state of one that runs.
pub(crate) fn outcome(election: &ElectionView) -> String {
    match (&election.leader, &election.deputy) {
        (Some(leader), deputy) => led(leader, deputy.as_ref(), election.members),
        (None, _) if election.superseded => "never ended: a later one took its place".to_owned(),
        (None, _) if election.took_us.is_some() => "no live member may lead".to_owned(),
        (None, _) => match election.cause {
            ElectionCause::Election if election.initiators > 1 => {
                format!("{} members asked: who is best?", election.initiators)
            }
            ElectionCause::Election => format!("{} asked: who is best?", election.initiator),
            ElectionCause::Takeover => format!("{} took over, looks for a deputy", election.initiator),
            ElectionCause::NewDeputy => format!("{} looks for a new deputy", election.initiator),
        },
    }
}

/// The messages of an election, compared with the theory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Whether their number equals that of the formula.
    pub(crate) exact: bool,
    /// The count in its parts.
    pub(crate) sum: String,
    /// The comparison of the count with the theory.
    pub(crate) comparison: Option<String>,
}

/// The account of an election that is over. `full_speed` is whether messages are sent without a delay.
pub(crate) fn account(election: &ElectionView, full_speed: bool) -> Option<Account> {
    election.took_us?;
    election.leader.as_ref()?;
    let (exact, sum, comparison) = match (election.algorithm, election.expected) {
        (AlgorithmName::MaxRing, Some(expected)) => {
            (election.messages == expected, against_formula(election, expected), None)
        }
        (AlgorithmName::MaxRing, None) if election.initiators > 1 => {
            let nodes = counted(election.initiators.into(), "node");
            (false, format!("{nodes} initiated: the formula is for one"), None)
        }
        (AlgorithmName::MaxRing, None) => {
            (false, "the ring changed meanwhile: the formula is for an undisturbed one".to_owned(), None)
        }
        (_, _) => (false, parts_of_classic(election), Some(against_bound(election))),
    };
    let overtaken = (full_speed && election.initiators > 1 && election.cause == ElectionCause::Election)
        .then(|| OVERTAKEN.to_owned());
    let notes: Vec<String> = comparison.into_iter().chain(overtaken).collect();
    Some(Account { exact, sum, comparison: (!notes.is_empty()).then(|| notes.join(" ")) })
}

/// The reason why several initiators at full speed cost less than simultaneous ones in theory.
const OVERTAKEN: &str = "At full speed the initiators do not start at the same instant: a message can reach a node before it \
                         initiates, and the count is lower than for a simultaneous start. Slow the pace down to compare.";

/// The formula of an election with one initiator, a takeover or a search for a deputy, and the difference to
/// it.
fn against_formula(election: &ElectionView, expected: u32) -> String {
    let n = election.members;
    let leader = election.leader.as_ref().unwrap_or(&election.initiator);
    let formula = match election.cause {
        _ if expected == 0 => "a ring of one sends no message".to_owned(),
        ElectionCause::Takeover | ElectionCause::NewDeputy => match expected.checked_sub(n) {
            Some(0) => format!("{n} to look for a deputy, of whom there is none = {expected}"),
            _ => format!("{n} to find a deputy + {n} to announce = {expected}"),
        },
        ElectionCause::Election => match expected.saturating_sub(2 * n) {
            0 => format!("{n} home + {n} to announce = {expected}"),
            distance => format!("{distance} to reach {leader} + {n} home + {n} to announce = {expected}"),
        },
    };
    match (election.messages, expected) {
        (sent, expected) if sent > expected => {
            format!("{formula}; {} more, sent again for repairs", sent - expected)
        }
        (sent, expected) if sent < expected => format!("{formula}; {} fewer", expected - sent),
        _ => formula,
    }
}

/// The messages of a classic election: those of its paper, and those that Ringleader adds.
fn parts_of_classic(election: &ElectionView) -> String {
    let properties = properties(election.algorithm);
    let added = election.messages.saturating_sub(election.election_messages);
    let what = match (properties.ring_kind, properties.knows_size) {
        (RingKind::Complete, _) => "the lap that confirms it and the result",
        (_, true) => "the roll call, the result and the deputy",
        (_, false) => "the result and the deputy",
    };
    format!(
        "{} of {} + {added} for {what} = {}",
        election.election_messages, properties.name, election.messages
    )
}

/// The bound of the paper for this number of members, and the lower bound for all such algorithms.
fn against_bound(election: &ElectionView) -> String {
    let properties = properties(election.algorithm);
    let n = election.members;
    let bound = tenths(properties.bound.when_all_start(f64::from(n)));
    let mut text = if properties.bound.worst_case {
        format!("{} alone takes at most {bound} for n = {n} ({}).", properties.name, properties.bound.formula)
    } else {
        format!(
            "{} alone takes {bound} for n = {n} on average over many elections in which all initiate ({}); this is one.",
            properties.name, properties.bound.formula
        )
    };
    if !properties.labels {
        text.push_str(" Its members are anonymous: the numbers that they draw decide, not their attributes.");
    }
    if let Some((least, source)) = properties.lower_bound(n) {
        text.push_str(&format!(
            " The mean of no such algorithm is below about {} for large n ({source}); one election of {n} may be.",
            tenths(least)
        ));
    }
    text
}

/// A number with at most one decimal; without the code that formats floating point.
fn tenths(number: f64) -> String {
    let tenths = rounded(10.0 * number);
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::choice::Start;
    use crate::sandbox::player::Player;
    use crate::sandbox::run::Run;
    use crate::sandbox::settings::Settings;
    use crate::sandbox::speed::Speed;
    use std::time::Duration;

    /// The latest election of a ring that was played to its end.
    fn played(settings: &Settings) -> ElectionView {
        let mut player = Player::afresh(settings);
        while player.advance(Duration::from_secs(1), Speed::default(), &|| false) {}
        player.view().elections.front().expect("an election").clone()
    }

    fn classic(algorithm: AlgorithmName) -> ElectionView {
        let mut settings = Settings { start: Start::All, ..Settings::default() };
        settings.ring.algorithm = algorithm;
        played(&settings)
    }

    #[test]
    fn the_count_is_spelt_with_its_numbers_and_adds_up() {
        let election = played(&Settings { start: Start::One, ..Settings::default() });
        let account = account(&election, false).expect("it is over");
        assert_eq!(account.sum, "3 to reach D + 4 home + 4 to announce = 11");
        assert!(account.exact && account.comparison.is_none());
    }

    #[test]
    fn more_messages_than_the_formula_are_distinguished_from_it() {
        let election = played(&Settings { start: Start::One, ..Settings::default() });
        let mut more = election;
        more.messages = 12;
        let said = account(&more, false).expect("it is over");
        assert_eq!(said.sum, "3 to reach D + 4 home + 4 to announce = 11; 1 more, sent again for repairs");
        assert!(!said.exact);
    }

    #[test]
    fn each_classic_count_adds_up_and_a_mean_is_not_taken_for_a_bound() {
        for algorithm in AlgorithmName::ALL.into_iter().filter(|name| *name != AlgorithmName::MaxRing) {
            let election = classic(algorithm);
            let account = account(&election, false).expect("it is over");
            let numbers: Vec<u32> = account.sum.split(' ').filter_map(|word| word.parse().ok()).collect();
            assert_eq!(
                numbers,
                [
                    election.election_messages,
                    election.messages - election.election_messages,
                    election.messages
                ]
            );
            let comparison = account.comparison.expect("a bound");
            let is_mean =
                comparison.contains("on average over many elections") && comparison.contains("this is one");
            assert_eq!(is_mean, !properties(algorithm).bound.worst_case, "{comparison}");
            assert!(!comparison.contains("on average on average"), "{comparison}");
        }
    }

    #[test]
    fn anonymous_members_are_said_to_be_decided_by_the_numbers_they_draw() {
        let said = account(&classic(AlgorithmName::ItaiRodeh), false).and_then(|account| account.comparison);
        assert!(said.expect("a bound").contains("the numbers that they draw decide"));
    }

    #[test]
    fn at_full_speed_all_at_once_is_said_not_to_be_at_once() {
        let mut election = classic(AlgorithmName::ChangRoberts);
        election.initiators = 4;
        let said = |full_speed| account(&election, full_speed).and_then(|account| account.comparison);
        assert!(said(true).expect("a note").contains("At full speed"));
        assert!(!said(false).expect("a bound").contains("At full speed"));
    }
}
