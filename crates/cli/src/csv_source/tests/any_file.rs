//! Whatever a file holds, it is read or refused.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Reads whatever can be read of some bytes; fails when the passes disagree.
fn read_all(bytes: &[u8]) -> Result<(), TestCaseError> {
    let fixture = Fixture::new(bytes);
    if let Ok(source) = fixture.open("") {
        let names: BTreeSet<_> = source.columns().iter().map(|column| &column.name).collect();
        prop_assert_eq!(names.len(), source.columns().len());
        prop_assert!(names.iter().all(|name| !name.is_empty()));
        let mut rows = 0;
        for row in source.rows().unwrap() {
            let row = row.unwrap();
            prop_assert_eq!(row.len(), source.columns().len());
            for (column, value) in source.columns().iter().zip(&row) {
                prop_assert!(column.field_type.admits(value));
            }
            rows += 1;
        }
        prop_assert_eq!(rows, source.row_count());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_read_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes)?;
    }

    #[test]
    fn anything_like_csv_reads_or_is_refused(text in "[a1\",;\t\r\n \u{FEFF}é\\-.]{0,60}") {
        read_all(text.as_bytes())?;
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        read_all(&[&[0xFF, 0xFE][..], &utf16].concat())?;
    }

    /// The watch before the csv crate and the crate itself have to see the same records, and no cell may get lost.
    #[test]
    fn every_cell_that_the_csv_crate_sees_is_in_a_row(text in "h,i\n[a1\",\r\n ]{1,60}") {
        let fixture = Fixture::new(text.as_bytes());
        if let Ok(source) = fixture.open("") {
            let cells = |record: &StringRecord| -> Vec<String> {
                record.iter().filter(|cell| !cell.trim().is_empty()).map(|cell| cell.trim().to_owned()).collect()
            };
            let expected: Vec<_> = csv::ReaderBuilder::new()
                .flexible(true)
                .from_reader(text.as_bytes())
                .records()
                .map(|record| cells(&record.unwrap()))
                .collect();
            let texts = |row: Vec<Value>| -> Vec<String> {
                let texts = row.iter().map(|value| value.to_text().trim().to_owned());
                texts.filter(|text| !text.is_empty()).collect()
            };
            let found: Vec<_> = source.rows().unwrap().map(|row| texts(row.unwrap())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
