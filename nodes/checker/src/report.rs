//! Runs a model to its end, and reports.

use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model};

use crate::model::{RingModel, SOME_AGREE};

/// A state that must not be, and how to come there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The property that does not hold, as a sentence.
    pub property: &'static str,
    /// The events, one a line.
    pub steps: Vec<String>,
    /// The members in the end, one a line.
    pub end: Vec<String>,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Different states that the ring can be in.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
    /// States on the longest way that was gone.
    pub depth: usize,
    /// Time that it took.
    pub took: Duration,
    /// Whether every state within the bounds was visited.
    pub is_exhaustive: bool,
    /// Whether a quiet ring that agrees was among them, after all that may happen. Otherwise the bounds ask
    /// nothing.
    pub some_agree: bool,
    /// The violations.
    pub violations: Vec<Violation>,
}

/// Visits every state of a model, until a violation is found or the time is up. `threads` work at it, at
/// least 1.
///
/// It goes into the depth first: what waits to be visited then stays small.
#[must_use]
pub fn check(model: RingModel, threads: usize, at_most: Duration) -> Report {
    let started = Instant::now();
    let checker = model
        .checker()
        .threads(threads)
        .timeout(at_most)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    let took = started.elapsed();
    let mut found = checker.discoveries();
    let some_agree = found.remove(SOME_AGREE).is_some();
    let mut violations: Vec<Violation> = found
        .into_iter()
        .map(|(property, path)| {
            let end = path.last_state().describe_members();
            let path = path.into_vec().into_iter();
            let steps = path.filter_map(|(ring, event)| Some(ring.describe(event?))).collect();
            Violation { property, steps, end }
        })
        .collect();
    violations.sort_unstable_by_key(|violation| violation.property);
    Report {
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        is_exhaustive: violations.is_empty() && took < at_most,
        took,
        some_agree,
        violations,
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "violated: {}", self.property)?;
        for (n, step) in (1..).zip(&self.steps) {
            writeln!(f, "  {n:>3}. {step}")?;
        }
        for member in &self.end {
            writeln!(f, "  {member}")?;
        }
        Ok(())
    }
}
