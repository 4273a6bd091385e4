//! The pieces of what one end of a WebSocket sends: the head of its handshake, then its frames (RFC 6455,
//! 5.2). A relay passes on whole pieces only.

use ringleader_shared::link::MAX_FRAME;

use crate::tunnel::MAX_HEAD;

const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0F;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7F;

/// Reads pieces out of bytes as they come. It holds one incomplete piece at most, and what came with the end
/// of the piece before.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    bytes: Vec<u8>,
    head_is_over: bool,
}

/// A piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The head of a handshake. Its reason comes with that of a refusal, after which there are no frames.
    Head(Vec<u8>),
    Frame(Frame),
}

/// A WebSocket frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    bytes: Vec<u8>,
    /// Offset of its content.
    content: usize,
}

/// A piece that is larger than any that a node sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooBig;

impl Splitter {
    /// The buffer to which bytes are added.
    pub(super) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Whether frames come from now on.
    pub(super) const fn head_is_over(&self) -> bool {
        self.head_is_over
    }

    /// Takes out the next piece when it is whole.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, TooBig> {
        if self.head_is_over {
            return Ok(self.frame()?.map(Piece::Frame));
        }
        let Some(end) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if self.bytes.len() > MAX_HEAD { Err(TooBig) } else { Ok(None) };
        };
        let is_refusal = self.bytes.starts_with(b"HTTP/") && !self.bytes.starts_with(b"HTTP/1.1 101");
        self.head_is_over = !is_refusal;
        let end = if is_refusal { self.bytes.len() } else { end + 4 };
        Ok(Some(Piece::Head(self.take(end))))
    }

    fn frame(&mut self) -> Result<Option<Frame>, TooBig> {
        let Some(&[_, second]) = self.bytes.first_chunk() else { return Ok(None) };
        let mask = if second & MASKED == 0 { 0 } else { 4 };
        let (length, head) = match second & LENGTH {
            126 => match self.bytes.get(2..).and_then(<[u8]>::first_chunk) {
                Some(long) => (u64::from(u16::from_be_bytes(*long)), 4),
                None => return Ok(None),
            },
            127 => match self.bytes.get(2..).and_then(<[u8]>::first_chunk) {
                Some(long) => (u64::from_be_bytes(*long), 10),
                None => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        let length = usize::try_from(length).ok().filter(|length| *length <= MAX_FRAME).ok_or(TooBig)?;
        let content = head + mask;
        if self.bytes.len() < content + length {
            return Ok(None);
        }
        Ok(Some(Frame { bytes: self.take(content + length), content }))
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.bytes.split_off(length);
        std::mem::replace(&mut self.bytes, rest)
    }
}

impl Frame {
    /// A close frame with this content. That of a dialler is masked, with a key of zeros.
    pub(super) fn close(code: u16, reason: &str, of_dialler: bool) -> Vec<u8> {
        let content: Vec<u8> = code.to_be_bytes().into_iter().chain(reason.bytes()).collect();
        let length = u8::try_from(content.len()).unwrap_or_default() & LENGTH;
        let mut bytes = vec![FIN | CLOSE, if of_dialler { MASKED | length } else { length }];
        if of_dialler {
            bytes.extend([0; 4]);
        }
        bytes.extend(content);
        bytes
    }

    fn first(&self) -> u8 {
        self.bytes.first().copied().unwrap_or_default()
    }

    pub(super) fn is_close(&self) -> bool {
        self.first() & OPCODE == CLOSE
    }

    /// The content of a frame that is a whole text message.
    pub(super) fn text(&self) -> Option<Vec<u8>> {
        if self.first() & (FIN | OPCODE) != FIN | TEXT {
            return None;
        }
        let mut text = self.bytes.get(self.content..)?.to_vec();
        if let Some(key) = self.bytes.get(..self.content)?.last_chunk::<4>()
            && self.bytes.get(1)? & MASKED != 0
        {
            text.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        }
        Some(text)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
