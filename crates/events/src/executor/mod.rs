//! The executor: gives commands to a store, as often as it takes, and at most once.
//!
//! A command is authorised, validated, decided on what its streams and its context hold, and committed on the condition
//! that none of it has changed. When it has, everything is read and decided anew, after a pause, a bounded number of
//! times. What led to nothing because the same command had been carried out before is answered as it was then.
//!
//! Begin at [`Executor`]; what it is told from outside are an [`Authority`], an [`AlertSink`], a [`Waiter`] and a
//! [`RecordReader`].

mod alert;
mod authority;
mod command_error;
mod histogram;
mod metrics;
mod outcome;
mod reading;
mod record_reader;
mod retry;

use std::sync::Arc;
use std::time::Instant;

pub use alert::{Alert, AlertSink, Alerted, LogAlerts};
pub use authority::{Authority, Nobody, Roles};
pub use command_error::CommandError;
pub use histogram::{Histogram, LATENCY_BOUNDS};
pub use metrics::{CommandFigures, Ending, Metrics};
pub use outcome::Outcome;
pub use record_reader::{AsStored, ReadRecordError, RecordReader};
pub use retry::{RetryPolicy, SystemWaiter, Waiter};

use crate::clock::{Clock, SystemClock};
use crate::command::{
    Command, Conflict, Contention, Decision, DomainEvent as _, Envelope, Rejection, Violations,
};
use crate::commit::{CommandReceipt, Commit, Committed, RequestHash};
use crate::error::{AppendError, StoreError};
use crate::event::{NewEvent, SchemaVersion};
use crate::executor::metrics::Ledger;
use crate::executor::reading::Reading;
use crate::name::Actor;
use crate::payload::Payload;
use crate::rate::{RateLimit, TokenBuckets};
use crate::store::EventStore;
use crate::stream::StreamPosition;

/// Carries out commands on one store. Any number of threads may share it; calls block.
///
/// It does not decide who may do what: without an [`Authority`], commands that need a permission are refused.
pub struct Executor {
    store: Arc<dyn EventStore>,
    authority: Box<dyn Authority>,
    alerts: Box<dyn AlertSink>,
    records: Box<dyn RecordReader>,
    waiter: Box<dyn Waiter>,
    retry: RetryPolicy,
    clock: Box<dyn Clock>,
    rate: Option<TokenBuckets<Actor>>,
    ledger: Ledger,
}

