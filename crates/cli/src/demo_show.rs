//! A fictional touring show, generated from a seed.
//!
//! A company of sixty takes an evening of songs and scenes to two dozen towns, none of which exist: five tables that
//! refer to one another, for a first look and for tests that want lifelike data. The same seed gives the same show
//! on every machine and in every run.

mod company;
mod cue_sheet;
mod draw;
mod repertoire;
mod tour;

use openprod_core::{FieldType, Value};

use self::draw::Draw;

/// A show: tables that refer to one another.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoShow {
    /// What the show is called.
    pub title: String,
    /// The tables, each before those that refer to it.
    pub tables: Vec<DemoTable>,
}

/// A table of the show.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoTable {
    /// Its name.
    pub name: &'static str,
    /// Its fields, in the order a person reads them.
    pub fields: Vec<DemoField>,
    /// Its rows: one value for each field.
    pub rows: Vec<Vec<DemoValue>>,
}

/// A field of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoField {
    /// Its name.
    pub name: &'static str,
    /// The type of its values.
    pub field_type: FieldType,
    /// For an enum, the values it offers; otherwise empty.
    pub options: &'static [&'static str],
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum DemoValue {
    /// A value.
    Value(Value),
    /// A row of a table that comes before this one; whoever imports the show knows which entity it became.
    Row {
        /// Which of [`DemoShow::tables`].
        table: usize,
        /// Which of its rows.
        row: usize,
    },
}

/// Where each table stands in [`DemoShow::tables`].
const PEOPLE: usize = 0;
const VENUES: usize = 1;
const PERFORMANCES: usize = 2;
const PROGRAMME: usize = 3;

impl DemoShow {
    /// Makes the show of a seed.
    #[must_use]
    pub fn generate(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let title = (*draw.pick(repertoire::SHOW_TITLES)).to_owned();
        let people = company::engage(&mut draw);
        let stops = tour::route(&mut draw);
        let performances = tour::schedule(&stops, &mut draw);
        let items = repertoire::programme(&performances, &people, &mut draw);
        let cues = cue_sheet::write(&items, &people, &mut draw);
        let tables = vec![
            company::table(&people),
            tour::venue_table(&stops),
            tour::performance_table(&performances),
            repertoire::table(&items),
            cue_sheet::table(&cues),
        ];
        Self { title, tables }
    }
}

impl DemoField {
    const fn new(name: &'static str, field_type: FieldType) -> Self {
        Self {
            name,
            field_type,
            options: &[],
        }
    }

    const fn choice(name: &'static str, options: &'static [&'static str]) -> Self {
        Self {
            name,
            field_type: FieldType::Enum,
            options,
        }
    }
}

impl DemoValue {
    fn text(text: impl Into<String>) -> Self {
        Self::Value(Value::Text(text.into()))
    }

    /// Text, or no value where there is none.
    fn remark(text: &str) -> Self {
        Self::Value(if text.is_empty() {
            Value::Empty
        } else {
            Value::Text(text.to_owned())
        })
    }

    fn choice(option: &str) -> Self {
        Self::Value(Value::Enum(option.to_owned()))
    }

    const fn integer(number: i64) -> Self {
        Self::Value(Value::Integer(number))
    }

    const fn float(number: f64) -> Self {
        Self::Value(Value::Float(number))
    }

    const fn boolean(truth: bool) -> Self {
        Self::Value(Value::Boolean(truth))
    }

    const fn date(days: i32) -> Self {
        Self::Value(Value::Date(days))
    }

    /// A length of time in tenths of a second.
    const fn tenths(tenths: i64) -> Self {
        Self::Value(Value::Duration(tenths * 100_000))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn column<'show>(show: &'show DemoShow, table: usize, name: &str) -> Vec<&'show DemoValue> {
        let table = &show.tables[table];
        let index = table.fields.iter().position(|field| field.name == name).unwrap();
        table.rows.iter().map(|row| &row[index]).collect()
    }

    fn texts(show: &DemoShow, table: usize, name: &str) -> Vec<String> {
        let values = column(show, table, name).into_iter();
        values
            .map(|value| match value {
                DemoValue::Value(value) => value.to_text(),
                DemoValue::Row { table, row } => format!("{table}/{row}"),
            })
            .collect()
    }

