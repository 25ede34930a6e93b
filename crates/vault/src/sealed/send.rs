//! Sending a message, for an app. Act and record are one transaction.
//!
//! Invariant: seqs of a conversation have no holes: a seq is taken in the transaction that stores its message. The same
//! Idempotency-Key does the act once: the second time it is told what the first did, and that is not a new access.

use super::body::{self, Names};
use super::permit::{Permit, SendMessage};
use super::record::{Opened, Record, Touched};
use super::{Caller, access_list, place};
use crate::engine::{Reads, Tx, params};
use crate::tables::events::{self, What};
use crate::tables::ids::{array32, id};
use crate::tables::secret::sha256;
use crate::{Fault, Refusal, Vault};
use model::{AppId, Content, ConversationId, GrantId, MessageId, PersonId, Time};

/// How long an Idempotency-Key is remembered, in seconds.
pub(crate) const KEY_KEPT_S: i64 = 24 * 3600;

/// A message to be stored.
pub(super) struct New<'a> {
    pub(super) id: MessageId,
    pub(super) conversation: ConversationId,
    pub(super) seq: i64,
    pub(super) author: PersonId,
    pub(super) via: Option<AppId>,
    pub(super) sent_at: Time,
    pub(super) content: &'a Content,
}

/// Takes the next seq of a conversation, and the next number of an event in it; `None` when there is no such conversation.
pub(super) fn next(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    at: Time,
) -> Result<Option<(i64, i64)>, Refusal> {
    Ok(tx.one(
        "update conversations set last_seq = last_seq + 1, events = events + 1, \
         last_at = case when last_at < $1 then $1 else last_at end, \
         events_at = case when events_at < $1 then $1 else events_at end \
         where id = $2 returning last_seq, events",
        params![at.micros(), conversation.as_bytes()],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?)
}

/// Takes the next `count` seqs of a conversation for an import; the last of them comes back.
pub(super) fn next_seqs(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    count: i64,
    at: Time,
) -> Result<Option<i64>, Refusal> {
    Ok(tx.one(
        "update conversations set last_seq = last_seq + $1, \
         last_at = case when last_at < $2 then $2 else last_at end where id = $3 returning last_seq",
        params![count, at.micros(), conversation.as_bytes()],
        |row| row.int(0),
    )?)
}

/// Stores a message, if its content is in order; its stored body comes back.
pub(super) fn store(tx: &mut Tx<'_>, new: &New<'_>) -> Result<String, Refusal> {
    new.content.validate().map_err(|invalid| Refusal::Invalid(invalid.to_string()))?;
    let body = body::write(new.id, new.conversation, new.seq, new.sent_at, new.content)?;
    tx.put(
        "insert into messages (conversation, seq, id, author, via, kind, sent_at, body) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            new.conversation.as_bytes(),
            new.seq,
            new.id.as_bytes(),
            new.author.as_bytes(),
            new.via.as_ref().map(AppId::as_bytes),
            1 << new.content.kind() as i64,
            new.sent_at.micros(),
            &body
        ],
    )?;
    Ok(body)
}

/// What an earlier request with the same key did.
pub(super) struct Before {
    pub(super) request: [u8; 32],
    pub(super) conversation: ConversationId,
    pub(super) seq: i64,
    pub(super) n: i64,
}

/// One request to send, named by its key.
#[derive(Clone, Copy)]
pub(super) struct Keyed {
    pub(super) owner: [u8; 16],
    pub(super) key: [u8; 32],
    pub(super) request: [u8; 32],
    pub(super) now: Time,
}

impl Keyed {
    /// `owner` is the grant, or the person for her own sends.
    pub(super) fn new(
        owner: [u8; 16],
        key: &str,
        conversation: ConversationId,
        content: &Content,
        now: Time,
    ) -> Result<Self, Refusal> {
        let json = serde_json::to_vec(content).map_err(|e| Fault::Shape(e.to_string()))?;
        Ok(Keyed {
            owner,
            key: sha256(&[key.as_bytes()]),
            request: sha256(&[conversation.as_bytes(), &json]),
            now,
        })
    }

    /// What an earlier request with this key did; another request under the same key is refused.
    pub(super) fn before(&self, db: &mut impl Reads) -> Result<Option<Before>, Refusal> {
        let kept_from = self.now.plus_seconds(-KEY_KEPT_S).micros();
        let before = db.one(
            "select request, conversation, seq, n from sends where owner = $1 and key = $2 and at > $3",
            params![&self.owner, &self.key, kept_from],
            |row| {
                Ok(Before {
                    request: array32(row, 0)?,
                    conversation: id(row, 1)?,
                    seq: row.int(2)?,
                    n: row.int(3)?,
                })
            },
        )?;
        match before {
            Some(before) if before.request != self.request => Err(Refusal::KeyReused),
            before => Ok(before),
        }
    }

