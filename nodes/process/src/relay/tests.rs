//! Tests: links through relays, over real sockets. Each node has a runtime of its own, with which its port
//! and all that it relays are killed.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::SinkExt;
use proptest::prelude::*;
use ringleader_election::events;
use ringleader_election::link_table::DialPurpose;
use ringleader_shared::control::Configuration;
use ringleader_shared::fault::{Injection, LinkFault, NodeFault, Share};
use ringleader_shared::link::{
    LinkEnd, LinkFrame, LinkKind, MAX_FRAME, MAX_RELAYS, PathFrame, PathReply, PathRequest, close,
};
use ringleader_shared::message::Vacant;
use ringleader_shared::{Incarnation, MessageId, NodeId, NodeName, RingSettings, RingSpec, RunId, Term};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::pieces::{Frame, Piece, Splitter, TooBig};
use crate::faults::LinkFaults;
use crate::handshake::{self, Dialler, Hello, KnownMember, Members, Socket};
use crate::link_settings::LinkSettings;
use crate::links::tests::written;
use crate::links::{Hop, LinkEvent, LinkEventKind, LinkId, Links, Way};
use crate::port::{Incoming, Port, RELAYED};
use crate::secret::Secret;
use crate::tunnel::MAX_HEAD;

const fn id(member: usize) -> NodeId {
    NodeId(Uuid::from_u128(member as u128 + 1))
}

fn name(member: usize) -> NodeName {
    format!("N{member}").parse().expect("a name")
}

fn secret() -> Secret {
    Secret::for_tests("right")
}

/// Settings under which nothing is taken for silent that lives.
const PATIENT: LinkSettings = LinkSettings {
    hop_delay: Duration::ZERO,
    heartbeat: Duration::from_millis(20),
    hung_after: Duration::from_secs(20),
};

/// Settings under which a silence is noticed soon.
const QUICK: LinkSettings = LinkSettings { hung_after: Duration::from_millis(400), ..PATIENT };

/// The time in which every task has heard of changed faults.
const SETTLED: Duration = Duration::from_millis(150);

/// A node: its port, and its links.
struct Node {
    member: usize,
    address: SocketAddr,
    /// Dropped, it ends the runtime of the port.
    life: Option<oneshot::Sender<()>>,
    incoming: mpsc::Receiver<Incoming>,
    faults: watch::Sender<LinkFaults>,
    links: Links,
    news: mpsc::Receiver<LinkEvent>,
    members: Members,
    /// Kept, because dropping it ends the links.
    _settings: watch::Sender<LinkSettings>,
}

