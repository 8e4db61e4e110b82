//! The columns of a file, as its records tell of them.

use std::collections::BTreeSet;

use csv::StringRecord;
use openprod_core::field_type::ValueError;
use openprod_core::{FieldType, Value};

use super::csv_error::{CellError, CsvError, CsvWarning, Lines};
use super::evidence::Evidence;
use super::type_overrides::TypeOverrides;
use super::{COLUMNS_MAX, PLACES_LISTED_MAX};

/// A column of a CSV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name: unique in the file and not empty.
    pub name: String,
    /// The type of its values.
    pub field_type: FieldType,
    /// For an enum, its different values in the order of their first appearance; otherwise empty.
    pub options: Vec<String>,
}

impl Column {
    /// Reads a cell of this column.
    pub(super) fn read(&self, cell: &str) -> Result<Value, ValueError> {
        if cell.is_empty() {
            Ok(Value::Empty)
        } else {
            self.field_type.parse(cell)
        }
    }
}

/// How many options an enum may have before it is no longer a choice.
const OPTIONS_MAX: usize = 1_000;

/// The columns of a file that is being read.
pub(super) struct Columns {
    observed: Vec<Observed>,
    names: BTreeSet<String>,
    header_width: usize,
    row_count: u64,
    short_rows: Lines,
    long_rows: Lines,
    cell_errors: Vec<CellError>,
    cell_errors_total: u64,
}

/// What is known of one column.
struct Observed {
    name: String,
    has_header: bool,
    has_value: bool,
    given: Option<FieldType>,
    evidence: Evidence,
    options: Vec<String>,
    options_seen: BTreeSet<String>,
}

impl Columns {
    /// Names the columns of a header.
    pub(super) fn from_header(
        header: &StringRecord,
        line: u64,
        overrides: &TypeOverrides,
        warnings: &mut Vec<CsvWarning>,
    ) -> Result<Self, CsvError> {
        if header.len() > COLUMNS_MAX {
            return Err(CsvError::TooManyColumns {
                line,
                cells: header.len(),
            });
        }
        let mut columns = Self {
            observed: Vec::new(),
            // Whatever the file itself calls a column is not given to another.
            names: header.iter().map(|name| name.trim().to_owned()).collect(),
            header_width: header.len(),
            row_count: 0,
            short_rows: Lines::default(),
            long_rows: Lines::default(),
            cell_errors: Vec::new(),
            cell_errors_total: 0,
        };
        let mut seen = BTreeSet::new();
        for (index, header) in header.iter().map(str::trim).enumerate() {
            let column = index + 1;
            let name = if header.is_empty() {
                columns.name_for_position(column)
            } else if seen.insert(header) {
                header.to_owned()
            } else {
                let name = columns.unused_name(header);
                let header = header.to_owned();
                warnings.push(CsvWarning::DuplicateHeader {
                    column,
                    header,
                    name: name.clone(),
                });
                name
            };
            columns
                .observed
                .push(Observed::new(name, !header.is_empty(), overrides));
        }
        columns.refuse_unknown(overrides, |name| !name.starts_with("Column "))?;
        Ok(columns)
    }

    /// Takes a record into account, adding columns for cells beyond the header that are not empty.
    pub(super) fn observe(
        &mut self,
        record: &StringRecord,
        line: u64,
        overrides: &TypeOverrides,
    ) -> Result<(), CsvError> {
        self.row_count += 1;
        let width = width_used(record);
        if width > COLUMNS_MAX {
            return Err(CsvError::TooManyColumns { line, cells: width });
        }
        if record.len() < self.header_width {
            self.short_rows.add(line);
        } else if width > self.header_width {
            self.long_rows.add(line);
        }
        while self.observed.len() < width {
            let name = self.name_for_position(self.observed.len() + 1);
            self.observed.push(Observed::new(name, false, overrides));
        }
        for (column, cell) in self.observed.iter_mut().zip(record) {
            if let Err(error) = column.observe(cell)? {
                self.cell_errors_total += 1;
                if self.cell_errors.len() < PLACES_LISTED_MAX {
                    let (column, expected, found) = (column.name.clone(), error.expected, error.found);
                    self.cell_errors.push(CellError {
                        line,
                        column,
                        expected,
                        found,
                    });
                }
            }
        }
        Ok(())
    }

    pub(super) const fn row_count(&self) -> u64 {
        self.row_count
    }

    /// How many cells the widest record has, trailing empty ones not counted.
    pub(super) fn width(&self) -> usize {
        self.observed.len()
    }

