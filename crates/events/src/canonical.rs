//! Canonical JSON, as RFC 8785 has it: one text for each value.
//!
//! Members are sorted by the UTF-16 units of their names; a number is written as ECMAScript writes the double that
//! it is, so that `1`, `1.0` and `1e0` are one text.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// Writes the canonical text of `value` behind `out`.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_string(text, out),
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(element, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            if members.keys().is_sorted() && members.keys().all(|name| sorts_as_utf16(name)) {
                write_members(members.iter(), out);
            } else {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
                write_members(members.into_iter(), out);
            }
        }
    }
}

fn write_members<'v>(members: impl Iterator<Item = (&'v String, &'v Value)>, out: &mut String) {
    out.push('{');
    for (index, (name, member)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        write(member, out);
    }
    out.push('}');
}

/// Whether texts that are like this one sort by their bytes as they do by UTF-16 units: below U+E000 both follow the
/// characters. The first byte of what is beyond is 0xee or more.
fn sorts_as_utf16(text: &str) -> bool {
    text.bytes().all(|byte| byte < 0xee)
}

/// Writes a text in quotes, with the escapes that RFC 8785 asks for.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    // What needs no escape is copied in whole pieces; escapes are of single bytes, which are no part of other characters.
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x8 => "\\b",
            b'\t' => "\\t",
            b'\n' => "\\n",
            0xc => "\\f",
            b'\r' => "\\r",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        copied = at + 1;
        if escape.is_empty() {
            write!(out, "\\u{byte:04x}").expect("writing to a string does not fail");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

fn write_number(number: &Number, out: &mut String) {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => write!(out, "{whole}").expect("writing to a string does not fail"),
        (None, Some(double)) => write_double(double, out),
        // Numbers are doubles or 64-bit integers as long as nobody asks for arbitrary precision.
        (None, None) => write!(out, "{number}").expect("writing to a string does not fail"),
    }
}

/// Writes a finite double as ECMAScript's `Number::toString` does.
fn write_double(double: f64, out: &mut String) {
    if double == 0.0 {
        out.push('0');
        return;
    }
    if double < 0.0 {
        out.push('-');
    }
    // The fewest digits that read back as the same double: "d.ddde-7".
    let shortest = format!("{:e}", double.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if count <= point && point <= 21 {
        out.push_str(&digits);
        out.push_str(&zeros(point - count));
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else if -6 < point && point <= 0 {
        out.push_str("0.");
        out.push_str(&zeros(-point));
        out.push_str(&digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push('e');
        out.push(if point > 0 { '+' } else { '-' });
        write!(out, "{}", (point - 1).abs()).expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn double(value: f64) -> String {
        let mut out = String::new();
        write_double(value, &mut out);
        out
    }

    /// From appendix B of RFC 8785.
    #[test]
    fn doubles_are_written_as_the_rfc_lists_them() {
        for (bits, text) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            assert_eq!(double(f64::from_bits(bits)), text, "{bits:016x}");
        }
    }

    /// The example of section 3.2.3 of RFC 8785, which sorts by UTF-16 units.
    #[test]
    fn members_are_sorted_by_utf16() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji", "\u{80}": "Control", "\u{f6}": "Latin"
        });
        let mut out = String::new();
        write(&value, &mut out);
        let order = [
            "\\r",
            "1",
            "\u{80}",
            "\u{f6}",
            "\u{20ac}",
            "\u{1f600}",
            "\u{fb33}",
        ];
        let places: Vec<_> = order
            .iter()
            .map(|name| out.find(&format!("\"{name}\":")).unwrap())
            .collect();
        assert!(places.is_sorted(), "{out}");
    }

    proptest! {
        #[test]
        fn doubles_read_back_as_they_were(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(double(value).parse::<f64>().unwrap(), value);
        }

        #[test]
        fn strings_read_back_as_they_were(text in any::<String>()) {
            let mut out = String::new();
            write_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
