//! Secrets of this process: random bytes that are compared without telling how much of them was right.

use std::fmt;

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq as _;

use crate::clock::entropy;

/// 256 random bits, written as 64 lower-case hex digits.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn random() -> Self {
        Self(HEXLOWER.encode(&entropy::<32>()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this secret; takes as long whether it is nearly right or not at all.
    pub(crate) fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_it() {
        let secret = Secret::random();
        assert!(secret.is(secret.as_str()));
        for other in [
            "",
            &secret.as_str()[..63],
            &format!("{}0", secret.as_str()),
            Secret::random().as_str(),
        ] {
            assert!(!secret.is(other));
        }
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
    }
}
