//! Kept runs: the archive's side of the API.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json};
use futures_util::stream;
use ringleader_shared::api::{ArchiveStatus, ChangeRun};
use ringleader_shared::{AlgorithmName, RunId};
use serde::Deserialize;
use tokio::time::timeout;

use super::body::{NoBody, RequiredBody, check_coding};
use super::{Answer, App, DEFAULT_EVENTS, MAX_EVENTS, bad_query};
use crate::archive::{self, Archive, Error, Export, RunFilter};
use crate::problem::Refusal;

/// The number of runs or elections in a page, unless the request asks for fewer or more.
const DEFAULT_ROWS: usize = 100;

/// The most runs or elections in a page.
const MAX_ROWS: usize = 1_000;

/// The largest run that is imported by a request, in bytes. The command line has no such limit.
const MAX_IMPORT: usize = 64 * 1024 * 1024;

/// The time within which a client must send the run.
const IMPORT_WITHIN: Duration = Duration::from_secs(60);

/// The content types of JSON Lines.
const JSON_LINES: [&str; 2] = ["application/jsonl", "application/x-ndjson"];

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NoSuchRun(_) | Error::Ambiguous(_) | Error::Empty { .. } => StatusCode::NOT_FOUND,
            Error::StillRunning(_) | Error::NotDeleted(_) | Error::Deleted(_) | Error::IsThere(_) => {
                StatusCode::CONFLICT
            }
            Error::Import { .. } | Error::LongName(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Off
            | Error::Unusable(_)
            | Error::NoDirectory
            | Error::NotWritable { .. }
            | Error::Newer { .. }
            | Error::Foreign { .. }
            | Error::Damaged { .. }
            | Error::Full { .. }
            | Error::Busy { .. }
            | Error::Other { .. }
            | Error::Read(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        match error {
            Error::Import { .. } => Self::new(status, "this is no exported run").because(error.to_string()),
            error if status == StatusCode::SERVICE_UNAVAILABLE => {
                Self::new(status, "kept runs are not at hand").because(error.to_string())
            }
            error => Self::new(status, error.to_string()),
        }
    }
}

/// The run in an address.
type RunPath = Result<Path<RunId>, PathRejection>;

fn run_of(path: RunPath) -> Result<RunId, Refusal> {
    path.map(|Path(run)| run).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "the run's id can't be read: it is a UUID")
            .because(error.body_text())
    })
}

fn bounded(limit: Option<usize>, default: usize, most: usize) -> Result<usize, Refusal> {
    match limit.unwrap_or(default) {
        limit if limit == 0 || limit > most => {
            Err(Refusal::new(StatusCode::BAD_REQUEST, format!("limit is 1 to {most}")))
        }
        limit => Ok(limit),
    }
}

/// Refuses a number that not every JSON reader keeps exact. No run has so many events.
fn exact(name: &str, number: u64) -> Result<u64, Refusal> {
    const MOST: u64 = (1 << 53) - 1;
    if number > MOST {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, format!("{name} is at most {MOST}")));
    }
    Ok(number)
}

pub(super) async fn status(State(app): State<Arc<App>>) -> Json<ArchiveStatus> {
    Json(app.archive.status())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    text: Option<String>,
    algorithm: Option<AlgorithmName>,
    pinned: Option<bool>,
    #[serde(default)]
    deleted: bool,
    before: Option<u64>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| bad_query(&error))?;
    let limit = bounded(query.limit, DEFAULT_ROWS, MAX_ROWS)?;
    let before = query.before.map(|before| exact("before", before)).transpose()?;
    let ListQuery { text, algorithm, pinned, deleted, .. } = query;
    let filter = RunFilter { text, algorithm, pinned, deleted, before };
    let list = app
        .archive
        .ask(move |connection, directory| archive::list(connection, directory, &filter, limit))
        .await?;
    Ok(Json(list).into_response())
}

pub(super) async fn show(State(app): State<Arc<App>>, run: RunPath) -> Answer {
    let run = run_of(run)?.to_string();
    let found =
        app.archive.ask(move |connection, directory| archive::find(connection, directory, &run)).await?;
    Ok(Json(found).into_response())
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    run: RunPath,
    RequiredBody(change): RequiredBody<ChangeRun>,
) -> Answer {
    let run = run_of(run)?;
    if change == ChangeRun::default() {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing to change")
            .because("give name or pinned, or both"));
    }
    let changed = app
        .archive
        .ask(move |connection, directory| archive::change(connection, directory, run, &change))
        .await?;
    Ok(Json(changed).into_response())
}

