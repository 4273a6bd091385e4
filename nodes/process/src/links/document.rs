//! Tests: the tables of `docs/wire.md` about times and about the ends of links describe what this crate
//! does.

use std::cmp::max;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ringleader_shared::control::Configuration;
use ringleader_shared::link::{LinkDirection, LinkKind, MAX_MESSAGE};
use ringleader_shared::{Incarnation, NodeId, RingSettings, RingSpec, RunId, Term};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use uuid::Uuid;

use ringleader_election::Time;
use ringleader_election::failure_detector::{AT_MOST, FailureDetector, REMEMBERED};
use ringleader_election::link_table::TOO_SHORT;
use ringleader_election::paths::Paths;
use ringleader_testing::document::{WIRE, check, head, row};

use super::task::GOODBYE;
use super::task::pings::most_pings;
use super::{DialPurpose, Hop, LinkEvent, LinkEventKind, Links, Way, close};
use crate::handshake::{self, ACCEPT_WITHIN, Admitted, Dialler, Hello, KnownMember, Members, Socket};
use crate::link_settings::{LinkSettings, timing};
use crate::node::{HEARTBEAT_REPORT_EVERY, LEAVE_WITHIN, PROBE_EVERY_HEARTBEATS};
use crate::port::tunnel_within;
use crate::relay::patience;
use crate::secret::Secret;

/// The configuration that a formula is about, in milliseconds.
#[derive(Clone, Copy)]
struct Given {
    hop: u64,
    heartbeat: u64,
    hung_after: u64,
    n: u64,
}

impl Given {
    const DEFAULTS: Self = Self { hop: 0, heartbeat: 50, hung_after: 150, n: 4 };

    /// Every allowed combination of settings.
    fn every() -> impl Iterator<Item = Self> {
        let hops = [0, 1, 20, 400, 2_000].into_iter();
        hops.flat_map(|hop| {
            [(50, 150), (1, 2), (200, 300), (10, 1_000)].into_iter().flat_map(
                move |(heartbeat, hung_after)| {
                    [1, 2, 4, 64].into_iter().map(move |n| Self { hop, heartbeat, hung_after, n })
                },
            )
        })
    }

    fn hop(self) -> u64 {
        self.hop
    }

    fn heartbeat(self) -> u64 {
        self.heartbeat
    }

    fn hung(self) -> u64 {
        self.hung_after + 2 * self.hop
    }

    fn n(self) -> u64 {
        self.n
    }

    fn settings(self) -> LinkSettings {
        LinkSettings::from(&Configuration {
            run: RunId(Uuid::nil()),
            ring: RingSpec::default(),
            settings: RingSettings { hop_delay_ms: self.hop, ..RingSettings::default() },
            heartbeat_ms: self.heartbeat,
            hung_after_ms: self.hung_after,
            highest_term: Term::ZERO,
            faults: Vec::new(),
        })
    }

    fn detector(self) -> FailureDetector {
        let LinkSettings { heartbeat, hung_after, .. } = self.settings();
        FailureDetector::new(ACCEPTOR, Time::default(), heartbeat, hung_after)
    }
}

/// A time of the document: its meaning, its formula as text and as a function, and the code's own value.
struct Row {
    about: &'static str,
    formula: &'static str,
    expected: fn(Given) -> u64,
    actual: fn(Given) -> Duration,
}

/// The text of a formula of these variables and the formula itself, from one source.
macro_rules! time {
    ($about:literal, $actual:expr, [$($variable:ident)*] $formula:expr) => {
        Row {
            about: $about,
            formula: stringify!($formula),
            expected: |given| {
                let _ = given;
                $(let $variable = given.$variable();)*
                $formula
            },
            actual: $actual,
        }
    };
}

