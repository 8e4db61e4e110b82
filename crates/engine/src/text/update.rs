//! Reads a Yjs update, encoding 1: the blocks that each client adds, and which places it deletes.
//!
//! An own reader, because validity is a matter of origins and yrs shows none, and because yrs takes bytes that
//! two readers could take differently: overlong numbers, repeated clients, trailing bytes. Whatever the bytes,
//! it neither panics nor allocates more than in proportion to them. The format: `src/utils/encoding.js` and
//! `src/structs` of Yjs.
//!
//! ```text
//! update  = count, count × (blocks: count, client, clock, blocks × block), deletions
//! block   = info, [origin], [right origin], [parent, when it has neither], content
//! deletions = count, count × (client, count × (clock, length))
//! ```

use std::collections::BTreeSet;
use std::ops::Range;

use thiserror::Error;

use super::client::ClientId;
use super::json;
use super::reader::Reader;

/// Clocks stay below this, so that yrs' signed arithmetic on them cannot overflow.
pub(super) const CLOCK_MAX: u32 = i32::MAX as u32;

const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
const CONTENT: u8 = 0x1f;

/// Why bytes are not a Yjs update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UpdateError {
    /// The bytes end early.
    #[error("read update: the bytes end early")]
    Truncated,
    /// Bytes follow the update.
    #[error("read update: bytes follow its end")]
    TrailingBytes,
    /// A number does not fit its type, or is spelled longer than needed.
    #[error("read update: a number is out of range or overlong")]
    Integer,
    /// A string is not UTF-8.
    #[error("read update: a string is not UTF-8")]
    NotUtf8,
    /// A format is not JSON.
    #[error("read update: a format is not JSON")]
    NotJson,
    /// A value is not a JSON value: binary, undefined, not a number, or an integer beyond ±(2⁵³−1).
    #[error("read update: a value is not a JSON value")]
    NotJsonValue,
    /// A value is nested too deeply.
    #[error("read update: a value is nested deeper than {}", json::DEPTH_MAX)]
    TooDeep,
    /// There is no such content.
    #[error("read update: content of kind {0} is unknown")]
    UnknownContent(u8),
    /// A block or a deletion has no length.
    #[error("read update: a part is empty")]
    EmptyPart,
    /// Clients repeat, or deletions are not in ascending order.
    #[error("read update: its parts are not in order")]
    Unordered,
}

/// One unit of content, for ever: the `clock`-th that a client wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Who wrote it.
    pub client: ClientId,
    /// Counts what the client wrote, from 0; in texts UTF-16 units.
    pub clock: u32,
}

/// A run of content that was written in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) first: Place,
    /// In clocks, at least 1; the last clock is below [`CLOCK_MAX`].
    pub(super) length: u32,
    /// What stood to its left when it was written.
    pub(super) origin: Option<Place>,
    /// What stood to its right when it was written.
    pub(super) right_origin: Option<Place>,
    pub(super) parent: Parent<'a>,
    pub(super) content: ContentKind,
}

impl Block<'_> {
    pub(super) const fn end(&self) -> u32 {
        self.first.clock + self.length
    }
}

/// Where a block says that it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parent<'a> {
    /// Where its neighbours belong.
    OfNeighbours,
    /// A root type.
    Root(&'a str),
    /// A nested type, or an entry of a map.
    Nested,
}

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// A place whose content and neighbours are forgotten.
    Collected,
    /// A place whose content is deleted.
    Deleted,
    /// JSON in the manner of Yjs before version 13.
    LegacyJson,
    /// Bytes.
    Binary,
    /// Characters.
    String,
    /// An object inside a text.
    Embed,
    /// The start or end of a format.
    Format,
    /// A nested shared type.
    Type,
    /// JSON values.
    Any,
    /// A document inside the document.
    Document,
    /// A gap.
    Skip,
}

/// Deleted places of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deletion {
    pub(super) client: ClientId,
    pub(super) clocks: Range<u32>,
}

/// What an update adds and deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Update<'a> {
    /// By client as the update has them, each client's in ascending order without gaps.
    pub(super) blocks: Vec<Block<'a>>,
    /// Each client's in ascending order, disjoint, not empty.
    pub(super) deletions: Vec<Deletion>,
}

impl<'a> Update<'a> {
    /// Reads all of `bytes`.
    ///
    /// # Errors
    /// [`Refusal`]; never panics, whatever the bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        let blocks = blocks(&mut reader)?;
        let deletions = deletions(&mut reader)?;
        if !reader.is_empty() {
            return Err(UpdateError::TrailingBytes.into());
        }
        Ok(Self { blocks, deletions })
    }
}

/// Why an update is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed(UpdateError),
    /// Content that no field holds; what follows it was not read.
    Content(ContentKind),
}

impl From<UpdateError> for Refusal {
    fn from(error: UpdateError) -> Self {
        Self::Malformed(error)
    }
}

