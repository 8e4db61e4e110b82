//! What the WebSocket tells: that something changed, so that a client asks again.

use std::collections::BTreeSet;
use std::sync::Arc;

use openprod_core::WorkspaceId;
use openprod_engine::Subject;
use openprod_engine::conflicts::{ConflictKey, ConflictKind};
use openprod_engine::schema::{Schema, reserved};
use openprod_engine::{Committed, Snapshots};
use serde::Serialize;
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::routes::undo::UndoStepView;

/// How many changed records or edges an event names; beyond it, a client asks for all of them again.
const NAMED_MAX: usize = 1_000;

/// How many events a client may lag behind before it is told to ask for everything again. Full events are about
/// 40 kB, so that the most that is kept for slow clients is some 20 MB.
const LAG_MAX: usize = 512;

/// An event on the WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The first message: the token was right, and every later change is told.
    Ready,
    /// Records changed, came or went.
    RecordsChanged {
        /// The workspace.
        workspace: String,
        /// The table's id.
        table: String,
        /// The records; `null` when there are more than 1,000, and when fields of the table follow what changed.
        entity_ids: Option<Vec<String>>,
    },
    /// Edges changed, came or went.
    EdgesChanged {
        /// The workspace.
        workspace: String,
        /// The edges; `null` when there are more than 1,000.
        edge_ids: Option<Vec<String>>,
    },
    /// Tables, fields or the workspace's name changed.
    TablesChanged {
        /// The workspace.
        workspace: String,
    },
    /// Saved views came, went or changed.
    ViewsChanged {
        /// The workspace.
        workspace: String,
    },
    /// Which workspaces are open here changed.
    WorkspacesChanged,
    /// Drafts came, went or changed; or another one is active, or none.
    OverlaysChanged {
        /// The workspace.
        workspace: String,
        /// The drafts; `null` when there are more than 1,000.
        overlay_ids: Option<Vec<String>>,
    },
    /// Others wrote to cells that a draft writes too.
    OverlayDrift {
        /// The workspace.
        workspace: String,
        /// The draft.
        overlay_id: String,
        /// The records and edges; `null` when there are more than 1,000.
        subject_ids: Option<Vec<String>>,
    },
    /// What undo and redo would do next on this device may have changed.
    UndoStack {
        /// The workspace.
        workspace: String,
        /// What undo would take back; `null` when there is nothing.
        undo: Option<UndoStepView>,
        /// What redo would do again; `null` when there is nothing.
        redo: Option<UndoStepView>,
    },
    /// A conflict opened, or an open one has other values now.
    ConflictOpened {
        /// The workspace.
        workspace: String,
        /// The conflict.
        conflict_id: String,
        /// The record; `null` when it is about an edge.
        entity_id: Option<String>,
        /// The edge; `null` when it is about a record.
        edge_id: Option<String>,
        /// The name of the field or property; `null` when it is about neither.
        field: Option<String>,
        /// `field`, `property` (of an edge), `existence`, `membership` or `deletion`.
        kind: String,
    },
    /// A conflict was decided.
    ConflictResolved {
        /// The workspace.
        workspace: String,
        /// The conflict.
        conflict_id: String,
        /// The record; `null` when it was about an edge.
        entity_id: Option<String>,
        /// The edge; `null` when it was about a record.
        edge_id: Option<String>,
        /// The name of the field or property; `null` when it was about neither.
        field: Option<String>,
        /// `field`, `property` (of an edge), `existence`, `membership` or `deletion`.
        kind: String,
    },
    /// Facts were recorded here, or came from a peer.
    EventsAppended {
        /// The workspace.
        workspace: String,
        /// The number of the first.
        first_sequence_number: u64,
        /// The number of the last.
        last_sequence_number: u64,
    },
    /// A decision turned out not to have seen what it should have, or a resolution not to have considered it.
    DecisionConflictOpened {
        /// The workspace.
        workspace: String,
        /// The decision.
        decision_id: String,
    },
    /// A decision conflict was resolved.
    DecisionConflictResolved {
        /// The workspace.
        workspace: String,
        /// The decision.
        decision_id: String,
    },
    /// A peer is connected.
    SyncPeerConnected {
        /// The workspace.
        workspace: String,
        /// The peer.
        peer_id: String,
    },
    /// A peer is connected no longer.
    SyncPeerDisconnected {
        /// The workspace.
        workspace: String,
        /// The peer.
        peer_id: String,
    },
    /// Catching up goes on.
    SyncProgress {
        /// The workspace.
        workspace: String,
        /// How many bundles are still to come.
        remaining: u64,
    },
    /// Sync is in another state.
    SyncState {
        /// The workspace.
        workspace: String,
        /// `alone`, `looking`, `live`, `catching_up`, `paused` or `problem`.
        state: String,
        /// What is wrong; `null` unless the state is `problem`.
        reason: Option<String>,
    },
    /// Someone's log contradicts itself: a restored backup, a cloned disk, or fraud.
    ForkDetected {
        /// The workspace.
        workspace: String,
        /// Who writes the log.
        actor_id: String,
        /// The log.
        log: String,
        /// The number of the first bundle that exists twice.
        seq: u64,
    },
    /// A peer's clock and this one's differ by much.
    ClockSuspect {
        /// The workspace.
        workspace: String,
        /// The peer.
        peer_id: String,
        /// By how many milliseconds its clock is ahead.
        skew_ms: i64,
    },
    /// A peer has applied the same bundles by the same rules, and has another state: one of the two is faulty.
    DivergenceDetected {
        /// The workspace.
        workspace: String,
        /// The peer.
        peer_id: String,
    },
    /// What a peer sent was refused.
    SyncRejected {
        /// The workspace.
        workspace: String,
        /// The peer.
        peer_id: String,
        /// Why.
        reason: String,
    },
    /// This client was too slow and missed events: ask for everything again.
    Resync,
}

