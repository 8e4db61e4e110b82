//! Filters and sorts as a listing's query string holds them.

use openprod_engine::query::{Comparison, Filter};
use serde_json::{Map, Value as Json};

use crate::json_value::read_value;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// Reads `{"and"|"or": […]}` of `{field, op, value}`.
pub(crate) fn read_filter(text: &str) -> Result<Filter, Problem> {
    let json: Json = serde_json::from_str(text).map_err(|error| {
        bad(format!("read filter: it is not JSON: {error}"))
            .with(|problem| (problem.line, problem.column) = (Some(error.line()), Some(error.column())))
    })?;
    read(json)
}

fn read(json: Json) -> Result<Filter, Problem> {
    let Json::Object(mut members) = json else {
        return Err(bad(
            "read filter: expected an object with `and`, `or`, or `field` and `op`",
        ));
    };
    for (name, join) in [("and", Filter::And as fn(_) -> _), ("or", Filter::Or)] {
        let Some(parts) = members.remove(name) else {
            continue;
        };
        let Json::Array(parts) = parts else {
            return Err(bad(format!("read filter: `{name}` takes a list")));
        };
        nothing_more(&members)?;
        return Ok(join(parts.into_iter().map(read).collect::<Result<_, _>>()?));
    }
    let mut text = |name: &str| match members.remove(name) {
        Some(Json::String(text)) => Ok(text),
        _ => Err(bad(format!("read filter: a comparison needs `{name}`, a string"))),
    };
    let (field, op) = (text("field")?, text("op")?);
    let comparison = comparison(&op)?;
    let value = members.remove("value");
    nothing_more(&members)?;
    let values = match (comparison, value) {
        (Comparison::IsEmpty, None | Some(Json::Null | Json::Bool(true))) => Vec::new(),
        (Comparison::IsEmpty, Some(_)) => return Err(bad("read filter: `is_empty` takes no value")),
        (Comparison::In, Some(Json::Array(values))) => values
            .into_iter()
            .map(|value| read_value(&field, value))
            .collect::<Result<_, _>>()?,
        (Comparison::In, _) => return Err(bad("read filter: `in` takes a list as its `value`")),
        (_, Some(value)) => vec![read_value(&field, value)?],
        (_, None) => return Err(bad(format!("read filter: `{op}` needs a `value`"))),
    };
    Ok(Filter::Test {
        field,
        comparison,
        values,
    })
}

fn comparison(op: &str) -> Result<Comparison, Problem> {
    Ok(match op {
        "=" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::AtMost,
        ">" => Comparison::Greater,
        ">=" => Comparison::AtLeast,
        "contains" => Comparison::Contains,
        "starts_with" => Comparison::StartsWith,
        "is_empty" => Comparison::IsEmpty,
        "in" => Comparison::In,
        _ => {
            let known = "=, !=, <, <=, >, >=, contains, starts_with, is_empty, in";
            let found: String = op.chars().take(40).collect();
            return Err(
                bad(format!("read filter: {found:?} is none of {known}")).with(|problem| {
                    (problem.found, problem.known) = (Some(found.clone()), Some(known.to_owned()));
                }),
            );
        }
    })
}

fn nothing_more(members: &Map<String, Json>) -> Result<(), Problem> {
    match members.keys().next() {
        None => Ok(()),
        Some(name) => {
            let name: String = name.chars().take(40).collect();
            Err(bad(format!("read filter: {name:?} does not belong there")))
        }
    }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::BadFilter, detail)
}

/// Reads `field:asc,field:desc` into fields and whether each descends. The direction may be left out behind the
/// last field; a comma that follows no direction belongs to a field's name.
pub(crate) fn read_sort(text: &str) -> Vec<(String, bool)> {
    let mut sort = Vec::new();
    let mut name = String::new();
    for part in text.split(',') {
        if !name.is_empty() {
            name.push(',');
        }
        name.push_str(part);
        for (direction, descending) in [(":asc", false), (":desc", true)] {
            if let Some(field) = name.strip_suffix(direction) {
                sort.push((field.to_owned(), descending));
                name.clear();
                break;
            }
        }
    }
    if !name.is_empty() {
        sort.push((name, false));
    }
    sort
}

#[cfg(test)]
mod tests {
    use openprod_core::Value;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nested_filters_are_read() {
        let filter = read_filter(
            r#"{"and": [{"field": "Title", "op": "contains", "value": "a"},
                {"or": [{"field": "n", "op": "in", "value": [1, 2.5]}, {"field": "n", "op": "is_empty"}]}]}"#,
        );
        let test = |field: &str, comparison, values| Filter::Test {
            field: field.into(),
            comparison,
            values,
        };
        let expected = Filter::And(vec![
            test("Title", Comparison::Contains, vec![Value::Text("a".into())]),
            Filter::Or(vec![
                test("n", Comparison::In, vec![Value::Integer(1), Value::Float(2.5)]),
                test("n", Comparison::IsEmpty, vec![]),
            ]),
        ]);
        assert_eq!(filter.unwrap(), expected);
    }

    #[test]
    fn faulty_filters_are_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"and": 1}"#,
            r#"{"and": [], "or": []}"#,
            r#"{"field": "a", "op": "~", "value": 1}"#,
            r#"{"field": "a", "op": "="}"#,
            r#"{"field": "a", "op": "in", "value": 1}"#,
            r#"{"field": "a", "op": "is_empty", "value": 1}"#,
            r#"{"field": "a", "op": "=", "value": 1, "x": 1}"#,
        ] {
            assert_eq!(
                read_filter(text).unwrap_err().code(),
                ProblemCode::BadFilter,
                "{text}"
            );
        }
    }

    #[test]
    fn sorts_are_read() {
        let sort = |text| read_sort(text);
        assert_eq!(
            sort("a:asc,b:desc"),
            [("a".to_owned(), false), ("b".to_owned(), true)]
        );
        assert_eq!(
            sort("Last, first:desc,b"),
            [("Last, first".to_owned(), true), ("b".to_owned(), false)]
        );
        assert_eq!(sort(""), []);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}", json in r#"[\[\]{}:,"a-d1. ]{0,60}"#) {
            for text in [text, json] {
                let _ = read_filter(&text);
                let _ = read_sort(&text);
            }
        }
    }
}
