//! Reading tagged objects field by field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A field; one that is not there is `null`, which optional fields take.
pub(crate) fn take<T: DeserializeOwned>(fields: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    let value = fields.remove(name).unwrap_or_default();
    serde_json::from_value(value).map_err(|error| format!("{name}: {error}"))
}
