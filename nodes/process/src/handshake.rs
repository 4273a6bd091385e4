//! Admission to a node's port: a dialler must be a member of this run, know the secret and mean this node.
//! It asks for a link, or for a tunnel to another node. See `docs/protocol.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ringleader_shared::link::{LinkEnd, LinkKind, MAX_FRAME, MAX_MESSAGE, MAX_RELAYS, PROTOCOL};
use ringleader_shared::{Incarnation, NodeId, NodeName};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::links::{FaultyStream, Way};
use crate::secret::Secret;
use crate::tunnel::{self, Tunnel};

const FROM: HeaderName = HeaderName::from_static("ringleader-from");
const TO: HeaderName = HeaderName::from_static("ringleader-to");
const INCARNATION: HeaderName = HeaderName::from_static("ringleader-incarnation");
const VERSION: HeaderName = HeaderName::from_static("ringleader-protocol");
const RELAYS: HeaderName = HeaderName::from_static("ringleader-relays");

/// The time within which an accepted connection must complete its handshake.
pub(crate) const ACCEPT_WITHIN: Duration = Duration::from_secs(2);

/// A node link's socket.
pub(crate) type Socket = WebSocketStream<FaultyStream>;

/// The node that wants a link, and the way that its request has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialler {
    /// The node that wants the link.
    pub(crate) id: NodeId,
    /// Its start.
    pub(crate) incarnation: Incarnation,
    /// The relays that the request has passed, in order.
    pub(crate) relays: Vec<NodeId>,
}

impl Dialler {
    /// The headers of each request to this node.
    pub(crate) fn headers(&self, to: NodeId, secret: &Secret) -> Vec<(HeaderName, String)> {
        let mut headers = vec![
            (header::AUTHORIZATION, secret.bearer()),
            (FROM, self.id.to_string()),
            (TO, to.to_string()),
            (INCARNATION, self.incarnation.to_string()),
            (VERSION, PROTOCOL.to_string()),
        ];
        if !self.relays.is_empty() {
            headers.push((RELAYS, list(&self.relays)));
        }
        headers
    }
}

/// The headers by which the dialler identifies itself and the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) dialler: Dialler,
    pub(crate) to: NodeId,
    pub(crate) kind: LinkKind,
    /// Whether it is a standby ring link: held ready, and silent until it is in use.
    pub(crate) standby: bool,
}

/// A status and the reason for it.
pub(crate) type Refusal = (StatusCode, String);

/// A member of the ring as the port knows it.
#[derive(Debug, Clone)]
pub(crate) struct KnownMember {
    pub(crate) name: NodeName,
    /// Its present start.
    pub(crate) present: Incarnation,
    /// Address at which it accepts links, when it has announced that.
    pub(crate) address: Option<SocketAddr>,
}

/// The members that may open links. Cheap to clone; all clones share their content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Members(Arc<Mutex<BTreeMap<NodeId, KnownMember>>>);

impl Members {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<NodeId, KnownMember>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the members.
    pub(crate) fn set(&self, members: impl IntoIterator<Item = (NodeId, KnownMember)>) {
        *self.locked() = members.into_iter().collect();
    }

    /// Notes that a newer start of a member has opened a link.
    pub(crate) fn newer(&self, id: NodeId, incarnation: Incarnation) {
        if let Some(member) = self.locked().get_mut(&id) {
            member.present = incarnation.max(member.present);
        }
    }

    /// Returns the address at which a member is dialled.
    pub(crate) fn address(&self, id: NodeId) -> SocketAddr {
        self.locked().get(&id).and_then(|member| member.address).unwrap_or(NOWHERE)
    }

    /// Checks that this start of a node may open a link.
    fn admit(&self, id: NodeId, incarnation: Incarnation) -> Result<(), Refusal> {
        match self.locked().get(&id) {
            None => Err((StatusCode::FORBIDDEN, "not a member of the ring".to_owned())),
            Some(KnownMember { name, present, .. }) if incarnation < *present => {
                Err((StatusCode::CONFLICT, former_start(name, incarnation, *present)))
            }
            Some(_) => Ok(()),
        }
    }

