//! The derived state of one text or list.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use openprod_core::encoding::{DecodeError, encode};
use openprod_storage::ChainId;
use thiserror::Error;
use yrs::updates::decoder::Decode as _;
use yrs::updates::encoder::Encode as _;
use yrs::{Array as _, Doc, GetString as _, OffsetKind, Options, ReadTxn as _, StateVector, Transact as _};

use super::client::ClientId;
use super::clocks::Clocks;
use super::delta_error::{DELTA_BLOCKS_MAX, DELTA_BYTES_MAX, DELTA_CLOCKS_MAX, DeltaError};
use super::json;
use super::order::Order;
use super::update::{Block, ContentKind, Parent, Place, Refusal, Update};
use super::{Content, Kind};

/// The first byte of a stored document.
const STORED_FORMAT: u8 = 1;
/// How many bytes of a hash stand before a stored document.
const CHECKSUM_BYTES: usize = 16;
/// Deltas are kept for [`Document::restore`] until they are as long as the document was and this much more.
const JOURNAL_BYTES_MIN: usize = 64 << 10;

/// A bundle's place, by this store's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bundle {
    pub(crate) chain: ChainId,
    pub(crate) seq: u64,
}

/// Why bytes are not a stored document.
#[derive(Debug, Error)]
pub(crate) enum DocumentError {
    /// They are not what was stored, or another version stored them.
    #[error("read text document: the bytes are damaged")]
    Damaged,
    /// The table of clocks does not decode.
    #[error("read text document: the table of clocks is damaged")]
    Clocks(#[source] DecodeError),
}

/// One collaborative text or list: what all valid deltas to it make together.
pub(crate) struct Document {
    kind: Kind,
    doc: Doc,
    clocks: Clocks,
    /// `None` after loading, until the first delta is judged: it follows from `base` and `journal`, and whoever only
    /// reads needs none.
    order: Option<Order>,
    /// A state of `doc`, and the deltas since: what to go back to when yrs fails half-way.
    base: Vec<u8>,
    journal: Vec<Vec<u8>>,
    journal_bytes: usize,
}

impl Document {
    /// A document to which nothing was written.
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            doc: empty(kind, ClientId::MAX),
            clocks: Clocks::default(),
            order: Some(Order::default()),
            base: Vec::new(),
            journal: Vec::new(),
            journal_bytes: 0,
        }
    }

    /// Whether no delta has had an effect on it.
    pub(crate) fn is_empty(&self) -> bool {
        self.clocks.ends().next().is_none()
    }

    /// What kind of content it holds.
    #[cfg(test)]
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Applies a delta that `author` wrote in `bundle`; `covers` says which bundles that author had seen.
    ///
    /// Everything in the author's past is to be applied before. A delta that is refused changes nothing, on no
    /// peer.
    ///
    /// # Errors
    /// [`DeltaError`]; never panics, whatever the delta. On [`DeltaError::Collides`] the caller builds the
    /// document anew from all its deltas in canonical order; in that order, it is a refusal like the others.
    pub(crate) fn apply(
        &mut self,
        delta: &[u8],
        author: ClientId,
        bundle: Bundle,
        covers: &dyn Fn(ChainId, u64) -> bool,
    ) -> Result<(), DeltaError> {
        let (update, start, mut order) = self.prepare(delta, author, bundle, covers)?;
        let outcome = arrange(&mut order, &update.blocks).and_then(|()| {
            integrate(&self.doc, delta).map_err(|Failed| {
                self.restore();
                DeltaError::Library
            })
        });
        match outcome {
            Ok(()) => order.settle(start),
            Err(_) => order.undo(start),
        }
        self.order = Some(order);
        outcome?;
        if let Some(last) = update.blocks.last() {
            self.clocks.advance(author, last.end(), bundle);
        }
        self.remember(delta.to_vec());
        Ok(())
    }

    /// Whether [`Self::apply`] would take a delta, as far as can be told without the library; changes nothing.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub(crate) fn check(
        &mut self,
        delta: &[u8],
        author: ClientId,
        bundle: Bundle,
        covers: &dyn Fn(ChainId, u64) -> bool,
    ) -> Result<(), DeltaError> {
        let (update, start, mut order) = self.prepare(delta, author, bundle, covers)?;
        let outcome = arrange(&mut order, &update.blocks);
        order.undo(start);
        self.order = Some(order);
        outcome
    }

    /// Reads and judges a delta; takes the order of the places out, to be put back.
    fn prepare<'a>(
        &mut self,
        delta: &'a [u8],
        author: ClientId,
        bundle: Bundle,
        covers: &dyn Fn(ChainId, u64) -> bool,
    ) -> Result<(Update<'a>, Place, Order), DeltaError> {
        if delta.len() > DELTA_BYTES_MAX {
            return Err(DeltaError::TooLarge);
        }
        let update = Update::read(delta).map_err(|refusal| match refusal {
            Refusal::Malformed(error) => DeltaError::Malformed(error),
            Refusal::Content(content) => DeltaError::Content(content),
        })?;
        let seen = |other: Bundle| other == bundle || covers(other.chain, other.seq);
        let start = self.judge(&update, author, &seen)?;
        let order = match self.order.take() {
            Some(order) => order,
            None => self.order_anew().ok_or(DeltaError::Library)?,
        };
        Ok((update, start, order))
    }

    /// Applies a delta that was accepted before, behind the stored document that it followed then.
    ///
    /// # Errors
    /// [`DocumentError::Damaged`], of which the document is no more to be used.
    pub(crate) fn resume(
        &mut self,
        delta: Vec<u8>,
        author: ClientId,
        bundle: Bundle,
    ) -> Result<(), DocumentError> {
        let update = Update::read(&delta).map_err(|_| DocumentError::Damaged)?;
        integrate(&self.doc, &delta).map_err(|Failed| DocumentError::Damaged)?;
        if let Some(last) = update.blocks.last() {
            self.clocks.advance(author, last.end(), bundle);
        }
        self.order = None;
        self.remember(delta);
        Ok(())
    }

    /// The order of the places, from the base and the journal.
    fn order_anew(&self) -> Option<Order> {
        let mut order = order_of(&self.base)?;
        for delta in &self.journal {
            let update = Update::read(delta).ok()?;
            arrange(&mut order, &update.blocks).ok()?;
            if let Some(block) = update.blocks.first() {
                order.settle(block.first);
            }
        }
        Some(order)
    }

    /// What the field holds.
    pub(crate) fn content(&self) -> Content {
        content(&self.doc, self.kind)
    }

    /// [`Self::canonical_of`] its own content.
    #[cfg(test)]
    pub(crate) fn canonical(&self) -> Vec<u8> {
        self.canonical_of(&self.content())
    }

    /// Bytes that are the same on every peer that accepted the same deltas, in whatever order. `content` is the
    /// document's.
    pub(crate) fn canonical_of(&self, content: &Content) -> Vec<u8> {
        let ends: Vec<(ClientId, u32)> = self.clocks.ends().collect();
        let mut bytes = encode(&ends);
        match content {
            Content::Text(text) => {
                bytes.push(0);
                bytes.extend(text.as_bytes());
            }
            Content::List(values) => {
                bytes.push(1);
                json::write_canonical_list(values, &mut bytes);
            }
        }
        bytes
    }

    /// One Yjs update, encoding 1, with all of the document: for an editor to start from. Not canonical.
    pub(crate) fn state(&self) -> Vec<u8> {
        self.doc
            .transact()
            .encode_state_as_update_v1(&StateVector::default())
    }

    /// The Yjs state vector, encoding 1, of [`Self::state`].
    pub(crate) fn state_vector(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    /// The client's next clock.
    #[cfg(test)]
    pub(crate) fn clock(&self, client: ClientId) -> u32 {
        self.clocks.end(client)
    }

    /// Bytes to store; not canonical.
    pub(crate) fn encode(&mut self) -> Vec<u8> {
        let clocks = self.clocks.encode();
        let state = self.state();
        let mut body = vec![STORED_FORMAT, self.kind as u8];
        body.extend((clocks.len() as u32).to_le_bytes());
        body.extend(clocks);
        body.extend(&state);
        // It costs nothing more now, and spares it later.
        self.rebase(state);
        let mut bytes = checksum(&body).to_vec();
        bytes.extend(body);
        bytes
    }

    /// How many bytes it would take to store it, roughly.
    pub(crate) const fn bytes(&self) -> usize {
        self.base.len() + self.journal_bytes
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`DocumentError`]; never panics, whatever the bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let (sum, body) = bytes
            .split_first_chunk::<CHECKSUM_BYTES>()
            .ok_or(DocumentError::Damaged)?;
        if *sum != checksum(body) {
            return Err(DocumentError::Damaged);
        }
        let (&[format, kind, a, b, c, d], rest) =
            body.split_first_chunk::<6>().ok_or(DocumentError::Damaged)?;
        let kind = match kind {
            _ if format != STORED_FORMAT => return Err(DocumentError::Damaged),
            0 => Kind::Text,
            1 => Kind::List,
            _ => return Err(DocumentError::Damaged),
        };
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let (clocks, state) = rest.split_at_checked(length).ok_or(DocumentError::Damaged)?;
        let clocks = Clocks::decode(clocks)
            .map_err(DocumentError::Clocks)?
            .ok_or(DocumentError::Damaged)?;
        let update = Update::read(state).map_err(|_| DocumentError::Damaged)?;
        if !ends(&update.blocks).into_iter().eq(clocks.ends()) {
            return Err(DocumentError::Damaged);
        }
        let doc = empty(kind, ClientId::MAX);
        integrate(&doc, state).map_err(|Failed| DocumentError::Damaged)?;
        Ok(Self {
            kind,
            doc,
            clocks,
            order: None,
            base: state.to_vec(),
            journal: Vec::new(),
            journal_bytes: 0,
        })
    }

    /// All that can be said without the order of the document. Gives the place at which the delta starts.
    fn judge(
        &self,
        update: &Update<'_>,
        author: ClientId,
        seen: &dyn Fn(Bundle) -> bool,
    ) -> Result<Place, DeltaError> {
        let blocks = &update.blocks;
        if blocks.is_empty() && update.deletions.is_empty() {
            return Err(DeltaError::Empty);
        }
        if blocks.len() > DELTA_BLOCKS_MAX {
            return Err(DeltaError::TooLarge);
        }
        for block in blocks {
            if block.first.client != author {
                return Err(DeltaError::ForeignClient(block.first.client));
            }
            if !self.holds(block.content) {
                return Err(DeltaError::Content(block.content));
            }
            if !matches!(block.parent, Parent::OfNeighbours) && block.parent != Parent::Root(self.kind.root())
            {
                return Err(DeltaError::Parent);
            }
        }
        let expected = self.clocks.end_seen(author, seen);
        let found = blocks.first().map_or(expected, |block| block.first.clock);
        let end = blocks.last().map_or(expected, Block::end);
        if found != expected {
            return Err(DeltaError::Gap { expected, found });
        }
        if end - found > DELTA_CLOCKS_MAX {
            return Err(DeltaError::TooLarge);
        }
        // Most references are to the author's own client or the same few others.
        let mut last = (author, end);
        let mut known = |place: Place| {
            if place.client == author {
                return place.clock < end;
            }
            if place.client != last.0 {
                last = (place.client, self.clocks.end_seen(place.client, seen));
            }
            place.clock < last.1
        };
        for block in blocks {
            for place in [block.origin, block.right_origin].into_iter().flatten() {
                let later = place.client == author && place.clock >= block.first.clock;
                if later || !known(place) {
                    return Err(DeltaError::Unseen(place));
                }
            }
        }
        for deletion in &update.deletions {
            let last = Place {
                client: deletion.client,
                clock: deletion.clocks.end - 1,
            };
            if !known(last) {
                return Err(DeltaError::Unseen(last));
            }
        }
        if !blocks.is_empty() && self.clocks.end(author) != expected {
            return Err(DeltaError::Collides);
        }
        Ok(Place {
            client: author,
            clock: expected,
        })
    }

    const fn holds(&self, content: ContentKind) -> bool {
        match self.kind {
            Kind::Text => {
                matches!(
                    content,
                    ContentKind::String | ContentKind::Deleted | ContentKind::Format
                )
            }
            Kind::List => matches!(content, ContentKind::Any | ContentKind::Deleted),
        }
    }

    /// Builds yrs' document again, after yrs failed half-way.
    fn restore(&mut self) {
        let doc = empty(self.kind, ClientId::MAX);
        let parts = std::iter::once(&self.base)
            .filter(|base| !base.is_empty())
            .chain(&self.journal);
        for part in parts {
            integrate(&doc, part).expect("yrs took these bytes before");
        }
        // What yrs left behind may not even be fit to be dropped.
        std::mem::forget(std::mem::replace(&mut self.doc, doc));
    }

    fn remember(&mut self, delta: Vec<u8>) {
        self.journal_bytes += delta.len();
        if self.journal_bytes > self.base.len() + JOURNAL_BYTES_MIN {
            self.rebase(self.state());
        } else {
            self.journal.push(delta);
        }
    }

    fn rebase(&mut self, state: Vec<u8>) {
        self.base = state;
        self.journal.clear();
        self.journal_bytes = 0;
    }

    /// A copy for an editor that writes as `client`.
    pub(super) fn editor(&self, client: ClientId) -> Doc {
        let doc = empty(self.kind, client);
        integrate(&doc, &self.state()).expect("yrs wrote this state itself");
        doc
    }

    /// All places in order, and how many runs they are.
    #[cfg(test)]
    pub(super) fn places(&self) -> (Vec<Place>, usize) {
        let stored;
        let order = match &self.order {
            Some(order) => order,
            None => {
                stored = order_of(&self.base).unwrap();
                &stored
            }
        };
        (order.places(), order.len())
    }

    #[cfg(test)]
    pub(super) fn fail_and_restore(&mut self) {
        self.restore();
    }
}

