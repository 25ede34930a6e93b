//! Conversations and who is in them. Not what they say: that is sealed.

use super::apps::{self, AppFacts};
use super::events::{self, What};
use super::friends::{Face, face};
use super::grants::{self, Grant};
use super::ids::{id, opt_id};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{
    Action, Actions, AppId, ConversationId, GrantId, Limits, PersonId, Place, Standing, Time, allow,
};
use serde::Serialize;

/// The most people in one conversation.
pub const CONVERSATION_PEOPLE_MAX: usize = 250;

/// A conversation to be stored.
pub(crate) struct New<'a> {
    pub(crate) id: ConversationId,
    pub(crate) title: Option<&'a str>,
    pub(crate) direct: Option<&'a str>,
    pub(crate) via: Option<AppId>,
    pub(crate) at: Time,
}

/// Stores a conversation of `starter` and `others`. False: the two opened theirs in the meantime.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    new: &New<'_>,
    starter: PersonId,
    others: &[PersonId],
) -> Result<bool, Fault> {
    let at = new.at.micros();
    let added = tx.execute(
        "insert into conversations (id, title, direct, started_by, started_via, created_at, last_at) \
         values ($1, $2, $3, $4, $5, $6, $6) on conflict (direct) do nothing",
        params![
            new.id.as_bytes(),
            new.title,
            new.direct,
            starter.as_bytes(),
            new.via.as_ref().map(AppId::as_bytes),
            at
        ],
    )?;
    if added == 0 {
        return Ok(false);
    }
    join(tx, new.id, &[starter], new.at)?;
    join(tx, new.id, others, new.at)?;
    Ok(true)
}

/// Lets people into a conversation who are not in it yet.
pub(crate) fn join(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    people: &[PersonId],
    at: Time,
) -> Result<(), Fault> {
    for person in people {
        tx.put(
            "insert into participants (conversation, person, joined_at) values ($1, $2, $3) on conflict do nothing",
            params![conversation.as_bytes(), person.as_bytes(), at.micros()],
        )?;
    }
    Ok(())
}

/// What makes the conversation of two people one, whoever opens it first.
pub(crate) fn direct_key(one: PersonId, other: PersonId) -> String {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    format!("{low} {high}")
}

/// The conversation that two people opened.
pub(crate) fn by_direct_key(db: &mut impl Reads, key: &str) -> Result<Option<ConversationId>, Fault> {
    db.one("select id from conversations where direct = $1", params![key], |row| id(row, 0))
}

/// Puts a conversation on the list of a grant.
pub(crate) fn choose(tx: &mut Tx<'_>, grant: GrantId, conversation: ConversationId) -> Result<(), Fault> {
    tx.put(
        "insert into grant_conversations (grant_id, conversation) values ($1, $2) on conflict do nothing",
        params![grant.as_bytes(), conversation.as_bytes()],
    )
}

/// The person's place in a conversation that she is in now: the seq that she has read up to.
pub(crate) fn participant(
    db: &mut impl Reads,
    conversation: ConversationId,
    person: PersonId,
) -> Result<Option<i64>, Fault> {
    db.one(
        "select read_seq from participants where conversation = $1 and person = $2 and left_at is null",
        params![conversation.as_bytes(), person.as_bytes()],
        |row| row.int(0),
    )
}

/// Moves the read marker forward. Who sends has read what she sends, and nobody needs to be told.
pub(crate) fn mark_read(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    person: PersonId,
    seq: i64,
) -> Result<(), Fault> {
    tx.put(MARK_READ, params![seq, conversation.as_bytes(), person.as_bytes()])
}

const MARK_READ: &str =
    "update participants set read_seq = $1 where conversation = $2 and person = $3 and read_seq < $1";

/// After an import: it counts as read, and as active when its newest message was sent.
pub(crate) fn settle_import(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    person: PersonId,
) -> Result<(), Fault> {
    tx.put(
        "update participants set read_seq = (select c.last_seq from conversations c where c.id = $1) \
         where conversation = $1 and person = $2",
        params![conversation.as_bytes(), person.as_bytes()],
    )
}

/// An app that is active in a conversation, and what it may do there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveApp {
    /// The app.
    pub id: AppId,
    /// Its name.
    pub name: String,
    /// What it may do there.
    pub actions: Actions,
    /// Whose app it is here.
    #[serde(skip)]
    pub of: PersonId,
}

