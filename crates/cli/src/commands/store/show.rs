//! `openprod store stat`: how much a store holds.

use openprod_events::archive::Overview;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{failed, open_present};
use crate::console::{count, plain, table, time};
use crate::engine_session::Context;
use crate::failure::Failure;
use crate::store_address::StoreAddress;

/// The answer.
#[derive(Serialize)]
struct Shown {
    store: String,
    format: Option<u32>,
    events: u64,
    streams: u64,
    commands: u64,
    last_at: Option<String>,
    bytes: Option<u64>,
    partitions: Option<u64>,
    types: Json,
}

pub(super) fn run(context: &Context, address: &StoreAddress) -> Result<(), Failure> {
    let store = open_present("read", address)?;
    let overview = store
        .overview()
        .map_err(|error| failed("read", address, &error))?;
    let shown = Shown {
        store: address.shown(),
        format: overview.format,
        events: overview.events,
        streams: overview.streams,
        commands: overview.commands,
        last_at: overview.last_at.map(|at| at.to_string()),
        bytes: overview.bytes,
        partitions: overview.partitions,
        types: json!(overview.types),
    };
    context.console.answer(&shown, |shown| words(shown, &overview))
}

fn words(shown: &Shown, overview: &Overview) -> String {
    let mut text = format!(
        "{}: {}, {}, {}",
        shown.store,
        count(shown.events, "event"),
        count(shown.streams, "stream"),
        count(shown.commands, "command")
    );
    if let Some(bytes) = shown.bytes {
        text.push_str(&format!(", {}", count(bytes, "byte")));
    }
    if let Some(partitions) = shown.partitions {
        text.push_str(&format!(" in {}", count(partitions, "partition")));
    }
    text.push('.');
    if let Some(at) = &shown.last_at {
        text.push_str(&format!("\nLast written {}.", time(at)));
    }
    if !overview.types.is_empty() {
        let rows = overview
            .types
            .iter()
            .map(|of| [plain(&of.event_type), of.events.to_string()]);
        text.push_str(&format!("\n\n{}", table(["type", "events"], rows)));
    }
    text
}
