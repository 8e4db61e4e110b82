//! The numbers of event types, remembered: they are few, and never change once they are committed.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::name::EventType;

/// How many types are remembered at most; a store that has more reads the others each time.
const TYPES_MAX: usize = 4_096;

/// The event types that readers have met in one store.
#[derive(Default)]
pub(crate) struct TypeNumbers(RwLock<Inside>);

#[derive(Default)]
struct Inside {
    numbers: BTreeMap<EventType, i64>,
    names: BTreeMap<i64, EventType>,
}

impl TypeNumbers {
    pub(crate) fn number(&self, name: &EventType) -> Option<i64> {
        let inside = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inside.numbers.get(name).copied()
    }

    pub(crate) fn name(&self, number: i64) -> Option<EventType> {
        let inside = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inside.names.get(&number).cloned()
    }

    /// Remembers a type that is committed.
    pub(crate) fn learn(&self, number: i64, name: &EventType) {
        let mut inside = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if inside.names.len() < TYPES_MAX {
            inside.numbers.insert(name.clone(), number);
            inside.names.insert(number, name.clone());
        }
    }
}
