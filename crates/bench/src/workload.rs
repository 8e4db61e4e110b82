//! What the engine is given to do: tables and rows as a touring production has them, the same for the same seed.

use openprod_core::value::DateTime;
use openprod_core::{FieldType, Value};
use openprod_engine::{Command, Fields, NewField};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// The table that the rows go into.
pub(crate) const TABLE: &str = "Performance";

/// The columns of the table, as many as a bench takes.
const COLUMNS: [(&str, FieldType); 12] = [
    ("title", FieldType::Text),
    ("venue", FieldType::Text),
    ("day", FieldType::Date),
    ("seats", FieldType::Integer),
    ("starts", FieldType::DateTime),
    ("contact", FieldType::Text),
    ("status", FieldType::Enum),
    ("price", FieldType::Float),
    ("length", FieldType::Duration),
    ("sold_out", FieldType::Boolean),
    ("city", FieldType::Text),
    ("note", FieldType::Text),
];

const STATUSES: [&str; 4] = ["option", "confirmed", "on sale", "cancelled"];

const WORDS: [&str; 40] = [
    "amber", "bridge", "chorus", "dawn", "echo", "fable", "garden", "harbour", "island", "journey",
    "kindling", "lantern", "meadow", "night", "orchard", "passage", "quarry", "river", "storm", "tide",
    "umbrella", "valley", "winter", "yard", "zenith", "arrival", "border", "cellar", "distance", "evening",
    "furnace", "glass", "hollow", "iron", "junction", "keeper", "ladder", "mirror", "north", "ocean",
];

const NAMES: [&str; 20] = [
    "abbott",
    "becker",
    "castillo",
    "dubois",
    "eriksen",
    "fontaine",
    "gruber",
    "haddad",
    "ivanova",
    "jansen",
    "kovac",
    "lindqvist",
    "moreau",
    "novak",
    "okafor",
    "petrov",
    "quist",
    "rossi",
    "santos",
    "tanaka",
];

/// The first day of the season, in days since 1970-01-01.
const FIRST_DAY: i32 = 20_800;

/// Rows of the table, one after the other.
pub(crate) struct Rows {
    random: ChaCha8Rng,
}

impl Rows {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The next row: a value for each of the first `columns` columns, none of them empty.
    pub(crate) fn next(&mut self, columns: usize) -> Fields {
        let day = FIRST_DAY + self.below(400) as i32;
        COLUMNS[..columns]
            .iter()
            .map(|(name, _)| ((*name).to_owned(), self.value(name, day)))
            .collect()
    }

    /// A whole number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The bias of a remainder by a small number is of no account here.
        self.random.next_u64() % bound
    }

    fn value(&mut self, column: &str, day: i32) -> Value {
        match column {
            "title" => Value::Text(self.words(2, 4)),
            "venue" => Value::Text(format!("The {} Theatre", self.pick(&WORDS))),
            "city" => Value::Text(format!("{}ville", self.pick(&WORDS))),
            "day" => Value::Date(day),
            "starts" => {
                let half_hours = 36 + self.below(6) as i64;
                let micros = (i64::from(day) * 48 + half_hours) * 1_800_000_000;
                Value::DateTime(DateTime {
                    micros,
                    offset_minutes: 60,
                })
            }
            "length" => Value::Duration((90 + 5 * self.below(20) as i64) * 60_000_000),
            "seats" => Value::Integer(200 + self.below(1_800) as i64),
            "price" => Value::Float((1_500 + self.below(8_000)) as f64 / 100.0),
            "status" => Value::Enum(self.pick(&STATUSES).to_owned()),
            "sold_out" => Value::Boolean(self.below(2) == 1),
            "contact" => Value::Text(format!("{}{}@example.org", self.pick(&NAMES), self.below(90))),
            _ => Value::Text(self.words(3, 12)),
        }
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.below(among.len() as u64) as usize]
    }

    fn words(&mut self, least: u64, most: u64) -> String {
        let count = least + self.below(most - least + 1);
        (0..count)
            .map(|_| self.pick(&WORDS))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The command that makes the table with its first `columns` columns.
pub(crate) fn create_table(columns: usize) -> Command {
    let fields = COLUMNS[..columns].iter().map(|(name, field_type)| NewField {
        options: if *field_type == FieldType::Enum {
            STATUSES.map(str::to_owned).to_vec()
        } else {
            Vec::new()
        },
        ..NewField::new(name, *field_type)
    });
    Command::CreateTable {
        name: TABLE.to_owned(),
        fields: fields.collect(),
    }
}

/// A row as a request for `POST /records/create`.
pub(crate) fn create_request(row: &Fields) -> String {
    let fields: serde_json::Map<_, _> = row
        .iter()
        .map(|(name, value)| (name.clone(), json(value)))
        .collect();
    serde_json::json!({ "table": TABLE, "fields": fields }).to_string()
}

/// The table as a request for `POST /tables/create`.
pub(crate) fn table_request(columns: usize) -> String {
    let fields: Vec<_> = COLUMNS[..columns]
        .iter()
        .map(|(name, field_type)| match field_type {
            FieldType::Enum => serde_json::json!({"name": name, "type": "enum", "options": STATUSES}),
            other => serde_json::json!({"name": name, "type": other.name()}),
        })
        .collect();
    serde_json::json!({ "name": TABLE, "fields": fields }).to_string()
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        other => other.to_text().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_depend_on_the_seed_alone_and_have_no_empty_field() {
        let rows = |seed| {
            let mut rows = Rows::new(seed);
            (0..50).map(|_| rows.next(12)).collect::<Vec<_>>()
        };
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
        assert!(
            rows(1)
                .iter()
                .all(|row| row.len() == 12 && row.iter().all(|(_, value)| *value != Value::Empty))
        );
    }
}
