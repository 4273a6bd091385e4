//! Reading objects field by field.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The default of a field that is left out when it is true.
pub(crate) const fn yes() -> bool {
    true
}

/// Whether such a field is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) const fn is_yes(it: &bool) -> bool {
    *it
}

/// Reads a field that is true or left out.
pub(crate) fn only_yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let it = bool::deserialize(deserializer)?;
    if it { Ok(it) } else { Err(serde::de::Error::custom("it is true or left out")) }
}

/// A field that is true when it is left out.
pub(crate) fn take_or_yes(fields: &mut Map<String, Value>, name: &str) -> Result<bool, String> {
    take::<Option<bool>>(fields, name).map(|it| it.unwrap_or(true))
}

/// A field; one that is not there is `null`, which optional fields take.
pub(crate) fn take<T: DeserializeOwned>(fields: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    let value = fields.remove(name).unwrap_or_default();
    serde_json::from_value(value).map_err(|error| format!("{name}: {error}"))
}

/// A field that may be left out.
pub(crate) fn take_or_default<T: DeserializeOwned + Default>(
    fields: &mut Map<String, Value>,
    name: &str,
) -> Result<T, String> {
    take::<Option<T>>(fields, name).map(Option::unwrap_or_default)
}

/// Reads a struct from an object with the same names, by way of a tree; fields that it does not know are
/// passed over.
///
/// `and settings` stands for the ring's settings, which are among the fields.
///
/// For what the page reads: what serde derives can read from arrays, too, and is several times as much code.
macro_rules! read_by_name {
    ($type:ident { $($field:ident),* $(,)? } $(or default { $($optional:ident),* $(,)? })? $(or true { $($yes:ident),* })? $(and $settings:ident)?) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut fields = serde_json::Map::deserialize(deserializer)?;
                let mut read = || -> Result<Self, String> {
                    Ok(Self {
                        $($field: $crate::json::take(&mut fields, stringify!($field))?,)*
                        $($($optional: $crate::json::take_or_default(&mut fields, stringify!($optional))?,)*)?
                        $($($yes: $crate::json::take_or_yes(&mut fields, stringify!($yes))?,)*)?
                        $($settings: $crate::settings::RingSettings::take(&mut fields)?,)?
                    })
                };
                read().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use read_by_name;

/// Which fields each kind has in JSON: the reader and the names come from this one list, and the compiler
/// misses a kind that is not in it.
///
/// `and settings` stands for the ring's settings, which are among the fields.
///
/// Read by hand: what serde derives for an enum as large as that of events, with its tag among its fields, is
/// a fifth of the dashboard.
macro_rules! read_by_kind {
    ($type:ident: $($kind:literal => $variant:ident { $($field:ident),* } $(and $settings:ident)?,)*) => {
        impl $type {
            /// Every `kind`.
            pub const NAMES: &[&str] = &[$($kind),*];

            /// The value of `kind` in JSON.
            #[must_use]
            pub const fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $kind,)*
                }
            }

            fn read(mut fields: serde_json::Map<String, serde_json::Value>) -> Result<Self, String> {
                let kind: String = $crate::json::take(&mut fields, "kind")?;
                Ok(match kind.as_str() {
                    $($kind => Self::$variant {
                        $($field: $crate::json::take(&mut fields, stringify!($field))?,)*
                        $($settings: $crate::settings::RingSettings::take(&mut fields)?,)?
                    },)*
                    other => return Err(format!("there is no kind {other:?} of {}", stringify!($type))),
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::read(serde_json::Map::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use read_by_kind;
