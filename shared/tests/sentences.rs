//! The sentences of explanations, as a card's log shows them.

use std::collections::BTreeSet;

use ringleader_shared::event::{EventKind, NamedContender};
use ringleader_shared::explanation::{
    DropReason, Explanation as Why, NamedDropReason, NamedExplanation, Names, Why as Classic,
};
use ringleader_shared::link::{LinkDirection, LinkKind};
use ringleader_shared::{AlgorithmName, Attribute, Contender, NodeId, NodeName, Term, text};
use uuid::Uuid;

/// Members whose names are single letters, of which their ids are made.
struct Letters;

impl Names for Letters {
    type Member = NodeName;
    type Contender = NamedContender;

    fn name_of(&self, id: NodeId) -> NodeName {
        let letter = u8::try_from(id.0.as_u128()).expect("an id of a letter");
        char::from(letter).to_string().parse().expect("a name")
    }

    fn contender_of(&self, contender: Contender) -> NamedContender {
        NamedContender { name: self.name_of(contender.id), attribute: contender.attribute }
    }
}

fn id(letter: &str) -> NodeId {
    NodeId(Uuid::from_u128(letter.as_bytes()[0].into()))
}

fn contender(letter: &str, attribute: u64) -> Contender {
    Contender::new(Attribute(attribute), id(letter))
}

/// The sentence is as it should be, and JSON keeps the explanation, with ids and with names.
#[track_caller]
fn assert_words(why: Why, words: &str) {
    let named = why.named(&Letters);
    assert_eq!(text::explanation(&named), words);
    let json = serde_json::to_string(&named).expect("JSON");
    assert_eq!(serde_json::from_str::<NamedExplanation>(&json).expect("read again"), named, "{json}");
    let json = serde_json::to_string(&why).expect("JSON");
    assert_eq!(serde_json::from_str::<Why>(&json).expect("read again"), why, "{json}");
}

#[test]
fn of_every_reason_for_dropping_a_message() {
    let cases = [
        (DropReason::OlderTerm { mine: Term(2) }, "it is of an older term than mine (2)"),
        (DropReason::AlreadyDecided { term: Term(2) }, "term 2 already has its leader"),
        (
            DropReason::BetterPassedOn { best: contender("D", 120) },
            "in this term I have already passed on D (120), which is no worse",
        ),
        (DropReason::Known, "I know that already"),
        (DropReason::HopBudget { budget: 16 }, "it has crossed more than 16 links: its sender must be gone"),
        (DropReason::OtherAlgorithm { mine: AlgorithmName::Bully }, "here bully decides this term"),
        (
            DropReason::AnotherRing { predecessor: Some(id("C")) },
            "its sender sees another ring than I do: the member before me is C",
        ),
        (
            DropReason::AnotherRing { predecessor: None },
            "its sender sees another ring than I do: the member before me is nobody",
        ),
        (
            DropReason::OneIsMissing,
            "one that was sent before it was lost or is late, and the algorithm can't do without",
        ),
        (DropReason::MakesNoSense, "no member of this ring would say this"),
        (DropReason::EndsHere, "by the rules of its algorithm it goes no further"),
    ];
    let mut kinds: BTreeSet<&str> = <DropReason>::NAMES.iter().copied().collect();
    for (reason, words) in cases {
        let named = reason.named(&Letters);
        assert_eq!(text::drop_reason(&named), words);
        let json = serde_json::to_value(&named).expect("JSON");
        kinds.remove(json["kind"].as_str().expect("its kind"));
        assert_eq!(serde_json::from_value::<NamedDropReason>(json).expect("read again"), named);
        let json = serde_json::to_string(&reason).expect("JSON");
        assert_eq!(serde_json::from_str::<DropReason>(&json).expect("read again"), reason, "{json}");
    }
    assert!(kinds.is_empty(), "not tried: {kinds:?}");
}

#[test]
fn of_the_election() {
    let (a, b, d) = (contender("A", 90), contender("B", 100), contender("D", 120));
    let term = Term(3);
    assert_words(Why::Initiating { term, me: a }, "initiating the election of term 3 with my attribute (90)");
    assert_words(Why::Replacing { candidate: a, me: b }, "replacing A (90) with me (100): mine is higher");
    let twin = contender("B", 90);
    assert_words(
        Why::Replacing { candidate: a, me: twin },
        "replacing A (90) with me: same as mine, my id is higher",
    );
    assert_words(Why::PassingOn { candidate: d, me: a }, "passing on D (120): higher than mine (90)");
    assert_words(
        Why::PassingOn { candidate: twin, me: a },
        "passing on B (90): same as mine, its id is higher",
    );
    assert_words(
        Why::PassingOn { candidate: a, me: a },
        "passing on my own value (90): it has not gone all the way round",
    );
    assert_words(
        Why::Won { term, me: d, deputy: Some(b) },
        "my own value (120) came back: nobody is higher, I am the leader of term 3; B (100) is my deputy",
    );
    assert_words(
        Why::Won { term, me: d, deputy: None },
        "my own value (120) came back: nobody is higher, I am the leader of term 3",
    );
    assert_words(
        Why::AloneAndLeading { term, me: a },
        "nobody else is left in the ring: I lead term 3 alone",
    );
    assert_words(Why::CandidateLost { candidate: d }, "D (120) was about to win and is lost: starting again");
    assert_words(Why::ElectionTimeout { term }, "no leader came out of term 3 in time");
}

