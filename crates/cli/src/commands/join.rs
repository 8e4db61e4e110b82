//! `openprod join`: becoming a member by invitation.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};

use super::status::StatusView;
use crate::console::{count, plain};
use crate::engine_session::{Context, EngineSession, Expect};
use crate::failure::Failure;

/// Joins a workspace by the invitation that a member gave.
///
/// With an address the member is asked at once, and nothing is joined when nobody answers there. Without one the
/// members are found on the network as soon as `openprod serve` is running.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod join 040t3-za2ym-… --address 192.168.1.20:7420")]
pub(crate) struct Join {
    /// The text that `openprod invite` printed; spaces and line breaks in it do no harm
    #[arg(required = true, value_name = "INVITATION")]
    invitation: Vec<String>,
    /// Where a member's `openprod serve` can be reached
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
}

/// How long to wait for the next piece of the workspace before going on without.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// How often to look how far it is.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Join {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Anything, |engine| {
            let mut body = json!({"invitation": self.invitation.join(" ")});
            if let Some(address) = &self.address {
                body["address"] = address.as_str().into();
            }
            let joined: Json = engine.client.post_any("/workspace/join", &body)?;
            let id = joined["workspace_id"].as_str().unwrap_or_default();
            // An engine of this command's own must not end before it has what it came for.
            let fetched = if engine.is_own && self.address.is_some() {
                Some(fetch(context, engine, id)?)
            } else {
                None
            };
            context.console.answer(&joined, |joined| {
                let name = plain(joined["name"].as_str().unwrap_or_default());
                let next = match (fetched, engine.is_own) {
                    (Some(Fetched::All(bundles)), _) => {
                        format!(
                            "Everything is here ({}). `openprod serve` keeps in step.",
                            count(bundles, "bundle")
                        )
                    }
                    (Some(Fetched::Part(bundles)), _) => format!(
                        "{} are here; the rest comes once `openprod serve` is running and meets a member.",
                        count(bundles, "bundle")
                    ),
                    (None, true) => {
                        "Its content comes once `openprod serve` is running and meets a member.".to_owned()
                    }
                    (None, false) => {
                        "Its content comes as soon as a member is met; see `openprod status`.".to_owned()
                    }
                };
                format!("Joined workspace {name:?} ({id}).\n{next}")
            })
        })
    }
}

/// How much of a workspace has come.
enum Fetched {
    All(u64),
    Part(u64),
}

/// Waits until the member has handed over everything, or nothing has come for a while.
fn fetch(context: &Context, engine: &EngineSession, workspace: &str) -> Result<Fetched, Failure> {
    let bar = if context.console.is_json() {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(0)
    };
    let style = ProgressStyle::with_template("Fetching {bar:30} {pos} of {len} bundles");
    bar.set_style(style.expect("the template is sound"));
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let status: StatusView = engine
            .client
            .get("/workspace/status", &[("workspace", workspace)])?;
        if status.bundles > last {
            (last, moved) = (status.bundles, Instant::now());
        }
        bar.set_length(status.bundles + status.sync.behind);
        bar.set_position(status.bundles);
        let complete = status.sync.state == "live" && status.sync.behind == 0 && status.bundles > 0;
        if complete || moved.elapsed() > SILENCE_MAX {
            bar.finish_and_clear();
            return Ok(if complete {
                Fetched::All(last)
            } else {
                Fetched::Part(last)
            });
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
