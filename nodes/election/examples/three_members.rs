//! Three members elect a leader and its deputy, over a queue in place of sockets.

use std::collections::VecDeque;
use std::time::Duration;

use ringleader_election::{Core, Effect, Input, Time, Timing};
use ringleader_shared::{Attribute, Contender, NodeId, RingSettings, Role, Term};
use uuid::Uuid;

fn main() {
    let id = |n| NodeId(Uuid::from_u128(n));
    let ring =
        [(1, 90), (2, 110), (3, 100)].map(|(n, attribute)| Contender::new(Attribute(attribute), id(n)));
    let half_a_second = Duration::from_millis(500);
    let configured = Input::Configured {
        ring: ring.into(),
        timing: Timing {
            election: half_a_second,
            lap: half_a_second,
            deputy: half_a_second,
            lease: half_a_second,
        },
        settings: RingSettings::default(),
        seed: 0,
        highest_term: Term::ZERO,
    };

    // Inputs that wait for their member: each is configured, then one is asked for an election.
    let mut cores = ring.map(|member| Core::new(member.id));
    let mut inputs: VecDeque<_> = cores.iter().map(|core| (core.id(), configured.clone())).collect();
    inputs.push_back((id(1), Input::Initiate));

    while let Some((to, input)) = inputs.pop_front() {
        let Some(core) = cores.iter_mut().find(|core| core.id() == to) else { continue };
        let mut effects = Vec::new();
        core.handle(Time::default(), input, &mut effects);
        for effect in effects {
            // The other effects are timers, which never run out here, and reports.
            if let Effect::Send { to: neighbour, message } = effect {
                inputs.push_back((neighbour, Input::Received { from: to, message }));
            }
        }
    }

    let roles = cores.map(|core| core.role());
    assert_eq!(roles, [Role::Follower, Role::Leader, Role::Deputy]);
    println!("the members are {roles:?}");
}
