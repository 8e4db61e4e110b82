//! Events: append, append on a condition, query.

use axum::extract::State;
use axum::response::Response;
use openprod_core::DecisionPolicy;
use openprod_engine::Command;
use openprod_engine::facts::{ExpectedFacts, ExpectedStream, Fact, NewFact, RecordFacts};
use openprod_events::{EventFilter, EventQuery, EventType, Payload, PayloadPredicate, StreamPosition};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Showing, failed, json, json_response};
use crate::clock::rfc3339;
use crate::command_envelope::CommandEnvelope;
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// The most events of one answer.
const LIMIT_MAX: usize = 1_000;

/// A fact to be recorded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEventBody {
    /// What kind of fact, such as `person_booked`; what begins with `openprod.` is reserved.
    event_type: String,
    /// What happened: any JSON of at most 1 MiB, 64 levels deep, without whole numbers beyond ±(2⁵³ − 1).
    #[schema(value_type = Object)]
    payload: Payload,
    /// The streams it belongs to, each once.
    #[serde(default)]
    streams: Vec<String>,
}

impl NewEventBody {
    pub(crate) fn read(self) -> NewFact {
        NewFact {
            fact_type: self.event_type,
            payload: self.payload.canonical().to_owned(),
            streams: self.streams,
            metadata: None,
        }
    }
}

/// Which events match: those that fulfil all that is given here.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventFilterBody {
    /// One of these types; an empty list matches nothing.
    event_types: Option<Vec<String>>,
    /// A payload that contains one of these; an empty list matches nothing.
    #[schema(value_type = Option<Vec<Object>>)]
    payload_predicates: Option<Vec<PayloadPredicate>>,
}

impl EventFilterBody {
    fn read(self) -> Result<EventFilter, Problem> {
        let event_type = |name: String| {
            EventType::new(&name).map_err(|error| {
                Problem::new(ProblemCode::BadFact, error.to_string())
                    .with(|problem| problem.field = Some("event_types".to_owned()))
            })
        };
        let types = self.event_types.map(|names| names.into_iter().map(event_type));
        Ok(EventFilter {
            event_types: types.map(Iterator::collect).transpose()?,
            payload_predicates: self.payload_predicates,
        })
    }
}

/// A set of events: those that match one of the filters; all without.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContextBody {
    /// The alternatives.
    #[serde(default)]
    filters: Vec<EventFilterBody>,
}

impl ContextBody {
    fn read(self) -> Result<EventQuery, Problem> {
        let filters = self.filters.into_iter().map(EventFilterBody::read);
        Ok(EventQuery::any_of(filters.collect::<Result<Vec<_>, _>>()?))
    }
}

/// A stream and where it is expected to end.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamVersionBody {
    /// The stream.
    stream: String,
    /// How many events it has; 0 when it is not there.
    version: u64,
}

impl StreamVersionBody {
    fn read(self) -> ExpectedStream {
        ExpectedStream {
            stream: self.stream,
            version: self.version,
        }
    }

    fn of(position: &StreamPosition) -> Self {
        Self {
            stream: position.stream.to_string(),
            version: position.version.0,
        }
    }
}

/// Facts to be recorded, all or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppendEvents {
    /// The facts, in order.
    events: Vec<NewEventBody>,
    /// Streams that must end where they are expected to, those that are only read too.
    #[serde(default)]
    expected_streams: Vec<StreamVersionBody>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Facts to be recorded, all or none, provided that a context has not changed. The context is signed with them, and
/// every peer checks it against what it knows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppendEventsIf {
    /// The facts, in order.
    events: Vec<NewEventBody>,
    /// Which events are relevant.
    context: ContextBody,
    /// The `current_context_version` that was seen; `null` when nothing matched.
    expected_context_version: Option<u64>,
    /// Streams that must end where they are expected to, those that are only read too.
    #[serde(default)]
    expected_streams: Vec<StreamVersionBody>,
    /// What is to happen should facts turn up that were not seen: `surface` (when absent), `compensate` or `lose`.
    policy: Option<String>,
    /// The version of the code that decided; 0 when absent.
    #[serde(default)]
    handler_version: u32,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// What was recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct Appended {
    /// The command.
    command_id: String,
    /// The bundle that holds the events.
    bundle_id: Option<String>,
    /// The number of the first event, by this device's count.
    first_sequence_number: Option<u64>,
    /// The number of the last event.
    last_sequence_number: Option<u64>,
    /// How many there are.
    committed_count: u64,
    /// Whether the command was carried out before, so that nothing was done now.
    repeated: bool,
}

/// Which events to read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryEvents {
    /// The alternatives; all events when absent or empty.
    #[serde(default)]
    filters: Vec<EventFilterBody>,
    /// Only events beyond this number are returned; the context version does not depend on it.
    min_sequence_number: Option<u64>,
    /// How many events: 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// What a query found, at one moment.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventsFound {
    /// The events, by sequence number.
    event_records: Vec<EventView>,
    /// The highest number among those returned; `null` when there are none.
    last_returned_sequence_number: Option<u64>,
    /// The highest number among all that match; `null` when none does.
    current_context_version: Option<u64>,
}

