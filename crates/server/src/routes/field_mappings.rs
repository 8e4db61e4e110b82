//! Field mappings: which fields of different tables are one.

use axum::extract::State;
use axum::response::Response;
use openprod_core::{FacetId, FieldId};
use openprod_engine::Command;
use openprod_engine::command::FieldName;
use openprod_engine::schema::{Schema, Table};
use openprod_engine::synonyms::Pair;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::command_envelope::{CommandEnvelope, Done};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::query_string::{InWorkspace, QueryString};

/// The field mappings of a workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldMappings {
    /// The pairs that somebody confirmed: they are one.
    confirmed: Vec<MappingView>,
    /// The pairs that somebody rejected: they are not suggested again.
    rejected: Vec<MappingView>,
    /// The pairs that nobody has decided on: same type, same name apart from case, spaces and punctuation, and a
    /// record that is in both tables.
    suggested: Vec<MappingView>,
}

/// Two fields of two tables.
#[derive(Serialize, ToSchema)]
pub(crate) struct MappingView {
    /// The table of the one.
    facet_a: String,
    /// Its name; `null` when the table is no more.
    table_name_a: Option<String>,
    /// The one.
    field_a: String,
    /// Its name; `null` when the field is no more.
    field_name_a: Option<String>,
    /// The table of the other.
    facet_b: String,
    /// Its name; `null` when the table is no more.
    table_name_b: Option<String>,
    /// The other.
    field_b: String,
    /// Its name; `null` when the field is no more.
    field_name_b: Option<String>,
}

impl MappingView {
    pub(crate) fn of(schema: &Schema, pair: &Pair) -> Self {
        let names = |facet: FacetId, field: FieldId| -> (Option<String>, Option<String>) {
            let table: Option<&Table> = schema.table(facet);
            let field = table.and_then(|table| table.field_by_id(field));
            (
                table.map(|table| table.name.clone()),
                field.map(|field| field.name.clone()),
            )
        };
        let ((facet_a, facet_b), (field_a, field_b)) = (pair.facets, pair.fields);
        let (table_name_a, field_name_a) = names(facet_a, field_a);
        let (table_name_b, field_name_b) = names(facet_b, field_b);
        Self {
            facet_a: facet_a.to_string(),
            table_name_a,
            field_a: field_a.to_string(),
            field_name_a,
            facet_b: facet_b.to_string(),
            table_name_b,
            field_b: field_b.to_string(),
            field_name_b,
        }
    }
}

/// Lists what was decided about fields of different tables, and what there is to decide.
#[utoipa::path(get, path = "/field-mappings/list", tag = "field-mappings", params(InWorkspace),
    responses((status = 200, body = FieldMappings), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    app.read(query.workspace.as_deref(), |snapshot, _| {
        let mappings = &snapshot.synonyms().mappings;
        let view = |pair: &Pair| MappingView::of(snapshot.schema(), pair);
        Ok(FieldMappings {
            confirmed: mappings.confirmed().map(view).collect(),
            rejected: mappings.rejected().map(view).collect(),
            suggested: snapshot.suggested_mappings()?.iter().map(view).collect(),
        })
    })
    .await
}

/// Two fields to be decided on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecideMapping {
    /// The table of the one: an id, or a name.
    facet_a: String,
    /// The one: an id, or a name.
    field_a: String,
    /// The table of the other: an id, or a name.
    facet_b: String,
    /// The other: an id, or a name.
    field_b: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// The fields of a request, and the rest of it.
type Decision = ((FieldName, FieldName), Option<String>, Option<CommandEnvelope>);

impl DecideMapping {
    fn read(self) -> Decision {
        let name = |table, field| FieldName { table, field };
        let fields = (name(self.facet_a, self.field_a), name(self.facet_b, self.field_b));
        (fields, self.workspace, self.command)
    }
}

/// Declares two fields of different tables one: what is written to either is the value of both.
#[utoipa::path(post, path = "/field-mappings/confirm", tag = "field-mappings", request_body = DecideMapping,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn confirm(
    State(app): State<App>,
    JsonBody(body): JsonBody<DecideMapping>,
) -> Result<Response, Problem> {
    let ((a, b), workspace, envelope) = body.read();
    let command = Command::ConfirmMapping { a, b };
    app.carry_out(workspace.as_deref(), envelope, command).await
}

/// Says that two fields are not one: takes a confirmation back, or a suggestion away.
#[utoipa::path(post, path = "/field-mappings/reject", tag = "field-mappings", request_body = DecideMapping,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn reject(
    State(app): State<App>,
    JsonBody(body): JsonBody<DecideMapping>,
) -> Result<Response, Problem> {
    let ((a, b), workspace, envelope) = body.read();
    let command = Command::RejectMapping { a, b };
    app.carry_out(workspace.as_deref(), envelope, command).await
}
