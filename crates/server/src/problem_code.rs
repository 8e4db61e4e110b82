//! The stable names of refusals: what programs switch on, with the status and title that go with each.

use axum::http::StatusCode;
use serde::{Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $status:ident, $title:literal;)*) => {
        /// Names a kind of refusal; its spelling never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemCode {
            $($(#[$doc])* $code,)*
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The name that clients see.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// What it is, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$code => $title,)*
                }
            }

            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)*
                }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not JSON";
    /// The body is JSON of another shape than the route takes.
    WrongShape = "wrong_shape", BAD_REQUEST, "The body does not have the shape that is expected here";
    /// The query string is not what the route takes.
    BadQuery = "bad_query", BAD_REQUEST, "The query string cannot be read";
    /// An id is not one.
    BadId = "bad_id", BAD_REQUEST, "That is not an id";
    /// The filter cannot be understood.
    BadFilter = "bad_filter", BAD_REQUEST, "The filter cannot be understood";
    /// The cursor is of another listing.
    BadCursor = "bad_cursor", BAD_REQUEST, "The cursor does not fit this listing";
    /// Several workspaces are open and none is named.
    WorkspaceRequired = "workspace_required", BAD_REQUEST, "Several workspaces are open; name one";
    /// The token is missing or wrong.
    Unauthorized = "unauthorized", UNAUTHORIZED, "The token is missing or wrong";
    /// The one-time code is wrong, used or too old.
    BadCode = "bad_code", UNAUTHORIZED, "The one-time code is wrong, used or too old";
    /// The request came under another host name.
    ForbiddenHost = "forbidden_host", FORBIDDEN, "This engine does not answer under that host name";
    /// The request came from a foreign page.
    ForbiddenOrigin = "forbidden_origin", FORBIDDEN, "This engine does not answer to that page";
    /// There is no such route.
    UnknownRoute = "unknown_route", NOT_FOUND, "There is nothing here";
    /// No workspace is open.
    NoWorkspace = "no_workspace", NOT_FOUND, "No workspace is open";
    /// No workspace of this id is open.
    UnknownWorkspace = "unknown_workspace", NOT_FOUND, "No such workspace is open";
    /// No table has this id or name.
    UnknownTable = "unknown_table", NOT_FOUND, "There is no such table";
    /// There is no such view.
    UnknownView = "unknown_view", NOT_FOUND, "There is no such view";
    /// There is no such record.
    UnknownRecord = "unknown_record", NOT_FOUND, "There is no such record";
    /// There is no such edge.
    UnknownEdge = "unknown_edge", NOT_FOUND, "There is no such edge";
    /// There is no such draft.
    UnknownOverlay = "unknown_overlay", NOT_FOUND, "There is no such draft";
    /// There is no such edit in the draft.
    UnknownEdit = "unknown_edit", NOT_FOUND, "There is no such edit in the draft";
    /// The conflict is not open.
    UnknownConflict = "unknown_conflict", NOT_FOUND, "No such conflict is open";
    /// The bundle has no decision conflict.
    UnknownDecision = "unknown_decision", NOT_FOUND, "There is no such decision conflict";
    /// There is no such bundle, or none that is held.
    UnknownBundle = "unknown_bundle", NOT_FOUND, "There is no such bundle";
    /// There is no such projection.
    UnknownProjection = "unknown_projection", NOT_FOUND, "There is no such projection";
    /// The route takes another method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This route takes another method";
    /// The body came too slowly.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long to arrive";
    /// The command id was used for another command.
    CommandReused = "command_reused", CONFLICT, "The command id was used for another command";
    /// The context that facts were decided on has changed.
    ContextChanged = "context_changed", CONFLICT, "The facts that this was decided on have changed";
    /// Streams do not end where they were expected to.
    StreamsChanged = "streams_changed", CONFLICT, "Streams have changed";
    /// Facts are not drafted.
    FactsNotDrafted = "facts_not_drafted", CONFLICT, "Facts are not drafted";
    /// The decision conflict is resolved already.
    DecisionResolved = "decision_resolved", CONFLICT, "The decision conflict is resolved already";
    /// The record is deleted.
    RecordDeleted = "record_deleted", CONFLICT, "The record is deleted";
    /// The record is not deleted.
    RecordNotDeleted = "record_not_deleted", CONFLICT, "The record is not deleted";
    /// The record is in the table already.
    AlreadyInTable = "already_in_table", CONFLICT, "The record is in that table already";
    /// The edge is deleted.
    EdgeDeleted = "edge_deleted", CONFLICT, "The edge is deleted";
    /// The edge is not deleted.
    EdgeNotDeleted = "edge_not_deleted", CONFLICT, "The edge is not deleted";
    /// The neighbours stand the other way round.
    CrossedPlaces = "crossed_places", CONFLICT, "The neighbours stand the other way round";
    /// The records are one already.
    AlreadyOne = "already_one", CONFLICT, "The two are one record already";
    /// The name was not merged into the record.
    NotMerged = "not_merged", CONFLICT, "That was not merged into the record";
    /// The draft is not the active one.
    OverlayNotActive = "overlay_not_active", CONFLICT, "The draft is not the active one";
    /// Later edits of the draft stand on the one that is to be dropped.
    EditNeeded = "edit_needed", CONFLICT, "Later edits of the draft stand on that one";
    /// The draft has not drifted there.
    NotDrifted = "not_drifted", CONFLICT, "The draft has not drifted there";
    /// Others wrote to fields that the draft writes too.
    OpenDrift = "open_drift", CONFLICT, "Others have changed fields that the draft changes too";
    /// The bundle is held and has done nothing yet.
    HeldBundle = "held_bundle", CONFLICT, "The bundle is held and has done nothing yet";
    /// Nothing of the bundle can be taken back.
    NothingTakenBack = "nothing_taken_back", CONFLICT, "Nothing of that can be taken back";
    /// Nothing is left to undo.
    NothingToUndo = "nothing_to_undo", CONFLICT, "There is nothing to undo";
    /// Nothing was undone, or something else was done since.
    NothingToRedo = "nothing_to_redo", CONFLICT, "There is nothing to redo";
    /// The projection runs already.
    ProjectionRunning = "projection_running", CONFLICT, "The projection runs already";
    /// The projection is paused already.
    ProjectionPaused = "projection_paused", CONFLICT, "The projection is paused already";
    /// The workspace is here already.
    AlreadyJoined = "already_joined", CONFLICT, "The workspace is here already";
    /// The workspace takes no further change from this device.
    Unwritable = "unwritable", CONFLICT, "The workspace takes no further change from this device";
    /// The change or the body is too large.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "That is too large";
    /// The body is not declared to be JSON.
    NotJson = "not_json", UNSUPPORTED_MEDIA_TYPE, "The body must be declared as application/json";
    /// A fact cannot be recorded.
    BadFact = "bad_fact", UNPROCESSABLE_ENTITY, "A fact cannot be recorded";
    /// The context query is refused.
    BadContext = "bad_context", UNPROCESSABLE_ENTITY, "The context query is refused";
    /// What was considered is nothing that the decision should have seen.
    NotUnseen = "not_unseen", UNPROCESSABLE_ENTITY, "That is nothing the decision should have seen";
    /// The field cannot hold the value.
    WrongType = "wrong_type", UNPROCESSABLE_ENTITY, "The field cannot hold that value";
    /// The whole number is too great for every client to hold.
    IntegerOutOfRange = "integer_out_of_range", UNPROCESSABLE_ENTITY, "The whole number is out of range";
    /// The table has no such field.
    UnknownField = "unknown_field", UNPROCESSABLE_ENTITY, "The table has no such field";
    /// There is no such field type or mode.
    UnknownFieldType = "unknown_field_type", UNPROCESSABLE_ENTITY, "There is no such type of field";
    /// A reference field says nothing of what it follows, or another field does.
    ReferenceNeeded = "reference_needed", UNPROCESSABLE_ENTITY, "A reference field, and no other, says what it follows";
    /// The reference would lead back to itself.
    ReferenceCycle = "reference_cycle", UNPROCESSABLE_ENTITY, "The reference would lead back to itself";
    /// The field shows another record's value.
    FollowedField = "followed_field", UNPROCESSABLE_ENTITY, "The field shows the value of another record";
    /// The field is a text or list, which is edited and not set.
    TextField = "text_field", UNPROCESSABLE_ENTITY, "The field is edited by deltas and cannot be set";
    /// The field is no text or list.
    NotText = "not_text", UNPROCESSABLE_ENTITY, "The field is no text or list that is edited by deltas";
    /// The delta would have no effect.
    BadDelta = "bad_delta", UNPROCESSABLE_ENTITY, "The delta cannot be applied";
    /// The name is taken, empty or too long.
    BadName = "bad_name", UNPROCESSABLE_ENTITY, "The name cannot be used";
    /// The record is not one of the table.
    NotInTable = "not_in_table", UNPROCESSABLE_ENTITY, "The record is not in that table";
    /// The record is in several tables and none is named.
    AmbiguousTable = "ambiguous_table", UNPROCESSABLE_ENTITY, "The record is in several tables; name one";
    /// The record is in no other table.
    OnlyTable = "only_table", UNPROCESSABLE_ENTITY, "The record is in no other table";
    /// Nothing would be left of the record.
    NothingLeft = "nothing_left", UNPROCESSABLE_ENTITY, "Nothing would be left of the record";
    /// The edge has no place among others.
    NotOrdered = "not_ordered", UNPROCESSABLE_ENTITY, "The edge has no place among others";
    /// The edge is none of the siblings.
    ForeignEdge = "foreign_edge", UNPROCESSABLE_ENTITY, "The edge is none of the siblings";
    /// The fields cannot be one.
    Unmappable = "unmappable", UNPROCESSABLE_ENTITY, "The fields cannot be one";
    /// The command asks for nothing.
    NothingToDo = "nothing_to_do", UNPROCESSABLE_ENTITY, "There is nothing to do";
    /// The operation is none of the conflict's values.
    UnknownCandidate = "unknown_candidate", UNPROCESSABLE_ENTITY, "The operation is none of the conflict's values";
    /// A text of the envelope is too long.
    EnvelopeTooLong = "envelope_too_long", UNPROCESSABLE_ENTITY, "A text of the command's envelope is too long";
    /// The text is not an invitation.
    BadInvitation = "bad_invitation", UNPROCESSABLE_ENTITY, "That is not a complete invitation";
    /// The text is not an address.
    BadAddress = "bad_address", UNPROCESSABLE_ENTITY, "That is not an address";
    /// What is asked for is not kept by this version.
    Unsupported = "unsupported", UNPROCESSABLE_ENTITY, "This version does not offer that";
    /// The route speaks WebSocket only.
    UpgradeRequired = "upgrade_required", UPGRADE_REQUIRED, "This route speaks WebSocket only";
    /// Too many requests come in too short a time.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests in too short a time";
    /// Too much is waiting.
    Busy = "busy", TOO_MANY_REQUESTS, "Too much is waiting already";
    /// Something failed that should not.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something failed inside the engine";
    /// The store failed.
    StorageFailed = "storage_failed", INTERNAL_SERVER_ERROR, "The workspace's files could not be used";
    /// The peer was not reached, or does not know the workspace.
    PeerUnreachable = "peer_unreachable", BAD_GATEWAY, "No member of the workspace answered at that address";
    /// The rows of the projections cannot be used.
    ProjectionsFailed = "projections_failed", SERVICE_UNAVAILABLE, "The rows of the projections cannot be used";
    /// The projection has not come that far yet.
    ProjectionBehind = "projection_behind", SERVICE_UNAVAILABLE, "The projection has not come that far yet";
    /// The workspace is being closed.
    Closed = "closed", SERVICE_UNAVAILABLE, "The workspace has been closed";
    /// The disk failed earlier.
    ReadOnly = "read_only", SERVICE_UNAVAILABLE, "The workspace is read-only since its disk failed";
    /// The disk is full.
    DiskFull = "disk_full", INSUFFICIENT_STORAGE, "The disk is full";
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl PartialSchema for ProblemCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Names a kind of refusal; its spelling never changes."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.name())))
            .into()
    }
}

impl ToSchema for ProblemCode {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_statuses_are_refusals() {
        let names: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ProblemCode::ALL.len());
        assert!(ProblemCode::ALL.iter().all(|code| code.status().as_u16() >= 400));
    }
}
