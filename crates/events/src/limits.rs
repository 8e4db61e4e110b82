//! How large things may be. Beyond a limit there is a typed error, and nothing is written.

/// The longest event type, in bytes.
pub const EVENT_TYPE_BYTES_MAX: usize = 200;

/// The longest stream id, in bytes.
pub const STREAM_ID_BYTES_MAX: usize = 500;

/// The longest actor and the longest correlation id, in bytes.
pub const NAME_BYTES_MAX: usize = 500;

/// The longest name of a command and of a permission, in bytes.
pub const DECLARED_NAME_BYTES_MAX: usize = 200;

/// The longest justification of a command, in bytes.
pub const JUSTIFICATION_BYTES_MAX: usize = 4_000;

/// How often a command may ask for more streams after it has seen what it read.
pub const DISCOVERY_ROUNDS_MAX: u32 = 16;

/// The largest payload, in bytes of canonical JSON: large files belong into a blob store.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// How deep arrays and objects may nest in a payload and in a pattern. Small enough for recursion on any stack.
pub const PAYLOAD_DEPTH_MAX: usize = 64;

/// The largest whole number that a payload may hold, and the negative of the smallest: 2⁵³ − 1. Beyond it a JSON
/// number loses digits in half of all programs that read it.
pub const WHOLE_NUMBER_MAX: u64 = (1 << 53) - 1;

/// The most events of one commit.
pub const COMMIT_EVENTS_MAX: usize = 65_536;

/// The most bytes of one commit, payloads and metadata together.
pub const COMMIT_BYTES_MAX: usize = 64 << 20;

/// The most streams that one commit may check, or that one read may name.
pub const STREAMS_MAX: usize = 65_536;

/// The most constraints of one query: event types, and scalars of patterns, over all of its filters.
pub const QUERY_CONSTRAINTS_MAX: usize = 65_536;
