//! Bugs that can be planted in the election, to see that the tools which guard it would find them.
//!
//! Without the feature `planted-bugs` none can be: [`planted`] is a constant `false`, and the conditions that
//! ask it vanish.
#![cfg_attr(not(feature = "planted-bugs"), allow(unreachable_pub, reason = "public with the feature only"))]

macro_rules! bugs {
    ($($(#[doc = $what:literal])+ $bug:ident,)+) => {
        /// A mistake that the election could have made.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Bug {
            $($(#[doc = $what])+ $bug,)+
        }

        #[cfg(feature = "planted-bugs")]
        impl Bug {
            /// Every bug that can be planted.
            pub const ALL: &[Self] = &[$(Self::$bug),+];

            /// Whether it is one of quorum mode.
            #[must_use]
            pub fn is_of_quorum(self) -> bool {
                (Self::LeaseTooLong..=Self::LeaseNeverOver).contains(&self)
            }

            /// Whether it shows only where nobody is deputy.
            #[must_use]
            pub fn is_without_succession(self) -> bool {
                matches!(self, Self::DeputyDespiteSetting | Self::LossWithoutElection)
            }

            /// Whether it shows only where some members may not lead.
            #[must_use]
            pub fn is_of_eligibility(self) -> bool {
                self >= Self::IneligibleContends
            }

            /// The mistake as a sentence.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$bug => concat!($($what),+).trim_ascii(),)+
                }
            }
        }
    };
}

bugs! {
    /// An initiator does not raise the term.
    TermNotRaised,
    /// An election of an older term is taken part in.
    StaleElectionTakenPartIn,
    /// An election of a term that has a leader is taken part in.
    DecidedTermReopened,
    /// A member that hears of an election of a newer term keeps the leader of its old one.
    OldMandateKept,
    /// A leader that hears of an election of a newer term leads on.
    LeaderNotDethroned,
    /// The candidate wins on whatever message comes back to it.
    WinsOnAnothersMessage,
    /// A candidate wins on its own value although it has passed on a better one since.
    WinsAfterPassingOnBetter,
    /// Equal attributes are not distinguished by the id.
    NoTieBreak,
    /// A better candidate is not put in the place of a worse one.
    WorseCandidateKept,
    /// A member passes on every candidate, also one that is no better than those it has passed on before, for
    /// ever.
    EverythingPassedOn,
    /// The runner-up is not carried along.
    RunnerUpForgotten,
    /// The member that replaces the candidate names itself as the deputy.
    OwnDeputy,
    /// The winner announces nothing.
    WinnerNotAnnounced,
    /// The initiator does not wait for the election to end.
    InitiatorWaitsForEver,
    /// Those who take part do not wait for the election to end.
    ParticipantsWaitForEver,
    /// A member that is alone in an election does not win it.
    AloneNeverWins,
    /// A takeover does not raise the term.
    TakeoverInSameTerm,
    /// A deputy that the leader never confirmed takes over.
    UnconfirmedTakesOver,
    /// Anybody's word confirms a deputy.
    HearsayConfirms,
    /// A deputy that took over announces nothing.
    TakeoverNotAnnounced,
    /// A deputy does not take over.
    DeputyStandsStill,
    /// A follower that loses the leader does not wait for another.
    FollowersWaitForEver,
    /// A search for a deputy does not raise the deputy epoch.
    AppointmentNotRaised,
    /// A search for a deputy collects the leader.
    SearchCollectsLeader,
    /// A search for a deputy collects nobody.
    SearchCollectsNobody,
    /// A search for a deputy takes the first member that it meets.
    SearchTakesFirst,
    /// A leader that loses its deputy does not look for another.
    DeputyLossIgnored,
    /// A leader that has company but no deputy does not look for one.
    CompanyIgnored,
    /// The lap of a result is not passed on.
    ResultNotPassedOn,
    /// The lap of a search is not passed on.
    SearchNotPassedOn,
    /// The lap of a leader is not passed on by who knew its news already.
    OvertakenLapDropped,
    /// A leader does not notice that its lap is back.
    LapNeverBack,
    /// A leader does not wait for its lap.
    LapWaitsForEver,
    /// A leader does not wait for its deputy's heartbeat link.
    DeputyWaitsForEver,
    /// The deputy's heartbeat link does not stop the leader's waiting for it.
    DeputyNeverCounts,
    /// The leader does not confirm its deputy when the heartbeat link comes up.
    DeputyNotConfirmed,
    /// A restarted leader resumes.
    RestartedLeaderResumes,
    /// A restarted leader that hears of its own old mandate waits for ever.
    RestartedLeaderWaitsForEver,
    /// The state of a neighbour is not adopted.
    StandingIgnored,
    /// Neighbours exchange no state updates when their link comes up.
    StateNotShared,
    /// An older mandate is adopted.
    OlderMandateAdopted,
    /// A mandate of the same term is never newer.
    AppointmentIgnored,
    /// A leader that adopts a newer mandate leads on.
    LeaderNotUnseated,
    /// A mandate whose leader is routed past is adopted without waiting for another.
    LostLeaderTrusted,
    /// The late word of a leader that is routed past ends the waiting for another.
    LateWordTrusted,
    /// The message that died with the successor is not sent again.
    NothingSentAgain,
    /// A member is not routed past.
    NeverRoutesPast,
    /// A second repair forgets the first.
    RepairForgotten,
    /// A member that answers again is not re-admitted.
    NeverReadmits,
    /// A start in a ring that has held elections waits for ever for a neighbour that knows the leader.
    StartWaitsForEver,
    /// A start in a ring that has held elections initiates at once.
    StartDoesNotWait,
    /// A start uses terms again that its run has used.
    RunForgotten,
    /// Quorum mode: a leader takes its lease for longer than it was granted.
    LeaseTooLong,
    /// Quorum mode: a lease takes no majority.
    MinorityLeads,
    /// Quorum mode: a leader never steps down when its lease is over.
    LeaseNeverOver,
    /// Without succession: a leader has a deputy all the same.
    DeputyDespiteSetting,
    /// Without succession: a member that notices the loss of the leader starts no election.
    LossWithoutElection,
    /// A member that may not lead puts itself in the place of a candidate with a lower attribute.
    IneligibleContends,
    /// A member that may not lead wins when its own value comes back.
    IneligibleWins,
    /// A search for a deputy collects members that may not lead.
    IneligibleDeputy,
    /// An election that ends without anybody who may lead is not announced.
    VacancyNotAnnounced,
}

#[cfg(feature = "planted-bugs")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Plants a bug in every member that this thread runs from now on, or none.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    ACTIVE.set(bug);
}

/// Whether this bug is planted.
#[cfg(feature = "planted-bugs")]
pub(crate) fn planted(bug: Bug) -> bool {
    ACTIVE.get() == Some(bug)
}

/// Whether this bug is planted.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}
