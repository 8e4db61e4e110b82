//! Typed rows as a CSV file.
//!
//! UTF-8 without a mark, commas, line feeds. [`CsvSource`](crate::csv_source::CsvSource) reads the same values back
//! when it is given the columns' types: CSV itself does not tell `7` the text from `7` the number, and it has one
//! form for empty text and for no value. A blob is written as its hash.

use std::io::{self, Write};

use openprod_core::Value;
use thiserror::Error;

/// Why rows cannot be written as CSV. Rows are counted from 1, the header not among them.
#[derive(Debug, Error)]
pub enum CsvExportError {
    /// There is not one column.
    #[error("write CSV: a table without fields has nothing to export")]
    NoColumns,
    /// A row does not have a value for each column.
    #[error("write CSV: row {row} has {found} values for {expected} columns")]
    RowWidth {
        /// Which row.
        row: u64,
        /// How many columns there are.
        expected: usize,
        /// How many values it has.
        found: usize,
    },
    /// Text with a NUL character, which programs that read CSV take for damage or for an end.
    #[error("write CSV: row {row} has a NUL character in column {column:?}; take it out and export again")]
    Nul {
        /// Which row; 0 is the header.
        row: u64,
        /// Which column.
        column: String,
    },
    /// The file cannot be written.
    #[error("write CSV")]
    Write(#[from] io::Error),
}

/// A CSV file that is being written. It writes in small pieces: give it a buffered writer.
#[derive(Debug)]
pub struct CsvExport<W> {
    out: W,
    columns: Vec<String>,
    rows: u64,
    line: String,
}

impl<W: Write> CsvExport<W> {
    /// Begins a file with its header.
    ///
    /// # Errors
    /// [`CsvExportError::NoColumns`], [`CsvExportError::Nul`] and [`CsvExportError::Write`].
    pub fn begin(out: W, columns: Vec<String>) -> Result<Self, CsvExportError> {
        if columns.is_empty() {
            return Err(CsvExportError::NoColumns);
        }
        let mut export = Self {
            out,
            columns,
            rows: 0,
            line: String::new(),
        };
        for index in 0..export.columns.len() {
            let name = export.columns[index].clone();
            export.add_cell(index, &name)?;
        }
        export.end_line()?;
        Ok(export)
    }

    /// Writes a row: one value for each column.
    ///
    /// # Errors
    /// [`CsvExportError::RowWidth`], [`CsvExportError::Nul`] and [`CsvExportError::Write`]. Of a row that is refused
    /// nothing is written.
    pub fn write_row(&mut self, row: &[Value]) -> Result<(), CsvExportError> {
        let number = self.rows + 1;
        if row.len() != self.columns.len() {
            let (expected, found) = (self.columns.len(), row.len());
            return Err(CsvExportError::RowWidth {
                row: number,
                expected,
                found,
            });
        }
        self.rows = number;
        for (index, value) in row.iter().enumerate() {
            self.add_cell(index, &value.to_text())
                .inspect_err(|_| self.rows = number - 1)?;
        }
        self.end_line()
    }

    /// Flushes the file; returns how many rows it has.
    ///
    /// # Errors
    /// [`CsvExportError::Write`].
    pub fn finish(mut self) -> Result<u64, CsvExportError> {
        self.out.flush()?;
        Ok(self.rows)
    }

