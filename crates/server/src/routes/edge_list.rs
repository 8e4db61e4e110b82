//! The edges of a record, with what is broken about them.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use openprod_core::{EdgeId, EntityId};
use openprod_engine::conflicts::ConflictKind;
use openprod_engine::edge::{Direction, Edge};
use openprod_engine::{CommandError, Snapshot};
use openprod_storage::StorageError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::command_envelope::parse_id;
use crate::json_value::FieldValue;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::{InWorkspace, QueryString};

/// How many edges a page has at most.
const LIMIT_MAX: usize = 1_000;

/// Which edges to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEdges {
    /// The record.
    entity: String,
    /// `outgoing`, `incoming` or `both`, which is also what is meant when it is absent.
    direction: Option<String>,
    /// Their type; all when absent.
    edge_type: Option<String>,
    /// How many at most: 1 to 1,000; 1,000 when absent.
    limit: Option<usize>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// The edges of a record.
#[derive(Serialize, ToSchema)]
pub(crate) struct Edges {
    /// Outgoing ones first; each way, ordered ones by type and place, then the others in order of their ids.
    edges: Vec<EdgeView>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// A directed relation between two records.
#[derive(Serialize, ToSchema)]
pub(crate) struct EdgeView {
    /// The edge.
    edge_id: String,
    /// The record where it starts.
    source: String,
    /// The record where it ends.
    target: String,
    /// What it means.
    edge_type: String,
    /// Whether it has a place among its siblings.
    ordered: bool,
    /// Its properties that have a value, by name.
    properties: BTreeMap<String, FieldValue>,
    /// Its open conflicts.
    conflicts: Vec<EdgeConflict>,
    /// The ends that are no record, source first; empty for an edge that is whole.
    broken: Vec<BrokenEnd>,
}

/// An open conflict of an edge.
#[derive(Serialize, ToSchema)]
pub(crate) struct EdgeConflict {
    /// The conflict.
    conflict_id: String,
    /// `property`, `existence` or `deletion`.
    kind: &'static str,
    /// The property's name; `null` when it is not about a property.
    property: Option<String>,
}

/// An end of an edge that is no record.
#[derive(Serialize, ToSchema)]
pub(crate) struct BrokenEnd {
    /// `source` or `target`.
    end: &'static str,
    /// `deleted`, or `missing` while the record has not arrived here.
    reason: &'static str,
}

/// Lists the edges of a record. Deleted ones are left out; those whose other end is deleted are not.
#[utoipa::path(get, path = "/edges/list", tag = "edges", params(ListEdges),
    responses((status = 200, body = Edges), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<ListEdges>,
) -> Result<Response, Problem> {
    let entity = parse_id("entity", &query.entity)?;
    let directions = read_direction(query.direction.as_deref().unwrap_or("both"))?;
    let limit = read_limit(query.limit)?;
    let cursor = query.cursor.as_deref().filter(|text| !text.is_empty());
    let cursor = cursor
        .map(|text| parse_id::<EdgeId>("cursor", text))
        .transpose()?;
    app.read(query.workspace.as_deref(), move |snapshot, _| {
        let known = snapshot.row(entity)?.is_some_and(|row| row.is_created());
        if !known {
            return Err(CommandError::UnknownRecord {
                act: "list edges",
                entity,
            }
            .into());
        }
        // An edge from a record to itself is found both ways.
        let (mut listed, mut found) = (BTreeSet::new(), Vec::new());
        for direction in directions {
            let edges = snapshot.edges(entity, *direction, query.edge_type.as_deref())?;
            found.extend(edges.into_iter().filter(|edge| listed.insert(edge.id)));
        }
        let start = match cursor {
            Some(cursor) => {
                1 + found
                    .iter()
                    .position(|edge| edge.id == cursor)
                    .ok_or_else(|| edge_gone(cursor))?
            }
            None => 0,
        };
        let page = &found[start..found.len().min(start + limit)];
        let more = start + page.len() < found.len();
        let mut ends = Ends::default();
        let views = page.iter().map(|edge| EdgeView::of(snapshot, edge, &mut ends));
        Ok(Edges {
            edges: views.collect::<Result<_, _>>()?,
            next_cursor: page.last().filter(|_| more).map(|last| last.id.to_string()),
        })
    })
    .await
}

fn read_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(LIMIT_MAX) {
        limit @ 1..=LIMIT_MAX => Ok(limit),
        found => {
            let expected = format!("1 to {LIMIT_MAX}");
            let detail = format!("list edges: limit takes {expected}, not {found}");
            Err(Problem::new(ProblemCode::BadQuery, detail).with(|problem| {
                problem.field = Some("limit".to_owned());
                (problem.found, problem.expected) = (Some(found.to_string()), Some(expected.clone()));
            }))
        }
    }
}

