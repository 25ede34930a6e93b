//! What the counting map counts: the accesses that have their place in the log, in its order.
//!
//! Invariant: an access is handed out once it is in the log and not before, so two who count the same span count the same.

use super::access_list::action;
use crate::Fault;
use crate::engine::{Reads, params};
use crate::tables::ids::id;
use ledger::commitment::Commitment;
use ledger::entry::Entry;
use ledger::record;
use model::{Action, AppId, GrantId, PersonId};

/// One access, as far as it is counted.
pub(crate) struct Counted {
    pub(crate) index: i64,
    pub(crate) grant: GrantId,
    pub(crate) person: PersonId,
    pub(crate) app: AppId,
    pub(crate) action: record::Action,
    pub(crate) commitment: Commitment,
}

/// The word of the ledger for an action.
pub(crate) fn in_ledger(action: Action) -> record::Action {
    match action {
        Action::List => record::Action::List,
        Action::Read => record::Action::Read,
        Action::Send => record::Action::Send,
        Action::Delete => record::Action::Delete,
    }
}

const SPAN: &str = "select e.idx, e.home, g.person, g.app, x.action, e.entry from ledger_entries e \
    join access x on x.grant_id = e.home and x.n = e.n join grants g on g.id = e.home \
    where e.idx >= $1 and e.idx < $2 order by e.idx limit $3";

/// The accesses among the entries `from..to` of the log, the first `limit` of them.
pub(crate) fn counted(
    db: &mut impl Reads,
    (from, to): (i64, i64),
    limit: i64,
) -> Result<Vec<Counted>, Fault> {
    db.all(SPAN, params![from, to, limit], |row| {
        let commitment = match Entry::parse(row.blob(5)?) {
            Ok(Entry::Access(commitment)) => commitment,
            _ => {
                return Err(Fault::Shape(format!(
                    "entry {} of the log is not that of an access",
                    row.int(0)?
                )));
            }
        };
        Ok(Counted {
            index: row.int(0)?,
            grant: id(row, 1)?,
            person: id(row, 2)?,
            app: id(row, 3)?,
            action: in_ledger(action(row, 4)?),
            commitment,
        })
    })
}

/// Is there an access to this person's things that the map does not count yet?
pub(crate) fn uncounted(db: &mut impl Reads, person: PersonId) -> Result<bool, Fault> {
    let sql = "select 1 from grants g where g.person = $1 and exists (select 1 from access x where x.grant_id = g.id \
               and (x.leaf is null or x.leaf >= (select h.size from map_head h where h.one = 1))) limit 1";
    Ok(db.one(sql, params![person.as_bytes()], |row| row.int(0))?.is_some())
}
