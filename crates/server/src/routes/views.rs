//! Saved views: create, update, delete, restore, list.
//!
//! They go to the log at once, whatever draft is active: a view is how a table is looked at and not what stands in it, and
//! must not go when a draft is discarded.

use axum::extract::State;
use axum::response::Response;
use openprod_core::EntityId;
use openprod_engine::saved_view::SavedView;
use openprod_engine::{Command, Destination};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Showing, json, json_response};
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::query_string::QueryString;

/// A view to be saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateView {
    /// The table: an id, or a name. It must be in the log: no table that is only in a draft.
    table: String,
    /// Its name; others may have the same.
    name: String,
    /// How it shows the table: up to 64 KiB of text, which only those who show it understand. The workspace app writes JSON
    /// with a `version`.
    settings: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// A view that was saved.
#[derive(Serialize, ToSchema)]
pub(crate) struct ViewCreated {
    /// The view.
    view_id: String,
    #[serde(flatten)]
    done: Done,
}

/// Saves a view, for the whole team. It goes to the log at once, whatever draft is active.
#[utoipa::path(post, path = "/views/create", tag = "views", request_body = CreateView,
    responses((status = 200, body = ViewCreated), Problem))]
pub(crate) async fn create(
    State(app): State<App>,
    JsonBody(body): JsonBody<CreateView>,
) -> Result<Response, Problem> {
    let command = Command::CreateView {
        table: body.table,
        name: body.name,
        settings: body.settings,
    };
    let outcome = app
        .execute_in(Destination::Log, body.workspace.as_deref(), body.command, command)
        .await?;
    let made = outcome
        .created
        .first()
        .expect("a command that makes a view made one");
    json(&ViewCreated {
        view_id: made.to_string(),
        done: (&outcome).into(),
    })
    .map(json_response)
}

/// A change to a view. What is not named stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateView {
    /// The view.
    view_id: String,
    /// A new name for it.
    name: Option<String>,
    /// How it shows its table from now on.
    settings: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Changes a view. It goes to the log at once, whatever draft is active.
#[utoipa::path(post, path = "/views/update", tag = "views", request_body = UpdateView,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn update(
    State(app): State<App>,
    JsonBody(body): JsonBody<UpdateView>,
) -> Result<Response, Problem> {
    let command = Command::UpdateView {
        view: parse_id("view_id", &body.view_id)?,
        name: body.name,
        settings: body.settings,
    };
    give(&app, body.workspace, body.command, command).await
}

/// A view that something is to be done to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfView {
    /// The view.
    view_id: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Deletes a view, for the whole team. It can be restored.
#[utoipa::path(post, path = "/views/delete", tag = "views", request_body = OfView,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn delete(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfView>,
) -> Result<Response, Problem> {
    let view: EntityId = parse_id("view_id", &body.view_id)?;
    give(&app, body.workspace, body.command, Command::DeleteView { view }).await
}

/// Takes the deletion of a view back.
#[utoipa::path(post, path = "/views/restore", tag = "views", request_body = OfView,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn restore(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfView>,
) -> Result<Response, Problem> {
    let view: EntityId = parse_id("view_id", &body.view_id)?;
    give(&app, body.workspace, body.command, Command::RestoreView { view }).await
}

async fn give(
    app: &App,
    workspace: Option<String>,
    envelope: Option<CommandEnvelope>,
    command: Command,
) -> Result<Response, Problem> {
    let outcome = app
        .execute_in(Destination::Log, workspace.as_deref(), envelope, command)
        .await?;
    json(&Done::from(&outcome)).map(json_response)
}

/// Which views to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListViews {
    /// The id of the table that they are of; of all tables when absent.
    table: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// Saved views.
#[derive(Serialize, ToSchema)]
pub(crate) struct Views {
    /// In order of their making.
    views: Vec<ViewView>,
}

/// A saved view.
#[derive(Serialize, ToSchema)]
#[schema(as = SavedView)]
pub(crate) struct ViewView {
    /// The view. Conflicts about it have it as their record.
    view_id: String,
    /// The table that it is of, which may be deleted.
    table_id: String,
    /// Its name; others may have the same.
    name: String,
    /// How it shows the table, as whoever saved it wrote it.
    settings: String,
}

impl From<&SavedView> for ViewView {
    fn from(view: &SavedView) -> Self {
        Self {
            view_id: view.id.to_string(),
            table_id: view.table.to_string(),
            name: view.name.clone(),
            settings: view.settings.clone(),
        }
    }
}

/// Lists the saved views.
#[utoipa::path(get, path = "/views/list", tag = "views", params(ListViews),
    responses((status = 200, body = Views), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<ListViews>,
) -> Result<Response, Problem> {
    let table = query
        .table
        .map(|table| parse_id::<EntityId>("table", &table))
        .transpose()?;
    app.answer(
        query.workspace.as_deref(),
        Showing::Written,
        move |snapshot, _| {
            let views = snapshot.views()?;
            let wanted = |view: &&SavedView| table.is_none_or(|table| view.table == table.facet());
            Ok(Views {
                views: views.iter().filter(wanted).map(ViewView::from).collect(),
            })
        },
    )
    .await
}
