//! Whether the vault can store.

use crate::engine::params;
use crate::{Fault, Vault};

impl Vault {
    /// Writes and commits a change that changes nothing: what fails here would fail for people too.
    pub async fn ready(&self) -> Result<(), Fault> {
        let sql = "update ledger_head set one = one where one = 1";
        self.engine.write("ready", move |tx| tx.put(sql, params![])).await
    }
}
