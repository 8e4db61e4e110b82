//! `openprod store copy`: all of a store into another one.

use std::ops::ControlFlow;

use openprod_events::copy::{Copied, CopyError, Progress, copy};
use serde::Serialize;

use super::check::bar;
use super::{failed, open_present, refused};
use crate::console::count;
use crate::engine_session::Context;
use crate::failure::{Failure, told};
use crate::store_address::StoreAddress;

/// The answer.
#[derive(Serialize)]
struct Done {
    from: String,
    to: String,
    #[serde(flatten)]
    copied: Copied,
}

pub(super) fn run(context: &Context, from: &StoreAddress, to: &StoreAddress) -> Result<(), Failure> {
    let source = open_present("copy", from)?;
    let format = to.format().map_err(|error| failed("copy", to, &error))?;
    let target = match format.found {
        Some(_) => open_present("copy", to)?,
        None => to.open().map_err(|error| failed("copy", to, &error))?,
    };
    let bar = bar(context, "{msg}  {bar:30} {pos} of {len}");
    let copied = copy(&*source, &*target, &mut |progress| {
        let (words, done, total) = match progress {
            Progress::Events(done, total) => ("Copying events", done, total),
            Progress::Commands(done) => ("Copying commands", done, done),
            Progress::Compared(done, total) => ("Comparing", done, total),
        };
        bar.set_message(words);
        bar.set_length(total);
        bar.set_position(done);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let copied = copied.map_err(|error| explained(from, to, &error))?;
    let done = Done {
        from: from.shown(),
        to: to.shown(),
        copied,
    };
    context.console.answer(&done, words)
}

fn words(done: &Done) -> String {
    let Copied {
        events,
        events_before,
        commands,
        digest,
    } = &done.copied;
    let mut text = format!(
        "{} holds {} and {}, as {} does.\nDigest  {digest}",
        done.to,
        count(*events, "event"),
        count(*commands, "command"),
        done.from
    );
    if *events_before > 0 {
        text.push_str(&format!(
            "\n{} had been copied before.",
            count(*events_before, "event")
        ));
    }
    text
}

fn explained(from: &StoreAddress, to: &StoreAddress, error: &CopyError) -> Failure {
    let store = match error {
        CopyError::OtherEvents { .. } | CopyError::OtherCommands => {
            return refused(
                "store_differs",
                "The target holds something else",
                format!("{} into {}", told(error), to.shown()),
                "Nothing of it was changed. Choose an empty store, or one that is not there yet.",
            );
        }
        CopyError::Source(error) => return failed("copy", from, error),
        CopyError::Target(error) => return failed("copy", to, error),
        CopyError::Command(_) => from,
        _ => to,
    };
    Failure::Store {
        act: "copy",
        store: store.shown(),
        words: from.without_password(&to.without_password(&told(error))),
        is_away: false,
    }
}
