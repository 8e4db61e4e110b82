//! The values of one field, packed by its type.
//!
//! Values that do not fit the field's type, as another peer may write them, are kept aside as they are: a column
//! gives back exactly what it was given.

use std::collections::BTreeMap;

use openprod_core::value::DateTime;
use openprod_core::{EntityId, FieldType, Value};

use super::slots::Slots;
use super::text_room;
use crate::query::ValueRef;

/// How much text may be of no use before it is worth packing the rest anew, in bytes.
const GARBAGE_MIN: usize = 4_096;

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Empty,
    /// A value of the column's type.
    Packed,
    /// A value that is kept aside.
    Aside,
}

/// The values of one field, by slot.
#[derive(Debug)]
pub(crate) struct Column {
    field_type: FieldType,
    kinds: Vec<Kind>,
    packed: Packed,
    aside: BTreeMap<u32, Value>,
    /// About what those aside take.
    aside_bytes: usize,
}

#[derive(Debug)]
enum Packed {
    Texts(Texts),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Booleans(Vec<bool>),
    Dates(Vec<i32>),
    Instants(Vec<(i64, i16)>),
    Entities(Vec<EntityId>),
    /// All values are kept aside.
    Nothing,
}

impl Column {
    /// An empty column for a field of this type.
    pub(crate) fn new(field_type: FieldType, capacity: usize) -> Self {
        let packed = match field_type {
            FieldType::Text | FieldType::Enum => Packed::Texts(Texts {
                spans: Vec::with_capacity(capacity),
                ..Texts::default()
            }),
            FieldType::Integer | FieldType::Duration => Packed::Integers(Vec::with_capacity(capacity)),
            FieldType::Float => Packed::Floats(Vec::with_capacity(capacity)),
            FieldType::Boolean => Packed::Booleans(Vec::with_capacity(capacity)),
            FieldType::Date => Packed::Dates(Vec::with_capacity(capacity)),
            FieldType::DateTime => Packed::Instants(Vec::with_capacity(capacity)),
            FieldType::Entity => Packed::Entities(Vec::with_capacity(capacity)),
            FieldType::Blob | FieldType::CrdtText | FieldType::CrdtList => Packed::Nothing,
        };
        Self {
            field_type,
            kinds: Vec::with_capacity(capacity),
            packed,
            aside: BTreeMap::new(),
            aside_bytes: 0,
        }
    }

    /// The type it packs.
    pub(crate) const fn field_type(&self) -> FieldType {
        self.field_type
    }