/// Where the page before ended is no more among the edges: the listing has to begin again.
fn edge_gone(cursor: EdgeId) -> Problem {
    let detail = format!("list edges: {cursor}, at which the last page ended, is not listed any more");
    Problem::new(ProblemCode::BadQuery, detail).with(|problem| problem.field = Some("cursor".to_owned()))
}

/// The kinds of edge that are in use.
#[derive(Serialize, ToSchema)]
pub(crate) struct EdgeKinds {
    /// The most used first, then by name.
    kinds: Vec<EdgeKind>,
}

/// A kind of edge.
#[derive(Serialize, ToSchema)]
pub(crate) struct EdgeKind {
    /// The type of its edges.
    edge_type: String,
    /// How many edges there are of it.
    edges: u64,
}

/// Tells which kinds of edge are in use, and how much.
#[utoipa::path(get, path = "/edges/kinds", tag = "edges", params(InWorkspace),
    responses((status = 200, body = EdgeKinds), Problem))]
pub(crate) async fn kinds(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    app.read(query.workspace.as_deref(), |snapshot, _| {
        let counts = snapshot.edge_types()?.into_iter();
        let mut kinds: Vec<_> = counts
            .map(|(edge_type, edges)| EdgeKind { edge_type, edges })
            .collect();
        // They are in order of name already, and the sort keeps that among equals.
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.edges));
        Ok(EdgeKinds { kinds })
    })
    .await
}

fn read_direction(text: &str) -> Result<&'static [Direction], Problem> {
    match text {
        "outgoing" => Ok(&[Direction::Outgoing]),
        "incoming" => Ok(&[Direction::Incoming]),
        "both" => Ok(&[Direction::Outgoing, Direction::Incoming]),
        _ => {
            let known = "outgoing, incoming, both";
            let found: String = text.chars().take(40).collect();
            let detail = format!("list edges: direction {found:?} is none of {known}");
            Err(Problem::new(ProblemCode::BadQuery, detail).with(|problem| {
                problem.field = Some("direction".to_owned());
                (problem.found, problem.expected) = (Some(found.clone()), Some(known.to_owned()));
            }))
        }
    }
}

/// What is wrong with the records that were looked at; one end is the same for all edges of a listing.
#[derive(Default)]
struct Ends(BTreeMap<EntityId, Option<&'static str>>);

impl Ends {
    fn reason(
        &mut self,
        snapshot: &Snapshot,
        entity: EntityId,
    ) -> Result<Option<&'static str>, StorageError> {
        if let Some(reason) = self.0.get(&entity) {
            return Ok(*reason);
        }
        let reason = match snapshot.row(entity)? {
            Some(row) if row.is_deleted() => Some("deleted"),
            Some(row) if row.is_created() => None,
            _ => Some("missing"),
        };
        self.0.insert(entity, reason);
        Ok(reason)
    }
}

impl EdgeView {
    fn of(snapshot: &Snapshot, edge: &Edge, ends: &mut Ends) -> Result<Self, StorageError> {
        let mut broken = Vec::new();
        for (end, entity) in [("source", edge.ends.source), ("target", edge.ends.target)] {
            let reason = ends.reason(snapshot, entity)?;
            broken.extend(reason.map(|reason| BrokenEnd { end, reason }));
        }
        let properties = edge
            .properties()
            .map(|(name, value)| (name.to_owned(), FieldValue::of(value)));
        let conflicts = edge.conflicts().into_iter().map(|key| EdgeConflict {
            conflict_id: key.id().to_string(),
            kind: key.kind.name(),
            property: match key.kind {
                ConflictKind::Property(name) => Some(name),
                _ => None,
            },
        });
        Ok(Self {
            edge_id: edge.id.to_string(),
            source: edge.ends.source.to_string(),
            target: edge.ends.target.to_string(),
            edge_type: edge.ends.edge_type.clone(),
            ordered: edge.ends.ordered,
            properties: properties.collect(),
            conflicts: conflicts.collect(),
            broken,
        })
    }
}