/// What the rule lets the app of a grant do in a place.
fn allowed(grant: &Grant, app: &AppFacts, place: &Place, now: Time) -> Actions {
    let standing = Standing {
        now,
        app: app.id,
        app_live: app.live_at(now),
        ceiling: &app.ceiling,
        person: grant.person,
        terms: &grant.terms,
        state: grant.state,
        given_at: grant.given_at,
        agreed_at: grant.agreed_at,
        used: u64::try_from(grant.used).unwrap_or(u64::MAX),
    };
    let reaches = |limits: Limits| limits.reaches(place);
    Action::EACH.iter().copied().filter(|&action| allow(&standing, action).is_ok_and(reaches)).collect()
}

/// The apps of its participants that may do something in a conversation now, each with what the rule lets it do.
/// `known` are apps that were looked up before.
pub(crate) fn active_apps(
    db: &mut impl Reads,
    known: &mut Vec<AppFacts>,
    conversation: ConversationId,
    now: Time,
) -> Result<Vec<ActiveApp>, Fault> {
    let sql = format!(
        "select {}, c.started_via, (select count(*) from grant_conversations k \
         where k.grant_id = g.id and k.conversation = c.id) from conversations c \
         join participants p on p.conversation = c.id and p.left_at is null \
         join grants g on g.person = p.person and g.state = 'active' and g.actions <> 0 \
         where c.id = $1 and c.locks = 0 order by g.person",
        grants::COLUMNS
    );
    let found = db.all(&sql, params![conversation.as_bytes()], |row| {
        Ok((grants::grant_of_row(row)?, opt_id::<AppId>(row, 19)?, row.int(20)? != 0))
    })?;
    let mut active: Vec<ActiveApp> = Vec::new();
    for (grant, started_via, chosen) in found {
        let at = match known.iter().position(|app| app.id == grant.app) {
            Some(at) => at,
            None => {
                let gone = || Fault::Shape(format!("{} has gone", grant.app));
                known.push(apps::read(db, grant.app)?.ok_or_else(gone)?);
                known.len() - 1
            }
        };
        let app = &known[at];
        let place = Place { participant: true, started: started_via == Some(app.id), chosen, locked: false };
        let actions = allowed(&grant, app, &place, now);
        match active.iter_mut().find(|other| other.id == app.id && other.of == grant.person) {
            Some(other) => other.actions = other.actions.iter().chain(actions.iter()).collect(),
            None if actions.is_empty() => {}
            None => active.push(ActiveApp { id: app.id, name: app.name.clone(), actions, of: grant.person }),
        }
    }
    active.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    Ok(active)
}

/// The conversations of a person that limits reach, with `chosen` for the list of a grant that is not given yet.
pub(crate) fn within(
    db: &mut impl Reads,
    person: PersonId,
    limits: &Limits,
    chosen: &[ConversationId],
) -> Result<Vec<ConversationId>, Fault> {
    let all = db.all(
        "select c.id, c.started_via, c.locks from participants p join conversations c on c.id = p.conversation \
         where p.person = $1 and p.left_at is null",
        params![person.as_bytes()],
        |row| Ok((id(row, 0)?, opt_id::<AppId>(row, 1)?, row.int(2)? != 0)),
    )?;
    let place = |(id, via, locked): &(ConversationId, Option<AppId>, bool)| model::Place {
        participant: true,
        started: *via == Some(limits.app),
        chosen: chosen.contains(id),
        locked: *locked,
    };
    Ok(all.iter().filter(|found| limits.reaches(&place(found))).map(|found| found.0).collect())
}

/// A conversation in her list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: ConversationId,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// The others in it.
    pub others: Vec<Face>,
    /// The newest seq.
    pub last_seq: i64,
    /// When it was last active.
    pub last_at: Time,
    /// Up to where she has read.
    pub read_seq: i64,
    /// The app that started it.
    pub started_via: Option<AppId>,
}

/// Somebody else in a conversation.
#[derive(Debug, Clone)]
pub struct Other {
    /// Who.
    pub face: Face,
    /// Up to where that one has read.
    pub read_seq: i64,
    /// That one lets no app in.
    pub locked: bool,
}

/// One conversation with who is in it and what they wish.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// As it is listed.
    pub listed: Listed,
    /// The others once more, with their markers.
    pub others: Vec<Other>,
    /// Whose apps are active here.
    pub apps: Vec<ActiveApp>,
    /// She keeps her words out of other people's apps here.
    pub words_out: bool,
    /// She lets no app in.
    pub locked: bool,
    /// How many let no app in.
    pub locks: i64,
}

