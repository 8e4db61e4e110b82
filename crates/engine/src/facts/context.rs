//! What a decision was taken on, as it is signed: a query, streams, or both.
//!
//! Semantics 1 is a query alone, as canonical JSON. Semantics 2 is `{"query": query or null, "streams": [names]}`: what
//! matches the query, if there is one, and everything in the streams. Its count and digest are of what matches the
//! query; that the author had read the streams to their ends, its causal past says.

use std::collections::BTreeSet;

use openprod_core::DecisionContext;
use openprod_events::{EventQuery, EventType, PREDICATE_SEMANTICS, Payload, PayloadError, StreamId};
use serde_json::{Value, json};

use super::decision::Fault;

/// The semantics of contexts that name streams.
pub const STREAM_SEMANTICS: u32 = 2;

/// A context.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Context {
    /// Which facts are relevant for what they say; none when absent.
    pub(crate) query: Option<EventQuery>,
    /// The streams of which every fact is.
    pub(crate) streams: BTreeSet<StreamId>,
}

impl Context {
    /// Reads what a decision says that it was taken on.
    pub(crate) fn read(context: &DecisionContext) -> Result<Self, Fault> {
        if !matches!(context.semantics, PREDICATE_SEMANTICS | STREAM_SEMANTICS) {
            return Err(Fault::Semantics);
        }
        let text = std::str::from_utf8(&context.query).map_err(|_| Fault::Query)?;
        let payload = Payload::from_json(text).map_err(|_| Fault::Query)?;
        if payload.canonical() != text {
            return Err(Fault::Query);
        }
        let read = if context.semantics == STREAM_SEMANTICS {
            Self::read_streams(&payload).ok_or(Fault::Query)?
        } else {
            Self {
                query: Some(payload.read().map_err(|_| Fault::Query)?),
                streams: BTreeSet::new(),
            }
        };
        // One spelling of each context, so that no reader takes it for another.
        if read.write().map_or(true, |(_, spelt)| spelt.canonical() != text) {
            return Err(Fault::Query);
        }
        // A cursor counts by the numbers of one store, and means nothing to another.
        if let Some(query) = &read.query
            && (query.min_sequence_number.is_some() || query.check().is_err())
        {
            return Err(Fault::Query);
        }
        Ok(read)
    }

    fn read_streams(payload: &Payload) -> Option<Self> {
        let members = payload.value().as_object()?;
        let query = match members.get("query")? {
            Value::Null => None,
            query => Some(Payload::new(query.clone()).ok()?.read().ok()?),
        };
        let streams = members.get("streams")?.as_array()?.iter();
        let streams: Option<BTreeSet<_>> = streams
            .map(|stream| StreamId::new(stream.as_str()?).ok())
            .collect();
        let streams = streams.filter(|streams| !streams.is_empty())?;
        Some(Self { query, streams })
    }

    /// Its semantics, and it as canonical JSON.
    pub(crate) fn write(&self) -> Result<(u32, Payload), PayloadError> {
        match &self.query {
            Some(query) if self.streams.is_empty() => Ok((PREDICATE_SEMANTICS, Payload::of(query)?)),
            query => {
                let query = query.as_ref().map(Payload::of).transpose()?;
                let query = query.map_or(Value::Null, |query| query.value().clone());
                let streams: Vec<&str> = self.streams.iter().map(StreamId::as_str).collect();
                let written = Payload::new(json!({"query": query, "streams": streams}))?;
                Ok((STREAM_SEMANTICS, written))
            }
        }
    }

    /// Whether a fact is relevant.
    pub(crate) fn matches(&self, event_type: &EventType, payload: &Payload, streams: &[String]) -> bool {
        let read = |stream: &String| self.streams.iter().any(|read| read.as_str() == stream);
        let query = self.query.as_ref();
        query.is_some_and(|query| query.matches(event_type, payload)) || streams.iter().any(read)
    }
}