    /// Checks the other nodes on the way of a link.
    pub(crate) fn check_way(
        &self,
        me: NodeId,
        from: NodeId,
        relays: &[NodeId],
        path: &[NodeId],
    ) -> Result<(), Refusal> {
        let members = self.locked();
        let mut seen = BTreeSet::from([me, from]);
        let refuse = |status, reason: String| Err((status, reason));
        if relays.len() + path.len() > MAX_RELAYS {
            return refuse(StatusCode::BAD_REQUEST, format!("more than {MAX_RELAYS} relays"));
        }
        for id in relays.iter().chain(path) {
            if !seen.insert(*id) {
                return refuse(StatusCode::BAD_REQUEST, format!("{id} is twice on the way"));
            }
            if !members.contains_key(id) {
                return refuse(
                    StatusCode::FORBIDDEN,
                    format!("{id}, on the way, is not a member of the ring"),
                );
            }
        }
        Ok(())
    }
}

/// A closed port. A member that has not announced an address is dialled there, so that the failure is
/// handled like any other.
pub(crate) const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

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

/// Opens a link, through relays when its way has some. The caller sets the time that it may take.
pub(crate) async fn dial(way: &Way, hello: &Hello, secret: &Secret) -> Result<Socket, LinkEnd> {
    let address = way.peer.address;
    let begun = Instant::now();
    // The first hop is asked before any relay has passed the request on.
    let dialler = Dialler { relays: Vec::new(), ..hello.dialler.clone() };
    let stream = tunnel::reach(way.first(), &way.after_first(), &dialler, secret)
        .await
        .map_err(|lost| lost.end(way, begun.elapsed()))?;
    let failed =
        |error: &dyn Display| LinkEnd::DialFailed { reason: format!("opening a link at {address}: {error}") };
    let uri = format!("ws://{address}{}", path(hello.kind, hello.standby));
    let mut request = uri.into_client_request().map_err(|error| failed(&error))?;
    for (name, value) in hello.dialler.headers(hello.to, secret) {
        let value = HeaderValue::from_str(&value).map_err(|error| failed(&error))?;
        request.headers_mut().insert(name, value);
    }
    let stream = FaultyStream::new(stream);
    match tokio_tungstenite::client_async_with_config(request, stream, Some(config())).await {
        Ok((socket, _)) => Ok(socket),
        // The peer gives a response; all else comes of the connection, which the first relay has ended.
        Err(error) if !way.relays.is_empty() && !matches!(error, Error::Http(_)) => Err(LinkEnd::RelayLost),
        Err(error) => Err(failed(&error)),
    }
}

/// A connection that was admitted.
pub(crate) enum Admitted {
    /// A link.
    Link(Box<Socket>, Hello),
    /// A tunnel to another node, which is not answered yet.
    Tunnel(TcpStream, Tunnel),
}

/// Accepts a member's link or its request for a tunnel, or returns the reason for the refusal.
pub(crate) async fn accept(
    stream: TcpStream,
    me: NodeId,
    secret: &Secret,
    members: &Members,
) -> Result<Admitted, String> {
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let deadline = tokio::time::Instant::now() + ACCEPT_WITHIN;
    let too_late = || format!("no complete handshake within {} s", ACCEPT_WITHIN.as_secs());
    let mut first = [0];
    let peeked = timeout_at(deadline, stream.peek(&mut first)).await.map_err(|_| too_late())?;
    if peeked.is_ok() && first == *b"C" {
        let accepting = tunnel::accept(stream, me, secret, members);
        let (stream, tunnel) = timeout_at(deadline, accepting).await.map_err(|_| too_late())??;
        return Ok(Admitted::Tunnel(stream, tunnel));
    }
    let accepting = accept_link(stream, me, secret, members);
    let (socket, hello) = timeout_at(deadline, accepting).await.map_err(|_| too_late())??;
    Ok(Admitted::Link(Box::new(socket), hello))
}