fn times() -> Vec<Row> {
    fn core(given: Given) -> ringleader_election::Timing {
        timing(&given.settings(), usize::try_from(given.n).expect("a small ring"))
    }
    fn dial_within(given: Given, unanswered: u32) -> Duration {
        let mut paths = Paths::new(DIALLER, Incarnation(1));
        (0..unanswered).for_each(|_| paths.unanswered(ACCEPTOR));
        paths.dial_within(ACCEPTOR, DialPurpose::Probe, 1, given.settings().hung_after)
    }
    vec![
        time!("a ping on each link", |it| it.settings().heartbeat, [heartbeat] heartbeat),
        time!("a peer that is silent for so long is hung, on a machine that is never late", |it| it.detector().hung_at().0, [hung] hung),
        time!("a link that is silent for so long is doubted, and another way is looked for", |it| it.detector().next_deadline().0, [hung] 2 * hung / 3),
        time!("the longest such silence, however late this machine is", |it| it.settings().hung_after * AT_MOST, [hung] 4 * hung),
        time!("lateness is remembered at least", |_| REMEMBERED, [] 10_000),
        time!("a node that is not scheduled for longer than this begins to measure silence anew", |it| it.detector().starved_after(), [heartbeat hung] heartbeat + hung / 3),
        time!("a dialler gives up its handshake, the first time", |it| dial_within(it, 0), [hung] hung),
        time!("the longest time that a handshake has, after some that were not answered", |it| dial_within(it, 16), [hung] max(hung, 64_000)),
        time!("an acceptor gives up a handshake", |_| ACCEPT_WITHIN, [] 2_000),
        time!("a relay gives up the rest of a path, for each hop of it", |it| tunnel_within(it.settings(), 1), [hung] hung),
        time!("a relay ends a connection of which one side is silent for so long", |it| patience(it.settings()), [hung] 5 * hung),
        time!("*too short*: an outgoing ring link that is closed so soon counts as failed", |_| TOO_SHORT, [] 10),
        time!("members that are routed past are dialled again, the standby link is looked after", |it| it.settings().heartbeat * PROBE_EVERY_HEARTBEATS, [heartbeat] 5 * heartbeat),
        time!("a close waits for the other end", |_| GOODBYE, [] 50),
        time!("a node that leaves waits for all closes", |_| LEAVE_WITHIN, [] 60),
        time!("a `heartbeat` event, at most one in", |_| HEARTBEAT_REPORT_EVERY, [] 1_000),
        time!(
            "election timeout", |it| core(it).election, [hop heartbeat hung n] max(10 * heartbeat, 2 * hung) + 4 * hop * (n + 1)
        ),
        time!("a leader waits for its lap", |it| core(it).lap, [hop heartbeat hung n] max(10 * heartbeat, 2 * hung) + 3 * hop * (n + 1)),
        time!("a leader waits for its deputy's heartbeat link", |it| core(it).deputy, [hop heartbeat hung n] max(10 * heartbeat, 2 * hung) + 3 * hop * (n + 1)),
        time!("quorum mode: a member grants its lease", |it| core(it).lease, [hung] 4 * hung),
    ]
}

#[test]
fn the_times_of_the_document_are_those_of_the_code() {
    let mut table = head(&["time", "milliseconds", "by default"]);
    for Row { about, formula, expected, actual } in times() {
        for given in Given::every() {
            let difference = actual(given).abs_diff(Duration::from_millis(expected(given)));
            // `hung / 3` is exact in the code and a whole number of milliseconds in the formula.
            let Given { hop, heartbeat, hung_after, n } = given;
            assert!(
                difference < Duration::from_millis(1),
                "{about}: {:?} at hop {hop}, heartbeat {heartbeat}, hung_after {hung_after}, n {n}",
                actual(given)
            );
        }
        let by_default = expected(Given::DEFAULTS).to_string();
        table += &row([about.to_owned(), format!("`{}`", formula.replace('\n', " ")), by_default]);
    }
    let pings = |given: Given| most_pings(given.settings());
    for given in Given::every() {
        let hung = u128::from(given.hung_after + 2 * given.hop);
        assert_eq!(pings(given), 100 + 4 * hung / u128::from(given.heartbeat));
    }
    let pings = pings(Given::DEFAULTS);
    table += &row([
        "most pings and pongs within a heartbeat (a number)",
        "`100 + 4 * hung / heartbeat`",
        &pings.to_string(),
    ]);
    check(WIRE, "times", &table);
}

const DIALLER: NodeId = NodeId(Uuid::from_u128(1));
const ACCEPTOR: NodeId = NodeId(Uuid::from_u128(2));
const RELAY: NodeId = NodeId(Uuid::from_u128(3));

/// One end of a link as a node has it, and the other end, which the test drives.
struct Link {
    news: mpsc::Receiver<LinkEvent>,
    links: Links,
    other: Socket,
    /// Kept, because dropping it ends the link.
    _settings: watch::Sender<LinkSettings>,
}

