//! Reading JSON by way of a tree.
//!
//! Events are read from a tree, so that code is part of the page anyway. Reading everything from trees keeps
//! serde's derived code from being generated twice, for trees and for text, which would be a thirtieth of the
//! page.

use serde::de::DeserializeOwned;

/// Parses a text.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::from_str(text)?)
}
