//! The secret that the server and the nodes of one run share.

use subtle::ConstantTimeEq;
use uuid::Uuid;

/// The run's secret. Never shown, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns a new secret.
    pub(super) fn fresh() -> Self {
        // Two v4 UUIDs: 244 bits from the operating system's random source.
        Self(format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
    }

    /// The secret as text, for the environment of a node.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether this `Authorization` header carries the secret. A wrong one of the same length takes as
    /// long as the right one.
    #[must_use]
    pub fn admits(&self, header: &[u8]) -> bool {
        format!("Bearer {}", self.0).as_bytes().ct_eq(header).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
