//! The inquiries of a member that waits for a leader: rules E10 to E12.

use std::sync::Arc;
use std::time::Duration;

use ringleader_election::{Core, Effect, Input, Time, Timer};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::message::{Inquiry, StateUpdate};
use ringleader_shared::{Mandate, RingMessage, RingSettings, Safety, Term};

use crate::quiet_ring::{TIMING, contender, id};

/// Member B of a ring of four that has lost its leader, C, and has nobody to hear from: the link to its
/// successor, D, is not up.
struct Waiting {
    core: Core,
    now: Duration,
    effects: Vec<Effect<RingMessage>>,
}

impl Waiting {
    fn new() -> Self {
        Self::in_mode(Safety::Available)
    }

    fn in_mode(safety: Safety) -> Self {
        let members = [("A", 90), ("B", 100), ("C", 130), ("D", 120)];
        let ring: Arc<[_]> = members.iter().map(|(who, attribute)| contender(who, *attribute)).collect();
        let mut waiting = Self { core: Core::new(id("B")), now: Duration::ZERO, effects: Vec::new() };
        let settings = RingSettings { safety, ..RingSettings::default() };
        waiting.give(Input::Configured { ring, timing: TIMING, settings, seed: 1, highest_term: Term(0) });
        let mandate = Mandate {
            term: Term(1),
            leader: contender("C", 130),
            deputy_epoch: 0,
            deputy: Some(contender("D", 120)),
        };
        let news = StateUpdate { term: Term(1), mandate: Some(mandate) };
        waiting.link_up("C", LinkDirection::Outgoing);
        waiting.link_up("A", LinkDirection::Incoming);
        waiting.give(Input::Received { from: id("C"), message: news.into() });
        let direction = LinkDirection::Outgoing;
        waiting.give(Input::LinkDown { peer: id("C"), link: LinkKind::Ring, direction });
        assert_eq!(waiting.core.successor(), id("D"));
        waiting
    }

    fn give(&mut self, input: Input<RingMessage>) -> &mut Self {
        self.effects.clear();
        self.core.handle(Time(self.now), input, &mut self.effects);
        self
    }

    fn link_up(&mut self, who: &str, direction: LinkDirection) -> &mut Self {
        self.give(Input::LinkUp { peer: id(who), link: LinkKind::Ring, direction })
    }

    /// The election timer fires once more.
    fn asks(&mut self) -> &mut Self {
        self.now += Duration::from_secs(10);
        self.give(Input::TimerFired(Timer::Election));
        assert!(
            self.effects
                .iter()
                .any(|effect| matches!(effect, Effect::Send { message: RingMessage::Inquiry(_), .. }))
        );
        self
    }

    /// The time to which the last input has set the election timer.
    fn waits(&self) -> Option<Duration> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::StartTimer { timer: Timer::Election, after } => Some(*after),
            _ => None,
        })
    }
}

#[test]
fn who_asks_in_vain_waits_for_longer_each_time() {
    let mut waiting = Waiting::new();
    for times in [1, 2, 4, 8, 8] {
        assert_eq!(waiting.asks().waits(), Some(TIMING.election * times));
    }
}

#[test]
fn who_has_asked_in_vain_asks_soon_when_its_successor_is_there_and_not_each_time_that_it_comes() {
    let mut waiting = Waiting::new();
    waiting.asks().asks().asks();
    assert_eq!(waiting.link_up("D", LinkDirection::Outgoing).waits(), Some(TIMING.election));
    assert_eq!(waiting.link_up("D", LinkDirection::Outgoing).waits(), None);
    assert_eq!(waiting.asks().waits(), Some(TIMING.election * 2));
}

#[test]
fn who_is_left_alone_after_asking_in_vain_does_not_wait_for_long() {
    let mut waiting = Waiting::new();
    waiting.asks().asks().asks();
    for lost in ["D", "A"] {
        let (link, direction) = (LinkKind::Ring, LinkDirection::Outgoing);
        waiting.give(Input::LinkDown { peer: id(lost), link, direction });
    }
    assert_eq!(waiting.core.successor(), id("B"));
    assert_eq!(waiting.waits(), Some(TIMING.election));
}

#[test]
fn the_time_for_which_an_inquiry_waited_for_its_link_is_no_measure_of_a_lap() {
    let mut waiting = Waiting::new();
    waiting.asks();
    waiting.now += TIMING.election * 5;
    waiting.link_up("D", LinkDirection::Outgoing);
    waiting.now += TIMING.election / 10;
    let inquiry = Inquiry { term: Term(1), initiator: id("B"), leader: None, supporters: 3, hops: 3 };
    waiting.give(Input::Received { from: id("A"), message: inquiry.into() });
    assert_eq!(waiting.core.term(), Term(2), "it initiates: {:?}", waiting.effects);
}

/// The inquiry that a member passes on.
fn passed_on(waiting: &Waiting) -> Option<Inquiry> {
    waiting.effects.iter().find_map(|effect| match effect {
        Effect::Send { message: RingMessage::Inquiry(inquiry), .. } => Some(*inquiry),
        _ => None,
    })
}

fn inquiry_of(who: &str, term: u64, supporters: u32) -> Inquiry {
    Inquiry { term: Term(term), initiator: id(who), leader: None, supporters, hops: 1 }
}

#[test]
fn a_leader_names_itself_in_the_inquiry_of_another() {
    let mut waiting = Waiting::new();
    let mandate = Mandate { term: Term(2), leader: contender("B", 100), deputy_epoch: 0, deputy: None };
    waiting.give(Input::LinkDown { peer: id("D"), link: LinkKind::Ring, direction: LinkDirection::Outgoing });
    waiting.give(Input::LinkDown { peer: id("A"), link: LinkKind::Ring, direction: LinkDirection::Outgoing });
    waiting.give(Input::Initiate);
    let term = waiting.core.term();
    assert_eq!(waiting.core.mandate(), Some(&Mandate { term, ..mandate }), "it leads alone");
    waiting.link_up("A", LinkDirection::Outgoing);
    waiting.give(Input::Received { from: id("A"), message: inquiry_of("A", 1, 1).into() });
    let inquiry = passed_on(&waiting).expect("it is passed on");
    assert_eq!((inquiry.leader.map(|leader| leader.leader.id), inquiry.supporters), (Some(id("B")), 1));
}

#[test]
fn an_inquiry_collects_the_highest_term_and_those_without_a_leader() {
    let mut waiting = Waiting::new();
    waiting.give(Input::Received { from: id("A"), message: inquiry_of("A", 0, 1).into() });
    let inquiry = passed_on(&waiting).expect("it is passed on");
    assert_eq!((inquiry.term, inquiry.supporters, inquiry.hops), (Term(1), 2, 2));
    waiting.give(Input::Received { from: id("A"), message: inquiry_of("A", 7, 1).into() });
    assert_eq!(passed_on(&waiting).map(|inquiry| inquiry.term), Some(Term(7)));
}

#[test]
fn in_quorum_mode_an_inquiry_of_too_few_is_followed_by_no_election() {
    for (supporters, term) in [(2, Term(1)), (3, Term(2))] {
        let mut waiting = Waiting::in_mode(Safety::Quorum);
        waiting.asks();
        let inquiry = Inquiry { hops: 3, ..inquiry_of("B", 1, supporters) };
        waiting.give(Input::Received { from: id("A"), message: inquiry.into() });
        assert_eq!(waiting.core.term(), term, "{supporters} of 4");
    }
}