/// Puts the blocks into the order, as far as they are admitted.
fn arrange(order: &mut Order, blocks: &[Block<'_>]) -> Result<(), DeltaError> {
    for block in blocks {
        let (origin, right) = (block.origin, block.right_origin);
        if !order.admits(origin, right) {
            return Err(DeltaError::Misplaced(block.first));
        }
        order
            .integrate(block.first, block.length, origin, right)
            .ok_or(DeltaError::Misplaced(block.first))?;
    }
    Ok(())
}

/// The order of a state.
fn order_of(state: &[u8]) -> Option<Order> {
    if state.is_empty() {
        return Some(Order::default());
    }
    Order::of(&Update::read(state).ok()?.blocks)
}

/// Each client and its next clock.
fn ends(blocks: &[Block<'_>]) -> BTreeMap<ClientId, u32> {
    blocks
        .iter()
        .map(|block| (block.first.client, block.end()))
        .collect()
}

/// yrs refused an update, kept a part of it for later, or panicked.
#[derive(Clone, Copy, Debug)]
struct Failed;

fn integrate(doc: &Doc, update: &[u8]) -> Result<(), Failed> {
    let done = catch_unwind(AssertUnwindSafe(|| {
        let update = yrs::Update::decode_v1(update).map_err(|_| Failed)?;
        let mut transaction = doc.transact_mut();
        transaction.apply_update(update).map_err(|_| Failed)?;
        transaction.commit();
        if transaction.has_missing_updates() {
            Err(Failed)
        } else {
            Ok(())
        }
    }));
    done.unwrap_or(Err(Failed))
}

/// An empty yrs document. It collects deleted content, and never cleans formats up: that would be writing.
pub(super) fn empty(kind: Kind, client: ClientId) -> Doc {
    let mut options =
        Options::with_guid_and_client_id(Arc::from(kind.root()), yrs::block::ClientID::new(client.get()));
    options.offset_kind = OffsetKind::Utf16;
    options.skip_gc = false;
    options.cleanup_formatting = false;
    let doc = Doc::with_options(options);
    match kind {
        Kind::Text => drop(doc.get_or_insert_text(kind.root())),
        Kind::List => drop(doc.get_or_insert_array(kind.root())),
    }
    doc
}

fn content(doc: &Doc, kind: Kind) -> Content {
    match kind {
        Kind::Text => {
            let text = doc.get_or_insert_text(kind.root());
            Content::Text(text.get_string(&doc.transact()))
        }
        Kind::List => {
            let list = doc.get_or_insert_array(kind.root());
            let transaction = doc.transact();
            let values = list.iter(&transaction).map(|value| match value {
                yrs::Out::Any(any) => json::value_of(&any),
                _ => serde_json::Value::Null,
            });
            Content::List(values.collect())
        }
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&blake3::hash(body).as_bytes()[..CHECKSUM_BYTES]);
    sum
}
