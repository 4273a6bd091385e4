//! Tests: how strangers and misbehaving members are answered.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ringleader_shared::link::{LinkKind, MAX_MESSAGE, PROTOCOL};
use ringleader_shared::{Incarnation, NodeId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use ringleader_election::WantedLinks;
use ringleader_election::link_table::Missing;

use super::{DialPurpose, Hop, LinkEvent, LinkEventKind, Links, Way, close};
use crate::clock::now;
use crate::faults::LinkFaults;
use crate::handshake::{self, Dialler, Hello, KnownMember, Members, Socket};
use crate::link_settings::LinkSettings;
use crate::port::{Incoming, Port};
use crate::secret::Secret;

const ME: NodeId = NodeId(Uuid::from_u128(1));
const PEER: NodeId = NodeId(Uuid::from_u128(2));

/// Longer than any dial takes.
const PATIENT: Duration = Duration::from_secs(60);

/// The hello of a member that dials.
fn hello() -> Hello {
    let dialler = Dialler { id: PEER, incarnation: Incarnation(1), relays: Vec::new() };
    Hello { dialler, to: ME, kind: LinkKind::Ring, standby: false }
}

/// The way to a node that listens here.
fn way(address: SocketAddr) -> Way {
    Way::direct(Hop { id: ME, address })
}

struct Door {
    address: SocketAddr,
    incoming_links: mpsc::Receiver<Incoming>,
}

fn secret(text: &str) -> Secret {
    Secret::for_tests(text)
}

/// One peer, whose first start is the present one.
fn members() -> Members {
    let members = Members::default();
    let name = "B".parse().expect("a name");
    members.set([(PEER, KnownMember { name, present: Incarnation(1), address: None })]);
    members
}

async fn open_door() -> Door {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (guests_in, incoming_links) = mpsc::channel(4);
    tokio::spawn(port(members(), guests_in).accept_loop(listener));
    Door { address, incoming_links }
}

/// The port of the node under test.
fn port(members: Members, incoming: mpsc::Sender<Incoming>) -> Port {
    let settings = LinkSettings { hop_delay: Duration::ZERO, heartbeat: PATIENT, hung_after: PATIENT };
    let (_, settings) = watch::channel(settings);
    let (_, faults) = watch::channel(LinkFaults::default());
    Port::new(ME, secret("right"), members, settings, faults, incoming)
}

/// Sends these bytes to a node's port. Returns the node's answer and the reason of its refusal.
async fn knock(request: &str) -> (String, String) {
    let mut door = open_door().await;
    let mut stream = TcpStream::connect(door.address).await.expect("the door is open");
    stream.write_all(request.as_bytes()).await.expect("the door listens");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let Some(Incoming::Refused { reason, .. }) = door.incoming_links.recv().await else {
        panic!("{request:?} was let in");
    };
    (String::from_utf8_lossy(&answer).into_owned(), reason)
}

fn request(path: &str, changes: &[(&str, Option<&str>)]) -> String {
    let upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    written(&format!("GET {path}"), (PEER, ME), &upgrade, changes)
}

/// A request of the first start of a member to another, with these headers beside those that each request of
/// a node has, and with these changes: a header has another value, or is left out.
pub(crate) fn written(
    asks: &str,
    (from, to): (NodeId, NodeId),
    more: &[(&str, &str)],
    changes: &[(&str, Option<&str>)],
) -> String {
    let (from, to, version) = (from.to_string(), to.to_string(), PROTOCOL.to_string());
    let mut headers = vec![
        ("Host", "127.0.0.1"),
        ("Authorization", "Bearer right"),
        ("Ringleader-Protocol", &version),
        ("Ringleader-Incarnation", "1"),
        ("Ringleader-From", &from),
        ("Ringleader-To", &to),
    ];
    headers.extend(more);
    for (name, value) in changes {
        headers.retain(|(other, _)| other != name);
        if let Some(value) = value {
            headers.push((name, value));
        }
    }
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{asks} HTTP/1.1\r\n{lines}\r\n")
}

#[tokio::test]
async fn a_stranger_is_refused_and_the_refusal_says_why() {
    let (me, stranger) = (ME.to_string(), Uuid::from_u128(3).to_string());
    for (status, says, bytes) in [
        ("401", "secret", request("/v1/ring", &[("Authorization", None)])),
        ("401", "secret", request("/v1/ring", &[("Authorization", Some("Bearer wrong"))])),
        (
            "401",
            "secret",
            request("/v1/ring", &[("Authorization", Some("Bearer right "))]).replace("right ", "rightx"),
        ),
        ("403", "web page", request("/v1/ring", &[("Origin", Some("http://127.0.0.1:8005"))])),
        ("403", "web page", request("/v1/heartbeat", &[("Origin", Some("null"))])),
        ("404", "no such kind", request("/v1/other", &[])),
        ("400", "version", request("/v1/ring", &[("Ringleader-Protocol", Some("1"))])),
        ("400", "ringleader-protocol", request("/v1/ring", &[("Ringleader-Protocol", None)])),
        ("400", "ringleader-from", request("/v1/ring", &[("Ringleader-From", Some("nobody"))])),
        ("400", "ringleader-incarnation", request("/v1/ring", &[("Ringleader-Incarnation", Some("-1"))])),
        ("421", "another node", request("/v1/ring", &[("Ringleader-To", Some(&PEER.to_string()))])),
        ("400", "this very node", request("/v1/ring", &[("Ringleader-From", Some(&me))])),
        ("403", "not a member", request("/v1/ring", &[("Ringleader-From", Some(&stranger))])),
        (
            "409",
            "start 0 of B is over: start 1",
            request("/v1/ring", &[("Ringleader-Incarnation", Some("0"))]),
        ),
    ] {
        let (answer, reason) = knock(&bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{bytes}\n{answer}");
        assert!(reason.contains(says), "{bytes}\n{reason}");
    }
}

#[tokio::test]
async fn what_is_not_a_websocket_handshake_is_refused() {
    for bytes in
        ["GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "POST /v1/ring HTTP/1.1\r\n\r\n"]
    {
        let (_, reason) = knock(bytes).await;
        assert!(reason.contains("handshake"), "{bytes:?}: {reason}");
    }
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_dropped() {
    let mut door = open_door().await;
    let mut stream = TcpStream::connect(door.address).await.expect("the door is open");
    let Some(Incoming::Refused { reason, .. }) = door.incoming_links.recv().await else {
        panic!("it was let in")
    };
    assert!(reason.contains("within 2 s"), "{reason}");
    assert_eq!(stream.read(&mut [0; 8]).await.expect("an orderly end"), 0);
}

/// Opens a member's socket to a node; the node's links report about it.
async fn let_in() -> (Socket, mpsc::Receiver<LinkEvent>, Links, watch::Sender<LinkSettings>) {
    let mut door = open_door().await;
    let (dialled, incoming) = {
        let (way, hello, secret) = (way(door.address), hello(), secret("right"));
        tokio::join!(handshake::dial(&way, &hello, &secret), door.incoming_links.recv())
    };
    let Some(Incoming::Member(socket, received_hello)) = incoming else { panic!("a member was refused") };
    assert_eq!(received_hello, hello());
    let patient = PATIENT;
    let (settings, watched) =
        watch::channel(LinkSettings { hop_delay: Duration::ZERO, heartbeat: patient, hung_after: patient });
    let (events_in, news) = mpsc::channel(16);
    let mut links = Links::new(ME, Incarnation(1), secret("right"), watched, events_in);
    links.adopt(*socket, received_hello);
    (dialled.expect("a member is let in"), news, links, settings)
}

#[tokio::test]
async fn a_frame_that_is_no_link_frame_closes_the_link_with_a_reason() {
    let too_big = "x".repeat(MAX_MESSAGE + 1);
    for (frame, code, says) in [
        (Message::text("hello"), 1007, "can't be read"),
        (Message::text("{}"), 1007, "can't be read"),
        (Message::text("[".repeat(10_000)), 1007, "can't be read"),
        (Message::text(r#"{"id":1,"extra":true}"#), 1007, "can't be read"),
        (Message::text(r#"{"type":"path_request","number":1}"#), 1007, "can't be read"),
        (Message::binary(vec![1, 2, 3]), 1003, "binary"),
        (Message::text(too_big.as_str()), 1009, "too much"),
    ] {
        let (mut socket, mut news, _links, _settings) = let_in().await;
        let shown = format!("{:.60}", frame.to_string());
        let _ = socket.send(frame).await;
        let closed = loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                // The node closed the connection while bytes were still in transit.
                Some(Err(_)) | None => break Some(code),
            }
        };
        assert_eq!(closed, Some(code), "{shown}");
        let mut reasons = Vec::new();
        while let Some(LinkEvent { kind, .. }) = news.recv().await {
            match kind {
                LinkEventKind::Misbehaved(reason) => reasons.push(reason),
                LinkEventKind::Down { failure, .. } => {
                    assert!(failure, "{shown}");
                    break;
                }
                LinkEventKind::Up
                | LinkEventKind::DialFailed { .. }
                | LinkEventKind::Doubtful
                | LinkEventKind::HeardAgain
                | LinkEventKind::Lossy
                | LinkEventKind::InUse
                | LinkEventKind::Frame(_)
                | LinkEventKind::Path(_)
                | LinkEventKind::Intercepted(_)
                | LinkEventKind::Injected(..)
                | LinkEventKind::Differs
                | LinkEventKind::RoundTrip { .. } => {}
            }
        }
        assert!(reasons.iter().any(|reason| reason.contains(says)), "{shown}: {reasons:?}");
    }
}

#[tokio::test]
async fn those_who_say_nothing_keep_no_member_out() {
    let mut door = open_door().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(door.address).await.expect("the door is open"));
    }
    let (way, hello, secret) = (way(door.address), hello(), secret("right"));
    // Well before the two seconds of a silent connection are over.
    let within = Duration::from_millis(1_500);
    let member = async {
        loop {
            match door.incoming_links.recv().await {
                Some(Incoming::Member(..)) => return,
                Some(Incoming::Refused { reason, .. }) => assert!(reason.contains("many others"), "{reason}"),
                Some(Incoming::Injected { .. }) => panic!("nothing is relayed"),
                None => panic!("the door is closed"),
            }
        }
    };
    let dial = tokio::time::timeout(within, handshake::dial(&way, &hello, &secret));
    let (dialled, ()) = tokio::join!(dial, member);
    dialled.expect("in time").expect("a member is let in");
}

#[tokio::test]
async fn a_flood_of_pings_is_closed_as_what_it_is() {
    let (mut socket, mut news, _links, _settings) = let_in().await;
    let flood = tokio::spawn(async move {
        while socket.feed(Message::Ping("flood".into())).await.is_ok() {
            let _ = socket.flush().await;
        }
    });
    let reason = loop {
        match news.recv().await.expect("the link lasts until it is closed").kind {
            LinkEventKind::Misbehaved(reason) => break reason,
            LinkEventKind::Up => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(reason.contains("pings within a heartbeat"), "{reason}");
    flood.abort();
}

#[tokio::test]
async fn a_dialler_that_gave_up_before_it_spoke_was_never_there() {
    let (socket, mut news, _links, _settings) = let_in().await;
    drop(socket);
    match news.recv().await.map(|news| news.kind) {
        Some(LinkEventKind::Down { failure: false, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_goodbye_does_not_reset_a_connection_on_which_the_other_end_still_speaks() {
    // A close handshake waits 50 ms for the other end. On a machine that stalls for so long a round
    // proves nothing.
    const ROUNDS: usize = 20;
    let mut good = 0;
    for _ in 0..ROUNDS {
        let (mut socket, mut news, mut links, _settings) = let_in().await;
        socket.send(Message::Ping("up".into())).await.expect("the link is up");
        let Some(LinkEvent { link, kind: LinkEventKind::Up, .. }) = news.recv().await else {
            panic!("it does not come up")
        };
        links.close(link, close::NOT_NEEDED, "not needed any more");
        let mut all_taken = true;
        for _ in 0..20 {
            all_taken &= socket.send(Message::Ping("more".into())).await.is_ok();
            tokio::task::yield_now().await;
        }
        let closed = loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            }
        };
        good += usize::from(all_taken && closed == Some(close::NOT_NEEDED));
    }
    assert!(good > ROUNDS / 2, "{good} of {ROUNDS} goodbyes came through");
}

#[tokio::test]
async fn a_standby_link_says_nothing_until_it_is_in_use() {
    let mut door = open_door().await;
    let patient = Duration::from_secs(60);
    let (_settings, watched) =
        watch::channel(LinkSettings { hop_delay: Duration::ZERO, heartbeat: patient, hung_after: patient });
    let (events_in, mut news) = mpsc::channel(16);
    let mut links = Links::new(PEER, Incarnation(1), secret("right"), watched.clone(), events_in);
    links.dial(way(door.address), LinkKind::Ring, DialPurpose::Standby, PATIENT);
    let Some(Incoming::Member(socket, hello)) = door.incoming_links.recv().await else { panic!("refused") };
    assert!(hello.standby);
    let Some(LinkEvent { link, kind: LinkEventKind::Up, .. }) = news.recv().await else {
        panic!("it does not come up")
    };
    assert!(links.table_mut().up(link, now()).is_none(), "nobody has to know of it");

    let (heard_in, mut heard) = mpsc::channel(16);
    let mut far_end = Links::new(ME, Incarnation(1), secret("right"), watched, heard_in);
    far_end.adopt(*socket, hello);
    let wanted = WantedLinks { successor: Some(ME), leader: None, direct: false };
    assert!(matches!(links.table_mut().missing(wanted), Some(Missing::InUse(ready)) if ready.id == link));
    links.announce_use(link);
    let in_use = loop {
        let news = heard.recv().await.expect("the far end hears of it");
        if matches!(news.kind, LinkEventKind::InUse) {
            break news.link;
        }
        assert!(matches!(news.kind, LinkEventKind::Up), "{news:?}");
    };
    assert_eq!(far_end.table().route(PEER), None);
    far_end.table_mut().in_use(in_use, now()).expect("it is a standby link");
    assert_eq!(far_end.table().route(PEER), Some(in_use));
}

/// Links two nodes with these state digests. Returns the link events of the first.
async fn linked(ours: u64, theirs: u64) -> (mpsc::Receiver<LinkEvent>, [Links; 2], impl Sized) {
    let mut door = open_door().await;
    let ms = Duration::from_millis;
    let (settings, watched) =
        watch::channel(LinkSettings { hop_delay: ms(0), heartbeat: ms(2), hung_after: ms(100) });
    let (events_in, news) = mpsc::channel(256);
    let mut links = Links::new(PEER, Incarnation(1), secret("right"), watched.clone(), events_in);
    links.set_state_digest(ours);
    links.dial(way(door.address), LinkKind::Ring, DialPurpose::Wanted, PATIENT);
    let Some(Incoming::Member(socket, hello)) = door.incoming_links.recv().await else { panic!("refused") };
    let (heard_in, heard) = mpsc::channel(256);
    let mut far_end = Links::new(ME, Incarnation(1), secret("right"), watched, heard_in);
    far_end.set_state_digest(theirs);
    far_end.adopt(*socket, hello);
    (news, [links, far_end], (settings, heard))
}

#[tokio::test]
async fn ends_of_a_link_whose_states_differ_for_long_are_notified() {
    let (mut news, _links, _kept) = linked(1, 2).await;
    loop {
        let kind = news.recv().await.expect("the link lasts").kind;
        match kind {
            LinkEventKind::Differs => return,
            LinkEventKind::Up | LinkEventKind::RoundTrip { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn ends_of_a_link_with_equal_states_are_not_notified() {
    /// This many pings take longer than the ends may differ for.
    const PINGS: usize = 100;
    let (mut news, _links, _kept) = linked(1, 1).await;
    let mut pings = 0;
    while pings < PINGS {
        match news.recv().await.expect("the link lasts").kind {
            LinkEventKind::RoundTrip { .. } => pings += 1,
            LinkEventKind::Up => {}
            other => panic!("{other:?}"),
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_frame_reader_panic(text in ".{0,400}") {
        let _ = serde_json::from_str::<ringleader_shared::link::LinkFrame>(&text);
    }
}

#[tokio::test]
async fn a_start_that_is_over_reads_why_it_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (guests_in, mut guests) = mpsc::channel(4);
    let members = members();
    tokio::spawn(port(members.clone(), guests_in).accept_loop(listener));
    let (way, hello) = (way(address), hello());
    handshake::dial(&way, &hello, &secret("right")).await.expect("the present start is let in");
    assert!(matches!(guests.recv().await, Some(Incoming::Member(..))));
    members.newer(PEER, Incarnation(2));
    let error = handshake::dial(&way, &hello, &secret("right")).await.err().expect("it is over");
    assert!(error.to_string().contains("409"), "{error}");
}

#[tokio::test]
async fn a_second_link_of_a_kind_from_the_same_member_closes_the_first() {
    let mut door = open_door().await;
    let patient = Duration::from_secs(60);
    let (_settings, watched) =
        watch::channel(LinkSettings { hop_delay: Duration::ZERO, heartbeat: patient, hung_after: patient });
    let (news_in, _news) = mpsc::channel(16);
    let mut links = Links::new(ME, Incarnation(1), secret("right"), watched, news_in);
    let mut dialled = Vec::new();
    for _ in 0..2 {
        let (way, hello, secret) = (way(door.address), hello(), secret("right"));
        let dial = handshake::dial(&way, &hello, &secret);
        let (socket, guest) = tokio::join!(dial, door.incoming_links.recv());
        let Some(Incoming::Member(accepted, hello)) = guest else { panic!("a member was refused") };
        links.adopt(*accepted, hello);
        dialled.push(socket.expect("a member is let in"));
    }
    let first = dialled.first_mut().expect("it was dialled");
    let Some(Ok(Message::Close(Some(frame)))) = first.next().await else { panic!("it is not closed") };
    assert_eq!(u16::from(frame.code), close::NOT_NEEDED);
    assert_eq!(links.table().iter().count(), 1);
}

#[tokio::test]
async fn a_ping_without_digests_is_answered_and_not_compared() {
    let mut door = open_door().await;
    let ms = Duration::from_millis;
    let (_settings, watched) =
        watch::channel(LinkSettings { hop_delay: ms(0), heartbeat: ms(5), hung_after: ms(50) });
    let (news_in, mut news) = mpsc::channel(1_024);
    let mut links = Links::new(PEER, Incarnation(1), secret("right"), watched, news_in);
    links.set_state_digest(7);
    links.dial(way(door.address), LinkKind::Ring, DialPurpose::Wanted, PATIENT);
    let Some(Incoming::Member(mut socket, _)) = door.incoming_links.recv().await else { panic!("refused") };
    let (mut pings, mut pongs) = (0, 0);
    // At one ping a heartbeat this takes longer than two ends with digests may differ.
    while pings < 40 {
        match socket.next().await {
            Some(Ok(Message::Ping(_))) => {
                pings += 1;
                socket.send(Message::Ping(vec![0; 8].into())).await.expect("the link lasts");
            }
            Some(Ok(Message::Pong(_))) => pongs += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(pongs > 0, "no ping was answered");
    while let Ok(LinkEvent { kind, .. }) = news.try_recv() {
        assert!(matches!(kind, LinkEventKind::Up | LinkEventKind::RoundTrip { .. }), "{kind:?}");
    }
}
