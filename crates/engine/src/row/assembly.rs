//! The row of a record that goes by several names, or whose fields do.

use std::collections::BTreeMap;

use openprod_core::{FieldId, Value};

use super::{Cell, CellKey, Origin, Row, Stamp, Tip, contended, order};
use crate::documents::LastDelta;
use crate::synonyms::Mappings;

impl Row {
    /// The row of a record, from the rows of all its names: it exists, or has a facet, if any name does, and the
    /// tips of a field are those of all fields that are mapped onto it, under all names.
    pub(crate) fn assemble<'a>(names: impl IntoIterator<Item = &'a Self>, mappings: &Mappings) -> Self {
        let mut assembled = Self::default();
        let mut wholes: BTreeMap<CellKey, Vec<Tip>> = BTreeMap::new();
        let mut parts: BTreeMap<CellKey, Vec<Tip>> = BTreeMap::new();
        let mut fields: BTreeMap<FieldId, Vec<Tip>> = BTreeMap::new();
        for row in names {
            for cell in &row.cells {
                let holds = cell
                    .tips
                    .last()
                    .is_some_and(|tip| tip.value == Value::Boolean(true));
                let tips = match &cell.key {
                    CellKey::Field(field) => fields.entry(mappings.semantic(*field)).or_default(),
                    key if holds => wholes.entry(key.clone()).or_default(),
                    key => parts.entry(key.clone()).or_default(),
                };
                for tip in &cell.tips {
                    let origin = assembled.adopt(row, tip.origin);
                    tips.push(Tip {
                        origin,
                        value: tip.value.clone(),
                    });
                }
            }
        }
        for (key, tips) in parts {
            wholes.entry(key).or_insert(tips);
        }
        for (semantic, tips) in fields {
            let tips = assembled.distinct(tips);
            for field in mappings.fields(&semantic) {
                wholes.insert(CellKey::Field(*field), tips.clone());
            }
        }
        assembled.cells = wholes
            .into_iter()
            .map(|(key, tips)| Cell {
                key,
                tips: assembled.distinct(tips),
            })
            .collect();
        assembled
    }

    /// The fields, by what they mean, that were given values that differ, under any name.
    pub(crate) fn contended_fields<'a>(
        names: impl IntoIterator<Item = &'a Self>,
        mappings: &Mappings,
    ) -> Vec<FieldId> {
        let mut fields: BTreeMap<FieldId, Vec<&Tip>> = BTreeMap::new();
        for cell in names.into_iter().flat_map(|row| &row.cells) {
            if let CellKey::Field(field) = cell.key {
                fields
                    .entry(mappings.semantic(field))
                    .or_default()
                    .extend(&cell.tips);
            }
        }
        let differ = |tips: &[&Tip]| tips.iter().any(|tip| !tip.value.same(&tips[0].value));
        fields
            .into_iter()
            .filter(|(_, tips)| differ(tips))
            .map(|(field, _)| field)
            .collect()
    }

    /// Shows the value of a field that is kept elsewhere, as written by who edited it last.
    pub(crate) fn show(&mut self, field: FieldId, value: Value, last: &LastDelta) {
        self.stamps.push(Stamp {
            chain: last.chain,
            seq: last.seq,
            hlc: last.hlc,
            hash: last.hash,
            actor: last.actor,
        });
        let origin = Origin {
            stamp: (self.stamps.len() - 1) as u32,
            index: last.index,
        };
        self.put_cell(CellKey::Field(field), vec![Tip { origin, value }]);
    }

    /// Shows a field of another row as this row's own.
    pub(crate) fn adopt_field(&mut self, field: FieldId, from: &Self, target: FieldId) {
        let tips = from.tips(&CellKey::Field(target)).to_vec();
        let tips: Vec<Tip> = tips
            .into_iter()
            .map(|Tip { origin, value }| Tip {
                origin: self.adopt(from, origin),
                value,
            })
            .collect();
        if !tips.is_empty() {
            self.put_cell(CellKey::Field(field), tips);
        }
    }

    fn put_cell(&mut self, key: CellKey, tips: Vec<Tip>) {
        match self.cells.binary_search_by(|cell| cell.key.cmp(&key)) {
            Ok(at) => self.cells[at].tips = tips,
            Err(at) => self.cells.insert(at, Cell { key, tips }),
        }
    }

    fn adopt(&mut self, from: &Self, origin: Origin) -> Origin {
        let stamp = from.stamps[origin.stamp as usize];
        let at = self
            .stamps
            .iter()
            .rposition(|own| own.hash == stamp.hash)
            .unwrap_or_else(|| {
                self.stamps.push(stamp);
                self.stamps.len() - 1
            });
        Origin {
            stamp: at as u32,
            index: origin.index,
        }
    }

    /// Tips in order; of those by which one bundle said one thing under several names, the last.
    fn distinct(&self, mut tips: Vec<Tip>) -> Vec<Tip> {
        tips.sort_by_key(|tip| order(&self.stamps, tip.origin));
        let repeated: Vec<bool> = tips
            .iter()
            .enumerate()
            .map(|(at, tip)| {
                tips[at + 1..]
                    .iter()
                    .any(|later| later.origin.stamp == tip.origin.stamp && later.value.same(&tip.value))
            })
            .collect();
        let mut repeated = repeated.into_iter();
        tips.retain(|_| !repeated.next().unwrap_or(false));
        debug_assert!(!contended(&tips) || tips.len() > 1, "what differs is told apart");
        tips
    }
}
