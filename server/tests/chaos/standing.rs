//! Standing faults: random links between live members are cut, and stay so while agreement is demanded.

use std::time::Duration;

use ringleader_shared::{LinkFault, Safety};
use ringleader_testing::server::Server;
use ringleader_testing::server::connectivity::{Part, agreement_of_all, faults, parts};
use ringleader_testing::server::schedule;

use crate::watcher::Watcher;
use crate::{BOUND, Options, Report, agrees};

/// The time after the last cut within which each part must have its leader, or nobody who leads, for good.
pub const SOON: Duration = Duration::from_secs(2);

/// The time that no round may exceed. Simulated rings need no more than five seconds; but rings, compilers
/// and other tests may share the processors, and a node that is not scheduled for longer than a heartbeat
/// begins to measure the silence of its links anew. With six processes that wait for each processor, rounds
/// of 13 s were seen.
const AT_LAST: Duration = Duration::from_secs(20);

/// One round in so many may take longer than [`SOON`]: twice as many as were seen on such a machine.
const ONE_IS_LATE_IN: usize = 5;

/// The time for which nobody may follow another, and no term may grow, before it counts. Longer than a
/// silence takes to be noticed, and a direct link to be proven.
const STAYS: Duration = Duration::from_millis(2500);

/// The default number of rounds.
const DEFAULT_ROUNDS: u64 = 100;

/// The kinds of rings, which take turns: four to seven members, in both modes.
const KINDS: u64 = 8;

/// The rounds of every K-th kind of ring.
pub fn run(options: &Options, ring: u64) -> Result<Report, String> {
    let mut report = Report::default();
    let rounds = options.only.map_or(0..options.rounds.unwrap_or(DEFAULT_ROUNDS), |only| only..only + 1);
    for kind in (0..KINDS).filter(|kind| kind % options.rings == ring) {
        let rounds: Vec<u64> = rounds.clone().filter(|round| round % KINDS == kind).collect();
        if !rounds.is_empty() {
            rounds_of(options, kind, &rounds, &mut report)?;
        }
    }
    Ok(report)
}

/// Prints the number of rounds that took longer than they may on a machine of their own, and says whether
/// those are too many.
pub fn is_late(settled: &[Duration]) -> bool {
    let late = settled.iter().filter(|took| **took > SOON).count();
    let allowed = settled.len().div_ceil(ONE_IS_LATE_IN);
    println!("{late} rounds took longer than {} ms; allowed {allowed}", SOON.as_millis());
    late > allowed
}

fn rounds_of(options: &Options, kind: u64, rounds: &[u64], report: &mut Report) -> Result<(), String> {
    let nodes = 4 + usize::try_from(kind % 4).unwrap_or_default();
    let of_kind = if kind < 4 { Safety::Available } else { Safety::Quorum };
    let safety = options.safety.unwrap_or(of_kind).to_string();
    let server =
        Server::start_with(&["--nodes", &nodes.to_string(), "--hung-after", "150ms", "--safety", &safety]);
    let watcher = Watcher::of(&server);
    server.initiate("A");
    watcher.wait(BOUND, agrees)?;
    for &round in rounds {
        watcher.begin_round();
        let cuts = schedule::cuts(options.seed, round, nodes);
        one_round(&server, &watcher, &cuts, report).map_err(|why| {
            format!(
                "{why}\n\nseed {}, round {round}; again:\n  cargo xtask chaos --standing --safety {safety} \
                 --seed {} --only {round}\nthe cuts: {cuts:?}\nthe events of the round:\n{}",
                options.seed,
                options.seed,
                watcher.trace()
            )
        })?;
    }
    report.events += watcher.events();
    Ok(())
}

fn one_round(
    server: &Server,
    watcher: &Watcher,
    cuts: &[(&str, &str)],
    report: &mut Report,
) -> Result<(), String> {
    for (from, to) in cuts {
        server.set_link(from, to, &LinkFault::CUT);
        report.faults += 1;
    }
    let ring = server.ring();
    let parts = parts(&ring);
    let settled = watcher
        .wait_until_it_stays(AT_LAST, STAYS, |ring| agreement_of_all(&parts, ring))
        .map_err(|why| {
            let names = parts.iter().map(Part::to_string).collect::<Vec<_>>().join(", ");
            format!("{why}\n{} parts: {names}; {}", parts.len(), faults(&ring))
        })?;
    report.split_brains += u64::from(watcher.saw_split_brain());
    report.settled.push(settled);
    if settled > SOON {
        println!(
            "{} of {} members took {} ms: {cuts:?}",
            ring.settings.safety,
            ring.nodes.len(),
            settled.as_millis()
        );
    }
    server.heal();
    watcher.wait(BOUND, agrees)?;
    watcher.end_round()?;
    report.rounds += 1;
    Ok(())
}