impl Event {
    pub(crate) fn to_json(&self) -> Arc<str> {
        serde_json::to_string(self)
            .expect("strings and numbers always serialise")
            .into()
    }
}

/// Tells events to all clients; cheap to clone. Never blocks: who lags too far misses events, and is told so.
#[derive(Clone, Debug)]
pub(crate) struct EventBus {
    sender: broadcast::Sender<Arc<str>>,
}

impl EventBus {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(LAG_MAX),
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.sender.subscribe()
    }

    pub(crate) fn tell(&self, event: &Event) {
        if self.sender.receiver_count() > 0 {
            // Without a receiver there is nobody to miss it.
            let _ = self.sender.send(event.to_json());
        }
    }

    /// Tells what a commit changed.
    pub(crate) fn tell_commit(&self, workspace: WorkspaceId, committed: &Committed, snapshots: &Snapshots) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        let changes = &committed.changes;
        let id = workspace.to_string();
        if committed.schema_changed {
            self.tell(&Event::TablesChanged {
                workspace: id.clone(),
            });
        }
        if changes.records.contains_key(&reserved::VIEW_FACET) {
            self.tell(&Event::ViewsChanged {
                workspace: id.clone(),
            });
        }
        for (table, entities) in changes
            .records
            .iter()
            .filter(|(table, _)| !reserved::is_reserved(**table))
        {
            let entity_ids = named(entities);
            self.tell(&Event::RecordsChanged {
                workspace: id.clone(),
                table: table.to_string(),
                entity_ids,
            });
        }
        for table in &committed.followers {
            self.tell(&Event::RecordsChanged {
                workspace: id.clone(),
                table: table.to_string(),
                entity_ids: None,
            });
        }
        if !changes.edges.is_empty() {
            self.tell(&Event::EdgesChanged {
                workspace: id.clone(),
                edge_ids: named(&changes.edges),
            });
        }
        if !changes.opened.is_empty() || !changes.resolved.is_empty() {
            let snapshot = snapshots
                .take()
                .inspect_err(|error| tracing::error!("name fields in events: {error}"))
                .ok();
            let schema = snapshot.as_ref().map(openprod_engine::Snapshot::schema);
            for key in &changes.resolved {
                let (entity_id, edge_id) = subject_ids(key.subject);
                self.tell(&Event::ConflictResolved {
                    workspace: id.clone(),
                    conflict_id: key.id().to_string(),
                    entity_id,
                    edge_id,
                    field: field_name(key, schema),
                    kind: key.kind.name().to_owned(),
                });
            }
            for key in &changes.opened {
                let (entity_id, edge_id) = subject_ids(key.subject);
                self.tell(&Event::ConflictOpened {
                    workspace: id.clone(),
                    conflict_id: key.id().to_string(),
                    entity_id,
                    edge_id,
                    field: field_name(key, schema),
                    kind: key.kind.name().to_owned(),
                });
            }
        }
        if let Some((first_sequence_number, last_sequence_number)) = changes.facts {
            self.tell(&Event::EventsAppended {
                workspace: id.clone(),
                first_sequence_number,
                last_sequence_number,
            });
        }
        for decision in &changes.decisions_resolved {
            self.tell(&Event::DecisionConflictResolved {
                workspace: id.clone(),
                decision_id: decision.to_string(),
            });
        }
        for decision in &changes.decisions_opened {
            self.tell(&Event::DecisionConflictOpened {
                workspace: id.clone(),
                decision_id: decision.to_string(),
            });
        }
        if !committed.overlays.is_empty() {
            self.tell(&Event::OverlaysChanged {
                workspace: id.clone(),
                overlay_ids: named(&committed.overlays),
            });
        }
        for (overlay, drifts) in &committed.drifts {
            let subjects: BTreeSet<_> = drifts.iter().map(|drift| subject_id(drift.subject)).collect();
            self.tell(&Event::OverlayDrift {
                workspace: id.clone(),
                overlay_id: overlay.to_string(),
                subject_ids: named(&subjects),
            });
        }
        if let Some(stack) = &committed.undo_stack {
            self.tell(&Event::UndoStack {
                workspace: id.clone(),
                undo: stack.undo.as_ref().map(UndoStepView::of),
                redo: stack.redo.as_ref().map(UndoStepView::of),
            });
        }
        for (actor, log, seq) in committed
            .forks
            .iter()
            .filter_map(openprod_engine::ForkEvidence::check)
        {
            let (actor_id, log) = (actor.to_string(), log.to_string());
            self.tell(&Event::ForkDetected {
                workspace: id.clone(),
                actor_id,
                log,
                seq,
            });
        }
    }
}

