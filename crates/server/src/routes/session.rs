//! How a browser gets the token: by the one-time code that its address carried.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, json, json_response};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;

/// How many digits a challenge has.
const CHALLENGE_LEN: usize = 64;

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

/// A question to whoever answers here.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Challenge {
    /// 64 lower-case hex digits, drawn anew at random each time.
    challenge: String,
}

/// The answer of whoever has the token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proof {
    /// The HMAC-SHA-256 of `openprod engine`, the port and the challenge, a line feed between them, under the token, in
    /// lower-case hex.
    proof: String,
}

/// Shows a page that this is the engine it had: a page that lost its engine asks before it says the token again, for
/// meanwhile another program may have the port.
#[utoipa::path(get, path = "/session/proof", tag = "engine", security(()), params(Challenge),
    responses((status = 200, body = Proof), Problem))]
pub(crate) async fn proof(
    State(app): State<App>,
    QueryString(query): QueryString<Challenge>,
) -> Result<Response, Problem> {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if query.challenge.len() != CHALLENGE_LEN || !query.challenge.bytes().all(hex) {
        let detail = "prove engine: `challenge` must be 64 lower-case hex digits";
        return Err(Problem::new(ProblemCode::BadQuery, detail)
            .with(|problem| problem.field = Some("challenge".to_owned())));
    }
    let proof = app.access().prove(&query.challenge);
    Ok(json_response(json(&Proof { proof })?))
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