pub(super) async fn delete(State(app): State<Arc<App>>, run: RunPath, _: NoBody) -> Answer {
    let run = run_of(run)?;
    app.archive.ask(move |connection, directory| archive::delete(connection, directory, run)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn restore(State(app): State<Arc<App>>, run: RunPath, _: NoBody) -> Answer {
    let run = run_of(run)?;
    let restored =
        app.archive.ask(move |connection, directory| archive::restore(connection, directory, run)).await?;
    Ok(Json(restored).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

type PageParameters = Result<Query<PageQuery>, QueryRejection>;

pub(super) async fn elections(State(app): State<Arc<App>>, run: RunPath, query: PageParameters) -> Answer {
    let Query(query) = query.map_err(|error| bad_query(&error))?;
    let (run, limit) = (run_of(run)?.to_string(), bounded(query.limit, DEFAULT_ROWS, MAX_ROWS)?);
    let after = exact("after", query.after)?;
    let found = app.archive.ask(move |connection, directory| {
        let run = archive::find(connection, directory, &run)?;
        archive::elections(connection, directory, &run, after, limit)
    });
    Ok(Json(found.await?).into_response())
}

/// Answers with [`ringleader_shared::api::KeptEvents`]; the events' texts are as they were stored.
pub(super) async fn events(State(app): State<Arc<App>>, run: RunPath, query: PageParameters) -> Answer {
    let Query(query) = query.map_err(|error| bad_query(&error))?;
    let (run, limit) = (run_of(run)?.to_string(), bounded(query.limit, DEFAULT_EVENTS, MAX_EVENTS)?);
    let after = exact("after", query.after)?;
    let page = app.archive.ask(move |connection, directory| {
        let run = archive::find(connection, directory, &run)?;
        let after = after.min(run.events);
        // Events may have been written since the run was looked up.
        let limit = limit.min(usize::try_from(run.events - after).unwrap_or(usize::MAX));
        let texts = archive::events(connection, directory, &run, after, limit)?;
        let next = after + texts.len() as u64;
        // A gap belongs to the event after it; one at the end of the run to the last page.
        let last = if next == run.events { next } else { next.saturating_sub(1) };
        let gaps = archive::gaps(connection, directory, &run, after, last)?;
        let gaps = serde_json::to_string(&gaps).unwrap_or_default();
        let head = format!("{{\"next\":{next},\"total\":{},\"gaps\":{gaps},\"events\":[", run.events);
        let events = texts.join(&b',');
        Ok([head.as_bytes(), events.as_slice(), b"]}"].concat())
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::from(page.await?)).into_response())
}

pub(super) async fn export(State(app): State<Arc<App>>, run: RunPath) -> Answer {
    let run = run_of(run)?.to_string();
    let export =
        app.archive.ask(move |connection, directory| Export::begin(connection, directory, &run)).await?;
    let name = format!("attachment; filename=\"ringleader-{}.jsonl\"", export.run().run);
    let lines = stream::unfold(Some((app.archive.clone(), export)), |stage| async move {
        let (archive, export) = stage?;
        match next_lines(&archive, export).await {
            Ok((Some(lines), export)) => Some((Ok(lines), Some((archive, export)))),
            Ok((None, _)) => None,
            // The connection is cut, so that nobody takes a part for the whole.
            Err(error) => Some((Err(error), None)),
        }
    });
    // The compressor may poll once more after the end.
    let body = Body::from_stream(futures_util::StreamExt::fuse(lines));
    let disposition = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("application/jsonl");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], body).into_response())
}

async fn next_lines(archive: &Archive, mut export: Export) -> Result<(Option<Vec<u8>>, Export), Error> {
    let next = move |connection: &mut _, directory: &_| Ok((export.next(connection, directory)?, export));
    archive.ask(next).await
}

pub(super) async fn import(State(app): State<Arc<App>>, request: Request) -> Answer {
    check_coding(request.headers())?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !JSON_LINES.iter().any(|it| essence.eq_ignore_ascii_case(it)) {
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send an exported run as it is");
        return Err(refusal.because(format!("with Content-Type: {}", JSON_LINES[0])));
    }
    let Some(_turn) = app.archive.import_turn() else {
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "another run is being imported")
            .because("try again when that is done"));
    };
    let body = timeout(IMPORT_WITHIN, to_bytes(request.into_body(), MAX_IMPORT)).await;
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let body = body.map_err(late)?.map_err(|_| {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a run has at most {MAX_IMPORT} bytes here"))
            .because("`ringleader history import` takes larger ones")
    })?;
    let imported = app
        .archive
        .ask(move |connection, directory| archive::import(connection, directory, &mut Cursor::new(body)))
        .await?;
    Ok((StatusCode::CREATED, Json(imported)).into_response())
}
