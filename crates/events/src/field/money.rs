//! Amounts of money: whole units, never negative, never of two currencies at once.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FieldError;
use crate::limits::WHOLE_NUMBER_MAX;

/// A currency by its three letters, as ISO 4217 has them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Checks a text and makes it a currency. Whether anybody pays in it is not known here.
    ///
    /// # Errors
    /// [`FieldError::Form`] when it is not three capital letters.
    pub fn new(code: &str) -> Result<Self, FieldError> {
        match code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(FieldError::Form {
                expected: "a currency of three capital letters",
            }),
        }
    }

    /// Its three letters.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match str::from_utf8(&self.0) {
            Ok(code) => code,
            Err(_) => unreachable!(),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Currency({self})")
    }
}

impl TryFrom<String> for Currency {
    type Error = FieldError;

    fn try_from(code: String) -> Result<Self, FieldError> {
        Self::new(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

/// An amount of money in the smallest unit of its currency, such as cents. It may be nothing, and is never less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Amount", into = "Amount", deny_unknown_fields)]
pub struct Money {
    units: u64,
    currency: Currency,
}

/// An amount as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    units: u64,
    currency: Currency,
}

impl Money {
    /// So many units.
    ///
    /// # Errors
    /// [`FieldError::Range`] beyond 2⁵³ − 1, which payloads cannot hold.
    pub const fn new(units: u64, currency: Currency) -> Result<Self, FieldError> {
        if units > WHOLE_NUMBER_MAX {
            return Err(FieldError::Range {
                least: 0,
                most: WHOLE_NUMBER_MAX as i64,
            });
        }
        Ok(Self { units, currency })
    }

    /// No money.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { units: 0, currency }
    }

    /// How many units.
    #[must_use]
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// Of which currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.units == 0
    }

    /// Both together.
    ///
    /// # Errors
    /// [`FieldError`] when the currencies differ or the sum is too large.
    pub fn plus(self, other: Self) -> Result<Self, FieldError> {
        self.same_currency(other)?;
        Self::new(self.units.saturating_add(other.units), self.currency)
    }

    /// What is left of it without the other; `None` when that is more than there is.
    ///
    /// # Errors
    /// [`FieldError::Currency`] when the currencies differ.
    pub fn minus(self, other: Self) -> Result<Option<Self>, FieldError> {
        self.same_currency(other)?;
        let left = self.units.checked_sub(other.units);
        Ok(left.map(|units| Self {
            units,
            currency: self.currency,
        }))
    }

    /// So many times as much.
    ///
    /// # Errors
    /// [`FieldError::Range`] when that is too large.
    pub const fn times(self, factor: u64) -> Result<Self, FieldError> {
        Self::new(self.units.saturating_mul(factor), self.currency)
    }

    fn same_currency(self, other: Self) -> Result<(), FieldError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(FieldError::Currency {
                expected: self.currency,
                found: other.currency,
            })
        }
    }
}

impl fmt::Display for Money {
    /// In units: how many make a larger one differs by currency.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.units, self.currency)
    }
}

impl TryFrom<Amount> for Money {
    type Error = FieldError;

    fn try_from(amount: Amount) -> Result<Self, FieldError> {
        Self::new(amount.units, amount.currency)
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self {
            units: money.units,
            currency: money.currency,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eur() -> Currency {
        Currency::new("EUR").unwrap()
    }

    proptest! {
        #[test]
        fn money_is_neither_made_nor_lost(a in 0..=WHOLE_NUMBER_MAX, b in 0..=WHOLE_NUMBER_MAX) {
            let [one, other] = [a, b].map(|units| Money::new(units, eur()).unwrap());
            if let Ok(sum) = one.plus(other) {
                prop_assert_eq!(sum.minus(other).unwrap(), Some(one));
            } else {
                prop_assert!(a + b > WHOLE_NUMBER_MAX);
            }
            prop_assert_eq!(one.minus(other).unwrap().is_some(), a >= b);
            let again: Money = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
            prop_assert_eq!(again, one);
        }
    }

    #[test]
    fn money_of_two_currencies_does_not_mix() {
        let [eur, chf] = ["EUR", "CHF"].map(|code| Money::new(5, Currency::new(code).unwrap()).unwrap());
        assert_eq!(
            eur.plus(chf).unwrap_err().to_string(),
            "is in CHF, and not in EUR"
        );
        assert!(eur.minus(chf).is_err());
        assert!(
            Money::new(WHOLE_NUMBER_MAX, eur.currency())
                .unwrap()
                .times(2)
                .is_err()
        );
    }

    #[test]
    fn wrong_money_is_not_read() {
        for text in [
            r#"{"units": -1, "currency": "EUR"}"#,
            r#"{"units": 1.5, "currency": "EUR"}"#,
            r#"{"units": 1, "currency": "eur"}"#,
            r#"{"units": 9007199254740992, "currency": "EUR"}"#,
            r#"{"units": 1}"#,
        ] {
            assert!(serde_json::from_str::<Money>(text).is_err(), "{text}");
        }
    }
}
