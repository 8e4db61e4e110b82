//! What stands between the cells of a file.

use std::path::Path;

use super::csv_error::CsvError;
use super::encoding::TextEncoding;
use super::{open_file, record_stream};

/// How much of a file is looked at.
const SAMPLE_BYTES: usize = 64 << 10;

/// How many records are looked at.
const SAMPLE_RECORDS: usize = 100;

/// Of delimiters that fit equally well, the first is taken: the one that prose has least.
const DELIMITERS: [u8; 3] = [b'\t', b';', b','];

/// Finds the delimiter that stands in the header and as often in the most records after it; a comma when none does.
///
/// # Errors
/// [`CsvError::Open`] and [`CsvError::Read`].
pub(super) fn detect(path: &Path, encoding: TextEncoding) -> Result<u8, CsvError> {
    let sample = record_stream::decode_sample(open_file(path)?, encoding, SAMPLE_BYTES)
        .map_err(|error| CsvError::read(path, error))?;
    Ok(best_delimiter(&sample))
}

fn best_delimiter(sample: &str) -> u8 {
    let records = delimiter_counts(sample);
    let Some((header, _)) = records.split_first() else {
        return b',';
    };
    let mut best = (b',', 0, 0);
    for (index, delimiter) in DELIMITERS.into_iter().enumerate() {
        let count = header[index];
        let alike = records.iter().filter(|record| record[index] == count).count();
        if count > 0 && (alike, count) > (best.1, best.2) {
            best = (delimiter, alike, count);
        }
    }
    best.0
}

/// How often each of [`DELIMITERS`] stands outside quotes in each record. As it is not known yet which of them
/// separates cells, a quote counts as opening a cell after any of them.
fn delimiter_counts(sample: &str) -> Vec<[usize; DELIMITERS.len()]> {
    let mut records = Vec::new();
    let mut counts = [0; DELIMITERS.len()];
    let (mut quoted, mut may_open, mut blank) = (false, true, true);
    for byte in sample.bytes() {
        let is_end = byte == b'\n' || byte == b'\r';
        if quoted {
            // Of a doubled quote, the second opens the cell again.
            quoted = byte != b'"';
            may_open = true;
        } else if is_end {
            if !blank {
                records.push(std::mem::take(&mut counts));
            }
            (may_open, blank) = (true, true);
            if records.len() == SAMPLE_RECORDS {
                return records;
            }
        } else {
            let delimiter = DELIMITERS.iter().position(|delimiter| *delimiter == byte);
            if let Some(index) = delimiter {
                counts[index] += 1;
            }
            quoted = byte == b'"' && may_open;
            may_open = delimiter.is_some();
            blank = false;
        }
    }
    // What the end of the sample cuts off says little, unless there is nothing else.
    if records.is_empty() && !blank {
        records.push(counts);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_of_header_and_rows_is_taken() {
        for (sample, delimiter) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("Last, First\tAge\nOkafor, Ada\t30\n", b'\t'),
            ("a,b;c\n1,2\n3,4\n5,6;7\n8,9\n", b','),
            ("only\na;b\n", b','),
            ("", b','),
            ("a;b", b';'),
        ] {
            assert_eq!(best_delimiter(sample), delimiter, "{sample:?}");
        }
    }

    #[test]
    fn what_is_quoted_delimits_nothing() {
        assert_eq!(best_delimiter("0,\"a\tb\"\n,\"\t\"\n"), b',');
        assert_eq!(best_delimiter("\"say \"\";\"\" now\",b\n\";\",2\n"), b',');
        assert_eq!(best_delimiter("a;b\n\"x\n,y\n,z\";2\n"), b';');
    }
}