fn blocks<'a>(reader: &mut Reader<'a>) -> Result<Vec<Block<'a>>, Refusal> {
    let mut blocks = Vec::new();
    let mut clients = BTreeSet::new();
    for _ in 0..reader.unsigned_32()? {
        let count = reader.unsigned_32()?;
        let client = client(reader)?;
        let mut clock = reader.unsigned_32()?;
        if count == 0 {
            return Err(UpdateError::EmptyPart.into());
        }
        if !clients.insert(client) {
            return Err(UpdateError::Unordered.into());
        }
        for _ in 0..count {
            let block = block(reader, Place { client, clock })?;
            clock = block.end();
            blocks.push(block);
        }
    }
    Ok(blocks)
}

fn block<'a>(reader: &mut Reader<'a>, first: Place) -> Result<Block<'a>, Refusal> {
    let info = reader.byte()?;
    if matches!(info, 0 | 10) {
        let length = reader.unsigned_32()?;
        return Ok(Block {
            first,
            length: fitting(first, length)?,
            origin: None,
            right_origin: None,
            parent: Parent::OfNeighbours,
            content: if info == 0 {
                ContentKind::Collected
            } else {
                ContentKind::Skip
            },
        });
    }
    let origin = (info & HAS_ORIGIN != 0).then(|| place(reader)).transpose()?;
    let right_origin = (info & HAS_RIGHT_ORIGIN != 0)
        .then(|| place(reader))
        .transpose()?;
    let mut parent = Parent::OfNeighbours;
    if origin.is_none() && right_origin.is_none() {
        parent = if reader.unsigned(1)? == 1 {
            Parent::Root(reader.string()?)
        } else {
            place(reader)?;
            Parent::Nested
        };
    }
    if info & HAS_KEY != 0 {
        if parent != Parent::OfNeighbours {
            reader.string()?;
        }
        parent = Parent::Nested;
    }
    let (content, length) = content(reader, info & CONTENT)?;
    Ok(Block {
        first,
        length: fitting(first, length)?,
        origin,
        right_origin,
        parent,
        content,
    })
}

/// Reads the content and gives its length in clocks.
fn content(reader: &mut Reader<'_>, kind: u8) -> Result<(ContentKind, u32), Refusal> {
    Ok(match kind {
        1 => (ContentKind::Deleted, reader.unsigned_32()?),
        4 => {
            let units: usize = reader.string()?.chars().map(char::len_utf16).sum();
            let units = u32::try_from(units).map_err(|_| UpdateError::Integer)?;
            (ContentKind::String, units)
        }
        6 => {
            reader.string()?;
            json::check_format(reader.string()?)?;
            (ContentKind::Format, 1)
        }
        8 => {
            let count = reader.unsigned_32()?;
            for _ in 0..count {
                json::check_value(reader)?;
            }
            (ContentKind::Any, count)
        }
        2 => return Err(Refusal::Content(ContentKind::LegacyJson)),
        3 => return Err(Refusal::Content(ContentKind::Binary)),
        5 => return Err(Refusal::Content(ContentKind::Embed)),
        7 => return Err(Refusal::Content(ContentKind::Type)),
        9 => return Err(Refusal::Content(ContentKind::Document)),
        other => return Err(UpdateError::UnknownContent(other).into()),
    })
}

fn deletions(reader: &mut Reader<'_>) -> Result<Vec<Deletion>, UpdateError> {
    let mut deletions = Vec::new();
    let mut clients = BTreeSet::new();
    for _ in 0..reader.unsigned_32()? {
        let client = client(reader)?;
        if !clients.insert(client) {
            return Err(UpdateError::Unordered);
        }
        let count = reader.unsigned_32()?;
        if count == 0 {
            return Err(UpdateError::EmptyPart);
        }
        let mut after = 0;
        for _ in 0..count {
            let clock = reader.unsigned_32()?;
            let end = clock + fitting(Place { client, clock }, reader.unsigned_32()?)?;
            if clock < after {
                return Err(UpdateError::Unordered);
            }
            after = end;
            deletions.push(Deletion {
                client,
                clocks: clock..end,
            });
        }
    }
    Ok(deletions)
}

fn place(reader: &mut Reader<'_>) -> Result<Place, UpdateError> {
    Ok(Place {
        client: client(reader)?,
        clock: reader.unsigned(u64::from(CLOCK_MAX - 1))? as u32,
    })
}

fn client(reader: &mut Reader<'_>) -> Result<ClientId, UpdateError> {
    ClientId::new(reader.unsigned(ClientId::MAX.get())?).ok_or(UpdateError::Integer)
}

/// The length, when it is one and ends in time.
fn fitting(first: Place, length: u32) -> Result<u32, UpdateError> {
    match first.clock.checked_add(length) {
        _ if length == 0 => Err(UpdateError::EmptyPart),
        Some(end) if end <= CLOCK_MAX => Ok(length),
        _ => Err(UpdateError::Integer),
    }
}
