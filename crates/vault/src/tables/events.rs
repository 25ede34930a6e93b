//! The outbox of what happened: a row in the transaction of the act, a hint after its commit.
//!
//! Invariants: events of a conversation are numbered in the order of their commits, for each number is taken under the lock
//! of the conversation's row; an event tells that something happened, by whom and to which message, never
//! what it says. Whoever missed the hint finds the row, for [`EVENTS_HELD_S`].

use super::ids::id;
use crate::engine::{Reads, Snap, Tx, params};
use crate::{Fault, Refusal, Vault};
use model::{AppId, ConversationId, GrantId, Hint, PersonId, Time};

/// How long events are kept, in seconds: 3 days. A stream that resumes from further back is told of the gap.
pub const EVENTS_KEPT_S: i64 = 3 * 24 * 3600;

/// How long they stay here, in seconds: a webhook whose receiver was down for the 3 days over which it is tried, and was paused
/// then, has 4 more to be mended in.
pub const EVENTS_HELD_S: i64 = 7 * 24 * 3600;

/// For so long after its commit a change can be found by its time, in seconds: how far the clocks of nodes may be apart,
/// and how long a transaction may take to become visible. Who looks for what is new looks so far back.
pub const EVENTS_OVERLAP_S: i64 = 10;

/// How long it is kept whose standing changed, in seconds.
const STANDINGS_KEPT_S: i64 = 600;

/// What happened in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A message was sent.
    Message(i64),
    /// A message was deleted: for everyone, or for one person alone.
    Deleted(i64, Option<PersonId>),
    /// A deleted message came back: for everyone, or for one person alone.
    Restored(i64, Option<PersonId>),
    /// Somebody has read up to a message.
    Read(i64, PersonId),
    /// It began, or who is in it or what may be seen of it changed.
    Conversation,
    /// Somebody lets no app in.
    Locked,
}

impl What {
    /// As it is stored: what, seq, person.
    fn columns(&self) -> (i64, Option<i64>, Option<&PersonId>) {
        match self {
            What::Message(seq) => (1, Some(*seq), None),
            What::Deleted(seq, person) => (2, Some(*seq), person.as_ref()),
            What::Restored(seq, person) => (3, Some(*seq), person.as_ref()),
            What::Read(seq, person) => (4, Some(*seq), Some(person)),
            What::Conversation => (5, None, None),
            What::Locked => (6, None, None),
        }
    }

    /// The message that is to be told again.
    pub(crate) fn message(&self) -> Option<i64> {
        match self {
            What::Message(seq) | What::Restored(seq, _) => Some(*seq),
            _ => None,
        }
    }

    /// As it was stored.
    pub(crate) fn of(what: i64, seq: Option<i64>, person: Option<PersonId>) -> Result<What, Fault> {
        match (what, seq, person) {
            (1, Some(seq), None) => Ok(What::Message(seq)),
            (2, Some(seq), person) => Ok(What::Deleted(seq, person)),
            (3, Some(seq), person) => Ok(What::Restored(seq, person)),
            (4, Some(seq), Some(person)) => Ok(What::Read(seq, person)),
            (5, None, None) => Ok(What::Conversation),
            (6, None, None) => Ok(What::Locked),
            _ => Err(Fault::Shape(format!("an event of no known kind ({what})"))),
        }
    }
}

/// Notes what happened, under the next number of the conversation. One that has gone notes nothing.
pub(crate) fn happened(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    what: What,
    at: Time,
) -> Result<(), Fault> {
    let sql = "update conversations set events = events + 1, \
               events_at = case when events_at < $1 then $1 else events_at end where id = $2 returning events";
    let n = tx.one(sql, params![at.micros(), conversation.as_bytes()], |row| row.int(0))?;
    n.map_or(Ok(()), |n| note(tx, (conversation, n), what, at))
}

/// Notes what happened under a number that this transaction has taken already.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    (conversation, n): (ConversationId, i64),
    what: What,
    at: Time,
) -> Result<(), Fault> {
    let (what, seq, person) = what.columns();
    tx.put(
        "insert into events (conversation, n, what, seq, person, at) values ($1, $2, $3, $4, $5, $6)",
        params![conversation.as_bytes(), n, what, seq, person.map(PersonId::as_bytes), at.micros()],
    )?;
    tx.tell(Hint::Conversation { conversation, n });
    Ok(())
}

/// Notes that something changed in every conversation of a person.
pub(crate) fn happened_everywhere(tx: &mut Tx<'_>, person: PersonId, at: Time) -> Result<(), Fault> {
    let sql =
        "select conversation from participants where person = $1 and left_at is null order by conversation";
    for conversation in tx.all(sql, params![person.as_bytes()], |row| id(row, 0))? {
        happened(tx, conversation, What::Conversation, at)?;
    }
    Ok(())
}

/// Whose standing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// A grant's, or that of a token of it.
    Grant(GrantId),
    /// An app's.
    App(AppId),
}

/// Notes that a grant, a token of it, or an app is not what it was: streams that hang on it are looked at again.
pub(crate) fn standing(tx: &mut Tx<'_>, about: About, at: Time) -> Result<(), Fault> {
    let (bytes, kind, hint) = match &about {
        About::Grant(grant) => (grant.as_bytes(), 1, Hint::Grant(*grant)),
        About::App(app) => (app.as_bytes(), 2, Hint::App(*app)),
    };
    let sql = "insert into standings (at, about, kind) values ($1, $2, $3) on conflict do nothing";
    tx.put(sql, params![at.micros(), bytes, kind])?;
    tx.tell(hint);
    Ok(())
}

/// How many events [`Vault::events_ahead`] says at most.
pub const AHEAD_MAX: usize = 512;

