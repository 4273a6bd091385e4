//! What a member was given and what it did with it, kept so that the same can be done again.
//!
//! A member is a function of its inputs: given the same ones at the same times it does the same. Where it
//! does not, either the recording is of another version, or something other than the inputs has had a say.

use ringleader_shared::{NodeId, Promise, RingMessage};
use serde::{Deserialize, Serialize};

use crate::{Core, Effect, Input, Time};

/// How a recorded member began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beginning {
    /// Who it is.
    pub id: NodeId,
    /// What an earlier start of it had promised.
    pub promise: Option<Promise>,
}

/// One call of [`Core::handle`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub now: Time,
    /// What it was given.
    pub input: Input<RingMessage>,
    /// What it did.
    pub effects: Vec<Effect<RingMessage>>,
}

/// Where a replay differs from what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which step, from 0.
    pub place: usize,
    /// What was recorded.
    pub recorded: Step,
    /// What it does now.
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
