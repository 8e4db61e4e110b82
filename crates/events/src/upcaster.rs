//! Upcasters: how payloads of older forms are read as the present one.
//!
//! A step leads from one version of a type to the next, and steps are chained. They run when events are read, on a copy:
//! what is stored never changes. Queries go to the store as they are, so predicates and context versions are about the
//! *stored* payloads, whatever they are read as.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use thiserror::Error;

use crate::commit::{Commit, Committed};
use crate::error::{AppendError, DatabaseError, StoreError};
use crate::event::{EventRecord, SchemaVersion, SequenceNumber};
use crate::executor::{ReadRecordError, RecordReader};
use crate::id::EventId;
use crate::layer::Layer;
use crate::name::EventType;
use crate::panic_words::panic_words;
use crate::payload::Payload;
use crate::store::EventStore;

/// An event that could not be brought to the present form of its type.
#[derive(Debug, Error)]
#[error("upcast event {sequence_number} of type {event_type}: from version {from} to {to}: {source}")]
pub struct UpcastError {
    /// The event.
    pub event: EventId,
    /// Its number.
    pub sequence_number: SequenceNumber,
    /// Its type.
    pub event_type: EventType,
    /// The version at which it failed.
    pub from: SchemaVersion,
    /// The version that was to be reached next.
    pub to: SchemaVersion,
    /// Why.
    #[source]
    pub source: UpcastFault,
}

