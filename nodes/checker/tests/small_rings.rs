//! Every schedule of small rings.

use std::time::Duration;

use ringleader_checker::bounds::rings;
use ringleader_checker::{Bounds, Faults, RingModel, check};

#[test]
fn probe() {
    for n in 1..=3 {
        for ring in rings(n) {
            for faults in [
                Faults { initiations: 1, ..Faults::default() },
                Faults { initiations: 2, ..Faults::default() },
                Faults { initiations: 1, crashes: 1, ..Faults::default() },
                Faults { initiations: 1, crashes: 1, restarts: 1, ..Faults::default() },
                Faults { initiations: 1, losses: 1, ..Faults::default() },
                Faults { initiations: 1, duplicates: 1, ..Faults::default() },
                Faults { initiations: 1, breaks: 1, ..Faults::default() },
                Faults { initiations: 1, hasty_timers: 1, ..Faults::default() },
            ] {
                let bounds = Bounds::of(&ring).with(faults);
                let report = check(RingModel::new(bounds.clone()), 2, Duration::from_secs(20));
                println!(
                    "{bounds}: {} {} {} {:?} {}",
                    report.states, report.steps, report.depth, report.took, report.is_exhaustive
                );
                println!("{}", report.told());
            }
        }
    }
}
