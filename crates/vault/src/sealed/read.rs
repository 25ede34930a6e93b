//! Reading a page of messages for an app.
//!
//! The page is selected from a snapshot and sealed; `Committed`, the proof that the access record is durable, opens it.
//! So readers run beside each other and only the record needs the writer.
//! Invariant: what the predicate of `SELECT` leaves out never leaves the database; it is `Limits::shows` in SQL.

use super::page::{self, JsonPage, Page};
use super::permit::{Permit, ReadMessages};
use super::place;
use super::record::{Opened, Sealed, Touched};
use crate::engine::{Reads, Snap, params};
use crate::{Fault, Refusal, Vault};
use model::{ConversationId, Limits};

/// `$1` person, `$2` conversation, `$3` not before, `$4` kinds, `$5` after, `$6` before, `$7` limit.
macro_rules! select {
    ($order:literal) => {
        concat!(
            "select m.seq, m.author, m.via, case \
             when m.deleted_at is not null or m.seq in \
             (select h.seq from hidden_messages h where h.person = $1 and h.conversation = $2) then 'deleted' \
             when m.sent_at < $3 then 'window' \
             when (m.kind & $4) = 0 then 'kind' \
             when m.author <> $1 and m.author in (select o.person from participants o \
             join persons p on p.id = o.person where o.conversation = $2 and (o.words_out = 1 or p.words_out = 1)) \
             then 'author' else m.body end \
             from messages m where m.conversation = $2 and m.seq > $5 and m.seq < $6 order by m.seq ",
            $order,
            " limit $7"
        )
    };
}

const NEWEST: &str = select!("desc");
const OLDEST: &str = select!("asc");

/// Selects what the limits show of a page, and seals it.
fn seal(
    snap: &mut Snap<'_>,
    limits: &Limits,
    ask: &ReadMessages,
    last_seq: i64,
) -> Result<Sealed<JsonPage>, Fault> {
    let Page { before, after, limit } = ask.page;
    let params = params![
        limits.person.as_bytes(),
        ask.conversation.as_bytes(),
        limits.not_before.micros(),
        limits.kinds.bits(),
        after.unwrap_or(0),
        before.unwrap_or(i64::MAX),
        limit
    ];
    let statement = if ask.page.is_forward() { OLDEST } else { NEWEST };
    let told = page::tell(snap, statement, params, (ask.page, last_seq))?;
    let touched = Touched {
        conversation: Some(ask.conversation),
        first_seq: told.first,
        last_seq: told.last,
        count: told.count,
        withheld: told.withheld,
    };
    Ok(Sealed::new(told.page, touched))
}

/// `$1` conversation, `$2` not before, `$3` kinds, `$4` person: how many messages `select!` would show.
const COUNT: &str = "select count(*) from messages m where m.conversation = $1 and m.deleted_at is null \
    and m.sent_at >= $2 and (m.kind & $3) <> 0 and m.seq not in \
    (select h.seq from hidden_messages h where h.person = $4 and h.conversation = $1) \
    and (m.author = $4 or m.author not in (select o.person from participants o join persons p on p.id = o.person \
    where o.conversation = $1 and (o.words_out = 1 or p.words_out = 1)))";

/// How many messages of a conversation the limits show.
pub(super) fn count(
    db: &mut impl Reads,
    limits: &Limits,
    conversation: ConversationId,
) -> Result<i64, Fault> {
    let params = params![
        conversation.as_bytes(),
        limits.not_before.micros(),
        limits.kinds.bits(),
        limits.person.as_bytes()
    ];
    Ok(db.one(COUNT, params, |row| row.int(0))?.unwrap_or(0))
}

impl Vault {
    /// Reads a page. The record is durable before a word of it is handed out.
    pub async fn read_messages(&self, permit: Permit<ReadMessages>) -> Result<Opened<JsonPage>, Refusal> {
        self.read_sealed(("select_messages", "record_read"), permit, |snap, permit| {
            let found = place::find(snap, permit.ask.conversation, permit.person, permit.app, permit.grant)?;
            let found = found.filter(|found| permit.limits.reaches(&found.place)).ok_or(Refusal::NotFound)?;
            Ok(seal(snap, &permit.limits, &permit.ask, found.last_seq)?)
        })
        .await
    }
}
