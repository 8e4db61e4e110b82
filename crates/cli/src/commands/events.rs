//! `openprod events`: recording facts, and reading them.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::console::{count, plain, print, short, table, time};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Records facts, and reads those that are recorded.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod events append booked '{\"person\": \"jane\", \"hour\": 20}'
  openprod events query --type booked --matching '{\"person\": \"jane\"}'")]
pub(crate) struct Events {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Append(Append),
    Query(Query),
}

/// Records one fact; with --matching or --if-type, provided that nothing that matches has happened since.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod events append booked '{\"person\": \"jane\"}' --stream jane
  openprod events append booked '{\"person\": \"jane\"}' --if-type booked --matching '{\"person\": \"jane\"}' --seen 7")]
struct Append {
    /// What kind of fact
    #[arg(value_name = "TYPE")]
    event_type: String,
    /// What happened: JSON
    #[arg(value_name = "JSON", value_parser = parse_json)]
    payload: Json,
    /// A stream that it belongs to; may be given again
    #[arg(long = "stream", value_name = "STREAM")]
    streams: Vec<String>,
    /// Only if no other fact of this type matters since; may be given again
    #[arg(long = "if-type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only facts that contain this JSON matter; may be given again
    #[arg(long, value_name = "JSON", value_parser = parse_json)]
    matching: Vec<Json>,
    /// The number of the last such fact that you have seen; none when it is left out
    #[arg(long, value_name = "N")]
    seen: Option<u64>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Lists facts in the order in which this device learned of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod events query --type booked --after 100")]
struct Query {
    /// Only facts of this type; may be given again
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only facts that contain this JSON; may be given again
    #[arg(long, value_name = "JSON", value_parser = parse_json)]
    matching: Vec<Json>,
    /// Only facts beyond this number
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
}

#[derive(Deserialize)]
struct EventRecord {
    sequence_number: u64,
    event_type: String,
    payload: Json,
    actor_id: String,
    at: String,
}

impl Events {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            Action::Append(append) => append.run(context),
            Action::Query(query) => query.run(context),
        }
    }
}

impl Append {
    fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let event =
                json!({"event_type": self.event_type, "payload": self.payload, "streams": self.streams});
            let mut body = json!({
                "events": [event],
                "command": {"source": "cli events", "justification": self.reason}
            });
            let conditional = !self.types.is_empty() || !self.matching.is_empty() || self.seen.is_some();
            let path = if conditional {
                body["context"] = json!({"filters": filters(&self.types, &self.matching)});
                body["expected_context_version"] = json!(self.seen);
                "/events/append_if"
            } else {
                "/events/append"
            };
            let done: Json = engine.client.post(path, body)?;
            context.console.answer(&done, |done| {
                format!("Recorded as number {}.", done["first_sequence_number"])
            })
        })
    }
}

impl Query {
    fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let body = json!({
                "filters": filters(&self.types, &self.matching),
                "min_sequence_number": self.after,
                "limit": self.limit
            });
            let page: Json = engine.client.post("/events/query", body)?;
            if context.console.is_json() {
                return context.console.print_json(&page);
            }
            let strange = |source| Failure::Answer {
                path: "/events/query".to_owned(),
                source,
            };
            let records = Vec::<EventRecord>::deserialize(&page["event_records"]).map_err(strange)?;
            if records.is_empty() {
                return print("Nothing of that kind is recorded.");
            }
            let rows = records.iter().map(|record| {
                [
                    record.sequence_number.to_string(),
                    time(&record.at),
                    record.event_type.clone(),
                    short(&record.actor_id),
                    record.payload.to_string(),
                ]
            });
            let mut text = table(["no", "when", "type", "member", "what"], rows);
            let last = records.last().map(|record| record.sequence_number);
            if page["current_context_version"].as_u64() > last {
                text.push_str(&format!(
                    "\n… there is more: {} shown; go on with --after {}",
                    count(records.len() as u64, "fact"),
                    last.unwrap_or(0)
                ));
            }
            print(&text)
        })
    }
}

/// The filters of a query; none when everything is asked for.
fn filters(types: &[String], matching: &[Json]) -> Json {
    if types.is_empty() && matching.is_empty() {
        return json!([]);
    }
    let some = |list: Json| if list == json!([]) { Json::Null } else { list };
    json!([{"event_types": some(json!(types)), "payload_predicates": some(json!(matching))}])
}

fn parse_json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| plain(&format!("that is not JSON: {error}")))
}
