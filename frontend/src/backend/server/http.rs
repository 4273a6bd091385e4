//! Calls of the server's HTTP API. All addresses are relative to the page's own: a proxy may serve it under a
//! path.

use std::time::Duration;

use leptos::prelude::*;
use ringleader_shared::api::Problem;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, Request, RequestInit, Response};

use super::json;

/// The longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gets a value from this path.
pub(super) async fn read<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    let text = call("GET", path, None).await?;
    json::read(&text).map_err(|error| senseless(path, &error))
}

/// The problem with an answer that can't be read.
pub(super) fn senseless(path: &str, error: &serde_json::Error) -> Problem {
    problem("The server's answer makes no sense", format!("{path}: {error}"))
}

fn problem(title: &str, detail: String) -> Problem {
    Problem { kind: "about:blank".to_owned(), title: title.to_owned(), status: 0, detail: Some(detail) }
}

/// Makes a request, and returns the body of the answer.
///
/// # Errors
/// The problem that the server reports, or one for a server that does not answer.
pub(super) async fn call(method: &str, path: &str, body: Option<String>) -> Result<String, Problem> {
    let body = body.map(|body| Body { kind: "application/json", content: JsValue::from_str(&body) });
    send(method, path, body, PATIENCE).await
}

/// The body of a request.
pub(super) struct Body {
    /// Its content type.
    pub(super) kind: &'static str,
    /// Its content, as the browser's `fetch` takes it.
    pub(super) content: JsValue,
}

/// Makes a request whose answer may take as long as `patience`, and returns the body of the answer.
///
/// # Errors
/// The same as of [`call`].
pub(super) async fn send(
    method: &str,
    path: &str,
    body: Option<Body>,
    patience: Duration,
) -> Result<String, Problem> {
    let unreachable = |error: JsValue| {
        let why = error
            .dyn_into::<js_sys::Error>()
            .map_or_else(|_| String::new(), |error| String::from(error.message()));
        problem("The server does not answer", format!("{method} {path}: {why}"))
    };
    let response = fetch(method, path, body, patience).await.map_err(unreachable)?;
    let text = text_of(&response).await.map_err(unreachable)?;
    if response.ok() {
        return Ok(text);
    }
    Err(json::read(&text).unwrap_or_else(|_| {
        problem(&format!("The server answered {}", response.status()), format!("{method} {path}"))
    }))
}

async fn fetch(
    method: &str,
    path: &str,
    body: Option<Body>,
    patience: Duration,
) -> Result<Response, JsValue> {
    let late = AbortController::new()?;
    let init = RequestInit::new();
    init.set_method(method);
    init.set_signal(Some(&late.signal()));
    if let Some(body) = body {
        let headers = Headers::new()?;
        headers.set("content-type", body.kind)?;
        init.set_headers(&headers);
        init.set_body(&body.content);
    }
    let request = Request::new_with_str_and_init(path, &init)?;
    let timer = set_timeout_with_handle(move || late.abort(), patience)?;
    let response = JsFuture::from(window().fetch_with_request(&request)).await;
    timer.clear();
    response?.dyn_into()
}

async fn text_of(response: &Response) -> Result<String, JsValue> {
    Ok(JsFuture::from(response.text()?).await?.as_string().unwrap_or_default())
}