impl Executor {
    /// An executor on a store. It permits nothing that needs a permission, logs alerts, and reads events as they are
    /// stored.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self {
            store,
            authority: Box::new(Nobody),
            alerts: Box::new(LogAlerts),
            records: Box::new(AsStored),
            waiter: Box::new(SystemWaiter),
            retry: RetryPolicy::default(),
            clock: Box::new(SystemClock::default()),
            rate: None,
            ledger: Ledger::default(),
        }
    }

    /// The same, with somebody who knows who may do what.
    #[must_use]
    pub fn with_authority(mut self, authority: impl Authority + 'static) -> Self {
        self.authority = Box::new(authority);
        self
    }

    /// The same, with somewhere for the alerts of critical commands to go.
    #[must_use]
    pub fn with_alerts(mut self, alerts: impl AlertSink + 'static) -> Self {
        self.alerts = Box::new(alerts);
        self
    }

    /// The same, with something that brings stored events to the form that commands read.
    #[must_use]
    pub fn with_records(mut self, records: impl RecordReader + 'static) -> Self {
        self.records = Box::new(records);
        self
    }

    /// The same, with another way to wait and another source of chance.
    #[must_use]
    pub fn with_waiter(mut self, waiter: impl Waiter + 'static) -> Self {
        self.waiter = Box::new(waiter);
        self
    }

    /// The same, with another policy of trying again.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The same, with a limit to how often each actor may give a command, whatever becomes of it.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate = Some(TokenBuckets::new(limit));
        self
    }

    /// The same, with another clock for the rate limit.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    /// What was counted and measured since the executor was made.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.ledger.read()
    }

    /// Carries out a command. Given again with the same id and the same request, it has no further effect and the
    /// answer is that of the first time.
    ///
    /// # Errors
    /// [`CommandError::Rejected`] when it may not happen; then nothing was written and the id is still free. After
    /// [`StoreError::OutcomeUnknown`] nobody knows, and giving the command again finds out. Otherwise nothing was
    /// written.
    pub fn execute<C: Command>(
        &self,
        command: &C,
        envelope: &Envelope,
    ) -> Result<Outcome<C::Answer>, CommandError> {
        let started = Instant::now();
        let span = tracing::info_span!(
            "command",
            command_type = %C::TYPE,
            command_id = %envelope.command_id,
            actor = %envelope.actor,
            correlation_id = envelope.correlation_id.as_ref().map(tracing::field::display),
        );
        let _entered = span.enter();
        let mut conflicts = 0;
        let allowed = self
            .hold_back(envelope)
            .and_then(|()| self.authorise(command, envelope));
        let result = allowed.and_then(|()| {
            let request = RequestHash::of(C::TYPE.as_str(), &written("its request", Payload::of(command))?);
            match self.decide(command, envelope, request, &mut conflicts) {
                // Whether something is wrong with it does not matter if it was carried out before.
                Err(error) if error.is_about_the_command() => match self.repeat(envelope, request)? {
                    Some(committed) => Outcome::of(committed, conflicts + 1),
                    None => Err(error),
                },
                decided => decided,
            }
        });
        let ending = Ending::of(&result);
        self.ledger.note(C::TYPE, ending, conflicts, started.elapsed());
        report(&result, ending);
        if command.is_critical() {
            self.alert::<C>(envelope, &result);
        }
        result
    }

    fn hold_back(&self, envelope: &Envelope) -> Result<(), CommandError> {
        let Some(rate) = &self.rate else {
            return Ok(());
        };
        let taken = rate.take(&envelope.actor, self.clock.now());
        taken.map_err(|retry_after| CommandError::TooFast {
            actor: envelope.actor.clone(),
            retry_after,
        })
    }

    fn authorise<C: Command>(&self, command: &C, envelope: &Envelope) -> Result<(), CommandError> {
        let Some(permission) = command.permission() else {
            return Ok(());
        };
        if self.authority.permits(&envelope.actor, &permission) {
            return Ok(());
        }
        Err(CommandError::Rejected(Rejection::Unauthorised {
            actor: envelope.actor.clone(),
            permission,
        }))
    }

    /// Reads, decides and commits until that holds, or others were faster too often.
    fn decide<C: Command>(
        &self,
        command: &C,
        envelope: &Envelope,
        request: RequestHash,
        conflicts: &mut u32,
    ) -> Result<Outcome<C::Answer>, CommandError> {
        validate(command, envelope)?;
        loop {
            let conflict = match self.attempt(command, envelope, request)? {
                Attempt::Committed(committed) => return Outcome::of(committed, *conflicts + 1),
                Attempt::Outrun(conflict) => conflict,
            };
            *conflicts += 1;
            tracing::debug!(attempt = *conflicts, %conflict, "somebody else was faster");
            if *conflicts >= self.retry.attempts_max.get() {
                return Err(CommandError::Rejected(Rejection::Concurrency(Contention {
                    attempts: *conflicts,
                    conflict,
                })));
            }
            self.waiter
                .wait(self.retry.pause(*conflicts, self.waiter.chance()));
        }
    }

    fn attempt<C: Command>(
        &self,
        command: &C,
        envelope: &Envelope,
        request: RequestHash,
    ) -> Result<Attempt, CommandError> {
        let mut reading = Reading::default();
        let state = reading.take(command, &*self.store, &*self.records)?;
        let decision = match command.decide(&state) {
            Ok(decision) => decision,
            // Nothing is committed that would check it: what was read at several moments may never have been true.
            Err(rejection) => {
                return match reading.changed(&*self.store)? {
                    Some(conflict) => Ok(Attempt::Outrun(conflict)),
                    None => Err(CommandError::Rejected(rejection)),
                };
            }
        };
        let answer = written("its answer", Payload::of(&decision.answer))?;
        let commit = Commit {
            events: events::<C>(decision, envelope)?,
            context: reading.context,
            streams: reading
                .versions
                .into_iter()
                .map(|(stream, version)| StreamPosition { stream, version })
                .collect(),
            command: Some(CommandReceipt {
                id: envelope.command_id,
                request,
                result: answer,
            }),
        };
        match self.store.commit(commit) {
            Ok(committed) => Ok(Attempt::Committed(committed)),
            Err(error) => match Conflict::of(&error) {
                Some(conflict) => Ok(Attempt::Outrun(conflict)),
                None => Err(error.into()),
            },
        }
    }

    /// What the command led to, if it was carried out before.
    fn repeat(&self, envelope: &Envelope, request: RequestHash) -> Result<Option<Committed>, CommandError> {
        let Some(recorded) = self.store.command(envelope.command_id)? else {
            return Ok(None);
        };
        // It writes nothing: a store looks for the command before anything else, and forgets none.
        let again = Commit::default().for_command(envelope.command_id, request, recorded.result);
        Ok(Some(self.store.commit(again)?))
    }

    fn alert<C: Command>(&self, envelope: &Envelope, result: &Result<Outcome<C::Answer>, CommandError>) {
        let what = match result {
            Ok(outcome) if !outcome.repeated => Alerted::CarriedOut {
                append: outcome.append,
            },
            Err(CommandError::Rejected(Rejection::Unauthorised { permission, .. })) => {
                Alerted::NotPermitted {
                    permission: permission.clone(),
                }
            }
            _ => return,
        };
        self.alerts.raise(&Alert {
            command_type: C::TYPE,
            envelope: envelope.clone(),
            what,
        });
    }
}

