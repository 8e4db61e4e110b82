//! Tokens in place of values that can be asked for, and queries in terms of them.
//!
//! A token is a keyed hash of a type, a member and a scalar. Inside an indexable member every scalar becomes its token and
//! everything else stays in place, so that a pattern matches tokens exactly as it would have matched values.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::canonical;
use crate::encryption::{EncryptionError, EncryptionPlan, IndexKey, Protection};
use crate::name::EventType;
use crate::predicate::PayloadPredicate;
use crate::query::{EventFilter, EventQuery};

/// How long a token is, in bytes: too many to collide by accident.
const TOKEN_BYTES: usize = 16;

/// The tokens of the indexable members of a payload.
pub(crate) fn tokens(
    key: &IndexKey,
    event_type: &EventType,
    protection: &Protection,
    members: &Map<String, Value>,
) -> Map<String, Value> {
    members
        .iter()
        .filter(|(name, _)| protection.indexable.contains(*name))
        .map(|(name, member)| (name.clone(), tokenised(key, event_type, name, member)))
        .collect()
}

/// The query that finds among sealed payloads what `query` would have found among plain ones.
pub(crate) fn sealed_query(
    key: &IndexKey,
    plan: &EncryptionPlan,
    query: &EventQuery,
) -> Result<EventQuery, EncryptionError> {
    let mut filters = Vec::with_capacity(query.filters.len());
    for filter in &query.filters {
        sealed_filters(key, plan, filter, &mut filters)?;
    }
    Ok(EventQuery::any_of(filters).after(query.min_sequence_number))
}

/// Adds the filter itself, and one for each protected type that it asks for.
fn sealed_filters(
    key: &IndexKey,
    plan: &EncryptionPlan,
    filter: &EventFilter,
    filters: &mut Vec<EventFilter>,
) -> Result<(), EncryptionError> {
    let Some(predicates) = &filter.payload_predicates else {
        filters.push(filter.clone());
        return Ok(());
    };
    let rewritten =
        |event_type: &EventType, protection: &Protection| -> Result<EventFilter, EncryptionError> {
            let predicates: Result<Vec<_>, _> = predicates
                .iter()
                .map(|predicate| sealed_predicate(key, event_type, protection, predicate))
                .collect();
            Ok(EventFilter::of_types([event_type.clone()]).matching(predicates?))
        };
    // As it is, it finds what is plain: other types, and what was stored before its type was protected.
    filters.push(filter.clone());
    for (event_type, protection) in plan.types() {
        let is_wanted = |types: &Vec<EventType>| types.contains(event_type);
        if filter.event_types.as_ref().is_none_or(is_wanted) {
            filters.push(rewritten(event_type, protection)?);
        }
    }
    Ok(())
}

fn sealed_predicate(
    key: &IndexKey,
    event_type: &EventType,
    protection: &Protection,
    predicate: &PayloadPredicate,
) -> Result<PayloadPredicate, EncryptionError> {
    let Value::Object(wanted) = predicate.pattern().value() else {
        // Sealed payloads are objects, as the plain ones were: it matches neither.
        return Ok(predicate.clone());
    };
    if let Some(member) = wanted.keys().find(|name| !protection.indexable.contains(*name)) {
        return Err(EncryptionError::NotIndexable {
            event_type: event_type.clone(),
            member: member.clone(),
        });
    }
    let pattern = Value::Object(tokens(key, event_type, protection, wanted));
    PayloadPredicate::new(pattern).map_err(|source| EncryptionError::TooLarge {
        event_type: event_type.clone(),
        source,
    })
}

fn tokenised(key: &IndexKey, event_type: &EventType, member: &str, value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements
            .iter()
            .map(|element| tokenised(key, event_type, member, element))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, inner)| (name.clone(), tokenised(key, event_type, member, inner)))
            .collect(),
        scalar => Value::String(token(key, event_type, member, scalar)),
    }
}

fn token(key: &IndexKey, event_type: &EventType, member: &str, scalar: &Value) -> String {
    let mut text = String::new();
    canonical::write(scalar, &mut text);
    let mut hasher = blake3::Hasher::new_keyed(key.expose());
    for part in [event_type.as_str(), member, &text] {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; TOKEN_BYTES];
    hasher.finalize_xof().fill(&mut bytes);
    BASE64URL_NOPAD.encode(&bytes)
}
