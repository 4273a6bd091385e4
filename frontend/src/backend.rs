//! The backends: the server with its ring of processes and the runs that it keeps, and the sandbox with a
//! simulated ring.
//!
//! A backend carries out commands and feeds the state of its ring. It must not know the components that show
//! the state.

pub(crate) mod kept;
pub(crate) mod live;
pub(crate) mod sandbox;
pub(crate) mod server;
pub(crate) mod timekeeper;

use leptos::prelude::*;

use self::kept::Kept;
use self::sandbox::Sandbox;

/// The backend of a ring. A handle: copies are the same backend.
#[derive(Clone, Copy)]
pub(crate) enum Backend {
    /// The server.
    Server,
    /// The sandbox.
    Sandbox(Sandbox),
    /// A run that the server keeps: nothing can be done on it.
    Kept(Kept),
}

impl Backend {
    /// The backend of the ring that the component belongs to.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// The sandbox, if it is one.
    pub(crate) fn sandbox(self) -> Option<Sandbox> {
        match self {
            Self::Sandbox(sandbox) => Some(sandbox),
            Self::Server | Self::Kept(_) => None,
        }
    }

    /// The kept run, if it is one.
    pub(crate) fn kept(self) -> Option<Kept> {
        match self {
            Self::Kept(kept) => Some(kept),
            Self::Server | Self::Sandbox(_) => None,
        }
    }
}
