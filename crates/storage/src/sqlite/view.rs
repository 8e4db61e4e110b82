//! Reading through a connection: what readers and the writer have in common.

use openprod_core::{BundleHash, BundleId, EntityId, FacetId, VerifiedBundle};
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};

use crate::error::StorageError;
use crate::space::Space;
use crate::storage::{ChainId, Place, Position, Read, Row, StoredBundle, successor};

/// A connection inside a transaction: one consistent state.
pub(crate) struct View<'a>(pub(crate) &'a Connection);

impl Read for View<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let mut statement = self.0.prepare_cached(sql(space).get)?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let (start, exclusive) = match after {
            Some(after) if after >= prefix => (after, true),
            _ => (prefix, false),
        };
        let mut statement = self.0.prepare_cached(if exclusive {
            sql(space).after
        } else {
            sql(space).from
        })?;
        let mut rows = statement.query(params![start, count(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let key: Vec<u8> = row.get(0)?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push((key, row.get(1)?));
        }
        Ok(found)
    }

    fn scan_back(
        &self,
        space: Space,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let row = |row: &SqlRow<'_>| Ok((row.get(0)?, row.get(1)?));
        let beyond = successor(prefix);
        let end = match (before, &beyond) {
            (Some(before), Some(beyond)) => Some(before.min(beyond)),
            (before, beyond) => before.or(beyond.as_deref()),
        };
        let rows = match end {
            Some(end) => self
                .0
                .prepare_cached(sql(space).back)?
                .query_map(params![prefix, end, count(limit)], row)?
                .collect::<Result<_, _>>()?,
            None => self
                .0
                .prepare_cached(sql(space).back_from)?
                .query_map(params![prefix, count(limit)], row)?
                .collect::<Result<_, _>>()?,
        };
        Ok(rows)
    }

    fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
        let count = |row: &SqlRow<'_>| row.get::<_, i64>(0);
        Ok(match successor(prefix) {
            Some(end) => self
                .0
                .prepare_cached(sql(space).count)?
                .query_row(params![prefix, end], count)?,
            None => self
                .0
                .prepare_cached(sql(space).count_from)?
                .query_row(params![prefix], count)?,
        } as u64)
    }

    fn members(
        &self,
        facet: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError> {
        let prefix = facet.as_bytes().as_slice();
        let start = after.map_or_else(|| prefix.to_vec(), |entity| [prefix, entity.as_bytes()].concat());
        // CROSS JOIN keeps the order of the loops, so that a page costs its own rows and no sorting.
        let mut statement = self.0.prepare_cached(
            "SELECT e.key, e.value FROM state_member m CROSS JOIN state_entity e ON e.key = substr(m.key, 17)
             WHERE m.key > ?1 AND m.key < ?2 ORDER BY m.key LIMIT ?3",
        )?;
        // A member's key is 32 bytes long, so this is beyond the last one of the facet.
        let end = [prefix, &[u8::MAX; 17]].concat();
        let rows = statement.query_map(params![start, end, count(limit)], |row| {
            Ok((EntityId::from_bytes(row.get(0)?), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn place(&self, chain: ChainId, seq: u64) -> Result<Option<Place>, StorageError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT position, chain, seq, hash FROM bundle WHERE chain = ?1 AND seq = ?2")?;
        Ok(statement
            .query_row(params![chain.0, seq as i64], place)
            .optional()?)
    }

    fn place_of(&self, id: BundleId) -> Result<Option<Place>, StorageError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT position, chain, seq, hash FROM bundle WHERE id = ?1 LIMIT 1")?;
        Ok(statement.query_row([id.as_bytes()], place).optional()?)
    }

    fn bundle(&self, position: Position) -> Result<Option<StoredBundle>, StorageError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT position, chain, seq, hash, bytes FROM bundle WHERE position = ?1")?;
        let found = statement.query_row([key(position)], place_and_bytes).optional()?;
        found.map(stored).transpose()
    }

    fn places(&self, after: Position, limit: usize) -> Result<Vec<Place>, StorageError> {
        let mut statement = self.0.prepare_cached(
            "SELECT position, chain, seq, hash FROM bundle WHERE position > ?1 ORDER BY position LIMIT ?2",
        )?;
        let rows = statement.query_map(params![key(after), count(limit)], place)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn bundles(&self, after: Position, limit: usize) -> Result<Vec<StoredBundle>, StorageError> {
        let mut statement = self.0.prepare_cached(
            "SELECT position, chain, seq, hash, bytes FROM bundle WHERE position > ?1 ORDER BY position LIMIT ?2",
        )?;
        let rows = statement.query_map(params![key(after), count(limit)], place_and_bytes)?;
        rows.map(|row| stored(row?)).collect()
    }

    fn last(&self) -> Result<Position, StorageError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT coalesce(max(position), 0) FROM bundle")?;
        Ok(Position(
            statement.query_row([], |row| row.get::<_, i64>(0))? as u64
        ))
    }
}

/// The statements on one space.
pub(crate) struct Statements {
    pub(crate) get: &'static str,
    pub(crate) from: &'static str,
    pub(crate) after: &'static str,
    pub(crate) back: &'static str,
    pub(crate) back_from: &'static str,
    pub(crate) count: &'static str,
    pub(crate) count_from: &'static str,
    pub(crate) put: &'static str,
    pub(crate) delete: &'static str,
    pub(crate) clear: &'static str,
}

macro_rules! statements {
    ($space:literal) => {
        Statements {
            get: concat!("SELECT value FROM state_", $space, " WHERE key = ?1"),
            from: concat!(
                "SELECT key, value FROM state_",
                $space,
                " WHERE key >= ?1 ORDER BY key LIMIT ?2"
            ),
            after: concat!(
                "SELECT key, value FROM state_",
                $space,
                " WHERE key > ?1 ORDER BY key LIMIT ?2"
            ),
            back: concat!(
                "SELECT key, value FROM state_",
                $space,
                " WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3"
            ),
            back_from: concat!(
                "SELECT key, value FROM state_",
                $space,
                " WHERE key >= ?1 ORDER BY key DESC LIMIT ?2"
            ),
            count: concat!(
                "SELECT count(*) FROM state_",
                $space,
                " WHERE key >= ?1 AND key < ?2"
            ),
            count_from: concat!("SELECT count(*) FROM state_", $space, " WHERE key >= ?1"),
            put: concat!(
                "INSERT OR REPLACE INTO state_",
                $space,
                " (key, value) VALUES (?1, ?2)"
            ),
            delete: concat!("DELETE FROM state_", $space, " WHERE key = ?1"),
            clear: concat!("DELETE FROM state_", $space),
        }
    };
}

pub(crate) const fn sql(space: Space) -> Statements {
    match space {
        Space::Chain => statements!("chain"),
        Space::Held => statements!("held"),
        Space::Command => statements!("command"),
        Space::Entity => statements!("entity"),
        Space::Member => statements!("member"),
        Space::Touch => statements!("touch"),
        Space::Conflict => statements!("conflict"),
        Space::Fork => statements!("fork"),
        Space::Edge => statements!("edge"),
        Space::Incident => statements!("incident"),
        Space::Void => statements!("void"),
        Space::Name => statements!("name"),
        Space::Clock => statements!("clock"),
        Space::Overlay => statements!("overlay"),
        Space::Text => statements!("text"),
        Space::Delta => statements!("delta"),
        Space::Fact => statements!("fact"),
        Space::Ordinal => statements!("ordinal"),
        Space::Kind => statements!("kind"),
        Space::Posting => statements!("posting"),
        Space::Stream => statements!("stream"),
        Space::Decision => statements!("decision"),
        Space::Watch => statements!("watch"),
        Space::Clash => statements!("clash"),
        Space::Resolution => statements!("resolution"),
        Space::Effect => statements!("effect"),
        Space::Repetition => statements!("repetition"),
        Space::Clashed => statements!("clashed"),
        Space::Strand => statements!("strand"),
        Space::Meta => statements!("meta"),
    }
}

/// A position as SQLite takes it; beyond what it can count lies nothing.
fn key(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

/// A limit as SQLite takes it.
fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn place(row: &SqlRow<'_>) -> Result<Place, rusqlite::Error> {
    Ok(Place {
        position: Position(row.get::<_, i64>(0)? as u64),
        chain: ChainId(row.get(1)?),
        seq: row.get::<_, i64>(2)? as u64,
        hash: BundleHash::from_bytes(row.get(3)?),
    })
}

fn place_and_bytes(row: &SqlRow<'_>) -> Result<(Place, Vec<u8>), rusqlite::Error> {
    Ok((place(row)?, row.get(4)?))
}

fn stored((place, bytes): (Place, Vec<u8>)) -> Result<StoredBundle, StorageError> {
    let damaged = |source| StorageError::Damaged {
        position: place.position.0,
        source,
    };
    let bundle = VerifiedBundle::from_own_store(bytes).map_err(damaged)?;
    if *bundle.hash() != place.hash {
        return Err(damaged(openprod_core::BundleError::Inconsistent(
            "its header is not the one that was stored",
        )));
    }
    Ok(StoredBundle { place, bundle })
}
