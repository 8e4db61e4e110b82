//! What every store must do: one suite, run by each store's tests.

use openprod_core::operation::CreateEntity;
use openprod_core::{
    BundleHash, CommandId, Draft, EntityId, FacetId, Hlc, Identity, Intent, LogId, VerifiedBundle,
    WorkspaceId, seal,
};

use crate::error::StorageError;
use crate::space::Space;
use crate::storage::{ChainId, Position, Storage};

/// A bundle of one operation, for the log that `log` names: number `seq` behind `prev`.
///
/// # Panics
/// Never: such a bundle always fits.
#[must_use]
pub fn bundle(log: u8, seq: u64, prev: Option<&VerifiedBundle>) -> VerifiedBundle {
    let entity = EntityId::from_u128(u128::from(log) << 64 | u128::from(seq));
    let draft = Draft {
        workspace: WorkspaceId::from_u128(1),
        log: LogId::from_bytes([log; 16]),
        seq,
        prev: prev.map_or(BundleHash::NONE, |bundle| *bundle.hash()),
        hlc: Hlc::ZERO.plus(seq as u32),
        seen: Vec::new(),
        intent: Intent {
            command_id: CommandId::from_u128(u128::from(seq)),
            command_type: "test".to_owned(),
            source: "test".to_owned(),
            correlation_id: None,
            causation_id: None,
            justification: None,
            approval_id: None,
            decision: None,
        },
        payloads: vec![CreateEntity { entity }.into()],
    };
    seal(&Identity::from_seed(&[log; 32]), draft).expect("one operation fits into a bundle")
}

/// Runs the whole suite; `open` gives an empty store each time.
///
/// # Errors
/// The store's, where the suite expects none.
///
/// # Panics
/// Where the store does not do what every store must.
pub fn run(mut open: impl FnMut() -> Box<dyn Storage>) -> Result<(), StorageError> {
    log_keeps_order(&mut *open())?;
    occupied_place_is_refused(&mut *open())?;
    rows_are_ordered_and_bounded(&mut *open())?;
    transaction_sees_its_own_writes_and_nobody_else_does(&mut *open())?;
    dropped_transaction_leaves_nothing(&mut *open())?;
    reader_keeps_what_it_began_with(&mut *open())?;
    members_are_entities_of_their_facet(&mut *open())
}

fn log_keeps_order(store: &mut dyn Storage) -> Result<(), StorageError> {
    let mut write = store.begin()?;
    assert_eq!(write.last()?, Position(0));
    let first = bundle(1, 1, None);
    let second = bundle(1, 2, Some(&first));
    let other = bundle(2, 1, None);
    let places = [
        write.append(ChainId(0), &first)?,
        write.append(ChainId(7), &other)?,
        write.append(ChainId(0), &second)?,
    ];
    assert_eq!(
        places.map(|place| place.position.0),
        [1, 2, 3],
        "positions have no gaps"
    );
    write.commit()?;
    let reader = store.readers().reader()?;
    assert_eq!(reader.last()?, Position(3));
    assert_eq!(reader.places(Position(0), 10)?, places);
    assert_eq!(reader.places(Position(1), 1)?, places[1..2]);
    assert_eq!(reader.places(Position(3), 10)?, []);
    assert_eq!(reader.place(ChainId(0), 2)?, Some(places[2]));
    assert_eq!(reader.place(ChainId(0), 3)?, None);
    assert_eq!(reader.place(ChainId(1), 1)?, None);
    assert_eq!(reader.place_of(other.id())?, Some(places[1]));
    assert_eq!(reader.place_of(bundle(9, 9, Some(&first)).id())?, None);
    let stored = reader.bundle(Position(2))?.expect("it was stored");
    assert_eq!((stored.place, stored.bundle.bytes()), (places[1], other.bytes()));
    assert!(reader.bundle(Position(4))?.is_none());
    assert!(reader.bundle(Position(0))?.is_none());
    let bundles = reader.bundles(Position(1), 10)?;
    let hashes: Vec<_> = bundles.iter().map(|stored| *stored.bundle.hash()).collect();
    assert_eq!(hashes, [*other.hash(), *second.hash()]);
    Ok(())
}

