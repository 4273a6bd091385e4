//! A ring to play with: forward, step by step, back, to any time, with actions done by hand on the way.
//!
//! Going back is a replay from a snapshot, and exact: wherever one goes, the ring there is the one that was
//! there before, down to the last random number. What was done by hand is done again at its time, until
//! something else is done before it. [`Session::case`] is all of it as one line of text.
//!
//! ```
//! use std::time::Duration;
//! use ringleader_simulator::{Action, Setup, session::Session};
//!
//! let mut session = Session::new(Setup::of(&[90, 100, 110, 120]).seed(7));
//! session.act(Action::Initiate(0));
//! assert!(session.play_until(Duration::from_secs(1), usize::MAX));
//! assert_eq!(session.view().leader.as_ref().map(|name| name.as_str()), Some("D"));
//!
//! session.seek(Duration::from_millis(1));
//! assert_eq!(session.view().leader, None);
//! assert_eq!(session.end(), Duration::from_secs(1));
//! ```

mod log;
mod moment;
mod snapshots;

use std::time::Duration;

use ringleader_shared::event::MessageInfo;
use ringleader_shared::{Event, NodeName, RingView, Seq};

use self::log::Log;
use self::moment::{Moment, Planned, Position};
use self::snapshots::Snapshots;
use crate::case::Case;
use crate::rng::nanoseconds;
use crate::schedule::{Action, Schedule};
use crate::setup::Setup;

/// A run counts as quiet after this many invisible events spanning more than the longest timeout.
const SILENT: usize = 5_000;

/// A message on a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// The sender.
    pub from: NodeName,
    /// The receiver.
    pub to: NodeName,
    /// The message. Two with the same id are one that arrives twice.
    pub message: MessageInfo,
    /// Time of sending.
    pub sent: Duration,
    /// Time of arrival.
    pub arrives: Duration,
    /// Whether nobody will take it, as things stand: there is a cut in its way, its receiver is dead, or its
    /// link is closed.
    pub doomed: bool,
}

/// A simulated ring that can be played forward and back. See the [module's page](self).
#[derive(Debug, Clone)]
pub struct Session {
    setup: Setup,
    /// Every action, done or to be done, in order.
    script: Vec<Planned>,
    /// Number of them that were done when it was played furthest.
    reached: usize,
    /// The view that is shown.
    moment: Moment,
    snapshots: Snapshots,
    log: Log,
    /// The events of the beginning.
    beginning: Vec<Event>,
    /// In nanoseconds.
    end: u64,
    /// Kept for its room.
    reported: Vec<Event>,
}

