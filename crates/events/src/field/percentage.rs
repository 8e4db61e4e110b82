//! Shares of a whole.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FieldError;

/// A share of a whole in hundredths of a percent, from nothing to all of it: whole numbers, so that shares add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Percentage(u32);

impl Percentage {
    /// All of it.
    pub const WHOLE: Self = Self(10_000);

    /// So many percent.
    ///
    /// # Errors
    /// [`FieldError::Range`] beyond 100.
    pub fn percent(percent: u32) -> Result<Self, FieldError> {
        Self::basis_points(percent.saturating_mul(100))
    }

    /// So many hundredths of a percent.
    ///
    /// # Errors
    /// [`FieldError::Range`] beyond 10,000.
    pub fn basis_points(points: u32) -> Result<Self, FieldError> {
        if points > Self::WHOLE.0 {
            return Err(FieldError::Range {
                least: 0,
                most: i64::from(Self::WHOLE.0),
            });
        }
        Ok(Self(points))
    }

    /// How many hundredths of a percent.
    #[must_use]
    pub const fn as_basis_points(self) -> u32 {
        self.0
    }

    /// That share of an amount, rounded down.
    #[must_use]
    pub const fn of(self, amount: u64) -> u64 {
        // A share of 64 bits fits into them.
        (amount as u128 * self.0 as u128 / Self::WHOLE.0 as u128) as u64
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.0 / 100, self.0 % 100);
        if hundredths == 0 {
            write!(out, "{whole} %")
        } else {
            write!(out, "{whole}.{hundredths:02} %")
        }
    }
}

impl TryFrom<u32> for Percentage {
    type Error = FieldError;

    fn try_from(points: u32) -> Result<Self, FieldError> {
        Self::basis_points(points)
    }
}

impl From<Percentage> for u32 {
    fn from(percentage: Percentage) -> Self {
        percentage.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_lie_between_nothing_and_all() {
        assert_eq!(Percentage::percent(100), Ok(Percentage::WHOLE));
        assert!(Percentage::percent(101).is_err() && Percentage::percent(u32::MAX).is_err());
        assert_eq!(Percentage::WHOLE.of(u64::MAX), u64::MAX);
        assert_eq!(Percentage::basis_points(250).unwrap().of(199), 4);
        assert_eq!(Percentage::basis_points(1_205).unwrap().to_string(), "12.05 %");
        assert!(serde_json::from_str::<Percentage>("10001").is_err());
    }
}
