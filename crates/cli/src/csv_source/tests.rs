//! What files read as, and what is said of those that do not read.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use openprod_core::FieldType;
use tempfile::TempDir;

use super::*;

mod any_file;

/// A file that is gone when the test is over.
struct Fixture {
    _directory: TempDir,
    path: PathBuf,
}

impl Fixture {
    fn new(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.csv");
        fs::write(&path, bytes).unwrap();
        Self {
            _directory: directory,
            path,
        }
    }

    fn open(&self, types: &str) -> Result<CsvSource, CsvError> {
        CsvSource::open(&self.path, &types.parse().unwrap())
    }
}

/// Columns as `name:type`, rows as their values' text, and warnings.
fn read(bytes: impl AsRef<[u8]>) -> (Vec<String>, Vec<Vec<String>>, Vec<CsvWarning>) {
    let fixture = Fixture::new(bytes.as_ref());
    let source = fixture.open("").unwrap();
    let columns = source
        .columns()
        .iter()
        .map(|column| format!("{}:{}", column.name, column.field_type))
        .collect();
    let rows: Vec<Vec<String>> = source
        .rows()
        .unwrap()
        .map(|row| row.unwrap().iter().map(Value::to_text).collect())
        .collect();
    assert_eq!(rows.len() as u64, source.row_count());
    (columns, rows, source.warnings().to_vec())
}

fn check(bytes: impl AsRef<[u8]>, columns: &[&str], rows: &[&[&str]]) -> Vec<CsvWarning> {
    let (found_columns, found_rows, warnings) = read(bytes);
    assert_eq!(found_columns, columns);
    assert_eq!(found_rows, rows);
    warnings
}

fn fault(bytes: impl AsRef<[u8]>) -> CsvError {
    Fixture::new(bytes.as_ref()).open("").unwrap_err()
}

