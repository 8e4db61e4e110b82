//! Comparing with what a peer shows.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{EdgeId, EntityId, FacetId, FieldId, FieldMode, FieldType, Hlc, OpId, Value};
use openprod_engine::conflicts::{Conflict, ConflictKind};
use openprod_engine::edge::Direction;
use openprod_engine::facts::DecisionStatus;
use openprod_engine::row::{Candidate, CellKey};
use openprod_engine::schema::Field;
use openprod_engine::text::Content;
use openprod_engine::{Snapshot, Subject};
use openprod_events::{EventQuery, StreamId};
use openprod_storage::StorageError;

use super::{Cell, Clash, Dispute, Ends, Kind, Oracle, Thing, Write, claim};

/// Returns with the difference in words unless both sides are equal.
macro_rules! expect_same {
    ($wanted:expr, $found:expr, $($what:tt)+) => {{
        let (wanted, found) = ($wanted, $found);
        // A NaN is not equal to itself, but reads alike.
        if wanted != found && format!("{wanted:?}") != format!("{found:?}") {
            let what = format!($($what)+);
            return Ok(Some(format!("{what}:\n  it must be {wanted:?}\n  and it is  {found:?}")));
        }
    }};
}

impl Oracle {
    /// Compares with what a peer shows; the difference, if there is one, in words.
    ///
    /// # Errors
    /// [`StorageError`] when the peer's store cannot be read.
    pub fn difference(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        if let Some(difference) = self.difference_in_records(snapshot)? {
            return Ok(Some(difference));
        }
        if let Some(difference) = self.difference_in_edges(snapshot)? {
            return Ok(Some(difference));
        }
        if let Some(difference) = self.difference_in_texts(snapshot)? {
            return Ok(Some(difference));
        }
        if let Some(difference) = self.difference_in_conflicts(snapshot)? {
            return Ok(Some(difference));
        }
        if let Some(difference) = self.difference_in_decisions(snapshot)? {
            return Ok(Some(difference));
        }
        self.difference_in_tables(snapshot)
    }

    fn difference_in_decisions(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let page = snapshot.facts().query(&EventQuery::all(), 0, usize::MAX)?;
        let found: BTreeSet<OpId> = page.facts.iter().map(|fact| fact.op_id).collect();
        expect_same!(found.len(), page.facts.len(), "how often each fact is numbered");
        let wanted: BTreeSet<OpId> = self.facts().iter().map(|fact| fact.moment.op_id).collect();
        expect_same!(wanted, found, "the facts");
        let streams: BTreeSet<String> = self.facts().into_iter().flat_map(|fact| fact.streams).collect();
        for name in streams {
            let stream = StreamId::new(&name).expect("it is the stream of a fact");
            let found = snapshot.facts().stream(&stream, 0, usize::MAX)?.into_iter();
            let found: BTreeSet<OpId> = found.map(|fact| fact.op_id).collect();
            let facts = self.facts().into_iter();
            let wanted = facts.filter(|fact| fact.streams.contains(&name));
            let wanted: BTreeSet<OpId> = wanted.map(|fact| fact.moment.op_id).collect();
            expect_same!(wanted, found, "the facts of stream {name:?}");
        }
        let found: BTreeMap<_, _> = snapshot
            .decision_conflicts()?
            .into_iter()
            .map(|conflict| {
                let unseen = conflict.unseen.iter();
                let holds = conflict.status == DecisionStatus::Resolved;
                let clash = Clash {
                    fault: conflict.fault,
                    unseen: unseen.map(|unseen| (unseen.fact.op_id, unseen.mutual)).collect(),
                    settled_by: conflict
                        .resolution
                        .filter(|_| holds)
                        .map(|resolution| resolution.op_id),
                };
                (conflict.decision, clash)
            })
            .collect();
        expect_same!(self.clashes(), found, "the decision conflicts");
        Ok(None)
    }

