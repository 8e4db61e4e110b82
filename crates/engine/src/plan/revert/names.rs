//! Taking back that records or fields were declared one, or two.

use openprod_core::operation::{ConfirmFieldMapping, MergeEntities, RevokeFieldMapping, SplitEntity};
use openprod_core::{ActorId, EntityId, OpId};
use openprod_storage::StorageError;

use super::Revert;
use crate::command::CommandError;
use crate::history::past::Past;
use crate::revert::SkipReason;
use crate::subject::Subject;
use crate::synonyms::{AliasChange, MappingChange, NameChange, Synonyms, changes};

impl Revert<'_, '_> {
    /// Splits what the bundle merged, merges what it split, and turns decisions on mappings round; the last first.
    pub(super) fn names(&mut self, past: &Past) -> Result<(), CommandError> {
        let deeds = std::mem::take(&mut self.deeds.names);
        if deeds.is_empty() {
            return Ok(());
        }
        let all = changes(self.view.store)?;
        let mut earlier = Vec::new();
        for (op_id, change) in &all {
            if past.contains_id(self.view.store, op_id.bundle())? {
                earlier.push(change.clone());
            }
        }
        let before = Synonyms::replay(&earlier);
        for change in deeds.into_iter().rev() {
            match change {
                NameChange::Mapping(change) => self.mapping(&change, &before, &all)?,
                NameChange::Alias(AliasChange::Merge { survivor, absorbed }) => {
                    self.merge(survivor, absorbed, &before, &all)?;
                }
                NameChange::Alias(AliasChange::Split { source, new }) => {
                    self.split(source, new, &before, &all)?;
                }
            }
        }
        Ok(())
    }

    fn mapping(
        &mut self,
        change: &MappingChange,
        before: &Synonyms,
        all: &[(OpId, NameChange)],
    ) -> Result<(), CommandError> {
        let pair = change.pair;
        let subject = Subject::Entity(pair.fields.0.entity());
        let is_about = |other: &NameChange| match other {
            NameChange::Mapping(other) => other.pair.fields == pair.fields,
            NameChange::Alias(_) => false,
        };
        if let Some(op_id) = self.other_decision(all, is_about)? {
            let actor = self.author(op_id)?;
            self.skip(subject, None, SkipReason::EditedSince, actor);
            return Ok(());
        }
        let confirmed = before.mappings.decision(&pair) == Some(true);
        if confirmed == change.confirmed {
            self.skip(subject, None, SkipReason::Unchanged, None);
            return Ok(());
        }
        let ((field_a, field_b), (facet_a, facet_b)) = (pair.fields, pair.facets);
        self.inverse.names.push(if confirmed {
            ConfirmFieldMapping {
                facet_a,
                field_a,
                facet_b,
                field_b,
            }
            .into()
        } else {
            RevokeFieldMapping {
                facet_a,
                field_a,
                facet_b,
                field_b,
            }
            .into()
        });
        Ok(())
    }

    fn merge(
        &mut self,
        survivor: EntityId,
        absorbed: EntityId,
        before: &Synonyms,
        all: &[(OpId, NameChange)],
    ) -> Result<(), CommandError> {
        let subject = Subject::Entity(absorbed);
        if before.aliases.root(survivor) == before.aliases.root(absorbed) {
            self.skip(subject, None, SkipReason::Unchanged, None);
            return Ok(());
        }
        let aliases = &self.view.synonyms.aliases;
        let root = aliases.root(survivor);
        // It was the root of the absorbed one, as the author saw it, that got a parent.
        let name = before.aliases.root(absorbed);
        if aliases.parent(name).is_none() || aliases.root(name) != root {
            let actor = self.latest_author(&[survivor, absorbed], all)?;
            self.skip(subject, None, SkipReason::EditedSince, actor);
            return Ok(());
        }
        let facets = self.view.state.row(self.view.store, name)?.attached().collect();
        self.inverse.names.push(
            SplitEntity {
                source: root,
                new_entity: name,
                facets,
            }
            .into(),
        );
        Ok(())
    }

    fn split(
        &mut self,
        source: EntityId,
        new: EntityId,
        before: &Synonyms,
        all: &[(OpId, NameChange)],
    ) -> Result<(), CommandError> {
        let was = &before.aliases;
        if was.parent(new).is_none() || was.root(new) != was.root(source) {
            // It parted nothing: what it gave to a new record is that record's making.
            return Ok(());
        }
        let aliases = &self.view.synonyms.aliases;
        let root = aliases.root(source);
        if aliases.root(new) != new || root == new {
            let actor = self.latest_author(&[source, new], all)?;
            self.skip(Subject::Entity(new), None, SkipReason::EditedSince, actor);
            return Ok(());
        }
        self.inverse.names.push(
            MergeEntities {
                survivor: root,
                absorbed: new,
            }
            .into(),
        );
        Ok(())
    }

    /// Who merged or split any of the entities last, this bundle aside.
    fn latest_author(
        &self,
        entities: &[EntityId],
        all: &[(OpId, NameChange)],
    ) -> Result<Option<ActorId>, StorageError> {
        let latest = all.iter().rev().find(|(op_id, change)| {
            let named = match change {
                NameChange::Alias(AliasChange::Merge {
                    survivor: one,
                    absorbed: other,
                })
                | NameChange::Alias(AliasChange::Split {
                    source: one,
                    new: other,
                }) => [*one, *other],
                NameChange::Mapping(_) => return false,
            };
            op_id.bundle() != self.bundle.id() && named.iter().any(|name| entities.contains(name))
        });
        match latest {
            Some((op_id, _)) => self.author(*op_id),
            None => Ok(None),
        }
    }

    fn author(&self, op_id: OpId) -> Result<Option<ActorId>, StorageError> {
        let place = self.view.store.place_of(op_id.bundle())?;
        Ok(place.map(|place| self.view.chains.get(place.chain).actor))
    }
}
