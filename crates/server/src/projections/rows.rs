//! Reading the rows of a projection, page by page.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Map, Value as Json};

/// How the rows of a projection are listed.
pub(super) struct Listing {
    /// The rows beyond `?1`, in order, `?2` at most. The first column is the cursor, the others are the row.
    pub(super) sql: &'static str,
    /// The columns that hold a time, in microseconds since 1970.
    pub(super) times: &'static [&'static str],
    /// What `?1` is when there is no cursor.
    pub(super) first: Cursor,
    /// The name of the projection.
    pub(super) name: &'static str,
}

/// A place in a listing.
pub(super) enum Cursor {
    /// A text.
    Text(&'static str),
    /// A number.
    Number(i64),
}

/// A page of rows.
#[derive(Default)]
pub(crate) struct RowsPage {
    /// The rows.
    pub(crate) rows: Vec<Json>,
    /// Where the next page begins; `None` on the last.
    pub(crate) next_cursor: Option<String>,
    /// Everything up to this event is in the rows; `None` before the first.
    pub(crate) position: Option<u64>,
}

impl Listing {
    /// A page; `None` when the cursor is none of this listing. Of a projection that has not begun, an empty one.
    pub(super) fn page(
        &self,
        connection: &Connection,
        cursor: Option<&str>,
        limit: usize,
    ) -> rusqlite::Result<Option<RowsPage>> {
        // Rows and position of one moment.
        let transaction = connection.unchecked_transaction()?;
        let checkpoint: Option<Option<i64>> = transaction
            .query_row(
                "SELECT position FROM openprod_projection WHERE name = ?1",
                [self.name],
                |row| row.get(0),
            )
            .optional()?;
        let from: rusqlite::types::Value = match (&self.first, cursor) {
            (Cursor::Text(first), None) => (*first).to_owned().into(),
            (Cursor::Number(first), None) => (*first).into(),
            (Cursor::Text(_), Some(cursor)) => cursor.to_owned().into(),
            (Cursor::Number(_), Some(cursor)) => match cursor.parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => return Ok(None),
            },
        };
        let Some(position) = checkpoint else {
            return Ok(Some(RowsPage::default()));
        };
        let mut page = RowsPage {
            position: position.map(i64::unsigned_abs),
            ..RowsPage::default()
        };
        let mut statement = transaction.prepare(self.sql)?;
        let names: Vec<String> = statement.column_names().iter().map(ToString::to_string).collect();
        let most = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        let mut found = statement.query(rusqlite::params![from, most])?;
        let mut last = None;
        while let Some(row) = found.next()? {
            if page.rows.len() == limit {
                page.next_cursor = last;
                break;
            }
            last = Some(match row.get_ref(0)? {
                ValueRef::Integer(number) => number.to_string(),
                other => other.as_str()?.to_owned(),
            });
            let mut object = Map::new();
            for (index, name) in names.iter().enumerate().skip(1) {
                object.insert(name.clone(), self.value(name, row.get_ref(index)?)?);
            }
            page.rows.push(Json::Object(object));
        }
        Ok(Some(page))
    }

    fn value(&self, name: &str, value: ValueRef<'_>) -> rusqlite::Result<Json> {
        Ok(match value {
            ValueRef::Null => Json::Null,
            ValueRef::Integer(micros) if self.times.contains(&name) => {
                let at = openprod_core::Timestamp::from_micros(micros.unsigned_abs());
                crate::clock::rfc3339(at).into()
            }
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            other => other.as_str()?.into(),
        })
    }
}
