//! The control link to the server: events out, commands in.

use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use ringleader_shared::control::{CONTROL_ENV, NodeCommand, NodeEvent, NodeReport};
use ringleader_shared::event::EventKind;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::secret::Secret;

/// The most events that may wait for the control link. At 200 bytes each this is under 1 MB.
const WAITING_EVENTS: usize = 4096;

/// The most events that go into one frame.
const EVENTS_A_FRAME: usize = 64;

/// The largest command: a configuration of 64 members is about 16 kB.
const MAX_COMMAND: usize = 256 * 1024;

/// Both directions of the control link.
pub(crate) struct Control {
    /// Commands, in order. A text that is not a command arrives as the error of reading it. Closed when
    /// the link is.
    pub(crate) commands: mpsc::Receiver<Result<NodeCommand, serde_json::Error>>,
    /// Queue of the events.
    pub(crate) events: EventSender,
    writer: tokio::task::JoinHandle<()>,
}

/// The bounded queue of events to the server. Events that do not fit are counted, and the count is
/// reported.
pub(crate) struct EventSender {
    queue: mpsc::Sender<NodeEvent>,
    lost: u64,
}

impl EventSender {
    /// Queues an event. Never waits.
    pub(crate) fn send(&mut self, event: NodeEvent) {
        if self.lost > 0 {
            let overflow = NodeEvent { kind: EventKind::Overflow { lost: self.lost }, ..event };
            match self.queue.try_send(overflow) {
                Ok(()) => self.lost = 0,
                Err(_) => {
                    self.lost += 1;
                    return;
                }
            }
        }
        if self.queue.try_send(event).is_err() {
            self.lost += 1;
        }
    }
}

impl Control {
    /// Connects to the server and says hello.
    pub(crate) async fn dial(secret: &Secret, hello: &NodeReport) -> anyhow::Result<Self> {
        let url = std::env::var(CONTROL_ENV)
            .with_context(|| format!("{CONTROL_ENV} is not set: nodes are started by `ringleader serve`"))?;
        let mut request =
            url.as_str().into_client_request().with_context(|| format!("{CONTROL_ENV}={url}"))?;
        request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_str(&secret.bearer())?);
        let uri: &Uri = request.uri();
        let authority =
            uri.authority().with_context(|| format!("{CONTROL_ENV}={url} names no host"))?.as_str();
        let stream = TcpStream::connect(authority)
            .await
            .with_context(|| format!("connecting to the server's control port at {authority}"))?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_COMMAND))
            .max_frame_size(Some(MAX_COMMAND));
        let (mut socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config))
            .await
            .with_context(|| format!("opening the control link at {url}"))?;
        socket.send(Message::text(serde_json::to_string(hello)?)).await.context("saying hello")?;

        let (command_queue, commands) = mpsc::channel(64);
        let (event_queue, events) = mpsc::channel(WAITING_EVENTS);
        let writer = tokio::spawn(run(socket, command_queue, events));
        Ok(Self { commands, events: EventSender { queue: event_queue, lost: 0 }, writer })
    }

    /// Sends the events that still wait, then closes the link.
    pub(crate) async fn close(self) {
        let Self { commands, events, writer } = self;
        drop((commands, events));
        // The link is gone or the server does not read: the process ends all the same.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(200), writer).await;
    }
}

async fn run(
    mut socket: WebSocketStream<TcpStream>,
    commands: mpsc::Sender<Result<NodeCommand, serde_json::Error>>,
    mut events: mpsc::Receiver<NodeEvent>,
) {
    let mut batch = Vec::with_capacity(EVENTS_A_FRAME);
    loop {
        tokio::select! {
            biased;
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => {
                    if commands.send(serde_json::from_str(text.as_str())).await.is_err() {
                        // The node is leaving: only its last events are still to go.
                        break;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            count = events.recv_many(&mut batch, EVENTS_A_FRAME) => {
                // What the links have to write goes first: an election must not wait for its report.
                tokio::task::yield_now().await;
                while batch.len() < EVENTS_A_FRAME && let Ok(event) = events.try_recv() {
                    batch.push(event);
                }
                if count == 0 || !write(&mut socket, &mut batch).await {
                    let _ = socket.close(None).await;
                    return;
                }
            }
        }
    }
    while events.recv_many(&mut batch, EVENTS_A_FRAME).await > 0 {
        if !write(&mut socket, &mut batch).await {
            return;
        }
    }
    let _ = socket.close(None).await;
}

async fn write(socket: &mut WebSocketStream<TcpStream>, batch: &mut Vec<NodeEvent>) -> bool {
    let report = NodeReport::Events { events: std::mem::take(batch) };
    match serde_json::to_string(&report) {
        Ok(text) => socket.send(Message::text(text)).await.is_ok(),
        Err(error) => {
            tracing::error!("events that can't be written: {error}");
            true
        }
    }
}
