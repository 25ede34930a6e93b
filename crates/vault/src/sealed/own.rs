//! The one exception: a person's own session, in her own conversations, leaves no access record.
//!
//! Invariant: an `Own` is made from a live session cookie alone, and everything here is bound to its person and to
//! conversations that she is in. Her reads are not an access by anyone else, and this file is where that is decided.

use super::body::{self, Author, Message};
use super::delete::{RESTORE_S, facts, mark};
use super::page::{self, JsonPage, Page};
use super::send::{Keyed, New, next, store};
use super::{conversations, read};
use crate::engine::{Reads, Row, Tx, params};
use crate::tables::conversations as rows;
use crate::tables::events::{self, What};
use crate::tables::ids::{id, opt_id};
use crate::tables::secret::{Secret, SecretKind};
use crate::tables::sessions::SEEN_EVERY_S;
use crate::{Fault, Refusal, Vault};
use model::{AppId, Content, ConversationId, MessageId, PersonId, SessionId, Time};

/// A person in her own signed-in browser.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    person: PersonId,
    session: SessionId,
    authed_at: Time,
}

impl Own {
    /// Who.
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// In which of her browsers.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// When she last proved that it is her: at signing in, or again since.
    pub fn authed_at(&self) -> Time {
        self.authed_at
    }
}

/// What lies within the limits of a grant at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WithinReach {
    /// Conversations that it reaches.
    pub conversations: i64,
    /// Messages in them that it shows.
    pub messages: i64,
    /// Conversations in which it shows any.
    pub with_messages: i64,
}

/// A message that she can restore.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// The message as it was.
    pub message: Message,
    /// When it was deleted.
    pub deleted_at: Time,
    /// The app that deleted it, if an app did.
    pub by_app: Option<String>,
    /// For everyone, or for her alone.
    pub for_everyone: bool,
}

const PAGE: &str = "select m.seq, m.id, m.author, m.via, m.sent_at, \
    case when m.deleted_at is null and not exists (select 1 from hidden_messages h \
    where h.conversation = m.conversation and h.person = $1 and h.seq = m.seq) then m.body end, \
    p.handle, p.name, a.name from messages m left join persons p on p.id = m.author left join apps a on a.id = m.via \
    where m.conversation = $2 and m.seq > $3 and m.seq < $4 order by m.seq desc limit $5";

/// A page as its participant gets it: `$1` person, `$2` conversation, `$3` after, `$4` before, `$5` limit.
macro_rules! json_page {
    ($order:literal) => {
        concat!(
            "select m.seq, m.author, m.via, case when m.deleted_at is not null or m.seq in \
             (select h.seq from hidden_messages h where h.person = $1 and h.conversation = $2) \
             then 'deleted' else m.body end \
             from messages m where m.conversation = $2 and m.seq > $3 and m.seq < $4 order by m.seq ",
            $order,
            " limit $5"
        )
    };
}

const JSON_NEWEST: &str = json_page!("desc");
const JSON_OLDEST: &str = json_page!("asc");

fn author<Id>(id: Id, handle: Option<&str>, name: Option<&str>) -> Author<Id> {
    Author { id, handle: handle.map(str::to_owned), name: name.unwrap_or("").to_owned() }
}

/// Columns: seq, id, author, via, sent_at, body, author's handle and name, app's name.
fn message(row: &Row<'_>, conversation: ConversationId) -> Result<Message, Fault> {
    let content = row.opt_text(5)?.map(|text| body::read(text).map(|stored| stored.content)).transpose()?;
    Ok(Message {
        id: id(row, 1)?,
        conversation,
        seq: row.int(0)?,
        from: author(id(row, 2)?, row.opt_text(6)?, row.opt_text(7)?),
        via: opt_id(row, 3)?.map(|via| row.opt_text(8).map(|name| author(via, None, name))).transpose()?,
        sent_at: Time::from_micros(row.int(4)?),
        content,
    })
}

