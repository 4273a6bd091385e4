//! One child process: spawned, signalled and reaped on the supervisor's thread, so that a signal can
//! never reach another process that got the same number.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::{self, Signal as UnixSignal};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use ringleader_shared::control::{CONTROL_ENV, CONTROL_PATH, SECRET_ENV, SUPERVISOR_ENV};
use ringleader_shared::{Incarnation, Member, NodeId, RunId};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};

use super::{HELLO_WITHIN, RingConfig};
use crate::clock::monotonic_ns;

/// The time within which a dead node's last reports must arrive: they are in the socket's buffer already.
const HEAR_OUT: Duration = Duration::from_millis(100);

/// The longest line of a node's standard error output, in bytes; a longer one becomes several.
const LONGEST_LINE: u64 = 2_000;

/// The number of lines of one start that are passed on as they come. Then one is passed on in each
/// [`THEN_ONE_EACH`].
const LINES_AT_ONCE: u32 = 50;

/// The interval after [`LINES_AT_ONCE`].
const THEN_ONE_EACH: Duration = Duration::from_secs(1);

/// A signal that a process can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Kill,
    Stop,
    Continue,
}

/// A change that the kernel made to a process that continues to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Stopped,
    Continued,
}

/// A process that is not reaped yet.
pub(super) struct Child {
    pub(super) pid: u32,
    /// Set by the task that reaps it, in the same poll. That task runs on the thread that signals.
    reaped: Arc<AtomicBool>,
    hear_out: mpsc::UnboundedSender<oneshot::Receiver<()>>,
}

/// An event that a child's task reports to the supervisor.
#[derive(Debug)]
pub(super) enum ChildEvent {
    /// The process ended and is reaped.
    Ended(Ended),
    /// The time for the hello is over.
    HelloDue { id: NodeId, incarnation: Incarnation },
    /// The process wrote a line to its standard error output.
    Said { id: NodeId, incarnation: Incarnation, text: String },
    /// It was asked to leave, and the time for that is over.
    ExitDue { run: RunId, id: NodeId, incarnation: Incarnation },
    /// It died, and the pause before its restart is over.
    RestartDue { run: RunId, id: NodeId, incarnation: Incarnation },
    /// Every node of the ring is ready for its first election.
    StartDue { run: RunId },
}

/// The end of a process.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: NodeId,
    pub(super) incarnation: Incarnation,
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    /// The time at which its end was noticed, by the monotonic clock, in nanoseconds.
    pub(super) at_ns: u64,
}

/// A flag and its value as one argument: a value may begin with a hyphen, as names and paths may.
fn flag(name: &str, value: PathBuf) -> OsString {
    let mut argument = OsString::from(name);
    argument.push(value);
    argument
}

/// Passes on the lines that a node writes to its standard error output, until that is closed.
async fn pass_on(
    output: pipe::Receiver,
    id: NodeId,
    incarnation: Incarnation,
    child_events: mpsc::UnboundedSender<ChildEvent>,
) {
    let mut output = BufReader::new(output);
    let (mut line, mut lines) = (Vec::new(), 0_u32);
    while let Ok(1..) = (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if text.is_empty() {
            continue;
        }
        let _ = child_events.send(ChildEvent::Said { id, incarnation, text });
        lines += 1;
        if lines > LINES_AT_ONCE {
            tokio::time::sleep(THEN_ONE_EACH).await;
        }
    }
}

