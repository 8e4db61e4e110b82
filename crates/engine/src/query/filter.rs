//! Filters: as they are asked for, and as they are tested.

use std::cmp::Ordering;

use openprod_core::{FieldId, Value};

use super::value_ref::ValueRef;
use super::{QueryError, find_field};
use crate::row::Row;
use crate::schema::{Field, Table};

/// How deep filters nest.
pub const FILTER_DEPTH_MAX: usize = 16;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal; an empty field is not equal to anything.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
    /// Its text contains this text, whatever the case.
    Contains,
    /// Its text starts with this text, whatever the case.
    StartsWith,
    /// It is empty; takes no value.
    IsEmpty,
    /// Equal to one of several.
    In,
}

/// Which records to list.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Those that pass all; everything when there are none.
    And(Vec<Self>),
    /// Those that pass any; nothing when there are none.
    Or(Vec<Self>),
    /// Those whose field compares so.
    Test {
        /// The field's name.
        field: String,
        /// How it is compared.
        comparison: Comparison,
        /// With what: one value, several for [`Comparison::In`], none for [`Comparison::IsEmpty`].
        values: Vec<Value>,
    },
}

/// A filter whose fields are found and whose values are of their types.
#[derive(Debug)]
pub(crate) enum Compiled {
    And(Vec<Self>),
    Or(Vec<Self>),
    Test(Test),
}

/// One comparison of a filter.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) field: FieldId,
    pub(crate) comparison: Comparison,
    /// Values of the field's type; none for comparisons of text.
    values: Vec<Value>,
    /// What a comparison of text looks for, in lower case.
    pub(crate) text: String,
}

impl Compiled {
    /// Finds the fields of a filter and reads its values.
    pub(crate) fn new(table: &Table, filter: &Filter) -> Result<Self, QueryError> {
        Self::at_depth(table, filter, 0)
    }

    fn at_depth(table: &Table, filter: &Filter, depth: usize) -> Result<Self, QueryError> {
        if depth > FILTER_DEPTH_MAX {
            return Err(QueryError::BadFilter("the filter nests deeper than 16 levels"));
        }
        let all = |filters: &[Filter]| {
            filters
                .iter()
                .map(|filter| Self::at_depth(table, filter, depth + 1))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match filter {
            Filter::And(filters) => Self::And(all(filters)?),
            Filter::Or(filters) => Self::Or(all(filters)?),
            Filter::Test {
                field,
                comparison,
                values,
            } => Self::Test(Test::new(find_field(table, field)?, *comparison, values)?),
        })
    }

    /// Whether a row passes.
    pub(crate) fn passes(&self, row: &Row) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.passes(row)),
            Self::Or(filters) => filters.iter().any(|filter| filter.passes(row)),
            Self::Test(test) => test.passes(row.field(test.field).into()),
        }
    }

    /// Shows every comparison in it, once each.
    pub(crate) fn for_each_test(&self, act: &mut impl FnMut(&Test)) {
        match self {
            Self::And(filters) | Self::Or(filters) => {
                filters.iter().for_each(|filter| filter.for_each_test(act));
            }
            Self::Test(test) => act(test),
        }
    }
}

impl Test {
    fn new(field: &Field, comparison: Comparison, values: &[Value]) -> Result<Self, QueryError> {
        let fits = match comparison {
            Comparison::IsEmpty => true,
            Comparison::In => !values.is_empty(),
            _ => values.len() == 1,
        };
        if !fits {
            return Err(QueryError::BadFilter(
                "a comparison has the wrong number of values",
            ));
        }
        let mut test = Self {
            field: field.id,
            comparison,
            values: Vec::new(),
            text: String::new(),
        };
        if test.is_textual() {
            test.text = values[0].to_text().to_lowercase();
        } else if comparison != Comparison::IsEmpty {
            test.values = values
                .iter()
                .map(|value| read(field, value))
                .collect::<Result<_, _>>()?;
        }
        Ok(test)
    }

    /// What it compares with, if that is one value.
    pub(crate) fn single(&self) -> Option<ValueRef<'_>> {
        match self.values.as_slice() {
            [value] => Some(value.into()),
            _ => None,
        }
    }

    /// Whether it looks into text, whatever the case.
    pub(crate) const fn is_textual(&self) -> bool {
        matches!(self.comparison, Comparison::Contains | Comparison::StartsWith)
    }

    /// Whether a value of the field passes.
    pub(crate) fn passes(&self, value: ValueRef<'_>) -> bool {
        if self.comparison == Comparison::IsEmpty {
            return matches!(value, ValueRef::Empty | ValueRef::Text(""));
        }
        let mut others = self.values.iter().map(ValueRef::from);
        if value == ValueRef::Empty {
            let with_empty = others.next() == Some(ValueRef::Empty);
            return self.comparison == Comparison::NotEqual && !with_empty
                || self.comparison == Comparison::Equal && with_empty;
        }
        let mut order = || others.next().and_then(|other| value.compare_within_type(other));
        match self.comparison {
            Comparison::Equal | Comparison::In => others.any(|other| value.equals(other)),
            Comparison::NotEqual => others.all(|other| !value.equals(other)),
            Comparison::Less => order() == Some(Ordering::Less),
            Comparison::AtMost => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
            Comparison::Greater => order() == Some(Ordering::Greater),
            Comparison::AtLeast => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
            Comparison::Contains => value.to_lower_text().contains(&self.text),
            Comparison::StartsWith => value.to_lower_text().starts_with(&self.text),
            Comparison::IsEmpty => false,
        }
    }
}

fn read(field: &Field, value: &Value) -> Result<Value, QueryError> {
    field.read(value).ok_or_else(|| QueryError::WrongType {
        field: field.name.clone(),
        expected: field.field_type,
        found: value.to_text().chars().take(80).collect(),
    })
}
