//! In which encoding a file is written.
//!
//! A byte order mark decides. Without one, a file is UTF-16 when every other byte of its beginning is NUL, UTF-8 when
//! all of it is, and otherwise Windows-1252, the encoding that spreadsheets have left behind. Any bytes can be read
//! as Windows-1252, so a file is refused instead when it looks like something that is not text, or like UTF-8 that
//! was damaged.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::csv_error::{CsvError, CsvWarning};
use super::open_file;

/// The encoding of a file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextEncoding(&'static Encoding);

impl TextEncoding {
    pub(super) fn name(self) -> &'static str {
        if self.0 == WINDOWS_1252 {
            "Windows-1252"
        } else {
            self.0.name()
        }
    }

    pub(super) fn decoder(self) -> encoding_rs::Decoder {
        self.0.new_decoder_with_bom_removal()
    }
}

/// How much is read at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// What files begin with that people try to import by mistake.
const SIGNATURES: [(&[u8], &str); 7] = [
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Excel workbook"),
    (b"%PDF-", "a PDF document"),
    (b"\x1F\x8B", "a gzip archive"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"SQLite format 3\0", "a database"),
];

/// Finds the encoding of a file.
///
/// # Errors
/// [`CsvError::Open`], [`CsvError::Read`], [`CsvError::Empty`], [`CsvError::Binary`] and
/// [`CsvError::MixedEncoding`].
pub(super) fn detect(path: &Path, warnings: &mut Vec<CsvWarning>) -> Result<TextEncoding, CsvError> {
    let mut file = open_file(path)?;
    let read_error = |source| CsvError::read(path, source);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut length = fill(&mut file, &mut chunk).map_err(read_error)?;
    let sample = &chunk[..length];
    if sample.is_empty() {
        return Err(CsvError::Empty);
    }
    if let Some((_, looks_like)) = SIGNATURES
        .iter()
        .find(|(signature, _)| sample.starts_with(signature))
    {
        return Err(CsvError::Binary { looks_like });
    }
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return Ok(TextEncoding(encoding));
    }
    if let Some(encoding) = unmarked_utf16(sample) {
        warnings.push(CsvWarning::AssumedEncoding {
            encoding: encoding.name(),
            line: 1,
        });
        return Ok(TextEncoding(encoding));
    }
    let mut survey = Survey::default();
    let mut kept = 0;
    loop {
        let at_end = length < chunk.len();
        let rest = survey.observe(&chunk[..length], at_end);
        if at_end {
            break;
        }
        chunk.copy_within(length - rest..length, 0);
        kept = rest;
        length = kept + fill(&mut file, &mut chunk[kept..]).map_err(read_error)?;
    }
    debug_assert!(kept < 4, "only the beginning of a character is kept");
    survey.conclude(warnings)
}

fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// UTF-16 without a mark: mostly Latin letters, so that NUL is a large share of the bytes on one side only.
fn unmarked_utf16(sample: &[u8]) -> Option<&'static Encoding> {
    let units = sample.len() / 2;
    let nuls = |side: usize| sample.chunks_exact(2).filter(|unit| unit[side] == 0).count();
    let (first, second) = (nuls(0), nuls(1));
    if units < 2 {
        None
    } else if first == 0 && second * 10 >= units * 4 {
        Some(UTF_16LE)
    } else if second == 0 && first * 10 >= units * 4 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// What a file's bytes say about its encoding.
#[derive(Default)]
struct Survey {
    lines: u64,
    /// Characters beyond ASCII that are valid UTF-8.
    valid: u64,
    /// Sequences of bytes that are not.
    invalid: u64,
    invalid_line: Option<u64>,
    /// Bytes that text does not have.
    controls: u64,
}

impl Survey {
    /// Looks at some bytes; returns how many at their end belong to a character that is not complete yet.
    fn observe(&mut self, mut bytes: &[u8], at_end: bool) -> usize {
        loop {
            let (valid, after) = match std::str::from_utf8(bytes) {
                Ok(_) => (bytes, None),
                Err(error) => {
                    let (valid, after) = bytes.split_at(error.valid_up_to());
                    (valid, Some((after, error.error_len())))
                }
            };
            self.lines += valid.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.valid += valid.iter().filter(|byte| **byte >= 0xC0).count() as u64;
            self.controls += valid.iter().filter(|byte| is_control(**byte)).count() as u64;
            match after {
                None => return 0,
                Some((after, None)) if !at_end => return after.len(),
                Some((after, length)) => {
                    self.invalid += 1;
                    self.invalid_line.get_or_insert(self.lines + 1);
                    bytes = &after[length.unwrap_or(after.len())..];
                }
            }
        }
    }

    fn conclude(self, warnings: &mut Vec<CsvWarning>) -> Result<TextEncoding, CsvError> {
        let Some(line) = self.invalid_line else {
            return Ok(TextEncoding(UTF_8));
        };
        if self.controls > 0 {
            return Err(CsvError::Binary {
                looks_like: "something that is not text",
            });
        }
        // By chance, hardly any two letters of Windows-1252 make a character of UTF-8.
        if self.valid > self.invalid {
            return Err(CsvError::MixedEncoding { line });
        }
        let encoding = TextEncoding(WINDOWS_1252);
        warnings.push(CsvWarning::AssumedEncoding {
            encoding: encoding.name(),
            line,
        });
        Ok(encoding)
    }
}

/// Control characters apart from the white space that text files have.
const fn is_control(byte: u8) -> bool {
    byte < 0x20 && !byte.is_ascii_whitespace() || byte == 0x7F
}
