//! What lies between stored events and the commands that read them.

use crate::error::DatabaseError;
use crate::event::EventRecord;

/// Why a stored event could not be brought to its present form.
pub type ReadRecordError = DatabaseError;

/// Brings stored events to the form that commands read: upcasts what was written in an older one, for instance. What
/// is stored stays as it is, and contexts match that. Functions are readers.
pub trait RecordReader: Send + Sync {
    /// Brings one event to its present form. It is pure, and it does not change the sequence number.
    ///
    /// # Errors
    /// Whatever is wrong with the event; the command that needs it then fails.
    fn read(&self, record: EventRecord) -> Result<EventRecord, ReadRecordError>;
}

/// Reads events as they are stored.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsStored;

impl RecordReader for AsStored {
    fn read(&self, record: EventRecord) -> Result<EventRecord, ReadRecordError> {
        Ok(record)
    }
}

impl<F> RecordReader for F
where
    F: Fn(EventRecord) -> Result<EventRecord, ReadRecordError> + Send + Sync,
{
    fn read(&self, record: EventRecord) -> Result<EventRecord, ReadRecordError> {
        self(record)
    }
}