/// That something happened, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// Where.
    pub conversation: ConversationId,
    /// Its number there.
    pub n: i64,
    /// When.
    pub at: Time,
}

fn ahead_in(
    snap: &mut Snap<'_>,
    conversation: ConversationId,
    since: Time,
    told: Option<i64>,
    ahead: &mut Vec<Ahead>,
) -> Result<(), Fault> {
    let told = match told {
        Some(told) => told,
        None => {
            let sql = "select n from events where conversation = $1 and at <= $2 order by n desc limit 1";
            let params = params![conversation.as_bytes(), since.micros()];
            snap.one(sql, params, |row| row.int(0))?.unwrap_or(0)
        }
    };
    let sql = "select n, at from events where conversation = $1 and n > $2 order by n limit $3";
    let most = i64::try_from(AHEAD_MAX).unwrap_or(i64::MAX);
    ahead.extend(snap.all(sql, params![conversation.as_bytes(), told, most], |row| {
        Ok(Ahead { conversation, n: row.int(0)?, at: Time::from_micros(row.int(1)?) })
    })?);
    Ok(())
}

/// Removes what is too old to be looked for. How many rows of each kind at most.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let before = now.plus_seconds(-STANDINGS_KEPT_S).micros();
    let sql = "delete from standings where at < $1 and about in (select about from standings where at < $1 limit $2)";
    let gone = tx.execute(sql, params![before, most])?;
    // Whole events of one moment go together: the bound is the moment of the last that may go.
    let before = now.plus_seconds(-EVENTS_HELD_S).micros();
    let sql = "select at from events where at < $1 order by at limit 1 offset $2";
    let bound = tx.one(sql, params![before, most], |row| row.int(0))?;
    let events =
        tx.execute("delete from events where at < $1", params![bound.map_or(before, |bound| bound + 1)])?;
    Ok(gone.max(events))
}

impl Vault {
    /// From now on, who hears a hint right after what it tells of has committed. It must not wait. Only the first counts.
    pub fn tell(&self, teller: impl Fn(Hint) + Send + Sync + 'static) {
        self.engine.tell(teller);
    }

    /// May other processes write to the same data, so that not every hint is heard here?
    pub fn is_shared(&self) -> bool {
        !self.engine.is_folder()
    }

    /// What hints would have told in the last seconds, each with its moment: for a node that may have missed some. Whose standing
    /// changed twice is here twice.
    pub async fn hints_lately(&self) -> Result<Vec<(Hint, Time)>, Refusal> {
        let since = self.world.now().plus_seconds(-EVENTS_OVERLAP_S).micros();
        self.engine
            .read("hints_lately", move |snap| -> Result<_, Refusal> {
                let sql = "select kind, about, at from standings where at > $1";
                let mut hints = snap.all(sql, params![since], |row| {
                    let hint =
                        if row.int(0)? == 1 { Hint::Grant(id(row, 1)?) } else { Hint::App(id(row, 1)?) };
                    Ok((hint, Time::from_micros(row.int(2)?)))
                })?;
                let sql =
                    "select conversation, max(n), max(at) from events where at > $1 group by conversation";
                hints.extend(snap.all(sql, params![since], |row| {
                    let hint = Hint::Conversation { conversation: id(row, 0)?, n: row.int(1)? };
                    Ok((hint, Time::from_micros(row.int(2)?)))
                })?);
                Ok(hints)
            })
            .await
    }

    /// What happened in a person's conversations later than `since`, earliest first, at most [`AHEAD_MAX`]: numbers only, by
    /// which a stream that resumes is told in order. `known`: up to where it was told of some of them.
    pub async fn events_ahead(
        &self,
        person: PersonId,
        since: Time,
        known: Vec<(ConversationId, i64)>,
    ) -> Result<Vec<Ahead>, Refusal> {
        self.engine
            .read("events_ahead", move |snap| -> Result<_, Refusal> {
                let sql = "select c.id from participants p join conversations c on c.id = p.conversation \
                           where p.person = $1 and p.left_at is null and c.events_at > $2";
                let active = snap.all(sql, params![person.as_bytes(), since.micros()], |row| id(row, 0))?;
                let mut ahead = Vec::new();
                for conversation in active {
                    let told = known.iter().find(|(known, _)| *known == conversation).map(|(_, n)| *n);
                    ahead_in(snap, conversation, since, told, &mut ahead)?;
                }
                ahead.sort_unstable_by_key(|ahead: &Ahead| (ahead.at, ahead.conversation, ahead.n));
                ahead.truncate(AHEAD_MAX);
                Ok(ahead)
            })
            .await
    }

    /// Those of a person's conversations in which something happened later than `since`, each with the newest number.
    pub async fn events_now(
        &self,
        person: PersonId,
        since: Time,
    ) -> Result<Vec<(ConversationId, i64)>, Refusal> {
        self.engine
            .read("events_now", move |snap| -> Result<_, Refusal> {
                let sql = "select c.id, c.events from participants p join conversations c on c.id = p.conversation \
                           where p.person = $1 and p.left_at is null and c.events_at > $2";
                Ok(snap.all(sql, params![person.as_bytes(), since.micros()], |row| Ok((id(row, 0)?, row.int(1)?)))?)
            })
            .await
    }

    /// Who is in each of these conversations now.
    pub async fn people_in(
        &self,
        conversations: Vec<ConversationId>,
    ) -> Result<Vec<(ConversationId, Vec<PersonId>)>, Refusal> {
        self.engine
            .read("people_in", move |snap| -> Result<_, Refusal> {
                let sql = "select person from participants where conversation = $1 and left_at is null";
                let people = conversations.iter().map(|&conversation| {
                    Ok((conversation, snap.all(sql, params![conversation.as_bytes()], |row| id(row, 0))?))
                });
                people.collect()
            })
            .await
    }
}
