//! The JSON body of a request: declared as JSON, of bounded size and time, and of the shape that is expected.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// The longest body, in bytes: room for the greatest bundle, whose values are wider in JSON.
pub(crate) const BODY_BYTES_MAX: usize = 16 << 20;

/// How much of a body that is too long is read past, so that its sender hears the answer, in bytes.
const SKIPPED_BYTES_MAX: usize = 64 << 20;

/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// The body of a request; an empty one counts as `{}`.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        declared_as_json(request.headers())?;
        let declared = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if declared.is_some_and(|len| len > SKIPPED_BYTES_MAX) {
            return Err(too_large(declared));
        }
        let slow = |_| {
            Problem::new(
                ProblemCode::RequestTimeout,
                "read body: it did not arrive within 30 seconds",
            )
        };
        let bytes = tokio::time::timeout(BODY_TIME_MAX, gather(request.into_body()))
            .await
            .map_err(slow)??;
        let bytes = if bytes.is_empty() { b"{}" } else { bytes.as_slice() };
        Ok(Self(parse(bytes)?))
    }
}

fn declared_as_json(headers: &HeaderMap) -> Result<(), Problem> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|text| text.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let detail = "read body: send `Content-Type: application/json`";
    Err(Problem::new(ProblemCode::NotJson, detail)
        .with(|problem| problem.found = declared.map(str::to_owned)))
}

async fn gather(body: Body) -> Result<Vec<u8>, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut len) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let broken = |error: axum::Error| {
            Problem::new(
                ProblemCode::MalformedJson,
                format!("read body: it ended too early: {error}"),
            )
        };
        let chunk = chunk.map_err(broken)?;
        len += chunk.len();
        if len > SKIPPED_BYTES_MAX {
            break;
        } else if len > BODY_BYTES_MAX {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if len > BODY_BYTES_MAX {
        Err(too_large(Some(len)))
    } else {
        Ok(bytes)
    }
}

fn too_large(size: Option<usize>) -> Problem {
    let detail = format!("read body: it may have {BODY_BYTES_MAX} bytes; send less at a time");
    Problem::new(ProblemCode::TooLarge, detail)
        .with(|problem| (problem.size, problem.limit) = (size, Some(BODY_BYTES_MAX)))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list would be taken for the members in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::new(
            ProblemCode::WrongShape,
            "read body: expected an object, not a list",
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let (code, what) = match error.classify() {
            Category::Data => (ProblemCode::WrongShape, "read body"),
            Category::Syntax | Category::Eof | Category::Io => {
                (ProblemCode::MalformedJson, "read body as JSON")
            }
        };
        Problem::new(code, format!("{what}: {error}"))
            .with(|problem| (problem.line, problem.column) = (Some(error.line()), Some(error.column())))
    })
}
