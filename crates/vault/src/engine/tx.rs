//! What the body of a transaction may do: [`Tx`] reads and writes, [`Snap`] only reads.
//!
//! Invariant: a statement that failed ends its transaction. Every later statement repeats the fault and nothing is
//! committed, on both engines alike; whoever expects a key to be taken says `on conflict do nothing`.

use super::{Fault, Row, Value};
use model::Hint;

/// A connection inside a transaction: what each engine must bring.
pub(super) trait Link {
    /// Runs a statement and counts the rows it changed.
    fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Fault>;
    /// Runs a statement whose count nobody waits for. Its failure shows at the commit at the latest.
    fn put(&mut self, sql: &str, params: &[Value<'_>]) -> Result<(), Fault>;
    /// Runs a statement and lends each of its rows.
    fn each(&mut self, sql: &str, params: &[Value<'_>], row: &mut OnRow<'_>) -> Result<(), Fault>;
    /// Runs statements of the schema, written in the dialect of [`super::ddl`].
    fn ddl(&mut self, sql: &str) -> Result<(), Fault>;
    /// Do writing transactions run one after another here, whoever else there is?
    fn in_turn(&self) -> bool;
    /// Keeps other nodes from changing the schema until this transaction ends.
    fn lock_schema(&mut self) -> Result<(), Fault>;
    /// Have all transactions ended that were writing at the moment `since`, of the server's clock? Without one it is now,
    /// and put there. Rests a little if not.
    fn settled(&mut self, since: &mut Option<i64>) -> Result<bool, Fault>;
    /// The fault that ended this transaction, if one did.
    fn broken(&self) -> Option<&Fault>;
}

/// Takes the rows of an answer one by one.
pub(crate) type OnRow<'a> = dyn FnMut(&Row<'_>) -> Result<(), Fault> + 'a;

/// A write transaction. What its body did is stored after the commit, all of it or nothing.
pub(crate) struct Tx<'c> {
    pub(super) link: &'c mut (dyn Link + 'c),
    pub(super) told: Vec<Hint>,
}

/// A consistent view of what is committed, for reading only.
pub(crate) struct Snap<'c> {
    pub(super) link: &'c mut (dyn Link + 'c),
}

/// Reading, in a transaction or in a snapshot: queries take `&mut impl Reads`.
pub(crate) trait Reads {
    /// Lends each row to `on_row`, in the order of the answer.
    fn each(&mut self, sql: &str, params: &[Value<'_>], on_row: &mut OnRow<'_>) -> Result<(), Fault>;

    /// All rows, each turned into a `T`.
    fn all<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut from_row: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut found = Vec::new();
        self.each(sql, params, &mut |row| {
            found.push(from_row(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The row, if there is one; a second is a fault.
    fn one<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut from_row: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let mut found = None;
        self.each(sql, params, &mut |row| match found.replace(from_row(row)?) {
            None => Ok(()),
            Some(_) => Err(Fault::Shape(format!("more than one row answers `{sql}`"))),
        })?;
        Ok(found)
    }
}

impl Reads for Tx<'_> {
    fn each(&mut self, sql: &str, params: &[Value<'_>], on_row: &mut OnRow<'_>) -> Result<(), Fault> {
        self.link.each(sql, params, on_row)
    }
}

impl Reads for Snap<'_> {
    fn each(&mut self, sql: &str, params: &[Value<'_>], on_row: &mut OnRow<'_>) -> Result<(), Fault> {
        self.link.each(sql, params, on_row)
    }
}

impl Tx<'_> {
    /// Tells a hint once the transaction has committed, and never if it does not.
    pub(crate) fn tell(&mut self, hint: Hint) {
        self.told.push(hint);
    }

    /// Runs a statement and says how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.link.execute(sql, params)
    }

    /// Runs a statement whose count does not matter: PostgreSQL then need not be waited for until the next
    /// answer or the commit. If it fails, the transaction does, and the body may not learn of it: where a taken
    /// key is to become a refusal, use [`Tx::execute`].
    pub(crate) fn put(&mut self, sql: &str, params: &[Value<'_>]) -> Result<(), Fault> {
        self.link.put(sql, params)
    }

    /// Do writing transactions run one after another here? Then what one takes as the next number of a row that all
    /// share makes nobody wait.
    pub(crate) fn in_turn(&self) -> bool {
        self.link.in_turn()
    }
}
