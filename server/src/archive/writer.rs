//! The thread that writes: a subscriber of the bus like any other, so that the bus never waits for the disk.
//! Its queue is the bus's own history, which is bounded.

use std::time::Duration;

use ringleader_shared::Seq;
use ringleader_shared::api::RunEnd;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::blocks::BLOCK;
use super::error::Error;
use super::recorder::Recorder;
use super::status::SharedStatus;
use crate::bus::{Bus, Next, PublishedEvent, Subscription};
use crate::clock::wall_ms;
use crate::shutdown::stopped;

/// The time for which events gather before they are written, unless there are [`BLOCK`] of them. With the
/// time that a write takes it stays below the 50 ms that a killed server may lose.
const GATHER: Duration = Duration::from_millis(20);

/// The number of events that are taken from the bus at once: it is locked for that long.
const AT_ONCE: usize = 128;

/// The interval at which the number of gathered events is looked at. To be woken by each event would take
/// the processor from the nodes.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The pause before a failed write is tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The interval at which the limits of the archive are enforced.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// The writer of the events of one bus.
pub(super) struct Writer {
    pub(super) bus: Bus,
    pub(super) subscription: Subscription,
    pub(super) recorder: Recorder,
    pub(super) status: SharedStatus,
    /// Becomes true when the server stops and has published its last event.
    pub(super) finish: watch::Receiver<bool>,
}

impl Writer {
    /// Writes until the server stops, or the archive can't be used any more.
    pub(super) async fn run(mut self) {
        match self.write_all().await {
            Ok(()) => {}
            Err(error) => self.status.unusable(&error),
        }
    }

    async fn write_all(&mut self) -> Result<(), Error> {
        // At once: what went beyond the limits since the last server is removed beside the start of this one.
        let mut prune_at = Instant::now();
        loop {
            tokio::select! {
                () = self.subscription.ready() => self.gather().await,
                () = stopped(&mut self.finish) => {}
                () = sleep_until(prune_at) => {
                    self.prune()?;
                    prune_at = Instant::now() + PRUNE_EVERY;
                }
            }
            let is_last = *self.finish.borrow();
            let mut unsaved = 0;
            while let Some(next) = self.subscription.take_published(AT_ONCE) {
                unsaved += self.take(next).await?;
                if unsaved >= BLOCK {
                    self.save().await?;
                    unsaved = 0;
                }
            }
            self.save().await?;
            if is_last {
                self.recorder.end(RunEnd::Stopped);
                return self.recorder.save();
            }
        }
    }

    /// Waits until enough events are there, or for long enough.
    async fn gather(&mut self) {
        let until = Instant::now() + GATHER;
        while self.subscription.pending() < BLOCK as u64 && Instant::now() < until && !*self.finish.borrow() {
            sleep(LOOK_EVERY).await;
        }
    }

    /// Hands events to the recorder; returns their number.
    async fn take(&mut self, next: Next<PublishedEvent>) -> Result<usize, Error> {
        self.recorder.note_ended(self.bus.ended_runs());
        match next {
            Next::Events(events) => {
                let count = events.len();
                for event in events {
                    if self.recorder.must_end_before(&event) {
                        self.recorder.end(RunEnd::Reset);
                        self.save().await?;
                        self.prune()?;
                    }
                    let age_us = self.bus.now_us().saturating_sub(event.event.at_us);
                    self.recorder.add(event, wall_ms().saturating_sub(age_us / 1_000));
                }
                Ok(count)
            }
            Next::Missed(first, last, ring) => {
                if self.recorder.run().is_some_and(|run| run != ring.run) {
                    // Its end is among the missed events.
                    self.recorder.end(RunEnd::Lost);
                    self.save().await?;
                }
                self.missed(first, last);
                self.recorder.lose(first, last, *ring, wall_ms());
                Ok(1)
            }
        }
    }

    fn missed(&self, first: Seq, last: Seq) {
        let count = last.0.saturating_sub(first.0) + 1;
        tracing::warn!("{count} events are missing in the archive: the disk did not take them in time");
    }

    /// Saves, and tries again until it succeeds, the archive can't be used any more, or the server stops.
    async fn save(&mut self) -> Result<(), Error> {
        loop {
            match self.recorder.save() {
                Ok(()) => {
                    self.status.keeping(self.recorder.run());
                    return Ok(());
                }
                Err(error) if error.may_pass() && !*self.finish.borrow() => {
                    self.status.failing(&error);
                    tokio::select! {
                        () = sleep(TRY_AGAIN_AFTER) => {}
                        () = stopped(&mut self.finish) => {}
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Enforces the limits, and notes whether another server shares the archive.
    fn prune(&mut self) -> Result<(), Error> {
        match self.recorder.prune() {
            Ok(bytes) => self.status.size(bytes),
            Err(error) if error.may_pass() => tracing::warn!("the archive was not tidied up: {error}"),
            Err(error) => return Err(error),
        }
        self.status.note(shared_notice(&self.recorder));
        Ok(())
    }
}

/// The notice that another server uses the archive, if one does.
pub(super) fn shared_notice(recorder: &Recorder) -> Option<String> {
    let words = "another ringleader keeps its runs in the same directory: both lists show the runs of both, and the \
                 stricter limits of size and age apply";
    recorder.is_shared().then(|| words.to_owned())
}
