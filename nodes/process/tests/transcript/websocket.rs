//! WebSocket connections, read from their bytes: handshakes and frames (RFC 6455).

/// A piece of one direction of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The head of the request or of the answer.
    Head(String),
    Text(String),
    Ping(Vec<u8>),
    Pong,
    /// A close with its code and reason.
    Close(Option<(u16, String)>),
}

/// The bytes of one direction that are not understood yet.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    is_open: bool,
}

impl Reader {
    /// Takes bytes in; returns what is complete.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.bytes.extend_from_slice(bytes);
        std::iter::from_fn(|| self.next()).collect()
    }

    fn next(&mut self) -> Option<Piece> {
        if !self.is_open {
            let end = self.bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
            let head: Vec<u8> = self.bytes.drain(..end).collect();
            self.is_open = true;
            return Some(Piece::Head(String::from_utf8(head).expect("a head is text")));
        }
        let (&first, &second) = (self.bytes.first()?, self.bytes.get(1)?);
        assert!(first & 0x80 != 0, "the frames of nodes are short: none is a part of a message");
        let (length, mut at) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([*self.bytes.get(2)?, *self.bytes.get(3)?])), 4),
            127 => panic!("a frame over 64 kB"),
            short => (usize::from(short), 2),
        };
        let mask: Option<[u8; 4]> = match second & 0x80 {
            0 => None,
            _ => Some(self.bytes.get(at..at + 4)?.try_into().expect("four bytes")),
        };
        at += mask.map_or(0, |mask| mask.len());
        self.bytes.get(at..at + length)?;
        let frame: Vec<u8> = self.bytes.drain(..at + length).skip(at).collect();
        let mask = mask.unwrap_or_default();
        let payload: Vec<u8> =
            frame.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        Some(match first & 0x0f {
            0x1 => Piece::Text(text(&payload)),
            0x8 => Piece::Close(
                payload.split_first_chunk().map(|(code, reason)| (u16::from_be_bytes(*code), text(reason))),
            ),
            0x9 => Piece::Ping(payload),
            0xa => Piece::Pong,
            other => panic!("a frame of kind {other}"),
        })
    }
}

/// The fields of messages that differ from run to run.
const VARYING: [(&str, &str); 5] = [
    ("number", "«number»"),
    ("lamport", "«clock»"),
    ("sent_ns", "«ns»"),
    ("pid", "«pid»"),
    ("address", "\"127.0.0.1:«port»\""),
];

/// Replaces the values of the fields that differ from run to run.
pub(crate) fn replace(json: &str) -> String {
    VARYING.into_iter().fold(json.to_owned(), |text, (field, placeholder)| {
        let key = format!("\"{field}\":");
        let mut pieces = text.split(&key);
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |text, piece| {
            let value = piece.find([',', '}']).unwrap_or(piece.len());
            format!("{text}{key}{placeholder}{}", &piece[value..])
        })
    })
}

/// A ping of a node: its time is replaced, its digests are shown.
pub(crate) fn ping(payload: &[u8]) -> String {
    let digest = |at: usize| {
        payload.get(at..at + 8).map_or(0, |it| u64::from_be_bytes(it.try_into().expect("8 bytes")))
    };
    assert_eq!(payload.len(), 24, "the ping of a node");
    format!("ping «ns» {:016x} {:016x}", digest(8), digest(16))
}
