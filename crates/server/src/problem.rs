//! Problem documents (RFC 9457): how every refusal reads.

use std::collections::BTreeMap;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use crate::problem_code::ProblemCode;

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// A refusal: what was refused and why, and what a person needs to go on. Members that do not apply are absent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// A URI for the kind of refusal.
    pub r#type: String,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The stable name of the kind of refusal.
    pub code: ProblemCode,
    /// The member or field that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is taken there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The stable name of the closer reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The table concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What there is instead, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// The record concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    /// The draft concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay_id: Option<String>,
    /// The edge concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge_id: Option<String>,
    /// The bundle concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_id: Option<String>,
    /// The command concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<String>,
    /// The line of the body that is at fault, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column of the body that is at fault, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The context version that was expected; `null` when none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub expected_context_version: Option<Option<u64>>,
    /// The context version that there is; `null` when nothing matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub actual_context_version: Option<Option<u64>>,
    /// The streams that have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams: Option<Vec<ChangedStream>>,
    /// The operation concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_id: Option<String>,
    /// How large it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// How large it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// After how many milliseconds it is worth trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The workspaces that are open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<Vec<String>>,
}

/// A stream that does not end where it was expected to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangedStream {
    /// The stream.
    pub stream: String,
    /// How many events it was expected to have.
    pub expected_version: u64,
    /// How many it has.
    pub actual_version: u64,
}

/// A refusal on its way to the client.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<ProblemDocument>);

impl Problem {
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(Box::new(ProblemDocument {
            r#type: format!("urn:openprod:problem:{}", code.name()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: detail.into(),
            code,
            field: None,
            expected: None,
            found: None,
            reason: None,
            table: None,
            known: None,
            entity_id: None,
            edge_id: None,
            overlay_id: None,
            bundle_id: None,
            command_id: None,
            expected_context_version: None,
            actual_context_version: None,
            streams: None,
            op_id: None,
            line: None,
            column: None,
            size: None,
            limit: None,
            retry_after_ms: None,
            workspaces: None,
        }))
    }

    /// The same refusal with more said about it.
    pub(crate) fn with(mut self, say: impl FnOnce(&mut ProblemDocument)) -> Self {
        say(&mut self.0);
        self
    }

    pub(crate) const fn code(&self) -> ProblemCode {
        self.0.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).expect("strings and numbers always serialise");
        let mut response = (self.0.code.status(), [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if let Some(retry_after_ms) = self.0.retry_after_ms {
            // The header knows whole seconds only.
            let seconds = retry_after_ms.div_ceil(1_000).max(1);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl utoipa::IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let refusal = |description: &str| {
            let document = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("ProblemDocument")))
                .build();
            RefOr::T(
                ResponseBuilder::new()
                    .description(description)
                    .content(MEDIA_TYPE, document)
                    .build(),
            )
        };
        BTreeMap::from([
            ("4XX".to_owned(), refusal("Refused; `code` says why.")),
            ("5XX".to_owned(), refusal("Failed; `code` says why.")),
        ])
    }
}
