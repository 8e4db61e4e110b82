//! How facts are stored, and under which keys they are found.

use openprod_core::encoding::encode;
use openprod_core::{ActorId, BundleId, Hlc, OpId};
use openprod_events::posting::Leaf;
use openprod_events::{EventType, StreamId};
use openprod_storage::{ChainId, Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

use crate::stored::stored;

/// A fact as it is stored, under its sequence number.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub(crate) struct FactRow {
    pub(crate) op: OpId,
    pub(crate) bundle: BundleId,
    /// Its bundle's chain and number, by this store's numbers.
    pub(crate) chain: u32,
    pub(crate) seq: u64,
    pub(crate) hlc: Hlc,
    pub(crate) actor: ActorId,
    pub(crate) fact_type: String,
    pub(crate) payload: String,
    pub(crate) metadata: String,
    pub(crate) streams: Vec<String>,
    /// Its version in each of its streams, in the same order.
    pub(crate) versions: Vec<u64>,
    /// The bundle that its own repeats, so that it counts for nothing.
    pub(crate) repeats: Option<BundleId>,
}

impl FactRow {
    /// The fact of this number, which is there.
    pub(crate) fn load(store: &dyn Read, number: u64) -> Result<Self, StorageError> {
        Self::find(store, number)?.ok_or_else(|| damaged(Space::Fact))
    }

    /// The fact of this number. In a state of the past, and while a state is derived anew, facts are missing that
    /// have a lower number than others that are there.
    pub(crate) fn find(store: &dyn Read, number: u64) -> Result<Option<Self>, StorageError> {
        let bytes = store.get(Space::Fact, &number.to_be_bytes())?;
        bytes.map(|bytes| stored(Space::Fact, &bytes)).transpose()
    }

    /// Takes it out of its streams. Its versions there are not given to another.
    pub(crate) fn unlist(&self, store: &mut dyn Write) -> Result<(), StorageError> {
        for (stream, version) in self.streams.iter().zip(&self.versions) {
            store.delete(Space::Stream, &version_key(stream, *version))?;
        }
        Ok(())
    }
}

/// The number that this store gave to a fact, and its versions in its streams. It outlives every derivation.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) struct Ordinal {
    pub(crate) number: u64,
    pub(crate) versions: Vec<u64>,
}

impl Ordinal {
    /// The key of the number of the last fact; those of facts are longer.
    const HEAD: &[u8] = b"head";

    pub(crate) fn find(store: &dyn Read, op: OpId) -> Result<Option<Self>, StorageError> {
        let bytes = store.get(Space::Ordinal, op.as_bytes())?;
        bytes.map(|bytes| stored(Space::Ordinal, &bytes)).transpose()
    }

    /// The number of the last fact; 0 when there is none.
    pub(crate) fn head(store: &dyn Read) -> Result<u64, StorageError> {
        counter(store, Self::HEAD)
    }

    /// How many facts a stream has.
    pub(crate) fn stream_head(store: &dyn Read, stream: &str) -> Result<u64, StorageError> {
        counter(store, &stream_key(stream))
    }

    /// Numbers a fact of these streams.
    pub(crate) fn assign(store: &mut dyn Write, op: OpId, streams: &[String]) -> Result<Self, StorageError> {
        let number = Self::head(&*store)? + 1;
        store.put(Space::Ordinal, Self::HEAD, &encode(&number))?;
        let mut versions = Vec::with_capacity(streams.len());
        for stream in streams {
            let version = Self::stream_head(&*store, stream)? + 1;
            store.put(Space::Ordinal, &stream_key(stream), &encode(&version))?;
            versions.push(version);
        }
        let ordinal = Self { number, versions };
        store.put(Space::Ordinal, op.as_bytes(), &encode(&ordinal))?;
        Ok(ordinal)
    }
}

fn counter(store: &dyn Read, key: &[u8]) -> Result<u64, StorageError> {
    match store.get(Space::Ordinal, key)? {
        Some(bytes) => stored(Space::Ordinal, &bytes),
        None => Ok(0),
    }
}

/// The key of a stream: names are long and of any form, and this is neither.
pub(crate) fn stream_key(stream: &str) -> [u8; 32] {
    *blake3::hash(stream.as_bytes()).as_bytes()
}

/// The key of a fact in its stream.
pub(crate) fn version_key(stream: &str, version: u64) -> Vec<u8> {
    [stream_key(stream).as_slice(), &version.to_be_bytes()].concat()
}

/// The key of a fact in its stream by the place of its operation in the log.
pub(crate) fn strand_key(stream: &str, chain: ChainId, seq: u64, index: u32) -> Vec<u8> {
    [
        stream_key(stream).as_slice(),
        &chain.0.to_be_bytes(),
        &seq.to_be_bytes(),
        &index.to_be_bytes(),
    ]
    .concat()
}

/// The list of decisions that watch for facts of a stream.
pub(crate) fn stream_list_key(stream: &str) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&Kind::STREAM.0);
    key[8..].copy_from_slice(&stream_key(stream)[..8]);
    key
}

/// A type, as the postings know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind(pub(crate) [u8; 8]);

impl Kind {
    /// Stands for every type where decisions watch for facts of any.
    pub(crate) const ANY: Self = Self([0; 8]);

    /// Stands for streams where decisions watch for facts of one.
    pub(crate) const STREAM: Self = Self([u8::MAX; 8]);

    pub(crate) fn of(event_type: &EventType) -> Self {
        let mut kind = [0; 8];
        kind.copy_from_slice(&blake3::hash(event_type.as_str().as_bytes()).as_bytes()[..8]);
        Self(kind)
    }
}

/// The beginning of the keys of all that has a type and a leaf.
pub(crate) fn list_key(kind: Kind, leaf: Leaf) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&kind.0);
    key[8..].copy_from_slice(&leaf.0.to_be_bytes());
    key
}

/// The key of a fact under one of its leaves.
pub(crate) fn posting_key(kind: Kind, leaf: Leaf, number: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&list_key(kind, leaf));
    key[16..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number at the end of a key.
pub(crate) fn number_at_end(space: Space, key: &[u8]) -> Result<u64, StorageError> {
    let bytes = key.last_chunk::<8>().ok_or_else(|| damaged(space))?;
    Ok(u64::from_be_bytes(*bytes))
}

/// The name of a stream that was checked when its fact was recorded.
pub(crate) fn stream_id(name: &str) -> Result<StreamId, StorageError> {
    StreamId::new(name).map_err(|_| damaged(Space::Fact))
}

pub(crate) const fn damaged(space: Space) -> StorageError {
    StorageError::DamagedRow { space: space.name() }
}
