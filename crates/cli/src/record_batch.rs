//! Records on their way into a table: gathered into requests that become one bundle each.

use openprod_core::bundle::OPERATIONS_MAX;
use openprod_core::{CommandId, Value};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Serialize, Serializer};

use crate::command_name::new_command_id;
use crate::engine_client::EngineClient;
use crate::failure::Failure;
use crate::field_json::FieldJson;

/// How many records a request has: one bundle, one signature, one write to the disk.
const ROWS_MAX: usize = 500;

/// How many operations a request may need, at most; a bundle holds somewhat more.
const BATCH_OPERATIONS_MAX: usize = OPERATIONS_MAX / 8 * 7;

/// How much text a request has, in bytes: half of what a bundle holds.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// How many operations a record needs beside its fields: to exist, and to be in its table.
const OPERATIONS_A_RECORD: usize = 2;

/// Where records go, and why.
pub(crate) struct RecordRoad<'a> {
    pub(crate) client: &'a EngineClient,
    /// The table: an id or a name.
    pub(crate) table: &'a str,
    /// The names of the fields, in the order of every row.
    pub(crate) fields: &'a [String],
    /// Where the commands come from, for the history.
    pub(crate) source: &'a str,
    /// The conversation that the commands belong to.
    pub(crate) correlation_id: CommandId,
    /// Why.
    pub(crate) justification: &'a str,
}

/// Rows that wait to be sent together.
#[derive(Debug, Default)]
pub(crate) struct RecordBatch {
    rows: Vec<Vec<Value>>,
    operations: usize,
    text_bytes: usize,
}

impl RecordBatch {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether `row` has to wait for the next request.
    pub(crate) fn is_too_full_for(&self, row: &[Value]) -> bool {
        !self.rows.is_empty()
            && (self.rows.len() >= ROWS_MAX
                || self.operations + operations(row) > BATCH_OPERATIONS_MAX
                || self.text_bytes + text_bytes(row) > TEXT_BYTES_MAX)
    }

    pub(crate) fn add(&mut self, row: Vec<Value>) {
        self.operations += operations(&row);
        self.text_bytes += text_bytes(&row);
        self.rows.push(row);
    }

    /// Takes the rows out.
    pub(crate) fn take(&mut self) -> Vec<Vec<Value>> {
        std::mem::take(self).rows
    }
}

/// The engine's answer to a request that makes many records.
#[derive(Deserialize)]
struct Created {
    entity_ids: Vec<String>,
}

impl RecordRoad<'_> {
    /// Makes a record of each row, in order; gives their ids. A request that the engine finds too large is halved.
    /// `command_id` names the command, so that giving it twice has one effect.
    ///
    /// # Errors
    /// How many rows were made before the one that failed, and why.
    pub(crate) fn send(
        &self,
        rows: &[Vec<Value>],
        command_id: CommandId,
    ) -> Result<Vec<String>, (usize, Failure)> {
        let request = CreateRecords {
            table: self.table,
            records: Records {
                fields: self.fields,
                rows,
            },
            workspace: self.client.workspace(),
            command: Envelope {
                command_id: command_id.to_string(),
                source: self.source,
                correlation_id: self.correlation_id.to_string(),
                justification: self.justification,
            },
        };
        match self.client.post_any::<Created>("/records/create", &request) {
            Ok(created) => Ok(created.entity_ids),
            Err(Failure::Refused { problem, .. }) if problem.code == "too_large" && rows.len() > 1 => {
                let (first, second) = rows.split_at(rows.len() / 2);
                let mut ids = self.send(first, new_command_id())?;
                let rest = self.send(second, new_command_id());
                ids.extend(rest.map_err(|(done, failure)| (first.len() + done, failure))?);
                Ok(ids)
            }
            Err(failure) => Err((0, failure)),
        }
    }
}

fn operations(row: &[Value]) -> usize {
    OPERATIONS_A_RECORD + row.iter().filter(|value| !matches!(value, Value::Empty)).count()
}

fn text_bytes(row: &[Value]) -> usize {
    row.iter()
        .map(|value| match value {
            Value::Text(text) | Value::Enum(text) => text.len(),
            _ => 0,
        })
        .sum()
}

#[derive(Serialize)]
struct CreateRecords<'a> {
    table: &'a str,
    records: Records<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<&'a str>,
    command: Envelope<'a>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    command_id: String,
    source: &'a str,
    correlation_id: String,
    justification: &'a str,
}

struct Records<'a> {
    fields: &'a [String],
    rows: &'a [Vec<Value>],
}

impl Serialize for Records<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in self.rows {
            list.serialize_element(&Record {
                fields: self.fields,
                row,
            })?;
        }
        list.end()
    }
}

/// A record of the fields that have a value.
struct Record<'a> {
    fields: &'a [String],
    row: &'a [Value],
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.fields.iter().zip(self.row) {
            if !matches!(value, Value::Empty) {
                map.serialize_entry(name, &FieldJson(value))?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_ends_at_its_rows_its_operations_and_its_text() {
        let fill = |row: &[Value]| {
            let mut batch = RecordBatch::default();
            while !batch.is_too_full_for(row) {
                batch.add(row.to_vec());
            }
            batch.len()
        };
        assert_eq!(fill(&[Value::Boolean(true)]), ROWS_MAX);
        let wide = vec![Value::Boolean(true); 4_096];
        assert_eq!(fill(&wide), BATCH_OPERATIONS_MAX / 4_098);
        assert_eq!(fill(&vec![Value::Empty; 4_096]), ROWS_MAX);
        assert_eq!(fill(&[Value::Text("x".repeat(1 << 20))]), 4);
        assert_eq!(fill(&[Value::Text("x".repeat(7 << 20))]), 1);
    }

    #[test]
    fn empty_fields_are_not_sent() {
        let fields = ["a".to_owned(), "b".to_owned()];
        let row = [Value::Empty, Value::Integer(1)];
        let text = serde_json::to_string(&Record {
            fields: &fields,
            row: &row,
        })
        .unwrap();
        assert_eq!(text, r#"{"b":1}"#);
    }
}
