//! The secret of a run.

use ringleader_shared::control::SECRET_ENV;
use subtle::ConstantTimeEq;

/// The run's secret. Never shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn from_environment() -> anyhow::Result<Self> {
        match std::env::var(SECRET_ENV) {
            Ok(secret) if !secret.is_empty() => Ok(Self(secret)),
            _ => {
                anyhow::bail!("{SECRET_ENV} is not set: nodes are started by `ringleader serve`, not by hand")
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn for_tests(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The value of the `Authorization` header.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether this `Authorization` header carries the secret. A wrong one of the same
    /// length takes as long as the right one.
    pub(crate) fn admits(&self, header: &[u8]) -> bool {
        self.bearer().as_bytes().ct_eq(header).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_secret_is_admitted() {
        let secret = Secret("abc".into());
        assert!(secret.admits(b"Bearer abc"));
        for wrong in
            ["", "abc", "Bearer", "Bearer ab", "Bearer abcd", "bearer abc", "Bearer abd", "Bearer abc\0"]
        {
            assert!(!secret.admits(wrong.as_bytes()), "{wrong:?}");
        }
    }
}
