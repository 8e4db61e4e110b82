//! The collaborative texts and lists of a workspace: how their deltas are applied, kept and found again.
//!
//! Each `(entity, field)` has a row that says how far it is, the stored documents, and what they hold as plain
//! text; beside them, one row for each delta. Most commits add deltas without storing the documents anew: those
//! since are applied again on loading. The owner keeps the documents that were edited last in memory, because to read
//! one takes as long as its text is.

mod plain_text;

use std::collections::{BTreeMap, btree_map};

use openprod_core::encoding::encode;
use openprod_core::{ActorId, BundleHash, EntityId, FieldId, Hlc, LogId, OpId, Payload};
use openprod_storage::{ChainId, Position, Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

use self::plain_text::PlainText;
use crate::chains::ChainClock;
use crate::row::{Sight, Writer};
use crate::state_hash::StateHash;
use crate::stored::stored;
use crate::text::{Bundle, ClientId, Content, DeltaError, Document, Kind, client_id};

/// After how many deltas a document is stored anew: at least, and when it is so long that to store it takes longer
/// than to read the deltas.
const TAIL_MAX: (u32, u32) = (32, 128);
/// How many bytes of a stored document are worth reading one more delta.
const BYTES_A_DELTA: usize = 4 << 10;

/// How many bytes the documents that are kept between transactions may take in memory, by estimate: a few long texts,
/// or very many short ones.
const KEPT_BYTES_MAX: usize = 16 << 20;
/// How many bytes a document takes in memory for each byte that it would be stored in: the runs of a text that was
/// edited here and there.
const MEMORY_FACTOR: usize = 12;

/// Names the documents of a field: a text and a list, of which one is as a rule empty.
pub(crate) type DocumentKey = (EntityId, FieldId);

/// A delta to a field.
pub(crate) struct Edit<'a> {
    pub(crate) key: DocumentKey,
    pub(crate) session: u64,
    pub(crate) delta: &'a [u8],
}

/// What is stored of a field's documents, apart from themselves.
#[derive(Clone, Debug, Default, SchemaRead, SchemaWrite)]
struct FieldRow {
    /// The stored documents hold the deltas of bundles up to this position.
    upto: u64,
    /// How many deltas have been applied since.
    tail: u32,
    /// Whether a forked log wrote to it: it is then built anew at each delta.
    forked: bool,
    /// The hash of what they hold; `None` while no delta has had an effect.
    hash: Option<[u8; 32]>,
    last: Option<LastDelta>,
}

/// The greatest delta that had an effect: who edited last.
#[derive(Clone, Copy, Debug, SchemaRead, SchemaWrite)]
pub(crate) struct LastDelta {
    pub(crate) order: (Hlc, OpId),
    pub(crate) chain: u32,
    pub(crate) seq: u64,
    pub(crate) hlc: Hlc,
    pub(crate) hash: BundleHash,
    pub(crate) actor: ActorId,
    pub(crate) index: u32,
}

/// What is stored of a delta. Its bytes are in the log.
#[derive(Clone, Debug, SchemaRead, SchemaWrite)]
struct DeltaRow {
    order: (Hlc, OpId),
    last: LastDelta,
    log: LogId,
    /// What its author had seen.
    clock: ChainClock,
    /// The document that took it; `None` when it had no effect.
    list: Option<bool>,
}

/// The documents of a field, under change.
pub(crate) struct FieldDocuments {
    row: FieldRow,
    stored: FieldRow,
    text: Document,
    list: Document,
    /// What the text and the list hold, as it is stored; `None` until it is needed.
    plain: [Option<PlainText>; 2],
    changed: bool,
    /// Whether deltas were applied that will not be found behind the stored documents.
    unlisted: bool,
    /// When it was used last, by [`Documents::uses`].
    used: u64,
}

/// The documents that a transaction works on, and those of earlier ones.
///
/// A transaction takes them all and gives them back once it has committed; with one that fails they are lost, and are
/// read again.
#[derive(Default)]
pub(crate) struct Documents {
    fields: BTreeMap<DocumentKey, FieldDocuments>,
    uses: u64,
}

const TEXT: u8 = 1;
const LIST: u8 = 2;
const TEXT_CONTENT: u8 = 3;
const LIST_CONTENT: u8 = 4;

fn field_key((entity, field): DocumentKey) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(entity.as_bytes());
    key[16..].copy_from_slice(field.as_bytes());
    key
}

fn part_key(key: DocumentKey, part: u8) -> Vec<u8> {
    [field_key(key).as_slice(), &[part]].concat()
}

fn delta_key(key: DocumentKey, position: Position, index: u32) -> Vec<u8> {
    [
        field_key(key).as_slice(),
        &position.0.to_be_bytes(),
        &index.to_be_bytes(),
    ]
    .concat()
}

