//! Reading JSON, by way of a tree.
//!
//! Events read themselves from a tree, so that code is there anyway. To read everything from one keeps what serde derives from
//! being there twice, for trees and for text: a thirtieth of the page.

use serde::de::DeserializeOwned;

/// What a text says.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::from_str(text)?)
}
