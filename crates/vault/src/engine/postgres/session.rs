//! One connection: it waits for what is needed and sends the rest ahead.
//!
//! Invariant: PostgreSQL answers in the order in which it was asked, so once an answer is here, everything sent before
//! it has been answered too, and its failure is known.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Statement};

use super::super::ddl::for_postgres;
use super::super::tx::{Link, OnRow};
use super::super::{Fault, Row, Value};
use super::values::OwnValue;
use super::{Faults, ends_connection, fault};

/// How many prepared statements a connection keeps: more than the program has.
const STATEMENTS_MAX: usize = 512;
/// Statements sent ahead before one is waited for.
const SENT_MAX: usize = 64;
/// For nodes that start at the same time: any number, as long as it is the same.
const SCHEMA_LOCK: i64 = 0x5741_5853_4541_4c01;
/// What a stuck node may not hold up the others longer than.
const LIMITS: &str = "set lock_timeout = '10s'; set idle_in_transaction_session_timeout = '60s'";

/// The moment by the server's clock, in microseconds.
const NOW: &str = "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
/// How many transactions of ours that may write began by then and have not ended.
const WRITING_SINCE: &str = "select count(*) from pg_stat_activity where datname = current_database() \
    and application_name = $1 and pid <> pg_backend_pid() and state <> 'idle' \
    and cast(extract(epoch from xact_start) * 1000000 as bigint) <= $2";

/// A statement on its way.
type Sent = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A connection and the runtime that carries it, both of one thread.
pub(super) struct Session {
    runtime: Runtime,
    client: Arc<Client>,
    statements: HashMap<Box<str>, Statement>,
    sent: Vec<Sent>,
    /// The first failure among what was sent ahead.
    refused: Option<Error>,
}

impl Session {
    pub(super) fn connect(config: &Config) -> Result<Session, Fault> {
        let unreachable = |error: &dyn std::error::Error| {
            Fault::Unreachable(error.source().map_or_else(|| error.to_string(), ToString::to_string))
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::Other(error.to_string()))?;
        let (client, connection) =
            runtime.block_on(config.connect(NoTls)).map_err(|error| unreachable(&error))?;
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL broke");
            }
        });
        let client = Arc::new(client);
        let mut session =
            Session { runtime, client, statements: HashMap::new(), sent: Vec::new(), refused: None };
        session.control(LIMITS).map_err(|error| fault(&error))?;
        Ok(session)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// A setting of the server.
    pub(super) fn setting(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let sql = "select current_setting($1, true)";
        let mut found = None;
        self.query(sql, &[Value::Text(name)], &mut |row| {
            found = row.opt_text(0)?.map(str::to_owned);
            Ok(())
        })?;
        Ok(found)
    }

    /// Waits for a statement without parameters.
    fn control(&mut self, sql: &'static str) -> Result<(), Error> {
        let client = Arc::clone(&self.client);
        self.wait_for(client.batch_execute(sql))
    }

    /// Sends a statement without parameters, and does not wait.
    fn control_ahead(&mut self, sql: &'static str) {
        let client = Arc::clone(&self.client);
        self.ahead(Box::pin(async move { client.batch_execute(sql).await }));
    }

    fn ahead(&mut self, mut statement: Sent) {
        // The first poll puts the statement into the connection's queue, in its place.
        match statement.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => self.sent.push(statement),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => self.refused = self.refused.take().or(Some(error)),
        }
    }

    /// Waits for an answer, and takes in those to what was sent before it.
    fn wait_for<T>(&mut self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut asked = pin!(asked);
        let (sent, refused) = (&mut self.sent, &mut self.refused);
        self.runtime.block_on(poll_fn(|cx| {
            // Asked first, so that it is in its place in the queue; its answer comes last all the same.
            let answer = asked.as_mut().poll(cx);
            sent.retain_mut(|statement| match statement.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(outcome) => {
                    *refused = refused.take().or(outcome.err());
                    false
                }
            });
            answer
        }))
    }

    /// Waits for everything sent ahead.
    pub(super) fn settle(&mut self) {
        let (runtime, sent) = (&self.runtime, &mut self.sent);
        for statement in sent.drain(..) {
            let outcome = runtime.block_on(statement);
            self.refused = self.refused.take().or(outcome.err());
        }
    }

    /// The statement, prepared on this connection.
    fn prepared(&mut self, sql: &str) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        let client = Arc::clone(&self.client);
        let statement = self.wait_for(client.prepare(sql)).map_err(|error| self.first_fault(&error))?;
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }

    fn query(&mut self, sql: &str, params: &[Value<'_>], on_row: &mut OnRow<'_>) -> Result<(), Fault> {
        let statement = self.prepared(sql)?;
        let client = Arc::clone(&self.client);
        let params: Vec<&(dyn ToSql + Sync)> =
            params.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.wait_for(client.query(&statement, &params));
        let rows = rows.map_err(|error| self.first_fault(&error))?;
        rows.iter().try_for_each(|row| on_row(&Row::Postgres(row)))
    }

    /// What went wrong first: a statement sent ahead takes those behind it down.
    fn first_fault(&mut self, error: &Error) -> Fault {
        fault(self.refused.as_ref().unwrap_or(error))
    }
}

