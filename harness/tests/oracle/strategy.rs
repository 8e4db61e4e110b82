//! What random histories are made of. All of it shrinks: to fewer steps, fewer deeds and smaller numbers.

use harness::history::{Deed, Delivery, Ed, En, Fa, Fi, History, Pl, Pr, Step, Ty, Typing, Va};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A number below `count`, mostly one of the first few, so that things collide.
fn number(count: u8) -> impl Strategy<Value = u8> {
    prop_oneof![3 => 0..count.min(2), 2 => 0..count]
}

fn entity() -> impl Strategy<Value = En> {
    prop_oneof![3 => 0..3_u8, 1 => 0..En::COUNT].prop_map(En)
}

fn facet() -> impl Strategy<Value = Fa> {
    number(Fa::COUNT).prop_map(Fa)
}

fn field() -> impl Strategy<Value = Fi> {
    number(Fi::COUNT).prop_map(Fi)
}

fn table_field() -> impl Strategy<Value = (Fa, Fi)> {
    (facet(), field())
}

fn edge() -> impl Strategy<Value = Ed> {
    number(Ed::COUNT).prop_map(Ed)
}

fn edge_type() -> impl Strategy<Value = Ty> {
    prop_oneof![4 => Just(Ty(0)), 1 => Just(Ty(1))]
}

fn property() -> impl Strategy<Value = Pr> {
    number(Pr::COUNT).prop_map(Pr)
}

fn place() -> impl Strategy<Value = Pl> {
    (0..Pl::COUNT).prop_map(Pl)
}

fn value() -> impl Strategy<Value = Va> {
    (0..Va::COUNT).prop_map(Va)
}

fn relate() -> impl Strategy<Value = Deed> {
    let parts = (
        edge(),
        entity(),
        entity(),
        edge_type(),
        option::weighted(0.7, place()),
        vec((property(), value()), 0..3),
    );
    parts.prop_map(
        |(edge, source, target, edge_type, place, properties)| Deed::Relate {
            edge,
            source,
            target,
            edge_type,
            place,
            properties,
        },
    )
}

/// A payload of a known kind that may not decode, or, rarely, of a kind that nobody knows.
fn frame() -> impl Strategy<Value = Deed> {
    let kinds = openprod_core::Payload::KINDS
        .iter()
        .map(|(kind, _)| *kind)
        // A payload of any bytes is most likely one of this kind's, which writes no cell.
        .filter(|kind| *kind != 48);
    let kind = prop_oneof![
        9 => proptest::sample::select(kinds.collect::<Vec<_>>()),
        1 => Just(9_999_u16),
    ];
    (kind, vec(any::<u8>(), 0..24)).prop_map(|(kind, payload)| Deed::Frame(kind, payload))
}

fn typing() -> impl Strategy<Value = Deed> {
    let typing = prop_oneof![
        8 => (1..4_u8).prop_map(Typing::Put),
        4 => (1..4_u8).prop_map(Typing::Erase),
        2 => (1..3_u8).prop_map(Typing::Replace),
        3 => (0..16_u8).prop_map(Typing::Between),
        1 => proptest::sample::select(vec![
            Typing::Forge, Typing::Skip, Typing::Repeat, Typing::Dangle, Typing::Cut,
        ]),
    ];
    let of = prop_oneof![4 => Just((En(0), Fi(0))), 1 => (entity(), field())];
    (of, prop_oneof![4 => Just(0), 1 => Just(1_u8)], 0..24_u8, typing).prop_map(
        |((entity, field), session, at, typing)| Deed::Type {
            entity,
            field,
            session,
            at,
            typing,
        },
    )
}

fn note() -> impl Strategy<Value = Deed> {
    (0..8_u8).prop_map(Deed::Note)
}

fn decide() -> impl Strategy<Value = Deed> {
    (0..8_u8, 0..24_u8, prop::bool::weighted(0.1)).prop_map(|(kind, context, faulty)| Deed::Decide {
        kind,
        context,
        faulty,
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => entity().prop_map(Deed::Create),
        3 => entity().prop_map(Deed::Delete),
        2 => entity().prop_map(Deed::Restore),
        3 => (entity(), facet()).prop_map(|(entity, facet)| Deed::Attach(entity, facet)),
        2 => (entity(), facet()).prop_map(|(entity, facet)| Deed::Detach(entity, facet)),
        10 => (entity(), facet(), field(), value())
            .prop_map(|(entity, facet, field, value)| Deed::Set(entity, facet, field, value)),
        6 => relate(),
        2 => edge().prop_map(Deed::DeleteEdge),
        2 => edge().prop_map(Deed::RestoreEdge),
        4 => (edge(), property(), value()).prop_map(|(edge, name, value)| Deed::SetProperty(edge, name, value)),
        3 => (edge(), place()).prop_map(|(edge, place)| Deed::Move(edge, place)),
        2 => (entity(), edge_type(), vec((edge(), place()), 0..4))
            .prop_map(|(parent, edge_type, ordering)| Deed::Rebalance(parent, edge_type, ordering)),
        3 => (table_field(), table_field()).prop_map(|(a, b)| Deed::Map(a, b)),
        4 => (table_field(), table_field()).prop_map(|(a, b)| Deed::Unmap(a, b)),
        5 => (entity(), entity()).prop_map(|(survivor, absorbed)| Deed::Merge { survivor, absorbed }),
        3 => (entity(), entity()).prop_map(|(source, new)| Deed::Split { source, new }),
        1 => Just(Deed::Fact),
        2 => note(),
        2 => decide(),
        1 => (any::<u8>(), prop::bool::weighted(0.8)).prop_map(|(decision, all)| Deed::Resolve { decision, all }),
        10 => typing(),
        1 => frame(),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let writer = || 0..8_u8;
    prop_oneof![
        12 => (writer(), 0..60_u8, proptest::bool::weighted(0.1), vec(deed(), 1..=4))
            .prop_map(|(writer, second, terse, deeds)| Step::Write { writer, second, terse, deeds }),
        8 => (writer(), writer()).prop_map(|(reader, other)| Step::Meet { reader, other }),
        5 => (writer(), 0..60_u8, 0..2_u8, prop_oneof![2 => (0..2_u8).prop_map(Deed::Note), 1 => note(), 2 => decide()])
            .prop_map(|(writer, second, command, deed)| Step::Command { writer, second, command, deed }),
        3 => (writer(), 0..32_u8).prop_map(|(reader, bundle)| Step::Learn { reader, bundle }),
        1 => writer().prop_map(|writer| Step::BeginLog { writer }),
        1 => (writer(), 0..3_u8).prop_map(|(writer, lacking)| Step::Fork { writer, lacking }),
    ]
}

/// A history of 2 to 5 authors and some 10 to 40 operations, for 2 or 3 engines.
pub(crate) fn history() -> impl Strategy<Value = History> {
    let delivery =
        (proptest::bool::weighted(0.02), any::<u16>()).prop_map(|(sqlite, seed)| Delivery { sqlite, seed });
    (2..=5_u8, vec(step(), 0..=32), vec(delivery, 2..=3)).prop_map(|(authors, steps, deliveries)| History {
        authors,
        steps,
        deliveries,
    })
}