    /// The columns that hold something or have a header, and for each, which cell of a record it is.
    pub(super) fn finish(
        self,
        overrides: &TypeOverrides,
        warnings: &mut Vec<CsvWarning>,
    ) -> Result<(Vec<Column>, Vec<usize>), CsvError> {
        self.refuse_unknown(overrides, |_| true)?;
        if self.row_count == 0 {
            return Err(CsvError::HeaderOnly {
                columns: self.header_width,
            });
        }
        if self.cell_errors_total > 0 {
            return Err(CsvError::Cells {
                errors: self.cell_errors,
                total: self.cell_errors_total,
            });
        }
        let (mut columns, mut cells, mut blank, mut added) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (cell, observed) in self.observed.into_iter().enumerate() {
            let in_header = cell < self.header_width;
            if !observed.has_header && !observed.has_value && observed.given.is_none() {
                if in_header {
                    blank.push(cell + 1);
                }
                continue;
            }
            if !in_header {
                added.push(observed.name.clone());
            } else if !observed.has_header {
                warnings.push(CsvWarning::EmptyHeader {
                    column: cell + 1,
                    name: observed.name.clone(),
                });
            }
            cells.push(cell);
            columns.push(observed.into_column());
        }
        if columns.is_empty() {
            return Err(CsvError::Empty);
        }
        if !blank.is_empty() {
            warnings.push(CsvWarning::BlankColumns { columns: blank });
        }
        if self.short_rows.total > 0 {
            warnings.push(CsvWarning::ShortRows(self.short_rows));
        }
        if self.long_rows.total > 0 {
            warnings.push(CsvWarning::LongRows {
                rows: self.long_rows,
                columns: added,
            });
        }
        Ok((columns, cells))
    }

    fn refuse_unknown(
        &self,
        overrides: &TypeOverrides,
        judged: impl Fn(&str) -> bool,
    ) -> Result<(), CsvError> {
        let is_known = |name: &str| self.observed.iter().any(|column| column.name == name);
        let unknown: Vec<_> = overrides
            .columns()
            .filter(|name| judged(name) && !is_known(name))
            .map(str::to_owned)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let known = self.observed.iter().map(|column| column.name.clone()).collect();
        Err(CsvError::UnknownColumns { unknown, known })
    }

    fn name_for_position(&mut self, position: usize) -> String {
        let name = format!("Column {position}");
        if self.names.insert(name.clone()) {
            name
        } else {
            self.unused_name(&name)
        }
    }

    fn unused_name(&mut self, name: &str) -> String {
        let name = (2_u64..)
            .map(|number| format!("{name} ({number})"))
            .find(|name| !self.names.contains(name))
            .expect("a file has fewer columns than there are numbers");
        self.names.insert(name.clone());
        name
    }
}

impl Observed {
    fn new(name: String, has_header: bool, overrides: &TypeOverrides) -> Self {
        Self {
            given: overrides.get(&name),
            name,
            has_header,
            has_value: false,
            evidence: Evidence::new(),
            options: Vec::new(),
            options_seen: BTreeSet::new(),
        }
    }

    /// The outer error ends the reading; the inner one is a cell that is not of the given type.
    fn observe(&mut self, cell: &str) -> Result<Result<(), ValueError>, CsvError> {
        if cell.is_empty() {
            return Ok(Ok(()));
        }
        self.has_value = true;
        let Some(given) = self.given else {
            self.evidence.observe(cell);
            return Ok(Ok(()));
        };
        match given.parse(cell) {
            Ok(Value::Enum(option)) => self.add_option(option).map(Ok),
            Ok(_) => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }
    }

    fn add_option(&mut self, option: String) -> Result<(), CsvError> {
        if self.options_seen.contains(&option) {
            return Ok(());
        }
        if self.options.len() == OPTIONS_MAX {
            return Err(CsvError::TooManyOptions {
                column: self.name.clone(),
                limit: OPTIONS_MAX,
            });
        }
        self.options_seen.insert(option.clone());
        self.options.push(option);
        Ok(())
    }

    fn into_column(self) -> Column {
        let field_type = self.given.unwrap_or_else(|| self.evidence.conclude());
        Column {
            name: self.name,
            field_type,
            options: self.options,
        }
    }
}

/// How many cells a record has up to its last one that is not empty.
pub(super) fn width_used(record: &StringRecord) -> usize {
    (0..record.len())
        .rev()
        .find(|index| record.get(*index).is_some_and(|cell| !cell.is_empty()))
        .map_or(0, |last| last + 1)
}