fn occupied_place_is_refused(store: &mut dyn Storage) -> Result<(), StorageError> {
    let mut write = store.begin()?;
    write.append(ChainId(0), &bundle(1, 1, None))?;
    let again = write.append(ChainId(0), &bundle(2, 1, None));
    assert!(
        matches!(again, Err(StorageError::Occupied { chain: 0, seq: 1 })),
        "{again:?}"
    );
    drop(write);
    assert_eq!(store.readers().reader()?.last()?, Position(0));
    Ok(())
}

fn rows_are_ordered_and_bounded(store: &mut dyn Storage) -> Result<(), StorageError> {
    let mut write = store.begin()?;
    for key in [&b"b"[..], b"a", b"ab", b"\xff", b"\xff\xff", b"", b"abc", b"c"] {
        write.put(Space::Edge, key, key)?;
        write.put(Space::Meta, key, b"other")?;
    }
    write.put(Space::Edge, b"c", b"again")?;
    write.delete(Space::Edge, b"ab")?;
    write.delete(Space::Edge, b"never there")?;
    write.commit()?;
    let reader = store.readers().reader()?;
    let keys = |prefix: &[u8], after: Option<&[u8]>, limit| -> Result<Vec<Vec<u8>>, StorageError> {
        Ok(reader
            .scan(Space::Edge, prefix, after, limit)?
            .into_iter()
            .map(|(key, _)| key)
            .collect())
    };
    let none: [&[u8]; 0] = [];
    assert_eq!(
        keys(b"", None, 100)?,
        [&b""[..], b"a", b"abc", b"b", b"c", b"\xff", b"\xff\xff"]
    );
    assert_eq!(keys(b"", Some(b""), 2)?, [&b"a"[..], b"abc"]);
    assert_eq!(keys(b"a", None, 100)?, [&b"a"[..], b"abc"]);
    assert_eq!(keys(b"a", Some(b"a"), 100)?, [&b"abc"[..]]);
    assert_eq!(keys(b"a", Some(b"abc"), 100)?, none);
    assert_eq!(
        keys(b"b", Some(b"a"), 100)?,
        [&b"b"[..]],
        "a key before the prefix does not matter"
    );
    assert_eq!(keys(b"\xff", None, 100)?, [&b"\xff"[..], b"\xff\xff"]);
    assert_eq!(keys(b"x", None, 100)?, none);
    let back = |prefix: &[u8], before: Option<&[u8]>, limit| -> Result<Vec<Vec<u8>>, StorageError> {
        Ok(reader
            .scan_back(Space::Edge, prefix, before, limit)?
            .into_iter()
            .map(|(key, _)| key)
            .collect())
    };
    assert_eq!(
        back(b"", None, 100)?,
        [&b"\xff\xff"[..], b"\xff", b"c", b"b", b"abc", b"a", b""]
    );
    assert_eq!(back(b"", Some(b"b"), 2)?, [&b"abc"[..], b"a"]);
    assert_eq!(back(b"a", None, 1)?, [&b"abc"[..]]);
    assert_eq!(back(b"a", Some(b"abc"), 100)?, [&b"a"[..]]);
    assert_eq!(back(b"a", Some(b"x"), 100)?, [&b"abc"[..], b"a"]);
    assert_eq!(back(b"a", Some(b"a"), 100)?, none);
    assert_eq!(back(b"b", Some(b"a"), 100)?, none);
    assert_eq!(back(b"\xff", None, 100)?, [&b"\xff\xff"[..], b"\xff"]);
    assert_eq!(back(b"\xff", Some(b"\xff\xff"), 100)?, [&b"\xff"[..]]);
    assert_eq!(back(b"x", None, 100)?, none);
    assert_eq!(keys(b"", None, 0)?, none);
    assert_eq!(reader.get(Space::Edge, b"c")?.as_deref(), Some(&b"again"[..]));
    assert_eq!(reader.get(Space::Edge, b"ab")?, None);
    assert_eq!(reader.count(Space::Edge, b"")?, 7);
    assert_eq!(reader.count(Space::Edge, b"a")?, 2);
    assert_eq!(reader.count(Space::Edge, b"\xff\xff")?, 1);
    drop(reader);
    let mut write = store.begin()?;
    write.clear(Space::Edge)?;
    write.commit()?;
    let reader = store.readers().reader()?;
    assert_eq!(reader.count(Space::Edge, b"")?, 0);
    assert_eq!(reader.count(Space::Meta, b"")?, 8, "another space is left alone");
    Ok(())
}

