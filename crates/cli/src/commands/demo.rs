//! `openprod demo`: a show of the project's own making, to look around in.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use openprod_core::{CommandId, Value, WorkspaceId};
use openprod_server::{DemoMaker, Ready, Server, Tuning};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::demo_pair::DemoPair;
use super::engine_options::EngineOptions;
use crate::demo_show::{DemoShow, DemoTable, DemoValue};
use crate::engine_client::EngineClient;
use crate::engine_session::{Context, home};
use crate::failure::Failure;
use crate::record_batch::{RecordBatch, RecordRoad};

/// Opens a fictional touring show to look around in, and prints one link for the browser.
///
/// The show is made the first time; what you change in it is still there the next time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: openprod demo\n          openprod demo --peers 2")]
pub(crate) struct Demo {
    /// Which show: the same number always makes the same one
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many devices share it: with 2, a Prompt Desk and a Booth side by side on one page, and a cable to pull
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=2),
        conflicts_with_all = ["sync_port", "name"]
    )]
    peers: u8,
    #[command(flatten)]
    options: EngineOptions,
}

/// The show that everybody gets who does not ask for another.
const SEED_DEFAULT: u64 = 2026;

/// The file in the data directory that makes it one of a demo.
const MARKER: &str = "demo.json";

/// What the marker says.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Marker {
    /// Which show it is.
    seed: u64,
    /// Whether all of it is in.
    filled: bool,
}

impl Demo {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        if self.peers == 2 {
            return self.run_pair(context);
        }
        let data = match &context.data {
            Some(data) => data.clone(),
            None => home()?.join(match self.seed {
                None | Some(SEED_DEFAULT) => "demo".to_owned(),
                Some(seed) => format!("demo-{seed}"),
            }),
        };
        if let Some(engine) = context.running(&data) {
            let code: Json = engine.client.post_any("/session/code", &json!({}))?;
            return context.console.answer(&code, |code| {
                let url = code["open_url"].as_str().unwrap_or_default();
                format!("The demo is running already. Open this link in the browser:\n\n  {url}")
            });
        }
        let marker = Marker::of(&data, self.seed)?;
        let path = data.clone();
        self.options
            .run(context, data, |server| prepare(server, &path, marker), words)
    }

    /// Two devices, in a directory of their own.
    fn run_pair(self, context: &Context) -> Result<(), Failure> {
        let settings = self.options.over(context)?;
        let data = match &context.data {
            Some(data) => data.clone(),
            None => home()?.join(match self.seed {
                None | Some(SEED_DEFAULT) => "demo-pair".to_owned(),
                Some(seed) => format!("demo-pair-{seed}"),
            }),
        };
        let pair = DemoPair {
            data,
            port: settings.server.port,
            mdns: settings.server.mdns,
            tuning: Tuning {
                // Two engines cannot have one port.
                metrics_port: None,
                ..settings.tuning()
            },
            ready_json: self.options.ready_json,
        };
        pair.run(context, |server, data| {
            let marker = Marker::of(data, self.seed)?;
            prepare(server, data, marker)
        })
    }
}

fn words(server: &Server) -> String {
    format!(
        "The demo show is ready. Open this link in the browser of this computer:\n\n  {}\n\nPress Ctrl-C to end.",
        server.ready().open_url
    )
}

/// Makes the show, or what is still missing of it.
fn prepare(server: &Server, data: &Path, marker: Marker) -> Result<(), Failure> {
    if marker.filled {
        return Ok(());
    }
    // Before anything else is there, so that what is broken off here can be taken up.
    marker.write(data)?;
    let ready = server.ready();
    let show = DemoShow::generate(marker.seed);
    let client = EngineClient::new(&ready.url, &ready.token, None);
    let list: Json = client.get_any("/workspace/list")?;
    if list["workspaces"].as_array().is_none_or(Vec::is_empty) {
        client.post_any::<Json>("/workspace/create", &json!({"name": show.title}))?;
    }
    fill(&client, &show, marker.seed)?;
    Marker {
        filled: true,
        ..marker
    }
    .write(data)
}

/// Makes the show that everybody gets, for a person who asks for it on the page.
pub(super) struct ShowMaker;

impl DemoMaker for ShowMaker {
    fn title(&self) -> String {
        DemoShow::generate(SEED_DEFAULT).title
    }

