//! PostgreSQL: in the making.

use super::job::Job;
use super::{Fault, OpenError, Value};

pub(super) struct Postgres {}

impl Postgres {
    pub(super) fn open(_url: &str) -> Result<Postgres, OpenError> {
        Err(OpenError::NoPostgres)
    }

    pub(super) fn write(&self, job: Box<dyn Job>) {
        job.answer(Err(Fault::Closed));
    }

    pub(super) fn read(&self, job: Box<dyn Job>) {
        job.answer(Err(Fault::Closed));
    }
}

pub(super) fn value<'r>(_row: &'r tokio_postgres::Row, _column: usize) -> Result<Value<'r>, Fault> {
    Err(Fault::Closed)
}
