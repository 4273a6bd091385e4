//! The runs that the server keeps: the archive's side of its API.

use std::time::Duration;

use ringleader_shared::RunId;
use ringleader_shared::api::{
    ArchiveStatus, ChangeRun, KeptElections, KeptEvents, KeptRun, KeptRuns, Problem,
};
use web_sys::Blob;

use super::{http, json, to_json};
use crate::address::encode;

/// The number of events in a page: it is decoded within a frame, and stored as one block.
const EVENTS: u64 = 1_000;

/// The number of runs in a page of the list.
const RUNS: usize = 50;

/// The number of elections that are asked for: a page has at most as many.
const ELECTIONS: usize = 1_000;

/// The time that an import may take.
const IMPORT_WITHIN: Duration = Duration::from_secs(120);

/// Whether runs are kept.
pub(crate) async fn archive() -> Result<ArchiveStatus, Problem> {
    http::read("api/v1/archive").await
}

fn list_path(search: &str, before: Option<u64>) -> String {
    let text = if search.trim().is_empty() { String::new() } else { format!("&text={}", encode(search)) };
    let before = before.map_or_else(String::new, |before| format!("&before={before}"));
    format!("api/v1/runs?limit={RUNS}{text}{before}")
}

/// A page of the runs with these words, the newest first; `before` is the `next` of the page before.
pub(crate) async fn list(search: &str, before: Option<u64>) -> Result<KeptRuns, Problem> {
    http::read(&list_path(search, before)).await
}

fn path(run: RunId) -> String {
    format!("api/v1/runs/{run}")
}

async fn answered(method: &str, path: String, body: Option<String>) -> Result<KeptRun, Problem> {
    let text = http::call(method, &path, body).await?;
    json::read(&text).map_err(|error| http::senseless(&path, &error))
}

/// A run, as lists show it.
pub(crate) async fn find(run: RunId) -> Result<KeptRun, Problem> {
    answered("GET", path(run), None).await
}

/// Gives a run a name, pins it or lets it go.
pub(crate) async fn change(run: RunId, change: ChangeRun) -> Result<KeptRun, Problem> {
    answered("PATCH", path(run), Some(to_json(&change))).await
}

/// Deletes a run. It can be restored for an hour.
pub(crate) async fn delete(run: RunId) -> Result<(), Problem> {
    http::call("DELETE", &path(run), None).await.map(drop)
}

/// Restores a deleted run.
pub(crate) async fn restore(run: RunId) -> Result<KeptRun, Problem> {
    answered("POST", format!("{}/restore", path(run)), None).await
}

/// The events of a run after the first `after`, oldest first.
pub(crate) async fn events(run: RunId, after: u64) -> Result<KeptEvents, Problem> {
    http::read(&format!("{}/events?after={after}&limit={EVENTS}", path(run))).await
}

/// The first elections of a run, oldest first.
pub(crate) async fn elections(run: RunId) -> Result<KeptElections, Problem> {
    http::read(&format!("{}/elections?limit={ELECTIONS}", path(run))).await
}

/// The address of an exported run.
pub(crate) fn export_path(run: RunId) -> String {
    format!("{}/export", path(run))
}

/// Imports an exported run.
pub(crate) async fn import(file: Blob) -> Result<KeptRun, Problem> {
    let body = http::Body { kind: "application/jsonl", content: file.into() };
    let text = http::send("POST", "api/v1/runs", Some(body), IMPORT_WITHIN).await?;
    json::read(&text).map_err(|error| http::senseless("api/v1/runs", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_part_of_the_address_and_no_search_is_not() {
        assert_eq!(list_path("  ", None), "api/v1/runs?limit=50");
        assert_eq!(list_path("bully & A", Some(7)), "api/v1/runs?limit=50&text=bully%20%26%20A&before=7");
    }
}
