//! Brings a database to the program's schema, step by step, forward only.
//!
//! Invariant: a step and its number commit together, so a database is always exactly at the schema its newest number
//! says, however often the program was killed on the way, and however many nodes start at once.

use super::tx::{Reads, Tx};
use super::{Engine, Fault, OpenError, params};

/// One step of the schema. Once released, a step never changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Counts from 1, without gaps.
    pub(crate) number: i64,
    /// What it brings, for people.
    pub(crate) name: &'static str,
    /// Its statements, in the dialect of [`super::ddl`].
    pub(crate) sql: &'static str,
}

const STEPS_TABLE: &str =
    "create table if not exists schema_step (number bigint primary key, name text not null);";

impl Engine {
    /// Applies the steps that are missing, each in a transaction of its own. Blocks; for start-up.
    pub(crate) fn migrate(&self, steps: &'static [Step]) -> Result<(), OpenError> {
        while self.write("schema.step", move |tx| apply_next(tx, steps)).wait()? {}
        Ok(())
    }
}

/// Applies the first step that is missing, and says whether there was one.
fn apply_next(tx: &mut Tx<'_>, steps: &[Step]) -> Result<bool, OpenError> {
    tx.link.lock_schema()?;
    tx.link.ddl(STEPS_TABLE)?;
    let applied = tx.all("select number, name from schema_step order by number", &[], |row| {
        Ok((row.int(0)?, row.text(1)?.to_owned()))
    })?;
    let program = steps.last().map_or(0, |step| step.number);
    if let Some((database, _)) = applied.last().filter(|(number, _)| *number > program) {
        return Err(OpenError::Newer { database: *database, program });
    }
    for (step, (number, name)) in steps.iter().zip(&applied) {
        if step.number != *number || step.name != name {
            return Err(OpenError::Foreign(format!("its schema step {number} is called `{name}`")));
        }
    }
    let Some(step) = steps.get(applied.len()) else { return Ok(false) };
    let in_step = |fault: Fault| OpenError::Step { number: step.number, name: step.name, fault };
    tx.link.ddl(step.sql).map_err(in_step)?;
    let sql = "insert into schema_step (number, name) values ($1, $2)";
    tx.execute(sql, params![step.number, step.name]).map_err(in_step)?;
    Ok(true)
}
