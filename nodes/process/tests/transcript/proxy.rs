//! Recording proxies between the nodes.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::websocket::{Piece, Reader, ping, replace};

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Dialler,
    Acceptor,
}

/// One connection from its first byte on.
#[derive(Debug, Default)]
struct Connection {
    readers: [Reader; 2],
    pieces: Vec<(End, Piece)>,
    /// The number of pieces that have been written to the transcript.
    written: usize,
    /// Whether one end is gone without a close frame.
    broken: bool,
    broken_written: bool,
}

/// Everything that crossed the wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tape {
    connections: Arc<Mutex<Vec<Connection>>>,
    /// The member that does not hear of the end of its connections for now.
    unaware: watch::Sender<Option<&'static str>>,
}

/// A listener before a node: the bytes that it accepts go to the node, and on the tape.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The node behind it is gone as well.
        self.task.abort();
    }
}

impl Proxy {
    pub(crate) async fn before(node: SocketAddr, tape: Tape) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            while let Ok((dialler, _)) = listener.accept().await {
                if let Ok(acceptor) = TcpStream::connect(node).await {
                    let _ = (dialler.set_nodelay(true), acceptor.set_nodelay(true));
                    let connection = tape.open();
                    let (from_dialler, to_dialler) = dialler.into_split();
                    let (from_acceptor, to_acceptor) = acceptor.into_split();
                    tokio::spawn(carry(End::Dialler, from_dialler, to_acceptor, tape.clone(), connection));
                    tokio::spawn(carry(End::Acceptor, from_acceptor, to_dialler, tape.clone(), connection));
                }
            }
        });
        Self { address, task }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.task.is_finished()
    }
}

async fn carry(end: End, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, tape: Tape, connection: usize) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes).await {
            Ok(count) if count > 0 => {
                tape.heard(connection, end, &bytes[..count]);
                if to.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
            _ => {
                tape.ended(connection);
                tape.until_aware(connection, end).await;
                let _ = to.shutdown().await;
                return;
            }
        }
    }
}

