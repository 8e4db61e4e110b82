//! A subscription whose batches are handed to a function, on a thread of its own.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;

use crate::panic_words::panic_words;
use crate::subscription::status::Shared;
use crate::subscription::{Batch, Cancel, Subscription, SubscriptionStatus};

/// A handler could not deal with a batch. It is given the same one again after a while.
#[derive(Debug, Error)]
#[error("handle events: {0}")]
pub struct HandlerError(#[source] pub Box<dyn StdError + Send + Sync>);

impl HandlerError {
    /// The error of these words.
    #[must_use]
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// A running subscription. Dropping it cancels it and waits for its end.
pub struct SubscriptionThread {
    cancel: Cancel,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl SubscriptionThread {
    /// Starts a thread that hands every batch of `subscription` to `handle`, one after the other.
    ///
    /// The next batch is read when the last was dealt with. A batch that `handle` refuses, or at which it panics, is
    /// given again until it is taken, at longer and longer intervals; so each event is handled at least once, and in
    /// order.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn spawn(
        name: &str,
        subscription: Subscription,
        handle: impl FnMut(&Batch) -> Result<(), HandlerError> + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let cancel = subscription.cancel();
        let shared = Arc::clone(&subscription.shared);
        let name = name.to_owned();
        let thread = std::thread::Builder::new()
            .name(format!("subscription {name}"))
            .spawn(move || drive(&name, subscription, handle))?;
        Ok(Self {
            cancel,
            shared,
            thread: Some(thread),
        })
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> SubscriptionStatus {
        self.shared.status()
    }

    /// What stops it, from any thread.
    #[must_use]
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for SubscriptionThread {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its hook.
            let _ = thread.join();
        }
    }
}

fn drive(
    name: &str,
    mut subscription: Subscription,
    mut handle: impl FnMut(&Batch) -> Result<(), HandlerError>,
) {
    let cancel = subscription.cancel();
    loop {
        match subscription.next_batch() {
            Ok(Some(batch)) => {
                let mut failures = 0;
                while let Err(reason) = attempt(&mut handle, &batch) {
                    let delay: Duration = subscription.config.backoff.delay(failures);
                    tracing::warn!(subscription = name, reason, failures, "handler failed");
                    failures = failures.saturating_add(1);
                    subscription.shared.failing(reason);
                    cancel.sleep(delay);
                    if cancel.is_cancelled() {
                        break;
                    }
                    subscription.shared.repeated();
                }
                if failures > 0 && !cancel.is_cancelled() {
                    subscription.shared.recovered(&batch);
                }
            }
            Ok(None) => return,
            Err(error) => {
                // Waiting does not mend it, so somebody has to look.
                tracing::error!(subscription = name, error = %error, "subscription ended");
                return subscription.shared.broken(error.to_string());
            }
        }
    }
}

/// Hands over a batch; what is wrong with it, in words.
fn attempt(handle: &mut impl FnMut(&Batch) -> Result<(), HandlerError>, batch: &Batch) -> Result<(), String> {
    // A handler that panics is called again with the same batch: what it left half-done is its own affair, as after an
    // error.
    match catch_unwind(AssertUnwindSafe(|| handle(batch))) {
        Ok(handled) => handled.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("the handler panicked: {}", panic_words(&*panic))),
    }
}