    fn difference_in_records(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        for entity in self.entities() {
            let root = self.names().root(entity);
            expect_same!(root, snapshot.root(entity), "the record of {entity:?}");
            let row = snapshot.row(root)?;
            expect_same!(&row, &snapshot.row(entity)?, "{root:?} under its name {entity:?}");
            expect_same!(self.is_written(root), row.is_some(), "whether {root:?} has a row");
            let Some(row) = row else { continue };
            expect_same!(
                self.is_deleted(root),
                row.is_deleted(),
                "whether {root:?} is deleted"
            );
            expect_same!(
                self.facets(root),
                row.attached().collect::<BTreeSet<_>>(),
                "the facets of {root:?}"
            );
            // A semantic field is shown under the id of each of its fields.
            let fields = self.fields(root).into_iter();
            let fields: BTreeSet<_> = fields.flat_map(|field| self.names().of_field(field)).collect();
            // Texts are shown among the fields; they are compared by themselves.
            let mut shown: BTreeSet<_> = row.fields().collect();
            shown.retain(|field| fields.contains(field) || !self.is_text(root, *field));
            expect_same!(&fields, &shown, "the fields of {root:?}");
            for field in fields {
                let tips = self.field(root, field);
                let found = row.candidates(&CellKey::Field(field));
                expect_same!(claims(&tips), candidates(&found), "{field:?} of {root:?}");
                let shown = tips.last().map(|tip| tip.value.clone());
                expect_same!(
                    shown.unwrap_or(Value::Empty),
                    row.field(field).clone(),
                    "the value of {field:?} of {root:?}"
                );
            }
        }
        Ok(None)
    }

    /// Whether any name of a record has deltas to the field, or to one that is mapped onto it.
    fn is_text(&self, root: EntityId, field: FieldId) -> bool {
        let (names, fields) = (self.names().of_record(root), self.names().of_field(field));
        self.texts()
            .any(|(entity, text)| names.contains(&entity) && fields.contains(&text))
    }

    fn difference_in_edges(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let written = self.cells.keys().filter_map(|thing| match thing {
            Thing::Edge(edge) => Some(*edge),
            Thing::Entity(_) => None,
        });
        for id in written.collect::<BTreeSet<_>>() {
            let edge = snapshot.edge(id)?;
            let ends = self.ends(id);
            expect_same!(ends.is_some(), edge.is_some(), "whether {id:?} is known");
            let (Some(edge), Some(ends)) = (edge, ends) else {
                continue;
            };
            let (source, target) = (self.names().root(ends.source), self.names().root(ends.target));
            expect_same!(
                (source, target, &ends.edge_type, ends.ordered),
                (
                    edge.ends.source,
                    edge.ends.target,
                    &edge.ends.edge_type,
                    edge.ends.ordered
                ),
                "the ends of {id:?}"
            );
            expect_same!(
                !self.is_related(id),
                edge.row.is_deleted(),
                "whether {id:?} is deleted"
            );
            for cell in self.cells[&Thing::Edge(id)].keys() {
                let key = match cell {
                    Cell::Exists => CellKey::Exists,
                    Cell::Property(name) => CellKey::Property(name.clone()),
                    Cell::Place => CellKey::Place,
                    Cell::Facet(_) | Cell::Field(_) => unreachable!("only entities have them"),
                };
                let wanted = self.tips(Thing::Edge(id), cell);
                expect_same!(
                    claims(&wanted),
                    candidates(&edge.row.candidates(&key)),
                    "{cell:?} of {id:?}"
                );
            }
            let properties: BTreeMap<_, _> = self
                .properties(id)
                .into_iter()
                .filter_map(|name| {
                    let value = self.shown(Thing::Edge(id), &Cell::Property(name.to_owned()))?;
                    (*value != Value::Empty).then_some((name, value))
                })
                .collect();
            expect_same!(
                properties,
                edge.properties().collect::<BTreeMap<_, _>>(),
                "the properties of {id:?}"
            );
            if ends.ordered {
                expect_same!(self.place(id), edge.place(), "the place of {id:?}");
            }
        }
        self.difference_in_relations(snapshot)
    }

