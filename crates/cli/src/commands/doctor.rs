//! `openprod doctor`: why devices do, or do not, see each other.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::console::plain;
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Examines the network of this device, and why members are not seen: interfaces, messages to everybody, ports,
/// addresses, clocks, versions, and who is behind.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples: openprod doctor\n          openprod doctor --peer Booth\n\nExit code 5 means that something \
                  is wrong; warnings alone end with 0."
)]
pub(crate) struct Doctor {
    /// Somebody who is missed: the name of the device, the beginning of its key, or its address
    #[arg(long, value_name = "NAME")]
    peer: Option<String>,
}

/// The engine's answer.
#[derive(Serialize, Deserialize)]
struct Examination {
    status: String,
    checked_at: String,
    checks: Vec<Check>,
    peers: Vec<Json>,
}

/// One thing that was checked.
#[derive(Serialize, Deserialize)]
struct Check {
    id: String,
    status: String,
    title: String,
    detail: Option<String>,
    advice: Option<String>,
}

impl Doctor {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Anything, |engine| {
            let query: Vec<_> = self.peer.iter().map(|peer| ("peer", peer.as_str())).collect();
            let mut found: Examination = engine.client.get("/doctor", &query)?;
            if engine.is_own {
                // What was examined ends with this command, and was never to be found.
                found
                    .checks
                    .retain(|check| !matches!(check.id.as_str(), "discovery" | "sync_port"));
                found.checks.insert(0, not_running());
                "fail".clone_into(&mut found.status);
            }
            context.console.answer(&found, words)?;
            let failed: Vec<_> = found
                .checks
                .iter()
                .filter(|check| check.status == "fail")
                .map(|check| plain(&check.title))
                .collect();
            if failed.is_empty() {
                Ok(())
            } else {
                Err(Failure::Unwell(failed.join("; ")))
            }
        })
    }
}

fn not_running() -> Check {
    Check {
        id: "engine".to_owned(),
        status: "fail".to_owned(),
        title: "No engine is running on this device".to_owned(),
        detail: Some("Nobody can meet this device, and it looks for nobody.".to_owned()),
        advice: Some("Start it with `openprod serve` and leave it running.".to_owned()),
    }
}

fn words(found: &Examination) -> String {
    let mut lines = Vec::new();
    for check in &found.checks {
        let mark = match check.status.as_str() {
            "ok" => "ok  ",
            "warn" => "look",
            "fail" => "FAIL",
            _ => " -  ",
        };
        lines.push(format!("{mark}  {}", plain(&check.title)));
        for text in [&check.detail, &check.advice].into_iter().flatten() {
            lines.push(format!("      {}", plain(text)));
        }
    }
    let reasons = found.peers.iter().filter_map(|peer| {
        let text = |value: &Json| value.as_str().map(plain);
        // The title says who it is about.
        let title = text(&peer["reason"]["title"])?;
        let advice = text(&peer["reason"]["advice"]).unwrap_or_default();
        Some(format!("{title}. {advice}"))
    });
    let reasons: Vec<_> = reasons.collect();
    if !reasons.is_empty() {
        lines.push(String::new());
        lines.push("Not connected".to_owned());
        lines.extend(reasons.iter().map(|reason| format!("      {reason}")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_are_marked_and_absent_members_are_told() {
        let check = |status: &str| Check {
            id: "clock".to_owned(),
            status: status.to_owned(),
            title: format!("title {status}"),
            detail: Some("seen\u{1b}[2J".to_owned()),
            advice: None,
        };
        let found = Examination {
            status: "fail".to_owned(),
            checked_at: "2026-11-21T08:25:52Z".to_owned(),
            checks: ["ok", "warn", "fail", "skipped"].map(check).into(),
            peers: vec![
                json!({"peer_id": "aa", "name": "Booth", "reason": {"title": "Booth is off", "advice": "Wake it."}}),
                json!({"peer_id": "bb", "name": "Stage", "reason": null}),
            ],
        };
        let text = words(&found);
        for line in [
            "ok    title ok",
            "look  title warn",
            "FAIL  title fail",
            " -    title skipped",
        ] {
            assert!(text.contains(line), "{line:?} is not in {text}");
        }
        assert!(
            text.contains("      Booth is off. Wake it.") && !text.contains("Stage"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }
}
