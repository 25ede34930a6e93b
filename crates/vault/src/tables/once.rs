//! What was used and may not be used again: by whichever node, and after a restart.
//!
//! Invariant: of two that use the same thing at once, one is told that it was used. A note is kept for as long as the thing
//! would be worth anything, and a little longer.

use crate::engine::{Tx, params};
use crate::{Fault, Refusal, Vault};
use model::Time;
use oauth::Once;

/// Uses this up, as a part of what it lets through.
pub(crate) fn spend(tx: &mut Tx<'_>, once: Option<&Once>) -> Result<(), Refusal> {
    match once.map(|once| note(tx, std::slice::from_ref(once))).transpose()? {
        Some(Some(_)) => Err(Refusal::Replayed),
        _ => Ok(()),
    }
}

/// Notes that these were used. Says which of them (by its place) was used before, if one was.
fn note(tx: &mut Tx<'_>, all: &[Once]) -> Result<Option<usize>, Fault> {
    for (at, once) in all.iter().enumerate() {
        let sql = "insert into used_once (mark, until) values ($1, $2) on conflict (mark) do nothing";
        if tx.execute(sql, params![&once.mark, once.until.micros()])? == 0 {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Forgets what is worth nothing any more; how many is said.
pub(crate) fn forget(tx: &mut Tx<'_>, now: Time, at_most: i64) -> Result<u64, Fault> {
    let sql = "delete from used_once where mark in (select mark from used_once where until < $1 limit $2)";
    tx.execute(sql, params![now.micros(), at_most])
}

impl Vault {
    /// Uses this up, if there is anything to use up.
    pub(crate) async fn use_up(&self, once: Option<Once>) -> Result<(), Refusal> {
        match self.use_once(once.into_iter().collect()).await? {
            Some(_) => Err(Refusal::Replayed),
            None => Ok(()),
        }
    }

    /// Uses these up. Comes back with the place of the first that was used before, if one was.
    pub async fn use_once(&self, all: Vec<Once>) -> Result<Option<usize>, Refusal> {
        if all.is_empty() {
            return Ok(None);
        }
        self.engine.write("use_once", move |tx| -> Result<_, Refusal> { Ok(note(tx, &all)?) }).await
    }
}
