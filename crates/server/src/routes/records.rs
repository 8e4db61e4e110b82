//! Records: create one or many, update, delete, restore, list, read one.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use openprod_core::{EntityId, FacetId, FieldId};
use openprod_engine::conflicts::ConflictKind;
use openprod_engine::query::{LIMIT_MAX, ListRequest, list as list_records};
use openprod_engine::row::Row;
use openprod_engine::schema::{Field, Table};
use openprod_engine::{Command, CommandError, Snapshot};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, json, json_response};
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::filter_json::{read_filter, read_sort};
use crate::json_body::JsonBody;
use crate::json_value::{FieldValue, read_fields, read_first_fields};
use crate::moment::read_moment;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;

/// How many records a page has when the request does not say.
const LIMIT_DEFAULT: usize = 100;

/// The fields of a request, by name.
type FieldsToSet = BTreeMap<String, serde_json::Value>;

/// Records to be made: one by `fields`, or many by `records`, all or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRecords {
    /// The table: an id, or a name.
    table: String,
    /// The fields of one record.
    #[schema(value_type = Option<BTreeMap<String, FieldValue>>)]
    fields: Option<FieldsToSet>,
    /// The fields of each of many records, in order.
    #[schema(value_type = Option<Vec<BTreeMap<String, FieldValue>>>)]
    records: Option<Vec<FieldsToSet>>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// The record that was made, or the records.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum RecordsCreated {
    /// By `fields`.
    One {
        /// The record.
        entity_id: String,
        #[serde(flatten)]
        done: Done,
    },
    /// By `records`.
    Many {
        /// The records, in order.
        entity_ids: Vec<String>,
        #[serde(flatten)]
        done: Done,
    },
}

/// Makes records.
#[utoipa::path(post, path = "/records/create", tag = "records", request_body = CreateRecords,
    responses((status = 200, body = RecordsCreated), Problem))]
pub(crate) async fn create(
    State(app): State<App>,
    JsonBody(body): JsonBody<CreateRecords>,
) -> Result<Response, Problem> {
    let (records, single) = match (body.fields, body.records) {
        (Some(fields), None) => (vec![fields], true),
        (None, Some(records)) => (records, false),
        _ => {
            let detail = "create records: give `fields` for one record, or `records` for many";
            return Err(Problem::new(ProblemCode::WrongShape, detail));
        }
    };
    let any_list = records
        .iter()
        .flat_map(BTreeMap::values)
        .any(serde_json::Value::is_array);
    let lists = if any_list {
        app.list_fields(body.workspace.as_deref(), &body.table).await?
    } else {
        BTreeSet::new()
    };
    let records = records
        .into_iter()
        .map(|fields| read_first_fields(fields, &lists));
    let records = records.collect::<Result<_, _>>()?;
    let command = Command::CreateRecords {
        table: body.table,
        records,
    };
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    let done = Done::from(&outcome);
    let mut entity_ids: Vec<_> = outcome.created.iter().map(EntityId::to_string).collect();
    let created = if single {
        RecordsCreated::One {
            entity_id: entity_ids.pop().expect("a command that makes a record made one"),
            done,
        }
    } else {
        RecordsCreated::Many { entity_ids, done }
    };
    json(&created).map(json_response)
}

/// A change to a record. Fields that are not named stay as they are; `null` empties one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRecord {
    /// The record.
    entity_id: String,
    /// The table: an id, or a name.
    table: String,
    /// The fields to set.
    #[schema(value_type = BTreeMap<String, FieldValue>)]
    fields: FieldsToSet,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Sets fields of a record.
#[utoipa::path(post, path = "/records/update", tag = "records", request_body = UpdateRecord,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn update(
    State(app): State<App>,
    JsonBody(body): JsonBody<UpdateRecord>,
) -> Result<Response, Problem> {
    let entity = parse_id("entity_id", &body.entity_id)?;
    let command = Command::UpdateRecord {
        entity,
        table: body.table,
        fields: read_fields(body.fields)?,
    };
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    json(&Done::from(&outcome)).map(json_response)
}

/// A record to be deleted or restored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfRecord {
    /// The record.
    entity_id: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Deletes a record. It can be restored.
#[utoipa::path(post, path = "/records/delete", tag = "records", request_body = OfRecord,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn delete(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfRecord>,
) -> Result<Response, Problem> {
    let command = Command::DeleteRecord {
        entity: parse_id("entity_id", &body.entity_id)?,
    };
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    json(&Done::from(&outcome)).map(json_response)
}