/// A recorded fact.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventView {
    /// Its place in the order in which this device applied events. Other devices count in another order.
    pub(crate) sequence_number: u64,
    /// The operation that recorded it: its id on every device.
    pub(crate) op_id: String,
    /// Its bundle.
    pub(crate) bundle_id: String,
    /// What kind of fact.
    pub(crate) event_type: String,
    /// What happened.
    #[schema(value_type = Object)]
    pub(crate) payload: Payload,
    /// Its streams, and where it stands in them by this device's count.
    pub(crate) streams: Vec<StreamVersionBody>,
    /// Who recorded it: a public key in hex.
    pub(crate) actor_id: String,
    /// When, in 24 hex digits.
    pub(crate) hlc: String,
    /// When, in RFC 3339.
    pub(crate) occurred_at: String,
    /// The same.
    pub(crate) at: String,
    /// Where it comes from, as whoever recorded it says.
    #[schema(value_type = Object)]
    pub(crate) metadata: serde_json::Value,
}

impl EventView {
    pub(crate) fn of(fact: &Fact) -> Result<Self, Problem> {
        let record = &fact.record;
        let at = rfc3339(fact.hlc.timestamp());
        Ok(Self {
            sequence_number: record.sequence_number.0,
            op_id: fact.op_id.to_string(),
            bundle_id: fact.bundle.to_string(),
            event_type: record.event_type.to_string(),
            payload: record.payload.clone(),
            streams: fact.streams.iter().map(StreamVersionBody::of).collect(),
            actor_id: fact.actor.to_string(),
            hlc: fact.hlc.to_string(),
            occurred_at: at.clone(),
            at,
            metadata: serde_json::to_value(&record.metadata).map_err(|error| failed(&error))?,
        })
    }
}

/// Records facts.
#[utoipa::path(post, path = "/events/append", tag = "events", request_body = AppendEvents,
    responses((status = 200, body = Appended), Problem))]
pub(crate) async fn append(
    State(app): State<App>,
    JsonBody(body): JsonBody<AppendEvents>,
) -> Result<Response, Problem> {
    let facts = RecordFacts {
        facts: body.events.into_iter().map(NewEventBody::read).collect(),
        streams: body
            .expected_streams
            .into_iter()
            .map(StreamVersionBody::read)
            .collect(),
        ..RecordFacts::default()
    };
    record(&app, body.workspace, body.command, facts).await
}

/// Records facts, provided that a context has not changed.
#[utoipa::path(post, path = "/events/append_if", tag = "events", request_body = AppendEventsIf,
    responses((status = 200, body = Appended), Problem))]
pub(crate) async fn append_if(
    State(app): State<App>,
    JsonBody(body): JsonBody<AppendEventsIf>,
) -> Result<Response, Problem> {
    let policy = match body.policy.as_deref() {
        None | Some("surface") => DecisionPolicy::Surface,
        Some("compensate") => DecisionPolicy::Compensate,
        Some("lose") => DecisionPolicy::Lose,
        Some(other) => {
            let detail = "append events: the policy can be `surface`, `compensate` or `lose`";
            return Err(Problem::new(ProblemCode::WrongShape, detail).with(|problem| {
                problem.field = Some("policy".to_owned());
                problem.found = Some(other.chars().take(40).collect());
            }));
        }
    };
    let query = body.context.read()?;
    let facts = RecordFacts {
        facts: body.events.into_iter().map(NewEventBody::read).collect(),
        context: Some(ExpectedFacts {
            query: serde_json::to_string(&query).map_err(|error| failed(&error))?,
            version: body.expected_context_version,
            handler_version: body.handler_version,
            policy,
        }),
        streams: body
            .expected_streams
            .into_iter()
            .map(StreamVersionBody::read)
            .collect(),
        receipt: None,
    };
    record(&app, body.workspace, body.command, facts).await
}

async fn record(
    app: &App,
    workspace: Option<String>,
    envelope: Option<CommandEnvelope>,
    facts: RecordFacts,
) -> Result<Response, Problem> {
    let outcome = app
        .execute(workspace.as_deref(), envelope, Command::RecordFacts(facts))
        .await?;
    let span = outcome.facts;
    json(&Appended {
        command_id: outcome.command_id.to_string(),
        bundle_id: outcome.bundle_id.map(|id| id.to_string()),
        first_sequence_number: span.map(|span| span.first),
        last_sequence_number: span.map(|span| span.last),
        committed_count: span.map_or(0, |span| span.last - span.first + 1),
        repeated: outcome.repeated,
    })
    .map(json_response)
}

/// Reads the events that match a query, and how far its context has come.
#[utoipa::path(post, path = "/events/query", tag = "events", request_body = QueryEvents,
    responses((status = 200, body = EventsFound), Problem))]
pub(crate) async fn query(
    State(app): State<App>,
    JsonBody(body): JsonBody<QueryEvents>,
) -> Result<Response, Problem> {
    let limit = body.limit.unwrap_or(100);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("query events: the limit is {limit}; it can be 1 to {LIMIT_MAX}");
        return Err(Problem::new(ProblemCode::WrongShape, detail).with(|problem| {
            (problem.field, problem.limit) = (Some("limit".to_owned()), Some(LIMIT_MAX));
        }));
    }
    let filters = body.filters.into_iter().map(EventFilterBody::read);
    let query = EventQuery::any_of(filters.collect::<Result<Vec<_>, _>>()?);
    query
        .check()
        .map_err(|error| Problem::new(ProblemCode::BadContext, error.to_string()))?;
    let after = body.min_sequence_number.unwrap_or(0);
    app.answer(body.workspace.as_deref(), Showing::Written, move |snapshot, _| {
        let page = snapshot.facts().query(&query, after, limit)?;
        let event_records: Vec<EventView> = page.facts.iter().map(EventView::of).collect::<Result<_, _>>()?;
        Ok(EventsFound {
            last_returned_sequence_number: event_records.last().map(|event| event.sequence_number),
            event_records,
            current_context_version: page.version,
        })
    })
    .await
}
