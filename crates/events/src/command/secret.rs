//! Values that take part in a decision and must not be kept, shown or hashed.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroize;

/// A value that can be read from a request and used, and goes nowhere by itself: it cannot be serialised, so it gets
/// into no event, answer, request hash or store; it is not printed; its memory is wiped when it is dropped.
///
/// A command leaves it out of its serialised form, without which the derive does not compile:
///
/// ```
/// use openprod_events::Secret;
///
/// #[derive(serde::Serialize, serde::Deserialize, Debug)]
/// struct SetPassword {
///     user: String,
///     #[serde(skip_serializing)]
///     password: Secret<String>,
/// }
///
/// let command: SetPassword = serde_json::from_str(r#"{"user": "ann", "password": "swordfish"}"#)?;
/// assert_eq!(command.password.reveal(), "swordfish");
/// assert_eq!(serde_json::to_string(&command)?, r#"{"user":"ann"}"#);
/// assert!(!format!("{command:?}").contains("swordfish"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// ```compile_fail
/// use openprod_events::Secret;
///
/// #[derive(serde::Serialize)]
/// struct SetPassword {
///     password: Secret<String>,
/// }
/// ```
///
/// Two requests that differ in nothing but a secret are the same request to a store.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one who needs it.
    #[must_use]
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What a parser says about a wrong value may quote it.
        T::deserialize(deserializer)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("the secret has another form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_about_a_secret_does_not_quote_it() {
        let error = serde_json::from_str::<Secret<u32>>("\"swordfish\"").unwrap_err();
        assert!(!error.to_string().contains("swordfish"), "{error}");
    }

    #[test]
    fn secret_is_not_printed() {
        let secret = Secret::new("swordfish".to_owned());
        assert_eq!(
            format!("{secret:?} {:#?}", Some(secret.clone())),
            "Secret(…) Some(\n    Secret(…),\n)"
        );
        assert_eq!(secret.reveal(), "swordfish");
    }
}
