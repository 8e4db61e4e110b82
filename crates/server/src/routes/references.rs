//! Reference fields: what they follow.

use axum::extract::State;
use axum::response::Response;
use openprod_engine::reference::{Reference, Via};
use openprod_engine::schema::{Schema, Table};
use openprod_engine::{Command, NewReference, NewVia};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::command_envelope::{CommandEnvelope, Done};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// What a reference field is to follow: the field of another record, which it reaches through an entity field of its
/// own table or through an edge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReferenceToMake {
    /// The entity field through which it goes: an id, or a name.
    via_field: Option<String>,
    /// The type of the edge through which it goes.
    via_edge: Option<String>,
    /// The table of the field that it shows: an id, or a name.
    table: String,
    /// The field that it shows: an id, or a name.
    field: String,
}

impl ReferenceToMake {
    pub(crate) fn read(self) -> Result<NewReference, Problem> {
        let via = match (self.via_field, self.via_edge) {
            (Some(field), None) => NewVia::Field(field),
            (None, Some(edge_type)) => NewVia::Edge(edge_type),
            _ => {
                let detail = "follow field: give `via_field`, a field that holds an entity, or `via_edge`, a type of edge";
                return Err(Problem::new(ProblemCode::WrongShape, detail)
                    .with(|problem| problem.field = Some("reference".to_owned())));
            }
        };
        Ok(NewReference {
            via,
            table: self.table,
            field: self.field,
        })
    }
}

/// What a reference field follows.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReferenceView {
    /// The name of the entity field through which it goes; `null` when it goes through an edge, or the field is no more.
    via_field: Option<String>,
    /// The type of the edge through which it goes; `null` when it goes through a field.
    via_edge: Option<String>,
    /// The name of the table of the field that it shows; `null` when it is no more.
    table: Option<String>,
    /// The name of the field that it shows; `null` when it is no more.
    field: Option<String>,
    /// The id of the field that it shows.
    field_id: String,
}

impl ReferenceView {
    /// What a field of `own` follows.
    pub(crate) fn of(schema: &Schema, own: &Table, reference: &Reference) -> Self {
        let (via_field, via_edge) = match &reference.via {
            Via::Field(id) => (own.field_by_id(*id).map(|field| field.name.clone()), None),
            Via::Edge(edge_type) => (None, Some(edge_type.clone())),
        };
        let target = schema
            .tables
            .iter()
            .find_map(|table| Some((table, table.field_by_id(reference.target)?)));
        Self {
            via_field,
            via_edge,
            table: target.map(|(table, _)| table.name.clone()),
            field: target.map(|(_, field)| field.name.clone()),
            field_id: reference.target.to_string(),
        }
    }
}

/// A reference field that is to follow something else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowField {
    /// The table: an id, or a name.
    table: String,
    /// The field: an id, or a name.
    field: String,
    /// What it is to follow.
    reference: ReferenceToMake,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Lets a reference field follow something else.
#[utoipa::path(post, path = "/tables/follow", tag = "tables", request_body = FollowField,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn follow(
    State(app): State<App>,
    JsonBody(body): JsonBody<FollowField>,
) -> Result<Response, Problem> {
    let command = Command::FollowField {
        table: body.table,
        field: body.field,
        reference: body.reference.read()?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}