impl Node {
    async fn new(member: usize, settings: LinkSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let listener = listener.into_std().expect("a listener");
        let (incoming_in, incoming) = mpsc::channel(RELAYED * 2);
        let (settings, watched) = watch::channel(settings);
        let (faults, no_faults) = watch::channel(LinkFaults::default());
        let members = Members::default();
        let port = Port::new(id(member), secret(), members.clone(), watched.clone(), no_faults, incoming_in);
        let (life, death) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    () = port.accept_loop(listener) => {}
                    _ = death => {}
                }
            });
        });
        let (news_in, news) = mpsc::channel(1_024);
        let links = Links::new(id(member), Incarnation(1), secret(), watched, news_in);
        Self {
            member,
            address,
            life: Some(life),
            incoming,
            faults,
            links,
            news,
            members,
            _settings: settings,
        }
    }

    fn hop(&self) -> Hop {
        Hop { id: id(self.member), address: self.address }
    }

    fn kill(&mut self) {
        self.life = None;
    }

    /// Sets the faults of the network as this node knows them.
    fn set_faults(&mut self, faults: &[(usize, usize, LinkFault)]) {
        let faults = faults.iter().map(|&(from, to, fault)| NodeFault { from: id(from), to: id(to), fault });
        let configuration = Configuration {
            run: RunId(Uuid::nil()),
            ring: RingSpec::default(),
            settings: RingSettings::default(),
            heartbeat_ms: 50,
            hung_after_ms: 150,
            highest_term: Term::ZERO,
            faults: faults.collect(),
        };
        let faults = LinkFaults::of(id(self.member), &configuration);
        self.links.set_faults(faults.clone());
        self.faults.send_replace(faults);
    }

    /// Waits for the member that dials.
    async fn guest(&mut self) -> (Socket, Hello) {
        loop {
            match self.incoming.recv().await.expect("the node lives") {
                Incoming::Member(socket, hello) => return (*socket, hello),
                Incoming::Refused { reason, .. } => panic!("refused: {reason}"),
                Incoming::Injected { .. } => {}
            }
        }
    }

    async fn refusal(&mut self) -> String {
        loop {
            match self.incoming.recv().await.expect("the node lives") {
                Incoming::Member(..) => panic!("it was let in"),
                Incoming::Refused { reason, .. } => return reason,
                Incoming::Injected { .. } => {}
            }
        }
    }

    /// Waits until this node, as a relay, reports that a fault took this message.
    async fn injected(&mut self, number: u64) -> (NodeId, NodeId, Injection) {
        loop {
            match self.incoming.recv().await.expect("the node lives") {
                Incoming::Injected { message, from, to, fault } if message.id.number == number => {
                    return (from, to, fault);
                }
                Incoming::Injected { .. } => {}
                Incoming::Member(..) | Incoming::Refused { .. } => panic!("somebody comes"),
            }
        }
    }

    async fn next<T>(&mut self, wanted: impl Fn(LinkEvent) -> Option<T>) -> T {
        loop {
            let news = timeout(Duration::from_secs(10), self.news.recv()).await;
            let news = news.expect("something happens").expect("the links live");
            if let Some(it) = wanted(news) {
                return it;
            }
        }
    }

    async fn up(&mut self) -> LinkId {
        self.next(|news| matches!(news.kind, LinkEventKind::Up).then_some(news.link)).await
    }

    async fn message(&mut self) -> u64 {
        self.next(|news| match news.kind {
            LinkEventKind::Frame(frame) => Some(frame.id.number),
            LinkEventKind::Down { cause, .. } => panic!("the link is down: {cause}"),
            _ => None,
        })
        .await
    }

    async fn path(&mut self) -> PathFrame {
        self.next(|news| match news.kind {
            LinkEventKind::Path(frame) => Some(frame),
            _ => None,
        })
        .await
    }

    async fn dial_failed(&mut self) -> (LinkId, LinkEnd) {
        self.next(|news| match news.kind {
            LinkEventKind::DialFailed { cause, .. } => Some((news.link, cause)),
            _ => None,
        })
        .await
    }

    async fn down(&mut self) -> (LinkEnd, bool) {
        self.next(|news| match news.kind {
            LinkEventKind::Down { cause, failure, .. } => Some((cause, failure)),
            _ => None,
        })
        .await
    }

    fn send(&self, link: LinkId, number: u64) {
        let message = Vacant { term: Term(1), initiator: id(0), hops: 1 }.into();
        let id = MessageId { from: name(self.member), incarnation: Incarnation(1), number };
        let info = events::message_info(&RingSpec::default(), id.clone(), &message);
        let frame = LinkFrame { id, lamport: 1, sent_ns: 1, message };
        assert!(self.links.send(link, &frame, info, false));
    }
}

/// So many nodes that know one another.
async fn nodes<const N: usize>(settings: LinkSettings) -> [Node; N] {
    let mut nodes = Vec::new();
    for member in 0..N {
        nodes.push(Node::new(member, settings).await);
    }
    for node in &nodes {
        node.members.set(nodes.iter().map(|node| {
            let (name, present) = (name(node.member), Incarnation(1));
            (id(node.member), KnownMember { name, present, address: Some(node.address) })
        }));
    }
    nodes.try_into().unwrap_or_else(|_| panic!("so many"))
}

/// The way from the first of these nodes to the last, through the others.
fn way(nodes: &[Node]) -> Way {
    let [relays @ .., peer] = &nodes[1..] else { panic!("two nodes at least") };
    Way { relays: relays.iter().map(Node::hop).collect(), peer: peer.hop() }
}

/// Links the first of these nodes with the last, through the others. Returns the link at either end.
async fn linked(nodes: &mut [Node], purpose: DialPurpose) -> (LinkId, LinkId) {
    let way = way(nodes);
    let [dialler, .., acceptor] = nodes else { panic!("two nodes at least") };
    dialler.links.dial(way, LinkKind::Ring, purpose, PATIENT.hung_after);
    let (socket, hello) = acceptor.guest().await;
    acceptor.links.adopt(socket, hello);
    (dialler.up().await, acceptor.up().await)
}

/// A raw link from the first of these nodes to the last, which is up.
async fn dialled(nodes: &mut [Node]) -> Socket {
    let mut socket = let_in(nodes).await;
    socket.send(Message::Ping("up".into())).await.expect("the link is up");
    nodes.last_mut().expect("two nodes at least").up().await;
    socket
}

