//! A connection whose other end has to keep reading. A connection with an unread answer is closed, which
//! frees its memory and its slot.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// The time in which a reader has to take [`LEAST_PROGRESS`] once the kernel's buffer is full.
pub(super) const PROGRESS_WITHIN: Duration = Duration::from_secs(10);

/// The bytes, within [`PROGRESS_WITHIN`], that count as progress: 1.6 kB/s, far below the speed of any usual
/// network.
const LEAST_PROGRESS: usize = 16 * 1024;

/// A stream that fails with [`io::ErrorKind::TimedOut`] when its written bytes are not taken in time. `K`
/// is kept as long as the stream, and dropped with it.
pub(super) struct WithProgress<S, K> {
    stream: S,
    /// The end of the time for the present stretch of progress; `None` while everything was taken at
    /// once.
    due: Option<Pin<Box<Sleep>>>,
    /// The bytes taken in the present stretch.
    taken: usize,
    /// `None` for a stream without a time limit.
    within: Option<Duration>,
    _kept: K,
}

impl<S, K> WithProgress<S, K> {
    pub(super) fn new(stream: S, kept: K, within: Option<Duration>) -> Self {
        Self { stream, due: None, taken: 0, within, _kept: kept }
    }

    /// Evaluates the result of a write: counts progress, or waits for it until the time is up.
    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let Some(within) = self.within else { return written };
        match (&written, &mut self.due) {
            (Poll::Ready(Ok(count)), Some(due)) => {
                self.taken += count;
                if self.taken >= LEAST_PROGRESS {
                    self.taken = 0;
                    due.as_mut().reset(Instant::now() + within);
                }
            }
            (Poll::Pending, due) => {
                let due = due.get_or_insert_with(|| Box::pin(sleep(within)));
                ready!(due.as_mut().poll(context));
                let words = "the other end does not read what it is sent";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, words)));
            }
            (Poll::Ready(_), _) => {}
        }
        written
    }
}

impl<S: AsyncRead + Unpin, K: Unpin> AsyncRead for WithProgress<S, K> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin, K: Unpin> AsyncWrite for WithProgress<S, K> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Writers flush when nothing is left to write: the stretch of progress ends.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (self.due, self.taken) = (None, 0);
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const WITHIN: Duration = Duration::from_millis(300);

    fn pair() -> (WithProgress<DuplexStream, ()>, DuplexStream) {
        let (ours, theirs) = duplex(1024);
        (WithProgress::new(ours, (), Some(WITHIN)), theirs)
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_given_up_and_one_that_is_slow_is_not() {
        let (mut stream, mut theirs) = pair();
        let bytes = vec![1; 6 * LEAST_PROGRESS];
        let reader = tokio::spawn(async move {
            for _ in 0..3 {
                tokio::time::sleep(WITHIN / 2).await;
                theirs.read_exact(&mut vec![0; 2 * LEAST_PROGRESS]).await.expect("it is sent");
            }
            theirs
        });
        stream.write_all(&bytes).await.expect("it is taken slowly");
        stream.flush().await.expect("nothing is left");
        let _theirs = reader.await.expect("the reader ends");
        let began = Instant::now();
        let error = stream.write_all(&bytes).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= WITHIN, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_stream_without_a_time_limit_waits_for_its_reader() {
        let (ours, mut theirs) = duplex(1024);
        let mut stream = WithProgress::new(ours, (), None);
        let writer = tokio::spawn(async move { stream.write_all(&[1; 4 * LEAST_PROGRESS]).await });
        tokio::time::sleep(2 * WITHIN).await;
        theirs.read_exact(&mut vec![0; 4 * LEAST_PROGRESS]).await.expect("it is sent");
        writer.await.expect("the writer ends").expect("it was taken in the end");
    }

    #[tokio::test]
    async fn a_pause_between_two_answers_is_not_the_readers_fault() {
        let (mut stream, mut theirs) = pair();
        for _ in 0..3 {
            let writing = async {
                stream.write_all(&[1; 2048]).await.expect("it is taken");
                stream.flush().await.expect("nothing is left");
            };
            let mut taken = [0; 2048];
            let ((), read) = tokio::join!(writing, theirs.read_exact(&mut taken));
            read.expect("it is sent");
            tokio::time::sleep(WITHIN * 3 / 2).await;
        }
    }
}
