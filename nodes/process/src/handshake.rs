//! Admission to node links: a dialler must be a member of this run, know the secret and mean this node.
//! See `docs/protocol.md`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ringleader_shared::link::{LinkEnd, LinkKind, MAX_FRAME, MAX_MESSAGE, PROTOCOL};
use ringleader_shared::{Incarnation, NodeId, NodeName};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::links::FaultyStream;
use crate::secret::Secret;

const FROM: HeaderName = HeaderName::from_static("ringleader-from");
const TO: HeaderName = HeaderName::from_static("ringleader-to");
const INCARNATION: HeaderName = HeaderName::from_static("ringleader-incarnation");
const VERSION: HeaderName = HeaderName::from_static("ringleader-protocol");

/// The time within which an accepted connection must complete its handshake.
pub(crate) const ACCEPT_WITHIN: Duration = Duration::from_secs(2);

/// A node link's socket.
pub(crate) type Socket = WebSocketStream<FaultyStream>;

/// The headers by which the dialler identifies itself and the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) from: NodeId,
    pub(crate) incarnation: Incarnation,
    pub(crate) to: NodeId,
    pub(crate) kind: LinkKind,
    /// Whether it is a standby ring link: held ready, and silent until it is in use.
    pub(crate) standby: bool,
}

/// The members that may open links, each with its present start. Cheap to clone; all clones share their
/// content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Members(Arc<Mutex<BTreeMap<NodeId, (NodeName, Incarnation)>>>);

impl Members {
    /// Replaces the members.
    pub(crate) fn set(&self, members: impl IntoIterator<Item = (NodeId, NodeName, Incarnation)>) {
        let members = members.into_iter().map(|(id, name, present)| (id, (name, present)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = members.collect();
    }

    /// Notes that a newer start of a member has opened a link.
    pub(crate) fn newer(&self, id: NodeId, incarnation: Incarnation) {
        if let Some((_, present)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
            *present = incarnation.max(*present);
        }
    }

    /// Returns the reason why this start of a node may open no link, if there is one.
    fn refuse(&self, id: NodeId, incarnation: Incarnation) -> Option<(StatusCode, String)> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            None => Some((StatusCode::FORBIDDEN, "not a member of the ring".to_owned())),
            Some((name, present)) if incarnation < *present => {
                Some((StatusCode::CONFLICT, former_start(name, incarnation, *present)))
            }
            Some(_) => None,
        }
    }
}

/// The refusal of a start that is over.
pub(crate) fn former_start(name: &NodeName, start: Incarnation, present: Incarnation) -> String {
    format!("start {start} of {name} is over: start {present} is the present one")
}

/// Small buffers and hard limits: a link costs a few kB, and a peer that misbehaves can't raise that.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(256 * 1024)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_FRAME))
}

const fn path(kind: LinkKind, standby: bool) -> &'static str {
    match (kind, standby) {
        (LinkKind::Ring, false) => "/v1/ring",
        (LinkKind::Ring, true) => "/v1/standby",
        (LinkKind::Heartbeat, _) => "/v1/heartbeat",
        (LinkKind::Direct, _) => "/v1/direct",
    }
}

/// Opens a link. The caller sets the time that it may take.
pub(crate) async fn dial(address: SocketAddr, hello: Hello, secret: &Secret) -> Result<Socket, LinkEnd> {
    let failed =
        |error: &dyn Display| LinkEnd::DialFailed { reason: format!("opening a link at {address}: {error}") };
    let stream = TcpStream::connect(address).await.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => LinkEnd::NobodyListens { address: Some(address.to_string()) },
        _ => LinkEnd::DialFailed { reason: format!("connecting to {address}: {error}") },
    })?;
    stream.set_nodelay(true).map_err(|error| failed(&error))?;
    let uri = format!("ws://{address}{}", path(hello.kind, hello.standby));
    let mut request = uri.into_client_request().map_err(|error| failed(&error))?;
    for (name, value) in [
        (header::AUTHORIZATION, secret.bearer()),
        (FROM, hello.from.to_string()),
        (TO, hello.to.to_string()),
        (INCARNATION, hello.incarnation.to_string()),
        (VERSION, PROTOCOL.to_string()),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|error| failed(&error))?;
        request.headers_mut().insert(name, value);
    }
    let (socket, _) =
        tokio_tungstenite::client_async_with_config(request, FaultyStream::new(stream), Some(config()))
            .await
            .map_err(|error| failed(&error))?;
    Ok(socket)
}

