//! A report of how long each step took, and of those that failed.

use std::time::{Duration, Instant};

/// A run that took longer than this explains itself.
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
    /// Does a step and remembers how long it took. Its error is handed on.
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

    /// Whether every step went well.
    pub(crate) fn is_good(&self) -> bool {
        self.steps.iter().all(|step| !step.failed)
    }

    /// The steps as a table.
    pub(crate) fn print(&self) {
        println!();
        for step in &self.steps {
            let took = step.took.as_secs_f64();
            println!("{:<44} {took:>7.1} s{}", step.name, if step.failed { "  FAILED" } else { "" });
        }
        let all: Duration = self.steps.iter().map(|step| step.took).sum();
        println!("{:<44} {:>7.1} s", "in all", all.as_secs_f64());
    }

    /// The steps as a table, when there was time to wonder.
    pub(crate) fn print_if_slow(&self) {
        if self.steps.iter().map(|step| step.took).sum::<Duration>() > SLOW {
            self.print();
        }
    }
}
