//! The query string of a request, of the shape that is expected.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::refusal::told;

/// The query string of a request.
pub(crate) struct QueryString<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for QueryString<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let bad = |error| Problem::new(ProblemCode::BadQuery, told(&error));
        Query::try_from_uri(&parts.uri)
            .map(|Query(query)| Self(query))
            .map_err(bad)
    }
}

/// The query string of a route that needs only to know the workspace.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InWorkspace {
    /// The workspace; needed only when several are open.
    pub(crate) workspace: Option<String>,
}