impl Tape {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<Connection>) -> T) -> T {
        act(&mut self.connections.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open(&self) -> usize {
        self.with(|connections| {
            connections.push(Connection::default());
            connections.len() - 1
        })
    }

    fn heard(&self, connection: usize, end: End, bytes: &[u8]) {
        self.with(|connections| {
            let Connection { readers, pieces, .. } = &mut connections[connection];
            let new = readers[end as usize].take(bytes);
            pieces.extend(new.into_iter().filter(|piece| *piece != Piece::Pong).map(|piece| (end, piece)));
        });
    }

    /// Holds back from a member that its connections end, or from nobody any more.
    pub(crate) fn keep_unaware(&self, member: Option<&'static str>) {
        self.unaware.send_replace(member);
    }

    /// Waits until the peer of this end may hear that the end is gone.
    async fn until_aware(&self, connection: usize, end: End) {
        let peer = self.with(|connections| connections[connection].names()[1 - end as usize]);
        let aware = |unaware: &Option<&str>| *unaware != Some(peer);
        // Fails only when the tape is gone, which this task owns too.
        let _ = self.unaware.subscribe().wait_for(aware).await;
    }

    /// The number of frames by which members have looked for a path.
    pub(crate) fn path_frames(&self) -> usize {
        self.with(|connections| {
            connections.iter().flat_map(|it| &it.pieces).filter(|(_, piece)| is_path_frame(piece)).count()
        })
    }

    fn ended(&self, connection: usize) {
        self.with(|connections| connections[connection].broken = true);
    }

    /// The number of frames that have crossed the wire, pings and path frames left out.
    pub(crate) fn frames(&self) -> usize {
        self.with(|connections| {
            let pieces = connections.iter().flat_map(|it| &it.pieces);
            let ends = connections.iter().filter(|it| it.broken).count();
            let counts = |piece: &Piece| !matches!(piece, Piece::Ping(_)) && !is_path_frame(piece);
            ends + pieces.filter(|(_, piece)| counts(piece)).count()
        })
    }

    /// The frames that have crossed the wire since the last time, connection by connection. The other members
    /// notice by one link or another that a member is gone, and close or lose the rest: only the frames of
    /// the member itself are written. Path frames are left out: until a member has found that nobody listens
    /// at the port of a dead one, it may look for a path to it or not.
    pub(crate) fn since_last_time(&self, gone: Option<&str>) -> String {
        self.with(|connections| {
            let mut written: Vec<(String, String)> = Vec::new();
            let mut first = !connections.iter().any(|it| it.written > 0);
            let mut in_order: Vec<&mut Connection> = connections.iter_mut().collect();
            in_order.sort_by_key(|connection| connection.title());
            for connection in in_order {
                let lines = connection.write(first, gone);
                first &= lines.is_empty();
                if !lines.is_empty() {
                    written.push((connection.title(), lines));
                }
            }
            written.into_iter().map(|(title, lines)| format!("\n{title}\n{lines}")).collect()
        })
    }
}

impl Connection {
    /// The value of a header of the request.
    fn header(&self, name: &str) -> &str {
        let head = self.pieces.iter().find_map(|(end, piece)| match piece {
            Piece::Head(head) if *end == End::Dialler => Some(head.as_str()),
            _ => None,
        });
        let line = head.unwrap_or_default().lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        });
        line.unwrap_or_default()
    }

    fn path(&self) -> &str {
        match self.pieces.first() {
            Some((_, Piece::Head(head))) => head.split(' ').nth(1).unwrap_or_default(),
            _ => "",
        }
    }

    fn title(&self) -> String {
        if self.pieces.is_empty() {
            return String::new();
        }
        let name = |header| crate::name_of(self.header(header));
        let (from, to) = (name("ringleader-from"), name("ringleader-to"));
        format!("{from} → {to}  {}, start {} of {from}", self.path(), self.header("ringleader-incarnation"))
    }

    /// The members at its ends, the dialler first; empty before the request is there.
    fn names(&self) -> [&'static str; 2] {
        [self.header("ringleader-from"), self.header("ringleader-to")].map(|id| match id {
            "" => "",
            id => crate::name_of(id),
        })
    }

    /// The pieces that have not been written yet, those of the dialler first.
    fn write(&mut self, with_head: bool, gone: Option<&str>) -> String {
        let mut text = String::new();
        let closed_before = self.pieces[..self.written].iter().any(is_close);
        // The answer to a close is left out.
        let close = (!closed_before)
            .then(|| self.pieces.iter().filter(|piece| is_close(piece)))
            .into_iter()
            .flatten();
        let names = self.names();
        let gone = [End::Dialler, End::Acceptor].into_iter().find(|end| gone == Some(names[*end as usize]));
        let close = close.into_iter().find(|(by, _)| gone.is_none_or(|gone| gone == *by));
        for end in [End::Dialler, End::Acceptor] {
            let who = names[end as usize];
            let mut pinged = self.pieces[..self.written]
                .iter()
                .any(|(by, piece)| *by == end && matches!(piece, Piece::Ping(_)));
            for (_, piece) in self.pieces[self.written..].iter().filter(|(by, _)| *by == end) {
                match piece {
                    Piece::Head(head) if with_head => {
                        let lines = head_lines(head).map(|line| format!("  {who}: {line}\n"));
                        text.extend(lines);
                    }
                    Piece::Head(_) | Piece::Pong | Piece::Close(_) => {}
                    Piece::Ping(payload) if !pinged && end == End::Dialler => {
                        pinged = true;
                        let _ = writeln!(text, "  {who}: {}", ping(payload));
                    }
                    Piece::Ping(_) => {}
                    Piece::Text(_) if is_path_frame(piece) => {}
                    Piece::Text(frame) => {
                        let _ = writeln!(text, "  {who}: {}", replace(frame));
                    }
                }
            }
        }
        if let Some((end, Piece::Close(frame))) = close {
            let frame = frame
                .as_ref()
                .map_or("without a code".to_owned(), |(code, reason)| format!("{code} {reason:?}"));
            let _ = writeln!(text, "  {}: close {frame}", names[*end as usize]);
        } else if self.broken && !self.broken_written && !closed_before {
            let _ = writeln!(text, "  (the connection breaks)");
            self.broken_written = true;
        }
        self.written = self.pieces.len();
        text
    }
}

fn is_close((_, piece): &(End, Piece)) -> bool {
    matches!(piece, Piece::Close(_))
}

fn is_path_frame(piece: &Piece) -> bool {
    matches!(piece, Piece::Text(frame) if frame.starts_with(r#"{"type":"path_"#))
}

/// The lines of a head in a fixed order, with what differs from run to run replaced.
fn head_lines(head: &str) -> impl Iterator<Item = String> {
    let mut lines: Vec<String> = head
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let Some((key, value)) = line.split_once(": ") else { return line.to_owned() };
            let value = match key.to_ascii_lowercase().as_str() {
                "host" => "127.0.0.1:«port»",
                "authorization" => "Bearer «secret»",
                "sec-websocket-key" => "«key»",
                "sec-websocket-accept" => "«the key's answer, RFC 6455»",
                _ => value,
            };
            format!("{key}: {value}")
        })
        .collect();
    if let Some((_, fields)) = lines.split_first_mut() {
        fields.sort();
    }
    lines.into_iter()
}
