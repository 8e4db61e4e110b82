//! `openprod verify`: is everything here as it was written?

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::console::count;
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Checks the workspace: every signature, and that what is shown follows from the history.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: openprod verify\n\nExit code 5 means that something is not as it was written."
)]
pub(crate) struct Verify {}

/// The engine's answer.
#[derive(Serialize, Deserialize)]
struct Verified {
    sound: bool,
    bundles: u64,
    operations: u64,
    state_hash: String,
    replayed_hash: String,
    first_difference: Option<Json>,
    forged_total: u64,
    forged: Vec<Json>,
    reused_commands: Vec<Json>,
}

impl Verify {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let found: Verified = engine.client.post("/workspace/verify", json!({}))?;
            context.console.answer(&found, words)?;
            if found.sound {
                Ok(())
            } else {
                Err(Failure::Unsound(faults(&found)))
            }
        })
    }
}

fn words(found: &Verified) -> String {
    let read = format!(
        "{} in {}",
        count(found.operations, "operation"),
        count(found.bundles, "bundle")
    );
    let verdict = if found.sound { "Sound" } else { "NOT sound" };
    let mut text = format!(
        "{verdict}: checked {read}.\nState hash  {}\nReplayed    {}",
        found.state_hash, found.replayed_hash
    );
    for reused in &found.reused_commands {
        text.push_str(&format!(
            "\nNote: different facts were recorded under one command id; all of them count ({reused})"
        ));
    }
    text
}

fn faults(found: &Verified) -> String {
    let mut faults = Vec::new();
    if found.forged_total > 0 {
        faults.push(format!(
            "{} with a signature that is not the author's",
            count(found.forged_total, "bundle")
        ));
    }
    if let Some(row) = &found.first_difference {
        faults.push(format!("a stored row is not what the history says ({row})"));
    }
    faults.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let found = Verified {
            sound: false,
            bundles: 2,
            operations: 9,
            state_hash: "aa".to_owned(),
            replayed_hash: "bb".to_owned(),
            first_difference: Some(json!({"space": "entity", "key": "00"})),
            forged_total: 1,
            forged: vec![json!({"position": 2, "reason": "r"})],
            reused_commands: vec![json!({"command_id": "c", "bundles": ["d", "e"]})],
        };
        assert!(words(&found).starts_with("NOT sound: checked 9 operations in 2 bundles."));
        assert!(words(&found).contains("under one command id"));
        let text = faults(&found);
        assert!(
            text.contains("1 bundle with a signature") && text.contains("entity"),
            "{text}"
        );
    }
}
