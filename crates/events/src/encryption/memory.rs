//! Keys in memory, for tests and for what need not last.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::encryption::keys::new_key;
use crate::encryption::{DataKey, KeyError, KeyId, KeyStore};
use crate::name::SubjectId;

/// Keys that last as long as the value.
#[derive(Default)]
pub struct MemoryKeys(Mutex<BTreeMap<SubjectId, (KeyId, DataKey)>>);

impl KeyStore for MemoryKeys {
    fn key_of(&self, subject: &SubjectId) -> Result<(KeyId, DataKey), KeyError> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = keys.get(subject) {
            return Ok(found.clone());
        }
        let made = new_key()?;
        keys.insert(subject.clone(), made.clone());
        Ok(made)
    }

    fn key(&self, id: KeyId) -> Result<Option<DataKey>, KeyError> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = keys.values().find(|(other, _)| *other == id);
        Ok(found.map(|(_, key)| key.clone()))
    }

    fn erase(&self, subject: &SubjectId) -> Result<bool, KeyError> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.remove(subject).is_some())
    }
}
