//! How a browser gets the token: by the one-time code that its address carried.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, json, json_response};
use crate::json_body::JsonBody;
use crate::problem::Problem;

/// A one-time code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenSession {
    /// The code.
    code: String,
}

/// The token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// To be sent as `Authorization: Bearer TOKEN`.
    token: String,
}

/// Gives the token for a one-time code. The code is good once, and for ten minutes.
#[utoipa::path(post, path = "/session", tag = "engine", security(()), request_body = OpenSession,
    responses((status = 200, body = Session), Problem))]
pub(crate) async fn session(
    State(app): State<App>,
    JsonBody(body): JsonBody<OpenSession>,
) -> Result<Response, Problem> {
    let token = app.access().redeem_code(&body.code)?.as_str().to_owned();
    Ok(json_response(json(&Session { token })?))
}

/// Asks for nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeCode {}

/// A new one-time code.
#[derive(Serialize, ToSchema)]
pub(crate) struct Code {
    /// The code.
    code: String,
    /// What a person's browser opens: it carries the code in its fragment.
    open_url: String,
}

/// Makes a one-time code, for a program that opens a person's browser.
#[utoipa::path(post, path = "/session/code", tag = "engine", request_body = MakeCode,
    responses((status = 200, body = Code), Problem))]
pub(crate) async fn code(
    State(app): State<App>,
    JsonBody(_body): JsonBody<MakeCode>,
) -> Result<Response, Problem> {
    let code = app.access().issue_code();
    let open_url = app.access().open_url(&code);
    Ok(json_response(json(&Code { code, open_url })?))
}
