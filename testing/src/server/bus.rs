//! Subscriptions of the bus.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ringleader_shared::Seq;
use ringleader_shared::bus::BusFrame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use super::Server;

/// A subscription of the bus.
pub struct Bus {
    pub socket: WebSocket<TcpStream>,
}

impl Bus {
    /// The next frame; `None` when the time is up or the server hung up.
    pub fn next_frame(&mut self, deadline: Instant) -> Option<BusFrame> {
        loop {
            let left = deadline.checked_duration_since(Instant::now())?;
            self.socket.get_ref().set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    return Some(
                        serde_json::from_str(text.as_str()).unwrap_or_else(|error| panic!("{error}: {text}")),
                    );
                }
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => {
                    eprintln!("the bus ended: {error}");
                    return None;
                }
            }
        }
    }
}

impl Server {
    pub fn subscribe(&self, after: Option<Seq>) -> Bus {
        self.subscribe_with(&after.map_or_else(String::new, |after| format!("?after={after}")))
    }

    /// Subscribes after this position: `RUN:SEQ`.
    pub fn subscribe_at(&self, place: &str) -> Bus {
        self.subscribe_with(&format!("?after={place}"))
    }

    fn subscribe_with(&self, query: &str) -> Bus {
        let stream = TcpStream::connect(&self.authority).expect("the server listens");
        let mut request =
            format!("ws://{}/ws{query}", self.authority).into_client_request().expect("a request");
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert("Authorization", bearer.parse().expect("a header"));
        }
        let (socket, _) = client(request, stream).expect("the bus takes subscribers");
        Bus { socket }
    }
}
