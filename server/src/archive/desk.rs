//! The thread that answers the API: one connection, one request at a time. Answers that read many events come
//! in pieces, so that none holds up the others for long.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::Error;

/// The most requests that wait.
const WAITING: usize = 64;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The queue of requests. Clones share it; the thread ends when the last one is dropped.
#[derive(Debug, Clone)]
pub(super) struct Desk(mpsc::Sender<Job>);

impl Desk {
    /// Starts the thread on this connection.
    pub(super) fn start(mut connection: Connection) -> std::io::Result<Self> {
        let (jobs_in, mut jobs) = mpsc::channel::<Job>(WAITING);
        std::thread::Builder::new().name("archive-reader".to_owned()).spawn(move || {
            while let Some(job) = jobs.blocking_recv() {
                // A bug that one request shows must not end the answers to all others.
                if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
                    tracing::error!("a request to the archive failed by a bug in this program");
                }
            }
        })?;
        Ok(Self(jobs_in))
    }

    /// Does this on the thread, after everything that was asked before.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, replied) = oneshot::channel();
        let job: Job = Box::new(move |connection| drop(reply.send(work(connection))));
        let gone = || Error::Unusable("the archive could not answer; the log says why".to_owned());
        self.0.send(job).await.map_err(|_| gone())?;
        replied.await.unwrap_or_else(|_| Err(gone()))
    }
}