const fn state_part(kind: Kind) -> u8 {
    match kind {
        Kind::Text => TEXT,
        Kind::List => LIST,
    }
}

const fn content_part(kind: Kind) -> u8 {
    match kind {
        Kind::Text => TEXT_CONTENT,
        Kind::List => LIST_CONTENT,
    }
}

fn damaged() -> StorageError {
    StorageError::DamagedRow {
        space: Space::Text.name(),
    }
}

/// What a field's text or list holds, as it is stored: a list as JSON. `None` when nothing was ever written to it.
pub(crate) fn content(
    store: &dyn Read,
    key: DocumentKey,
    kind: Kind,
) -> Result<Option<String>, StorageError> {
    let plain = PlainText::load(store, &part_key(key, content_part(kind)))?;
    Ok(plain.map(PlainText::into_text))
}

/// Whether anything was ever written to a field's text or list.
pub(crate) fn is_begun(store: &dyn Read, key: DocumentKey, kind: Kind) -> Result<bool, StorageError> {
    plain_text::exists(store, &part_key(key, content_part(kind)))
}

/// Who edited a field's text or list last.
pub(crate) fn last_delta(store: &dyn Read, key: DocumentKey) -> Result<Option<LastDelta>, StorageError> {
    let row = store.get(Space::Text, &field_key(key))?;
    Ok(match row {
        Some(bytes) => stored::<FieldRow>(Space::Text, &bytes)?.last,
        None => None,
    })
}

/// The documents of a field, as they are stored.
pub(crate) fn load(store: &dyn Read, key: DocumentKey) -> Result<FieldDocuments, StorageError> {
    let Some(bytes) = store.get(Space::Text, &field_key(key))? else {
        return Ok(FieldDocuments::new(FieldRow::default()));
    };
    let mut documents = FieldDocuments::new(stored(Space::Text, &bytes)?);
    for kind in [Kind::Text, Kind::List] {
        if let Some(bytes) = store.get(Space::Text, &part_key(key, state_part(kind)))? {
            *documents.of(kind) = Document::decode(&bytes).map_err(|_| damaged())?;
        }
    }
    let after = delta_key(key, Position(documents.row.upto), u32::MAX);
    for (row_key, value) in store.scan(Space::Delta, &field_key(key), Some(&after), usize::MAX)? {
        let row: DeltaRow = stored(Space::Delta, &value)?;
        let Some(list) = row.list else { continue };
        let (session, delta) = read_delta(store, &row_key)?;
        let kind = if list { Kind::List } else { Kind::Text };
        let client = client_id(row.last.actor, row.log, key.1, session);
        documents
            .of(kind)
            .resume(delta, client, row.bundle())
            .map_err(|_| damaged())?;
    }
    Ok(documents)
}

/// The session and bytes of the delta that a row of [`Space::Delta`] stands for.
fn read_delta(store: &dyn Read, row_key: &[u8]) -> Result<(u64, Vec<u8>), StorageError> {
    let position = u64::from_be_bytes(row_key[32..40].try_into().map_err(|_| damaged())?);
    let index = u32::from_be_bytes(row_key[40..].try_into().map_err(|_| damaged())?);
    let bundle = store.bundle(Position(position))?.ok_or_else(damaged)?.bundle;
    match bundle.payload(index) {
        Some(Ok(Payload::SetCrdtField(op))) => Ok((op.session, op.delta)),
        _ => Err(damaged()),
    }
}

impl DeltaRow {
    const fn bundle(&self) -> Bundle {
        Bundle {
            chain: ChainId(self.last.chain),
            seq: self.last.seq,
        }
    }
}

impl FieldDocuments {
    fn new(row: FieldRow) -> Self {
        Self {
            stored: row.clone(),
            row,
            text: Document::new(Kind::Text),
            list: Document::new(Kind::List),
            plain: [None, None],
            changed: false,
            unlisted: false,
            used: 0,
        }
    }

    pub(crate) fn of(&mut self, kind: Kind) -> &mut Document {
        match kind {
            Kind::Text => &mut self.text,
            Kind::List => &mut self.list,
        }
    }

    /// Applies a delta to the document that it is for; says whether that is the list.
    pub(crate) fn apply(
        &mut self,
        delta: &[u8],
        client: ClientId,
        bundle: Bundle,
        sight: Sight<'_>,
    ) -> Result<bool, DeltaError> {
        let covers = |chain, seq| sight.covers(chain, seq);
        self.offer(|document| document.apply(delta, client, bundle, &covers))
    }

