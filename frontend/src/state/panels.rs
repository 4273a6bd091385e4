//! The panels beside the ring, and which of them are open.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// The window from which on two panels are shown side by side.
const WIDE: &str = "(min-width: 1800px)";

/// The most panels that are open.
const MOST: usize = 2;

/// A panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panel {
    /// The nodes with their cards.
    Nodes,
    /// The log of all nodes together.
    Log,
    /// The space-time diagram.
    Diagram,
    /// The causes of an event.
    Why,
    /// The elections.
    Elections,
    /// The faults of links.
    Faults,
}

impl Panel {
    /// All panels in the order of their tabs.
    pub(crate) const ALL: [Self; 6] =
        [Self::Nodes, Self::Log, Self::Diagram, Self::Why, Self::Elections, Self::Faults];

    /// The name in ids.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Log => "log",
            Self::Diagram => "diagram",
            Self::Why => "why",
            Self::Elections => "elections",
            Self::Faults => "faults",
        }
    }

    /// The panel with this name.
    pub(crate) fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|panel| panel.id() == id)
    }

    /// The label of the tab.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Nodes => "Nodes",
            Self::Log => "Log",
            Self::Diagram => "Diagram",
            Self::Why => "Why",
            Self::Elections => "Elections",
            Self::Faults => "Faults",
        }
    }
}

/// Opens a panel among those that are open, the last one opened last; the first of too many is closed.
fn opened(mut open: Vec<Panel>, panel: Panel) -> Vec<Panel> {
    open.retain(|other| *other != panel);
    open.push(panel);
    let surplus = open.len().saturating_sub(MOST);
    open.drain(..surplus);
    open
}

/// The panels that there is room for: both, or the one that was opened last.
fn shown(open: &[Panel], is_wide: bool) -> Vec<Panel> {
    let from = if is_wide { 0 } else { open.len().saturating_sub(1) };
    let chosen = open.get(from..).unwrap_or_default();
    Panel::ALL.into_iter().filter(|panel| chosen.contains(panel)).collect()
}

/// The panels that are open. A handle: copies are the same.
#[derive(Clone, Copy)]
pub(crate) struct Panels {
    open: RwSignal<Vec<Panel>>,
    is_wide: RwSignal<bool>,
}

impl Panels {
    /// The panels that are open in a page that was just opened.
    pub(crate) const FIRST: [Panel; 2] = [Panel::Elections, Panel::Nodes];

    /// All that are open, also those for which there is no room, the one opened last last.
    pub(crate) fn all_open(self) -> Vec<Panel> {
        self.open.get_untracked()
    }

    /// Notes that whatever is running now depends on the panels that are open.
    pub(crate) fn track(self) {
        self.open.track();
    }

    /// Opens these panels and no others, in this order.
    pub(crate) fn open_these(self, panels: Vec<Panel>) {
        let wanted = panels.into_iter().fold(Vec::new(), opened);
        if self.open.get_untracked() != wanted {
            self.open.set(wanted);
        }
    }

    /// The panels of a page that was just opened.
    pub(super) fn new() -> Self {
        let is_wide = RwSignal::new(false);
        if let Ok(Some(query)) = window().match_media(WIDE) {
            is_wide.set(query.matches());
            let changed = Closure::<dyn FnMut()>::new({
                let query = query.clone();
                move || {
                    is_wide.try_set(query.matches());
                }
            });
            query.set_onchange(Some(changed.as_ref().unchecked_ref()));
            // It lives as long as the page.
            changed.forget();
        }
        Self { open: RwSignal::new(Self::FIRST.to_vec()), is_wide }
    }

    /// Whether a panel is shown.
    pub(crate) fn is_shown(self, panel: Panel) -> bool {
        self.open.with(|open| shown(open, self.is_wide.get()).contains(&panel))
    }

    /// Whether any is shown.
    pub(crate) fn any(self) -> bool {
        self.open.with(|open| !open.is_empty())
    }

    /// Opens a panel.
    pub(crate) fn open(self, panel: Panel) {
        self.open.update(|open| *open = opened(std::mem::take(open), panel));
    }

    /// Opens a panel, or closes it where it is shown; in a narrow window the ring is alone then.
    pub(crate) fn toggle(self, panel: Panel) {
        if !untrack(|| self.is_shown(panel)) {
            self.open(panel);
        } else if self.is_wide.get_untracked() {
            self.close(panel);
        } else {
            self.open.update(Vec::clear);
        }
    }

    /// Closes a panel. In a narrow window the one that was opened before it is shown.
    pub(crate) fn close(self, panel: Panel) {
        self.open.update(|open| open.retain(|other| *other != panel));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_panels_fit_beside_the_ring_in_a_wide_window_and_one_in_others() {
        let open = opened(vec![Panel::Elections, Panel::Nodes], Panel::Faults);
        assert_eq!(open, [Panel::Nodes, Panel::Faults]);
        assert_eq!(shown(&open, true), [Panel::Nodes, Panel::Faults]);
        assert_eq!(shown(&open, false), [Panel::Faults]);
        assert_eq!(opened(open, Panel::Nodes), [Panel::Faults, Panel::Nodes]);
        assert_eq!(shown(&[], false), []);
    }
}