/// The same before its dialler has spoken.
async fn let_in(nodes: &mut [Node]) -> Socket {
    let way = way(nodes);
    let relays = way.relays.iter().map(|hop| hop.id).collect();
    let [dialler, .., acceptor] = nodes else { panic!("two nodes at least") };
    let dialler = Dialler { id: id(dialler.member), incarnation: Incarnation(1), relays };
    let hello = Hello { dialler, to: id(acceptor.member), kind: LinkKind::Ring, standby: false };
    let secret = secret();
    let (socket, (accepted, received)) =
        tokio::join!(handshake::dial(&way, &hello, &secret), acceptor.guest());
    assert_eq!(received, hello);
    acceptor.links.adopt(accepted, received);
    socket.expect("it is let in")
}

const CUT: LinkFault = LinkFault::CUT;

fn faulty(change: impl Fn(&mut LinkFault)) -> LinkFault {
    let mut fault = LinkFault::default();
    change(&mut fault);
    fault
}

async fn messages_cross<const N: usize>() {
    let mut nodes = nodes::<N>(QUICK).await;
    let (near, far) = linked(&mut nodes, DialPurpose::Wanted).await;
    let relays: Vec<NodeId> = (1..N - 1).map(id).collect();
    let [dialler, .., acceptor] = &mut nodes[..] else { panic!("two nodes at least") };
    assert_eq!(dialler.links.relays(near), relays);
    assert_eq!(acceptor.links.relays(far), relays.into_iter().rev().collect::<Vec<_>>());
    for number in 1..=20 {
        dialler.send(near, number);
        acceptor.send(far, 100 + number);
    }
    for number in 1..=20 {
        assert_eq!((acceptor.message().await, dialler.message().await), (number, 100 + number));
    }
    // Silence would end it by now, at an end or at a relay.
    sleep(8 * QUICK.hung_after).await;
    dialler.send(near, 21);
    assert_eq!(acceptor.message().await, 21);
    let pong = |news: LinkEvent| matches!(news.kind, LinkEventKind::RoundTrip { .. }).then_some(());
    dialler.next(pong).await;
    dialler.links.close(near, close::NOT_NEEDED, "not needed any more");
    let reason = "not needed any more".to_owned();
    assert_eq!(acceptor.down().await, (LinkEnd::Closed { code: close::NOT_NEEDED, reason }, false));
    assert_eq!(dialler.down().await, (LinkEnd::NotNeeded, false));
}

#[tokio::test]
async fn messages_cross_a_relay_both_ways_and_a_close_passes_through() {
    messages_cross::<3>().await;
}

#[tokio::test]
async fn messages_cross_three_relays_both_ways_and_a_close_passes_through() {
    messages_cross::<5>().await;
}

#[tokio::test]
async fn an_acceptor_that_leaves_is_heard_at_the_other_end() {
    let mut nodes = nodes::<4>(PATIENT).await;
    let (_, far) = linked(&mut nodes, DialPurpose::Wanted).await;
    nodes[3].links.close(far, close::LEAVING, "leaving");
    let reason = "leaving".to_owned();
    assert_eq!(nodes[0].down().await, (LinkEnd::Closed { code: close::LEAVING, reason }, true));
}

#[tokio::test]
async fn the_loss_of_a_relay_is_not_taken_for_that_of_the_peer() {
    for killed in [1, 2] {
        let mut nodes = nodes::<4>(PATIENT).await;
        linked(&mut nodes, DialPurpose::Wanted).await;
        nodes[killed].kill();
        assert_eq!(nodes[0].down().await, (LinkEnd::RelayLost, true), "{killed}");
        assert_eq!(nodes[3].down().await, (LinkEnd::RelayLost, true), "{killed}");
    }
}

#[tokio::test]
async fn the_loss_of_the_peer_is_noticed_at_once_through_any_number_of_relays() {
    let mut nodes = nodes::<4>(PATIENT).await;
    let way = way(&nodes);
    nodes[0].links.dial(way, LinkKind::Ring, DialPurpose::Wanted, PATIENT.hung_after);
    let (socket, _) = nodes[3].guest().await;
    nodes[0].up().await;
    let begun = Instant::now();
    drop(socket);
    assert_eq!(nodes[0].down().await, (LinkEnd::Broken, true));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(dialled(&mut nodes).await);
    assert_eq!(nodes[3].down().await, (LinkEnd::Broken, true));
}

