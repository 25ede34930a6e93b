//! Deleting a message for an app: the person's own for everyone, another's for the person alone.
//!
//! Invariant: nothing is destroyed here; the person can restore it for 30 days. What the app may not see it may not delete.

use super::permit::{DeleteMessage, Permit};
use super::place;
use super::record::{Opened, Record, Touched};
use crate::engine::{Reads, Tx, params};
use crate::tables::events::{self, What};
use crate::tables::ids::id;
use crate::tables::notices::{self, Notice};
use crate::{Fault, Refusal, Vault};
use model::{AppId, ConversationId, Kind, MessageFacts, PersonId, Time, Withheld};

/// How long a deleted message can be restored, in seconds.
pub const RESTORE_S: i64 = 30 * 24 * 3600;

const FACTS: &str = "select m.author, m.kind, m.sent_at, m.deleted_at, \
    (select count(*) from hidden_messages h where h.conversation = m.conversation and h.person = $1 and h.seq = m.seq), \
    (select count(*) from participants o join persons p on p.id = o.person \
     where o.conversation = m.conversation and o.person = m.author and (o.words_out = 1 or p.words_out = 1)) \
    from messages m where m.conversation = $2 and m.seq = $3";

/// The facts of a message that the rule looks at.
pub(super) fn facts(
    db: &mut impl Reads,
    person: PersonId,
    conversation: ConversationId,
    seq: i64,
) -> Result<Option<MessageFacts>, Fault> {
    db.one(FACTS, params![person.as_bytes(), conversation.as_bytes(), seq], |row| {
        let kind = Kind::EACH.iter().copied().find(|&kind| row.int(1) == Ok(1 << kind as i64));
        Ok(MessageFacts {
            author: id(row, 0)?,
            kind: kind.ok_or_else(|| Fault::Shape("a message of no known kind".into()))?,
            sent_at: Time::from_micros(row.int(2)?),
            deleted: row.opt_int(3)?.is_some() || row.int(4)? != 0,
            author_keeps_out: row.int(5)? != 0,
        })
    })
}

/// Marks a message deleted: for everyone if `person` wrote it, else for herself.
pub(super) fn mark(
    tx: &mut Tx<'_>,
    (conversation, seq): (ConversationId, i64),
    (person, author): (PersonId, PersonId),
    via: Option<AppId>,
    at: Time,
) -> Result<(), Fault> {
    let via = via.as_ref().map(AppId::as_bytes);
    let for_whom = (author != person).then_some(person);
    if author == person {
        tx.put(
            "update messages set deleted_at = $1, deleted_via = $2 where conversation = $3 and seq = $4",
            params![at.micros(), via, conversation.as_bytes(), seq],
        )?;
    } else {
        tx.put(
            "insert into hidden_messages (person, conversation, seq, at, via) values ($1, $2, $3, $4, $5) \
             on conflict (conversation, person, seq) do nothing",
            params![person.as_bytes(), conversation.as_bytes(), seq, at.micros(), via],
        )?;
    }
    events::happened(tx, conversation, What::Deleted(seq, for_whom), at)
}

impl Vault {
    /// Deletes a message as the person. Deleting what is already deleted does nothing and is recorded as `none`.
    pub async fn delete_message(&self, permit: Permit<DeleteMessage>) -> Result<Opened<()>, Refusal> {
        let world = self.world.clone();
        let ((), committed) = self
            .spend("delete_message", permit, move |tx, permit| {
                let DeleteMessage { conversation, seq } = permit.ask;
                let found = place::find(tx, conversation, permit.person, permit.app, permit.grant)?;
                found.filter(|found| permit.limits.reaches(&found.place)).ok_or(Refusal::NotFound)?;
                let facts = facts(tx, permit.person, conversation, seq)?.ok_or(Refusal::NotFound)?;
                let count = match permit.limits.shows(&facts) {
                    Ok(()) => 1,
                    Err(Withheld::Deleted) => 0,
                    Err(withheld) => return Err(Refusal::Withheld(withheld)),
                };
                let record = Record::write(tx, permit, Touched { count, ..Touched::one(conversation, seq) })?;
                if count == 1 {
                    let who = (permit.person, facts.author);
                    mark(record.tx, (conversation, seq), who, Some(permit.app), permit.now)?;
                    notices::add(record.tx, &world, permit.person, &Notice::Deleted { app: permit.app })?;
                }
                Ok(((), record.close()))
            })
            .await?;
        self.hand_out(committed, ())
    }
}

/// Destroys what was deleted for everyone more than 30 days ago; its seq stays taken. How many.
pub(crate) fn purge_deleted(tx: &mut Tx<'_>, now: Time, limit: i64) -> Result<u64, Fault> {
    let before = now.plus_seconds(-RESTORE_S).micros();
    let found = tx.all(
        "select conversation, seq from messages where deleted_at < $1 and body <> '' limit $2",
        params![before, limit],
        |row| Ok((id::<ConversationId>(row, 0)?, row.int(1)?)),
    )?;
    for (conversation, seq) in &found {
        let sql = "update messages set body = '' where conversation = $1 and seq = $2 and deleted_at < $3";
        tx.put(sql, params![conversation.as_bytes(), *seq, before])?;
    }
    Ok(found.len() as u64)
}
