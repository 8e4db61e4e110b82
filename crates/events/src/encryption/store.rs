//! The store that seals what is written and opens what is read.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde_json::Value;

use crate::commit::{Commit, Committed};
use crate::encryption::index::{sealed_query, tokens};
use crate::encryption::seal::{MEMBER, Place, Sealed, erased, seal};
use crate::encryption::{EncryptionError, EncryptionPlan, IndexKey, KeyError, KeyStore};
use crate::error::{AppendError, StoreError};
use crate::event::{EventRecord, NewEvent};
use crate::layer::Layer;
use crate::name::SubjectId;
use crate::payload::Payload;
use crate::query::EventQuery;
use crate::store::EventStore;

/// A store whose payloads are sealed as a plan says. Everything else is as the store inside has it.
///
/// Queries with predicates on members that are sealed and not indexable are refused by
/// [`EncryptionError::NotIndexable`]: an answer that nothing matches would let a decision pass that it must not.
pub struct EncryptedStore<S> {
    store: S,
    plan: EncryptionPlan,
    index_key: IndexKey,
    keys: Arc<dyn KeyStore>,
    counts: Counts,
}

/// What was sealed and opened since the store was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EncryptionMetrics {
    /// Payloads sealed.
    pub sealed: u64,
    /// Payloads opened.
    pub opened: u64,
    /// Payloads read whose subject was erased.
    pub erased: u64,
    /// Payloads that were not what was sealed.
    pub unopenable: u64,
}

#[derive(Default)]
struct Counts {
    sealed: AtomicU64,
    opened: AtomicU64,
    erased: AtomicU64,
    unopenable: AtomicU64,
}

impl<S: EventStore> EncryptedStore<S> {
    /// Seals the payloads of `store` as `plan` says, under data keys of `keys`. A plan may come to protect further types;
    /// what was stored before stays as it is. The index key and the lists of indexable members stay the same.
    #[must_use]
    pub fn new(store: S, plan: EncryptionPlan, index_key: IndexKey, keys: Arc<dyn KeyStore>) -> Self {
        Self {
            store,
            plan,
            index_key,
            keys,
            counts: Counts::default(),
        }
    }

    /// Throws the key of a subject away; whether there was one. Its payloads are read as erased from now on.
    ///
    /// # Errors
    /// [`KeyError`] when the key could not be thrown away.
    pub fn erase(&self, subject: &SubjectId) -> Result<bool, KeyError> {
        let erased = self.keys.erase(subject)?;
        // Whom it was is not written down, since that is what was to be forgotten.
        tracing::info!(erased, "key of a subject thrown away");
        Ok(erased)
    }

    /// What was sealed and opened.
    #[must_use]
    pub fn metrics(&self) -> EncryptionMetrics {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        EncryptionMetrics {
            sealed: read(&self.counts.sealed),
            opened: read(&self.counts.opened),
            erased: read(&self.counts.erased),
            unopenable: read(&self.counts.unopenable),
        }
    }

    /// The store inside, with payloads as they are stored.
    #[must_use]
    pub const fn sealed(&self) -> &S {
        &self.store
    }

    fn seal(&self, event: &mut NewEvent) -> Result<(), EncryptionError> {
        let event_type = &event.event_type;
        let members = event.payload.value().as_object();
        if members.is_some_and(|members| members.contains_key(MEMBER)) {
            return Err(EncryptionError::Reserved {
                event_type: event_type.clone(),
            });
        }
        let Some(protection) = self.plan.of(event_type) else {
            return Ok(());
        };
        let subject = members
            .and_then(|members| members.get(&protection.subject_member))
            .and_then(Value::as_str)
            .and_then(|subject| SubjectId::new(subject).ok());
        let (Some(members), Some(subject)) = (members, subject) else {
            return Err(EncryptionError::NoSubject {
                event_type: event_type.clone(),
                member: protection.subject_member.clone(),
            });
        };
        let tokens = tokens(&self.index_key, event_type, protection, members);
        let (id, key) = self.keys.key_of(&subject)?;
        let place = Place {
            event_type,
            stream: event.stream.as_ref(),
        };
        let sealed = seal(place, id, &key, &event.payload, tokens)?;
        event.payload = Payload::new(sealed).map_err(|source| EncryptionError::TooLarge {
            event_type: event_type.clone(),
            source,
        })?;
        self.counts.sealed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn open(&self, mut record: EventRecord) -> Result<EventRecord, EncryptionError> {
        let place = Place {
            event_type: &record.event_type,
            stream: record.stream.as_ref().map(|position| &position.stream),
        };
        let unopenable = |reason| {
            self.counts.unopenable.fetch_add(1, Ordering::Relaxed);
            EncryptionError::Unopenable {
                sequence_number: record.sequence_number,
                reason,
            }
        };
        let sealed = match Sealed::read(place, &record.payload) {
            None => return Ok(record),
            Some(sealed) => sealed.map_err(unopenable)?,
        };
        record.payload = match self.keys.key(sealed.key)? {
            Some(key) => {
                let opened = sealed.open(&key).map_err(unopenable)?;
                self.counts.opened.fetch_add(1, Ordering::Relaxed);
                opened
            }
            None => {
                self.counts.erased.fetch_add(1, Ordering::Relaxed);
                let instead = self
                    .plan
                    .of(&record.event_type)
                    .map(|protection| &protection.erased);
                erased(instead.unwrap_or(&Value::Null))
                    .ok_or_else(|| unopenable("nothing can stand in its place"))?
            }
        };
        Ok(record)
    }

    fn open_all(&self, records: Vec<EventRecord>) -> Result<Vec<EventRecord>, EncryptionError> {
        records.into_iter().map(|record| self.open(record)).collect()
    }

    fn sealed_query(&self, query: &EventQuery) -> Result<EventQuery, StoreError> {
        query.check()?;
        Ok(sealed_query(&self.index_key, &self.plan, query)?)
    }
}

impl<S: EventStore> Layer for EncryptedStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.store
    }

    fn query_inwards<'q>(&self, query: &'q EventQuery) -> Result<Cow<'q, EventQuery>, StoreError> {
        self.sealed_query(query).map(Cow::Owned)
    }

    fn records_outwards(&self, records: Vec<EventRecord>) -> Result<Vec<EventRecord>, StoreError> {
        Ok(self.open_all(records)?)
    }

    fn commit_inwards(&self, mut commit: Commit) -> Result<Committed, AppendError> {
        commit.check()?;
        for event in &mut commit.events {
            self.seal(event).map_err(StoreError::from)?;
        }
        if let Some(context) = &mut commit.context {
            context.query = self.sealed_query(&context.query)?;
        }
        self.store.commit(commit)
    }
}
