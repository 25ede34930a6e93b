//! Whether the vault can store, and is whole.

use crate::engine::{Reads, params};
use crate::{Fault, Vault};

impl Vault {
    /// Writes and commits a change that changes nothing: what fails here would fail for people too.
    pub async fn ready(&self) -> Result<(), Fault> {
        if let Some(why) = self.log_halted() {
            return Err(Fault::Other(format!("the log is halted: {why}")));
        }
        let sql = "update ledger_head set one = one where one = 1";
        self.engine.write("ready", move |tx| tx.put(sql, params![])).await
    }

    /// What is damaged in the database, as far as its engine can tell: SQLite can, PostgreSQL has tools of its own.
    pub async fn integrity(&self) -> Result<Vec<String>, Fault> {
        if !self.engine.is_folder() {
            return Ok(Vec::new());
        }
        let found: Vec<String> = self
            .engine
            .read("integrity", |snap| {
                snap.all("pragma quick_check", params![], |row| Ok(row.text(0)?.to_owned()))
            })
            .await?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }
}