    /// Remembers what this transaction did with the key. If an earlier request has done it already, this one is to be undone:
    /// of two at once the second waits here until the first has committed. A key that is too old to count is taken over.
    pub(super) fn remember(
        &self,
        tx: &mut Tx<'_>,
        (conversation, seq): (ConversationId, i64),
        n: i64,
    ) -> Result<(), Refusal> {
        let (now, kept_from) = (self.now.micros(), self.now.plus_seconds(-KEY_KEPT_S).micros());
        let kept = tx.execute(
            "insert into sends (owner, key, request, conversation, seq, n, at) values ($1, $2, $3, $4, $5, $6, $7) \
             on conflict (owner, key) do update set request = excluded.request, conversation = excluded.conversation, \
             seq = excluded.seq, n = excluded.n, at = excluded.at where sends.at <= $8",
            params![
                &self.owner,
                &self.key,
                &self.request,
                conversation.as_bytes(),
                seq,
                n,
                now,
                kept_from
            ],
        )?;
        if kept > 0 { Ok(()) } else { Err(Refusal::SentBefore) }
    }
}

/// A sent message, told to the app that sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The message as JSON.
    pub message: String,
    /// Its seq.
    pub seq: i64,
    /// An earlier request with the same key had sent it.
    pub again: bool,
}

impl Vault {
    /// Sends a message as the person, marked with the app.
    pub async fn send_message(&self, permit: Permit<SendMessage>) -> Result<Opened<Sent>, Refusal> {
        let SendMessage { conversation, content, key } = permit.ask.clone();
        let (grant, person, app, now) = (permit.grant, permit.person, permit.app, permit.now);
        let once = permit.once;
        let keyed = Keyed::new(*grant.as_bytes(), &key, conversation, &content, now)?;
        let id = MessageId::new(&self.world);
        let text = content.clone();
        let done = self
            .spend("send_message", permit, move |tx, permit| {
                let found = place::find(tx, conversation, person, app, grant)?;
                found.filter(|found| permit.limits.reaches(&found.place)).ok_or(Refusal::NotFound)?;
                let (seq, n) = next(tx, conversation, now)?.ok_or(Refusal::NotFound)?;
                let record = Record::write(tx, permit, Touched::one(conversation, seq))?;
                let new = New {
                    id,
                    conversation,
                    seq,
                    author: person,
                    via: Some(app),
                    sent_at: now,
                    content: &content,
                };
                let body = store(record.tx, &new)?;
                keyed.remember(record.tx, (conversation, seq), record.written.n)?;
                events::note(record.tx, (conversation, n), What::Message(seq), now)?;
                let mut message = String::new();
                let mut names = Names::known(&permit.app_facts)?;
                names.tell(record.tx, &mut message, &body, person, Some(app))?;
                Ok(((message, seq), record.close()))
            })
            .await;
        match done {
            Ok(((message, seq), committed)) => self.hand_out(committed, Sent { message, seq, again: false }),
            Err(Refusal::SentBefore) => {
                let told = self.tell_again(keyed, (person, app), text).await?.ok_or(Refusal::Changed)?;
                // Last: what is refused here is asked for once more from the token on, with the same proof.
                self.use_up(once).await?;
                Ok(told)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// What an earlier request with the same key did, for a grant that has no uses left to ask again with.
    pub async fn sent_before(
        &self,
        caller: &Caller,
        ask: &SendMessage,
    ) -> Result<Option<Opened<Sent>>, Refusal> {
        let keyed =
            Keyed::new(*caller.grant().as_bytes(), &ask.key, ask.conversation, &ask.content, caller.now)?;
        self.tell_again(keyed, (caller.person(), caller.app()), ask.content.clone()).await
    }

    /// Tells a send again: the words come from the request, which is the same; the receipt is that of the one record.
    async fn tell_again(
        &self,
        keyed: Keyed,
        (person, app): (PersonId, AppId),
        content: Content,
    ) -> Result<Option<Opened<Sent>>, Refusal> {
        let told = self
            .engine
            .read("sent_before", move |snap| -> Result<_, Refusal> {
                let Some(before) = keyed.before(snap)? else { return Ok(None) };
                let stored = snap.one(
                    "select id, sent_at from messages where conversation = $1 and seq = $2",
                    params![before.conversation.as_bytes(), before.seq],
                    |row| Ok((id(row, 0)?, Time::from_micros(row.int(1)?))),
                )?;
                let (message_id, sent_at) = stored.ok_or(Refusal::NotFound)?;
                let body = body::write(message_id, before.conversation, before.seq, sent_at, &content)?;
                let mut message = String::new();
                Names::default().tell(snap, &mut message, &body, person, Some(app))?;
                let grant = GrantId::from_bytes(keyed.owner);
                let written = access_list::written(snap, grant, before.n)?.ok_or(Refusal::NotFound)?;
                Ok(Some((Sent { message, seq: before.seq, again: true }, written)))
            })
            .await?;
        let Some((answer, written)) = told else { return Ok(None) };
        Ok(Some(Opened { receipt: self.sign_receipt(&written)?, answer }))
    }
}
