//! The events that are lit: an event with its direct causes and effects, or with all of its past and future.

use ringleader_shared::causality::{Causality, Cone};
use ringleader_shared::timeline::Position;

/// The choice of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) event: Position,
    /// Whether all of its past and future is lit, and not its direct causes and effects only.
    pub(super) is_wide: bool,
}

impl Selection {
    /// The choice after a press on an event.
    pub(super) fn pressed(former: Option<Self>, event: Position) -> Self {
        let again = former.filter(|former| former.event == event);
        Self { event, is_wide: again.is_some_and(|again| !again.is_wide) }
    }
}

/// The events that are lit.
#[derive(Debug, Default)]
pub(super) enum Lit {
    /// All alike.
    #[default]
    All,
    /// These: an event, so many causes, and its effects.
    Direct(Vec<Position>, usize),
    /// A past and a future.
    Cones(Cone, Cone),
}

impl Lit {
    pub(super) fn of(selection: Option<Selection>, causality: &Causality) -> Self {
        match selection {
            None => Self::All,
            Some(Selection { event, is_wide: false }) => {
                let mut events: Vec<Position> =
                    std::iter::once(event).chain(causality.causes(event)).collect();
                let causes = events.len() - 1;
                events.extend(causality.effects(event));
                Self::Direct(events, causes)
            }
            Some(Selection { event, is_wide: true }) => {
                Self::Cones(causality.past(event), causality.future(event))
            }
        }
    }

    /// Whether an event is lit.
    pub(super) fn has(&self, event: Position) -> bool {
        match self {
            Self::All => true,
            Self::Direct(events, _) => events.contains(&event),
            Self::Cones(past, future) => past.contains(event) || future.contains(event),
        }
    }

    /// The number of causes or past events, and that of effects or future ones.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Direct(events, causes) => {
                let effects = events.len().saturating_sub(1 + causes);
                let counted = |count, noun| ringleader_shared::counted(count as u64, noun);
                format!("{}, {}", counted(*causes, "direct cause"), counted(effects, "direct effect"))
            }
            Self::Cones(past, future) => {
                let (past, future) = (past.len().saturating_sub(1), future.len().saturating_sub(1));
                format!("{past} events may have led to it, {future} may follow from it")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, message, name};
    use ringleader_shared::EventKind;

    fn causality() -> Causality {
        let sent = EventKind::Sent { message: message("A", 1), to: name("B"), hold_us: 0 };
        let received = EventKind::Received { message: message("A", 1), from: name("A"), travel_us: 1 };
        let other = || EventKind::Leaving;
        Causality::of(&[
            event(1, Some("A"), other()),
            event(2, Some("A"), sent),
            event(3, Some("B"), other()),
            event(4, Some("B"), received),
            event(5, Some("B"), other()),
        ])
    }

    fn lit(selection: Selection) -> Vec<u64> {
        let lit = Lit::of(Some(selection), &causality());
        (1..=5).filter(|at| lit.has(Position(*at))).collect()
    }

    #[test]
    fn the_first_press_lights_direct_causes_and_effects_and_the_second_the_cones() {
        let first = Selection::pressed(None, Position(4));
        assert_eq!(lit(first), [2, 3, 4, 5]);
        let second = Selection::pressed(Some(first), Position(4));
        assert_eq!(lit(second), [1, 2, 3, 4, 5]);
        assert_eq!(Selection::pressed(Some(second), Position(4)), first);
        assert_eq!(lit(Selection::pressed(Some(second), Position(2))), [1, 2, 4]);
        assert_eq!(lit(Selection { event: Position(2), is_wide: true }), [1, 2, 4, 5], "3 is concurrent");
    }

    #[test]
    fn what_is_lit_is_said() {
        let causality = causality();
        let says = |selection: Selection| Lit::of(Some(selection), &causality).describe();
        let narrow = Selection { event: Position(4), is_wide: false };
        assert_eq!(says(narrow), "2 direct causes, 1 direct effect");
        assert_eq!(
            says(Selection { is_wide: true, ..narrow }),
            "3 events may have led to it, 1 may follow from it"
        );
    }
}
