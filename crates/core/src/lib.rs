//! The data and the pure rules of an OpenProd workspace.
//!
//! **Owns** identity, time, causality and the signed bytes: ids, values, the hybrid logical clock, the vector
//! clock, Ed25519 identities, operations, bundles and their canonical encoding.
//!
//! **Refuses to know** about disks, sockets, clocks on the wall and randomness: time and entropy arrive as
//! values, bytes arrive as slices, and nothing here panics on them.
//!
//! **Start reading** at [`bundle`]: everything a workspace ever does is a chain of them.

pub mod bundle;
pub mod encoding;
pub mod field_type;
pub mod hash;
pub mod hlc;
pub mod id;
pub mod identity;
pub mod intent;
pub mod merkle;
pub mod operation;
pub mod proof;
pub mod seal;
pub mod value;
pub mod vector_clock;

pub use bundle::{Bundle, BundleError, Header, HeaderError, Seen, VerifiedBundle};
pub use field_type::{FieldMode, FieldType};
pub use hash::{BlobHash, BundleHash, OperationHash};
pub use hlc::{Hlc, Timestamp};
pub use id::{ActorId, BundleId, CommandId, EdgeId, EntityId, FacetId, FieldId, LogId, OpId, WorkspaceId};
pub use identity::{Identity, IdentityError, Signature};
pub use intent::{DecisionContext, DecisionPolicy, Intent};
pub use operation::{Operation, Payload, PayloadError};
pub use proof::{OperationProof, ProofError};
pub use seal::{Draft, SealError, seal};
pub use value::Value;
pub use vector_clock::{Head, LogKey, VectorClock};
