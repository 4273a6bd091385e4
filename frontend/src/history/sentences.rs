//! Kept runs in words.

use ringleader_shared::api::{ArchiveState, ArchiveStatus, KeptRun, RunEnd};
use ringleader_shared::{NodeName, counted};

use crate::text::duration;

/// The members that are named one by one; of more, the first and the last.
const NAMED: usize = 4;

/// A moment as year, month, day, hour, minute and second.
pub(super) fn date([year, month, day, hour, minute, second]: [u32; 6]) -> String {
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The moment at which a run began, in the reader's time.
pub(super) fn started(run: &KeptRun) -> String {
    #[expect(clippy::cast_precision_loss, reason = "exact for longer than there are computers")]
    let date_of = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(run.started_ms as f64));
    date([
        date_of.get_full_year(),
        date_of.get_month() + 1,
        date_of.get_date(),
        date_of.get_hours(),
        date_of.get_minutes(),
        date_of.get_seconds(),
    ])
}

/// The ring of a run.
pub(super) fn ring(run: &KeptRun) -> String {
    let settings = &run.settings;
    let members = match run.members.as_slice() {
        [first, .., last] if run.members.len() > NAMED => format!(" {first} to {last}"),
        members => members.iter().map(|name| format!(" {name}")).collect(),
    };
    let pace = match settings.hop_delay_ms {
        0 => "full speed".to_owned(),
        delay => format!("{delay} ms per hop"),
    };
    format!(
        "{}{members} · {} · {} · {pace}",
        counted(run.members.len() as u64, "node"),
        settings.algorithm.key(),
        settings.safety,
    )
}

/// The leader in the end.
pub(super) fn outcome(run: &KeptRun) -> String {
    let (leads, is) = if run.end == RunEnd::Running { ("leads", "is") } else { ("led in the end", "was") };
    match (&run.leader, &run.deputy) {
        (Some(leader), deputy) => {
            let deputy = deputy.as_ref().map_or_else(String::new, |deputy| format!(", {deputy} {is} deputy"));
            format!("{leader} {leads}, term {}{deputy}", run.term)
        }
        (None, _) if run.term.0 == 0 => "no election was held".to_owned(),
        (None, _) => format!("no leader that all followed in the end, term {}", run.term),
    }
}

/// The name of a run, or a word for one without a name.
pub(super) fn title(run: &KeptRun) -> String {
    run.name.clone().unwrap_or_else(|| format!("Run {:.8}", run.run.to_string()))
}

/// The length of a run, and its end.
pub(super) fn length(run: &KeptRun) -> String {
    let end = match run.end {
        RunEnd::Running => "so far",
        RunEnd::Reset => "until a reset",
        RunEnd::Stopped => "until its server was stopped",
        RunEnd::Lost => "until its server was lost",
    };
    format!("{} {end}", duration(run.lasted_us))
}

/// The words that stand beside a run in the list, each with an explanation.
pub(super) fn badges(run: &KeptRun) -> Vec<(&'static str, &'static str)> {
    let mut badges = Vec::new();
    match run.end {
        RunEnd::Running => badges.push(("running", "A server writes this run now")),
        RunEnd::Lost => badges.push((
            "lost",
            "Its server was killed, or could not write any more: up to 50 ms of the end may be missing",
        )),
        RunEnd::Reset | RunEnd::Stopped => {}
    }
    if run.pinned {
        badges.push(("pinned", "It stays, whatever its age and the archive's size"));
    }
    if run.imported {
        badges.push(("imported", "It was imported from a file"));
    }
    if run.split_brain {
        badges.push(("split brain", "Live members followed different leaders for 100 ms or longer"));
    }
    if run.lost_events > 0 {
        badges.push(("gaps", "The disk did not take all of its events in time"));
    }
    badges
}

/// The longest time without a leader.
pub(super) fn worst(run: &KeptRun) -> String {
    run.worst_leaderless_us.map_or_else(|| "–".to_owned(), duration)
}

