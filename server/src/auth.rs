//! Authentication. On the loopback every client may do everything, unless the user asks for tokens. On
//! other addresses an operator's token is required to act, and at least a viewer's to look.
//!
//! A page gets its token by the link that the server prints. It keeps the token in a cookie that scripts
//! can't read and that browsers don't send for other sites. Programs send the token as `Authorization:
//! Bearer`.

use std::fmt;

use anyhow::bail;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ringleader_shared::api::{Access, AccessKind};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::problem::Refusal;
use crate::seldom::Seldom;
use crate::visitor::Visitor;

static REFUSED: Seldom = Seldom::new();

/// The environment variable with the operator's token.
pub const OPERATOR_TOKEN: &str = "RINGLEADER_OPERATOR_TOKEN";

/// The environment variable with the viewer's token.
pub const VIEWER_TOKEN: &str = "RINGLEADER_VIEWER_TOKEN";

/// The allowed lengths of a token that a person chose: long enough that nobody guesses it. Its characters
/// are only those that need no escaping in a link and a cookie.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=128;

/// A token. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    fn fresh() -> Self {
        // Two v4 UUIDs: 244 bits from the operating system's random source.
        Self(format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
    }

    /// Returns the token in this environment variable, or a fresh one.
    fn from_environment(variable: &str) -> anyhow::Result<Self> {
        let Some(chosen) = std::env::var_os(variable) else { return Ok(Self::fresh()) };
        let chosen = chosen.into_string().unwrap_or_default();
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !LENGTHS.contains(&chosen.len()) || !chosen.bytes().all(is_fit) {
            bail!(
                "{variable} must be {} to {} characters, of letters, digits and -._~ only; unset it, and a token is made",
                LENGTHS.start(),
                LENGTHS.end()
            );
        }
        Ok(Self(chosen))
    }

    /// Whether the text is this token. A wrong one of the same length takes as long as the right one.
    fn is(&self, other: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(other).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The tokens of a server that other machines can reach.
#[derive(Debug, Clone)]
pub struct Tokens {
    operator: Token,
    viewer: Token,
}

impl Tokens {
    /// Returns the tokens in the environment, and fresh ones for those that are missing.
    ///
    /// # Errors
    /// When a token in the environment is too short, too long or not fit for a link, or both are the
    /// same.
    pub fn open() -> anyhow::Result<Self> {
        let tokens = Self {
            operator: Token::from_environment(OPERATOR_TOKEN)?,
            viewer: Token::from_environment(VIEWER_TOKEN)?,
        };
        if tokens.operator == tokens.viewer {
            bail!("{OPERATOR_TOKEN} and {VIEWER_TOKEN} are the same: viewers could do everything");
        }
        Ok(tokens)
    }

    /// The queries that make links of an address: the operator's, and the viewer's.
    #[must_use]
    pub fn queries(&self) -> [(AccessKind, String); 2] {
        [(AccessKind::Operator, &self.operator), (AccessKind::Viewer, &self.viewer)]
            .map(|(kind, token)| (kind, format!("?token={}", token.0)))
    }

    fn kind(&self, token: &[u8]) -> Option<AccessKind> {
        // Both are compared, whichever it is, so that the time reveals nothing.
        let (operator, viewer) = (self.operator.is(token), self.viewer.is(token));
        if operator { Some(AccessKind::Operator) } else { viewer.then_some(AccessKind::Viewer) }
    }
}

/// The check of tokens that every request passes after the check of its origin.
#[derive(Debug, Clone)]
pub struct Auth {
    /// `None` where no token is required.
    tokens: Option<Tokens>,
    /// Browsers share cookies between ports, so each server has a cookie of its own name.
    cookie: String,
}

impl Auth {
    /// Makes the check for the server on this port. Without tokens every client is an operator.
    #[must_use]
    pub fn new(tokens: Option<Tokens>, port: u16) -> Self {
        Self { tokens, cookie: format!("ringleader-{port}") }
    }

    /// Returns the access of a request with these headers; `None` without a valid token.
    fn kind(&self, headers: &HeaderMap) -> Option<AccessKind> {
        let Some(tokens) = &self.tokens else { return Some(AccessKind::Operator) };
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            // A request with this header is judged by it alone.
            return tokens.kind(authorization.as_bytes().strip_prefix(b"Bearer ")?);
        }
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut mine = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == self.cookie).then_some(value)
        });
        tokens.kind(mine.next()?.as_bytes())
    }

    /// Answers the page's first load: its token becomes a cookie, and the page reloads its address
    /// without the token.
    fn exchange(&self, uri: &Uri) -> Option<Response> {
        let tokens = self.tokens.as_ref()?;
        let token = uri.query()?.split('&').find_map(|part| part.strip_prefix("token="))?;
        if uri.path() != "/" {
            return None;
        }
        let Some(_) = tokens.kind(token.as_bytes()) else { return Some(unauthorized(uri)) };
        // Without a path the cookie is for the folder of the address that the browser asked for, and the
        // links are relative: only the browser knows under which path a proxy serves the page.
        let cookie = format!("{}={token}; HttpOnly; SameSite=Strict", self.cookie);
        // A redirect does not work: after another site's link the browser would follow it without the
        // strict cookie.
        let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=./\">\
                    <link rel=\"icon\" href=\"data:,\"><title>Ringleader</title><p><a href=\"./\">To the ring</a>";
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?),
        ];
        Some((headers, page).into_response())
    }
}