#[allow(clippy::result_large_err, reason = "the error type is the WebSocket library's")]
async fn accept_link(
    stream: TcpStream,
    me: NodeId,
    secret: &Secret,
    members: &Members,
) -> Result<(Socket, Hello), String> {
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
    let stream = FaultyStream::new(stream);
    let socket = tokio_tungstenite::accept_hdr_async_with_config(stream, check, Some(config())).await;
    match (socket, received_hello) {
        (_, Some(Err(reason))) => Err(reason),
        (Ok(socket), Some(Ok(hello))) => Ok((socket, hello)),
        (Ok(_), None) => Err("not a WebSocket handshake".to_owned()),
        (Err(error), _) => Err(format!("not a WebSocket handshake: {error}")),
    }
}

fn read_hello(request: &Request, me: NodeId, secret: &Secret, members: &Members) -> Result<Hello, Refusal> {
    let headers = request.headers();
    check_sender(headers, secret)?;
    let (kind, standby) = match request.uri().path() {
        "/v1/ring" => (LinkKind::Ring, false),
        "/v1/standby" => (LinkKind::Ring, true),
        "/v1/heartbeat" => (LinkKind::Heartbeat, false),
        "/v1/direct" => (LinkKind::Direct, false),
        _ => return Err((StatusCode::NOT_FOUND, "no such kind of link".to_owned())),
    };
    let dialler = read_dialler(headers, me, members)?;
    members.check_way(me, dialler.id, &dialler.relays, &[])?;
    Ok(Hello { dialler, to: me, kind, standby })
}

/// Checks that a node of this run sent these headers.
pub(crate) fn check_sender(headers: &HeaderMap, secret: &Secret) -> Result<(), Refusal> {
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
    Ok(())
}

/// Reads the name of the dialler, and checks that it may and that it means this node.
pub(crate) fn read_dialler(headers: &HeaderMap, me: NodeId, members: &Members) -> Result<Dialler, Refusal> {
    let refuse = |status, reason: &str| Err((status, reason.to_owned()));
    if field::<u32>(headers, &VERSION)? != PROTOCOL {
        return refuse(StatusCode::BAD_REQUEST, "another version of the node-link protocol");
    }
    let (id, incarnation) = (NodeId(field(headers, &FROM)?), Incarnation(field(headers, &INCARNATION)?));
    let to = NodeId(field(headers, &TO)?);
    let relays = if headers.contains_key(RELAYS) { ids(headers, &RELAYS)? } else { Vec::new() };
    if to != me {
        return refuse(StatusCode::MISDIRECTED_REQUEST, "meant for another node");
    }
    if id == me {
        return refuse(StatusCode::BAD_REQUEST, "claims to be this very node");
    }
    members.admit(id, incarnation)?;
    Ok(Dialler { id, incarnation, relays })
}

fn field<T: std::str::FromStr>(headers: &HeaderMap, name: &HeaderName) -> Result<T, Refusal> {
    text(headers, name).and_then(|text| text.parse().ok()).ok_or_else(|| malformed(name))
}

/// Reads a list of ids, as [`list`] writes it.
pub(crate) fn ids(headers: &HeaderMap, name: &HeaderName) -> Result<Vec<NodeId>, Refusal> {
    let ids =
        text(headers, name).map(|text| text.split(',').map(|id| id.trim().parse().map(NodeId)).collect());
    ids.and_then(Result::ok).ok_or_else(|| malformed(name))
}

/// The value of a header that lists these ids.
pub(crate) fn list(ids: &[NodeId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn malformed(name: &HeaderName) -> Refusal {
    (StatusCode::BAD_REQUEST, format!("the header {name} is missing or malformed"))
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
            members.set([(PEER, KnownMember { name, present: Incarnation(2), address: None })]);
            if let Ok(hello) = read_hello(&request, ME, &secret, &members) {
                prop_assert!(hello.dialler.id == PEER && hello.to == ME);
                prop_assert!(hello.dialler.incarnation >= Incarnation(2));
                prop_assert!(!request.headers().contains_key(header::ORIGIN));
                prop_assert_eq!(request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes), Some(&b"Bearer secret"[..]));
            }
        }
    }
}
