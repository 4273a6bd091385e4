//! The settings of the whole ring: one value from the ring file to the election core, changed while the ring
//! runs.
//!
//! A new setting is one line in the list at the end of this file, and the code that acts on it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Map;

use crate::algorithm::AlgorithmName;
use crate::json::Fields;
use crate::role::{Safety, Succession};

macro_rules! settings {
    ($($(#[$about:meta])+ $name:ident: $type:ty,)+) => {
        /// The settings of every member of the ring.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub struct RingSettings {
            $($(#[$about])+ pub $name: $type,)+
        }

        /// `PATCH /api/v1/ring`: the settings to change, at least one.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct ChangeRing {
            $(
                $(#[$about])+
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )+
        }

        impl RingSettings {
            /// The settings after a change.
            #[must_use]
            pub fn with(self, change: &ChangeRing) -> Self {
                Self { $($name: change.$name.unwrap_or(self.$name),)+ }
            }

            /// The change that leads from `before` to these settings.
            #[must_use]
            pub fn since(self, before: Self) -> ChangeRing {
                ChangeRing { $($name: (self.$name != before.$name).then_some(self.$name),)+ }
            }

            /// Takes the settings out of an object that has them among its fields. Those that are missing, as
            /// in the recordings of an older version, have their default.
            pub(crate) fn take(fields: &mut Fields) -> Self {
                Self { $($name: fields.take_or_default(stringify!($name)),)+ }
            }
        }

        /// All names and values, as a [`ChangeRing`] has them.
        impl fmt::Display for RingSettings {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                ChangeRing { $($name: Some(self.$name),)+ }.fmt(f)
            }
        }

        impl ChangeRing {
            /// The names of all settings, as the API spells them.
            pub const NAMES: &[&str] = &[$(stringify!($name)),+];

            /// Sets the setting of this name to a value as people type it.
            ///
            /// # Errors
            /// A sentence about a name or a value that does not exist.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
                match name {
                    $(stringify!($name) => {
                        let value: Result<$type, _> = FromStr::from_str(value);
                        self.$name = Some(value.map_err(|error| format!("{name}: {error}"))?);
                    })+
                    _ => return Err(format!("there is no setting `{name}`; there are: {}", Self::NAMES.join(", "))),
                }
                Ok(())
            }
        }

        /// Names and values, separated by spaces: `safety quorum algorithm bully`.
        impl fmt::Display for ChangeRing {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut apart = "";
                $(if let Some(value) = &self.$name {
                    write!(f, "{apart}{} {value}", stringify!($name))?;
                    apart = " ";
                })+
                let _ = apart;
                Ok(())
            }
        }
    };
}

impl<'de> Deserialize<'de> for RingSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::of(Map::deserialize(deserializer)?);
        let settings = Self::take(&mut fields);
        fields.whole(settings).map_err(serde::de::Error::custom)
    }
}

settings! {
    /// The pace: the time that a ring message takes per hop, in milliseconds; at most
    /// [`MAX_HOP_DELAY_MS`](crate::api::MAX_HOP_DELAY_MS).
    hop_delay_ms: u64,
    /// Whether an election needs a majority.
    safety: Safety,
    /// The answer to the loss of the leader.
    succession: Succession,
    /// The election that is held, from the next one on.
    algorithm: AlgorithmName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_changes_what_it_names_and_is_read_as_it_is_written() {
        let before = RingSettings { hop_delay_ms: 400, ..RingSettings::default() };
        let mut change = ChangeRing::default();
        for pair in ["safety quorum", "algorithm bully"] {
            let (name, value) = pair.split_once(' ').expect("a name and a value");
            assert_eq!(change.set(name, value), Ok(()));
        }
        assert_eq!(change.to_string(), "safety quorum algorithm bully");
        let after = before.with(&change);
        assert_eq!(
            (after.hop_delay_ms, after.safety, after.algorithm),
            (400, Safety::Quorum, AlgorithmName::Bully)
        );
        assert_eq!(after.since(before), change);
        assert_eq!(after.since(after), ChangeRing::default());
    }

    #[test]
    fn an_unknown_name_or_value_is_named_with_those_that_exist() {
        let error = |name, value| ChangeRing::default().set(name, value).expect_err("it does not exist");
        assert!(error("colour", "red").contains("hop_delay_ms, safety"), "{}", error("colour", "red"));
        assert!(error("safety", "most").contains("available, quorum"), "{}", error("safety", "most"));
    }

    #[test]
    fn settings_that_an_older_version_did_not_write_have_their_default() {
        let read: RingSettings = serde_json::from_str(r#"{"safety":"quorum","more":1}"#).expect("settings");
        assert_eq!(read, RingSettings { safety: Safety::Quorum, ..RingSettings::default() });
    }
}
