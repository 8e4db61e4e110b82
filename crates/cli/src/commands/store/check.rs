//! `openprod store check`: is everything in a store as it was written?

use indicatif::{ProgressBar, ProgressStyle};
use openprod_events::verify::{Progress, Verified, verify};
use serde::Serialize;

use super::{failed, open_present};
use crate::console::{count, plain};
use crate::engine_session::Context;
use crate::failure::Failure;
use crate::store_address::StoreAddress;

/// The answer.
#[derive(Serialize)]
struct Checked {
    store: String,
    sound: bool,
    #[serde(flatten)]
    verified: Verified,
}

pub(super) fn run(context: &Context, address: &StoreAddress) -> Result<(), Failure> {
    let store = open_present("check", address)?;
    let bar = bar(context, "{msg}  {bar:30} {pos} of {len}");
    let verified = verify(&*store, &mut |progress| match progress {
        Progress::Files => bar.set_message("Files"),
        Progress::Events(done, total) => {
            bar.set_message("Events");
            bar.set_length(total);
            bar.set_position(done);
        }
        Progress::Index(done) => {
            bar.set_message("Index");
            bar.set_length(done);
            bar.set_position(done);
        }
        Progress::Commands(done) => {
            bar.set_message("Commands");
            bar.set_length(done);
            bar.set_position(done);
        }
    });
    bar.finish_and_clear();
    let verified = verified.map_err(|error| failed("check", address, &error))?;
    let checked = Checked {
        store: address.shown(),
        sound: verified.is_sound(),
        verified,
    };
    context.console.answer(&checked, words)?;
    if checked.sound {
        return Ok(());
    }
    Err(Failure::StoreUnsound(format!(
        "{} in {}",
        count(checked.verified.findings_total, "finding"),
        checked.store
    )))
}

fn words(checked: &Checked) -> String {
    let verified = &checked.verified;
    let verdict = if checked.sound { "Sound" } else { "NOT sound" };
    let mut text = format!(
        "{verdict}: checked {}, {}, {} and {}.",
        count(verified.events, "event"),
        count(verified.postings, "posting"),
        count(verified.places, "stream position"),
        count(verified.commands, "command")
    );
    if let Some(digest) = verified.digest {
        text.push_str(&format!("\nDigest  {digest}"));
    }
    for finding in &verified.findings {
        text.push_str(&format!("\n- {}", plain(&finding.to_string())));
    }
    let more = verified.findings_total - verified.findings.len() as u64;
    if more > 0 {
        text.push_str(&format!("\n- and {more} more"));
    }
    text
}

/// A bar on standard error, for people at a terminal.
pub(super) fn bar(context: &Context, template: &str) -> ProgressBar {
    let bar = if context.console.is_json() {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(0)
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