/// Takes the deletion of a record back.
#[utoipa::path(post, path = "/records/restore", tag = "records", request_body = OfRecord,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn restore(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfRecord>,
) -> Result<Response, Problem> {
    let command = Command::RestoreRecord {
        entity: parse_id("entity_id", &body.entity_id)?,
    };
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    json(&Done::from(&outcome)).map(json_response)
}

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRecords {
    /// The table: an id, or a name.
    table: String,
    /// Which records, in JSON: `{"and"|"or": […]}` of `{field, op, value}`, with `op` one of `=`, `!=`, `<`, `<=`,
    /// `>`, `>=`, `contains`, `starts_with`, `is_empty`, `in`. All when absent.
    filter: Option<String>,
    /// `field:asc,field:desc`; by creation when absent. Empty fields come last either way.
    sort: Option<String>,
    /// How many: 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// Text that some field must contain, whatever the case.
    q: Option<String>,
    /// As it was, without any draft: as the author of this bundle saw it, or as of this time in RFC 3339.
    at: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// A page of records.
#[derive(Serialize, ToSchema)]
pub(crate) struct Records {
    /// The records, in order.
    records: Vec<RecordView>,
    /// How many there are on all pages.
    total: u64,
    /// Where the next page begins; `null` on the last.
    next_cursor: Option<String>,
}

/// A record.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordView {
    /// The record.
    entity_id: String,
    /// Every field of the table, by name; `null` where it is empty.
    fields: BTreeMap<String, FieldValue>,
    /// Its open conflicts.
    conflicts: Vec<RecordConflict>,
    /// The reference fields of the table that lead nowhere.
    broken: Vec<BrokenReference>,
}

/// A reference field that leads nowhere.
#[derive(Serialize, ToSchema)]
pub(crate) struct BrokenReference {
    /// The field's name.
    field: String,
    /// `deleted` or `missing`: the record that it leads to is; `no_field`: the field that it shows is no more; `cycle`: it
    /// leads back to itself.
    reason: &'static str,
}

/// An open conflict of a record.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordConflict {
    /// The conflict.
    conflict_id: String,
    /// `field`, `existence`, `membership` or `deletion`.
    kind: &'static str,
    /// The field's name; `null` when it is not about a field.
    field: Option<String>,
}

impl RecordView {
    fn of(snapshot: &Snapshot, table: &Table, entity: EntityId, row: &Row) -> Result<Self, Problem> {
        let schema = snapshot.schema();
        let fields = table.fields.iter().map(|field| {
            (
                field.name.clone(),
                FieldValue::of_field(field, row.field(field.id)),
            )
        });
        let mappings = &snapshot.synonyms().mappings;
        let name = |id: FieldId| {
            let own = |field: &&Field| mappings.semantic(field.id) == id;
            let own = table.fields.iter().find(own).map(|field| field.name.as_str());
            own.or_else(|| schema.field_name(id)).map(str::to_owned)
        };
        let conflicts = snapshot
            .conflicts_of(entity, row)?
            .into_iter()
            .map(|key| RecordConflict {
                conflict_id: key.id().to_string(),
                kind: key.kind.name(),
                field: match key.kind {
                    ConflictKind::Field(field) => name(field),
                    _ => None,
                },
            });
        let mut broken = Vec::new();
        if table.fields.iter().any(Field::is_followed) {
            for (id, reason) in snapshot.broken(entity, row)? {
                broken.extend(table.field_by_id(id).map(|field| BrokenReference {
                    field: field.name.clone(),
                    reason: reason.name(),
                }));
            }
        }
        Ok(Self {
            entity_id: entity.to_string(),
            fields: fields.collect(),
            conflicts: conflicts.collect(),
            broken,
        })
    }
}