const LISTED: &str = "select c.id, c.title, c.last_seq, c.last_at, p.read_seq, c.started_via \
    from participants p join conversations c on c.id = p.conversation where p.person = $1 and p.left_at is null";

fn listed(row: &crate::engine::Row<'_>) -> Result<Listed, Fault> {
    Ok(Listed {
        id: id(row, 0)?,
        title: row.opt_text(1)?.map(str::to_owned),
        others: Vec::new(),
        last_seq: row.int(2)?,
        last_at: Time::from_micros(row.int(3)?),
        read_seq: row.int(4)?,
        started_via: opt_id(row, 5)?,
    })
}

fn others(db: &mut impl Reads, conversation: ConversationId, me: PersonId) -> Result<Vec<Other>, Fault> {
    db.all(
        "select p.id, p.handle, p.name, o.read_seq, o.locked from participants o join persons p on p.id = o.person \
         where o.conversation = $1 and o.person <> $2 and o.left_at is null order by o.joined_at, p.name",
        params![conversation.as_bytes(), me.as_bytes()],
        |row| Ok(Other { face: face(row)?, read_seq: row.int(3)?, locked: row.int(4)? != 0 }),
    )
}

fn faces(others: &[Other]) -> Vec<Face> {
    others.iter().map(|other| other.face.clone()).collect()
}

impl Vault {
    /// Her conversations, newest activity first; at most `limit`, after `offset`.
    pub async fn own_conversations(
        &self,
        own: &Own,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<Listed>, Refusal> {
        let me = own.person();
        self.engine
            .read("own_conversations", move |snap| -> Result<_, Refusal> {
                let sql = format!("{LISTED} order by c.last_at desc, c.id desc limit $2 offset $3");
                let mut list = snap.all(&sql, params![me.as_bytes(), limit, offset], listed)?;
                for conversation in &mut list {
                    conversation.others = faces(&others(snap, conversation.id, me)?);
                }
                Ok(list)
            })
            .await
    }

    /// One of her conversations.
    pub async fn own_conversation(
        &self,
        own: &Own,
        conversation: ConversationId,
    ) -> Result<Conversation, Refusal> {
        let (me, now) = (own.person(), self.world.now());
        self.engine
            .read("own_conversation", move |snap| -> Result<_, Refusal> {
                let sql = format!("{LISTED} and c.id = $2");
                let found = snap.one(&sql, params![me.as_bytes(), conversation.as_bytes()], listed)?;
                let mut listed = found.ok_or(Refusal::NotFound)?;
                let others = others(snap, conversation, me)?;
                listed.others = faces(&others);
                let wishes = snap.one(
                    "select p.words_out, p.locked, c.locks from participants p \
                     join conversations c on c.id = p.conversation where p.conversation = $1 and p.person = $2",
                    params![conversation.as_bytes(), me.as_bytes()],
                    |row| Ok((row.int(0)? != 0, row.int(1)? != 0, row.int(2)?)),
                )?;
                let (words_out, locked, locks) = wishes.ok_or(Refusal::NotFound)?;
                let apps = active_apps(snap, &mut Vec::new(), conversation, now)?;
                Ok(Conversation { listed, others, apps, words_out, locked, locks })
            })
            .await
    }

    /// Goes on only if she is in the conversation now.
    pub async fn own_is_in(&self, own: &Own, conversation: ConversationId) -> Result<(), Refusal> {
        let me = own.person();
        self.engine
            .read("own_is_in", move |snap| -> Result<(), Refusal> {
                participant(snap, conversation, me)?.map(|_| ()).ok_or(Refusal::NotFound)
            })
            .await
    }

    /// Moves her read marker forward, never past what was sent.
    pub async fn own_mark_read(
        &self,
        own: &Own,
        conversation: ConversationId,
        seq: i64,
    ) -> Result<(), Refusal> {
        let (me, now) = (own.person(), self.world.now());
        self.engine
            .write("own_mark_read", move |tx| -> Result<(), Refusal> {
                participant(tx, conversation, me)?.ok_or(Refusal::NotFound)?;
                let newest = tx.one(
                    "select last_seq from conversations where id = $1",
                    params![conversation.as_bytes()],
                    |row| row.int(0),
                )?;
                let seq = seq.min(newest.unwrap_or(0));
                let marked = params![seq, conversation.as_bytes(), me.as_bytes()];
                if tx.execute(MARK_READ, marked)? > 0 {
                    events::happened(tx, conversation, What::Read(seq, me), now)?;
                }
                Ok(())
            })
            .await
    }
}
