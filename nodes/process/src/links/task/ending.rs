//! The ends of a link.

use ringleader_shared::link::{LinkEnd, close};
use tokio::sync::watch::error::RecvError;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The end of a link, and what it means.
pub(super) struct Ending {
    pub(super) cause: LinkEnd,
    /// Whether the peer counts as dead or hung.
    pub(super) failure: bool,
    /// The close frame to send, if the other end may still read it.
    pub(super) goodbye: Option<(u16, &'static str)>,
}

impl Ending {
    /// The peer is lost; nothing can be sent to it any more.
    pub(super) const fn failed(cause: LinkEnd) -> Self {
        Self { cause, failure: true, goodbye: None }
    }

    /// The connection broke. That of a relayed link is the one to its first relay.
    pub(super) const fn broken(is_relayed: bool) -> Self {
        Self::failed(if is_relayed { LinkEnd::RelayLost } else { LinkEnd::Broken })
    }

    pub(super) const fn silent(silent_for_ms: u64) -> Self {
        let goodbye = Some((close::SILENT, "silent for too long"));
        Self { cause: LinkEnd::Silent { silent_for_ms }, failure: true, goodbye }
    }

    pub(super) const fn misbehaved(code: u16, words: &'static str, reason: String) -> Self {
        Self { cause: LinkEnd::Misbehaved { reason }, failure: true, goodbye: Some((code, words)) }
    }

    /// The node closes the link gracefully.
    pub(super) const fn closed(code: u16, reason: &'static str) -> Self {
        Self { cause: LinkEnd::NotNeeded, failure: false, goodbye: Some((code, reason)) }
    }

    /// The node has dropped the link or is ending: it takes no report of the end any more.
    pub(super) const fn abandoned() -> Self {
        Self::failed(LinkEnd::NotNeeded)
    }

    /// The peer closed the link, or a relay that has lost the other side did.
    pub(super) fn closed_by_peer(frame: Option<CloseFrame>, is_relayed: bool) -> Self {
        let (code, reason) =
            frame.map_or((NO_CODE, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
        if is_relayed && code == close::PEER_LOST {
            return Self::broken(reason != close::PEER);
        }
        Self { failure: code == close::LEAVING, cause: LinkEnd::Closed { code, reason }, goodbye: None }
    }
}

/// The code of a close frame without one (RFC 6455, 7.1.5).
const NO_CODE: u16 = 1005;

impl From<RecvError> for Ending {
    fn from(_: RecvError) -> Self {
        Self::abandoned()
    }
}

impl Ending {
    /// An error of the socket.
    pub(super) fn of(error: Error, is_relayed: bool) -> Self {
        let (code, words, reason) = match error {
            Error::Capacity(error) => (close::TOO_BIG, "too big", format!("sent too much at once: {error}")),
            Error::Protocol(error) if error != ProtocolError::ResetWithoutClosingHandshake => {
                (close::MALFORMED, "protocol error", format!("broke the WebSocket protocol: {error}"))
            }
            Error::Utf8(error) => {
                (close::MALFORMED, "not UTF-8", format!("sent text that is not UTF-8: {error}"))
            }
            _ => return Self::broken(is_relayed),
        };
        Self::misbehaved(code, words, reason)
    }
}
