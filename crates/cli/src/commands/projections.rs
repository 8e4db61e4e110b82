//! `openprod projections`: the rows that are made of facts and commands, and what makes them.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::console::{print, table};
use crate::engine_session::{Context, EngineSession, Expect};
use crate::failure::Failure;

/// Shows the rows that the engine makes of facts and commands, and how far it has come with them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod projections
  openprod projections rows event_types
  openprod projections rebuild audit_log")]
pub(crate) struct Projections {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists the projections: how far each is, and what is wrong with it
    List,
    /// Prints the rows of a projection
    Rows(Rows),
    /// Lets a projection rest until it is resumed or the engine starts again
    Pause(Named),
    /// Lets a projection go on that was paused or has failed
    Resume(Named),
    /// Throws the rows of a projection away and makes them anew from the log
    Rebuild(Named),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// The projection
    #[arg(value_name = "NAME", value_parser = parse_name)]
    name: String,
}

#[derive(Debug, clap::Args)]
struct Rows {
    /// The projection
    #[arg(value_name = "NAME", value_parser = parse_name)]
    name: String,
    /// How many rows
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    /// Where the page before ended: its next_cursor
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Wait until this event is in the rows
    #[arg(long, value_name = "N")]
    reached: Option<u64>,
}

#[derive(Deserialize)]
struct Projection {
    name: String,
    state: String,
    reason: Option<String>,
    position: Option<u64>,
    lag: u64,
    set_aside: u64,
    set_aside_events: Vec<SetAside>,
}

#[derive(Deserialize)]
struct SetAside {
    sequence_number: u64,
    reason: String,
}

impl Projections {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| match &self.action {
            None | Some(Action::List) => list(context, engine),
            Some(Action::Rows(rows)) => rows.run(context, engine),
            Some(Action::Pause(of)) => order(context, engine, of, "pause"),
            Some(Action::Resume(of)) => order(context, engine, of, "resume"),
            Some(Action::Rebuild(of)) => order(context, engine, of, "rebuild"),
        })
    }
}

fn list(context: &Context, engine: &EngineSession) -> Result<(), Failure> {
    let path = "/projections/list";
    let answer: Json = engine.client.get(path, &[])?;
    if context.console.is_json() {
        return context.console.print_json(&answer);
    }
    let projections = Vec::<Projection>::deserialize(&answer["projections"]).map_err(strange(path))?;
    let rows = projections.iter().map(|projection| {
        [
            projection.name.clone(),
            projection.state.clone(),
            projection.position.unwrap_or(0).to_string(),
            projection.lag.to_string(),
            projection.set_aside.to_string(),
            projection.reason.clone().unwrap_or_default(),
        ]
    });
    let mut text = table(["name", "state", "at", "behind by", "set aside", "why"], rows);
    for projection in &projections {
        for event in &projection.set_aside_events {
            text.push_str(&format!(
                "\n{} set event {} aside: {}",
                projection.name, event.sequence_number, event.reason
            ));
        }
    }
    print(&text)
}

fn order(context: &Context, engine: &EngineSession, of: &Named, order: &str) -> Result<(), Failure> {
    let path = format!("/projections/{}/{order}", of.name);
    let answer: Json = engine.client.post(&path, json!({}))?;
    let now = Projection::deserialize(&answer).map_err(strange(&path))?;
    if engine.is_own && order == "pause" {
        context.console.note(
            "No engine is running on this data: the projection rests only for as long as this command takes.",
        );
    }
    context.console.answer(&answer, |_| {
        format!(
            "{} is {} at event {}.",
            now.name,
            now.state,
            now.position.unwrap_or(0)
        )
    })
}

impl Rows {
    fn run(&self, context: &Context, engine: &EngineSession) -> Result<(), Failure> {
        let (limit, reached) = (self.limit.to_string(), self.reached.map(|at| at.to_string()));
        let mut query = vec![("limit", limit.as_str())];
        query.extend(self.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        query.extend(reached.as_deref().map(|reached| ("reached", reached)));
        let path = format!("/projections/{}/rows", self.name);
        let page: Json = engine.client.get(&path, &query)?;
        if context.console.is_json() {
            return context.console.print_json(&page);
        }
        let rows =
            Vec::<serde_json::Map<String, Json>>::deserialize(&page["rows"]).map_err(strange(&path))?;
        if rows.is_empty() {
            return print("There are no rows.");
        }
        // What the rows are depends on the projection, so each is told member by member.
        let told = rows.iter().map(|row| {
            let members = row.iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(name, value)| match value {
                Json::String(text) => format!("{name}: {}", crate::console::plain(text)),
                other => format!("{name}: {other}"),
            });
            members.collect::<Vec<_>>().join(", ")
        });
        let mut text = told.collect::<Vec<_>>().join("\n");
        if let Some(next) = page["next_cursor"].as_str() {
            text.push_str(&format!("\n… there is more: go on with --cursor {next}"));
        }
        print(&text)
    }
}

fn strange(path: &str) -> impl FnOnce(serde_json::Error) -> Failure + use<> {
    let path = path.to_owned();
    |source| Failure::Answer { path, source }
}

/// A name goes into the path of a request.
fn parse_name(text: &str) -> Result<String, String> {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if !text.is_empty() && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("names of projections are letters, digits and `_`".to_owned())
    }
}