/// Opens a ring link of which the node under test is the dialler or the acceptor.
async fn open(end: LinkDirection, hung_after: Duration, is_relayed: bool) -> Link {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let secret = Secret::for_tests("secret");
    let members = Members::default();
    members.set([DIALLER, RELAY].map(|id| {
        let name = "A".parse().expect("a name");
        (id, KnownMember { name, present: Incarnation(1), address: None })
    }));
    let accepting = async {
        let (mut stream, _) = listener.accept().await.expect("somebody dials");
        if is_relayed && end == LinkDirection::Outgoing {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.expect("a request for a tunnel");
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("the dialler reads");
        }
        match handshake::accept(stream, ACCEPTOR, &secret, &members).await {
            Ok(Admitted::Link(socket, hello)) => (*socket, hello),
            Ok(Admitted::Tunnel(..)) | Err(_) => panic!("refused"),
        }
    };
    let heartbeat = Duration::from_secs(60).min(hung_after);
    let (settings, watched) =
        watch::channel(LinkSettings { hop_delay: Duration::ZERO, heartbeat, hung_after });
    let (news_in, news) = mpsc::channel(16);
    let me = if end == LinkDirection::Outgoing { DIALLER } else { ACCEPTOR };
    let mut links = Links::new(me, Incarnation(1), secret.clone(), watched, news_in);
    let mut way = Way::direct(Hop { id: ACCEPTOR, address });
    let other = match end {
        LinkDirection::Outgoing => {
            way.relays.extend(is_relayed.then_some(Hop { id: RELAY, address }));
            links.dial(way, LinkKind::Ring, DialPurpose::Wanted, hung_after);
            accepting.await.0
        }
        LinkDirection::Incoming => {
            let relays = if is_relayed { vec![RELAY] } else { Vec::new() };
            let dialler = Dialler { id: DIALLER, incarnation: Incarnation(1), relays };
            let hello = Hello { dialler, to: ACCEPTOR, kind: LinkKind::Ring, standby: false };
            let dialled = handshake::dial(&way, &hello, &secret);
            let (dialled, (socket, hello)) = tokio::join!(dialled, accepting);
            links.adopt(socket, hello);
            dialled.expect("a member is let in")
        }
    };
    Link { news, links, other, _settings: settings }
}

/// The ways in which a link ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// The other end closes with this code, or with none.
    ClosedWith(Option<u16>),
    /// The connection ends without a close frame.
    Broken,
    /// The same before the dialler has sent a frame.
    BrokenBeforeAnything,
    /// The other end sends nothing and answers nothing.
    Silence,
    /// The other end sends this frame.
    Sent(Forbidden),
    /// This end closes with this code.
    Closes(u16),
    /// A relay closes with 4002 and this reason.
    RelayCloses(&'static str),
    /// The connection to the nearest relay ends without a close frame.
    RelayBroken,
}

#[derive(Debug, Clone, Copy)]
enum Forbidden {
    Binary,
    NoFrame,
    TooBig,
    Pings,
}

const ENDS: [End; 20] = [
    End::ClosedWith(Some(1000)),
    End::ClosedWith(Some(close::LEAVING)),
    End::ClosedWith(Some(close::UNSUPPORTED)),
    End::ClosedWith(Some(close::MALFORMED)),
    End::ClosedWith(Some(close::TOO_MUCH)),
    End::ClosedWith(Some(close::TOO_BIG)),
    End::ClosedWith(Some(close::NOT_NEEDED)),
    End::ClosedWith(Some(close::SILENT)),
    End::ClosedWith(Some(close::PEER_LOST)),
    End::ClosedWith(None),
    End::Broken,
    End::BrokenBeforeAnything,
    End::Silence,
    End::Sent(Forbidden::Binary),
    End::Sent(Forbidden::NoFrame),
    End::Sent(Forbidden::TooBig),
    End::Sent(Forbidden::Pings),
    End::RelayCloses(close::PEER),
    End::RelayCloses(close::RELAY),
    End::RelayBroken,
];

impl End {
    fn describe(self) -> String {
        match self {
            Self::ClosedWith(Some(code)) => format!("the peer closes with {code}"),
            Self::ClosedWith(None) => "the peer closes without a code".to_owned(),
            Self::Broken => "the connection breaks, without a close frame".to_owned(),
            Self::BrokenBeforeAnything => "the same before the dialler has sent a frame".to_owned(),
            Self::Silence => "the peer is silent for `hung`".to_owned(),
            Self::Sent(Forbidden::Binary) => "the peer sends a binary frame".to_owned(),
            Self::Sent(Forbidden::NoFrame) => "the peer sends text that is no frame".to_owned(),
            Self::Sent(Forbidden::TooBig) => format!("the peer sends a message over {MAX_MESSAGE} bytes"),
            Self::Sent(Forbidden::Pings) => "the peer sends too many pings".to_owned(),
            Self::Closes(code) => format!("this member closes with {code}"),
            Self::RelayCloses(reason) => {
                format!("a relay closes the relayed link with {}, reason `{reason}`", close::PEER_LOST)
            }
            Self::RelayBroken => "the connection of a relayed link breaks".to_owned(),
        }
    }
}