const DELETED: &str = "select m.seq, m.id, m.author, m.via, m.sent_at, m.body, p.handle, p.name, a.name, \
    m.conversation, x.at, x.everyone, d.name from \
    (select conversation, seq, deleted_at as at, deleted_via as via, cast(1 as bigint) as everyone from messages \
     where author = $1 and deleted_at > $2 union all \
     select conversation, seq, at, via, cast(0 as bigint) as everyone from hidden_messages where person = $1 and at > $2) x \
    join messages m on m.conversation = x.conversation and m.seq = x.seq \
    left join persons p on p.id = m.author left join apps a on a.id = m.via left join apps d on d.id = x.via \
    where x.everyone = 1 or m.deleted_at is null order by x.at desc limit 200";

/// What a person says in one of her conversations.
pub(super) struct Said<'a> {
    pub(super) message: MessageId,
    pub(super) person: PersonId,
    /// The app that proposed it, if one did.
    pub(super) via: Option<AppId>,
    pub(super) content: &'a Content,
}

/// Stores it as the next message, once for its key; its seq.
pub(super) fn say(
    tx: &mut Tx<'_>,
    keyed: &Keyed,
    conversation: ConversationId,
    said: &Said<'_>,
) -> Result<i64, Refusal> {
    if let Some(before) = keyed.before(tx)? {
        return Ok(before.seq);
    }
    let &Said { message: id, person: author, via, content } = said;
    rows::participant(tx, conversation, author)?.ok_or(Refusal::NotFound)?;
    let sent_at = keyed.now;
    let (seq, n) = next(tx, conversation, sent_at)?.ok_or(Refusal::NotFound)?;
    store(tx, &New { id, conversation, seq, author, via, sent_at, content })?;
    keyed.remember(tx, (conversation, seq), 0)?;
    rows::mark_read(tx, conversation, author, seq)?;
    events::note(tx, (conversation, n), What::Message(seq), sent_at)?;
    Ok(seq)
}

/// The conversation of two people; `new_id` becomes it if they have none yet.
pub(super) fn open_direct(
    tx: &mut Tx<'_>,
    new_id: ConversationId,
    (person, friend): (PersonId, PersonId),
    at: Time,
) -> Result<ConversationId, Refusal> {
    let key = rows::direct_key(person, friend);
    if let Some(known) = rows::by_direct_key(tx, &key)? {
        return Ok(known);
    }
    let new = rows::New { id: new_id, title: None, direct: Some(&key), via: None, at };
    match conversations::start(tx, &new, person, &[friend])? {
        true => Ok(new_id),
        false => rows::by_direct_key(tx, &key)?.ok_or(Refusal::Changed),
    }
}

impl Vault {
    /// Whose browser sends this session cookie. Notes that the session was seen.
    pub async fn own(&self, cookie: &str) -> Result<Own, Refusal> {
        let hash = Secret::read(SecretKind::Session, cookie).ok_or(Refusal::SignedOut)?.hash();
        let now = self.world.now();
        let found = self
            .engine
            .read("own", move |snap| -> Result<_, Refusal> {
                Ok(snap.one(
                    "select person, id, authed_at, seen_at from sessions where token = $1 and ends_at > $2",
                    params![&hash, now.micros()],
                    |row| {
                        let authed_at = Time::from_micros(row.int(2)?);
                        let own = Own { person: id(row, 0)?, session: id(row, 1)?, authed_at };
                        Ok((own, Time::from_micros(row.int(3)?)))
                    },
                )?)
            })
            .await?;
        let (own, seen_at) = found.ok_or(Refusal::SignedOut)?;
        if seen_at.plus_seconds(SEEN_EVERY_S) <= now {
            self.session_seen(&own, now).await;
        }
        Ok(own)
    }