/// Lists the records of a table.
#[utoipa::path(get, path = "/records/list", tag = "records", params(ListRecords),
    responses((status = 200, body = Records), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<ListRecords>,
) -> Result<Response, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("list records: `limit` is {limit}; it can be 1 to {LIMIT_MAX}");
        return Err(Problem::new(ProblemCode::BadQuery, detail)
            .with(|problem| (problem.field, problem.limit) = (Some("limit".to_owned()), Some(LIMIT_MAX))));
    }
    let request = ListRequest {
        table: query.table,
        filter: query
            .filter
            .filter(|text| !text.is_empty())
            .map(|text| read_filter(&text))
            .transpose()?,
        sort: query.sort.map(|text| read_sort(&text)).unwrap_or_default(),
        limit,
        cursor: query.cursor.filter(|text| !text.is_empty()),
        search: query.q,
    };
    let moment = query.at.as_deref().map(read_moment).transpose()?;
    app.read(query.workspace.as_deref(), move |snapshot, owner| {
        let past = moment.map(|moment| owner.snapshots().at(moment)).transpose()?;
        let snapshot = past.as_ref().unwrap_or(snapshot);
        let page = list_records(snapshot, &request)?;
        let schema = snapshot.schema();
        let records = match schema.find(&request.table) {
            Some(table) => page
                .records
                .iter()
                .map(|(entity, row)| RecordView::of(snapshot, table, *entity, row))
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        Ok(Records {
            records,
            total: page.total,
            next_cursor: page.next_cursor,
        })
    })
    .await
}

/// Which of a record's tables is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InTable {
    /// The table: an id, or a name. Needed only when the record is in several.
    table: Option<String>,
    /// As it was, without any draft: as the author of this bundle saw it, or as of this time in RFC 3339.
    at: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// A record, and where it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct OneRecord {
    #[serde(flatten)]
    record: RecordView,
    /// The table whose fields are given.
    table_id: String,
    /// The tables that it is in, or was in before it was deleted.
    table_ids: Vec<String>,
    /// Whether it is deleted.
    deleted: bool,
    /// All ids that it goes by: its own first, then those of the records that were merged into it, in order.
    aliases: Vec<String>,
}

/// Reads one record, also a deleted one. By the id of a record that was merged into another, the other is read.
#[utoipa::path(get, path = "/records/{id}", tag = "records", params(("id" = String, Path, description = "The record."), InTable),
    responses((status = 200, body = OneRecord), Problem))]
pub(crate) async fn one(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    QueryString(query): QueryString<InTable>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|error| Problem::new(ProblemCode::BadId, error.body_text()))?;
    let entity: EntityId = parse_id("id", &id)?;
    let moment = query.at.as_deref().map(read_moment).transpose()?;
    app.read(query.workspace.as_deref(), move |snapshot, owner| {
        let past = moment.map(|moment| owner.snapshots().at(moment)).transpose()?;
        read_one(past.as_ref().unwrap_or(snapshot), entity, query.table)
    })
    .await
}

fn read_one(snapshot: &Snapshot, entity: EntityId, table: Option<String>) -> Result<OneRecord, Problem> {
    const ACT: &str = "read record";
    let schema = snapshot.schema();
    let attached = |row: &Row| {
        row.attached()
            .filter(|facet| schema.table(*facet).is_some())
            .collect::<Vec<FacetId>>()
    };
    let found = snapshot
        .row(entity)?
        .map(|row| (attached(&row), row))
        .filter(|(facets, _)| !facets.is_empty());
    let (facets, row) = found.ok_or(CommandError::UnknownRecord { act: ACT, entity })?;
    let named = |facet: &FacetId| {
        schema
            .table(*facet)
            .map(|table| table.name.as_str())
            .unwrap_or_default()
    };
    let table = match (table, facets.as_slice()) {
        (Some(name), _) => {
            let table = schema.find(&name).ok_or(CommandError::UnknownTable {
                act: ACT,
                table: name,
            })?;
            if !facets.contains(&table.id) {
                return Err(CommandError::NotInTable {
                    act: ACT,
                    entity,
                    table: table.name.clone(),
                }
                .into());
            }
            table
        }
        (None, [only]) => schema
            .table(*only)
            .expect("only tables that the schema has were kept"),
        (None, several) => {
            let known = several.iter().map(named).collect::<Vec<_>>().join(", ");
            let detail = format!("{ACT}: record {entity} is in {known}; say which with `table`");
            return Err(
                Problem::new(ProblemCode::AmbiguousTable, detail).with(|problem| problem.known = Some(known))
            );
        }
    };
    let root = snapshot.root(entity);
    let aliases = snapshot.synonyms().aliases.names(root);
    Ok(OneRecord {
        record: RecordView::of(snapshot, table, root, &row)?,
        table_id: table.id.to_string(),
        table_ids: facets.iter().map(FacetId::to_string).collect(),
        deleted: row.is_deleted(),
        aliases: aliases.map(|name| name.to_string()).collect(),
    })
}