    fn add_cell(&mut self, index: usize, text: &str) -> Result<(), CsvExportError> {
        if text.contains('\0') {
            self.line.clear();
            return Err(CsvExportError::Nul {
                row: self.rows,
                column: self.columns[index].clone(),
            });
        }
        if index > 0 {
            self.line.push(',');
        }
        // A line with nothing on it would be no row at all.
        if needs_quotes(text) || text.is_empty() && self.columns.len() == 1 {
            self.line.push('"');
            self.line.push_str(&text.replace('"', "\"\""));
            self.line.push('"');
        } else {
            self.line.push_str(text);
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), CsvExportError> {
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

/// Writes a whole file; returns how many rows it has.
///
/// # Errors
/// Every [`CsvExportError`].
pub fn write_csv<W: Write>(
    out: W,
    columns: Vec<String>,
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Result<u64, CsvExportError> {
    let mut export = CsvExport::begin(out, columns)?;
    for row in rows {
        export.write_row(&row)?;
    }
    export.finish()
}

/// Beyond what CSV asks for, whatever could be taken for another delimiter, a byte order mark or another kind of
/// file is quoted, and white space that some programs would trim.
fn needs_quotes(text: &str) -> bool {
    let special = |c: char| matches!(c, ',' | ';' | '"' | '\u{FEFF}') || c.is_control();
    text.contains(special) || text.starts_with(['%', ' ']) || text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use openprod_core::field_type::INTEGER_MAX;
    use openprod_core::value::DateTime;
    use openprod_core::{EntityId, FieldType};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::csv_source::{CsvError, CsvSource, TypeOverrides};

    fn export(columns: &[&str], rows: Vec<Vec<Value>>) -> Result<String, CsvExportError> {
        let mut file = Vec::new();
        write_csv(
            &mut file,
            columns.iter().map(|name| (*name).to_owned()).collect(),
            rows,
        )?;
        Ok(String::from_utf8(file).unwrap())
    }

    #[test]
    fn what_needs_quotes_has_them() {
        let row = vec![Value::Text("a \"b\", c".into()), Value::Float(2.5), Value::Empty];
        assert_eq!(
            export(&["x", "y", "z"], vec![row]).unwrap(),
            "x,y,z\n\"a \"\"b\"\", c\",2.5,\n"
        );
        assert_eq!(export(&["x"], vec![vec![Value::Empty]]).unwrap(), "x\n\"\"\n");
    }

    #[test]
    fn what_csv_cannot_hold_is_refused() {
        let nul = export(&["x", "y"], vec![vec![Value::Empty, Value::Text("a\0b".into())]]);
        assert!(matches!(nul, Err(CsvExportError::Nul { row: 1, column }) if column == "y"));
        let narrow = export(&["x", "y"], vec![vec![Value::Empty]]);
        assert!(matches!(
            narrow,
            Err(CsvExportError::RowWidth {
                row: 1,
                expected: 2,
                found: 1
            })
        ));
        assert!(matches!(export(&[], vec![]), Err(CsvExportError::NoColumns)));
    }

    #[test]
    fn a_refused_row_leaves_no_trace() {
        let mut file = Vec::new();
        let mut export = CsvExport::begin(&mut file, vec!["x".into(), "y".into()]).unwrap();
        export
            .write_row(&[Value::Integer(1), Value::Text("\0".into())])
            .unwrap_err();
        export.write_row(&[Value::Integer(2), Value::Empty]).unwrap();
        assert_eq!(export.finish().unwrap(), 1);
        assert_eq!(file, b"x,y\n2,\n");
    }

    #[test]
    fn an_empty_table_is_a_header_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("empty.csv");
        std::fs::write(&path, export(&["x", "y"], vec![]).unwrap()).unwrap();
        let error = CsvSource::open(&path, &TypeOverrides::none()).unwrap_err();
        assert!(matches!(error, CsvError::HeaderOnly { columns: 2 }));
    }

    fn any_text() -> impl Strategy<Value = String> {
        let awkward = proptest::sample::select(vec![
            ",", ";", "\t", "\"", "\r", "\n", "\r\n", " ", "\u{FEFF}", "é", "日", "🎭", "7", "a", "\u{1}",
            "-", "PK",
        ]);
        prop_oneof![vec(awkward, 0..8).prop_map(|parts| parts.concat()), "[^\0]{0,12}"]
    }

    fn any_value(field_type: FieldType) -> BoxedStrategy<Value> {
        let value = match field_type {
            FieldType::Integer => (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::Integer).boxed(),
            FieldType::Float => any::<f64>().prop_filter_map("is finite", Value::float).boxed(),
            FieldType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
            FieldType::Date => (-700_000..2_900_000).prop_map(Value::Date).boxed(),
            FieldType::DateTime => (
                -60_000_000_000_000_000..250_000_000_000_000_000_i64,
                -840..=840_i16,
            )
                .prop_map(|(micros, offset_minutes)| {
                    Value::DateTime(DateTime {
                        micros,
                        offset_minutes,
                    })
                })
                .boxed(),
            FieldType::Duration => (-i64::MAX..i64::MAX).prop_map(Value::Duration).boxed(),
            FieldType::Enum => any_text()
                .prop_map(|text| Value::Enum(text.trim().to_owned()))
                .boxed(),
            FieldType::Entity => any::<[u8; 16]>()
                .prop_map(|bytes| Value::Entity(EntityId::from_bytes(bytes)))
                .boxed(),
            _ => any_text().prop_map(Value::Text).boxed(),
        };
        // Empty text and no value are one in CSV.
        let is_blank =
            |value: &Value| matches!(value, Value::Text(text) | Value::Enum(text) if text.is_empty());
        let value = value.prop_map(move |value| if is_blank(&value) { Value::Empty } else { value });
        prop_oneof![4 => value, 1 => Just(Value::Empty)].boxed()
    }

    /// Columns with names as tables have them, and at least one row.
    fn any_table() -> impl Strategy<Value = (TypeOverrides, Vec<Vec<Value>>)> {
        const TYPES: [FieldType; 9] = [
            FieldType::Text,
            FieldType::Integer,
            FieldType::Float,
            FieldType::Boolean,
            FieldType::Date,
            FieldType::DateTime,
            FieldType::Duration,
            FieldType::Enum,
            FieldType::Entity,
        ];
        vec((any_text(), proptest::sample::select(TYPES.to_vec())), 1..6).prop_flat_map(|columns| {
            let row: Vec<_> = columns
                .iter()
                .map(|(_, field_type)| any_value(*field_type))
                .collect();
            let named = columns.into_iter().enumerate();
            let types =
                TypeOverrides::new(named.map(|(index, (name, field_type))| {
                    (format!("{name}{index}").trim().to_owned(), field_type)
                }));
            (Just(types.unwrap_or_default()), vec(row, 1..12))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_exported_file_reads_back_to_the_same_values((types, rows) in any_table()) {
            let columns: Vec<String> = types.columns().map(str::to_owned).collect();
            prop_assume!(!columns.is_empty());
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("table.csv");
            write_csv(std::fs::File::create(&path).unwrap(), columns.clone(), rows.clone()).unwrap();
            let source = CsvSource::open(&path, &types).unwrap();
            let names: Vec<_> = source.columns().iter().map(|column| column.name.clone()).collect();
            prop_assert_eq!(names, columns);
            prop_assert_eq!(source.warnings(), []);
            let read: Result<Vec<_>, _> = source.rows().unwrap().collect();
            prop_assert_eq!(read.unwrap(), rows);
        }
    }
}