    /// The value of a slot; empty for one that was never set.
    pub(crate) fn get(&self, slot: u32) -> ValueRef<'_> {
        let at = slot as usize;
        match self.kinds.get(at) {
            None | Some(Kind::Empty) => ValueRef::Empty,
            Some(Kind::Aside) => self.aside.get(&slot).map_or(ValueRef::Empty, ValueRef::from),
            Some(Kind::Packed) => match &self.packed {
                Packed::Texts(texts) if self.field_type == FieldType::Enum => ValueRef::Enum(texts.get(at)),
                Packed::Texts(texts) => ValueRef::Text(texts.get(at)),
                Packed::Integers(all) if self.field_type == FieldType::Duration => {
                    ValueRef::Duration(all[at])
                }
                Packed::Integers(all) => ValueRef::Integer(all[at]),
                Packed::Floats(all) => ValueRef::Float(all[at]),
                Packed::Booleans(all) => ValueRef::Boolean(all[at]),
                Packed::Dates(all) => ValueRef::Date(all[at]),
                Packed::Instants(all) => ValueRef::DateTime(DateTime {
                    micros: all[at].0,
                    offset_minutes: all[at].1,
                }),
                Packed::Entities(all) => ValueRef::Entity(all[at]),
                Packed::Nothing => ValueRef::Empty,
            },
        }
    }

    /// Those of the slots whose values `keep` keeps. The type is told apart before the loop, not in it.
    pub(crate) fn filter(&self, within: &Slots, keep: impl Fn(ValueRef<'_>) -> bool) -> Slots {
        let other = |slot: u32| keep(self.get(slot));
        let is_packed = |slot: u32| self.kinds.get(slot as usize) == Some(&Kind::Packed);
        macro_rules! each {
            ($at:ident => $value:expr) => {
                within.filter(|slot| {
                    let $at = slot as usize;
                    if is_packed(slot) {
                        keep($value)
                    } else {
                        other(slot)
                    }
                })
            };
        }
        let field_type = self.field_type;
        match &self.packed {
            Packed::Texts(texts) if field_type == FieldType::Enum => {
                each!(at => ValueRef::Enum(texts.get(at)))
            }
            Packed::Texts(texts) => each!(at => ValueRef::Text(texts.get(at))),
            Packed::Integers(all) if field_type == FieldType::Duration => {
                each!(at => ValueRef::Duration(all[at]))
            }
            Packed::Integers(all) => each!(at => ValueRef::Integer(all[at])),
            Packed::Floats(all) => each!(at => ValueRef::Float(all[at])),
            Packed::Dates(all) => each!(at => ValueRef::Date(all[at])),
            _ => within.filter(other),
        }
    }

    /// Sets the value of a slot.
    pub(crate) fn set(&mut self, slot: u32, value: &Value) {
        let at = slot as usize;
        if at >= self.kinds.len() {
            self.kinds.resize(at + 1, Kind::Empty);
        }
        if self.kinds[at] == Kind::Aside
            && let Some(old) = self.aside.remove(&slot)
        {
            self.aside_bytes -= weight(&old);
        }
        self.kinds[at] = if *value == Value::Empty {
            if let Packed::Texts(texts) = &mut self.packed {
                texts.set(at, "");
            }
            Kind::Empty
        } else if self.pack(at, value) {
            Kind::Packed
        } else {
            self.aside_bytes += weight(value);
            self.aside.insert(slot, value.clone());
            Kind::Aside
        };
    }

    pub(crate) fn shrink(&mut self) {
        if let Packed::Texts(texts) = &mut self.packed {
            texts.bytes.shrink_to_fit();
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let packed = match &self.packed {
            Packed::Texts(texts) => texts.bytes.capacity() + texts.spans.capacity() * 8,
            Packed::Integers(all) => all.capacity() * 8,
            Packed::Floats(all) => all.capacity() * 8,
            Packed::Booleans(all) => all.capacity(),
            Packed::Dates(all) => all.capacity() * 4,
            Packed::Instants(all) => all.capacity() * 16,
            Packed::Entities(all) => all.capacity() * 16,
            Packed::Nothing => 0,
        };
        self.kinds.capacity() + packed + self.aside_bytes
    }

    /// Keeps a value of the column's type; says whether it is one.
    fn pack(&mut self, at: usize, value: &Value) -> bool {
        match (&mut self.packed, value) {
            (Packed::Texts(texts), Value::Text(text)) if self.field_type == FieldType::Text => {
                texts.set(at, text);
            }
            (Packed::Texts(texts), Value::Enum(text)) if self.field_type == FieldType::Enum => {
                texts.set(at, text);
            }
            (Packed::Integers(all), Value::Integer(number)) if self.field_type == FieldType::Integer => {
                put(all, at, *number, 0);
            }
            (Packed::Integers(all), Value::Duration(micros)) if self.field_type == FieldType::Duration => {
                put(all, at, *micros, 0);
            }
            (Packed::Floats(all), Value::Float(number)) => put(all, at, *number, 0.0),
            (Packed::Booleans(all), Value::Boolean(truth)) => put(all, at, *truth, false),
            (Packed::Dates(all), Value::Date(days)) => put(all, at, *days, 0),
            (Packed::Instants(all), Value::DateTime(instant)) => {
                put(all, at, (instant.micros, instant.offset_minutes), (0, 0));
            }
            (Packed::Entities(all), Value::Entity(entity)) => {
                put(all, at, *entity, EntityId::from_u128(0));
            }
            _ => return false,
        }
        true
    }
}

fn put<T: Copy>(all: &mut Vec<T>, at: usize, value: T, filler: T) {
    if at >= all.len() {
        all.resize(at + 1, filler);
    }
    all[at] = value;
}

/// About what a value that is kept aside takes.
fn weight(value: &Value) -> usize {
    let text = match value {
        Value::Text(text) | Value::Enum(text) => text.len(),
        Value::Blob(blob) => blob.name.len() + blob.mime.len(),
        _ => 0,
    };
    2 * size_of::<Value>() + text
}

/// Texts in one run of bytes.
#[derive(Debug, Default)]
struct Texts {
    bytes: String,
    /// The start and the length of each.
    spans: Vec<(u32, u32)>,
    /// How many bytes no span covers.
    garbage: usize,
}

impl Texts {
    fn get(&self, at: usize) -> &str {
        let (start, length) = self.spans[at];
        &self.bytes[start as usize..(start + length) as usize]
    }

    fn set(&mut self, at: usize, text: &str) {
        if at >= self.spans.len() {
            self.spans.resize(at + 1, (0, 0));
        }
        self.garbage += self.spans[at].1 as usize;
        // The bound on the bytes of all columns is far below what 32 bits count.
        self.spans[at] = (self.bytes.len() as u32, text.len() as u32);
        let room = text_room(self.bytes.len(), self.bytes.capacity(), text.len());
        self.bytes.reserve_exact(room);
        self.bytes.push_str(text);
        if self.garbage > GARBAGE_MIN.max(self.bytes.len() / 2) {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let old = std::mem::take(self);
        self.spans = old.spans.clone();
        for (at, span) in self.spans.iter_mut().enumerate() {
            span.0 = self.bytes.len() as u32;
            self.bytes.push_str(old.get(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use openprod_core::BlobHash;
    use openprod_core::value::Blob;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    pub(super) fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Empty),
            "[a-cA-C]{0,200}".prop_map(Value::Text),
            any::<i64>().prop_map(Value::Integer),
            (-1e9..1e9).prop_map(Value::Float),
            any::<bool>().prop_map(Value::Boolean),
            any::<i32>().prop_map(Value::Date),
            (any::<i64>(), any::<i16>()).prop_map(|(micros, offset_minutes)| Value::DateTime(DateTime {
                micros,
                offset_minutes
            })),
            any::<i64>().prop_map(Value::Duration),
            "[a-c]{1,3}".prop_map(Value::Enum),
            any::<u128>().prop_map(|id| Value::Entity(EntityId::from_u128(id))),
            any::<[u8; 32]>().prop_map(|hash| Value::Blob(Blob {
                hash: BlobHash::from_bytes(hash),
                name: "name".into(),
                mime: "text/plain".into(),
                size: 9,
            })),
        ]
    }

    proptest! {
        #[test]
        fn a_column_gives_back_what_it_was_given(
            field_type in select(&FieldType::ALL),
            writes in vec((0_u32..20, values()), 0..200),
        ) {
            let mut column = Column::new(field_type, 4);
            let mut last = BTreeMap::new();
            for (slot, value) in &writes {
                column.set(*slot, value);
                last.insert(*slot, value);
            }
            for slot in 0..25 {
                let expected = last.get(&slot).copied().unwrap_or(&Value::Empty);
                prop_assert_eq!(&column.get(slot).to_value(), expected);
            }
            let aside: usize = column.aside.values().map(weight).sum();
            prop_assert_eq!(column.aside_bytes, aside);
        }
    }
}
