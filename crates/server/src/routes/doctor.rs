//! The network doctor: why devices do, or do not, see each other.

use axum::extract::State;
use axum::response::Response;
use openprod_sync::{Check, Diagnosis};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, json, json_response};
use crate::clock::{now, rfc3339};
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;
use crate::routes::peers::PeerView;

/// The longest name that is asked about, in bytes.
const PEER_BYTES_MAX: usize = 256;

/// Whom to examine.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Examine {
    /// A peer that somebody misses: the name of its device, the beginning of its key, or its address.
    peer: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// What the doctor found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Examination {
    /// The worst of the checks: `ok`, `warn` or `fail`.
    status: &'static str,
    /// When it was looked, in RFC 3339.
    checked_at: String,
    /// The checks, from the cable to the other device. The one with the id `peer` answers for the peer that was
    /// asked about.
    checks: Vec<CheckView>,
    /// The peers that were ever met, as far as they are remembered.
    peers: Vec<PeerExamined>,
}

/// One thing that was checked.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckView {
    /// Which: `interfaces`, `multicast`, `discovery`, `sync_port`, `sync`, `members`, `address:HOST:PORT`, `clock`,
    /// `versions`, `in_step`, `peer`.
    id: String,
    /// `ok`, `warn`, `fail` or `skipped`.
    status: &'static str,
    /// The verdict in a few words.
    title: String,
    /// What was seen; `null` when there is nothing to add.
    detail: Option<String>,
    /// What to do; `null` when there is nothing to do.
    advice: Option<String>,
}

/// A peer, and why it is not connected.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeerExamined {
    #[serde(flatten)]
    peer: PeerView,
    /// Why it is not connected; `null` while it is.
    reason: Option<CheckView>,
}

impl From<Check> for CheckView {
    fn from(check: Check) -> Self {
        let text = |text: String| (!text.is_empty()).then_some(text);
        Self {
            id: check.id,
            status: check.status.name(),
            title: check.title,
            detail: text(check.detail),
            advice: text(check.advice),
        }
    }
}

impl Examination {
    fn of(diagnosis: Diagnosis) -> Self {
        let peers = diagnosis
            .members
            .into_iter()
            .map(|(member, reason)| PeerExamined {
                peer: member.status.into(),
                reason: reason.map(CheckView::from),
            });
        Self {
            status: diagnosis.status.name(),
            checked_at: rfc3339(now()),
            checks: diagnosis.checks.into_iter().map(CheckView::from).collect(),
            peers: peers.collect(),
        }
    }
}

/// Examines the network and how the workspace stands with its peers on it; where no workspace is open, the network
/// alone. Takes up to a few seconds.
#[utoipa::path(get, path = "/doctor", tag = "sync", params(Examine),
    responses((status = 200, body = Examination), Problem))]
pub(crate) async fn doctor(
    State(app): State<App>,
    QueryString(query): QueryString<Examine>,
) -> Result<Response, Problem> {
    if query
        .peer
        .as_ref()
        .is_some_and(|peer| peer.len() > PEER_BYTES_MAX)
    {
        let detail = format!("examine network: a peer's name is at most {PEER_BYTES_MAX} bytes long");
        return Err(Problem::new(ProblemCode::BadQuery, detail));
    }
    let workspace = if query.workspace.is_none() && app.host().list().is_empty() {
        None
    } else {
        Some(app.host().select(query.workspace.as_deref())?.workspace().id)
    };
    let diagnosis = app.host().sync().examine(workspace, query.peer.as_deref()).await;
    Ok(json_response(json(&Examination::of(diagnosis))?))
}