    #[test]
    fn one_seed_makes_one_show() {
        for seed in [0, 1, u64::MAX] {
            assert_eq!(DemoShow::generate(seed), DemoShow::generate(seed));
        }
    }

    #[test]
    fn other_seeds_make_other_shows() {
        let shows: Vec<_> = (0..8).map(DemoShow::generate).collect();
        for (index, show) in shows.iter().enumerate() {
            for other in &shows[..index] {
                for (table, other) in show.tables.iter().zip(&other.tables) {
                    assert_eq!(table.fields, other.fields);
                    assert_ne!(table.rows, other.rows, "{}", table.name);
                }
            }
        }
    }

    #[test]
    fn a_show_has_the_size_of_a_tour() {
        for seed in 0..20 {
            let show = DemoShow::generate(seed);
            let sizes: Vec<_> = show
                .tables
                .iter()
                .map(|table| (table.name, table.rows.len()))
                .collect();
            let others = [
                ("People", 60),
                ("Venues", 24),
                ("Performances", 48),
                ("Programme", 600),
            ];
            assert_eq!(sizes[..4], others);
            assert!(matches!(sizes[4], ("Cues", 1_400..=1_600)), "{sizes:?}");
        }
    }

    #[test]
    fn every_value_is_one_that_its_field_holds() {
        for seed in 0..20 {
            let show = DemoShow::generate(seed);
            for (index, table) in show.tables.iter().enumerate() {
                for row in &table.rows {
                    assert_eq!(row.len(), table.fields.len());
                    for (field, value) in table.fields.iter().zip(row) {
                        check_value(&show, index, field, value);
                    }
                }
            }
        }
    }

    fn check_value(show: &DemoShow, table: usize, field: &DemoField, value: &DemoValue) {
        match value {
            DemoValue::Value(value) => {
                assert!(field.field_type.admits(value), "{}: {value:?}", field.name);
                if let Value::Enum(option) = value {
                    assert!(
                        field.options.contains(&option.as_str()),
                        "{}: {option}",
                        field.name
                    );
                }
                if let Value::Text(text) = value {
                    assert!(
                        !text.is_empty() && text.trim() == text,
                        "{}: {text:?}",
                        field.name
                    );
                    assert!(!text.contains(['{', '}']), "{}: {text:?}", field.name);
                }
            }
            DemoValue::Row { table: target, row } => {
                assert_eq!(field.field_type, FieldType::Entity);
                assert!(
                    *target < table && *row < show.tables[*target].rows.len(),
                    "{}: {value:?}",
                    field.name
                );
            }
        }
    }

    #[test]
    fn names_are_told_apart() {
        for seed in 0..20 {
            let show = DemoShow::generate(seed);
            for (table, field) in [
                (PEOPLE, "name"),
                (PEOPLE, "email"),
                (PEOPLE, "phone"),
                (VENUES, "name"),
            ] {
                let names = texts(&show, table, field);
                let different: BTreeSet<_> = names.iter().collect();
                assert_eq!(different.len(), names.len(), "{field}");
            }
        }
    }

    #[test]
    fn positions_count_up_within_each_performance() {
        let show = DemoShow::generate(3);
        let performances = texts(&show, PROGRAMME, "performance");
        let positions = texts(&show, PROGRAMME, "position");
        let mut next = std::collections::BTreeMap::new();
        for (performance, position) in performances.iter().zip(&positions) {
            let expected = next.entry(performance).or_insert(1);
            assert_eq!(*position, expected.to_string());
            *expected += 1;
        }
        assert_eq!(next.len(), 48);
    }

    #[test]
    fn cue_numbers_rise_within_department_and_performance() {
        let show = DemoShow::generate(4);
        let cues = show.tables.len() - 1;
        let performances = texts(&show, PROGRAMME, "performance");
        let mut last = std::collections::BTreeMap::new();
        let (items, departments) = (
            column(&show, cues, "programme_item"),
            texts(&show, cues, "department"),
        );
        for ((item, department), number) in items.iter().zip(departments).zip(column(&show, cues, "number")) {
            let (
                DemoValue::Row {
                    table: PROGRAMME,
                    row,
                },
                DemoValue::Value(Value::Float(number)),
            ) = (item, number)
            else {
                panic!("{item:?}, {number:?}");
            };
            let before = last
                .insert((&performances[*row], department), *number)
                .unwrap_or(0.0);
            assert!(before < *number);
        }
    }
}
