//! Which types the cells of a column are of.
//!
//! A type counts only when reading a cell as it loses nothing that a person may have meant: `007` and `+44 20` name
//! things, `9007199254740993` would change its last digit, so all of them are text.

use openprod_core::FieldType;

/// The types that are inferred, narrowest first. A column of which no cell speaks is text.
const INFERRED: [FieldType; 6] = [
    FieldType::Boolean,
    FieldType::Integer,
    FieldType::Float,
    FieldType::Date,
    FieldType::DateTime,
    FieldType::Duration,
];

/// What the cells of a column have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    /// One bit for each of [`INFERRED`]: whether all cells so far are of it.
    possible: u8,
    any_value: bool,
}

impl Evidence {
    pub(super) const fn new() -> Self {
        Self {
            possible: (1 << INFERRED.len()) - 1,
            any_value: false,
        }
    }

    /// Takes a cell into account; empty ones say nothing.
    pub(super) fn observe(&mut self, cell: &str) {
        let text = cell.trim();
        if text.is_empty() {
            return;
        }
        self.any_value = true;
        for (index, field_type) in INFERRED.into_iter().enumerate() {
            let bit = 1 << index;
            if self.possible & bit != 0 && !is_plainly(field_type, text) {
                self.possible &= !bit;
            }
        }
    }

    /// The narrowest type that all cells are of.
    pub(super) fn conclude(self) -> FieldType {
        match self.possible.trailing_zeros() as usize {
            index if self.any_value && index < INFERRED.len() => INFERRED[index],
            _ => FieldType::Text,
        }
    }
}

/// Whether text is of a type and nothing of it is lost in reading it so.
fn is_plainly(field_type: FieldType, text: &str) -> bool {
    let keeps_all = match field_type {
        FieldType::Integer => is_plain_integer(text),
        FieldType::Float => is_plain_float(text),
        FieldType::DateTime => is_plain_instant(text),
        _ => true,
    };
    keeps_all && field_type.parse(text).is_ok()
}

fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    is_digits(digits) && (!digits.starts_with('0') || text == "0")
}

/// Decimal notation; an exponent only where it cannot be part of a name, as it is in `12E4`.
fn is_plain_float(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent_is_plain = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']);
        (fraction.is_some() || digits.is_some()) && is_digits(digits.unwrap_or(exponent))
    });
    let whole_is_plain = if fraction.is_some() && whole.is_empty() {
        true
    } else {
        is_digits(whole) && (!whole.starts_with('0') || whole == "0")
    };
    whole_is_plain
        && fraction.is_none_or(is_digits)
        && exponent_is_plain
        && keeps_digits(text, whole, fraction, exponent)
}

/// Whether a float holds all the digits: 15 always, more when they are what the float itself is written as.
fn keeps_digits(text: &str, whole: &str, fraction: Option<&str>, exponent: Option<&str>) -> bool {
    if fraction.is_none() && exponent.is_none() {
        return FieldType::Integer.parse(text).is_ok();
    }
    let digits = whole.len() + fraction.map_or(0, str::len);
    let leading = whole
        .chars()
        .chain(fraction.unwrap_or("").chars())
        .take_while(|digit| *digit == '0')
        .count();
    // Anything smaller is on its way to zero.
    let normal = |number: f64| number.is_normal() || leading == digits;
    text.parse::<f64>().is_ok_and(|number| {
        normal(number)
            && (digits - leading <= 15
                || number.to_string() == text
                || format!("{number:e}") == text.to_lowercase())
    })
}

/// RFC 3339 to the microsecond, which is what an instant holds.
fn is_plain_instant(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let leap_second = text.get(17..19) == Some("60");
    digits <= 6 && !leap_second
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[&str], expected: FieldType) {
        let mut evidence = Evidence::new();
        cells.iter().for_each(|cell| evidence.observe(cell));
        assert_eq!(evidence.conclude(), expected, "{cells:?}");
    }

    #[test]
    fn the_narrowest_type_of_all_cells_is_taken() {
        check(&["1", "", "-20", "0"], FieldType::Integer);
        check(&["1", "2.5", "-0.25", ".5", "1.5e3", "1e-7"], FieldType::Float);
        check(&["yes", "No", "TRUE", "false"], FieldType::Boolean);
        check(&["1995-09-20", "2026-02-28"], FieldType::Date);
        check(
            &["2026-11-21T20:00:00-05:00", "2026-11-21T20:00:00.25Z"],
            FieldType::DateTime,
        );
        check(&["PT1H30M", "PT45S"], FieldType::Duration);
        check(&["0.30000000000000004", "9007199254740991"], FieldType::Float);
    }

    #[test]
    fn one_cell_that_differs_makes_text() {
        check(&["1", "2", "three"], FieldType::Text);
        check(&["1995-09-20", "2026-11-21T20:00:00Z"], FieldType::Text);
        check(&["yes", "1"], FieldType::Text);
    }

    #[test]
    fn names_made_of_digits_stay_text() {
        for cell in [
            "007", "7800-1", "+441234", "12E4", "00", "-01", "1.", "01.5", "0x1F", "1,5", "8:00PM",
        ] {
            check(&[cell], FieldType::Text);
        }
    }

    #[test]
    fn numbers_that_would_lose_digits_stay_text() {
        for cell in [
            "9007199254740992",
            "12345678901234567890",
            "0.12345678901234567891",
            "1e999",
            "1.0e-400",
        ] {
            check(&[cell], FieldType::Text);
        }
        check(&["2026-11-21T20:00:00.123456789Z"], FieldType::Text);
    }

    #[test]
    fn words_for_infinity_stay_text() {
        check(&["NaN", "inf", "Infinity"], FieldType::Text);
    }

    #[test]
    fn a_column_without_values_is_text() {
        check(&["", "  "], FieldType::Text);
        check(&[], FieldType::Text);
    }
}
