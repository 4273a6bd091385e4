//! The check of a request's origin: the request must be for this very server, and from its own page when
//! a browser sends it.
//!
//! Against DNS rebinding the `Host` must be one of the server's own names with its own port. Against
//! cross-site requests, WebSockets above all, an `Origin` must be one of them too. Both are compared as
//! parsed values, exactly. The user may allow further names, such as those of a proxy in front that
//! serves https.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Refusal;
use crate::seldom::Seldom;

static REFUSED: Seldom = Seldom::new();

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names under which clients may address this server.
#[derive(Debug, Clone)]
pub struct Guard {
    hosts: Vec<String>,
    port: u16,
    /// Allowed by the user.
    names: Vec<Authority>,
}

impl Guard {
    /// Makes the guard of a server on this port of these addresses, with these additional names.
    #[must_use]
    pub fn new(addresses: &[IpAddr], port: u16, names: Vec<Authority>) -> Self {
        let host = |address: &IpAddr| match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let mut hosts: Vec<String> = addresses.iter().map(host).collect();
        if addresses.iter().any(IpAddr::is_loopback) {
            hosts.push("localhost".to_owned());
        }
        Self { hosts, port, names }
    }

    /// Whether a request with these headers may be answered.
    ///
    /// # Errors
    /// The reason for the refusal.
    pub fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = one(headers, &header::HOST).map_err(|words| misdirected(&words))?;
        let host = host.ok_or_else(|| misdirected("it has no Host header"))?;
        if !self.is_mine(host) {
            return Err(misdirected("its Host header names another server"));
        }
        if uri.authority().is_some_and(|authority| !self.is_mine(authority.as_str())) {
            return Err(misdirected("its request line names another server"));
        }
        if let Some(origin) = one(headers, &header::ORIGIN).map_err(|words| foreign(&words))? {
            let is_mine = match (origin.strip_prefix("http://"), origin.strip_prefix("https://")) {
                (Some(authority), _) => self.is_mine(authority),
                // Only a proxy in front of this server serves https.
                (None, Some(authority)) => self.is_allowed(authority),
                (None, None) => return Err(foreign("its Origin is no page of this server")),
            };
            if !is_mine {
                return Err(foreign("its Origin is another site"));
            }
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            match one(headers, &SEC_FETCH_SITE).map_err(|words| foreign(&words))? {
                None | Some("same-origin" | "none") => {}
                Some(_) => return Err(foreign("the browser says that another site sent it")),
            }
        }
        Ok(())
    }

    /// Whether `host[:port]` is one of this server's names with its port. Port 80 may be left out, as
    /// browsers do.
    fn is_mine(&self, text: &str) -> bool {
        if self.is_allowed(text) {
            return true;
        }
        let Ok(authority) = text.parse::<Authority>() else { return false };
        // `Authority` accepts user names; no honest client sends them here.
        let plain = !text.contains('@') && !text.contains('/');
        let host = authority.host();
        let port = match authority.port() {
            Some(port) => {
                port.as_str().parse().ok().filter(|_| port.as_str().bytes().all(|byte| byte.is_ascii_digit()))
            }
            None if text.len() == host.len() => Some(80),
            None => None,
        };
        plain && port == Some(self.port) && self.hosts.iter().any(|mine| mine.eq_ignore_ascii_case(host))
    }

    /// Whether `host[:port]` is a name that the user allowed. A name that was allowed without a port
    /// matches with this server's port, and without any.
    fn is_allowed(&self, text: &str) -> bool {
        self.names.iter().any(|name| {
            let with_own_port = format!("{name}:{}", self.port);
            name.as_str().eq_ignore_ascii_case(text)
                || name.port().is_none() && with_own_port.eq_ignore_ascii_case(text)
        })
    }
}

/// Returns the value of a header that may be present once at most.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, String> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(format!("it has several {name} headers"));
    }
    first.map(|value| value.to_str().map_err(|_| format!("its {name} header is not text"))).transpose()
}

fn misdirected(why: &str) -> Refusal {
    Refusal::new(StatusCode::MISDIRECTED_REQUEST, "this request is not meant for this server")
        .because(format!(
            "{why}. Use the link that the server printed when it started; a name that a proxy or a hosts file gives it is \
             allowed by --allow-host"
        ))
}

fn foreign(why: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "other sites may not use this server").because(format!(
        "{why}. Scripts and programs send no Origin header; pages are served from here, or from a name that \
             --allow-host gave"
    ))
}

