//! A CSV file as typed columns and rows.
//!
//! A file is read three times, each time as a stream, so its size does not matter: once for its encoding, once for
//! its widest row and for the type that every cell of a column has, and once for its rows. What is wrong with a file
//! is therefore known before the first row is handed out, and nothing has to be imported to find out. What was
//! adapted (an encoding that was guessed, a header that was given a name, a row that was padded) is a [`CsvWarning`].

mod columns;
mod csv_error;
mod delimiter;
mod encoding;
mod evidence;
mod record_stream;
mod type_overrides;

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use openprod_core::Value;

use self::columns::Columns;
use self::encoding::TextEncoding;
use self::record_stream::RecordStream;

pub use self::columns::Column;
pub use self::csv_error::{CellError, CsvError, CsvWarning, Lines, TextFault};
pub use self::type_overrides::{TypeOverrideError, TypeOverrides};

/// The longest record that is read: as much as a bundle may hold.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// The most columns that a file may have; more are a sign of a wrong delimiter or a damaged line.
pub const COLUMNS_MAX: usize = 4_096;

/// How many places a warning or an error lists; all are counted.
pub const PLACES_LISTED_MAX: usize = 20;

/// A CSV file whose columns, types and faults are known.
#[derive(Debug)]
pub struct CsvSource {
    path: PathBuf,
    encoding: TextEncoding,
    delimiter: u8,
    columns: Vec<Column>,
    /// For each column, which cell of a record it is.
    cells: Vec<usize>,
    /// How many cells the widest record has.
    width: usize,
    row_count: u64,
    warnings: Vec<CsvWarning>,
}

impl CsvSource {
    /// Opens a file and reads it to its end twice, to learn its columns and to find everything wrong with it.
    ///
    /// A column's type is the one that `overrides` gives it, or else the narrowest that all of its cells have.
    ///
    /// # Errors
    /// Every [`CsvError`] but [`CsvError::Changed`]. Cells that are not of a type that `overrides` gives them are
    /// gathered in one [`CsvError::Cells`].
    pub fn open(path: &Path, overrides: &TypeOverrides) -> Result<Self, CsvError> {
        Self::open_with_progress(path, overrides, |_, _| ())
    }

    /// [`CsvSource::open`], calling `progress` now and then with the bytes that were examined and those there are.
    ///
    /// # Errors
    /// Those of [`CsvSource::open`].
    pub fn open_with_progress(
        path: &Path,
        overrides: &TypeOverrides,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Self, CsvError> {
        let mut warnings = Vec::new();
        let encoding = encoding::detect(path, &mut warnings)?;
        let delimiter = delimiter::detect(path, encoding)?;
        let size = open_file(path)?
            .metadata()
            .map_err(|source| CsvError::read(path, source))?
            .len();
        let mut records = Records::open(path, encoding, delimiter)?;
        let mut record = StringRecord::new();
        let Some(header_line) = records.next_into(&mut record)? else {
            return Err(CsvError::Empty);
        };
        let mut columns = Columns::from_header(&record, header_line, overrides, &mut warnings)?;
        while let Some(line) = records.next_into(&mut record)? {
            columns.observe(&record, line, overrides)?;
            if columns.row_count().is_multiple_of(ROWS_BETWEEN_PROGRESS) {
                progress(records.bytes_read(), size);
            }
        }
        progress(size, size);
        let row_count = columns.row_count();
        let width = columns.width();
        let (columns, cells) = columns.finish(overrides, &mut warnings)?;
        Ok(Self {
            path: path.to_owned(),
            encoding,
            delimiter,
            columns,
            cells,
            width,
            row_count,
            warnings,
        })
    }

    /// The columns, in the order of the file; their names are unique and not empty.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are, the header not counted; at least one.
    #[must_use]
    pub const fn row_count(&self) -> u64 {
        self.row_count
    }

    /// What a person should know about how the file was read; at most a few for each column.
    #[must_use]
    pub fn warnings(&self) -> &[CsvWarning] {
        &self.warnings
    }

    /// The name of the encoding that the file is read in.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        self.encoding.name()
    }

    /// What stands between two cells: `,`, `;` or a tab.
    #[must_use]
    pub fn delimiter(&self) -> char {
        char::from(self.delimiter)
    }

    /// Reads the rows, in the order of the file. It can be called again.
    ///
    /// # Errors
    /// [`CsvError::Open`], and [`CsvError::Changed`] when the file is not the one that was opened.
    pub fn rows(&self) -> Result<CsvRows<'_>, CsvError> {
        let mut records = Records::open(&self.path, self.encoding, self.delimiter)?;
        let mut record = StringRecord::new();
        let line = records
            .next_into(&mut record)?
            .ok_or(CsvError::Changed { line: 1 })?;
        Ok(CsvRows {
            source: self,
            records,
            record,
            line,
            rows_read: 0,
            ended: false,
        })
    }
}

/// The rows of a [`CsvSource`]: one value for each column, [`Value::Empty`] for an empty cell.
///
/// After an error it yields nothing more. A file that was changed since it was opened ends in [`CsvError::Changed`].
#[derive(Debug)]
pub struct CsvRows<'source> {
    source: &'source CsvSource,
    records: Records,
    record: StringRecord,
    line: u64,
    rows_read: u64,
    ended: bool,
}

impl CsvRows<'_> {
    /// The line on which the last row begins, counted from 1 at the header.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    fn read_row(&mut self) -> Result<Option<Vec<Value>>, CsvError> {
        let Some(line) = self.records.next_into(&mut self.record)? else {
            let complete = self.rows_read == self.source.row_count;
            return if complete {
                Ok(None)
            } else {
                Err(CsvError::Changed { line: self.line })
            };
        };
        self.line = line;
        self.rows_read += 1;
        if self.rows_read > self.source.row_count || self.width_used() > self.source.width {
            return Err(CsvError::Changed { line });
        }
        let columns = self.source.columns.iter().zip(&self.source.cells);
        columns
            .map(|(column, cell)| {
                let text = self.record.get(*cell).unwrap_or("");
                column.read(text).map_err(|_| CsvError::Changed { line })
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// How many cells the record has up to its last one that is not empty.
    fn width_used(&self) -> usize {
        columns::width_used(&self.record)
    }
}

impl Iterator for CsvRows<'_> {
    type Item = Result<Vec<Value>, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.read_row().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}

/// The records of a file, each with the line on which it begins.
struct Records {
    path: PathBuf,
    reader: csv::Reader<RecordStream<File>>,
}

impl Records {
    fn open(path: &Path, encoding: TextEncoding, delimiter: u8) -> Result<Self, CsvError> {
        let stream = RecordStream::new(open_file(path)?, encoding, delimiter);
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(stream);
        Ok(Self {
            path: path.to_owned(),
            reader,
        })
    }

    fn next_into(&mut self, record: &mut StringRecord) -> Result<Option<u64>, CsvError> {
        let found = self
            .reader
            .read_record(record)
            .map_err(|error| CsvError::from_reader(&self.path, error))?;
        Ok(found.then(|| self.reader.get_mut().next_record_line()))
    }

    fn bytes_read(&self) -> u64 {
        self.reader.get_ref().bytes_read()
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Records")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// How many rows are examined between two calls of the progress function.
const ROWS_BETWEEN_PROGRESS: u64 = 4_096;

fn open_file(path: &Path) -> Result<File, CsvError> {
    File::open(path).map_err(|source| CsvError::Open {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