#[tokio::test]
async fn a_dialler_that_gave_up_before_it_spoke_through_a_relay_was_never_there() {
    let mut nodes = nodes::<3>(PATIENT).await;
    drop(let_in(&mut nodes).await);
    assert_eq!(nodes[2].down().await, (LinkEnd::Broken, false));
}

#[tokio::test]
async fn a_cut_of_any_hop_takes_messages_and_ends_the_link_by_silence() {
    for hop in 0..3 {
        let mut nodes = nodes::<4>(QUICK).await;
        let (near, _) = linked(&mut nodes, DialPurpose::Wanted).await;
        for member in [hop, hop + 1] {
            nodes[member].set_faults(&[(hop, hop + 1, CUT), (hop + 1, hop, CUT)]);
        }
        nodes[0].send(near, 7);
        if hop > 0 {
            let (from, to, fault) = nodes[hop].injected(7).await;
            assert_eq!((from, to, fault), (id(hop - 1), id(hop + 1), Injection::Cut));
        }
        for end in [0, 3] {
            let (cause, failure) = nodes[end].down().await;
            assert!(cause.is_silence() && failure, "hop {hop}, end {end}: {cause}");
        }
    }
}

#[tokio::test]
async fn a_relay_discards_what_arrives_across_a_cut() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let (near, _) = linked(&mut nodes, DialPurpose::Wanted).await;
    nodes[1].set_faults(&[(0, 1, CUT)]);
    sleep(SETTLED).await;
    nodes[0].send(near, 7);
    assert_eq!(nodes[1].injected(7).await, (id(0), id(2), Injection::Cut));
    nodes[1].set_faults(&[]);
    sleep(SETTLED).await;
    nodes[0].send(near, 8);
    assert_eq!(nodes[2].message().await, 8);
}

#[tokio::test]
async fn a_delay_of_each_hop_counts() {
    let mut nodes = nodes::<4>(PATIENT).await;
    let (near, far) = linked(&mut nodes, DialPurpose::Wanted).await;
    let delay = faulty(|fault| fault.delay_ms = 100);
    let every: Vec<_> = (0..3).flat_map(|hop| [(hop, hop + 1, delay), (hop + 1, hop, delay)]).collect();
    nodes.iter_mut().for_each(|node| node.set_faults(&every));
    sleep(SETTLED).await;
    for (from, to, link) in [(0, 3, near), (3, 0, far)] {
        let begun = Instant::now();
        nodes[from].send(link, 1);
        assert_eq!(nodes[to].message().await, 1);
        assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_close_that_is_delayed_at_a_relay_comes_before_the_end_of_the_connection() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let (_, far) = linked(&mut nodes, DialPurpose::Wanted).await;
    nodes[1].set_faults(&[(1, 0, faulty(|fault| fault.delay_ms = 200))]);
    sleep(SETTLED).await;
    nodes[2].links.close(far, close::NOT_NEEDED, "not needed any more");
    assert!(matches!(nodes[0].down().await, (LinkEnd::Closed { code: close::NOT_NEEDED, .. }, false)));
}

#[tokio::test]
async fn a_message_that_chance_takes_at_a_relay_is_reported_there() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let (near, far) = linked(&mut nodes, DialPurpose::Wanted).await;
    let drop = faulty(|fault| fault.drop = Share::ALL);
    nodes[1].set_faults(&[(1, 2, drop), (1, 0, drop)]);
    sleep(SETTLED).await;
    nodes[0].send(near, 1);
    assert_eq!(nodes[1].injected(1).await, (id(0), id(2), Injection::Drop));
    nodes[2].send(far, 2);
    assert_eq!(nodes[1].injected(2).await, (id(2), id(0), Injection::Drop));
}

#[tokio::test]
async fn chance_does_not_take_the_word_that_a_standby_link_is_in_use() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let (near, _) = linked(&mut nodes, DialPurpose::Standby).await;
    nodes[1].set_faults(&[(1, 2, faulty(|fault| fault.drop = Share::ALL))]);
    sleep(SETTLED).await;
    nodes[0].links.announce_use(near);
    nodes[2].next(|news| matches!(news.kind, LinkEventKind::InUse).then_some(())).await;
}