    fn fill(&self, ready: &Ready, workspace: WorkspaceId) -> Result<(), Box<dyn Error + Send + Sync>> {
        let client = EngineClient::new(&ready.url, &ready.token, Some(workspace.to_string()));
        fill(&client, &DemoShow::generate(SEED_DEFAULT), SEED_DEFAULT)?;
        Ok(())
    }
}

/// Gives the show to the engine. Every command has a name that follows from the seed, so that a second time has no
/// second effect and gives the same records.
fn fill(client: &EngineClient, show: &DemoShow, seed: u64) -> Result<(), Failure> {
    let name = |table: usize, number: usize| {
        CommandId::from_u128(u128::from(seed) << 64 | (table as u128) << 32 | number as u128)
    };
    // Of each table that is in, the record of each row.
    let mut made: Vec<Vec<String>> = Vec::new();
    for (index, table) in show.tables.iter().enumerate() {
        create_table(client, table, name(index, 0))?;
        let fields: Vec<_> = table.fields.iter().map(|field| field.name.to_owned()).collect();
        let road = RecordRoad {
            client,
            table: table.name,
            fields: &fields,
            source: "cli demo",
            correlation_id: name(show.tables.len(), 0),
            justification: "the demo show",
        };
        let (mut ids, mut batch, mut number) = (Vec::new(), RecordBatch::default(), 0);
        let mut rows = table.rows.iter().map(|row| values(row, &made));
        loop {
            let row = rows.next();
            if batch.len() > 0 && row.as_ref().is_none_or(|row| batch.is_too_full_for(row)) {
                number += 1;
                ids.extend(
                    road.send(&batch.take(), name(index, number))
                        .map_err(|(_, failure)| failure)?,
                );
            }
            match row {
                Some(row) => batch.add(row),
                None => break,
            }
        }
        made.push(ids);
    }
    Ok(())
}

fn create_table(client: &EngineClient, table: &DemoTable, command: CommandId) -> Result<(), Failure> {
    let fields = table
        .fields
        .iter()
        .map(|field| json!({"name": field.name, "type": field.field_type.name(), "options": field.options}));
    let body = json!({
        "name": table.name,
        "fields": fields.collect::<Vec<_>>(),
        "command": {"command_id": command.to_string(), "source": "cli demo", "justification": "the demo show"},
    });
    client.post::<Json>("/tables/create", body).map(drop)
}

/// A row's values; rows of earlier tables have become records.
fn values(row: &[DemoValue], made: &[Vec<String>]) -> Vec<Value> {
    row.iter()
        .map(|value| match value {
            DemoValue::Value(value) => value.clone(),
            DemoValue::Row { table, row } => {
                let id = made
                    .get(*table)
                    .and_then(|ids| ids.get(*row))
                    .and_then(|id| id.parse().ok());
                id.map_or(Value::Empty, Value::Entity)
            }
        })
        .collect()
}

/// Whether a data directory holds workspaces.
fn holds_workspaces(data: &Path) -> Result<bool, Failure> {
    let path = data.join("workspaces");
    match std::fs::read_dir(&path) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Failure::File {
            act: "read",
            path,
            source,
        }),
    }
}

impl Marker {
    /// The marker of a data directory, or a new one where nothing is yet.
    fn of(data: &Path, seed: Option<u64>) -> Result<Self, Failure> {
        match Self::read(data)? {
            Some(marker) if seed.is_some_and(|seed| seed != marker.seed) => {
                let text = format!("{} holds the show of seed {}", data.display(), marker.seed);
                Err(Failure::NotADemo(text))
            }
            Some(marker) => Ok(marker),
            None if holds_workspaces(data)? => {
                let text = format!("{} holds workspaces that are no demo", data.display());
                Err(Failure::NotADemo(text))
            }
            None => Ok(Self {
                seed: seed.unwrap_or(SEED_DEFAULT),
                filled: false,
            }),
        }
    }

    /// The marker of a data directory; `None` when there is none.
    fn read(data: &Path) -> Result<Option<Self>, Failure> {
        let path = data.join(MARKER);
        let failed = |source| Failure::File {
            act: "read",
            path: path.clone(),
            source,
        };
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| failed(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn write(self, data: &Path) -> Result<(), Failure> {
        let (draft, path): (PathBuf, PathBuf) = (data.join("demo.json.new"), data.join(MARKER));
        let written = serde_json::to_vec(&self)
            .map_err(io::Error::from)
            .and_then(|bytes| std::fs::write(&draft, bytes))
            .and_then(|()| std::fs::rename(&draft, &path));
        written.map_err(|source| Failure::File {
            act: "write",
            path,
            source,
        })
    }
}
