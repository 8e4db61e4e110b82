//! One projection, step by step: read a batch, apply it, write rows and position together.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::event::{EventRecord, SequenceNumber};
use crate::id::EventId;
use crate::name::ProjectionName;
use crate::panic_words::panic_words;
use crate::projection::status::{SET_ASIDE_SHOWN, Shared, words};
use crate::projection::{
    ApplyError, Aside, Checkpoint, EventOrder, OnPoison, Projection, ProjectionConfig, ProjectionError,
    ProjectionStatus, ProjectionTarget, SetAside,
};
use crate::store::EventStore;
use crate::subscription::{Start, Subscription, SubscriptionConfig, Topic};

/// The longest reason that is kept of an event set aside, in characters.
const REASON_CHARACTERS_MAX: usize = 2_000;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It looked at events.
    Moved,
    /// There was nothing new.
    Idle,
}

/// A projection with its target and its place in a store. It does nothing by itself; each step is one transaction, or
/// one for each event that is set aside.
pub struct ProjectionRunner<T: ProjectionTarget> {
    store: Arc<dyn EventStore>,
    projection: Box<dyn Projection<T>>,
    name: ProjectionName,
    target: T,
    config: ProjectionConfig,
    subscription: Subscription,
    /// What the target has; absent until it was asked.
    written: Option<Checkpoint>,
    /// Up to here events are read one by one, since one of them cannot be read.
    careful_to: Option<SequenceNumber>,
    shared: Arc<Shared>,
}