/// Passes on requests that [`Guard::check`] allows.
pub async fn middleware(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            REFUSED.log(|more| {
                let (method, path) = (request.method(), request.uri().path());
                tracing::info!(more, %method, path, ?refusal.detail, "refused");
            });
            refusal.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn guard(names: &[&'static str]) -> Guard {
        let names = names.iter().map(|name| Authority::from_static(name)).collect();
        Guard::new(&["127.0.0.1".parse().expect("an address")], 8005, names)
    }

    #[test]
    fn names_that_the_user_allowed_are_let_in_over_https_too() {
        let guard = guard(&["ring.example", "proxy.example:8443"]);
        for (host, expected) in [
            ("ring.example", true),
            ("RING.example:8005", true),
            ("ring.example:8006", false),
            ("ring.example.evil", false),
            ("evil.ring.example", false),
            ("user@ring.example", false),
            ("proxy.example:8443", true),
            ("proxy.example", false),
            ("proxy.example:8005", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            let own = guard.check(&Method::GET, &Uri::from_static("/"), &headers).is_ok();
            assert_eq!(own, expected, "Host: {host}");
            for scheme in ["http", "https"] {
                headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8005"));
                let origin = HeaderValue::from_str(&format!("{scheme}://{host}")).expect("a value");
                headers.insert(header::ORIGIN, origin);
                let page = guard.check(&Method::POST, &Uri::from_static("/"), &headers).is_ok();
                assert_eq!(page, expected, "Origin: {scheme}://{host}");
            }
        }
    }

    fn verdict(method: &Method, hosts: &[&[u8]], origins: &[&[u8]]) -> Option<u16> {
        let guard = guard(&[]);
        let mut headers = HeaderMap::new();
        for (name, values) in [(header::HOST, hosts), (header::ORIGIN, origins)] {
            for value in values {
                headers.append(name.clone(), HeaderValue::from_bytes(value).expect("header bytes"));
            }
        }
        guard.check(method, &Uri::from_static("/"), &headers).err().map(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn only_this_servers_own_names_and_pages_are_let_in() {
        let good: &[u8] = b"127.0.0.1:8005";
        let hosts: [(&[u8], Option<u16>); 21] = [
            (good, None),
            (b"localhost:8005", None),
            (b"LOCALHOST:8005", None),
            (b"localhost", Some(421)),
            (b"127.0.0.1", Some(421)),
            (b"127.0.0.1:80", Some(421)),
            (b"127.0.0.1:08005x", Some(421)),
            (b"127.0.0.1:", Some(421)),
            (b"127.0.0.2:8005", Some(421)),
            (b"0.0.0.0:8005", Some(421)),
            (b"[::1]:8005", Some(421)),
            (b"[::ffff:127.0.0.1]:8005", Some(421)),
            (b"localhost.:8005", Some(421)),
            (b"localhost.evil.example:8005", Some(421)),
            (b"evil.example:8005", Some(421)),
            (b"evil-localhost:8005", Some(421)),
            (b"user@127.0.0.1:8005", Some(421)),
            (b"127.0.0.1:8005/path", Some(421)),
            (b"127.0.0.1:8005,evil.example", Some(421)),
            (b"\xff\xfe", Some(421)),
            (b"", Some(421)),
        ];
        for (host, expected) in hosts {
            assert_eq!(verdict(&Method::GET, &[host], &[]), expected, "Host: {}", host.escape_ascii());
        }
        let origins: [(&[u8], Option<u16>); 20] = [
            (b"http://127.0.0.1:8005", None),
            (b"http://localhost:8005", None),
            (b"https://127.0.0.1:8005", Some(403)),
            (b"http://127.0.0.1:8006", Some(403)),
            (b"http://127.0.0.1", Some(403)),
            (b"http://127.0.0.1:80050", Some(403)),
            (b"http://192.168.1.1:8005", Some(403)),
            (b"http://10.0.0.1", Some(403)),
            (b"http://evil.example", Some(403)),
            (b"http://evil.example:8005", Some(403)),
            (b"http://127.0.0.1:8005.evil.example", Some(403)),
            (b"http://evil.example/http://127.0.0.1:8005", Some(403)),
            (b"http://127.0.0.1:8005@evil.example", Some(403)),
            (b"http://127.0.0.1:8005/", Some(403)),
            (b"null", Some(403)),
            (b"", Some(403)),
            (b"file://", Some(403)),
            (b"ws://127.0.0.1:8005", Some(403)),
            (b"127.0.0.1:8005", Some(403)),
            (b"http://\xff:8005", Some(403)),
        ];
        for (origin, expected) in origins {
            for method in [Method::GET, Method::POST] {
                assert_eq!(
                    verdict(&method, &[good], &[origin]),
                    expected,
                    "Origin: {}",
                    origin.escape_ascii()
                );
            }
        }
        assert_eq!(verdict(&Method::GET, &[], &[]), Some(421));
        assert_eq!(verdict(&Method::GET, &[good, good], &[]), Some(421));
        assert_eq!(verdict(&Method::GET, &[good], &[b"http://127.0.0.1:8005", b"null"]), Some(403));
    }

    #[test]
    fn a_change_that_the_browser_calls_cross_site_is_refused() {
        let guard = guard(&[]);
        for (site, allowed) in
            [("same-origin", true), ("none", true), ("cross-site", false), ("same-site", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8005"));
            headers.insert(SEC_FETCH_SITE, HeaderValue::from_static(site));
            assert_eq!(
                guard.check(&Method::POST, &Uri::from_static("/"), &headers).is_ok(),
                allowed,
                "{site}"
            );
            assert!(
                guard.check(&Method::GET, &Uri::from_static("/"), &headers).is_ok(),
                "following a link is fine"
            );
        }
    }
}