/// The number of events, with those that are missing.
pub(super) fn events(run: &KeptRun) -> String {
    let lost = match run.lost_events {
        0 => String::new(),
        lost => format!(", {} missing", number(lost)),
    };
    format!("{}{lost}", number(run.events))
}

/// A number with a comma between each three digits.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The progress of the reading of a run.
pub(super) fn reading(read: u64, total: u64) -> String {
    format!("{} of {} events were read", number(read), number(total))
}

/// The note that only the newest events of a run are at hand; `None` when all are.
pub(super) fn truncated(at_hand: u64, total: u64) -> Option<String> {
    // The event that a run begins with has no moment of its own.
    (at_hand + 1 < total)
        .then(|| format!("Only the newest {} of {} events are at hand", number(at_hand), number(total)))
}

/// The number of runs in a list.
pub(super) fn count(runs: usize, has_more: bool, search: &str) -> String {
    let these = if search.trim().is_empty() { "" } else { " with these words" };
    match (runs, has_more) {
        (0, _) => format!("no runs{these}"),
        (_, true) => format!("the newest {}{these}", counted(runs as u64, "run")),
        (_, false) => format!("{}{these}", counted(runs as u64, "run")),
    }
}

/// A size in bytes.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => counted(bytes, "byte"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{} MB", number(bytes / 1_000_000)),
    }
}

/// The state of the archive as a notice: whether it is bad news, and the text. `None` when all is well.
pub(super) fn archive(status: &ArchiveStatus) -> Option<(bool, String)> {
    let notice = status.notice.clone();
    match status.state {
        ArchiveState::Keeping => notice.map(|notice| (false, notice)),
        ArchiveState::Off => Some((
            false,
            notice
                .unwrap_or_else(|| "Runs are not kept: the server was started with --no-history.".to_owned()),
        )),
        ArchiveState::Failing | ArchiveState::Unusable => {
            Some((true, format!("Runs are not kept at the moment. {}", notice.unwrap_or_default())))
        }
    }
}

/// The limits of the archive.
pub(super) fn limits(status: &ArchiveStatus) -> String {
    const DAY: u64 = 24 * 3600;
    let age = match status.most_age_s {
        age if age.is_multiple_of(DAY) => counted(age / DAY, "day"),
        age => duration(age.saturating_mul(1_000_000)),
    };
    format!(
        "{} of {} are used. The oldest runs go first, and those older than {age}; pinned ones stay.",
        size(status.bytes),
        size(status.most_bytes)
    )
}