impl<T: ProjectionTarget> ProjectionRunner<T> {
    /// A projection of `store` into `target`. It begins with its first step.
    ///
    /// # Errors
    /// [`ProjectionError::Store`] when its query is refused.
    pub fn new(
        store: Arc<dyn EventStore>,
        projection: impl Projection<T> + 'static,
        target: T,
        config: ProjectionConfig,
    ) -> Result<Self, ProjectionError> {
        let subscription = Subscription::open(
            Arc::clone(&store),
            Topic::Query(projection.query()),
            Start::Beginning,
            SubscriptionConfig {
                batch_max: config.batch_max,
                wait_ms_max: config.wait_ms_max,
                backoff: config.backoff,
            },
        )?;
        let name = projection.name();
        let shared = Shared::new(name.clone(), projection.version(), projection.order());
        Ok(Self {
            store,
            projection: Box::new(projection),
            name,
            target,
            config,
            subscription,
            written: None,
            careful_to: None,
            shared: Arc::new(shared),
        })
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> ProjectionStatus {
        self.shared.status()
    }

    /// The target.
    #[must_use]
    pub const fn target(&self) -> &T {
        &self.target
    }

    /// The target, given back: another runner goes on where this one was.
    #[must_use]
    pub fn into_target(self) -> T {
        self.target
    }

    /// Applies the next batch. After an error it stands where the target says, and the step may be asked for again.
    ///
    /// # Errors
    /// [`ProjectionError`] when the store or the target fails, or it is to stop at an event.
    pub fn step(&mut self) -> Result<Step, ProjectionError> {
        let stepped = self.try_step();
        if let Err(error) = &stepped {
            self.shared.failed(error);
            match (error, self.written) {
                // Whether something was written is asked before anything else is.
                (ProjectionError::Target(_), _) => self.written = None,
                (_, Some(written)) => self.subscription.seek(written.position),
                _ => {}
            }
        }
        stepped
    }

    /// Takes steps until there is nothing new.
    ///
    /// # Errors
    /// [`ProjectionError`] as [`Self::step`].
    pub fn catch_up(&mut self) -> Result<(), ProjectionError> {
        while self.step()? == Step::Moved {}
        Ok(())
    }

    /// Begins anew: removes all rows now, and applies all events in the steps that follow.
    ///
    /// # Errors
    /// [`ProjectionError`] when the store or the target fails.
    pub fn rebuild(&mut self) -> Result<(), ProjectionError> {
        let restarted = self.try_rebuild();
        restarted.inspect_err(|error| self.shared.failed(error))
    }

    /// Tells that events turned up which are older than some that were applied. A projection that depends on their
    /// order begins anew.
    ///
    /// # Errors
    /// [`ProjectionError`] as [`Self::rebuild`].
    pub fn older_events_arrived(&mut self) -> Result<(), ProjectionError> {
        match self.projection.order() {
            EventOrder::Free => Ok(()),
            EventOrder::Ordered => self.rebuild(),
        }
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Sleeps until there may be something new, or `patience` is over.
    pub(crate) fn wait(&self, patience: Duration) -> Result<(), ProjectionError> {
        let waited = self.subscription.wait(patience).map_err(ProjectionError::from);
        waited.inspect_err(|error| self.shared.failed(error))
    }

    fn try_rebuild(&mut self) -> Result<(), ProjectionError> {
        let head = self.store.head()?;
        let from = self.target.checkpoint(&self.name)?;
        self.restart(from, head)
    }

    fn try_step(&mut self) -> Result<Step, ProjectionError> {
        let written = self.begin()?;
        let is_careful = self.careful_to > Subscription::position(&self.subscription);
        let most = if is_careful {
            NonZeroUsize::MIN
        } else {
            self.config.batch_max
        };
        let batch = match self.subscription.poll_up_to(most) {
            Ok(batch) => batch,
            Err(error) => return self.unreadable(written, error, is_careful),
        };
        self.shared.head(batch.head);
        if batch.records.is_empty() {
            return self.pass(written, batch.position);
        }
        self.apply(written, &batch.records, batch.position)?;
        Ok(Step::Moved)
    }

    /// Where the target stands, asked for once. Rows of another version, or none, begin anew.
    fn begin(&mut self) -> Result<Checkpoint, ProjectionError> {
        if let Some(written) = self.written {
            return Ok(written);
        }
        let found = self.target.checkpoint(&self.name)?;
        let head = self.store.head()?;
        self.shared.head(head);
        match found {
            Some(found) if found.version == self.projection.version() => {
                if let Some(position) = found.position
                    && found.position > head
                {
                    return Err(ProjectionError::Ahead { position });
                }
                let set_aside = self.target.set_aside(&self.name, SET_ASIDE_SHOWN)?;
                self.shared.was_set_aside(set_aside);
                self.stand_at(found);
                tracing::info!(
                    projection = self.name.as_str(),
                    version = found.version.0,
                    position = found.position.map(|position| position.0),
                    "projection goes on"
                );
            }
            Some(_) => self.restart(found, head)?,
            // Nobody has used these rows before, so that they are not whole yet is no news.
            None => self.restart(None, None)?,
        }
        Ok(self
            .written
            .unwrap_or(Checkpoint::begin(self.projection.version())))
    }

    fn restart(
        &mut self,
        from: Option<Checkpoint>,
        rebuilding_to: Option<SequenceNumber>,
    ) -> Result<(), ProjectionError> {
        let checkpoint = Checkpoint {
            rebuilding_to,
            ..Checkpoint::begin(self.projection.version())
        };
        let projection = &self.projection;
        let reset = self.target.transact(
            &self.name,
            from.as_ref(),
            &checkpoint,
            Aside::Forget,
            &mut |rows| match catch_unwind(AssertUnwindSafe(|| projection.reset(rows))) {
                Ok(reset) => reset,
                Err(panic) => Err(panicked(&*panic)),
            },
        );
        reset.map_err(|error| match error {
            ApplyError::Target(error) => ProjectionError::Target(error),
            ApplyError::Event(_) => ProjectionError::Reset {
                reason: words(&error),
            },
        })?;
        self.careful_to = None;
        self.shared.was_set_aside(Vec::new());
        if rebuilding_to.is_some() {
            self.shared.rebuilds();
        }
        self.stand_at(checkpoint);
        self.subscription.seek(None);
        tracing::info!(
            projection = self.name.as_str(),
            version = checkpoint.version.0,
            rebuilding_to = rebuilding_to.map(|position| position.0),
            "projection begins anew"
        );
        Ok(())
    }

    /// Events passed that the projection does not want. That is written down now and then only: looking at them again
    /// costs little.
    fn pass(
        &mut self,
        written: Checkpoint,
        position: Option<SequenceNumber>,
    ) -> Result<Step, ProjectionError> {
        let number = |position: Option<SequenceNumber>| position.map_or(0, |position| position.0);
        let passed = number(position).saturating_sub(number(written.position));
        let rebuilt = written.rebuilding_to.is_some() && written.rebuilding_to <= position;
        if passed > self.config.idle_events_max || rebuilt {
            let next = moved(written, position);
            let nothing = &mut |_: &mut T::Rows<'_>| Ok(());
            self.target
                .transact(&self.name, Some(&written), &next, Aside::Keep, nothing)
                .map_err(only_target)?;
            self.stand_at(next);
        } else {
            self.shared.passed(position);
        }
        Ok(Step::Idle)
    }

    fn apply(
        &mut self,
        written: Checkpoint,
        records: &[EventRecord],
        position: Option<SequenceNumber>,
    ) -> Result<(), ProjectionError> {
        let mut next = moved(written, position);
        next.applied += records.len() as u64;
        let start = Instant::now();
        let at = Cell::new(0);
        let (projection, shared) = (&self.projection, &self.shared);
        let outcome = self
            .target
            .transact(&self.name, Some(&written), &next, Aside::Keep, &mut |rows| {
                for (index, record) in records.iter().enumerate() {
                    at.set(index);
                    match catch_unwind(AssertUnwindSafe(|| projection.apply(record, rows))) {
                        Ok(applied) => applied?,
                        Err(panic) => {
                            shared.panicked();
                            return Err(panicked(&*panic));
                        }
                    }
                }
                Ok(())
            });
        match outcome {
            Ok(()) => {
                self.shared.applied(records.len() as u64, start.elapsed());
                self.stand_at(next);
                Ok(())
            }
            Err(ApplyError::Target(error)) => Err(error.into()),
            Err(error @ ApplyError::Event(_)) => {
                // Nothing of the batch was written. What comes before the event is applied again, without it.
                let (before, rest) = records.split_at(at.get());
                let mut written = written;
                if let Some(last) = before.last() {
                    self.apply(written, before, Some(last.sequence_number))?;
                    written = self.written.unwrap_or(written);
                    if written.position != Some(last.sequence_number) {
                        // This time an earlier one was refused, and all after it is read again.
                        return Ok(());
                    }
                }
                let Some(poison) = rest.first() else {
                    return Ok(());
                };
                self.poison(
                    written,
                    poison.sequence_number,
                    Some(poison.event_id),
                    words(&error),
                )?;
                // The rest is read again.
                self.subscription.seek(Some(poison.sequence_number));
                Ok(())
            }
        }
    }

    /// An event that cannot be read is one that cannot be applied; those before it are applied first, one by one.
    fn unreadable(
        &mut self,
        written: Checkpoint,
        error: StoreError,
        is_careful: bool,
    ) -> Result<Step, ProjectionError> {
        let Some(sequence_number) = error.unreadable_event() else {
            return Err(error.into());
        };
        if error.is_passing() {
            return Err(error.into());
        }
        if !is_careful && self.config.batch_max > NonZeroUsize::MIN {
            self.careful_to = Some(sequence_number);
            return Ok(Step::Moved);
        }
        self.poison(written, sequence_number, None, words(&error))?;
        self.subscription.seek(Some(sequence_number));
        Ok(Step::Moved)
    }

    fn poison(
        &mut self,
        written: Checkpoint,
        sequence_number: SequenceNumber,
        event_id: Option<EventId>,
        reason: String,
    ) -> Result<(), ProjectionError> {
        let reason: String = reason.chars().take(REASON_CHARACTERS_MAX).collect();
        match self.config.on_poison {
            OnPoison::Stop => {
                return Err(ProjectionError::Poison {
                    sequence_number,
                    reason,
                });
            }
            OnPoison::SetAside if written.set_aside >= self.config.set_aside_max => {
                return Err(ProjectionError::TooManySetAside {
                    sequence_number,
                    set_aside: written.set_aside,
                    reason,
                });
            }
            OnPoison::SetAside => {}
        }
        tracing::error!(
            projection = self.name.as_str(),
            sequence_number = sequence_number.0,
            reason,
            "event set aside"
        );
        let mut next = moved(written, Some(sequence_number));
        next.set_aside += 1;
        let event = SetAside {
            sequence_number,
            event_id,
            reason,
        };
        let nothing = &mut |_: &mut T::Rows<'_>| Ok(());
        self.target
            .transact(&self.name, Some(&written), &next, Aside::Add(&event), nothing)
            .map_err(only_target)?;
        self.shared.set_aside(event);
        self.stand_at(next);
        Ok(())
    }

    fn stand_at(&mut self, checkpoint: Checkpoint) {
        if self.written.is_none() {
            self.subscription.seek(checkpoint.position);
        }
        self.written = Some(checkpoint);
        self.shared.stands_at(&checkpoint);
    }
}

/// The checkpoint further on.
fn moved(checkpoint: Checkpoint, position: Option<SequenceNumber>) -> Checkpoint {
    Checkpoint {
        position: position.max(checkpoint.position),
        rebuilding_to: checkpoint.rebuilding_to.filter(|&to| Some(to) > position),
        ..checkpoint
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> ApplyError {
    ApplyError::event(format!("the projection panicked: {}", panic_words(panic)))
}

/// The error of a transaction that applies nothing.
fn only_target(error: ApplyError) -> ProjectionError {
    match error {
        ApplyError::Target(error) => error.into(),
        ApplyError::Event(source) => crate::projection::TargetError::Broken(source).into(),
    }
}
