//! The shapes of messages in the drawing.

use ringleader_shared::event::{MessageInfo, MessageKind};
use web_sys::Element;

use super::elements::{add, classed, set};
use crate::reactive::rounded;
use crate::text;

/// The CSS class of a kind of message.
pub(super) const fn class(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Election | MessageKind::Classic => "election",
        MessageKind::RollCall | MessageKind::Found | MessageKind::Vacant => "search",
        MessageKind::DeputySearch | MessageKind::Inquiry => "search",
        MessageKind::Elected => "elected",
        MessageKind::StateUpdate | MessageKind::Lease => "news",
    }
}

/// The token of a kind of message: its shape, as a path around the origin, and its letter.
pub(super) const fn token(kind: MessageKind) -> (&'static str, &'static str) {
    match kind {
        MessageKind::Election => ("M-19 0 A19 19 0 1 1 19 0 A19 19 0 1 1 -19 0 Z", "E"),
        MessageKind::Classic => ("M-19 0 A19 19 0 1 1 19 0 A19 19 0 1 1 -19 0 Z", "C"),
        MessageKind::RollCall => ("M0 -23 L23 0 L0 23 L-23 0 Z", "R"),
        MessageKind::Found => ("M-18 -18 H18 V18 H-18 Z", "F"),
        MessageKind::Vacant => ("M-18 -18 H18 V18 H-18 Z", "V"),
        MessageKind::Inquiry => ("M0 -23 L23 0 L0 23 L-23 0 Z", "I"),
        MessageKind::DeputySearch => ("M0 -23 L23 0 L0 23 L-23 0 Z", "S"),
        MessageKind::Elected => ("M-18 -18 H18 V18 H-18 Z", "L"),
        MessageKind::StateUpdate => ("M-18 -18 H18 V18 H-18 Z", "N"),
        MessageKind::Lease => ("M-18 -18 H18 V18 H-18 Z", "Q"),
    }
}

/// Draws the token of a message.
pub(super) fn draw_token(group: &Element, message: &MessageInfo) {
    let (outline, letter) = token(message.message);
    if let Some(title) = add(group, "title") {
        title.set_text_content(Some(&text::message(message)));
    }
    if let Some(token) = classed(group, "g", "token") {
        if let Some(path) = add(&token, "path") {
            set(&path, "d", outline);
        }
        if let Some(text) = add(&token, "text") {
            set(&text, "y", "8");
            text.set_text_content(Some(letter));
        }
    }
}

/// Draws a message as a pill: the token of its kind, the candidate, and below it the deputy in small.
pub(super) fn draw_dot(group: &Element, message: &MessageInfo) {
    let label = message
        .candidate
        .as_ref()
        .map_or_else(String::new, |claim| format!("{} {}", claim.name, claim.attribute));
    let second = message.deputy.as_ref().map(|claim| format!("{} {}", claim.name, claim.attribute));
    #[expect(clippy::cast_precision_loss, reason = "a short label")]
    let letters = |text: &str, size: f64| size * text.chars().count() as f64;
    let second = second.map(|second| format!("★ {second}"));
    let width =
        78.0 + letters(&label, 16.5).max(second.as_deref().map_or(0.0, |second| letters(second, 14.0)));
    let height = if second.is_some() { 80.0 } else { 54.0 };
    let text_x = -width / 2.0 + 55.0;
    if let Some(title) = add(group, "title") {
        title.set_text_content(Some(&text::message(message)));
    }
    if let Some(pill) = add(group, "rect") {
        for (name, value) in
            [("x", -width / 2.0), ("y", -27.0), ("width", width), ("height", height), ("rx", 27.0)]
        {
            set(&pill, name, &rounded(value).to_string());
        }
    }
    let (outline, letter) = token(message.message);
    if let Some(token) = add(group, "g") {
        set(&token, "class", "token");
        set(&token, "transform", &format!("translate({} 0)", rounded(-width / 2.0 + 28.0)));
        if let Some(path) = add(&token, "path") {
            set(&path, "d", outline);
        }
        if let Some(text) = add(&token, "text") {
            set(&text, "y", "8");
            text.set_text_content(Some(letter));
        }
    }
    if let Some(text) = add(group, "text") {
        set(&text, "class", "candidate");
        set(&text, "x", &rounded(text_x).to_string());
        set(&text, "y", "10");
        text.set_text_content(Some(&label));
    }
    if let (Some(second), Some(text)) = (second, add(group, "text")) {
        set(&text, "class", "second");
        set(&text, "x", &rounded(text_x).to_string());
        set(&text, "y", "40");
        text.set_text_content(Some(&second));
    }
}
