//! The state of the archive, for the log and for the API.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ringleader_shared::RunId;
use ringleader_shared::api::{ArchiveState, ArchiveStatus};

use super::error::Error;
use super::prune::Limits;

/// The state of the archive. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct SharedStatus(Arc<Mutex<ArchiveStatus>>);

impl SharedStatus {
    pub(super) fn new(state: ArchiveState, limits: Limits) -> Self {
        let status = ArchiveStatus {
            state,
            notice: None,
            run: None,
            bytes: 0,
            most_bytes: limits.most_bytes,
            most_age_s: limits.most_age.as_secs(),
        };
        Self(Arc::new(Mutex::new(status)))
    }

    fn lock(&self) -> MutexGuard<'_, ArchiveStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self) -> ArchiveStatus {
        self.lock().clone()
    }

    /// Notes that events are written again, or still, and the run that they belong to.
    pub(super) fn keeping(&self, run: Option<RunId>) {
        let mut status = self.lock();
        status.run = run;
        if status.state == ArchiveState::Failing {
            tracing::warn!("events are written to the archive again");
            status.state = ArchiveState::Keeping;
            status.notice = None;
        }
    }

    /// Notes that events can't be written at the moment. Logs the first failure of several.
    pub(super) fn failing(&self, error: &Error) {
        let mut status = self.lock();
        if status.state == ArchiveState::Keeping {
            tracing::error!("events are not written to the archive at the moment, the ring goes on: {error}");
        }
        status.state = ArchiveState::Failing;
        status.notice = Some(error.to_string());
    }

    /// Notes that the archive can't be used any more, and logs it.
    pub(super) fn unusable(&self, error: &Error) {
        tracing::error!("runs are not kept, the ring goes on: {error}");
        let mut status = self.lock();
        status.state = ArchiveState::Unusable;
        status.notice = Some(error.to_string());
        status.run = None;
    }

    /// Notes something worth knowing about an archive that works, and logs it when it is new.
    pub(super) fn note(&self, notice: Option<String>) {
        let mut status = self.lock();
        if status.state == ArchiveState::Keeping && status.notice != notice {
            if let Some(notice) = &notice {
                tracing::warn!("{notice}");
            }
            status.notice = notice;
        }
    }

    pub(super) fn size(&self, bytes: u64) {
        self.lock().bytes = bytes;
    }
}