impl Session {
    /// A ring at time 0, to which nothing has been done yet. Its members are [patient](Setup::patient).
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self::of(&Case { setup: setup.patient(), schedule: Schedule::default() })
    }

    /// A case at time 0. Its actions are done at their times, as playing reaches them.
    ///
    /// Times that are no whole microseconds are rounded up to those: that is what the text of a case can say.
    #[must_use]
    pub fn of(case: &Case) -> Self {
        let mut time = Duration::ZERO;
        let planned = |(wait, action): &(Duration, Action)| {
            time += *wait;
            (whole_microseconds(nanoseconds(time)), *action)
        };
        let script = case.schedule.steps.iter().map(planned).collect();
        let (moment, beginning) = Moment::first(case.setup.clone());
        let mut reported = beginning.clone();
        let mut log = Log::after(Seq(0));
        log.take(&mut reported);
        Self {
            setup: case.setup.clone(),
            script,
            reached: 0,
            snapshots: Snapshots::new(moment.clone()),
            moment,
            log,
            beginning,
            end: 0,
            reported,
        }
    }

    /// The virtual time of what is shown.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.moment.now())
    }

    /// The furthest time that was reached.
    #[must_use]
    pub fn end(&self) -> Duration {
        Duration::from_nanos(self.end)
    }

    /// The ring now.
    #[must_use]
    pub fn view(&self) -> &RingView {
        self.moment.view()
    }

    /// The last event that is in the view.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.moment.seq()
    }

    /// Plays forward until then, or until so many things happened: most of them report something, not all.
    /// Says whether it is then. Time does not run back: for an earlier one nothing happens.
    pub fn play_until(&mut self, then: Duration, most: usize) -> bool {
        let then = nanoseconds(then);
        for _ in 0..most {
            if !self.go_on(then) {
                return true;
            }
        }
        let waits = self.moment.next_at(&self.script).is_none_or(|next| next > then);
        waits && !self.go_on(then)
    }

    /// Steps forward past the next event. Where nothing is planned that does, it stays
    /// where it is and says false. Members that dial a dead one again, or renew a lease, do so for ever
    /// without a report: after thousands of such things, and longer than any member waits, it gives up.
    pub fn step(&mut self) -> bool {
        let before = (self.moment.position(), self.end, self.reached);
        let reported = self.moment.reported();
        let patience = self.setup.timing_of(self.view().nodes.len());
        let patience = nanoseconds(patience.election.saturating_add(patience.lease).saturating_mul(2));
        let then = before.0.at.saturating_add(patience);
        let mut silent = 0;
        while self.moment.next_at(&self.script).is_some_and(|next| silent < SILENT || next <= then) {
            silent += 1;
            self.go_on(u64::MAX);
            if self.moment.reported() != reported {
                return true;
            }
        }
        self.go_to(before.0);
        (self.end, self.reached) = (before.1, before.2);
        false
    }

    /// Back to where the last reported event had not happened yet: to just after the one before
    /// it, or to the beginning. False at the beginning.
    pub fn step_back(&mut self) -> bool {
        let before = self.moment.position();
        self.go_to(Position { happened: self.moment.reported_before(), at: 0 });
        self.moment.position() != before
    }

    /// Goes to any time from 0 to [`Session::end`]; beyond that, to the end.
    pub fn seek(&mut self, then: Duration) {
        let then = nanoseconds(then).min(self.end);
        self.go_near(self.moment.now() <= then, |moment| moment.now() <= then);
        while self.go_on(then) {}
    }

    /// Does this now: at the next whole microsecond, which is what the text of a case can say.
    ///
    /// The play beyond now is discarded, with the actions in it; what the case has in store beyond
    /// that stays.
    pub fn act(&mut self, action: Action) {
        let now = whole_microseconds(self.moment.now());
        while self.go_on(now) {}
        let done = self.moment.done();
        self.script.drain(done..self.reached.max(done));
        self.script.insert(done, (now, action));
        self.snapshots.forget_after(self.moment.position().happened);
        self.log.forget_after(self.moment.seq());
        (self.reached, self.end) = (done, now);
        self.go_on(now);
    }

    /// Takes out of the case what it has in store up to then and what was never done, as far as this holds
    /// for it. For an action by hand that takes the place of one that was planned.
    pub fn withdraw(&mut self, until: Duration, which: impl Fn(&Action) -> bool) {
        let until = nanoseconds(until);
        let mut place = 0;
        let reached = self.reached;
        self.script.retain(|(at, action)| {
            place += 1;
            place <= reached || *at > until || !which(action)
        });
    }

    /// The newest events up to now, oldest first: a few thousand. Those before [`Session::first_kept`] are
    /// forgotten.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.log.until(self.seq())
    }

    /// The sequence number of the first of [`Session::events`].
    #[must_use]
    pub fn first_kept(&self) -> Seq {
        Seq(Log::oldest(self.seq()))
    }

    /// The messages that are on links now, in the order in which they arrive. Upkeep, which is not reported,
    /// is left out.
    #[must_use]
    pub fn in_flight(&self) -> Vec<InFlight> {
        self.moment.world().in_flight()
    }

    /// The ring and every action at its time: as text, a line that reproduces all of this.
    #[must_use]
    pub fn case(&self) -> Case {
        let mut before = 0;
        let step = |&(at, action): &Planned| {
            let wait = at - std::mem::replace(&mut before, at);
            (Duration::from_nanos(wait), action)
        };
        Case {
            setup: self.setup.clone(),
            schedule: Schedule { steps: self.script.iter().map(step).collect() },
        }
    }

    /// The place of the member with this name, for [`Action`]s.
    #[must_use]
    pub fn place(&self, name: &NodeName) -> Option<usize> {
        self.moment.world().place_of(name)
    }

    /// Lets the next thing happen, if it happens until then.
    fn go_on(&mut self, then: u64) -> bool {
        let happened = self.moment.go_on(&self.script, then, &mut self.reported);
        self.log.take(&mut self.reported);
        if happened {
            self.snapshots.offer(&self.moment);
        }
        self.end = self.end.max(self.moment.now());
        self.reached = self.reached.max(self.moment.done());
        happened
    }

    /// Goes to a position that was reached before.
    fn go_to(&mut self, position: Position) {
        let Position { happened, at } = position;
        let here = self.moment.position();
        let is_ahead = here.happened < happened || (here.happened == happened && here.at <= at);
        self.go_near(is_ahead, |moment| moment.position().happened <= happened);
        while self.moment.position().happened < happened && self.go_on(u64::MAX) {}
        if self.moment.now() < at {
            self.go_on(at);
        }
    }

    /// Goes to the nearest snapshot for which this holds, as it does for all before it, unless this moment
    /// will do and is nearer. What is kept of the events before a moment is there, or comes by playing on
    /// from here.
    fn go_near(&mut self, this_will_do: bool, holds: impl Fn(&Moment) -> bool) {
        let happened = |moment: &Moment| moment.position().happened;
        let Some(snapshot) = self.snapshots.last_where(holds) else { return };
        if this_will_do && happened(snapshot) <= happened(&self.moment) {
            return;
        }
        if self.log.covers(snapshot.seq()) {
            self.moment = snapshot.clone();
            return;
        }
        let seq = snapshot.seq();
        let Some(earlier) = self.snapshots.last_where(|moment| moment.seq().0 < Log::oldest(seq)) else {
            return;
        };
        self.moment = earlier.clone();
        self.log = Log::after(earlier.seq());
        if happened(earlier) == 0 {
            self.log = Log::after(Seq(0));
            self.log.take(&mut self.beginning.clone());
        }
    }
}

/// Rounded up.
fn whole_microseconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1000).saturating_mul(1000)
}
