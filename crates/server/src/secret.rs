//! Secrets of this process: random bytes that are compared without telling how much of them was right.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::clock::entropy;

/// 256 random bits, written as 64 lower-case hex digits.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn random() -> Self {
        Self(HEXLOWER.encode(&entropy::<32>()))
    }

    /// Reads one; `None` of what is not 64 lower-case hex digits.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 64 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// Shows that whoever answers on this port has the secret, without giving it away: an HMAC-SHA-256 under it, in
    /// lower-case hex.
    pub(crate) fn prove(&self, port: u16, challenge: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("a key of any length will do");
        mac.update(format!("openprod engine\n{port}\n{challenge}").as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
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

    #[test]
    fn proof_is_of_this_secret_this_port_and_this_challenge() {
        let secret = Secret::read(&"0123456789abcdef".repeat(4)).unwrap();
        // What WebCrypto gives for the same.
        assert_eq!(
            secret.prove(7400, "c0ffee"),
            "0a7460f986b4d528cee226fe9b7f57114732f95bdb1ab6034c654fa12aef8d0b"
        );
        let other = Secret::read(&"0".repeat(64)).unwrap();
        for proof in [
            other.prove(7400, "c0ffee"),
            secret.prove(7401, "c0ffee"),
            secret.prove(7400, "c0ffef"),
        ] {
            assert_ne!(proof, secret.prove(7400, "c0ffee"));
        }
    }
}