    /// Whether [`Self::apply`] would take a delta, and whether that is the list; changes nothing.
    pub(crate) fn check(
        &mut self,
        delta: &[u8],
        client: ClientId,
        bundle: Bundle,
        sight: Sight<'_>,
    ) -> Result<bool, DeltaError> {
        let covers = |chain, seq| sight.covers(chain, seq);
        self.offer(|document| document.check(delta, client, bundle, &covers))
    }

    fn offer(&mut self, take: impl Fn(&mut Document) -> Result<(), DeltaError>) -> Result<bool, DeltaError> {
        // A delta says what it is for by the root that it writes to or by what it continues, so one takes it at most.
        let as_text = match take(&mut self.text) {
            Ok(()) => return Ok(false),
            Err(DeltaError::Collides) => return Err(DeltaError::Collides),
            Err(error) => error,
        };
        match take(&mut self.list) {
            Ok(()) => Ok(true),
            Err(DeltaError::Collides) => Err(DeltaError::Collides),
            Err(as_list) if matches!(as_text, DeltaError::Parent | DeltaError::Content(_)) => Err(as_list),
            Err(_) => Err(as_text),
        }
    }

    fn note(&mut self, last: LastDelta) {
        self.changed = true;
        self.row.tail += 1;
        if self.row.last.is_none_or(|before| before.order < last.order) {
            self.row.last = Some(last);
        }
    }

    /// The hash of what they hold.
    fn hash(&self, contents: [&Content; 2]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for (document, content) in [&self.text, &self.list].into_iter().zip(contents) {
            let canonical = document.canonical_of(content);
            hasher.update(&(canonical.len() as u64).to_le_bytes());
            hasher.update(&canonical);
        }
        *hasher.finalize().as_bytes()
    }

    /// After how many deltas they are stored anew.
    fn tail_max(&self) -> u32 {
        let bytes = self.text.bytes() + self.list.bytes();
        ((bytes / BYTES_A_DELTA) as u32).clamp(TAIL_MAX.0, TAIL_MAX.1)
    }

    /// How many bytes they take in memory, by estimate.
    fn memory(&self) -> usize {
        let plain = self.plain.iter().flatten().map(PlainText::len).sum::<usize>();
        plain + MEMORY_FACTOR * (self.text.bytes() + self.list.bytes())
    }

    /// Stores what changed; `upto` is the position of the last bundle.
    fn store(
        &mut self,
        store: &mut dyn Write,
        key: DocumentKey,
        upto: u64,
        hash: &mut StateHash,
    ) -> Result<(), StorageError> {
        let contents = [self.text.content(), self.list.content()];
        let hashed = |row: &FieldRow| row.hash.map(|hash| encode(&(key.0, key.1, hash)));
        self.row.hash = self.row.last.map(|_| self.hash(contents.each_ref()));
        if let Some(bytes) = hashed(&self.stored) {
            hash.subtract(&bytes);
        }
        if let Some(bytes) = hashed(&self.row) {
            hash.add(&bytes);
        }
        let anew = self.row.tail > self.tail_max() || self.row.forked || self.unlisted;
        if anew {
            (self.row.upto, self.row.tail) = (upto, 0);
        }
        let documents = [&mut self.text, &mut self.list];
        for (((document, content), plain), kind) in documents
            .into_iter()
            .zip(contents)
            .zip(&mut self.plain)
            .zip([Kind::Text, Kind::List])
        {
            if document.is_empty() {
                continue;
            }
            if anew {
                store.put(Space::Text, &part_key(key, state_part(kind)), &document.encode())?;
            }
            let part = part_key(key, content_part(kind));
            let plain = match plain {
                Some(plain) => plain,
                None => plain.insert(PlainText::load(&*store, &part)?.unwrap_or_default()),
            };
            plain.replace(store, &part, content.into_plain_text())?;
        }
        store.put(Space::Text, &field_key(key), &encode(&self.row))?;
        self.unlisted &= !anew;
        self.stored = self.row.clone();
        Ok(())
    }
}

impl Documents {
    /// The documents of a field as this transaction sees them.
    pub(crate) fn get(
        &mut self,
        store: &dyn Read,
        key: DocumentKey,
    ) -> Result<&mut FieldDocuments, StorageError> {
        self.uses += 1;
        let documents = match self.fields.entry(key) {
            btree_map::Entry::Occupied(entry) => entry.into_mut(),
            btree_map::Entry::Vacant(entry) => entry.insert(load(store, key)?),
        };
        documents.used = self.uses;
        Ok(documents)
    }

