//! Runs a model to its end, and tells.

use std::fmt::Write;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::model::RingModel;

/// A state that must not be, and how to come there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What does not hold, as a sentence.
    pub property: &'static str,
    /// What happened, one thing a line, in words.
    pub steps: Vec<String>,
    /// What the members are and know in the end, one a line.
    pub end: Vec<String>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Different states that the ring can be in.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
    /// Steps in the longest way from the start that was gone.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// Whether every state within the bounds was visited.
    pub is_exhaustive: bool,
    /// What should not have been found, or should have been.
    pub violations: Vec<Violation>,
}

/// Visits every state of a model, until a violation is found or the time is up.
///
/// It goes into the depth first: what waits to be visited then stays small.
#[must_use]
pub fn check(model: RingModel, threads: usize, at_most: Duration) -> Report {
    let started = Instant::now();
    let properties = model.properties();
    let checker = model
        .checker()
        .threads(threads)
        .timeout(at_most)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    let took = started.elapsed();
    let found = checker.discoveries();
    let mut violations: Vec<Violation> = found
        .into_iter()
        .filter(|(name, _)| is_failure(&properties, name))
        .map(|(property, path)| {
            let end = path.last_state().members_told();
            let path = path.into_vec().into_iter();
            let steps = path.filter_map(|(ring, event)| Some(ring.told(event?))).collect();
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
        violations,
    }
}

fn is_failure(properties: &[Property<RingModel>], name: &str) -> bool {
    let property = properties.iter().find(|property| property.name == name);
    property.is_none_or(|property| property.expectation.discovery_is_failure())
}

impl Report {
    /// What was violated, and how to come there.
    #[must_use]
    pub fn told(&self) -> String {
        let mut text = String::new();
        for Violation { property, steps, end } in &self.violations {
            // Writing to a String can't fail.
            let _ = writeln!(text, "violated: {property}");
            for (n, step) in (1..).zip(steps) {
                let _ = writeln!(text, "  {n:>3}. {step}");
            }
            for member in end {
                let _ = writeln!(text, "  {member}");
            }
        }
        text
    }
}