#[test]
fn of_the_result() {
    let term = Term(3);
    let (leader, c) = (id("D"), id("C"));
    assert_words(
        Why::PassingOnResult { leader, deputy: Some(c) },
        "passing on the result: D leads, C is its deputy",
    );
    assert_words(Why::PassingOnResult { leader, deputy: None }, "passing on the result: D leads");
    assert_words(
        Why::Following { term, leader, deputy: Some(c) },
        "following D, the leader of term 3; C is its deputy",
    );
    assert_words(
        Why::Following { term, leader, deputy: None },
        "following D, the leader of term 3; its deputy is not known yet",
    );
    assert_words(Why::DeputyNow { term, leader }, "I am the deputy of D in term 3: watching it");
}

#[test]
fn of_leader_and_deputy() {
    let term = Term(3);
    let (leader, lost) = (id("D"), id("C"));
    assert_words(
        Why::TakingOver { term, lost: leader },
        "D is lost: as its deputy I take over and lead term 3",
    );
    assert_words(Why::LookingForDeputy { lost: Some(lost) }, "my deputy C is lost: looking for the next one");
    assert_words(Why::LookingForDeputy { lost: None }, "looking for a deputy");
    let a = contender("A", 90);
    assert_words(Why::OfferingMyself { me: a }, "offering myself (90) as deputy: the best so far");
    assert_words(Why::DeputyFound { deputy: a }, "my deputy is A (90)");
    assert_words(Why::DeputySilent { deputy: lost }, "my deputy C does not answer");
    assert_words(Why::SteppingDown { term, leader: Some(leader) }, "stepping down: D leads the newer term 3");
    assert_words(
        Why::SteppingDown { term, leader: None },
        "stepping down: an election of the newer term 3 is under way",
    );
    assert_words(Why::LeaderLost { leader }, "the leader D is lost: waiting for its deputy to take over");
    assert_words(
        Why::LeaderLostUnconfirmed { leader },
        "D is lost before it confirmed that I am its deputy: starting an election instead",
    );
    assert_words(Why::LapTimeout, "my lap did not come back in time: sending another");
    assert_words(
        Why::OldMandate { term },
        "I was the leader of term 3 before I was restarted: waiting for my deputy to lead",
    );
}

#[test]
fn of_ring_repair() {
    let (lost, successor) = (id("B"), id("C"));
    assert_words(Why::RoutingPast { lost, successor }, "B does not answer: my successor is now C");
    assert_words(Why::Alone, "no other member answers: I am alone in the ring");
    assert_words(Why::Readmitting { member: lost }, "B answers again: it is my successor");
    assert_words(Why::NewSuccessor { successor }, "my successor is C");
    assert_words(Why::SendingAgain { to: successor }, "my last message may be lost: sending it again, to C");
}

#[test]
fn of_a_classic_election() {
    let d = contender("D", 120);
    assert_words(Why::Classic { why: Classic::PassedOn(d) }, "passing on D (120)");
    assert_words(
        Why::Classic { why: Classic::Advanced { phase: 2, label: d } },
        "phase 2 on behalf of D (120)",
    );
    assert_words(Why::Classic { why: Classic::Drew { number: 3, round: 1 } }, "I have drawn 3 for round 1");
}

#[test]
fn times_are_said_with_three_digits() {
    let said: Vec<String> =
        [0, 312, 4_321, 43_210, 432_100, 4_321_000, 83_000_000].into_iter().map(text::duration).collect();
    assert_eq!(said, ["0 µs", "312 µs", "4.32 ms", "43.2 ms", "432 ms", "4.32 s", "1 min 23 s"]);
}

#[test]
fn of_a_link_that_goes_through_relays() {
    let name = |letter: &str| letter.parse::<NodeName>().expect("a name");
    for (relays, words) in [
        (vec![], "link to C is up"),
        (vec!["A"], "link to C is up through A"),
        (vec!["A", "B"], "link to C is up through A and B"),
        (vec!["A", "B", "D"], "link to C is up through A, B and D"),
    ] {
        let relays = relays.into_iter().map(name).collect();
        let (link, direction) = (LinkKind::Ring, LinkDirection::Outgoing);
        let event = EventKind::LinkUp { peer: name("C"), link, direction, relays };
        assert_eq!(text::describe(&event), words);
    }
}
