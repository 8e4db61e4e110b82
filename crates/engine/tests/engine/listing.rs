//! Filter, search, sort and pages.

use openprod_core::{FieldType, Value};
use openprod_engine::query::{Comparison, Filter, ListRequest, QueryError, list};

use crate::device::{Device, text};

fn people() -> Device {
    let mut device = Device::founder();
    device.table(
        "People",
        &[
            ("name", FieldType::Text),
            ("age", FieldType::Integer),
            ("born", FieldType::Date),
        ],
    );
    for (name, age, born) in [
        ("anna", 30, "1996-01-01"),
        ("Bert", 25, "2001-05-05"),
        ("carl", 30, "1996-07-07"),
        ("Dora", 41, "1985-02-02"),
    ] {
        device.record(
            "People",
            &[
                ("name", text(name)),
                ("age", Value::Integer(age)),
                ("born", text(born)),
            ],
        );
    }
    device.record("People", &[("name", text("Emil"))]);
    device
}

fn request() -> ListRequest {
    ListRequest {
        table: "People".into(),
        limit: 100,
        ..ListRequest::default()
    }
}

fn check(request: &ListRequest, expected: &[&str]) {
    let device = people();
    let mut names = Vec::new();
    let mut next = request.clone();
    loop {
        let page = list(&device.snapshot(), &next).unwrap();
        let snapshot = device.snapshot();
        let field = snapshot
            .schema()
            .find("People")
            .unwrap()
            .field("name")
            .unwrap()
            .id;
        names.extend(page.records.iter().map(|(_, row)| row.field(field).to_text()));
        assert_eq!(page.total as usize, expected.len());
        match page.next_cursor {
            Some(cursor) => next.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(names, expected);
}

fn test(field: &str, comparison: Comparison, values: &[Value]) -> Filter {
    Filter::Test {
        field: field.into(),
        comparison,
        values: values.to_vec(),
    }
}

#[test]
fn order_of_creation_without_a_sort() {
    for limit in [1, 2, 3, 100] {
        check(
            &ListRequest { limit, ..request() },
            &["anna", "Bert", "carl", "Dora", "Emil"],
        );
    }
}

#[test]
fn sorts_by_several_fields_with_empty_ones_last() {
    for limit in [1, 2, 100] {
        let sort = vec![("age".to_owned(), true), ("name".to_owned(), false)];
        check(
            &ListRequest {
                limit,
                sort,
                ..request()
            },
            &["Dora", "anna", "carl", "Bert", "Emil"],
        );
    }
    let by_name = vec![("name".to_owned(), false)];
    check(
        &ListRequest {
            sort: by_name,
            ..request()
        },
        &["anna", "Bert", "carl", "Dora", "Emil"],
    );
}

#[test]
fn filters_compare_by_type() {
    let with = |filter| ListRequest {
        filter: Some(filter),
        ..request()
    };
    check(
        &with(test("age", Comparison::Equal, &[Value::Integer(30)])),
        &["anna", "carl"],
    );
    check(
        &with(test("age", Comparison::NotEqual, &[Value::Integer(30)])),
        &["Bert", "Dora", "Emil"],
    );
    check(
        &with(test("age", Comparison::AtLeast, &[Value::Integer(30)])),
        &["anna", "carl", "Dora"],
    );
    check(
        &with(test("born", Comparison::Less, &[text("1996-07-07")])),
        &["anna", "Dora"],
    );
    check(
        &with(test("name", Comparison::Contains, &[text("AR")])),
        &["carl"],
    );
    check(
        &with(test("name", Comparison::StartsWith, &[text("b")])),
        &["Bert"],
    );
    check(&with(test("age", Comparison::IsEmpty, &[])), &["Emil"]);
    check(
        &with(test(
            "age",
            Comparison::In,
            &[Value::Integer(25), Value::Integer(41)],
        )),
        &["Bert", "Dora"],
    );
    let either = Filter::Or(vec![
        test("name", Comparison::Equal, &[text("Emil")]),
        Filter::And(vec![
            test("age", Comparison::Equal, &[Value::Integer(30)]),
            test("born", Comparison::Greater, &[text("1996-02-01")]),
        ]),
    ]);
    check(&with(either), &["carl", "Emil"]);
}

#[test]
fn search_looks_into_every_field() {
    check(
        &ListRequest {
            search: Some("1996".into()),
            ..request()
        },
        &["anna", "carl"],
    );
    check(
        &ListRequest {
            search: Some("dor".into()),
            ..request()
        },
        &["Dora"],
    );
}

#[test]
fn bad_listings_are_refused() {
    let device = people();
    let run = |request: ListRequest| list(&device.snapshot(), &request);
    assert!(matches!(
        run(ListRequest {
            table: "X".into(),
            ..request()
        }),
        Err(QueryError::UnknownTable(_))
    ));
    let sort = vec![("x".to_owned(), false)];
    assert!(matches!(
        run(ListRequest { sort, ..request() }),
        Err(QueryError::UnknownField { .. })
    ));
    let filter = Some(test("age", Comparison::Equal, &[text("x")]));
    assert!(matches!(
        run(ListRequest { filter, ..request() }),
        Err(QueryError::WrongType { .. })
    ));
    for cursor in ["", "zz", "00", "ab", "ünï"] {
        let cursor = Some(cursor.to_owned());
        assert!(matches!(
            run(ListRequest { cursor, ..request() }),
            Err(QueryError::BadCursor)
        ));
    }
    let deep = (0..40).fold(Filter::And(Vec::new()), |filter, _| Filter::And(vec![filter]));
    assert!(matches!(
        run(ListRequest {
            filter: Some(deep),
            ..request()
        }),
        Err(QueryError::BadFilter(_))
    ));
}
