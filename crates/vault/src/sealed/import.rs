//! Taking in the history of another platform. Only stores; gives nothing out.
//!
//! Invariant: a message is taken once: its key in the source is kept beside it.

use super::send::{New, next_seqs, store};
use crate::engine::{Reads, Tx, params};
use crate::tables::conversations as rows;
use crate::tables::events::{self, What};
use crate::tables::ids::id;
use crate::{Refusal, Vault};
use model::{Content, ConversationId, MessageId, PersonId, Time, World};
use std::collections::HashSet;

/// One message of an export.
#[derive(Debug, Clone)]
pub struct ImportMessage {
    /// What makes it the same message in a second export.
    pub key: [u8; 32],
    /// Who wrote it.
    pub author: PersonId,
    /// When; the time of the import where the export does not say.
    pub sent_at: Time,
    /// What it says.
    pub content: Content,
}

/// A thread of an export, or a part of one.
#[derive(Debug, Clone)]
pub struct ImportThread {
    /// What makes it the same thread in a second export.
    pub key: String,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Who is in it beside the person whose export it is.
    pub people: Vec<PersonId>,
    /// What was said, oldest first.
    pub messages: Vec<ImportMessage>,
}

/// What became of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Where it is now.
    pub conversation: ConversationId,
    /// Messages taken now.
    pub added: i64,
    /// Messages that an earlier import had taken.
    pub known: i64,
}

/// Where the thread goes, and whether that was made now.
fn place(
    tx: &mut Tx<'_>,
    world: &World,
    person: PersonId,
    thread: &ImportThread,
) -> Result<(ConversationId, bool), Refusal> {
    let now = world.now();
    let sql = "select conversation from import_threads where person = $1 and thread = $2";
    if let Some(known) = tx.one(sql, params![person.as_bytes(), &thread.key], |row| id(row, 0))? {
        rows::join(tx, known, &thread.people, now)?;
        return Ok((known, false));
    }
    let conversation = ConversationId::new(world);
    let at = thread.messages.first().map_or(now, |message| message.sent_at.min(now));
    let new = rows::New { id: conversation, title: thread.title.as_deref(), direct: None, via: None, at };
    rows::insert(tx, &new, person, &thread.people)?;
    let sql = "insert into import_threads (person, thread, conversation) values ($1, $2, $3)";
    tx.put(sql, params![person.as_bytes(), &thread.key, conversation.as_bytes()])?;
    Ok((conversation, true))
}

/// The messages of a thread that were not taken before; their keys are now. Only where there may be an earlier one is its
/// answer waited for.
fn fresh<'m>(
    tx: &mut Tx<'_>,
    (conversation, is_new): (ConversationId, bool),
    messages: &'m [ImportMessage],
) -> Result<Vec<&'m ImportMessage>, Refusal> {
    let sql = "insert into import_messages (conversation, key) values ($1, $2) on conflict do nothing";
    let mut fresh = Vec::with_capacity(messages.len());
    let mut met = HashSet::with_capacity(messages.len());
    for message in messages {
        let params = params![conversation.as_bytes(), &message.key];
        let taken = match is_new {
            true => met.insert(message.key) && tx.put(sql, params).map(|()| true)?,
            false => tx.execute(sql, params)? > 0,
        };
        if taken {
            fresh.push(message);
        }
    }
    Ok(fresh)
}

fn take(
    tx: &mut Tx<'_>,
    world: &World,
    person: PersonId,
    thread: &ImportThread,
) -> Result<Imported, Refusal> {
    let (conversation, is_new) = place(tx, world, person, thread)?;
    let fresh = fresh(tx, (conversation, is_new), &thread.messages)?;
    let count = |of: usize| i64::try_from(of).unwrap_or(i64::MAX);
    let added = count(fresh.len());
    if let Some(newest) = fresh.iter().map(|message| message.sent_at).max() {
        let last = next_seqs(tx, conversation, added, newest)?.ok_or(Refusal::NotFound)?;
        for (seq, message) in (last - added + 1..).zip(fresh) {
            let ImportMessage { author, sent_at, ref content, .. } = *message;
            let id = MessageId::new(world);
            store(tx, &New { id, conversation, seq, author, via: None, sent_at, content })?;
        }
        rows::settle_import(tx, conversation, person)?;
        events::happened(tx, conversation, What::Conversation, world.now())?;
    }
    Ok(Imported { conversation, added, known: count(thread.messages.len()) - added })
}

impl Vault {
    /// Takes in threads of an export for a person; all of them or nothing. What became of each comes back.
    pub async fn import_threads(
        &self,
        person: PersonId,
        threads: Vec<ImportThread>,
    ) -> Result<Vec<Imported>, Refusal> {
        let world = self.world.clone();
        self.engine
            .write("import_threads", move |tx| -> Result<Vec<Imported>, Refusal> {
                threads.iter().map(|thread| take(tx, &world, person, thread)).collect()
            })
            .await
    }
}