fn text_fault(bytes: impl AsRef<[u8]>) -> TextFault {
    match fault(bytes) {
        CsvError::Text(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn quoted_cells_hold_commas_quotes_and_line_breaks() {
    let warnings = check(
        "name,note\n\"Okafor, Ada\",\"said \"\"go\"\"\nand went\"\nIvo,\n",
        &["name:text", "note:text"],
        &[&["Okafor, Ada", "said \"go\"\nand went"], &["Ivo", ""]],
    );
    assert_eq!(warnings, []);
}

#[test]
fn empty_cells_are_empty_values() {
    let fixture = Fixture::new(b"a,b\n,1\nx,\n");
    let source = fixture.open("").unwrap();
    let rows: Vec<_> = source.rows().unwrap().map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            vec![Value::Empty, Value::Integer(1)],
            vec![Value::Text("x".into()), Value::Empty]
        ]
    );
}

#[test]
fn every_delimiter_is_found() {
    for delimiter in [",", ";", "\t"] {
        let text = "a|b|c\n1|\"x, y; z\tw\"|2.5\n3|q|4\n".replace('|', delimiter);
        let rows: &[&[&str]] = &[&["1", "x, y; z\tw", "2.5"], &["3", "q", "4"]];
        check(text, &["a:integer", "b:text", "c:float"], rows);
    }
    check(
        "price;note\n\"1,5\";a, b\n2,5;c\n",
        &["price:text", "note:text"],
        &[&["1,5", "a, b"], &["2,5", "c"]],
    );
    check("only\na;b\n", &["only:text"], &[&["a;b"]]);
}

#[test]
fn every_line_ending_and_blank_line_is_understood() {
    for ending in ["\n", "\r\n", "\r"] {
        let text = "a,b|1,x||2,y".replace('|', ending);
        check(&text, &["a:integer", "b:text"], &[&["1", "x"], &["2", "y"]]);
    }
}

#[test]
fn utf_8_and_utf_16_are_read_with_and_without_a_mark() {
    let text = "name,city\nCécile,Zürich\nJosé,São Paulo\n";
    let rows: &[&[&str]] = &[&["Cécile", "Zürich"], &["José", "São Paulo"]];
    let columns = ["name:text", "city:text"];
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(check(text, &columns, rows), []);
    assert_eq!(check(["\u{FEFF}", text].concat(), &columns, rows), []);
    assert_eq!(check(["\u{FEFF}\u{FEFF}", text].concat(), &columns, rows), []);
    assert_eq!(check([&[0xFF, 0xFE][..], &little].concat(), &columns, rows), []);
    assert_eq!(check([&[0xFE, 0xFF][..], &big].concat(), &columns, rows), []);
    let assumed = |encoding| [CsvWarning::AssumedEncoding { encoding, line: 1 }];
    assert_eq!(check(little, &columns, rows), assumed("UTF-16LE"));
    assert_eq!(check(big, &columns, rows), assumed("UTF-16BE"));
}

#[test]
fn what_is_not_utf_8_is_read_as_windows_1252_with_a_warning() {
    let warnings = check(
        b"name\nAda\nC\xE9cile \x96 Ren\xE9\n",
        &["name:text"],
        &[&["Ada"], &["Cécile – René"]],
    );
    assert_eq!(
        warnings,
        [CsvWarning::AssumedEncoding {
            encoding: "Windows-1252",
            line: 3
        }]
    );
    assert!(warnings[0].to_string().contains("line 3 is not UTF-8"));
}

#[test]
fn damaged_utf_8_is_not_taken_for_another_encoding() {
    let error = fault(b"name\nC\xC3\xA9cile\nRen\xC3\xA9\nJos\xE9\n");
    assert!(matches!(error, CsvError::MixedEncoding { line: 4 }), "{error:?}");
    let marked = text_fault(b"\xEF\xBB\xBFname\nJos\xE9\n");
    assert_eq!(
        marked,
        TextFault::Malformed {
            encoding: "UTF-8",
            line: 2
        }
    );
}

#[test]
fn characters_across_the_edges_of_chunks_are_whole() {
    for shift in 0..4 {
        let text = format!(
            "name\n{}{}\n",
            "x".repeat(65_536 - 8 + shift),
            "é日🎭".repeat(30_000)
        );
        let (_, rows, warnings) = read(&text);
        assert_eq!(rows, [[text.lines().nth(1).unwrap()]]);
        assert_eq!(warnings, []);
    }
}

#[test]
fn headers_that_repeat_or_are_missing_are_named() {
    let warnings = check(
        "name,,name, name ,name (2),Column 2\na,b,c,d,e,f\n",
        &[
            "name:text",
            "Column 2 (2):text",
            "name (3):text",
            "name (4):text",
            "name (2):text",
            "Column 2:text",
        ],
        &[&["a", "b", "c", "d", "e", "f"]],
    );
    let duplicate = |column, name: &str| CsvWarning::DuplicateHeader {
        column,
        header: "name".into(),
        name: name.into(),
    };
    let empty = CsvWarning::EmptyHeader {
        column: 2,
        name: "Column 2 (2)".into(),
    };
    assert_eq!(
        warnings,
        [duplicate(3, "name (3)"), duplicate(4, "name (4)"), empty]
    );
    check("a,a\n1,2\n", &["a:integer", "a (2):integer"], &[&["1", "2"]]);
}

#[test]
fn columns_with_neither_header_nor_value_are_left_out() {
    let warnings = check(
        "a,,b,\n1,,2,\n3,,4,\n",
        &["a:integer", "b:integer"],
        &[&["1", "2"], &["3", "4"]],
    );
    assert_eq!(warnings, [CsvWarning::BlankColumns { columns: vec![2, 4] }]);
}

#[test]
fn ragged_rows_lose_nothing() {
    let warnings = check(
        "a,b\n1\n2,x,extra\n\n3,y,,far\n4,z,,\n",
        &["a:integer", "b:text", "Column 3:text", "Column 4:text"],
        &[
            &["1", "", "", ""],
            &["2", "x", "extra", ""],
            &["3", "y", "", "far"],
            &["4", "z", "", ""],
        ],
    );
    let lines = |first: &[u64]| Lines {
        first: first.to_vec(),
        total: first.len() as u64,
    };
    let columns = vec!["Column 3".into(), "Column 4".into()];
    assert_eq!(
        warnings,
        [
            CsvWarning::ShortRows(lines(&[2])),
            CsvWarning::LongRows {
                rows: lines(&[3, 5]),
                columns
            }
        ]
    );
    assert_eq!(
        warnings[1].to_string(),
        "longer than the header: lines 3, 5; their extra cells are imported as \"Column 3\", \"Column 4\""
    );
}

#[test]
fn warnings_list_some_lines_and_count_all() {
    let (_, rows, warnings) = read(["a,b\n", &"1\n".repeat(1_000)].concat());
    assert_eq!(rows.len(), 1_000);
    let [CsvWarning::ShortRows(lines)] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert_eq!((lines.first.len(), lines.total), (PLACES_LISTED_MAX, 1_000));
    assert!(lines.to_string().ends_with("20, 21 and 980 more"), "{lines}");
}

#[test]
fn lines_are_counted_through_blank_lines_and_quoted_breaks() {
    for ending in ["\n", "\r\n", "\r"] {
        let text = "a,b||\"x|y\",1||2|".replace('|', ending);
        let (_, _, warnings) = read(text);
        assert_eq!(
            warnings,
            [CsvWarning::ShortRows(Lines {
                first: vec![6],
                total: 1
            })],
            "{ending:?}"
        );
    }
    let fixture = Fixture::new(b"a\n\"x\ny\"\n\nz\n");
    let source = fixture.open("").unwrap();
    let mut rows = source.rows().unwrap();
    let mut lines = Vec::new();
    while rows.next().is_some() {
        lines.push(rows.line());
    }
    assert_eq!(lines, [2, 5]);
}

#[test]
fn the_last_row_decides_a_type_too() {
    let mut text = "n\n".to_owned() + &"1\n".repeat(100_000);
    check_types(&text, "n:integer");
    text.push_str("1.5\n");
    check_types(&text, "n:float");
    text.push_str("7800-1\n");
    check_types(&text, "n:text");
}

fn check_types(text: &str, expected: &str) {
    assert_eq!(read(text).0, [expected]);
}

#[test]
fn given_types_stand_over_inferred_ones() {
    let fixture = Fixture::new(b"id,department,on\n1,LX,yes\n2,SND,\n3,LX,no\n");
    let source = fixture.open("id:text,department:enum").unwrap();
    let types: Vec<_> = source.columns().iter().map(|column| column.field_type).collect();
    assert_eq!(types, [FieldType::Text, FieldType::Enum, FieldType::Boolean]);
    assert_eq!(source.columns()[1].options, ["LX", "SND"]);
    let rows: Vec<_> = source.rows().unwrap().map(Result::unwrap).collect();
    assert_eq!(
        rows[1],
        [Value::Text("2".into()), Value::Enum("SND".into()), Value::Empty]
    );
}

#[test]
fn a_type_for_a_column_that_is_not_there_is_refused() {
    let fixture = Fixture::new(b"id,name\n1,a,x\n");
    let error = fixture.open("nmae:text,id:text").unwrap_err();
    assert_eq!(
        error.to_string(),
        "set column types: the file has no column \"nmae\"; its columns are \"id\", \"name\""
    );
    assert!(
        matches!(fixture.open("Column 4:text"), Err(CsvError::UnknownColumns { unknown, .. }) if unknown == ["Column 4"])
    );
    assert_eq!(fixture.open("Column 3:enum").unwrap().columns()[2].options, ["x"]);
}

#[test]
fn cells_that_are_not_of_the_given_type_are_listed_and_counted() {
    let text = "name,age\n".to_owned() + &"Ada,forty\nIvo,30\n".repeat(30);
    let fixture = Fixture::new(text.as_bytes());
    let error = fixture.open("age:integer").unwrap_err();
    let CsvError::Cells { errors, total } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((errors.len(), *total), (PLACES_LISTED_MAX, 30));
    let second = CellError {
        line: 4,
        column: "age".into(),
        expected: FieldType::Integer,
        found: "forty".into(),
    };
    assert_eq!(errors[1], second);
    assert!(
        error
            .to_string()
            .contains("line 4, column \"age\": expected integer, found \"forty\"")
    );
    assert!(error.to_string().ends_with("and 10 more"));
}

#[test]
fn an_enum_with_too_many_values_is_refused() {
    let text: String = (0..2_000).map(|number| format!("{number}\n")).collect();
    let fixture = Fixture::new(format!("n\n{text}").as_bytes());
    assert!(matches!(
        fixture.open("n:enum"),
        Err(CsvError::TooManyOptions { .. })
    ));
}

#[test]
fn files_without_rows_are_refused() {
    for blank in ["", "\n\r\n", "\u{FEFF}", "\u{FEFF}\n"] {
        assert!(matches!(fault(blank), CsvError::Empty), "{blank:?}");
    }
    assert!(matches!(fault(",,\n,,\n"), CsvError::Empty));
    assert!(matches!(fault("a,b,c\n\n"), CsvError::HeaderOnly { columns: 3 }));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = CsvSource::open(Path::new("no/such/file.csv"), &TypeOverrides::none()).unwrap_err();
    assert!(matches!(&error, CsvError::Open { .. }));
    assert_eq!(error.to_string(), "open no/such/file.csv");
    let directory = tempfile::tempdir().unwrap();
    let error = CsvSource::open(directory.path(), &TypeOverrides::none()).unwrap_err();
    assert!(
        matches!(error, CsvError::Open { .. } | CsvError::Read { .. }),
        "{error:?}"
    );
}

#[test]
fn files_that_are_not_text_are_refused() {
    let looks_like = |bytes: &[u8]| match fault(bytes) {
        CsvError::Binary { looks_like } => looks_like,
        other => panic!("{other:?}"),
    };
    assert!(looks_like(b"PK\x03\x04\x14\0\x06\0").contains("Excel"));
    assert!(looks_like(b"%PDF-1.7\n").contains("PDF"));
    assert!(looks_like(b"\x7FELF\x02\x01\x01\0\xFF\xFE\xFD").contains("not text"));
    assert_eq!(text_fault(b"a,b\n1,x\0y\n"), TextFault::Nul { line: 2 });
    assert_eq!(text_fault(b"\xFF\xFEa\0\n\0\0\0\n\0"), TextFault::Nul { line: 2 });
    assert_eq!(
        text_fault(b"\xFF\xFEa\0\n\0\0\xD8b\0"),
        TextFault::Malformed {
            encoding: "UTF-16LE",
            line: 2
        }
    );
}

#[test]
fn broken_quoting_is_refused_with_its_line() {
    assert_eq!(text_fault("\""), TextFault::UnclosedQuote { line: 1 });
    assert_eq!(
        text_fault("a,b\n1,2\n3,\"4\n5,6\n"),
        TextFault::UnclosedQuote { line: 3 }
    );
    assert_eq!(
        text_fault("a,b\n1,\"2\" x\n"),
        TextFault::TextAfterQuote { line: 2 }
    );
    assert_eq!(
        text_fault("a,b\n1,\"lost\n\"x, y\",2\n"),
        TextFault::TextAfterQuote { line: 3 }
    );
}

#[test]
fn quotes_inside_bare_cells_are_text() {
    check(
        "size,note\n5\" pipe,\"a\" \n",
        &["size:text", "note:text"],
        &[&["5\" pipe", "a "]],
    );
}

#[test]
fn a_record_may_be_eight_mebibytes_long() {
    let longest = "x".repeat(RECORD_BYTES_MAX);
    let (_, rows, _) = read(format!("a\n{longest}\ny\n"));
    assert_eq!(rows[0][0].len(), RECORD_BYTES_MAX);
    assert_eq!(
        text_fault(format!("a\ny\n{longest}x\n")),
        TextFault::RecordTooLong { line: 3 }
    );
    assert_eq!(
        text_fault(format!("a\n\"{}", "\n".repeat(RECORD_BYTES_MAX))),
        TextFault::RecordTooLong { line: 2 }
    );
}

#[test]
fn a_row_may_not_add_columns_without_end() {
    let error = fault(format!("a\n1\n{}x\n", ",".repeat(COLUMNS_MAX)));
    assert!(matches!(error, CsvError::TooManyColumns { line: 3, cells } if cells == COLUMNS_MAX + 1));
    let header = fault(format!("a{}\n", ",a".repeat(COLUMNS_MAX)));
    assert!(matches!(header, CsvError::TooManyColumns { line: 1, .. }));
}

#[test]
fn a_file_that_changes_between_examination_and_reading_is_noticed() {
    for changed in ["n\n1\nx\n", "n\n1\n", "n\n1\n2\n3\n", "n\n1\n2,3\n"] {
        let fixture = Fixture::new(b"n\n1\n2\n");
        let source = fixture.open("").unwrap();
        fs::write(&fixture.path, changed).unwrap();
        let last = source.rows().unwrap().last();
        assert!(
            matches!(last, Some(Err(CsvError::Changed { .. }))),
            "{changed:?}: {last:?}"
        );
    }
}

#[test]
fn progress_ends_at_the_whole_file() {
    let fixture = Fixture::new(("n\n".to_owned() + &"12345\n".repeat(50_000)).as_bytes());
    let mut calls = Vec::new();
    CsvSource::open_with_progress(&fixture.path, &TypeOverrides::none(), |done, all| {
        calls.push((done, all))
    })
    .unwrap();
    assert!(calls.len() > 10);
    assert!(calls.is_sorted());
    assert_eq!(calls.last(), Some(&(300_002, 300_002)));
}

#[test]
fn the_seasons_of_an_orchestra_read_as_they_are() {
    let Some(directory) = test_data("nyphil") else {
        return;
    };
    let mut total = 0;
    for (file, rows, columns) in [
        (
            "concerts",
            1_766,
            "concert_id:text program_id:integer orchestra:text season:text event_type:text date:date time:text \
             venue:text location:text",
        ),
        (
            "engagements",
            9_778,
            "program_id:integer position:integer person:text instrument:text role:text",
        ),
        ("people", 866, "name:text roles:text"),
        (
            "programme_items",
            4_850,
            "item_id:text program_id:integer position:integer work_id:text composer:text title:text movement:text \
             conductor:text is_interval:boolean",
        ),
        ("venues", 149, "venue:text location:text"),
    ] {
        let source = CsvSource::open(
            &directory.join(file).with_extension("csv"),
            &TypeOverrides::none(),
        )
        .unwrap();
        let types: Vec<_> = source
            .columns()
            .iter()
            .map(|column| format!("{}:{}", column.name, column.field_type))
            .collect();
        assert_eq!(types.join(" "), columns, "{file}");
        assert_eq!(source.row_count(), rows, "{file}");
        assert_eq!(source.warnings(), [], "{file}");
        let first = source.rows().unwrap().next().unwrap().unwrap();
        if file == "concerts" {
            assert_eq!(first[0], Value::Text("7800-1".into()));
            assert_eq!(first[5].to_text(), "1995-09-20");
            assert_eq!(first[8], Value::Text("Manhattan, NY".into()));
        }
        total += source.rows().unwrap().map(Result::unwrap).count();
    }
    assert_eq!(total, 17_409);
}

/// A directory of data that is not part of the project; without it the test says that it is skipped.
fn test_data(name: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("OPENPROD_TEST_DATA").unwrap_or_else(|| "../shared/data".into());
    let directory = workspace.join(data).join(name);
    if directory.is_dir() {
        return Some(directory);
    }
    let notice = format!(
        "SKIPPED: reading the {name} files: {} is not there",
        directory.display()
    );
    println!("{notice}");
    if let Some(list) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let mut list = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(list)
            .unwrap();
        writeln!(list, "{notice}").unwrap();
    }
    None
}
