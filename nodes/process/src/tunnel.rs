//! Tunnels to members that can't be reached directly: a node asks a neighbour by HTTP `CONNECT` to relay to
//! the next hop, and that one the same of the hop after it. At the end of the tunnel is the node's port of
//! the last hop, as if it had been dialled.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use ringleader_shared::NodeId;
use ringleader_shared::link::LinkEnd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, write_response};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::clock::whole_ms;
use crate::handshake::{Dialler, Members, Refusal, check_sender, ids, list, read_dialler};
use crate::links::{Hop, Way};
use crate::secret::Secret;

/// The largest head of a request for a tunnel, and the largest answer, in bytes.
pub(crate) const MAX_HEAD: usize = 8 * 1024;

/// The hops after the node that is asked, in order.
const PATH: HeaderName = HeaderName::from_static("ringleader-path");
/// In an answer: the hop that could not be reached.
const LOST: HeaderName = HeaderName::from_static("ringleader-lost");
/// In an answer: how that hop failed, where there is a word for it.
const LOST_REASON: HeaderName = HeaderName::from_static("ringleader-lost-reason");

/// A request for a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tunnel {
    pub(crate) dialler: Dialler,
    /// The next hop. It is the end of the tunnel when there is no rest.
    pub(crate) next: NodeId,
    /// The hops after the next, in order. The last one is the end of the tunnel.
    pub(crate) rest: Vec<NodeId>,
}

/// The hop that could not be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) hop: NodeId,
    pub(crate) how: Failure,
    /// The error, for people.
    pub(crate) reason: String,
}

/// Reason for which a hop could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody listens at its port, so that its process is certainly over.
    Refused,
    /// It did not answer in time.
    Unanswered,
    /// Another error.
    Other,
}

impl Failure {
    /// The word for it in an answer.
    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Refused => Some("refused"),
            Self::Unanswered => Some("unanswered"),
            Self::Other => None,
        }
    }

    fn read(headers: &HeaderMap) -> Self {
        let word = headers.get(LOST_REASON).and_then(|word| word.to_str().ok());
        [Self::Refused, Self::Unanswered].into_iter().find(|it| it.as_str() == word).unwrap_or(Self::Other)
    }
}

impl Lost {
    fn new(hop: NodeId, how: Failure, reason: String) -> Self {
        Self { hop, how, reason }
    }

    /// The cause by which a dial ends that took this way.
    pub(crate) fn end(self, way: &Way, waited: Duration) -> LinkEnd {
        let address = Some(way.peer.address.to_string());
        if self.hop != way.peer.id {
            tracing::debug!(hop = %self.hop, reason = self.reason, "a relay was lost");
            return LinkEnd::RelayLost;
        }
        match self.how {
            Failure::Refused => LinkEnd::NobodyListens { address },
            Failure::Unanswered => LinkEnd::Unanswered { address, waited_ms: whole_ms(waited) },
            Failure::Other => LinkEnd::DialFailed { reason: self.reason },
        }
    }
}

/// Connects to the last of these hops: directly to the only one, or by asking the first to relay to the rest.
/// The caller sets the time that it may take.
pub(crate) async fn reach(
    first: Hop,
    rest: &[NodeId],
    dialler: &Dialler,
    secret: &Secret,
) -> Result<TcpStream, Lost> {
    let Hop { id, address } = first;
    let failed =
        |error: &dyn Display| Lost::new(id, Failure::Other, format!("connecting to {address}: {error}"));
    let mut stream = TcpStream::connect(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            Lost::new(id, Failure::Refused, format!("nobody listens at {address}"))
        }
        _ => failed(&error),
    })?;
    stream.set_nodelay(true).map_err(|error| failed(&error))?;
    let Some((next, _)) = rest.split_first() else { return Ok(stream) };
    let lines: String = dialler
        .headers(id, secret)
        .into_iter()
        .chain([(PATH, list(rest))])
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let request = format!("CONNECT {next} HTTP/1.1\r\nhost: {next}\r\n{lines}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| failed(&error))?;
    match read_answer(&mut stream).await {
        Ok((StatusCode::OK, ..)) => Ok(stream),
        Ok((status, headers, body)) => Err(read_lost(id, status, &headers, &body)),
        Err(error) => Err(failed(&error)),
    }
}

/// The hop that an answer names, or else the one that gave it.
fn read_lost(first: NodeId, status: StatusCode, headers: &HeaderMap, body: &str) -> Lost {
    let named = ids(headers, &LOST).ok().filter(|_| status == StatusCode::BAD_GATEWAY);
    match named.as_deref() {
        Some([hop]) => Lost::new(*hop, Failure::read(headers), body.to_owned()),
        _ => Lost::new(first, Failure::Other, format!("it does not relay: {status}: {body}")),
    }
}

