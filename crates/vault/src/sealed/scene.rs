//! What is to be known of a conversation to tell many streams what happened in it: looked up once for all of them.
//!
//! Invariant: nothing in here is for anyone before the rule has been asked for him; the words stay in this folder.

use super::body::Names;
use super::conversations;
use super::follow::{After, Ask};
use super::permit::{FollowConversation, Permit};
use crate::Fault;
use crate::engine::{Reads, Snap, params};
use crate::tables::events::What;
use crate::tables::ids::{id, opt_id};
use model::{AppId, ConversationId, Kind, Limits, MessageFacts, PersonId, Place, Time, Withheld};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many events are looked at in one go.
const ROWS_MAX: i64 = 200;

/// One event as it is stored.
pub(super) struct Row {
    pub(super) n: i64,
    pub(super) at: Time,
    pub(super) what: What,
}

/// A message that events are about.
pub(super) struct Said {
    facts: MessageFacts,
    seq: i64,
    /// The message as it is told; none if its words were destroyed.
    pub(super) json: Option<Arc<str>>,
}

/// A conversation and what happened in it.
pub(super) struct Scene {
    id: ConversationId,
    started_via: Option<AppId>,
    locked: bool,
    people: HashSet<PersonId>,
    rows: Vec<Row>,
    newest: i64,
    most: i64,
    said: HashMap<i64, Said>,
    hidden: HashSet<(PersonId, i64)>,
    conversation: Option<Arc<str>>,
}

/// From which number on to look, so that each of the streams finds what it was not told.
fn from(snap: &mut Snap<'_>, conversation: ConversationId, asks: &[Ask]) -> Result<i64, Fault> {
    let mut from = i64::MAX;
    let mut moment: Option<Time> = None;
    for ask in asks {
        match ask.after {
            After::Number(n) => from = from.min(n),
            After::Moment(at) => moment = Some(moment.map_or(at, |earliest| earliest.min(at))),
        }
    }
    if let Some(moment) = moment {
        let sql = "select n from events where conversation = $1 and at <= $2 order by n desc limit 1";
        let params = params![conversation.as_bytes(), moment.micros()];
        from = from.min(snap.one(sql, params, |row| row.int(0))?.unwrap_or(0));
    }
    Ok(from)
}