/// The answer to a request without a valid token: a page for a person, a problem for a program.
fn unauthorized(uri: &Uri) -> Response {
    const TITLE: &str = "this server asks for a token";
    let is_for_programs = ["/api/", "/ws", "/metrics"].iter().any(|start| uri.path().starts_with(start));
    let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ringleader\""))];
    if is_for_programs {
        let refusal = Refusal::new(StatusCode::UNAUTHORIZED, TITLE).because(
            "open the link that the server printed when it started, or send its token as `Authorization: Bearer …`",
        );
        return (challenge, refusal).into_response();
    }
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
                <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
                <link rel=\"icon\" href=\"data:,\"><title>Ringleader: a token, please</title>\
                <style>body{font:1.1rem/1.5 system-ui;max-width:34rem;margin:15vh auto;padding:0 1rem}</style>\
                <h1>This ring asks for a token</h1>\
                <p>Open the link that the server printed when it started; it ends in <code>?token=…</code>. \
                A server that was started again has printed new ones.</p>\
                <p>It printed two kinds: with the operator\u{2019}s you can do things, with the viewer\u{2019}s you can watch.</p>";
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (StatusCode::UNAUTHORIZED, challenge, kind, page).into_response()
}

/// Notes that this request's connection is authenticated, so it no longer counts as a stranger's.
fn note_known(request: &Request) {
    if let Some(visitor) = request.extensions().get::<Visitor>() {
        visitor.is_known();
    }
}

/// Passes on authorized requests, and attaches their access for the handlers.
pub async fn middleware(State(auth): State<Auth>, mut request: Request, next: Next) -> Response {
    let is_look = matches!(*request.method(), Method::GET | Method::HEAD);
    if request.uri().path() == "/healthz" && is_look {
        return next.run(request).await;
    }
    if is_look && let Some(response) = auth.exchange(request.uri()) {
        return response;
    }
    match auth.kind(request.headers()) {
        None => {
            REFUSED.log(|more| {
                let (method, path) = (request.method(), request.uri().path());
                tracing::info!(more, %method, path, "refused: no token that is right");
            });
            unauthorized(request.uri())
        }
        Some(AccessKind::Viewer) if !is_look => {
            note_known(&request);
            Refusal::new(StatusCode::FORBIDDEN, "this link is for watching: it changes nothing")
                .because("this needs the operator's link, which the server printed when it started")
                .into_response()
        }
        Some(kind) => {
            note_known(&request);
            request.extensions_mut().insert(Access { kind });
            next.run(request).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> Auth {
        let token = |text: &str| Token(text.to_owned());
        let tokens = Tokens { operator: token("operator-operator"), viewer: token("viewer-viewer-view") };
        Auth::new(Some(tokens), 8005)
    }

    fn kind(name: &str, value: &str) -> Option<AccessKind> {
        let mut headers = HeaderMap::new();
        let name = name.parse::<axum::http::HeaderName>().expect("a name");
        headers.insert(name, HeaderValue::from_str(value).expect("a value"));
        auth().kind(&headers)
    }

    #[test]
    fn a_token_opens_by_header_and_by_cookie_as_far_as_its_kind_goes() {
        let (operator, viewer) = (Some(AccessKind::Operator), Some(AccessKind::Viewer));
        for (name, value, expected) in [
            ("authorization", "Bearer operator-operator", operator),
            ("authorization", "Bearer viewer-viewer-view", viewer),
            ("authorization", "Bearer operator-operato", None),
            ("authorization", "Bearer operator-operator ", None),
            ("authorization", "bearer operator-operator", None),
            ("authorization", "Basic operator-operator", None),
            ("authorization", "operator-operator", None),
            ("authorization", "Bearer ", None),
            ("cookie", "ringleader-8005=operator-operator", operator),
            ("cookie", "a=b; ringleader-8005=viewer-viewer-view; c=d", viewer),
            ("cookie", "ringleader-8006=operator-operator", None),
            ("cookie", "ringleader-8005=", None),
            ("cookie", "ringleader-8005", None),
            ("cookie", "ringleader-8005=wrong; ringleader-8005=operator-operator", None),
        ] {
            assert_eq!(kind(name, value), expected, "{name}: {value}");
        }
        assert_eq!(auth().kind(&HeaderMap::new()), None);
        assert_eq!(Auth::new(None, 8005).kind(&HeaderMap::new()), operator);
    }

    #[test]
    fn a_wrong_header_is_not_made_good_by_a_cookie() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer wrong"));
        headers.insert(header::COOKIE, HeaderValue::from_static("ringleader-8005=operator-operator"));
        assert_eq!(auth().kind(&headers), None);
    }

    #[test]
    fn the_first_load_of_the_page_is_given_a_cookie_that_scripts_and_other_sites_can_not_use() {
        let answer = auth().exchange(&Uri::from_static("/?token=viewer-viewer-view")).expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers().get(header::SET_COOKIE).expect("a cookie");
        assert_eq!(cookie, "ringleader-8005=viewer-viewer-view; HttpOnly; SameSite=Strict");
        let wrong = auth().exchange(&Uri::from_static("/?token=viewer")).expect("an answer");
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
        assert!(!wrong.headers().contains_key(header::SET_COOKIE));
        assert!(auth().exchange(&Uri::from_static("/")).is_none());
        assert!(auth().exchange(&Uri::from_static("/api/v1/ring?token=viewer-viewer-view")).is_none());
    }

    #[test]
    fn a_token_is_never_shown() {
        assert_eq!(format!("{:?}", auth().tokens.expect("tokens").operator), "Token(…)");
    }
}
