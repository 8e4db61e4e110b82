//! What can be wrong with a CSV file, and what was adapted to read it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use openprod_core::FieldType;
use thiserror::Error;

use super::{COLUMNS_MAX, PLACES_LISTED_MAX, RECORD_BYTES_MAX};

/// Why a CSV file cannot be read. Lines are counted from 1, columns too.
#[derive(Debug, Error)]
pub enum CsvError {
    /// The file cannot be opened.
    #[error("open {}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read to its end.
    #[error("read {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no text in it, or no cell with a value.
    #[error("read CSV: the file is empty")]
    Empty,
    /// There is a header and nothing else.
    #[error("read CSV: the file has a header of {columns} columns and no rows")]
    HeaderOnly {
        /// How many columns the header names.
        columns: usize,
    },
    /// It is not text.
    #[error("read CSV: the file looks like {looks_like}; export it as CSV first")]
    Binary {
        /// What it seems to be.
        looks_like: &'static str,
    },
    /// Most of it is UTF-8 and some is not, so neither reading would be right.
    #[error(
        "read CSV: line {line} is not UTF-8 while the rest of the file is; repair that line or save the file anew"
    )]
    MixedEncoding {
        /// The first line that is not UTF-8.
        line: u64,
    },
    /// The text is not CSV.
    #[error(transparent)]
    Text(#[from] TextFault),
    /// A line has more cells than a table has columns.
    #[error("read CSV: line {line} has {cells} cells; a file may have {COLUMNS_MAX} columns")]
    TooManyColumns {
        /// Which line.
        line: u64,
        /// How many cells it has.
        cells: usize,
    },
    /// Types were given for columns that the file does not have.
    #[error(
        "set column types: the file has no column {}; its columns are {}",
        quoted(unknown),
        quoted(known)
    )]
    UnknownColumns {
        /// The names that were given.
        unknown: Vec<String>,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Cells are not of the type that was given for their column.
    #[error("read CSV: {total} cells are not of the type given for their column{}", listed(errors, *total))]
    Cells {
        /// The first of them, in the order of the file.
        errors: Vec<CellError>,
        /// How many there are.
        total: u64,
    },
    /// A column of type enum has more different values than a person chooses from.
    #[error(
        "read CSV: column {column:?} has more than {limit} different values; an enum cannot offer so many, text can"
    )]
    TooManyOptions {
        /// Which column.
        column: String,
        /// How many an enum may have.
        limit: usize,
    },
    /// The file is not what it was when its columns were examined.
    #[error("read CSV: the file was changed while it was read, at line {line} or before")]
    Changed {
        /// Where that was noticed.
        line: u64,
    },
}

/// Text that cannot be taken apart into cells.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TextFault {
    /// A quote opens a cell and nothing closes it.
    #[error("read CSV: the quote that opens a cell on line {line} is never closed")]
    UnclosedQuote {
        /// Where it opens.
        line: u64,
    },
    /// A quoted cell goes on after its closing quote.
    #[error(
        "read CSV: on line {line} text follows the closing quote of a cell; write a quote inside a quoted cell twice"
    )]
    TextAfterQuote {
        /// Where the text is.
        line: u64,
    },
    /// Text has no NUL characters.
    #[error("read CSV: line {line} holds a NUL character; the file is damaged or not text")]
    Nul {
        /// Where it is.
        line: u64,
    },
    /// A record that is larger than a bundle.
    #[error("read CSV: the row that begins on line {line} is longer than {} MiB", RECORD_BYTES_MAX >> 20)]
    RecordTooLong {
        /// Where it begins.
        line: u64,
    },
    /// Bytes that the file's own encoding does not know.
    #[error("read CSV: the file is marked as {encoding}, but line {line} is not")]
    Malformed {
        /// The encoding that the file's first bytes announce.
        encoding: &'static str,
        /// Where the first such bytes are.
        line: u64,
    },
}

/// A cell that is not of the type that was given for its column.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}, column {column:?}: expected {expected}, found {found:?}")]
pub struct CellError {
    /// The line on which its row begins.
    pub line: u64,
    /// Its column.
    pub column: String,
    /// The type that was given.
    pub expected: FieldType,
    /// The beginning of the cell.
    pub found: String,
}

