//! The inputs of a member and its effects, kept so that the same can be done again.
//!
//! A member is a function of its inputs: given the same ones at the same times it does the same. Where it
//! does not, either the recording is of another version, or something other than the inputs has had a say.

use ringleader_shared::{NodeId, Promise, RingMessage};
use serde::{Deserialize, Serialize};

use crate::{Core, Effect, Input, Time};

/// Beginning of a recorded member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beginning {
    /// The member's id.
    pub id: NodeId,
    /// The promise of an earlier start of it.
    pub promise: Option<Promise>,
}

/// One call of [`Core::handle`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Time of the step.
    pub now: Time,
    /// The input.
    pub input: Input<RingMessage>,
    /// The effects.
    pub effects: Vec<Effect<RingMessage>>,
}

/// Difference between a replay and what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Index of the step, from 0.
    pub place: usize,
    /// The recorded effects.
    pub recorded: Step,
    /// The effects now.
    pub replayed: Vec<Effect<RingMessage>>,
}

/// Gives a fresh member the recorded inputs. Says how many.
///
/// # Errors
/// The first step at which it does something else than was recorded.
pub fn replay(beginning: Beginning, steps: impl IntoIterator<Item = Step>) -> Result<usize, Box<Difference>> {
    let mut member = Core::recovered(beginning.id, beginning.promise);
    let mut count = 0;
    for recorded in steps {
        let mut replayed = Vec::new();
        member.handle(recorded.now, recorded.input.clone(), &mut replayed);
        if replayed != recorded.effects {
            return Err(Box::new(Difference { place: count, recorded, replayed }));
        }
        count += 1;
    }
    Ok(count)
}