#[tokio::test]
async fn path_frames_cross_a_standby_link_in_both_directions() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let (near, far) = linked(&mut nodes, DialPurpose::Standby).await;
    let (origin, target, number) = (id(0), id(2), 3);
    let request = PathFrame::Request(PathRequest { origin, target, number, path: vec![id(0)] });
    let reply = PathFrame::Reply(PathReply { origin, target, number, path: vec![id(1), id(2)] });
    assert!(nodes[0].links.send_path(near, &request) && nodes[2].links.send_path(far, &reply));
    assert_eq!((nodes[2].path().await, nodes[0].path().await), (request.clone(), reply));
    nodes[0].set_faults(&[(0, 1, faulty(|fault| fault.drop = Share::ALL))]);
    sleep(SETTLED).await;
    assert!(nodes[0].links.send_path(near, &request), "the link takes it, the fault drops it");
    sleep(SETTLED).await;
    nodes[0].set_faults(&[]);
    sleep(SETTLED).await;
    let other = PathFrame::Request(PathRequest { origin, target, number: 4, path: Vec::new() });
    assert!(nodes[0].links.send_path(near, &other));
    assert_eq!(nodes[2].path().await, other);
}

/// A closed port.
async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address")
}

#[tokio::test]
async fn a_failed_dial_names_the_hop_that_was_lost() {
    let mut nodes = nodes::<4>(QUICK).await;
    let known = |member: usize, address| {
        (id(member), KnownMember { name: name(member), present: Incarnation(1), address })
    };
    let nowhere = closed_port().await;
    let all = [0, 1, 2, 3].map(|member| known(member, Some(nodes[member].address)));
    let way = way(&nodes);
    let address = Some(nodes[3].address.to_string());
    let attempt = |nodes: &mut [Node; 4], way: &Way| {
        nodes[0].links.dial(way.clone(), LinkKind::Ring, DialPurpose::Wanted, PATIENT.hung_after);
    };
    // Nobody listens at the peer's port.
    for gone in [Some(nowhere), None] {
        nodes[2].members.set([all[0].clone(), all[1].clone(), known(3, gone)]);
        attempt(&mut nodes, &way);
        let (_, cause) = nodes[0].dial_failed().await;
        assert_eq!(cause, LinkEnd::NobodyListens { address: address.clone() });
    }
    nodes[2].members.set(all.clone());
    // The last hop is cut: that is a silence of the peer.
    nodes[2].set_faults(&[(2, 3, CUT)]);
    attempt(&mut nodes, &way);
    let (_, cause) = nodes[0].dial_failed().await;
    assert!(matches!(cause, LinkEnd::Unanswered { .. }), "{cause}");
    nodes[2].set_faults(&[]);
    // A relay is gone, or does not relay for this node.
    nodes[1].members.set([all[0].clone(), known(2, Some(nowhere)), all[3].clone()]);
    attempt(&mut nodes, &way);
    assert_eq!(nodes[0].dial_failed().await.1, LinkEnd::RelayLost);
    nodes[1].members.set(all[1..].to_vec());
    attempt(&mut nodes, &way);
    assert_eq!(nodes[0].dial_failed().await.1, LinkEnd::RelayLost);
    // The peer refuses.
    nodes[1].members.set(all.clone());
    nodes[3].members.set(all[1..].to_vec());
    attempt(&mut nodes, &way);
    let (_, cause) = nodes[0].dial_failed().await;
    assert!(matches!(&cause, LinkEnd::DialFailed { reason } if reason.contains("403")), "{cause}");
}

#[tokio::test]
async fn a_dial_on_another_way_keeps_what_is_queued_in_order() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let nowhere = Way::direct(Hop { id: id(2), address: closed_port().await });
    nodes[0].links.dial(nowhere, LinkKind::Ring, DialPurpose::Wanted, PATIENT.hung_after);
    let (link, cause) = nodes[0].dial_failed().await;
    assert!(matches!(cause, LinkEnd::NobodyListens { .. }), "{cause}");
    for number in 1..=5 {
        nodes[0].send(link, number);
    }
    let way = way(&nodes);
    nodes[0].links.redial(link, way, PATIENT.hung_after);
    nodes[0].send(link, 6);
    assert_eq!(nodes[0].links.relays(link), [id(1)]);
    let (socket, hello) = nodes[2].guest().await;
    nodes[2].links.adopt(socket, hello);
    for number in 1..=6 {
        assert_eq!(nodes[2].message().await, number);
    }
}