/// Reads the answer to a request for a tunnel, and not a byte of what comes through an open one.
async fn read_answer(stream: &mut TcpStream) -> io::Result<(StatusCode, HeaderMap, String)> {
    let malformed = |error: &dyn Display| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    let mut bytes = Vec::new();
    loop {
        if let Some((head, response)) =
            client::Response::try_parse(&bytes).map_err(|error| malformed(&error))?
        {
            let (parts, _) = response.into_parts();
            if parts.status == StatusCode::OK && bytes.len() > head {
                return Err(malformed(&"the relay sent something before the tunnel was used"));
            }
            if parts.status != StatusCode::OK {
                let room = u64::try_from(MAX_HEAD.saturating_sub(bytes.len())).unwrap_or_default();
                stream.take(room).read_to_end(&mut bytes).await?;
            }
            let body = bytes.get(head..).unwrap_or_default();
            return Ok((parts.status, parts.headers, String::from_utf8_lossy(body).into_owned()));
        }
        read_more(stream, &mut bytes).await?;
    }
}

async fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let problem = if bytes.len() > MAX_HEAD {
        Some((io::ErrorKind::InvalidData, "the head is too large"))
    } else if stream.read_buf(bytes).await? == 0 {
        Some((io::ErrorKind::UnexpectedEof, "the connection ended before the head did"))
    } else {
        None
    };
    problem.map_or(Ok(()), |(kind, words)| Err(io::Error::new(kind, words)))
}

/// Reads and checks a request for a tunnel. A refused one is answered here.
pub(crate) async fn accept(
    mut stream: TcpStream,
    me: NodeId,
    secret: &Secret,
    members: &Members,
) -> Result<(TcpStream, Tunnel), String> {
    let mut bytes = Vec::new();
    let read = loop {
        match read_request(&bytes, me, secret, members) {
            Ok(Some(tunnel)) => break Ok(tunnel),
            Ok(None) => {}
            Err(refusal) => break Err(refusal),
        }
        read_more(&mut stream, &mut bytes)
            .await
            .map_err(|error| format!("not a handshake of a tunnel: {error}"))?;
    };
    match read {
        Ok(tunnel) => Ok((stream, tunnel)),
        Err((status, reason)) => {
            answer(&mut stream, status, None, &reason).await;
            Err(reason)
        }
    }
}

/// Reads a request when it is whole.
fn read_request(
    bytes: &[u8],
    me: NodeId,
    secret: &Secret,
    members: &Members,
) -> Result<Option<Tunnel>, Refusal> {
    let refuse = |reason: &str| Err((StatusCode::BAD_REQUEST, reason.to_owned()));
    let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
    let (line, rest) = bytes.split_at(end + 2);
    let headers = match HeaderMap::try_parse(rest) {
        Ok(None) => return Ok(None),
        Ok(Some((length, headers))) if length == rest.len() => headers,
        Ok(Some(_)) => return refuse("something follows the request for a tunnel"),
        Err(error) => return refuse(&format!("not a handshake of a tunnel: {error}")),
    };
    check_sender(&headers, secret)?;
    let target = line.strip_prefix(b"CONNECT ").and_then(|line| line.strip_suffix(b" HTTP/1.1\r\n"));
    let Some(target) = target.and_then(|target| std::str::from_utf8(target).ok()) else {
        return refuse("not a handshake of a tunnel: no such method");
    };
    let dialler = read_dialler(&headers, me, members)?;
    let path = ids(&headers, &PATH)?;
    members.check_way(me, dialler.id, &dialler.relays, &path)?;
    match path.split_first() {
        Some((next, rest)) if target.parse() == Ok(next.0) => {
            Ok(Some(Tunnel { dialler, next: *next, rest: rest.to_vec() }))
        }
        _ => refuse("the path does not begin with the node that is asked for"),
    }
}

/// Answers a request for a tunnel. What is sent to a dialler that is gone is lost.
pub(crate) async fn answer(stream: &mut TcpStream, status: StatusCode, lost: Option<&Lost>, body: &str) {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = status;
    if let Some(Lost { hop, how, .. }) = lost {
        if let Ok(hop) = HeaderValue::from_str(&hop.to_string()) {
            response.headers_mut().insert(LOST, hop);
        }
        if let Some(word) = how.as_str() {
            response.headers_mut().insert(LOST_REASON, HeaderValue::from_static(word));
        }
    }
    let mut bytes = Vec::new();
    if write_response(&mut bytes, &response).is_ok() {
        bytes.extend_from_slice(body.as_bytes());
        let _ = stream.write_all(&bytes).await;
    }
}
