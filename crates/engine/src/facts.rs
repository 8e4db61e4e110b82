//! Facts, and decisions that are taken on them.
//!
//! A fact is a `RecordFact` operation. This store numbers facts in the order in which it applies them ([`ledger`]), so
//! that a workspace is an [event store](WorkspaceEventStore) as any other is; its numbers are its own, and no peer
//! shares them. What peers share is what decisions come to ([`decision`]): a bundle says what it was decided on, and so
//! every peer finds the facts that its author had not seen and should have; and of bundles that record the same under
//! one command id, one counts ([`effect`]).

pub mod conflict;
pub(crate) mod context;
pub(crate) mod decision;
pub(crate) mod effect;
pub(crate) mod ledger;
pub mod log;
pub(crate) mod news;
pub mod resolution;
pub(crate) mod row;
pub mod store;
pub(crate) mod void;

use openprod_core::{DecisionPolicy, OpId};
use openprod_events::posting::LeafKey;
use wincode::{SchemaRead, SchemaWrite};

pub use conflict::{DecisionConflict, DecisionStatus, Fault, UnseenFact};
pub use context::STREAM_SEMANTICS;
pub use effect::ReusedCommand;
pub use log::{Fact, FactLog, FactPage};
pub use resolution::{RESOLVED, Resolution, ResolutionChoice, Verdict};
pub use store::WorkspaceEventStore;

/// Under which leaves are hashed. It is the same on all peers, and keeps nothing secret: who can read the postings can
/// read the facts. Payloads that were made to collide cost their readers time and nothing else.
const LEAF_KEY: LeafKey = LeafKey(*b"openprod 2026 postings of facts1");

/// Types that begin like this are the workspace's own.
pub const RESERVED: &str = "openprod.";

/// A fact to be recorded.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct NewFact {
    /// What kind of fact.
    pub fact_type: String,
    /// What happened: JSON.
    pub payload: String,
    /// The streams it belongs to, each once.
    pub streams: Vec<String>,
    /// Where it comes from beyond the command's envelope: JSON of [`Metadata`](openprod_events::Metadata); `None` for
    /// nothing.
    pub metadata: Option<String>,
}

/// Facts to be recorded, all or none, and what must hold for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct RecordFacts {
    /// The facts, in order; none only with a receipt.
    pub facts: Vec<NewFact>,
    /// The context that must not have changed. It is signed, and peers check it against what they know.
    pub context: Option<ExpectedFacts>,
    /// Streams that must end where they are expected to. They are signed, and peers check them against what they know.
    pub streams: Vec<ExpectedStream>,
    /// What the command is answered, if its caller wants that kept.
    pub receipt: Option<FactReceipt>,
}

/// A context query and the version that was seen.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ExpectedFacts {
    /// Which facts are relevant: JSON of an [`EventQuery`](openprod_events::EventQuery); its cursor plays no part.
    pub query: String,
    /// The sequence number of the last of them that was seen; `None` when nothing matched.
    pub version: Option<u64>,
    /// The version of the code that decided.
    pub handler_version: u32,
    /// What is to happen should other facts turn up.
    pub policy: DecisionPolicy,
}

/// A stream and where it is expected to end.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ExpectedStream {
    /// The stream.
    pub stream: String,
    /// How many facts of it were seen.
    pub version: u64,
}

/// A command as its caller wants it remembered.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct FactReceipt {
    /// What it asked for: under one command id, another hash is a mistake, and the same one is the same command
    /// whatever facts it came to.
    pub request: [u8; 32],
    /// What it is answered: JSON.
    pub result: String,
}

/// The sequence numbers of the facts of one bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactSpan {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// What is to be done about a decision that had not seen what it should have.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ResolveDecision {
    /// The bundle in which it was taken.
    pub decision: openprod_core::BundleId,
    /// What is done.
    pub choice: ResolutionChoice,
    /// The facts that were considered; all that are known here when absent.
    pub considered: Option<Vec<OpId>>,
    /// Why.
    pub reason: Option<String>,
    /// Facts that come of it, such as a compensation.
    pub facts: Vec<NewFact>,
}