#[tokio::test]
async fn a_link_that_is_given_up_reports_what_was_queued() {
    let mut nodes = nodes::<2>(PATIENT).await;
    let nowhere = Way::direct(Hop { id: id(1), address: closed_port().await });
    nodes[0].links.dial(nowhere, LinkKind::Ring, DialPurpose::Wanted, PATIENT.hung_after);
    let (link, cause) = nodes[0].dial_failed().await;
    nodes[0].send(link, 1);
    nodes[0].links.give_up(link, cause.clone());
    let down = |news: LinkEvent| match news.kind {
        LinkEventKind::Down { cause, failure: true, unsent } => Some((cause, unsent)),
        _ => None,
    };
    let (ended, unsent) = nodes[0].next(down).await;
    assert_eq!((ended, unsent.len()), (cause, 1));
}

/// A request for a tunnel to the third node, as the first one sends it to the second.
fn request(target: NodeId, changes: &[(&str, Option<&str>)]) -> String {
    let path = id(2).to_string();
    written(&format!("CONNECT {target}"), (id(0), id(1)), &[("Ringleader-Path", &path)], changes)
}

/// Sends this to a node's port, and returns its answer.
async fn ask(node: &Node, request: &str) -> String {
    let mut stream = TcpStream::connect(node.address).await.expect("the door is open");
    stream.write_all(request.as_bytes()).await.expect("the door listens");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks a node for a tunnel to the third one, and does not wait for the answer.
async fn asks_for_a_tunnel(node: &Node) -> TcpStream {
    let mut stream = TcpStream::connect(node.address).await.expect("the door is open");
    stream.write_all(request(id(2), &[]).as_bytes()).await.expect("the door listens");
    stream
}

/// Asks a node for a tunnel to the third one. Returns the beginning of its answer.
async fn tunnel(node: &Node) -> (TcpStream, String) {
    let mut stream = asks_for_a_tunnel(node).await;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.expect("an answer");
    (stream, String::from_utf8_lossy(&status).into_owned())
}

#[tokio::test]
async fn a_tunnel_that_must_not_be_is_refused_and_the_refusal_says_why() {
    let mut nodes = nodes::<12>(PATIENT).await;
    let stranger = NodeId(Uuid::from_u128(99));
    let list = |ids: &[NodeId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let path = |ids: &[NodeId]| list(ids);
    let long: Vec<NodeId> = (2..=MAX_RELAYS + 2).map(id).collect();
    let (third, me) = (id(2), id(1).to_string());
    for (status, says, bytes) in [
        ("403", "web page", request(third, &[("Origin", Some("null"))])),
        ("401", "secret", request(third, &[("Authorization", None)])),
        ("401", "secret", request(third, &[("Authorization", Some("Bearer wrong"))])),
        ("400", "version", request(third, &[("Ringleader-Protocol", Some("1"))])),
        ("400", "ringleader-from", request(third, &[("Ringleader-From", Some("nobody"))])),
        ("421", "another node", request(third, &[("Ringleader-To", Some(&id(2).to_string()))])),
        ("400", "this very node", request(third, &[("Ringleader-From", Some(&me))])),
        ("403", "not a member", request(third, &[("Ringleader-From", Some(&stranger.to_string()))])),
        ("409", "is over", request(third, &[("Ringleader-Incarnation", Some("0"))])),
        ("400", "ringleader-path", request(third, &[("Ringleader-Path", None)])),
        ("400", "ringleader-path", request(third, &[("Ringleader-Path", Some(""))])),
        ("400", "ringleader-path", request(third, &[("Ringleader-Path", Some("nobody"))])),
        ("400", "ringleader-relays", request(third, &[("Ringleader-Relays", Some("nobody"))])),
        ("403", "not a member", request(stranger, &[("Ringleader-Path", Some(&path(&[stranger])))])),
        ("403", "not a member", request(third, &[("Ringleader-Path", Some(&path(&[third, stranger])))])),
        ("400", "twice", request(third, &[("Ringleader-Path", Some(&path(&[third, id(3), third])))])),
        ("400", "twice", request(third, &[("Ringleader-Path", Some(&path(&[third, id(0)])))])),
        ("400", "twice", request(third, &[("Ringleader-Path", Some(&path(&[third, id(1)])))])),
        ("400", "twice", request(third, &[("Ringleader-Relays", Some(&list(&[third])))])),
        ("400", "more than 8", request(third, &[("Ringleader-Path", Some(&path(&long)))])),
        ("400", "does not begin", request(id(3), &[])),
        ("400", "does not begin", request(third, &[]).replace(&format!("CONNECT {third}"), "CONNECT x")),
        ("400", "no such method", request(third, &[]).replace("CONNECT", "COPY")),
        ("400", "something follows", request(third, &[]) + "GET"),
    ] {
        let answer = ask(&nodes[1], &bytes).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{bytes}\n{answer}");
        let reason = nodes[1].refusal().await;
        assert!(reason.contains(says) && answer.ends_with(&reason), "{bytes}\n{answer}\n{reason}");
    }
    let endless = format!("CONNECT {third} HTTP/1.1\r\nX: {}", "x".repeat(MAX_HEAD));
    ask(&nodes[1], &endless).await;
    assert!(nodes[1].refusal().await.contains("too large"));
}

#[tokio::test]
async fn a_link_whose_relays_are_no_members_is_refused() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let way = way(&nodes);
    let stranger = NodeId(Uuid::from_u128(99));
    for (relays, says) in [(vec![stranger], "not a member"), (vec![id(1), id(1)], "twice")] {
        let dialler = Dialler { id: id(0), incarnation: Incarnation(1), relays };
        let hello = Hello { dialler, to: id(2), kind: LinkKind::Ring, standby: false };
        let direct = Way::direct(way.peer);
        let refused = handshake::dial(&direct, &hello, &secret()).await.err().expect("it is refused");
        assert!(matches!(refused, LinkEnd::DialFailed { .. }), "{refused}");
        assert!(nodes[2].refusal().await.contains(says));
    }
}

#[tokio::test]
async fn who_asks_for_a_tunnel_and_goes_silent_is_dropped() {
    let mut nodes = nodes::<3>(PATIENT).await;
    // Before its request is whole.
    assert_eq!(ask(&nodes[1], "CONNECT ").await, "");
    assert!(nodes[1].refusal().await.contains("within 2 s"));
    // When the tunnel is open: the node at its end closes it.
    let answer = ask(&nodes[1], &request(id(2), &[])).await;
    assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\n");
    assert!(nodes[2].refusal().await.contains("within 2 s"));
}

#[tokio::test]
async fn a_node_relays_so_many_connections_and_no_more() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let mut open = Vec::new();
    for _ in 0..RELAYED {
        let (stream, status) = tunnel(&nodes[1]).await;
        assert_eq!(status, "HTTP/1.1 200");
        open.push(stream);
    }
    assert_eq!(tunnel(&nodes[1]).await.1, "HTTP/1.1 503");
    assert!(nodes[1].refusal().await.contains("relayed already"));
    drop(open);
    while tunnel(&nodes[1]).await.1 != "HTTP/1.1 200" {
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_leaves_while_a_tunnel_is_being_opened_makes_room_for_others() {
    let mut nodes = nodes::<3>(PATIENT).await;
    nodes[1].set_faults(&[(1, 2, CUT)]);
    let mut waiting = Vec::new();
    for _ in 0..RELAYED {
        waiting.push(asks_for_a_tunnel(&nodes[1]).await);
    }
    // Until there is no room, a tunnel is kept waiting. It is kept, too: it may have taken the place of one
    // of those above.
    loop {
        let mut stream = asks_for_a_tunnel(&nodes[1]).await;
        let mut status = [0; 12];
        if timeout(SETTLED, stream.read_exact(&mut status)).await.is_ok() {
            break;
        }
        waiting.push(stream);
    }
    drop(waiting);
    nodes[1].set_faults(&[]);
    let opened = async {
        while tunnel(&nodes[1]).await.1 != "HTTP/1.1 200" {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), opened).await.expect("there is room again");
}

#[tokio::test]
async fn a_refusal_of_the_far_end_comes_through_as_it_is() {
    let nodes = nodes::<3>(PATIENT).await;
    let (mut stream, status) = tunnel(&nodes[1]).await;
    assert_eq!(status, "HTTP/1.1 200");
    let get =
        request(id(2), &[("Authorization", None)]).replace(&format!("CONNECT {}", id(2)), "GET /v1/ring");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let get = get.replace("\r\n\r\n", "\r\n") + upgrade;
    stream.write_all(get.as_bytes()).await.expect("the tunnel is open");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).expect("text");
    assert!(answer.contains("HTTP/1.1 401"), "{answer}");
    assert!(answer.ends_with("the run's secret is missing or wrong"), "{answer}");
}

#[tokio::test]
async fn a_frame_over_the_limit_is_the_end_of_its_sender() {
    let mut nodes = nodes::<3>(PATIENT).await;
    let mut socket = dialled(&mut nodes).await;
    let _ = socket.send(Message::text("x".repeat(MAX_FRAME + 1))).await;
    assert_eq!(nodes[2].down().await, (LinkEnd::Broken, true));
}

/// The bytes of a frame.
fn frame_bytes(first: u8, key: Option<[u8; 4]>, content: &[u8]) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match content.len() {
        short @ ..126 => bytes.push(mask | u8::try_from(short).expect("short")),
        long => {
            bytes.push(mask | 126);
            bytes.extend(u16::try_from(long).expect("under the limit").to_be_bytes());
        }
    }
    bytes.extend(key.into_iter().flatten());
    let key = key.unwrap_or_default();
    bytes.extend(content.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

proptest! {
    #[test]
    fn the_pieces_do_not_depend_on_how_the_bytes_come(
        frames in prop::collection::vec(
            (any::<u8>(), prop::option::of(any::<[u8; 4]>()), prop::collection::vec(any::<u8>(), 0..400)),
            0..8,
        ),
        cuts in prop::collection::vec(1_usize..300, 1..20),
    ) {
        let head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n".to_vec();
        let whole: Vec<Vec<u8>> =
            frames.iter().map(|(first, key, content)| frame_bytes(*first, *key, content)).collect();
        let bytes: Vec<u8> = head.iter().chain(whole.iter().flatten()).copied().collect();
        let mut splitter = Splitter::default();
        let (mut pieces, mut texts) = (Vec::new(), Vec::new());
        let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(*cuts.next().expect("endless")));
            rest = later;
            splitter.buffer().extend_from_slice(now);
            while let Some(piece) = splitter.next().expect("none is too big") {
                match piece {
                    Piece::Head(head) => pieces.push(head),
                    Piece::Frame(frame) => {
                        texts.push(frame.text());
                        pieces.push(frame.into_bytes());
                    }
                }
            }
        }
        prop_assert_eq!(&pieces[0], &head);
        prop_assert_eq!(&pieces[1..], &whole[..]);
        let expected: Vec<Option<Vec<u8>>> = frames
            .into_iter()
            .map(|(first, _, content)| (first & 0x8F == 0x81).then_some(content))
            .collect();
        prop_assert_eq!(texts, expected);
    }

    #[test]
    fn no_bytes_make_the_splitter_panic_or_keep_much(bytes in prop::collection::vec(any::<u8>(), 0..40_000)) {
        let mut splitter = Splitter::default();
        for chunk in bytes.chunks(super::READ) {
            splitter.buffer().extend_from_slice(chunk);
            while let Ok(Some(_)) = splitter.next() {}
            if splitter.next() == Err(TooBig) {
                break;
            }
            prop_assert!(splitter.buffer().len() <= MAX_FRAME + 14 + super::READ);
        }
    }
}