/// A transaction on a connection.
pub(super) struct Transaction<'s> {
    session: &'s mut Session,
    faults: &'s Faults,
    pub(super) broken: Option<Fault>,
}

impl<'s> Transaction<'s> {
    pub(super) fn begin(session: &'s mut Session, how: &'static str, faults: &'s Faults) -> Self {
        session.refused = None;
        session.control_ahead(how);
        Transaction { session, faults, broken: None }
    }

    /// Makes the transaction durable. The one place on this engine where that happens.
    pub(super) fn commit(self) -> Result<(), Fault> {
        if let Err(fault) = self.faults.before_commit() {
            self.undo();
            return Err(fault);
        }
        let committed = self.session.control("commit");
        match (self.session.refused.take(), committed) {
            // What was sent ahead failed, so the server took this commit for a rollback, or never came to it.
            (Some(error), _) if !error.is_closed() => Err(fault(&error)),
            (None, Err(error)) if !ends_connection(&error) => Err(fault(&error)),
            (None, Ok(())) => {
                self.faults.after_commit();
                Ok(())
            }
            (_, _) => Err(Fault::Unknown),
        }
    }

    /// Ends a transaction that leaves nothing behind, without waiting.
    pub(super) fn end(self) {
        self.session.control_ahead("commit");
    }

    pub(super) fn undo(self) {
        // If the server cannot be told, it undoes by itself when the connection ends.
        let _ = self.session.control("rollback");
    }

    /// Runs `step` unless a statement failed before, and remembers if it fails.
    fn step<T>(&mut self, step: impl FnOnce(&mut Session) -> Result<T, Fault>) -> Result<T, Fault> {
        if let Some(fault) = &self.broken {
            return Err(fault.clone());
        }
        let done = self.faults.statement().and_then(|()| step(self.session));
        done.inspect_err(|fault| self.broken = Some(fault.clone()))
    }
}

impl Link for Transaction<'_> {
    fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.step(|session| {
            let statement = session.prepared(sql)?;
            let client = Arc::clone(&session.client);
            let changed = session.wait_for(client.execute_raw(&statement, params));
            changed.map_err(|error| session.first_fault(&error))
        })
    }

    fn put(&mut self, sql: &str, params: &[Value<'_>]) -> Result<(), Fault> {
        self.step(|session| {
            if session.sent.len() >= SENT_MAX {
                session.settle();
            }
            let statement = session.prepared(sql)?;
            let client = Arc::clone(&session.client);
            let params: Vec<OwnValue> = params.iter().map(OwnValue::from).collect();
            session.ahead(Box::pin(async move { client.execute_raw(&statement, params).await.map(|_| ()) }));
            match &session.refused {
                Some(error) => Err(fault(error)),
                None => Ok(()),
            }
        })
    }

    fn each(&mut self, sql: &str, params: &[Value<'_>], on_row: &mut OnRow<'_>) -> Result<(), Fault> {
        self.step(|session| session.query(sql, params, on_row))
    }

    fn ddl(&mut self, sql: &str) -> Result<(), Fault> {
        self.step(|session| {
            let client = Arc::clone(&session.client);
            let sql = for_postgres(sql);
            let done = session.wait_for(client.batch_execute(&sql));
            done.map_err(|error| session.first_fault(&error))
        })
    }

    fn in_turn(&self) -> bool {
        false
    }

    fn lock_schema(&mut self) -> Result<(), Fault> {
        let sql = "select cast(pg_advisory_xact_lock($1) as text)";
        self.each(sql, &[Value::Int(SCHEMA_LOCK)], &mut |_| Ok(()))
    }

    fn settled(&mut self, since: &mut Option<i64>) -> Result<bool, Fault> {
        let mut number = 0;
        let mut ask = |sql: &str, params: &[Value<'_>]| {
            self.each(sql, params, &mut |row| row.int(0).map(|found| number = found)).map(|()| number)
        };
        let since = match *since {
            Some(since) => since,
            None => *since.insert(ask(NOW, &[])?),
        };
        // These two look at the server, not at data: no snapshot hides anything from them.
        if ask(WRITING_SINCE, &[Value::Text(super::WRITERS_NAME), Value::Int(since)])? == 0 {
            return Ok(true);
        }
        ask("select cast(length(cast(pg_sleep(0.002) as text)) as bigint)", &[])?;
        Ok(false)
    }

    fn broken(&self) -> Option<&Fault> {
        self.broken.as_ref()
    }
}