    /// Compares which edges each entity has, and in which order.
    fn difference_in_relations(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let related: BTreeSet<_> = self.edges().filter(|edge| self.is_related(*edge)).collect();
        let ends: Vec<_> = related.iter().filter_map(|edge| self.ends(*edge)).collect();
        let types: BTreeSet<_> = ends.iter().map(|ends| ends.edge_type.as_str()).collect();
        let named = ends.iter().flat_map(|ends| [ends.source, ends.target]);
        for entity in named.chain(self.entities()).collect::<BTreeSet<_>>() {
            let record = self.names().root(entity);
            for (direction, end) in [
                (Direction::Outgoing, (|ends| ends.source) as fn(&Ends) -> EntityId),
                (Direction::Incoming, |ends| ends.target),
            ] {
                let touches = |edge: &EdgeId| {
                    self.ends(*edge)
                        .is_some_and(|ends| self.names().root(end(ends)) == record)
                };
                let wanted: BTreeSet<_> = related.iter().copied().filter(touches).collect();
                let found = snapshot.edges(entity, direction, None)?;
                expect_same!(
                    wanted.len(),
                    found.len(),
                    "how many edges of {entity:?} are {direction:?}"
                );
                let found: BTreeSet<_> = found.into_iter().map(|edge| edge.id).collect();
                expect_same!(wanted, found, "the edges of {entity:?} that are {direction:?}");
            }
            for edge_type in &types {
                let found = snapshot.edges(entity, Direction::Outgoing, Some(edge_type))?;
                let ordered = found.into_iter().filter(|edge| edge.ends.ordered);
                expect_same!(
                    self.siblings(record, edge_type),
                    ordered.map(|edge| edge.id).collect::<Vec<_>>(),
                    "the siblings of type {edge_type:?} below {entity:?}"
                );
            }
        }
        Ok(None)
    }

    /// Compares the texts of entities that have no other name: of what several texts of one record show, the rules say
    /// nothing.
    fn difference_in_texts(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        for (entity, id) in self.texts() {
            if self.names().of_record(self.names().root(entity)).len() > 1 {
                continue;
            }
            let field = Field {
                id,
                name: String::new(),
                field_type: FieldType::CrdtText,
                mode: FieldMode::Discrete,
                options: Vec::new(),
                reference: None,
            };
            let text = snapshot.text(entity, &field, 0)?;
            expect_same!(
                Some(Content::Text(self.text(entity, id).content())),
                text.map(|text| text.content),
                "text {id:?} of {entity:?}"
            );
        }
        Ok(None)
    }

    fn difference_in_conflicts(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let mut found: BTreeMap<Dispute, Conflict> = BTreeMap::new();
        for conflict in snapshot.conflicts()? {
            found.insert(dispute(&conflict), conflict);
        }
        let wanted = self.conflicts();
        expect_same!(
            wanted.keys().collect::<Vec<_>>(),
            found.keys().collect::<Vec<_>>(),
            "the conflicts"
        );
        for (dispute, writes) in wanted {
            let conflict = &found[&dispute];
            expect_same!(claims(&writes), candidates(&conflict.candidates), "{dispute:?}");
        }
        Ok(None)
    }

    fn difference_in_tables(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let written = self.cells.values().flat_map(BTreeMap::keys);
        let mut tables: BTreeSet<FacetId> = snapshot.schema().tables.iter().map(|table| table.id).collect();
        tables.extend(written.filter_map(|cell| match cell {
            Cell::Facet(facet) => Some(*facet),
            _ => None,
        }));
        for table in tables {
            let found: BTreeSet<_> = snapshot
                .members(table, None, usize::MAX)?
                .into_iter()
                .map(|(entity, _)| entity)
                .collect();
            expect_same!(
                found.len() as u64,
                snapshot.count(table)?,
                "the count of {table:?}"
            );
            expect_same!(self.members(table), found, "the records of {table:?}");
        }
        Ok(None)
    }
}

fn dispute(conflict: &Conflict) -> Dispute {
    let thing = match conflict.key.subject {
        Subject::Entity(entity) => Thing::Entity(entity),
        Subject::Edge(edge) => Thing::Edge(edge),
    };
    let kind = match &conflict.key.kind {
        ConflictKind::Field(field) => Kind::Field(*field),
        ConflictKind::Property(name) => Kind::Property(name.clone()),
        ConflictKind::Existence => Kind::Existence,
        ConflictKind::Membership(facet) => Kind::Membership(*facet),
        ConflictKind::Deletion => Kind::Deletion,
    };
    (thing, kind)
}

fn claims(writes: &[&Write]) -> Vec<(Hlc, OpId, Value)> {
    writes.iter().map(|write| claim(write)).collect()
}

fn candidates(candidates: &[Candidate]) -> Vec<(Hlc, OpId, Value)> {
    candidates
        .iter()
        .map(|candidate| (candidate.hlc, candidate.op_id, candidate.value.clone()))
        .collect()
}
