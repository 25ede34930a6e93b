//! Taking in the history of another platform. Only stores; gives nothing out.
//!
//! Invariant: a message is taken once: its key in the source is kept beside it.

use super::send::{New, next_seq, store};
use crate::engine::{Reads, params};
use crate::tables::conversations as rows;
use crate::tables::ids::id;
use crate::{Refusal, Vault};
use model::{Content, ConversationId, MessageId, PersonId, Time};

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

impl Vault {
    /// Takes in one thread of an export for a person; all of it or nothing.
    pub async fn import_thread(
        &self,
        person: PersonId,
        thread: String,
        title: Option<String>,
        people: Vec<PersonId>,
        messages: Vec<ImportMessage>,
    ) -> Result<Imported, Refusal> {
        let (world, now) = (self.world.clone(), self.world.now());
        self.engine
            .write("import_thread", move |tx| -> Result<Imported, Refusal> {
                let known = tx.one(
                    "select conversation from import_threads where person = $1 and thread = $2",
                    params![person.as_bytes(), &thread],
                    |row| id(row, 0),
                )?;
                let conversation = match known {
                    Some(conversation) => {
                        rows::join(tx, conversation, &people, now)?;
                        conversation
                    }
                    None => {
                        let conversation = ConversationId::new(&world);
                        let at = messages.first().map_or(now, |message| message.sent_at.min(now));
                        let new = rows::New { id: conversation, title: title.as_deref(), direct: None, via: None, at };
                        rows::insert(tx, &new, person, &people)?;
                        tx.put(
                            "insert into import_threads (person, thread, conversation) values ($1, $2, $3)",
                            params![person.as_bytes(), &thread, conversation.as_bytes()],
                        )?;
                        conversation
                    }
                };
                let (mut added, mut known) = (0, 0);
                for message in &messages {
                    let new = tx.execute(
                        "insert into import_messages (conversation, key) values ($1, $2) on conflict do nothing",
                        params![conversation.as_bytes(), &message.key],
                    )?;
                    if new == 0 {
                        known += 1;
                        continue;
                    }
                    added += 1;
                    let sent_at = message.sent_at;
                    let seq = next_seq(tx, conversation, sent_at)?.ok_or(Refusal::NotFound)?;
                    let (id, author) = (MessageId::new(&world), message.author);
                    let content = &message.content;
                    store(tx, &New { id, conversation, seq, author, via: None, sent_at, content })?;
                }
                if added > 0 {
                    rows::settle_import(tx, conversation, person)?;
                }
                Ok(Imported { conversation, added, known })
            })
            .await
    }
}