/// The ids that changed, unless they are too many.
fn named<T: ToString>(ids: &BTreeSet<T>) -> Option<Vec<String>> {
    (ids.len() <= NAMED_MAX).then(|| ids.iter().map(ToString::to_string).collect())
}

/// The name of the field or property that a conflict is about.
fn field_name(key: &ConflictKey, schema: Option<&Schema>) -> Option<String> {
    match &key.kind {
        ConflictKind::Field(field) => schema?.field_name(*field).map(str::to_owned),
        ConflictKind::Property(name) => Some(name.clone()),
        _ => None,
    }
}

fn subject_id(subject: Subject) -> String {
    match subject {
        Subject::Entity(entity) => entity.to_string(),
        Subject::Edge(edge) => edge.to_string(),
    }
}

/// The id of the record, or that of the edge.
pub(crate) fn subject_ids(subject: Subject) -> (Option<String>, Option<String>) {
    match subject {
        Subject::Entity(entity) => (Some(entity.to_string()), None),
        Subject::Edge(edge) => (None, Some(edge.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use openprod_core::{EdgeId, EntityId, FacetId};

    use super::*;

    #[test]
    fn events_carry_their_type() {
        let event = Event::SyncProgress {
            workspace: "w".into(),
            remaining: 42,
        };
        assert_eq!(
            &*event.to_json(),
            r#"{"type":"sync_progress","workspace":"w","remaining":42}"#
        );
        assert_eq!(&*Event::Resync.to_json(), r#"{"type":"resync"}"#);
    }

    #[test]
    fn more_than_a_thousand_changes_are_not_named() {
        let names = |edges: bool, count: u128| {
            let (bus, mut committed) = (EventBus::new(), Committed::default());
            let mut receiver = bus.subscribe();
            if edges {
                committed.changes.edges = (0..count).map(EdgeId::from_u128).collect();
            } else {
                let entities = (0..count).map(EntityId::from_u128).collect();
                committed.changes.records = BTreeMap::from([(FacetId::from_u128(1), entities)]);
            }
            let storage = openprod_storage::MemoryStorage::new();
            let snapshots = crate::host::tests::snapshots(storage);
            bus.tell_commit(WorkspaceId::from_u128(1), &committed, &snapshots);
            let event: serde_json::Value = serde_json::from_str(&receiver.try_recv().unwrap()).unwrap();
            let member = if edges { "edge_ids" } else { "entity_ids" };
            event[member].as_array().map(Vec::len)
        };
        for edges in [false, true] {
            assert_eq!(names(edges, 1_000), Some(1_000));
            assert_eq!(names(edges, 1_001), None);
        }
    }
}
