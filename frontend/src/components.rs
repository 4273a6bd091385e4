//! Components that several parts of the page share, or that stand outside of all of them.

pub(crate) mod announcer;
pub(crate) mod badge;
pub(crate) mod button;
pub(crate) mod command_sender;
pub(crate) mod field;
pub(crate) mod help;
pub(crate) mod jump;
pub(crate) mod lazy;
pub(crate) mod notices;
pub(crate) mod skip_links;
pub(crate) mod theme;
