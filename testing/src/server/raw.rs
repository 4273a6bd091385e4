//! HTTP by hand: a test determines every byte of a request, so that it can send wrong ones.

use std::io::{Read, Write};
use std::net::TcpStream;

use ringleader_shared::api::Problem;
use serde::de::DeserializeOwned;

use super::{PATIENCE, Server};

/// The answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status; 0 when the connection was closed without one.
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The media type, without its parameters.
    pub fn kind(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default()
    }

    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The problem in the answer, which must have this status.
    pub fn problem(&self, status: u16) -> Problem {
        assert_eq!((self.status, self.kind()), (status, "application/problem+json"), "{self:?}");
        let problem: Problem = self.json();
        assert_eq!((problem.status, problem.kind.as_str()), (status, "about:blank"));
        assert!(!problem.title.is_empty());
        problem
    }
}

/// Reads one answer from a connection.
pub fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut answer = read_head(stream);
    let body = if answer.header("transfer-encoding") == Some("chunked") {
        read_chunks(stream)
    } else {
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        read_bytes(stream, length)
    };
    answer.body = String::from_utf8(body).expect("a body is text");
    answer
}

fn read_bytes(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).expect("the whole body comes");
    bytes
}

fn read_chunks(stream: &mut TcpStream) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut size = Vec::new();
        while !size.ends_with(b"\r\n") {
            size.extend(read_bytes(stream, 1));
        }
        let size = usize::from_str_radix(String::from_utf8_lossy(&size).trim(), 16).expect("a chunk's size");
        body.extend(read_bytes(stream, size));
        assert_eq!(read_bytes(stream, 2), b"\r\n");
        if size == 0 {
            return body;
        }
    }
}

fn read_head(stream: &mut TcpStream) -> Answer {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            Ok(_) => break,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("no answer: {error}, only {}", bytes.escape_ascii()),
        }
    }
    let head = String::from_utf8(bytes).expect("a head is text");
    let status =
        head.split(' ').nth(1).filter(|_| head.starts_with("HTTP/1.1 ")).and_then(|code| code.parse().ok());
    Answer { status: status.unwrap_or(0), head, body: String::new() }
}

/// Sends these bytes, then reads one answer.
pub fn send(authority: &str, bytes: &[u8]) -> (Answer, TcpStream) {
    let mut stream = TcpStream::connect(authority).expect("the server listens");
    // The server may have answered and closed the connection before it had received everything.
    let _ = stream.write_all(bytes);
    let bodiless = bytes.starts_with(b"HEAD ");
    let answer = if bodiless { read_head(&mut stream) } else { read_answer(&mut stream) };
    (answer, stream)
}

/// A request with these headers and no others, but for the length of its body.
pub fn request(method: &str, target: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    if !body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// The headers of a WebSocket handshake.
pub const UPGRADE: [(&str, &[u8]); 4] = [
    ("Connection", b"Upgrade"),
    ("Upgrade", b"websocket"),
    ("Sec-WebSocket-Version", b"13"),
    ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
];

impl Server {
    /// Sends a request with a valid `Host`, a body and its media type.
    pub fn call(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Answer {
        let mut headers: Vec<(&str, &[u8])> = vec![("Host", self.authority.as_bytes())];
        if let Some((kind, _)) = body {
            headers.push(("Content-Type", kind.as_bytes()));
        }
        let body = body.map_or("", |(_, body)| body);
        send(&self.authority, &request(method, path, &headers, body.as_bytes())).0
    }

    /// Sends a request with a JSON body.
    pub fn call_json(&self, method: &str, path: &str, body: &str) -> Answer {
        self.call(method, path, Some(("application/json", body)))
    }
}
