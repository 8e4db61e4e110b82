//! The few things that histories are about. Each is a number that wraps round into a short list.

use std::fmt;

use openprod_core::{EdgeId, EntityId, FacetId, FieldId, Value};
use openprod_engine::schema::reserved;

macro_rules! pool {
    ($($(#[$doc:meta])* $name:ident($prefix:literal) -> $target:ty { $($item:expr),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
            pub struct $name(pub u8);

            impl $name {
                /// How many there are.
                pub const COUNT: u8 = [$(stringify!($item)),*].len() as u8;

                /// The thing itself.
                #[must_use]
                pub fn get(self) -> $target {
                    let items: [$target; Self::COUNT as usize] = [$($item),*];
                    let at = usize::from(self.0 % Self::COUNT);
                    items[at].clone()
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(out, concat!($prefix, "{}"), self.0 % Self::COUNT)
                }
            }
        )*
    };
}

const fn entity(number: u128) -> EntityId {
    EntityId::from_u128(0xe0 + number)
}

const fn field(number: u128) -> FieldId {
    FieldId::from_u128(0xf0 + number)
}

pool! {
    /// An entity; the last is the workspace itself.
    En("entity ") -> EntityId {
        entity(0), entity(1), entity(2), entity(3), entity(4), reserved::WORKSPACE,
    }
    /// A facet; the last is that of tables.
    Fa("facet ") -> FacetId {
        FacetId::from_u128(0xfa0), FacetId::from_u128(0xfa1), reserved::TABLE_FACET,
    }
    /// A field; the last is the workspace's name.
    Fi("field ") -> FieldId {
        field(0), field(1), field(2), field(3), reserved::WORKSPACE_NAME,
    }
    /// An edge; the first has the id of an entity.
    Ed("edge ") -> EdgeId {
        EdgeId::from_bytes(*entity(0).as_bytes()), EdgeId::from_u128(0xed1), EdgeId::from_u128(0xed2),
        EdgeId::from_u128(0xed3),
    }
    /// A type of edge.
    Ty("type ") -> &'static str { "cue", "" }
    /// A property's name.
    Pr("property ") -> &'static str { "part", "", "pärt\u{0}" }
    /// A place among siblings, or what stands for one.
    Pl("place ") -> &'static str {
        "a0", "a1", "a0V", "", "a0\u{0}", "Zz", "é", "\u{10ffff}", "not a place at all, and long enough to be none",
    }
    /// A value.
    Va("value ") -> Value {
        Value::Empty,
        Value::Text("one".to_owned()),
        Value::Text("two".to_owned()),
        Value::Integer(1),
        Value::Boolean(false),
        Value::Entity(entity(1)),
        Value::Float(f64::NAN),
        Value::Float(0.0),
        Value::Float(-0.0),
    }
}
