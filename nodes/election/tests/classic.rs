//! Each classic algorithm on one ring, worked through by hand with the paper's rules: 5 1 8 2 7 3 6 4, in the
//! direction of the messages, everybody starting, every message taking as long.
#![allow(clippy::unwrap_used, missing_docs, reason = "in a test it is the test that fails")]

use std::collections::VecDeque;
use std::sync::Arc;

use ringleader_election::classic::{
    Bully, ChangRoberts, ChangRobertsInitiators, Classic, Context, DolevKlaweRodeh, DolevKlaweRodehA,
    Franklin, HighamPrzytycka, HirschbergSinclair, InitialKnowledge, ItaiRodeh, LeLann, Peterson, Port,
    Status, properties,
};
use ringleader_shared::AlgorithmName;
use ringleader_testing::each_classic;

const RING: [u32; 8] = [5, 1, 8, 2, 7, 3, 6, 4];

/// A ring and everything under way in it, oldest first.
struct Ring<A: Classic<u32>> {
    members: Vec<A>,
    under_way: VecDeque<(usize, Port, A::Message)>,
    draws: VecDeque<u32>,
    /// Messages of each kind.
    sent: [u32; 4],
    elected: Vec<(usize, u32)>,
}

struct TestContext<'a, A: Classic<u32>> {
    at: usize,
    size: usize,
    under_way: &'a mut VecDeque<(usize, Port, A::Message)>,
    draws: &'a mut VecDeque<u32>,
    sent: &'a mut [u32; 4],
    elected: &'a mut Vec<(usize, u32)>,
}

impl<A: Classic<u32>> Context<u32, A::Message> for TestContext<'_, A> {
    fn send(&mut self, to: Port, message: A::Message) {
        self.sent[A::kind(&message)] += 1;
        let (at, from) = match to {
            Port::Successor => ((self.at + 1) % self.size, Port::Predecessor),
            Port::Predecessor => ((self.at + self.size - 1) % self.size, Port::Successor),
            Port::Peer(at) => (at as usize, Port::Peer(u32::try_from(self.at).unwrap())),
        };
        self.under_way.push_back((at, from, message));
    }

    fn draw(&mut self, below: u32) -> u32 {
        let drawn = self.draws.pop_front().expect("a random number");
        assert!(drawn < below);
        drawn
    }

    fn elected(&mut self, leader: u32) {
        self.elected.push((self.at, leader));
    }
}

impl<A: Classic<u32>> Ring<A> {
    fn of(labels: &[u32]) -> Self {
        let everyone: Arc<[u32]> = labels.into();
        let size = u32::try_from(labels.len()).unwrap();
        Self {
            members: (0..size)
                .map(|at| A::new(&InitialKnowledge { at, size, everyone: &everyone, eligible: true }))
                .collect(),
            under_way: VecDeque::new(),
            draws: VecDeque::new(),
            sent: [0; 4],
            elected: Vec::new(),
        }
    }

