//! The column types that a person gives: `name:type,…`.

use std::fmt;
use std::str::FromStr;

use openprod_core::FieldType;
use thiserror::Error;

/// Types given for columns by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeOverrides(Vec<(String, FieldType)>);

/// A list of column types that cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TypeOverrideError {
    /// An entry is not `name:type`.
    #[error(
        "read column types: {entry:?} is not name:type (a name with commas or quotes goes in double quotes)"
    )]
    Malformed {
        /// The entry.
        entry: String,
    },
    /// A type that does not exist, or of which CSV cells cannot be.
    #[error(
        "read column types: column {column:?} cannot be of type {type_name:?}; the types are {IMPORTABLE_NAMES}"
    )]
    UnknownType {
        /// The column.
        column: String,
        /// The word that was given.
        type_name: String,
    },
    /// A column that is named twice.
    #[error("read column types: column {column:?} is given two types")]
    Twice {
        /// The column.
        column: String,
    },
}

const IMPORTABLE_NAMES: &str = "text, integer, float, boolean, date, datetime, duration, enum, entity";

impl TypeOverrides {
    /// No overrides: every type is inferred.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Types for columns.
    ///
    /// # Errors
    /// [`TypeOverrideError::Twice`], and [`TypeOverrideError::UnknownType`] for types that CSV cells cannot be of:
    /// blobs and collaborative text and lists.
    pub fn new(types: impl IntoIterator<Item = (String, FieldType)>) -> Result<Self, TypeOverrideError> {
        let mut overrides = Self::none();
        for (column, field_type) in types {
            overrides.add(column, field_type)?;
        }
        Ok(overrides)
    }

    /// The type given for a column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<FieldType> {
        self.0
            .iter()
            .find(|(name, _)| name == column)
            .map(|(_, field_type)| *field_type)
    }

    /// The columns that types are given for, in the order they were given in.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn add(&mut self, column: String, field_type: FieldType) -> Result<(), TypeOverrideError> {
        if matches!(
            field_type,
            FieldType::Blob | FieldType::CrdtText | FieldType::CrdtList
        ) {
            return Err(TypeOverrideError::UnknownType {
                column,
                type_name: field_type.name().to_owned(),
            });
        }
        if self.get(&column).is_some() {
            return Err(TypeOverrideError::Twice { column });
        }
        self.0.push((column, field_type));
        Ok(())
    }
}

impl FromStr for TypeOverrides {
    type Err = TypeOverrideError;

    /// Reads `name:type,name:type`. A name may be in double quotes, where a quote is written twice.
    fn from_str(text: &str) -> Result<Self, TypeOverrideError> {
        let mut overrides = Self::none();
        let mut rest = text;
        while !rest.trim().is_empty() {
            let malformed = || TypeOverrideError::Malformed {
                entry: rest.chars().take(80).collect(),
            };
            let (column, type_name, after) = match rest.trim_start().strip_prefix('"') {
                Some(quoted) => {
                    let (column, after) = read_quoted(quoted).ok_or_else(malformed)?;
                    let (entry, after) = after.split_once(',').unwrap_or((after, ""));
                    (
                        column,
                        entry.trim_start().strip_prefix(':').ok_or_else(malformed)?,
                        after,
                    )
                }
                None => {
                    let (entry, after) = rest.split_once(',').unwrap_or((rest, ""));
                    let (column, type_name) = entry.rsplit_once(':').ok_or_else(malformed)?;
                    (column.trim().to_owned(), type_name, after)
                }
            };
            if column.is_empty() {
                return Err(malformed());
            }
            let field_type = type_name
                .trim()
                .parse()
                .map_err(|_| TypeOverrideError::UnknownType {
                    column: column.clone(),
                    type_name: type_name.trim().chars().take(40).collect(),
                })?;
            overrides.add(column, field_type)?;
            rest = after;
        }
        Ok(overrides)
    }
}

impl fmt::Display for TypeOverrides {
    /// Writes the form that [`TypeOverrides::from_str`] reads, every name in quotes.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (column, field_type)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}\"{}\":{field_type}", column.replace('"', "\"\""))?;
        }
        Ok(())
    }
}

/// Reads to the closing quote; returns what stands before it, and what after.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_by_column() {
        let overrides: TypeOverrides = r#"a:integer, b:c : text,"last, ""first""":enum"#.parse().unwrap();
        assert_eq!(overrides.get("a"), Some(FieldType::Integer));
        assert_eq!(overrides.get("b:c"), Some(FieldType::Text));
        assert_eq!(overrides.get("last, \"first\""), Some(FieldType::Enum));
        assert_eq!("".parse(), Ok(TypeOverrides::none()));
        assert_eq!(overrides.to_string().parse(), Ok(overrides));
    }

    #[test]
    fn what_is_no_list_of_types_is_named() {
        let error = |text: &str| text.parse::<TypeOverrides>().unwrap_err().to_string();
        assert!(error("a").contains("\"a\" is not name:type"));
        assert!(error(":text").contains("is not name:type"));
        assert!(error("\"a:text").contains("is not name:type"));
        assert!(error("a:number").contains("cannot be of type \"number\""));
        assert!(error("a:crdt_text").contains("cannot be of type \"crdt_text\""));
        assert!(error("a:text,a:date").contains("two types"));
    }
}
