//! The size from which a ring is drawn and listed in another way.

/// The largest ring with a circle in the drawing for each node. A larger ring is drawn on a canvas, with a
/// bar for each node; in the sandbox it has cards only for a few nodes.
pub(crate) const LARGE_RING: usize = 48;