/// The names of the members, for a table.
pub(super) fn names(members: &[NodeName]) -> String {
    members.iter().map(NodeName::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A run with these fields in place of the usual ones.
    pub(in crate::history) fn run(fields: Value) -> KeptRun {
        let mut run = json!({
            "run": "9b839034-164d-4ff9-84ae-bf08e24ad801", "number": 3, "name": null, "pinned": false,
            "started_ms": 1_764_320_400_000_u64, "lasted_us": 61_500_000, "end": "stopped", "imported": false,
            "deleted_ms": null, "members": ["A", "B", "C", "D"], "hop_delay_ms": 0, "safety": "available",
            "succession": "deputy", "algorithm": "max-ring", "events": 1_234_567, "lost_events": 0,
            "elections": 2, "takeovers": 1, "faults": 0, "deaths": 1, "worst_leaderless_us": 2_300,
            "split_brain": false, "term": 3, "leader": "C", "deputy": "B", "bytes": 24_000
        });
        for (name, value) in fields.as_object().expect("an object") {
            run[name] = value.clone();
        }
        serde_json::from_value(run).expect("a run")
    }

    #[test]
    fn a_ring_is_described_by_members_algorithm_safety_and_pace() {
        assert_eq!(ring(&run(json!({}))), "4 nodes A B C D · max-ring · available · full speed");
        let large = json!({ "members": ["A", "B", "C", "D", "E"], "hop_delay_ms": 400, "safety": "quorum" });
        assert_eq!(ring(&run(large)), "5 nodes A to E · max-ring · quorum · 400 ms per hop");
    }

    #[test]
    fn an_outcome_names_the_leader_in_the_end_or_says_that_there_was_none() {
        assert_eq!(outcome(&run(json!({}))), "C led in the end, term 3, B was deputy");
        assert_eq!(outcome(&run(json!({ "end": "running" }))), "C leads, term 3, B is deputy");
        let none = json!({ "leader": null, "deputy": null });
        assert_eq!(outcome(&run(none)), "no leader that all followed in the end, term 3");
        let never = json!({ "leader": null, "deputy": null, "term": 0 });
        assert_eq!(outcome(&run(never)), "no election was held");
    }

    #[test]
    fn a_run_that_was_lost_pinned_imported_split_or_has_gaps_says_so() {
        let words = |fields| badges(&run(fields)).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
        assert!(words(json!({})).is_empty());
        assert_eq!(words(json!({ "end": "running" })), ["running"]);
        let all =
            json!({ "end": "lost", "pinned": true, "imported": true, "split_brain": true, "lost_events": 3 });
        assert_eq!(words(all), ["lost", "pinned", "imported", "split brain", "gaps"]);
    }

    #[test]
    fn lengths_numbers_dates_and_sizes_are_readable() {
        assert_eq!(length(&run(json!({}))), format!("{} until its server was stopped", duration(61_500_000)));
        assert_eq!(events(&run(json!({ "lost_events": 1_000 }))), "1,234,567, 1,000 missing");
        assert_eq!(
            (number(0).as_str(), number(999).as_str(), number(200_000).as_str()),
            ("0", "999", "200,000")
        );
        assert_eq!(date([2026, 3, 7, 9, 5, 0]), "2026-03-07 09:05:00");
        assert_eq!([1, 2_500, 1_250_000, 512_000_000].map(size), ["1 byte", "2 kB", "1.2 MB", "512 MB"]);
        assert_eq!(title(&run(json!({}))), "Run 9b839034");
        assert_eq!(title(&run(json!({ "name": "two leaders" }))), "two leaders");
    }

    #[test]
    fn it_says_how_many_of_how_many_events_are_at_hand_unless_all_are() {
        assert_eq!(truncated(99, 100), None);
        let text = truncated(200_000, 1_234_567);
        assert_eq!(text.as_deref(), Some("Only the newest 200,000 of 1,234,567 events are at hand"));
        assert_eq!(reading(3_000, 12_000), "3,000 of 12,000 events were read");
    }

    #[test]
    fn a_list_says_how_many_runs_it_has() {
        assert_eq!(count(0, false, ""), "no runs");
        assert_eq!(count(0, false, "bully"), "no runs with these words");
        assert_eq!(
            (count(1, false, " "), count(50, true, "")),
            ("1 run".to_owned(), "the newest 50 runs".to_owned())
        );
    }

    #[test]
    fn an_archive_in_trouble_says_so_with_the_servers_reason() {
        let status = |state: &str, notice: Value| -> ArchiveStatus {
            serde_json::from_value(json!({
                "state": state, "notice": notice, "run": null, "bytes": 12_000_000,
                "most_bytes": 512_000_000, "most_age_s": 30 * 24 * 3600
            }))
            .expect("a status")
        };
        assert_eq!(archive(&status("keeping", Value::Null)), None);
        assert_eq!(archive(&status("keeping", json!("Shared."))), Some((false, "Shared.".to_owned())));
        assert!(archive(&status("off", Value::Null)).is_some_and(|(_, text)| text.contains("--no-history")));
        let full = archive(&status("failing", json!("The disk is full.")));
        assert_eq!(full, Some((true, "Runs are not kept at the moment. The disk is full.".to_owned())));
        let words = "12 MB of 512 MB are used. The oldest runs go first, and those older than 30 days; pinned ones stay.";
        assert_eq!(limits(&status("keeping", Value::Null)), words);
    }
}
