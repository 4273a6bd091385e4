//! The engine of the sandbox: runs of the simulator that are played, with virtual time that can be stopped
//! and turned back.
//!
//! It must not know how an election is decided, which the simulator knows, nor the state of the page, nor how
//! a ring is drawn.
//!
//! The way through it: [`settings`] and [`choice`] describe a ring, [`speed`] the pace of its virtual time,
//! [`permalink`] is all of it as an address, [`actions`] turns commands into actions, [`player`] plays,
//! [`continuation`] leads a ring to a recorded moment. [`run`] is the player as the rest of the page knows
//! it: the simulator is in a chunk of the program.
//! `backend::sandbox` connects it with the page.

mod actions;
pub(crate) mod choice;
mod continuation;
pub(crate) mod permalink;
pub(crate) mod player;
pub(crate) mod run;
pub(crate) mod settings;
pub(crate) mod speed;

pub(crate) use self::actions::actions;
pub(crate) use self::continuation::continuation;