    fn act(&mut self, at: usize, act: impl FnOnce(&mut A, &mut TestContext<'_, A>)) {
        let size = self.members.len();
        let Self { members, under_way, draws, sent, elected } = self;
        act(&mut members[at], &mut TestContext { at, size, under_way, draws, sent, elected });
    }

    fn everybody_starts(mut self) -> Self {
        for at in 0..self.members.len() {
            self.act(at, |member, context| member.wake(context));
        }
        self
    }

    fn starts(mut self, at: usize) -> Self {
        self.act(at, |member, context| member.wake(context));
        self
    }

    /// Delivers so many messages, or all.
    fn deliver(mut self, most: usize) -> Self {
        for _ in 0..most {
            let Some((at, from, message)) = self.under_way.pop_front() else { break };
            self.act(at, |member, context| member.receive(from, message, context));
        }
        self
    }

    fn finish(self) -> Self {
        self.deliver(usize::MAX)
    }

    /// The places of those that may still win, or hold a label that may.
    fn active(&self) -> Vec<usize> {
        let active = |member: &A| member.progress().status == Status::Active;
        (0..self.members.len()).filter(|&at| active(&self.members[at])).collect()
    }

    fn holds(&self, at: usize) -> u32 {
        self.members[at].progress().holds.unwrap()
    }
}

#[test]
fn lelann_every_label_goes_round_and_everybody_knows_the_highest() {
    let ring = Ring::<LeLann<u32>>::of(&RING).everybody_starts().finish();
    assert_eq!(ring.sent[0], 64);
    assert_eq!(ring.elected.len(), 8);
    assert!(ring.elected.iter().all(|&(_, leader)| leader == 8));
}

#[test]
fn chang_and_roberts_each_label_goes_as_far_as_to_the_next_higher() {
    let ring = Ring::<ChangRoberts<u32>>::of(&RING).everybody_starts().finish();
    // 5 goes 2 far, 1 goes 1, 8 all 8, 2: 1, 7: 6, 3: 1, 6: 4, 4: 1.
    assert_eq!(ring.sent[0], 2 + 1 + 8 + 1 + 6 + 1 + 4 + 1);
    assert_eq!(ring.elected, [(2, 8)]);
}

#[test]
fn chang_and_roberts_who_is_woken_by_a_higher_label_need_not_start() {
    let ring = Ring::<ChangRoberts<u32>>::of(&RING).starts(2).finish();
    assert_eq!((ring.sent[0], ring.elected), (8, vec![(2, 8)]));
    let ring = Ring::<ChangRoberts<u32>>::of(&RING).starts(1).finish();
    assert_eq!((ring.sent[0], ring.elected), (1 + 8, vec![(2, 8)]), "1 wakes 8");
}

#[test]
fn chang_and_roberts_as_textbooks_teach_it_the_highest_initiator_wins_and_all_others_pass_on() {
    // 7 starts, and 3: 7 goes all round, past 8; 3 ends at 7, seven links on.
    let ring = Ring::<ChangRobertsInitiators<u32>>::of(&RING).starts(4).starts(5).finish();
    assert_eq!((ring.sent[0], ring.elected), (8 + 7, vec![(4, 7)]));
    // Whom a message has found asleep is passive: it can't start any more.
    let ring = Ring::<ChangRobertsInitiators<u32>>::of(&RING).starts(1).deliver(1).starts(2).finish();
    assert_eq!((ring.sent[0], ring.elected), (8, vec![(1, 1)]));
    let everybody = Ring::<ChangRobertsInitiators<u32>>::of(&RING).everybody_starts().finish();
    assert_eq!((everybody.sent[0], everybody.elected), (24, vec![(2, 8)]), "as the 1979 paper's");
}

#[test]
fn hirschberg_and_sinclair_four_of_eight_are_left_after_phase_0_and_one_after_phase_1() {
    // A probe each way from everybody, and the replies to those of 5, 8, 7 and 6.
    let ring = Ring::<HirschbergSinclair<u32>>::of(&RING).everybody_starts().deliver(16 + 8);
    assert_eq!(ring.active(), [0, 2, 4, 6]);
    assert!(ring.active().into_iter().all(|at| ring.members[at].progress().phase == Some(1)));
    let ring = ring.finish();
    assert_eq!(ring.elected, [(2, 8)]);
    // 8 meets its own probe in phase 3, which reaches 8 members far.
    assert_eq!(ring.members[2].progress().phase, Some(3));
}

#[test]
fn franklin_two_rounds_and_one_to_find_out() {
    let ring = Ring::<Franklin<u32>>::of(&RING).everybody_starts().deliver(16);
    assert_eq!(ring.active(), [0, 2, 4, 6]);
    let ring = ring.finish();
    assert_eq!((ring.sent[0], ring.elected), (3 * 16, vec![(2, 8)]));
}

#[test]
fn peterson_the_labels_move_on_and_the_highest_comes_home() {
    let ring = Ring::<Peterson<u32>>::of(&RING).everybody_starts().deliver(16);
    assert_eq!(ring.active(), [1, 3, 5, 7]);
    assert_eq!([1, 3, 5, 7].map(|at| ring.holds(at)), [5, 8, 7, 6]);
    let ring = ring.finish();
    // In the second phase 8 moves on to the place of 3, and from there it goes home: five links.
    assert_eq!(ring.holds(5), 8);
    assert_eq!((ring.sent[0], ring.elected), (16 + 16 + 5, vec![(2, 8)]));
}

#[test]
fn dolev_klawe_and_rodeh_a_the_nearer_of_two_labels_is_compared_with_the_one_behind_it() {
    let ring = Ring::<DolevKlaweRodehA<u32>>::of(&RING).everybody_starts().deliver(16);
    // As with Peterson's first algorithm, whose second message is the higher of the two instead.
    assert_eq!((ring.active(), ring.sent), (vec![1, 3, 5, 7], [8 + 4, 8, 0, 0]));
    assert_eq!([1, 3, 5, 7].map(|at| ring.holds(at)), [5, 8, 7, 6]);
    let ring = ring.finish();
    // In the second phase 8 moves on to the place of 3, which is the only one left, and its label comes back
    // there.
    assert_eq!(ring.sent, [8 + 8 + 8, 8 + 8, 0, 0]);
    assert_eq!(ring.elected, [(5, 8)], "who finds the highest need not be the highest");
}

#[test]
fn dolev_klawe_and_rodeh_only_local_winners_are_confirmed() {
    let ring = Ring::<DolevKlaweRodeh<u32>>::of(&RING).everybody_starts().deliver(8);
    // 5, 8, 7 and 6 have retired and confirm the labels that they held, one place further.
    assert_eq!(ring.sent, [8, 4, 0, 0]);
    assert!(ring.active().is_empty());
    let ring = ring.deliver(4);
    assert_eq!(ring.active(), [1, 3, 5, 7]);
    let ring = ring.finish();
    // Labels: 8, then 4 that go two links each, then one that goes five. Confirmations: 4, then one over two
    // links.
    assert_eq!(ring.sent, [8 + 8 + 5, 4 + 2, 0, 0]);
    assert_eq!(ring.elected, [(2, 8)]);
}

#[test]
fn higham_and_przytycka_a_witness_and_a_distance_promote() {
    let ring = Ring::<HighamPrzytycka<u32>>::of(&RING).everybody_starts().finish();
    // Round 1: one link each. Round 2: 1, 2 and 3 die after two links, and 1 vouches for 4 after one. Round
    // 3: 4 goes five links. Round 4: all round. Then the highest is collected.
    assert_eq!(ring.sent, [8 + (2 + 2 + 2 + 1) + 5 + 8, 8, 0, 0]);
    assert_eq!(ring.elected, [(6, 8)], "the member that promoted last finds out that 8 is the highest");
}

#[test]
fn itai_and_rodeh_draw_again_after_a_tie() {
    let mut ring = Ring::<ItaiRodeh<u32>>::of(&[1, 2, 3]);
    // Numbers are draws + 1: 3, 3 and 1 in the first round; the two that tie draw 2 and 3.
    ring.draws = [2, 2, 0, 1, 2].into();
    let ring = ring.everybody_starts().finish();
    assert!(ring.draws.is_empty());
    let [(winner, _)] = ring.elected[..] else { panic!("{:?}", ring.elected) };
    assert_eq!(ring.members[winner].progress().phase, Some(2));
    assert_ne!(winner, 2, "who drew 1 is out");
}

#[test]
fn the_bully_a_challenge_and_an_answer_for_each_pair_and_seven_announced() {
    let ring = Ring::<Bully<u32>>::of(&RING).everybody_starts().finish();
    assert_eq!(ring.sent, [28, 28, 7, 0]);
    assert_eq!(ring.elected.len(), 8);
    let ring = Ring::<Bully<u32>>::of(&RING).starts(2).finish();
    assert_eq!(ring.sent, [0, 0, 7, 0], "the highest need not ask");
}

/// Its key is that of the list, and its document has a row and a paragraph for it.
fn stands_in_the_document(algorithm: AlgorithmName) {
    let properties = properties(algorithm);
    assert_eq!(properties.key, algorithm.key());
    let document = include_str!("../../../docs/algorithms.md").to_lowercase();
    let name = properties.name.split(" (").next().unwrap_or_default();
    for line in [format!("| {name} | "), format!("- **{name}.** ")] {
        let is_there = document.contains(&format!("\n{}", line.to_lowercase()));
        assert!(is_there, "docs/algorithms.md has no line that begins with `{line}`");
    }
}

each_classic!(stands_in_the_document);
