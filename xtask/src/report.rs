//! A report of the duration of each step, and of those that failed.

use std::time::{Duration, Instant};

/// The duration of a run above which its steps are printed.
const SLOW: Duration = Duration::from_secs(20);

/// The steps of a run.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    failed: bool,
}

impl Report {
    /// Does a step and notes its duration. Its error is returned.
    pub(crate) fn step<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let start = Instant::now();
        let result = work();
        self.steps.push(Step { name: name.to_owned(), took: start.elapsed(), failed: result.is_err() });
        result
    }

    /// Does a step whose failure is printed now and counted later, so that the steps after it still run.
    pub(crate) fn check(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<()>) {
        println!("\n── {name}");
        if let Err(error) = self.step(name, work) {
            println!("{name} FAILED: {error:#}");
        }
    }

    /// Whether every step succeeded.
    pub(crate) fn is_good(&self) -> bool {
        self.steps.iter().all(|step| !step.failed)
    }

    /// Prints the steps as a table.
    pub(crate) fn print(&self) {
        println!();
        for step in &self.steps {
            let took = step.took.as_secs_f64();
            println!("{:<44} {took:>7.1} s{}", step.name, if step.failed { "  FAILED" } else { "" });
        }
        let all: Duration = self.steps.iter().map(|step| step.took).sum();
        println!("{:<44} {:>7.1} s", "in all", all.as_secs_f64());
    }

    /// Prints the steps as a table when they took long.
    pub(crate) fn print_if_slow(&self) {
        if self.steps.iter().map(|step| step.took).sum::<Duration>() > SLOW {
            self.print();
        }
    }
}
