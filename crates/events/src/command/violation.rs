//! What is wrong with a request, field by field.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// Where a field is: its name, or names and indexes joined by dots, such as `lines.2.quantity`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FieldPath(Cow<'static, str>);

impl FieldPath {
    /// The path as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for FieldPath {
    fn from(path: &'static str) -> Self {
        Self(Cow::Borrowed(path))
    }
}

impl From<String> for FieldPath {
    fn from(path: String) -> Self {
        Self(Cow::Owned(path))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The field.
    pub field: FieldPath,
    /// What is wrong with it, for whoever filled it in. It must not quote a secret.
    pub message: String,
}

/// All that is wrong with a request, in the order in which it was found. As an error it is never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Nothing wrong so far.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// One thing that is wrong.
    #[must_use]
    pub fn of(field: impl Into<FieldPath>, message: impl Into<String>) -> Self {
        let mut violations = Self::none();
        violations.add(field, message);
        violations
    }

    /// Notes something that is wrong.
    pub fn add(&mut self, field: impl Into<FieldPath>, message: impl Into<String>) {
        self.0.push(Violation {
            field: field.into(),
            message: message.into(),
        });
    }

    /// Notes that a field is wrong unless `holds`.
    pub fn require(&mut self, holds: bool, field: impl Into<FieldPath>, message: &str) {
        if !holds {
            self.add(field, message);
        }
    }

    /// The value that a smart constructor made of a field; notes why if it made none.
    pub fn take<T, E: fmt::Display>(&mut self, field: impl Into<FieldPath>, made: Result<T, E>) -> Option<T> {
        match made {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error.to_string());
                None
            }
        }
    }

    /// All of it, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }

    /// Whether anything is wrong with that field.
    #[must_use]
    pub fn concern(&self, field: &str) -> bool {
        self.0.iter().any(|violation| violation.field.as_str() == field)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Success when nothing is wrong.
    ///
    /// # Errors
    /// Itself, when something is.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            write!(out, "{gap}{}: {}", violation.field, violation.message)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_keep_each_field_with_its_message() {
        let mut violations = Violations::none();
        assert_eq!(violations.take("age", "7".parse::<u8>()), Some(7));
        assert_eq!(violations.take("age", "x".parse::<u8>()), None);
        violations.require(false, format!("lines.{}", 2), "is empty");
        assert!(violations.concern("age") && violations.concern("lines.2") && !violations.concern("lines"));
        assert_eq!(
            violations.into_result().unwrap_err().to_string(),
            "age: invalid digit found in string; lines.2: is empty"
        );
        assert_eq!(Violations::none().into_result(), Ok(()));
    }
}