    /// Applies a delta; `position` is its bundle's, of a delta that is in the log. The reason, if it has no effect.
    pub(crate) fn edit(
        &mut self,
        store: &mut dyn Write,
        writer: &Writer<'_>,
        position: Option<Position>,
        index: u32,
        edit: &Edit<'_>,
    ) -> Result<Option<DeltaError>, StorageError> {
        let client = client_id(writer.actor, writer.log, edit.key.1, edit.session);
        let bundle = Bundle {
            chain: writer.chain,
            seq: writer.seq,
        };
        let last = LastDelta {
            order: writer.order(index),
            chain: writer.chain.0,
            seq: writer.seq,
            hlc: writer.hlc,
            hash: writer.hash,
            actor: writer.actor,
            index,
        };
        let documents = self.get(&*store, edit.key)?;
        let outcome = if documents.row.forked {
            Err(DeltaError::Collides)
        } else {
            documents.apply(edit.delta, client, bundle, writer.sight)
        };
        if outcome.is_ok() {
            documents.note(last);
            // What is not found behind the stored documents must be in them: a draft's, and a bundle's that was held.
            let upto = documents.row.upto;
            documents.unlisted |= position.is_none_or(|position| position.0 <= upto);
        }
        let (Some(position), Sight::Clock(clock)) = (position, writer.sight) else {
            return Ok(outcome.err());
        };
        let row = DeltaRow {
            order: last.order,
            last,
            log: writer.log,
            clock: clock.clone(),
            list: outcome.as_ref().ok().copied(),
        };
        store.put(Space::Delta, &delta_key(edit.key, position, index), &encode(&row))?;
        match outcome {
            Ok(_) => Ok(None),
            Err(DeltaError::Collides) => {
                // What was void may count now, and the reverse; each delta's reason is written there.
                self.rebuild(store, edit.key)?;
                Ok(None)
            }
            Err(error) => Ok(Some(error)),
        }
    }

    /// Builds the documents of a field anew from all their deltas in canonical order: a forked log used the same
    /// clocks twice, and which of the two counts must not depend on which came first.
    fn rebuild(&mut self, store: &mut dyn Write, key: DocumentKey) -> Result<(), StorageError> {
        let mut rows = Vec::new();
        for (row_key, value) in store.scan(Space::Delta, &field_key(key), None, usize::MAX)? {
            rows.push((stored::<DeltaRow>(Space::Delta, &value)?, row_key));
        }
        rows.sort_by_key(|(row, _)| row.order);
        let before = self.get(&*store, key)?;
        let (stored_row, unlisted) = (before.stored.clone(), before.unlisted);
        let mut documents = FieldDocuments::new(FieldRow::default());
        (documents.stored, documents.unlisted) = (stored_row, unlisted);
        documents.row.forked = true;
        documents.changed = true;
        for (mut row, row_key) in rows {
            let (session, delta) = read_delta(&*store, &row_key)?;
            let client = client_id(row.last.actor, row.log, key.1, session);
            let outcome = documents.apply(&delta, client, row.bundle(), Sight::Clock(&row.clock));
            row.list = outcome.as_ref().ok().copied();
            let void_key = &row_key[32..];
            match outcome {
                Ok(_) => {
                    documents.note(row.last);
                    store.delete(Space::Void, void_key)?;
                }
                Err(error) => store.put(Space::Void, void_key, error.to_string().as_bytes())?,
            }
            store.put(Space::Delta, &row_key, &encode(&row))?;
        }
        self.fields.insert(key, documents);
        Ok(())
    }

    /// Forgets documents that were flushed, those first that were used longest ago, until the others fit.
    pub(crate) fn trim(&mut self) {
        let mut bytes: usize = self.fields.values().map(FieldDocuments::memory).sum();
        if bytes <= KEPT_BYTES_MAX {
            return;
        }
        let flushed = self.fields.iter().filter(|(_, documents)| !documents.changed);
        let mut oldest: Vec<_> = flushed.map(|(key, documents)| (documents.used, *key)).collect();
        oldest.sort_unstable();
        for (_, key) in oldest {
            if bytes <= KEPT_BYTES_MAX {
                break;
            }
            bytes -= self.fields.remove(&key).map_or(0, |documents| documents.memory());
        }
    }

    /// Stores what changed; says whose fields did.
    pub(crate) fn flush(
        &mut self,
        store: &mut dyn Write,
        hash: &mut StateHash,
    ) -> Result<Vec<EntityId>, StorageError> {
        let mut entities = Vec::new();
        let mut upto = None;
        for (key, documents) in &mut self.fields {
            if !std::mem::take(&mut documents.changed) {
                continue;
            }
            let upto = match upto {
                Some(upto) => upto,
                None => *upto.insert(store.last()?.0),
            };
            documents.store(store, *key, upto, hash)?;
            entities.push(key.0);
        }
        Ok(entities)
    }
}

impl Content {
    /// A text as it is, a list as JSON.
    #[must_use]
    pub fn into_plain_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::List(values) => serde_json::Value::Array(values).to_string(),
        }
    }
}
