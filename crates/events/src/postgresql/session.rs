//! One connection to the server, with the statements it has prepared.

use std::collections::BTreeMap;

use postgres::types::ToSql;
use postgres::{Client, Row, Statement};

use crate::error::StoreError;
use crate::postgresql::fault::{commit_fault, fault};

/// A connection. Statements are prepared once each.
pub(crate) struct Session {
    client: Client,
    statements: BTreeMap<&'static str, Statement>,
    /// Whether it may be used again.
    sound: bool,
}

/// What is put into the places of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Session {
    pub(crate) const fn new(client: Client) -> Self {
        Self {
            client,
            statements: BTreeMap::new(),
            sound: true,
        }
    }

    /// Whether it can serve somebody else.
    pub(crate) fn is_sound(&self) -> bool {
        self.sound && !self.client.is_closed()
    }

    /// Does `act` in a transaction that `begin` opens; what fails is undone.
    pub(crate) fn transact<T, E: From<StoreError>>(
        &mut self,
        begin: &'static str,
        act: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        // Until its end is known, nobody else may have this connection: a panic would leave it in the middle.
        self.sound = false;
        self.client
            .batch_execute(begin)
            .map_err(|error| E::from(fault(error)))?;
        match act(self) {
            Ok(done) => {
                self.client
                    .batch_execute("COMMIT")
                    .map_err(|error| E::from(commit_fault(error)))?;
                self.sound = true;
                Ok(done)
            }
            Err(error) => {
                self.sound = self.client.batch_execute("ROLLBACK").is_ok();
                Err(error)
            }
        }
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.try_batch(sql).map_err(fault)
    }

    pub(crate) fn run(&mut self, sql: &'static str, values: Values<'_>) -> Result<(), StoreError> {
        self.try_execute(sql, values).map(drop).map_err(fault)
    }

    pub(crate) fn rows(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>, StoreError> {
        self.try_query(sql, values).map_err(fault)
    }

    pub(crate) fn one(&mut self, sql: &'static str, values: Values<'_>) -> Result<Row, StoreError> {
        let statement = self.prepared(sql).map_err(fault)?;
        self.client.query_one(&statement, values).map_err(fault)
    }

    pub(crate) fn try_batch(&mut self, sql: &str) -> Result<(), postgres::Error> {
        self.client.batch_execute(sql)
    }

    pub(crate) fn try_execute(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<u64, postgres::Error> {
        let statement = self.prepared(sql)?;
        self.client.execute(&statement, values)
    }

    pub(crate) fn try_query(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, postgres::Error> {
        let statement = self.prepared(sql)?;
        self.client.query(&statement, values)
    }

    fn prepared(&mut self, sql: &'static str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}
