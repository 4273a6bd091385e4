//! A run that is played: the simulator's session and the part of it that is shown.

use std::time::Duration;

use ringleader_shared::{Event, NodeName, RingView, Seq};
use ringleader_simulator::{Action, Case, InFlight, Session};

use super::actions;
use super::continuation::digest;
use super::permalink::{Moment, Permalink};
use super::run::{Engine, Run};
use super::settings::{HOP, Settings};
use super::speed::Speed;
use crate::command::Command;

/// The number of steps between two looks at the clock: a frame must not take long.
const CHUNK: usize = 64;

/// The largest number of steps that a permalink is replayed for: the page must not hang on one.
const FURTHEST: usize = 5_000_000;

/// The functions that make runs, of the simulator.
pub(crate) const ENGINE: Engine = Engine {
    open: |permalink| Box::new(Player::open(permalink)),
    write: Permalink::text,
    read: Permalink::read,
};

/// A run. The part that is shown begins when the nodes have found each other.
#[derive(Clone)]
pub(crate) struct Player {
    session: Session,
    begin: Duration,
    /// The time of the election that the settings ask for.
    opens: Duration,
    flights: Vec<InFlight>,
}

impl Player {
    /// The run of a permalink, at the moment that it gives.
    pub(crate) fn open(permalink: &Permalink) -> Self {
        let mut player = Self::at_first(permalink);
        if let Some(Moment { at, seq }) = permalink.moment {
            player.session.play_until(at, FURTHEST);
            while player.session.seq() > seq && player.session.step_back() {}
        }
        player.look();
        player
    }

    fn at_first(permalink: &Permalink) -> Self {
        let schedule = permalink.script.clone().unwrap_or_else(|| permalink.settings.opening());
        let mut session = Session::of(&Case { setup: permalink.settings.setup(), schedule });
        let begin = permalink.settings.begin();
        session.play_until(begin, usize::MAX);
        Self { session, begin, opens: permalink.settings.opens(), flights: Vec::new() }
    }

    /// A ring with these settings at its beginning, with no actions but those that follow from them.
    #[cfg(test)]
    pub(crate) fn afresh(settings: &Settings) -> Self {
        Self::open(&Permalink::new(settings.clone(), Speed::default()))
    }

    fn look(&mut self) {
        self.flights = self.session.in_flight();
    }

    fn rush(&mut self, is_late: &dyn Fn() -> bool) -> bool {
        loop {
            if self.flights.is_empty() {
                if !self.session.step() {
                    return false;
                }
            } else {
                let then = self.now() + HOP / 4;
                while !self.session.play_until(then, CHUNK) && !is_late() {}
            }
            if is_late() {
                return true;
            }
            self.look();
        }
    }
}

impl Run for Player {
    fn view(&self) -> &RingView {
        self.session.view()
    }

    fn flights(&self) -> &[InFlight] {
        &self.flights
    }

    fn now(&self) -> Duration {
        self.session.now()
    }

    fn begin(&self) -> Duration {
        self.begin
    }

    fn end(&self) -> Duration {
        self.session.end()
    }

    fn is_at_begin(&self) -> bool {
        self.now() <= self.begin
    }

    fn events_after(&self, known: Seq) -> (&[Event], bool) {
        let events = self.session.events();
        let first = self.session.first_kept();
        if known > self.session.seq() || known.next() < first {
            return (events, false);
        }
        let old = usize::try_from(known.next().0 - first.0).unwrap_or(usize::MAX);
        (events.get(old..).unwrap_or_default(), true)
    }

