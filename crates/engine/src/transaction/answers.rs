//! What commands were answered: the same command again gets the same answer, and has no further effect.

use openprod_core::encoding::encode;
use openprod_core::{BundleId, CommandId, EdgeId, EntityId, Payload};
use openprod_storage::{Position, Space, StorageError};
use wincode::{SchemaRead, SchemaWrite};

use super::Transaction;
use crate::command::{Command, CommandError, Outcome};
use crate::facts::{self, FactLog, FactSpan, RecordFacts, effect};
use crate::overlay::OverlayId;
use crate::plan::effect_of;
use crate::revert::{Skipped, TakenBack};
use crate::stored::stored;

/// What a command that was given here led to.
#[derive(SchemaRead, SchemaWrite)]
pub(super) struct CommandRow {
    digest: [u8; 32],
    /// Where its bundle stands; 0 when it reached no log.
    position: u64,
    /// The draft that it was staged in, or that it was about.
    overlay: Option<OverlayId>,
    /// What it made, if that is not to be read from its bundle.
    created: Vec<EntityId>,
    edges: Vec<EdgeId>,
    /// What it took back, and what of that stays.
    pub(super) taken_back: Option<TakenBack>,
    skipped: Vec<Skipped>,
}

impl CommandRow {
    /// Reads a row; those of the first format knew bundles only.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StorageError> {
        stored(Space::Command, bytes).or_else(|error| {
            let (digest, position) = stored::<([u8; 32], u64)>(Space::Command, bytes).map_err(|_| error)?;
            Ok(Self {
                digest,
                position,
                overlay: None,
                created: Vec::new(),
                edges: Vec::new(),
                taken_back: None,
                skipped: Vec::new(),
            })
        })
    }
}

impl Transaction<'_> {
    /// The numbers of the facts of a bundle that is applied.
    pub(super) fn span(&self, bundle: BundleId) -> Result<Option<FactSpan>, StorageError> {
        let Some(place) = self.write.place_of(bundle)? else {
            return Ok(None);
        };
        let Some(stored) = self.write.bundle(place.position)? else {
            return Ok(None);
        };
        let log = FactLog::new(&*self.write);
        let last = bundle.operation(stored.bundle.len() - 1);
        let numbers = (log.number_of(bundle.operation(0))?, log.number_of(last)?);
        Ok(match numbers {
            (Some(first), Some(last)) => Some(FactSpan { first, last }),
            _ => None,
        })
    }

    /// Keeps what a command is answered, if its caller wants that.
    pub(super) fn keep_receipt(
        &mut self,
        command_id: CommandId,
        command: &Command,
        facts: Option<FactSpan>,
    ) -> Result<(), StorageError> {
        if let Command::RecordFacts(RecordFacts {
            receipt: Some(receipt),
            ..
        }) = command
        {
            facts::store::keep_receipt(&mut *self.write, command_id, receipt, facts)?;
            self.committed.answered += 1;
        }
        Ok(())
    }

    /// Notes what a command led to, so that the same command again gets the same outcome.
    pub(super) fn remember(&mut self, digest: [u8; 32], outcome: Outcome) -> Result<Outcome, CommandError> {
        let in_bundle = outcome.bundle_id.is_some();
        let made = self.committed.bundles.last().filter(|_| in_bundle);
        let row = CommandRow {
            digest,
            position: made.map_or(0, |bundle| bundle.place.position.0),
            overlay: outcome.overlay_id,
            created: if in_bundle {
                Vec::new()
            } else {
                outcome.created.clone()
            },
            edges: if in_bundle {
                Vec::new()
            } else {
                outcome.edges.clone()
            },
            taken_back: outcome.taken_back.clone(),
            skipped: outcome.skipped.clone(),
        };
        self.write
            .put(Space::Command, outcome.command_id.as_bytes(), &encode(&row))?;
        // The next command of this transaction must find the indexes and the schema as this one left them.
        self.flush()?;
        Ok(outcome)
    }

    pub(super) fn earlier_outcome(
        &self,
        command_id: CommandId,
        digest: [u8; 32],
        about_facts: bool,
    ) -> Result<Option<Outcome>, CommandError> {
        let Some(bytes) = self.write.get(Space::Command, command_id.as_bytes())? else {
            return Ok(None);
        };
        let row = CommandRow::read(&bytes)?;
        if row.digest != digest {
            return Err(CommandError::CommandReused { command_id });
        }
        let damaged = StorageError::DamagedRow {
            space: Space::Command.name(),
        };
        if row.position == 0 {
            return Ok(Some(Outcome {
                overlay_id: row.overlay,
                created: row.created,
                edges: row.edges,
                taken_back: row.taken_back,
                skipped: row.skipped,
                repeated: about_facts,
                ..Outcome::of(command_id)
            }));
        }
        let bundle = self.write.bundle(Position(row.position))?.ok_or(damaged)?.bundle;
        let payloads: Vec<_> = bundle
            .payloads()
            .filter_map(|(_, payload)| payload.ok())
            .collect();
        let (created, edges) = made(&payloads);
        Ok(Some(Outcome {
            command_id,
            bundle_id: Some(bundle.id()),
            overlay_id: row.overlay,
            created,
            edges,
            taken_back: row.taken_back,
            skipped: row.skipped,
            facts: self.span(bundle.id())?,
            repeated: about_facts,
        }))
    }

    /// The outcome of a command whose facts another device recorded under the same id, as is known here.
    pub(super) fn outcome_elsewhere(
        &mut self,
        command_id: CommandId,
        digest: [u8; 32],
        command: &RecordFacts,
    ) -> Result<Option<Outcome>, CommandError> {
        let given = effect::of_command(&*self.write, command_id)?;
        if given.is_empty() {
            return Ok(None);
        }
        let effect = effect_of(command_id, &command.facts)?;
        // The first of those that say the same is the one that counts.
        let Some((_, member)) = given.iter().find(|(theirs, _)| *theirs == effect) else {
            return Err(CommandError::CommandReused { command_id });
        };
        let facts = self.span(member.bundle)?;
        let row = CommandRow {
            digest,
            position: member.position.0,
            overlay: None,
            created: Vec::new(),
            edges: Vec::new(),
            taken_back: None,
            skipped: Vec::new(),
        };
        self.write
            .put(Space::Command, command_id.as_bytes(), &encode(&row))?;
        if let Some(receipt) = &command.receipt {
            facts::store::keep_receipt(&mut *self.write, command_id, receipt, facts)?;
        }
        self.committed.answered += 1;
        Ok(Some(Outcome {
            bundle_id: Some(member.bundle),
            facts,
            repeated: true,
            ..Outcome::of(command_id)
        }))
    }
}

/// The entities and edges that operations make, in order.
pub(super) fn made(payloads: &[Payload]) -> (Vec<EntityId>, Vec<EdgeId>) {
    let (mut entities, mut edges) = (Vec::new(), Vec::new());
    for payload in payloads {
        match payload {
            Payload::CreateEntity(op) => entities.push(op.entity),
            Payload::CreateEdge(op) => edges.push(op.edge),
            Payload::CreateOrderedEdge(op) => edges.push(op.edge),
            _ => {}
        }
    }
    (entities, edges)
}