/// Accepts a member's link, or returns the reason for the refusal.
#[allow(clippy::result_large_err, reason = "the error type is the WebSocket library's")]
pub(crate) async fn accept(
    stream: TcpStream,
    me: NodeId,
    secret: &Secret,
    members: &Members,
) -> Result<(Socket, Hello), String> {
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let mut received_hello = None;
    let check = |request: &Request, response: Response| match read_hello(request, me, secret, members) {
        Ok(hello) => {
            received_hello = Some(Ok(hello));
            Ok(response)
        }
        Err((status, reason)) => {
            received_hello = Some(Err(reason.clone()));
            let mut refusal = ErrorResponse::new(Some(reason));
            *refusal.status_mut() = status;
            Err(refusal)
        }
    };
    let attempt =
        tokio_tungstenite::accept_hdr_async_with_config(FaultyStream::new(stream), check, Some(config()));
    let socket = tokio::time::timeout(ACCEPT_WITHIN, attempt).await;
    match (socket, received_hello) {
        (_, Some(Err(reason))) => Err(reason),
        (Ok(Ok(socket)), Some(Ok(hello))) => Ok((socket, hello)),
        (Ok(Err(error)), _) => Err(format!("not a WebSocket handshake: {error}")),
        (Ok(Ok(_)), None) | (Err(_), _) => {
            Err(format!("no complete handshake within {} s", ACCEPT_WITHIN.as_secs()))
        }
    }
}

fn read_hello(
    request: &Request,
    me: NodeId,
    secret: &Secret,
    members: &Members,
) -> Result<Hello, (StatusCode, String)> {
    let headers = request.headers();
    let refuse = |status, reason: &str| Err((status, reason.to_owned()));
    if headers.contains_key(header::ORIGIN) {
        return refuse(
            StatusCode::FORBIDDEN,
            "a web page sent this request (it has an Origin header); only nodes may open links",
        );
    }
    let authorization = headers.get(header::AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
    if !secret.admits(authorization) {
        return refuse(StatusCode::UNAUTHORIZED, "the run's secret is missing or wrong");
    }
    let (kind, standby) = match request.uri().path() {
        "/v1/ring" => (LinkKind::Ring, false),
        "/v1/standby" => (LinkKind::Ring, true),
        "/v1/heartbeat" => (LinkKind::Heartbeat, false),
        "/v1/direct" => (LinkKind::Direct, false),
        _ => return refuse(StatusCode::NOT_FOUND, "no such kind of link"),
    };
    if field::<u32>(headers, &VERSION)? != PROTOCOL {
        return refuse(StatusCode::BAD_REQUEST, "another version of the node-link protocol");
    }
    let hello = Hello {
        from: NodeId(field(headers, &FROM)?),
        incarnation: Incarnation(field(headers, &INCARNATION)?),
        to: NodeId(field(headers, &TO)?),
        kind,
        standby,
    };
    if hello.to != me {
        return refuse(StatusCode::MISDIRECTED_REQUEST, "meant for another node");
    }
    if hello.from == me {
        return refuse(StatusCode::BAD_REQUEST, "claims to be this very node");
    }
    match members.refuse(hello.from, hello.incarnation) {
        Some(refusal) => Err(refusal),
        None => Ok(hello),
    }
}

fn field<T: std::str::FromStr>(headers: &HeaderMap, name: &HeaderName) -> Result<T, (StatusCode, String)> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| (StatusCode::BAD_REQUEST, format!("the header {name} is missing or malformed")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const ME: NodeId = NodeId(Uuid::from_u128(1));
    const PEER: NodeId = NodeId(Uuid::from_u128(2));

    fn header_value() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::sample::select(vec![
                "Bearer secret",
                "1",
                "2",
                "00000000-0000-0000-0000-000000000001",
                "00000000-0000-0000-0000-000000000002",
                ""
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn whoever_is_let_in_has_the_secret_and_another_name(
            path in prop::sample::select(vec!["/v1/ring", "/v1/standby", "/v1/heartbeat", "/v1/direct", "/", "/v2/ring", "/v1/ring/"]),
            headers in prop::collection::vec((0_usize..6, header_value()), 0..8),
        ) {
            let names = [header::AUTHORIZATION, FROM, TO, INCARNATION, VERSION, header::ORIGIN];
            let mut request = Request::new(());
            *request.uri_mut() = path.parse().expect("a path");
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    request.headers_mut().append(names[name].clone(), value);
                }
            }
            let (secret, members) = (Secret::for_tests("secret"), Members::default());
            let name = "B".parse().expect("a name");
            members.set([(PEER, name, Incarnation(2))]);
            if let Ok(hello) = read_hello(&request, ME, &secret, &members) {
                prop_assert!(hello.from == PEER && hello.to == ME);
                prop_assert!(hello.incarnation >= Incarnation(2));
                prop_assert!(!request.headers().contains_key(header::ORIGIN));
                prop_assert_eq!(request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes), Some(&b"Bearer secret"[..]));
            }
        }
    }
}
