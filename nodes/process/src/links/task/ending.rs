//! The ends of a link.

use std::time::Duration;

use tokio::sync::watch::error::RecvError;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::links::close;

/// Why a link ended.
pub(super) struct Ending {
    pub(super) reason: String,
    pub(super) failure: bool,
    /// The close frame to send, if the other end may still read it.
    pub(super) goodbye: Option<(u16, &'static str)>,
    /// Whether the other end broke the protocol.
    pub(super) misbehaved: bool,
}

impl Ending {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), failure: true, goodbye: None, misbehaved: false }
    }

    pub(super) fn silent(silent_for: Duration) -> Self {
        let goodbye = Some((close::SILENT, "silent for too long"));
        Self { goodbye, ..Self::failed(format!("no answer for {} ms", silent_for.as_millis())) }
    }

    pub(super) fn misbehaved(code: u16, words: &'static str, reason: String) -> Self {
        Self { reason, failure: true, goodbye: Some((code, words)), misbehaved: true }
    }

    /// The node closes the link gracefully.
    pub(super) fn closed(code: u16, reason: &'static str) -> Self {
        Self { reason: reason.to_owned(), failure: false, goodbye: Some((code, reason)), misbehaved: false }
    }

    pub(super) fn closed_by_peer(frame: Option<CloseFrame>) -> Self {
        let code = frame.as_ref().map_or(1005, |frame| u16::from(frame.code));
        let (reason, failure) = match (code, frame) {
            (close::LEAVING, _) => ("it left gracefully".to_owned(), true),
            (close::SILENT, _) => {
                ("the other end had heard nothing from this node for too long".to_owned(), false)
            }
            (_, Some(frame)) if !frame.reason.is_empty() => (frame.reason.to_string(), false),
            _ => (format!("closed by the other end with code {code}"), false),
        };
        Self { reason, failure, goodbye: None, misbehaved: false }
    }
}

impl From<RecvError> for Ending {
    fn from(_: RecvError) -> Self {
        Self::failed("the node is ending")
    }
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        let (code, words, reason) = match error {
            Error::Capacity(error) => (close::TOO_BIG, "too big", format!("sent too much at once: {error}")),
            Error::Protocol(error) if error != ProtocolError::ResetWithoutClosingHandshake => {
                (close::MALFORMED, "protocol error", format!("broke the WebSocket protocol: {error}"))
            }
            Error::Utf8(error) => {
                (close::MALFORMED, "not UTF-8", format!("sent text that is not UTF-8: {error}"))
            }
            _ => return Self::failed("the connection broke"),
        };
        Self::misbehaved(code, words, reason)
    }
}
