//! The dashboard's files, which are inside the program.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use ringleader_shared::api::AccessKind;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::problem::Refusal;

#[derive(RustEmbed)]
#[folder = "../target/dashboard"]
#[allow_missing = true]
struct Dashboard;

/// The documentation that the page links to.
const DOCS: &[(&str, &str)] = &[
    ("protocol.md", include_str!("../../docs/protocol.md")),
    ("algorithms.md", include_str!("../../docs/algorithms.md")),
    ("correctness.md", include_str!("../../docs/correctness.md")),
    ("security.md", include_str!("../../docs/security.md")),
];

const NOT_BUILT: &str = "<!doctype html><title>Ringleader</title><h1>The dashboard is not in this program</h1>\
    <p>It was built without it. <code>cargo xtask run</code> builds both. The API works: <a href=\"/api/v1/ring\">the ring</a>.";

/// Answers with a file of the dashboard.
pub fn serve(uri: &Uri, access: AccessKind) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let doc = path.strip_prefix("docs/").and_then(|file| DOCS.iter().find(|(name, _)| *name == file));
    if let Some((_, text)) = doc {
        // Browsers show plain text, and would save Markdown to a file.
        let headers =
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
        return (headers, *text).into_response();
    }
    match Dashboard::get(path) {
        Some(file) => {
            // Every name but the page's own carries a hash of its content.
            let cache = if path == "index.html" { "no-cache" } else { "public, max-age=31536000, immutable" };
            let kind = HeaderValue::from_str(file.metadata.mimetype())
                .unwrap_or(HeaderValue::from_static("application/octet-stream"));
            let headers =
                [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static(cache))];
            let data = if path == "index.html" { for_eyes(file.data, access) } else { file.data };
            (headers, Body::from(data)).into_response()
        }
        None if path == "index.html" => {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response()
        }
        None => Refusal::new(StatusCode::NOT_FOUND, "there is nothing here")
            .because("GET /api/v1/openapi.json describes every call; / is the dashboard")
            .into_response(),
    }
}

/// A viewer's page says so on its first element: it then has no controls.
fn for_eyes(page: Cow<'static, [u8]>, access: AccessKind) -> Cow<'static, [u8]> {
    match (access, std::str::from_utf8(&page)) {
        (AccessKind::Viewer, Ok(text)) => {
            Cow::Owned(text.replacen("<html", "<html data-watching", 1).into_bytes())
        }
        _ => page,
    }
}

/// The Content-Security-Policy: only what this server serves, and of inline scripts only those in its own page.
#[must_use]
pub fn security_policy() -> HeaderValue {
    let page = Dashboard::get("index.html").map(|file| file.data).unwrap_or_default();
    let hashes: String = inline_scripts(&String::from_utf8_lossy(&page))
        .map(|script| format!(" 'sha256-{}'", sha256(script)))
        .collect();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn sha256(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// The bodies of the script elements that have no `src`. The page is our own: its form is known.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (body, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(body)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_found_and_others_are_not() {
        let page = "<script type=\"module\">let a = 1 > 0;</script><script src=\"/x.js\"></script><script>b</script>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["let a = 1 > 0;", "b"]);
    }

    #[test]
    fn a_hash_is_what_browsers_compute() {
        assert_eq!(sha256("alert('Hello, world.');"), "qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    }
}