impl Child {
    pub(super) fn spawn(
        config: &RingConfig,
        run: RunId,
        member: &Member,
        port: u16,
        secret: &str,
        child_events: mpsc::UnboundedSender<ChildEvent>,
    ) -> std::io::Result<Self> {
        // Ids and names come again in the next run, which must find nothing of this one.
        let promises = config.keeper.promise(run, member.id);
        let record = config.record.as_ref().map(|directory| {
            directory.join(ringleader_node::recordings::file_name(run, &member.name, member.incarnation))
        });
        // The node never blocks on this pipe: lines that it writes while the pipe is full are lost.
        let (words_in, words) = pipe::pipe()?;
        let mut command = tokio::process::Command::new(&config.program);
        command
            .arg("node")
            // In one word each, so that a value that begins with a dash is not read as a flag.
            .arg(format!("--name={}", member.name))
            .arg(format!("--id={}", member.id))
            .arg(format!("--incarnation={}", member.incarnation))
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(flag("--promises=", promises))
            .args(record.map(|path| flag("--record=", path)))
            // A terminal's Ctrl-C, Ctrl-Z and Ctrl-\ are for the server, which decides about its nodes.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(words_in.into_nonblocking_fd()?))
            .kill_on_drop(true);
        // The server's own settings must not reach the node.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RINGLEADER_") {
                command.env_remove(name);
            }
        }
        command
            .env(CONTROL_ENV, format!("ws://{}{CONTROL_PATH}", config.control))
            .env(SECRET_ENV, secret)
            .env(SUPERVISOR_ENV, std::process::id().to_string());
        let mut process = command.spawn()?;
        let pid = process.id().ok_or_else(|| std::io::Error::other("it has no process id"))?;
        let (hear_out, mut to_hear_out) = mpsc::unbounded_channel();
        let reaped = Arc::new(AtomicBool::new(false));
        let is_reaped = Arc::clone(&reaped);
        let (id, incarnation) = (member.id, member.incarnation);
        let words = tokio::spawn(pass_on(words, id, incarnation, child_events.clone()));
        tokio::spawn(async move {
            let mut heard_out = None;
            let hello_due = tokio::time::sleep(HELLO_WITHIN);
            tokio::pin!(hello_due);
            let status = loop {
                tokio::select! {
                    biased;
                    status = process.wait() => {
                        is_reaped.store(true, Ordering::Relaxed);
                        break status;
                    }
                    () = &mut hello_due, if !hello_due.is_elapsed() => {
                        let _ = child_events.send(ChildEvent::HelloDue { id, incarnation });
                    }
                    Some(done) = to_hear_out.recv() => heard_out = Some(done),
                }
            };
            let at_ns = monotonic_ns();
            // Its last lines are passed on before its end is reported.
            let last_words = async {
                if let Some(done) = heard_out {
                    let _ = done.await;
                }
                let _ = words.await;
            };
            let _ = tokio::time::timeout(HEAR_OUT, last_words).await;
            let status = status.ok();
            let signal = status.as_ref().and_then(std::os::unix::process::ExitStatusExt::signal);
            let code = status.and_then(|status| status.code());
            let _ = child_events.send(ChildEvent::Ended(Ended { id, incarnation, code, signal, at_ns }));
        });
        Ok(Self { pid, reaped, hear_out })
    }

    /// Sends a signal at once. A process that has ended meanwhile gets none.
    pub(super) fn signal(&self, signal: Signal) {
        if self.reaped.load(Ordering::Relaxed) {
            return;
        }
        let signal = match signal {
            Signal::Kill => UnixSignal::SIGKILL,
            Signal::Stop => UnixSignal::SIGSTOP,
            Signal::Continue => UnixSignal::SIGCONT,
        };
        let Ok(pid) = i32::try_from(self.pid) else { return };
        if let Err(error) = signal::kill(Pid::from_raw(pid), signal) {
            tracing::warn!(pid, "sending {signal}: {error}");
        }
    }

    /// Returns the latest change of the kernel to the process, stopped or continued, since the last call,
    /// whoever sent the signal. The end of the process is not among them.
    pub(super) fn last_change(&self) -> Option<Change> {
        let mut latest = None;
        while !self.reaped.load(Ordering::Relaxed)
            && let Ok(pid) = i32::try_from(self.pid)
        {
            let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WCONTINUED | WaitPidFlag::WNOHANG;
            latest = match waitid(Id::Pid(Pid::from_raw(pid)), flags) {
                Ok(WaitStatus::Stopped(..)) => Some(Change::Stopped),
                Ok(WaitStatus::Continued(_)) => Some(Change::Continued),
                Ok(_) | Err(_) => return latest,
            };
        }
        latest
    }

    /// Sets the signal to wait for before the end of the process is reported.
    pub(super) fn hear_out(&self, done: oneshot::Receiver<()>) {
        let _ = self.hear_out.send(done);
    }
}