    fn events_since(&self, then: Duration) -> Box<dyn Iterator<Item = &Event> + '_> {
        let then = then.as_micros();
        Box::new(self.session.events().iter().rev().take_while(move |event| u128::from(event.at_us) >= then))
    }

    fn advance(&mut self, real: Duration, speed: Speed, is_late: &dyn Fn() -> bool) -> bool {
        let goes_on = match speed.virtual_time(real) {
            Some(_) if self.flights.is_empty() => self.session.step(),
            Some(time) => {
                let then = self.now() + time;
                while !self.session.play_until(then, CHUNK) && !is_late() {}
                true
            }
            None => self.rush(is_late),
        };
        self.look();
        goes_on
    }

    fn step(&mut self) -> bool {
        let stepped = self.session.step();
        self.look();
        stepped
    }

    fn step_back(&mut self) {
        if !self.is_at_begin() {
            self.session.step_back();
            if self.now() < self.begin {
                self.session.seek(self.begin);
            }
            self.look();
        }
    }

    fn seek(&mut self, then: Duration) {
        self.session.seek(then.max(self.begin));
        self.look();
    }

    fn actions(&self, command: &Command) -> Result<Vec<Action>, String> {
        actions(command, self.view())
    }

    fn act(&mut self, actions: &[Action]) {
        let is_election = |action: &Action| matches!(action, Action::Initiate(_) | Action::InitiateAll);
        if actions.iter().any(is_election) {
            self.session.withdraw(self.opens, is_election);
        }
        actions.iter().for_each(|action| self.session.act(*action));
        self.look();
    }

    fn go_to_event(&mut self, at_us: u64, seq: Seq) {
        self.session.seek(Duration::from_micros(at_us + 1).max(self.begin));
        while self.session.seq() >= seq && self.session.step_back() {}
        if self.session.seq() < seq {
            self.session.step();
        }
        self.look();
    }

    fn go_to(&mut self, Moment { at, seq }: Moment) {
        self.session.seek(at.max(self.begin));
        while self.session.seq() > seq && self.session.step_back() {}
        self.look();
    }

    fn copy(&self) -> Box<dyn Run> {
        Box::new(self.clone())
    }

    fn digest(&self) -> u64 {
        digest(self.view())
    }

    fn permalink(&self, settings: &Settings, speed: Speed) -> Permalink {
        Permalink {
            settings: settings.clone(),
            speed,
            script: Some(self.session.case().schedule),
            moment: Some(Moment { at: self.now(), seq: self.session.seq() }),
            continued: None,
        }
    }

    fn next_name(&self) -> NodeName {
        let joined = (0..).map(NodeName::nth).take_while(|name| self.session.place(name).is_some()).count();
        NodeName::nth(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::choice::Start;

    fn played() -> Player {
        let mut player = Player::afresh(&Settings::default());
        while player.advance(Duration::from_secs(1), Speed::default(), &|| false) {}
        player
    }

    fn again(player: &Player) -> Player {
        let permalink = player.permalink(&Settings::default(), Speed::default());
        let (permalink, refused) = Permalink::read(&permalink.text());
        assert_eq!(refused, []);
        Player::open(&permalink)
    }

    #[test]
    fn the_first_thing_that_is_shown_is_a_ring_that_is_whole_and_has_no_leader() {
        let player = Player::afresh(&Settings::default());
        let view = player.view();
        assert!(view.nodes.iter().all(|node| node.is_live() && node.successor.is_some()));
        assert_eq!((view.leader.as_ref(), player.now(), player.flights().len()), (None, player.begin(), 0));
    }

    #[test]
    fn it_plays_until_nothing_more_happens_by_itself_and_d_leads() {
        let player = played();
        assert_eq!(player.view().leader.as_ref().map(NodeName::as_str), Some("D"));
        assert!(player.flights().is_empty() && player.end() == player.now());
        let election = player.view().elections.front().expect("an election");
        assert_eq!(Some(election.messages), election.expected);
    }

    #[test]
    fn an_election_that_is_asked_for_takes_the_place_of_the_planned_one_that_has_not_begun() {
        for (start, asked) in [
            (Start::One, Action::Initiate(0)),
            (Start::One, Action::Initiate(2)),
            (Start::All, Action::Initiate(0)),
            (Start::One, Action::InitiateAll),
            (Start::Nobody, Action::Initiate(1)),
        ] {
            let settings = Settings { start, ..Settings::default() };
            let mut player = Player::open(&Player::afresh(&settings).permalink(&settings, Speed::default()));
            player.act(&[asked]);
            while player.advance(Duration::from_secs(1), Speed::default(), &|| false) {}
            let steps = player.session.case().schedule.steps;
            assert_eq!(steps.iter().map(|(_, action)| *action).collect::<Vec<_>>(), [asked]);
            assert_eq!((player.view().elections.len(), player.view().term.0), (1, 1), "{start:?}, {asked}");
        }
    }

    #[test]
    fn an_election_after_the_planned_one_is_another() {
        let mut player = played();
        player.act(&[Action::Initiate(0)]);
        while player.advance(Duration::from_secs(1), Speed::default(), &|| false) {}
        assert_eq!((player.view().elections.len(), player.view().term.0), (2, 2));
    }

    #[test]
    fn a_link_shows_the_same_ring_at_the_same_time_with_what_was_done() {
        let mut player = played();
        player.act(&[Action::Kill(3)]);
        for _ in 0..7 {
            player.step();
        }
        let same = again(&player);
        assert_eq!(
            (same.view(), same.now(), same.flights()),
            (player.view(), player.now(), player.flights())
        );
        player.step_back();
        assert_eq!(again(&player).view(), player.view());
    }

    #[test]
    fn each_event_has_a_moment_at_which_it_has_just_happened() {
        let settings = Settings { links: crate::sandbox::choice::Links::Uniform, ..Settings::default() };
        let mut player = Player::afresh(&settings);
        while player.advance(Duration::from_secs(1), Speed::default(), &|| false) {}
        let events: Vec<(u64, Seq)> = player.session.events().iter().map(|it| (it.at_us, it.seq)).collect();
        let begin = u64::try_from(player.begin().as_micros()).expect("small");
        for (at_us, seq) in events.into_iter().filter(|(at_us, _)| *at_us > begin) {
            player.go_to_event(at_us, seq);
            assert!(player.view().seq >= seq, "{seq}: {}", player.view().seq);
            let all_now =
                player.session.events().iter().filter(|it| it.seq >= seq).all(|it| it.at_us == at_us);
            assert!(all_now, "{seq}: there are later events");
        }
    }

    #[test]
    fn back_to_the_beginning_and_not_beyond() {
        let mut player = played();
        let mut steps = 0;
        while !player.is_at_begin() {
            player.step_back();
            steps += 1;
        }
        player.step_back();
        assert_eq!((player.now(), player.view().leader.as_ref()), (player.begin(), None));
        // The request and each of the eleven messages, at least.
        assert!(steps >= 12, "{steps}");
    }

    #[test]
    fn half_the_way_is_half_the_time_of_a_hop() {
        let settings = Settings { start: Start::One, ..Settings::default() };
        let mut player = Player::afresh(&settings);
        player.seek(Duration::ZERO);
        while player.flights().is_empty() {
            player.step();
        }
        assert!(player.advance(Duration::from_millis(250), Speed::default(), &|| false));
        let flight = &player.flights()[0];
        assert_eq!(2 * (player.now() - flight.sent), flight.arrives - flight.sent);
    }

    #[test]
    fn the_highest_speed_plays_the_same_run() {
        let mut player = Player::afresh(&Settings::default());
        let rush = Speed::numbered("0").expect("a speed");
        assert!(!player.advance(Duration::ZERO, rush, &|| false));
        assert_eq!(player.view(), played().view());
    }
}
