//! The links of one event to its causes and effects.

/// Links to other events: the lower halves of their positions, 0 for none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Links {
    /// The event before it in the life of its node.
    pub(super) before: u32,
    /// The event after it in the life of its node.
    pub(super) after: u32,
    /// Its cause from outside.
    pub(super) outside: u32,
    /// The newest of the events whose cause from outside it is.
    pub(super) effect: u32,
    /// The next older one of the events that have the same cause from outside.
    pub(super) next: u32,
}

const _: () = assert!(size_of::<Links>() == 20, "as the module's page says");