/// Plays one end of a link. Returns the code with which this end closes in return, if any, and how the
/// peer is counted.
async fn play(end: LinkDirection, how: End) -> (Option<u16>, &'static str) {
    let hung_after = match how {
        End::Silence => Duration::from_millis(100),
        _ => Duration::from_secs(60),
    };
    let is_relayed = matches!(how, End::RelayCloses(_) | End::RelayBroken);
    let Link { mut news, mut links, mut other, _settings } = open(end, hung_after, is_relayed).await;
    let speaks_first = end == LinkDirection::Incoming && !matches!(how, End::BrokenBeforeAnything);
    if speaks_first {
        other.send(Message::Ping("up".into())).await.expect("the link is up");
    }
    let mut up = None;
    if speaks_first || end == LinkDirection::Outgoing {
        let Some(LinkEvent { link, kind: LinkEventKind::Up, .. }) = news.recv().await else {
            panic!("it does not come up")
        };
        up = Some(link);
    }
    let mut stays = true;
    match how {
        End::ClosedWith(code) => {
            let frame = code.map(|code| CloseFrame { code: CloseCode::from(code), reason: "".into() });
            let _ = other.send(Message::Close(frame)).await;
        }
        End::RelayCloses(reason) => {
            let frame = CloseFrame { code: CloseCode::from(close::PEER_LOST), reason: reason.into() };
            let _ = other.send(Message::Close(Some(frame))).await;
        }
        End::Broken | End::BrokenBeforeAnything | End::RelayBroken => stays = false,
        End::Silence => {}
        End::Sent(Forbidden::Binary) => drop(other.send(Message::binary(vec![1])).await),
        End::Sent(Forbidden::NoFrame) => drop(other.send(Message::text("hello")).await),
        End::Sent(Forbidden::TooBig) => drop(other.send(Message::text("x".repeat(MAX_MESSAGE + 1))).await),
        End::Sent(Forbidden::Pings) => {
            for _ in 0..200 {
                let _ = other.feed(Message::Ping("flood".into())).await;
            }
            let _ = other.flush().await;
        }
        End::Closes(code) => links.close(up.expect("it is up"), code, "closed"),
    }
    let verdict = async {
        while let Some(LinkEvent { kind, .. }) = news.recv().await {
            if let LinkEventKind::Down { failure, .. } = kind {
                return if failure { "lost" } else { "alive" };
            }
        }
        panic!("{how:?}: the link does not end");
    };
    let answer = async {
        let mut other = stays.then_some(other)?;
        loop {
            match other.next().await {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            }
        }
    };
    let both = async {
        match how {
            // Reading would answer this end's pings.
            End::Silence => {
                let verdict = verdict.await;
                (answer.await, verdict)
            }
            _ => tokio::join!(answer, verdict),
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), both).await;
    ended.unwrap_or_else(|_| panic!("{how:?}: the link does not end"))
}

/// Plays an end, and again while the connection was reset. Bytes in transit when an end closes may reset
/// the connection and lose the close frame.
async fn play_until_answered(end: LinkDirection, how: End) -> (Option<u16>, &'static str) {
    const ATTEMPTS: usize = 20;
    for _ in 1..ATTEMPTS {
        let (code, verdict) = play(end, how).await;
        if code.is_some() || !matches!(how, End::Sent(_)) {
            return (code, verdict);
        }
    }
    play(end, how).await
}

#[tokio::test]
async fn the_ends_of_links_in_the_document_are_those_of_the_code() {
    let mut table = head(&[
        "kind happens",
        "closes with",
        "for the dialler the acceptor is",
        "for the acceptor the dialler is",
    ]);
    for how in ENDS {
        let (dialler_says, dialler) = play_until_answered(LinkDirection::Outgoing, how).await;
        let (acceptor_says, acceptor) = play_until_answered(LinkDirection::Incoming, how).await;
        let own = |code: Option<u16>| match how {
            End::Sent(_) | End::Silence => code.map_or("–".to_owned(), |code| code.to_string()),
            _ => "–".to_owned(),
        };
        assert_eq!(own(dialler_says), own(acceptor_says), "{how:?}");
        table += &row([how.describe(), own(acceptor_says), dialler.to_owned(), acceptor.to_owned()]);
    }
    for code in [close::LEAVING, close::NOT_NEEDED] {
        // The node forgets a link when it closes it: later reports of the link do not reach the core.
        let how = End::Closes(code);
        for end in [LinkDirection::Outgoing, LinkDirection::Incoming] {
            assert_eq!(play(end, how).await, (Some(code), "alive"), "{how:?}");
        }
        table += &row([how.describe(), code.to_string(), "nothing".to_owned(), "nothing".to_owned()]);
    }
    check(WIRE, "link ends", &table);
}