fn transaction_sees_its_own_writes_and_nobody_else_does(store: &mut dyn Storage) -> Result<(), StorageError> {
    let readers = store.readers();
    let mut write = store.begin()?;
    let first = bundle(1, 1, None);
    write.append(ChainId(0), &first)?;
    write.put(Space::Meta, b"k", b"v")?;
    assert_eq!(write.get(Space::Meta, b"k")?.as_deref(), Some(&b"v"[..]));
    assert_eq!(write.last()?, Position(1));
    assert!(write.place(ChainId(0), 1)?.is_some());
    let reader = readers.reader()?;
    assert_eq!(reader.get(Space::Meta, b"k")?, None);
    assert_eq!(reader.last()?, Position(0));
    write.commit()?;
    assert_eq!(readers.reader()?.last()?, Position(1));
    Ok(())
}

fn dropped_transaction_leaves_nothing(store: &mut dyn Storage) -> Result<(), StorageError> {
    let first = bundle(1, 1, None);
    let mut write = store.begin()?;
    write.append(ChainId(0), &first)?;
    write.put(Space::Meta, b"k", b"v")?;
    drop(write);
    let reader = store.readers().reader()?;
    assert_eq!(
        (reader.last()?, reader.get(Space::Meta, b"k")?),
        (Position(0), None)
    );
    drop(reader);
    let mut write = store.begin()?;
    assert_eq!(
        write.append(ChainId(0), &first)?.position,
        Position(1),
        "its position is given again"
    );
    write.commit()
}

fn reader_keeps_what_it_began_with(store: &mut dyn Storage) -> Result<(), StorageError> {
    let mut write = store.begin()?;
    write.put(Space::Meta, b"k", b"old")?;
    write.commit()?;
    let readers = store.readers();
    let reader = readers.reader()?;
    let mut write = store.begin()?;
    write.put(Space::Meta, b"k", b"new")?;
    write.commit()?;
    assert_eq!(reader.get(Space::Meta, b"k")?.as_deref(), Some(&b"old"[..]));
    assert_eq!(
        readers.reader()?.get(Space::Meta, b"k")?.as_deref(),
        Some(&b"new"[..])
    );
    Ok(())
}

fn members_are_entities_of_their_facet(store: &mut dyn Storage) -> Result<(), StorageError> {
    let facet = FacetId::from_u128(u128::MAX);
    let other = FacetId::from_u128(5);
    let entity = |number: u128| EntityId::from_u128(number);
    let mut write = store.begin()?;
    for number in [3, 1, 2, 9] {
        let key = [facet.as_bytes().as_slice(), entity(number).as_bytes()].concat();
        write.put(Space::Member, &key, &[])?;
        if number != 9 {
            write.put(Space::Entity, entity(number).as_bytes(), &[number as u8])?;
        }
    }
    write.put(
        Space::Member,
        &[other.as_bytes().as_slice(), entity(1).as_bytes()].concat(),
        &[],
    )?;
    write.commit()?;
    let reader = store.readers().reader()?;
    let members = |facet, after, limit| -> Result<Vec<u8>, StorageError> {
        Ok(reader
            .members(facet, after, limit)?
            .into_iter()
            .map(|(_, row)| row[0])
            .collect())
    };
    assert_eq!(
        members(facet, None, 10)?,
        [1, 2, 3],
        "one without a row is left out"
    );
    assert_eq!(members(facet, Some(entity(1)), 1)?, [2]);
    assert_eq!(members(facet, Some(entity(3)), 10)?, []);
    assert_eq!(members(other, None, 10)?, [1]);
    assert_eq!(members(FacetId::from_u128(6), None, 10)?, []);
    Ok(())
}