#[test]
fn what_is_larger_than_any_frame_or_head_is_an_error() {
    let after_head = |frame: &[u8]| {
        let mut splitter = Splitter::default();
        splitter.buffer().extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
        assert!(matches!(splitter.next(), Ok(Some(Piece::Head(_)))));
        splitter.buffer().extend_from_slice(frame);
        splitter.next()
    };
    let too_long = u16::try_from(MAX_FRAME + 1).expect("16 bits").to_be_bytes();
    assert_eq!(after_head(&[0x81, 126, too_long[0], too_long[1]]), Err(TooBig));
    assert_eq!(after_head(&[0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255]), Err(TooBig));
    assert_eq!(after_head(&[0x81, 127, 0, 0, 0, 0, 0, 0]), Ok(None));
    let whole = frame_bytes(0x81, Some([1, 2, 3, 4]), &vec![7; MAX_FRAME]);
    assert!(matches!(after_head(&whole), Ok(Some(Piece::Frame(_)))));
    let mut splitter = Splitter::default();
    splitter.buffer().extend(vec![b'x'; MAX_HEAD + 1]);
    assert_eq!(splitter.next(), Err(TooBig));
    let expected = [0x88, 6, 0x0F, 0xA2, b'p', b'e', b'e', b'r'];
    assert_eq!(Frame::close(close::PEER_LOST, close::PEER, false), expected);
    let masked = [0x88, 0x86, 0, 0, 0, 0, 0x0F, 0xA2, b'p', b'e', b'e', b'r'];
    assert_eq!(Frame::close(close::PEER_LOST, close::PEER, true), masked);
}
