//! The dashboard's files, which are inside the program: plain, and compressed when the page was built.

mod negotiation;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ringleader_shared::api::AccessKind;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use self::negotiation::Coding;
use crate::problem::Refusal;

#[derive(RustEmbed)]
#[folder = "../target/dashboard"]
#[allow_missing = true]
struct Dashboard;

/// The page for operators.
const PAGE: &str = "index.html";

/// The documentation that the page links to, and the files that the documentation links to.
const DOCS: &[(&str, &str)] = &[
    ("protocol.md", include_str!("../../docs/protocol.md")),
    ("wire.md", include_str!("../../docs/wire.md")),
    ("glossary.md", include_str!("../../docs/glossary.md")),
    ("algorithms.md", include_str!("../../docs/algorithms.md")),
    ("correctness.md", include_str!("../../docs/correctness.md")),
    ("security.md", include_str!("../../docs/security.md")),
];

/// The same page without controls; `cargo xtask` makes it from the other one.
const VIEWERS_PAGE: &str = "viewer.html";

const NOT_BUILT: &str = "<!doctype html><title>Ringleader</title><h1>The dashboard is not in this program</h1>\
    <p>It was built without it. <code>cargo xtask run</code> builds both. The API works: <a href=\"api/v1/ring\">the ring</a>.";

/// Answers with a file of the dashboard, in the coding that the request prefers, or with 304 when the
/// client has that file already.
pub fn serve(uri: &Uri, headers: &HeaderMap, access: AccessKind) -> Response {
    let path = uri.path().trim_start_matches('/');
    let doc = path.strip_prefix("docs/").and_then(|file| DOCS.iter().find(|(name, _)| *name == file));
    if let Some((_, text)) = doc {
        // Browsers show plain text, and would save Markdown to a file.
        let headers =
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
        return (headers, *text).into_response();
    }
    let is_page = path.is_empty() || path == PAGE;
    let name = match (is_page, access) {
        (true, AccessKind::Operator) => PAGE,
        (true, AccessKind::Viewer) => VIEWERS_PAGE,
        (false, _) => path,
    };
    match Dashboard::get(name).filter(|_| is_page || is_public(path)) {
        Some(file) => send(name, file, headers, is_page),
        None if is_page => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response(),
        None => Refusal::new(StatusCode::NOT_FOUND, "there is nothing here")
            .because("GET /api/v1/openapi.json describes every call; / is the dashboard")
            .into_response(),
    }
}

/// Whether a file has an address of its own. The viewers' page and the compressed forms are served at the
/// address of another file.
fn is_public(path: &str) -> bool {
    path != VIEWERS_PAGE && Coding::ALL.iter().all(|coding| !path.ends_with(coding.suffix()))
}

fn send(name: &str, file: EmbeddedFile, headers: &HeaderMap, is_page: bool) -> Response {
    let kind = HeaderValue::from_str(file.metadata.mimetype())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let packed = negotiation::preferred(headers).into_iter().map_while(|coding| coding).find_map(|coding| {
        Dashboard::get(&format!("{name}{}", coding.suffix())).map(|file| (Some(coding), file))
    });
    let (coding, file) = packed.unwrap_or((None, file));
    // Each form has a tag of its own, as strong tags must.
    let digest = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or(&digest)));
    // Every name but the page's own carries a hash of its content.
    let cache = if is_page { "no-cache" } else { "public, max-age=31536000, immutable" };
    let mut response = if negotiation::has(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = ([(header::CONTENT_TYPE, kind)], Body::from(file.data)).into_response();
        if let Some(coding) = coding {
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
        }
        response
    };
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    response
}

/// The Content-Security-Policy: only resources of this server, and of inline scripts only those in its
/// own page.
#[must_use]
pub fn security_policy() -> HeaderValue {
    let page = Dashboard::get(PAGE).map(|file| file.data).unwrap_or_default();
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
    STANDARD.encode(Sha256::digest(text.as_bytes()))
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

    #[test]
    fn only_files_with_an_address_of_their_own_are_public() {
        let of = |path| (path, is_public(path));
        let expected = [
            ("a.js", true),
            ("a.js.br", false),
            ("a.js.gz", false),
            ("viewer.html", false),
            ("a.br.js", true),
        ];
        assert_eq!(expected.map(|(path, _)| of(path)), expected);
    }
}