    /// A page of one of her conversations, ascending by seq.
    pub async fn own_messages(
        &self,
        own: &Own,
        conversation: ConversationId,
        page: Page,
    ) -> Result<Vec<Message>, Refusal> {
        let person = own.person;
        self.engine
            .read("own_messages", move |snap| -> Result<_, Refusal> {
                rows::participant(snap, conversation, person)?.ok_or(Refusal::NotFound)?;
                let (after, before) = (page.after.unwrap_or(0), page.before.unwrap_or(i64::MAX));
                let params = params![person.as_bytes(), conversation.as_bytes(), after, before, page.limit];
                let mut messages = snap.all(PAGE, params, |row| message(row, conversation))?;
                messages.reverse();
                Ok(messages)
            })
            .await
    }

    /// A page of one of her conversations as JSON, in the form in which apps get it: for her own export.
    pub async fn own_page(
        &self,
        own: &Own,
        conversation: ConversationId,
        page: Page,
    ) -> Result<JsonPage, Refusal> {
        self.json_page(own.person, conversation, page).await
    }

    /// A page as its participant gets it. Private to this folder: the caller has shown that it is hers, or recorded why.
    pub(super) async fn json_page(
        &self,
        person: PersonId,
        conversation: ConversationId,
        page: Page,
    ) -> Result<JsonPage, Refusal> {
        self.engine
            .read("own_page", move |snap| -> Result<_, Refusal> {
                rows::participant(snap, conversation, person)?.ok_or(Refusal::NotFound)?;
                let sql = "select last_seq from conversations where id = $1";
                let last_seq =
                    snap.one(sql, params![conversation.as_bytes()], |row| row.int(0))?.unwrap_or(0);
                let (after, before) = (page.after.unwrap_or(0), page.before.unwrap_or(i64::MAX));
                let params = params![person.as_bytes(), conversation.as_bytes(), after, before, page.limit];
                let statement = if page.is_forward() { JSON_OLDEST } else { JSON_NEWEST };
                Ok(page::tell(snap, statement, params, (page, last_seq))?.page)
            })
            .await
    }

    /// The newest message of each of these conversations of hers, for a list of them.
    pub async fn own_newest(
        &self,
        own: &Own,
        conversations: Vec<ConversationId>,
    ) -> Result<Vec<Option<Message>>, Refusal> {
        let person = own.person;
        self.engine
            .read("own_newest", move |snap| -> Result<_, Refusal> {
                let newest = conversations.iter().map(|&conversation| {
                    rows::participant(snap, conversation, person)?.ok_or(Refusal::NotFound)?;
                    let params = params![person.as_bytes(), conversation.as_bytes(), 0, i64::MAX, 1];
                    Ok(snap.one(PAGE, params, |row| message(row, conversation))?)
                });
                newest.collect()
            })
            .await
    }

    /// Runs a body that says something. If the same request, sent twice, got ahead of it, the body runs once more and finds
    /// what the other did.
    pub(super) async fn say_once<T: Send + 'static>(
        &self,
        name: &'static str,
        body: impl FnMut(&mut Tx<'_>) -> Result<T, Refusal> + Clone + Send + 'static,
    ) -> Result<T, Refusal> {
        match self.engine.write(name, body.clone()).await {
            Err(Refusal::SentBefore) => self.engine.write(name, body).await,
            done => done,
        }
    }

    /// Sends a message of her own. The same `key` sends once.
    pub async fn own_send(
        &self,
        own: &Own,
        conversation: ConversationId,
        content: Content,
        key: &str,
    ) -> Result<i64, Refusal> {
        let (person, now) = (own.person, self.world.now());
        let message = MessageId::new(&self.world);
        let keyed = Keyed::new(*person.as_bytes(), key, conversation, &content, now)?;
        self.say_once("own_send", move |tx| {
            say(tx, &keyed, conversation, &Said { message, person, via: None, content: &content })
        })
        .await
    }