impl Scene {
    /// Looks everything up; `None` when there is no such conversation.
    pub(super) fn open(
        snap: &mut Snap<'_>,
        id: ConversationId,
        asks: &[Ask],
        now: Time,
    ) -> Result<Option<Scene>, Fault> {
        let sql = "select started_via, locks, events from conversations where id = $1";
        let found = snap
            .one(sql, params![id.as_bytes()], |row| Ok((opt_id(row, 0)?, row.int(1)? != 0, row.int(2)?)))?;
        let Some((started_via, locked, newest)) = found else { return Ok(None) };
        let from = from(snap, id, asks)?;
        let wanted = asks.iter().map(|ask| ask.until.saturating_sub(from)).max();
        let most = wanted.unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX);
        let sql = "select n, at, what, seq, person from events where conversation = $1 and n > $2 order by n limit $3";
        let rows = snap.all(sql, params![id.as_bytes(), from, most], |row| {
            let what = What::of(row.int(2)?, row.opt_int(3)?, opt_id(row, 4)?)?;
            Ok(Row { n: row.int(0)?, at: Time::from_micros(row.int(1)?), what })
        })?;
        let mut scene = Scene {
            id,
            started_via,
            locked,
            people: HashSet::new(),
            rows,
            newest,
            most,
            said: HashMap::new(),
            hidden: HashSet::new(),
            conversation: None,
        };
        scene.look_at_people(snap)?;
        scene.look_at_messages(snap)?;
        let told_of = |row: &Row| match row.what {
            What::Conversation => true,
            What::Message(_) => asks.iter().any(|ask| ask.messages.is_none()),
            _ => false,
        };
        if scene.rows.iter().any(told_of) {
            scene.conversation = conversations::json(snap, id, now)?.map(Into::into);
        }
        Ok(Some(scene))
    }

    fn look_at_people(&mut self, snap: &mut Snap<'_>) -> Result<(), Fault> {
        let sql = "select person from participants where conversation = $1 and left_at is null";
        self.people = snap.all(sql, params![self.id.as_bytes()], |row| id(row, 0))?.into_iter().collect();
        Ok(())
    }

    /// The messages that events are about, as facts for the rule and as JSON for those whom it lets see them.
    fn look_at_messages(&mut self, snap: &mut Snap<'_>) -> Result<(), Fault> {
        let wanted: HashSet<i64> = self.rows.iter().filter_map(|row| row.what.message()).collect();
        let (Some(&low), Some(&high)) = (wanted.iter().min(), wanted.iter().max()) else { return Ok(()) };
        let keep_out: HashSet<PersonId> = snap
            .all(
                "select o.person from participants o join persons p on p.id = o.person \
                 where o.conversation = $1 and (o.words_out = 1 or p.words_out = 1)",
                params![self.id.as_bytes()],
                |row| id(row, 0),
            )?
            .into_iter()
            .collect();
        let sql = "select seq, author, via, kind, sent_at, deleted_at, body from messages \
                   where conversation = $1 and seq >= $2 and seq <= $3 order by seq";
        let mut found = Vec::new();
        snap.each(sql, params![self.id.as_bytes(), low, high], &mut |row| {
            let seq = row.int(0)?;
            if wanted.contains(&seq) {
                let kind = Kind::EACH.iter().copied().find(|&kind| row.int(3) == Ok(1 << kind as i64));
                let author = id(row, 1)?;
                let facts = MessageFacts {
                    author,
                    kind: kind.ok_or_else(|| Fault::Shape("a message of no known kind".into()))?,
                    sent_at: Time::from_micros(row.int(4)?),
                    deleted: row.opt_int(5)?.is_some(),
                    author_keeps_out: keep_out.contains(&author),
                };
                found.push((seq, facts, opt_id(row, 2)?, row.text(6)?.to_owned()));
            }
            Ok(())
        })?;
        let mut names = Names::default();
        for (seq, facts, via, body) in found {
            let mut json = None;
            if !body.is_empty() {
                let mut told = String::with_capacity(body.len() + 160);
                names.tell(snap, &mut told, &body, facts.author, via)?;
                json = Some(told.into());
            }
            self.said.insert(seq, Said { facts, seq, json });
        }
        let sql =
            "select person, seq from hidden_messages where conversation = $1 and seq >= $2 and seq <= $3";
        let params = params![self.id.as_bytes(), low, high];
        self.hidden = snap.all(sql, params, |row| Ok((id(row, 0)?, row.int(1)?)))?.into_iter().collect();
        Ok(())
    }

    pub(super) fn id(&self) -> ConversationId {
        self.id
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Up to which number these rows go.
    pub(super) fn upto(&self) -> i64 {
        if self.more() { self.rows.last().map_or(0, |row| row.n) } else { self.newest }
    }

    /// Are there more than were looked at?
    pub(super) fn more(&self) -> bool {
        self.rows.len() as i64 == self.most
    }

    pub(super) fn said(&self, seq: i64) -> Option<&Said> {
        self.said.get(&seq)
    }

    /// The facts of a message for one person.
    pub(super) fn facts(&self, said: &Said, person: PersonId) -> MessageFacts {
        let hidden = self.hidden.contains(&(person, said.seq));
        MessageFacts { deleted: said.facts.deleted || hidden, ..said.facts }
    }

    /// Is it on the list of the grant? Asked only where the rule wants to know.
    pub(super) fn is_chosen(
        &self,
        snap: &mut Snap<'_>,
        permit: &Permit<FollowConversation>,
    ) -> Result<bool, Fault> {
        if !permit.limits.chosen_only {
            return Ok(false);
        }
        let sql = "select count(*) from grant_conversations where grant_id = $1 and conversation = $2";
        let count = snap.one(sql, params![permit.grant.as_bytes(), self.id.as_bytes()], |row| row.int(0))?;
        Ok(count.unwrap_or(0) > 0)
    }

    pub(super) fn place(&self, limits: &Limits, chosen: bool) -> Place {
        Place {
            participant: self.people.contains(&limits.person),
            started: self.started_via == Some(limits.app),
            chosen,
            locked: self.locked,
        }
    }

    pub(super) fn placeholder(&self, seq: i64, withheld: Withheld) -> Arc<str> {
        let (id, withheld) = (self.id, withheld.as_str());
        format!(r#"{{"conversation":"{id}","seq":{seq},"withheld":"{withheld}"}}"#).into()
    }

    pub(super) fn read_up_to(&self, person: PersonId, seq: i64) -> Arc<str> {
        format!(r#"{{"conversation":"{}","person":"{person}","seq":{seq}}}"#, self.id).into()
    }

    pub(super) fn typing(&self, person: PersonId) -> Arc<str> {
        format!(r#"{{"conversation":"{}","person":"{person}"}}"#, self.id).into()
    }

    /// The conversation as one that sees it gets it.
    pub(super) fn conversation(&self) -> Result<Arc<str>, Fault> {
        self.conversation.clone().ok_or_else(|| Fault::Shape("a conversation was not looked up".into()))
    }

    pub(super) fn gone(&self) -> Arc<str> {
        format!(r#"{{"id":"{}","gone":true}}"#, self.id).into()
    }
}