/// What became of an attempt.
enum Attempt {
    Committed(Committed),
    /// What it was decided on has changed.
    Outrun(Conflict),
}

/// Whatever can be wrong with a command and its envelope by themselves.
fn validate<C: Command>(command: &C, envelope: &Envelope) -> Result<(), CommandError> {
    let mut violations = match command.validate() {
        Ok(()) => Violations::none(),
        Err(violations) => violations,
    };
    violations.require(
        !command.is_sensitive() || envelope.justification.is_some(),
        "justification",
        "is missing, and this command is sensitive",
    );
    violations
        .into_result()
        .map_err(|violations| CommandError::Rejected(violations.into()))
}

/// The events of a decision as they are committed.
fn events<C: Command>(
    decision: Decision<C::Event, C::Answer>,
    envelope: &Envelope,
) -> Result<Vec<NewEvent>, CommandError> {
    let metadata = envelope.metadata(&C::TYPE);
    let new = |emitted: crate::command::Emitted<C::Event>| {
        let mut metadata = metadata.clone();
        let version = emitted.event.schema_version();
        metadata.schema_version = (version > SchemaVersion::FIRST).then_some(version);
        Ok(NewEvent {
            event_type: emitted.event.event_type(),
            payload: written("an event", emitted.event.to_payload())?,
            stream: emitted.stream,
            metadata,
        })
    };
    decision.events.into_iter().map(new).collect()
}

fn written(
    what: &'static str,
    payload: Result<Payload, crate::payload::PayloadError>,
) -> Result<Payload, CommandError> {
    payload.map_err(|source| CommandError::Unwritable { what, source })
}

/// Logs how a command ended. The request is not part of it: it may be personal.
fn report<A>(result: &Result<Outcome<A>, CommandError>, ending: Ending) {
    let ending = ending.as_str();
    match result {
        Ok(outcome) => tracing::info!(
            ending,
            attempts = outcome.attempts,
            first_event = outcome.append.map(|append| append.first_sequence_number.0),
            events = outcome.append.map_or(0, |append| append.committed_count),
            "command ended"
        ),
        Err(CommandError::Rejected(rejection)) => tracing::info!(ending, %rejection, "command ended"),
        Err(CommandError::TooFast { retry_after, .. }) => {
            tracing::info!(ending, retry_ms = retry_after.as_millis() as u64, "command ended");
        }
        Err(error) => tracing::error!(ending, error = error as &dyn std::error::Error, "command ended"),
    }
}

impl From<AppendError> for CommandError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Refused(refused) => Self::Refused(refused),
            AppendError::CommandReused { command } => Self::Reused { command },
            AppendError::Store(error) => Self::Store(error),
            // Conflicts are told apart before; a store that gives one here has lost a command that it remembered.
            AppendError::Context(_) | AppendError::Streams(_) => {
                Self::Store(StoreError::Database(Box::new(error)))
            }
        }
    }
}