    /// Deletes a message: her own for everyone, another's for herself.
    pub async fn own_delete(&self, own: &Own, conversation: ConversationId, seq: i64) -> Result<(), Refusal> {
        let (person, now) = (own.person, self.world.now());
        self.engine
            .write("own_delete", move |tx| -> Result<(), Refusal> {
                rows::participant(tx, conversation, person)?.ok_or(Refusal::NotFound)?;
                let facts = facts(tx, person, conversation, seq)?.ok_or(Refusal::NotFound)?;
                if !facts.deleted {
                    mark(tx, (conversation, seq), (person, facts.author), None, now)?;
                }
                Ok(())
            })
            .await
    }

    /// What she can still restore: deleted in the last 30 days, by her or by her apps; newest first, at most 200.
    pub async fn own_deleted(&self, own: &Own) -> Result<Vec<Deleted>, Refusal> {
        let (person, since) = (own.person, self.world.now().plus_seconds(-RESTORE_S));
        self.engine
            .read("own_deleted", move |snap| -> Result<_, Refusal> {
                Ok(snap.all(DELETED, params![person.as_bytes(), since.micros()], |row| {
                    Ok(Deleted {
                        message: message(row, id(row, 9)?)?,
                        deleted_at: Time::from_micros(row.int(10)?),
                        for_everyone: row.int(11)? != 0,
                        by_app: row.opt_text(12)?.map(str::to_owned),
                    })
                })?)
            })
            .await
    }

    /// Restores a message that she, or an app of hers, deleted in the last 30 days.
    pub async fn own_restore(
        &self,
        own: &Own,
        conversation: ConversationId,
        seq: i64,
    ) -> Result<(), Refusal> {
        let (person, now) = (own.person, self.world.now());
        let since = now.plus_seconds(-RESTORE_S);
        self.engine
            .write("own_restore", move |tx| -> Result<(), Refusal> {
                let restored = tx.execute(
                    "update messages set deleted_at = null, deleted_via = null \
                     where conversation = $1 and seq = $2 and author = $3 and deleted_at > $4",
                    params![conversation.as_bytes(), seq, person.as_bytes(), since.micros()],
                )?;
                let shown = tx.execute(
                    "delete from hidden_messages where conversation = $1 and seq = $2 and person = $3 and at > $4",
                    params![conversation.as_bytes(), seq, person.as_bytes(), since.micros()],
                )?;
                if restored + shown == 0 {
                    return Err(Refusal::NotFound);
                }
                let for_whom = (restored == 0).then_some(person);
                Ok(events::happened(tx, conversation, What::Restored(seq, for_whom), now)?)
            })
            .await
    }

    /// Opens the conversation with a friend, or starts a group with friends.
    pub async fn own_start(
        &self,
        own: &Own,
        others: Vec<PersonId>,
        title: Option<String>,
    ) -> Result<ConversationId, Refusal> {
        let (person, now) = (own.person, self.world.now());
        let new_id = ConversationId::new(&self.world);
        self.engine
            .write("own_start", move |tx| -> Result<ConversationId, Refusal> {
                match others.as_slice() {
                    [friend] if title.is_none() => open_direct(tx, new_id, (person, *friend), now),
                    _ => {
                        let title = title.as_deref();
                        let new = rows::New { id: new_id, title, direct: None, via: None, at: now };
                        conversations::start(tx, &new, person, &others)?;
                        Ok(new_id)
                    }
                }
            })
            .await
    }

    /// What a grant with these limits would reach today: the preview on the consent page. Counts only; the predicate is
    /// that of reading.
    pub async fn own_preview(
        &self,
        own: &Own,
        limits: model::Limits,
        chosen: Vec<ConversationId>,
    ) -> Result<WithinReach, Refusal> {
        let person = own.person;
        self.engine
            .read("own_preview", move |snap| -> Result<_, Refusal> {
                let mut within = WithinReach::default();
                for conversation in rows::within(snap, person, &limits, &chosen)? {
                    let count = read::count(snap, &limits, conversation)?;
                    within.conversations += 1;
                    within.messages += count;
                    within.with_messages += i64::from(count > 0);
                }
                Ok(within)
            })
            .await
    }
}