/// Why a step could not be taken.
#[derive(Debug, Error)]
pub enum UpcastFault {
    /// The step refused the payload.
    #[error("the upcaster failed")]
    Refused(#[source] DatabaseError),
    /// The step panicked.
    #[error("the upcaster panicked: {0}")]
    Panicked(String),
    /// What the step gave is no payload.
    #[error("the upcaster gave what is no payload")]
    NoPayload(#[source] crate::payload::PayloadError),
    /// No step leads on from there.
    #[error("no upcaster leads on from there")]
    NoStep,
    /// The event was written by a newer program.
    #[error("the event is newer than this program")]
    Newer,
}

/// A set of steps that does not fit together.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("register upcaster: {event_type} has one from version {from} already")]
pub struct DuplicateUpcaster {
    /// The type.
    pub event_type: EventType,
    /// The version that the step leads from.
    pub from: SchemaVersion,
}

/// One step: the payload in the form of the next version, or why it cannot be had. It gives the same for the same
/// payload, always.
type Step = Box<dyn Fn(Value) -> Result<Value, DatabaseError> + Send + Sync>;

/// All steps of a program.
#[derive(Default)]
pub struct Upcasters {
    steps: BTreeMap<EventType, BTreeMap<SchemaVersion, Step>>,
    revision: u32,
}

/// Which steps there are, as a number: state that was folded with other ones is of no use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpcastersVersion(pub u64);

impl Upcasters {
    /// Adds the step from version `from` of `event_type` to the one after it.
    ///
    /// # Errors
    /// [`DuplicateUpcaster`] when there is such a step already.
    pub fn step<E: Into<DatabaseError>>(
        mut self,
        event_type: EventType,
        from: SchemaVersion,
        step: impl Fn(Value) -> Result<Value, E> + Send + Sync + 'static,
    ) -> Result<Self, DuplicateUpcaster> {
        let steps = self.steps.entry(event_type.clone()).or_default();
        if steps.contains_key(&from) {
            return Err(DuplicateUpcaster { event_type, from });
        }
        steps.insert(from, Box::new(move |value| step(value).map_err(Into::into)));
        Ok(self)
    }

    /// Counts changes of what steps do: a step that is mended needs another revision, or state that was folded before
    /// is taken for good.
    #[must_use]
    pub const fn with_revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    /// The present version of a type: where its steps end.
    #[must_use]
    pub fn present(&self, event_type: &EventType) -> SchemaVersion {
        let last = self.steps.get(event_type).and_then(BTreeMap::last_key_value);
        last.map_or(SchemaVersion::FIRST, |(from, _)| from.next())
    }

    /// Which steps there are.
    #[must_use]
    pub fn version(&self) -> UpcastersVersion {
        let mut hasher = blake3::Hasher::new_derive_key("openprod events 2026 upcasters");
        hasher.update(&self.revision.to_be_bytes());
        for (event_type, steps) in &self.steps {
            hasher.update(&(event_type.as_str().len() as u64).to_be_bytes());
            hasher.update(event_type.as_str().as_bytes());
            hasher.update(&(steps.len() as u64).to_be_bytes());
            for from in steps.keys() {
                hasher.update(&from.get().to_be_bytes());
            }
        }
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        UpcastersVersion(u64::from_be_bytes(bytes))
    }

    /// Brings a record to the present form of its type. One that has it is left as it is, and so is one of a type
    /// without steps.
    ///
    /// # Errors
    /// [`UpcastError`] when a step fails or is missing, or when the record is newer than the last step.
    pub fn upcast(&self, mut record: EventRecord) -> Result<EventRecord, UpcastError> {
        let Some(steps) = self.steps.get(&record.event_type) else {
            return Ok(record);
        };
        let present = self.present(&record.event_type);
        let mut version = record.metadata.schema_version.unwrap_or(SchemaVersion::FIRST);
        if version == present {
            return Ok(record);
        }
        let mut value = record.payload.value().clone();
        while version != present {
            let taken = match steps.get(&version) {
                Some(step) => take(step, value),
                None if version > present => Err(UpcastFault::Newer),
                None => Err(UpcastFault::NoStep),
            };
            value = taken.map_err(|source| UpcastError {
                event: record.event_id,
                sequence_number: record.sequence_number,
                event_type: record.event_type.clone(),
                from: version,
                to: if version > present {
                    present
                } else {
                    version.next()
                },
                source,
            })?;
            version = version.next();
        }
        record.payload = Payload::new(value).map_err(|error| UpcastError {
            event: record.event_id,
            sequence_number: record.sequence_number,
            event_type: record.event_type.clone(),
            from: record.metadata.schema_version.unwrap_or(SchemaVersion::FIRST),
            to: present,
            source: UpcastFault::NoPayload(error),
        })?;
        record.metadata.schema_version = Some(version);
        Ok(record)
    }

    fn upcast_all(&self, records: Vec<EventRecord>) -> Result<Vec<EventRecord>, UpcastError> {
        if self.steps.is_empty() {
            return Ok(records);
        }
        records.into_iter().map(|record| self.upcast(record)).collect()
    }
}

/// An executor may read by way of upcasters too, in place of a store that does.
impl RecordReader for Upcasters {
    fn read(&self, record: EventRecord) -> Result<EventRecord, ReadRecordError> {
        self.upcast(record).map_err(Into::into)
    }
}

/// Takes one step, which works on a value of its own: a panic leaves nothing behind.
fn take(step: &Step, value: Value) -> Result<Value, UpcastFault> {
    match catch_unwind(AssertUnwindSafe(|| step(value))) {
        Ok(taken) => taken.map_err(UpcastFault::Refused),
        Err(panic) => Err(UpcastFault::Panicked(panic_words(&*panic))),
    }
}

/// A store whose events are read in their present form.
///
/// What is committed through it without a schema version gets the present one of its type. Queries are answered by what
/// is stored.
pub struct UpcastingStore<S> {
    store: S,
    upcasters: Upcasters,
}

impl<S: EventStore> UpcastingStore<S> {
    /// Reads `store` by way of `upcasters`.
    #[must_use]
    pub const fn new(store: S, upcasters: Upcasters) -> Self {
        Self { store, upcasters }
    }

    /// The steps.
    #[must_use]
    pub const fn upcasters(&self) -> &Upcasters {
        &self.upcasters
    }

    /// The store itself, with events as they are stored.
    #[must_use]
    pub const fn stored(&self) -> &S {
        &self.store
    }
}

impl<S: EventStore> Layer for UpcastingStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.store
    }

    fn records_outwards(&self, records: Vec<EventRecord>) -> Result<Vec<EventRecord>, StoreError> {
        Ok(self.upcasters.upcast_all(records)?)
    }

    fn commit_inwards(&self, mut commit: Commit) -> Result<Committed, AppendError> {
        for event in &mut commit.events {
            let present = self.upcasters.present(&event.event_type);
            if event.metadata.schema_version.is_none() && present > SchemaVersion::FIRST {
                event.metadata.schema_version = Some(present);
            }
        }
        self.store.commit(commit)
    }
}
