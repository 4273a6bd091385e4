//! Request bodies: JSON with its content type, of bounded size, or none.

use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use tokio::time::timeout;

use crate::problem::Refusal;

/// The largest request body, in bytes. A valid one is under 100, unless it names many nodes.
const MAX_BODY: usize = 16 * 1024;

/// The time within which a client must send its body.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// A JSON body that must be there.
pub(super) struct RequiredBody<T>(pub(super) T);

/// A JSON body that may be left out.
pub(super) struct OptionalBody<T>(pub(super) Option<T>);

/// No body; an empty JSON object is as good.
pub(super) struct NoBody;

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for RequiredBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let missing = || Refusal::new(StatusCode::BAD_REQUEST, "this call needs a JSON body");
        read(request).await?.map(Self).ok_or_else(missing)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OptionalBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        read(request).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        read::<Nothing>(request).await.map(|_| Self)
    }
}

/// Refuses a body in a coding or a character set that would have to be decoded first.
pub(super) fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let values = |name: &HeaderName| {
        let lists = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?").to_owned());
        lists
            .flat_map(|list| list.split(',').map(|word| word.trim().to_ascii_lowercase()).collect::<Vec<_>>())
    };
    if let Some(coding) = values(&header::TRANSFER_ENCODING).find(|coding| coding != "chunked") {
        return Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            "this server undoes no transfer coding but chunked",
        )
        .because(format!("Transfer-Encoding names {coding:?}: send the body as it is")));
    }
    if let Some(coding) = values(&header::CONTENT_ENCODING).find(|coding| coding != "identity") {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body without compression")
            .because(format!("Content-Encoding names {coding:?}")));
    }
    let parameters = values(&header::CONTENT_TYPE).flat_map(|kind| {
        kind.split(';').skip(1).map(|parameter| parameter.trim().to_owned()).collect::<Vec<_>>()
    });
    let mut charsets = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == "charset").then(|| value.trim().trim_matches('"').to_owned())
    });
    if let Some(charset) = charsets.find(|charset| !["utf-8", "utf8", "us-ascii"].contains(&charset.as_str()))
    {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON in UTF-8")
            .because(format!("Content-Type names the character set {charset:?}")));
    }
    Ok(())
}

async fn read<T: DeserializeOwned>(request: Request) -> Result<Option<T>, Refusal> {
    check_coding(request.headers())?;
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str().unwrap_or_default().to_owned());
    let body = timeout(BODY_WITHIN, to_bytes(request.into_body(), MAX_BODY)).await;
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let body: Bytes = body.map_err(late)?.map_err(|_| {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body has at most {MAX_BODY} bytes"))
    })?;
    if body.is_empty() {
        return Ok(None);
    }
    let essence = kind.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send JSON, with Content-Type: application/json",
        ));
    }
    // Text that is no JSON at all comes before JSON of the wrong form.
    serde_json::from_slice::<IgnoredAny>(&body).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, "the body is not JSON").because(error.to_string())
    })?;
    let unfit = |detail: String| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "the body does not say what this call needs")
            .because(detail)
    };
    // Serde would take an array of the fields' values for an object.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(unfit("it is not an object".to_owned()));
    }
    let mut value: Value = serde_json::from_slice(&body).map_err(|error| unfit(error.to_string()))?;
    let null = null_in(&value).map(ToOwned::to_owned);
    let wanted = serde_json::from_slice(&body).or_else(|error| {
        // JSON knows one kind of number: 5743.0 is the integer 5743.
        let has_changed = make_whole(&mut value);
        let again = has_changed.then(|| serde_json::from_value(value).ok()).flatten();
        again.ok_or_else(|| unfit(error.to_string()))
    })?;
    match null {
        Some(field) => Err(unfit(format!("{field} is null; leave out what is not to be set"))),
        None => Ok(Some(wanted)),
    }
}

/// The name of a field that is null, or in which an element is.
fn null_in(value: &Value) -> Option<&str> {
    value.as_object()?.iter().find_map(|(name, field)| {
        let is_null = field.is_null() || field.as_array().is_some_and(|list| list.iter().any(Value::is_null));
        is_null.then_some(name.as_str()).or_else(|| null_in(field))
    })
}

/// Writes whole numbers as integers. Returns whether there were any that were not.
fn make_whole(value: &mut Value) -> bool {
    /// Up to here each whole number is one of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|_| number.is_f64());
            let whole = whole.filter(|it| it.fract() == 0.0 && (0.0..EXACT).contains(it));
            if let Some(whole) = whole {
                *value = Value::from(whole as u64);
            }
            whole.is_some()
        }
        Value::Array(list) => list.iter_mut().fold(false, |any, it| make_whole(it) | any),
        Value::Object(fields) => fields.values_mut().fold(false, |any, it| make_whole(it) | any),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[tokio::test]
    async fn a_whole_number_may_have_a_fraction_of_zero_and_null_is_refused() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wanted {
            whole: u64,
            share: Option<f64>,
        }
        let wanted = |whole, share| Some(Wanted { whole, share });
        for (body, expected) in [
            (r#"{"whole":5743}"#, wanted(5743, None)),
            (r#"{"whole":5743.0}"#, wanted(5743, None)),
            (r#"{"whole":1e3,"share":0.5}"#, wanted(1000, Some(0.5))),
            (r#"{"whole":0.0,"share":1}"#, wanted(0, Some(1.0))),
            (r#"{"whole":5743.5}"#, None),
            (r#"{"whole":-1.0}"#, None),
            (r#"{"whole":1e300}"#, None),
            (r#"{"whole":1,"share":null}"#, None),
            (r#"{"whole":1,"whole":2}"#, None),
            (r#"{"whole":1,"other":[null]}"#, None),
        ] {
            let request = Request::builder().header("content-type", "application/json");
            let request = request.body(Body::from(body)).expect("a request");
            let read: Option<Wanted> = read(request).await.ok().flatten();
            assert_eq!(read, expected, "{body}");
        }
    }

    async fn status(headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from("{}")).expect("a request");
        read::<serde_json::Value>(request).await.err().map(|refusal| refusal.status.as_u16())
    }

    #[tokio::test]
    async fn a_body_that_would_have_to_be_decoded_first_is_refused() {
        for (name, value, expected) in [
            ("content-type", "application/json", None),
            ("content-type", "application/json; charset=utf-8", None),
            ("content-type", "application/json; charset=\"UTF-8\"", None),
            ("content-type", "application/json; charset=iso-8859-1", Some(415)),
            ("content-type", "application/json; charset=utf-16le", Some(415)),
            ("content-encoding", "identity", None),
            ("content-encoding", "gzip", Some(415)),
            ("content-encoding", "identity, br", Some(415)),
            ("transfer-encoding", "chunked", None),
            ("transfer-encoding", "gzip, chunked", Some(501)),
        ] {
            let kind = ("content-type", "application/json");
            let headers =
                if name == "content-type" { vec![(name, value)] } else { vec![kind, (name, value)] };
            assert_eq!(status(&headers).await, expected, "{name}: {value}");
        }
    }
}
