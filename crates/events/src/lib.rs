//! Facts that are only ever added, and decisions that are only taken on facts that have not moved.
//!
//! **Owns** the event store: what a fact, a query, a stream and a commit are, and the stores that keep them in memory,
//! in a SQLite file, or in a PostgreSQL database; and typed commands that decide on facts.
//!
//! **Refuses to know** what facts mean, who may record them, and how they travel: it stands alone, and imports
//! nothing of the workspace around it.
//!
//! **Start reading** at [`store`]: the trait that every store implements, and that [`conformance`] holds it to; then at
//! [`commit`], the one way in. Programs that decide begin at [`command`] and [`executor`].

pub mod archive;
pub mod breaker;
pub mod clock;
pub mod command;
pub mod commit;
pub mod conformance;
pub mod copy;
pub mod digest;
pub mod encryption;
pub mod error;
pub mod event;
pub mod executor;
pub mod field;
pub mod id;
pub mod layer;
pub mod limits;
pub mod memory;
pub mod name;
pub mod past;
pub mod payload;
#[cfg(feature = "postgres")]
pub mod postgresql;
pub mod posting;
pub mod predicate;
pub mod projection;
pub mod query;
pub mod rate;
#[cfg(feature = "settings")]
pub mod settings;
pub mod snapshot;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod store;
pub mod stream;
pub mod subscription;
pub mod testkit;
pub mod upcaster;
pub mod verify;
pub mod walk;

mod canonical;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod news;
mod panic_words;
mod record;

pub use archive::Archive;
pub use breaker::{BreakerConfig, CircuitBreaker};
pub use command::{
    Command, CommandType, Decision, DomainEvent, Envelope, Justification, Permission, Rejection, Secret,
    Violations,
};
pub use commit::{
    AppendResult, CommandReceipt, Commit, Committed, ExpectedContext, RecordedCommand, RequestHash,
};
pub use error::{AppendError, ContextConflict, RefusedCommit, StoreError, StreamMismatch};
pub use event::{EventRecord, Metadata, NewEvent, SchemaVersion, SequenceNumber};
pub use executor::{CommandError, Executor, Outcome, RetryPolicy};
pub use id::{CommandId, EventId, IdSource, SystemIdSource, Timestamp};
pub use layer::Layer;
pub use memory::MemoryStore;
pub use name::{
    Actor, ApprovalId, CorrelationId, EventType, FoldName, NameError, ProjectionName, Source, StreamId,
    SubjectId,
};
pub use past::Past;
pub use payload::{Payload, PayloadError};
#[cfg(feature = "postgres")]
pub use postgresql::{PostgresConfig, PostgresStore};
pub use predicate::{PREDICATE_SEMANTICS, PayloadPredicate};
pub use query::{EventFilter, EventQuery, QueryError, QueryResult};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteConfig, SqliteStore};
pub use store::EventStore;
pub use stream::{StreamPosition, StreamSlice, StreamVersion, StreamsRead};

/// The example in the README, compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