/// Something that was adapted to read a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvWarning {
    /// The file is not UTF-8 and says nothing about its encoding, so one was assumed.
    AssumedEncoding {
        /// The name of the encoding.
        encoding: &'static str,
        /// The first line that shows it not to be UTF-8.
        line: u64,
    },
    /// A header that stands twice was told apart.
    DuplicateHeader {
        /// Which column.
        column: usize,
        /// What the file calls it.
        header: String,
        /// What it is called now.
        name: String,
    },
    /// A column without a header was named.
    EmptyHeader {
        /// Which column.
        column: usize,
        /// What it is called now.
        name: String,
    },
    /// Columns with neither header nor values were left out.
    BlankColumns {
        /// Which columns.
        columns: Vec<usize>,
    },
    /// Rows with fewer cells than the header were padded with empty ones.
    ShortRows(Lines),
    /// Rows with more cells than the header; the cells stand in columns of their own.
    LongRows {
        /// Which rows.
        rows: Lines,
        /// The columns that were added.
        columns: Vec<String>,
    },
}

/// The lines on which something is the case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The first of them, ascending.
    pub first: Vec<u64>,
    /// How many there are.
    pub total: u64,
}

impl CsvError {
    pub(super) fn read(path: &Path, error: io::Error) -> Self {
        match error.downcast::<TextFault>() {
            Ok(fault) => Self::Text(fault),
            Err(source) => Self::Read {
                path: path.to_owned(),
                source,
            },
        }
    }

    pub(super) fn from_reader(path: &Path, error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::read(path, error),
            other => Self::read(
                path,
                io::Error::new(io::ErrorKind::InvalidData, format!("{other:?}")),
            ),
        }
    }
}

impl Lines {
    pub(super) fn add(&mut self, line: u64) {
        self.total += 1;
        if self.first.len() < PLACES_LISTED_MAX {
            self.first.push(line);
        }
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self
            .first
            .iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let rest = self.total.saturating_sub(self.first.len() as u64);
        let noun = if self.total == 1 { "line" } else { "lines" };
        write!(out, "{noun} {first}")?;
        if rest > 0 {
            write!(out, " and {rest} more")
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for CsvWarning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssumedEncoding { encoding, line } => write!(
                out,
                "line {line} is not UTF-8: the file is read as {encoding}; check its accented letters, or save it as UTF-8"
            ),
            Self::DuplicateHeader { column, header, name } => {
                write!(
                    out,
                    "column {column} is called {header:?} like one before it; it is imported as {name:?}"
                )
            }
            Self::EmptyHeader { column, name } => {
                write!(out, "column {column} has no header; it is imported as {name:?}")
            }
            Self::BlankColumns { columns } => {
                let shown = columns
                    .iter()
                    .take(PLACES_LISTED_MAX)
                    .map(usize::to_string)
                    .collect::<Vec<_>>();
                let rest = columns.len() - shown.len();
                write!(
                    out,
                    "left out for having neither header nor values: column {}",
                    shown.join(", ")
                )?;
                if rest > 0 {
                    write!(out, " and {rest} more")
                } else {
                    Ok(())
                }
            }
            Self::ShortRows(rows) => write!(
                out,
                "padded with empty cells, being shorter than the header: {rows}"
            ),
            Self::LongRows { rows, columns } => write!(
                out,
                "longer than the header: {rows}; their extra cells are imported as {}",
                quoted(columns)
            ),
        }
    }
}

fn quoted(names: &[String]) -> String {
    let shown: Vec<_> = names
        .iter()
        .take(PLACES_LISTED_MAX)
        .map(|name| format!("{name:?}"))
        .collect();
    let rest = names.len() - shown.len();
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    shown.join(", ") + &more
}

fn listed(errors: &[CellError], total: u64) -> String {
    let mut text: String = errors.iter().map(|error| format!("\n  {error}")).collect();
    let rest = total.saturating_sub(errors.len() as u64);
    if rest > 0 {
        text.push_str(&format!("\n  and {rest} more"));
    }
    text
}
