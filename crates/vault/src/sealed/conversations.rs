//! Listing, seeing and starting conversations for an app.
//!
//! Invariant: the predicate of `LIST` is `Limits::reaches` in SQL.

use super::body::Names;
use super::page::JsonPage;
use super::permit::{ListConversations, Permit, SeeConversation, StartConversation};
use super::place;
use super::record::{Opened, Record, Sealed, Touched};
use crate::engine::{Reads, Row, Tx, params};
use crate::tables::apps::AppFacts;
use crate::tables::conversations::{self as rows, CONVERSATION_PEOPLE_MAX};
use crate::tables::events::{self, What};
use crate::tables::ids::id;
use crate::{Fault, Refusal, Vault};
use model::{ConversationId, Limits, PersonId, Time};

/// `$1` person, `$2` started only, `$3` app, `$4` chosen only, `$5` grant, `$6` and `$7` continue after, `$8` limit.
const LIST: &str = "select c.id, c.title, c.last_seq, c.last_at, c.created_at \
    from participants p join conversations c on c.id = p.conversation \
    where p.person = $1 and p.left_at is null and c.locks = 0 \
    and (cast($2 as bigint) = 0 or c.started_via = $3) \
    and (cast($4 as bigint) = 0 or exists \
    (select 1 from grant_conversations g where g.grant_id = $5 and g.conversation = c.id)) \
    and (c.last_at < $6 or (c.last_at = $6 and c.id < $7)) \
    order by c.last_at desc, c.id desc limit $8";

struct Line {
    id: ConversationId,
    title: Option<String>,
    last_seq: i64,
    last_at: Time,
    created_at: Time,
}

fn line(row: &Row<'_>) -> Result<Line, Fault> {
    Ok(Line {
        id: id(row, 0)?,
        title: row.opt_text(1)?.map(str::to_owned),
        last_seq: row.int(2)?,
        last_at: Time::from_micros(row.int(3)?),
        created_at: Time::from_micros(row.int(4)?),
    })
}

fn select(db: &mut impl Reads, permit: &Permit<ListConversations>) -> Result<Vec<Line>, Fault> {
    let Limits { person, app, started_only, chosen_only, nowhere, .. } = &permit.limits;
    if *nowhere {
        return Ok(Vec::new());
    }
    let (at, after) = permit.ask.after.unwrap_or((Time::LATEST, ConversationId::from_bytes([0xff; 16])));
    let params = params![
        person.as_bytes(),
        *started_only,
        app.as_bytes(),
        *chosen_only,
        permit.grant.as_bytes(),
        at.micros(),
        after.as_bytes(),
        permit.ask.limit + 1
    ];
    db.all(LIST, params, line)
}

fn json_text(text: Option<&str>) -> Result<String, Fault> {
    serde_json::to_string(&text).map_err(|e| Fault::Shape(e.to_string()))
}

/// What telling conversations looks up once for all of them.
struct Known {
    names: Names,
    apps: Vec<AppFacts>,
    now: Time,
}

impl Known {
    fn at(now: Time) -> Self {
        Known { names: Names::default(), apps: Vec::new(), now }
    }
}

/// Tells a conversation: who is in it, its title, and whose apps are active in it.
fn tell(db: &mut impl Reads, known: &mut Known, out: &mut String, line: &Line) -> Result<(), Fault> {
    let people = db.all(
        "select person from participants where conversation = $1 and left_at is null order by joined_at, person",
        params![line.id.as_bytes()],
        |row| id(row, 0),
    )?;
    let Line { id, title, last_seq, last_at, created_at } = line;
    out.push_str(&format!(r#"{{"id":"{id}","title":{},"participants":["#, json_text(title.as_deref())?));
    for (at, person) in people.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(known.names.person(db, person)?);
    }
    let mut apps = rows::active_apps(db, &mut known.apps, *id, known.now)?;
    // Whose app it is here is not told to apps: one that two people let in stands once, with all that it may do.
    apps.dedup_by(|next, app| {
        let same = next.id == app.id;
        if same {
            app.actions = app.actions.iter().chain(next.actions.iter()).collect();
        }
        same
    });
    let apps = serde_json::to_string(&apps).map_err(|e| Fault::Shape(e.to_string()))?;
    out.push_str(&format!(
        r#"],"last_seq":{last_seq},"last_at":"{last_at}","created_at":"{created_at}","active_apps":{apps}}}"#
    ));
    Ok(())
}

fn one(db: &mut impl Reads, conversation: ConversationId) -> Result<Option<Line>, Fault> {
    db.one(
        "select id, title, last_seq, last_at, created_at from conversations where id = $1",
        params![conversation.as_bytes()],
        line,
    )
}

/// A conversation as JSON, as one that sees it gets it.
pub(super) fn json(
    db: &mut impl Reads,
    conversation: ConversationId,
    now: Time,
) -> Result<Option<String>, Fault> {
    let Some(line) = one(db, conversation)? else { return Ok(None) };
    let mut json = String::new();
    tell(db, &mut Known::at(now), &mut json, &line)?;
    Ok(Some(json))
}

/// A conversation that an app started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its id.
    pub id: ConversationId,
    /// It as JSON.
    pub conversation: String,
}

impl Vault {
    /// The conversations within reach. Recorded as `list` with their number.
    pub async fn list_conversations(
        &self,
        permit: Permit<ListConversations>,
    ) -> Result<Opened<JsonPage>, Refusal> {
        self.read_sealed(("select_conversations", "record_list"), permit, |snap, permit| {
            let mut lines = select(snap, permit)?;
            let limit = usize::try_from(permit.ask.limit).unwrap_or(0);
            let more = lines.len() > limit;
            lines.truncate(limit);
            let mut known = Known::at(permit.now);
            let mut items = String::from("[");
            for line in &lines {
                if items.len() > 1 {
                    items.push(',');
                }
                tell(snap, &mut known, &mut items, line)?;
            }
            items.push(']');
            let next =
                lines.last().filter(|_| more).map(|line| format!("{}.{}", line.last_at.micros(), line.id));
            let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
            Ok(Sealed::new(JsonPage { items, next }, Touched { count, ..Touched::default() }))
        })
        .await
    }

    /// One conversation within reach.
    pub async fn see_conversation(&self, permit: Permit<SeeConversation>) -> Result<Opened<String>, Refusal> {
        self.read_sealed(("select_conversation", "record_see"), permit, |snap, permit| {
            let conversation = permit.ask.conversation;
            let found = place::find(snap, conversation, permit.person, permit.app, permit.grant)?;
            found.filter(|found| permit.limits.reaches(&found.place)).ok_or(Refusal::NotFound)?;
            let json = json(snap, conversation, permit.now)?.ok_or(Refusal::NotFound)?;
            let touched = Touched { conversation: Some(conversation), count: 1, ..Touched::default() };
            Ok(Sealed::new(json, touched))
        })
        .await
    }

    /// Starts a conversation with friends of the person.
    pub async fn start_conversation(
        &self,
        permit: Permit<StartConversation>,
    ) -> Result<Opened<Started>, Refusal> {
        let id = ConversationId::new(&self.world);
        let (conversation, committed) = self
            .spend("start_conversation", permit, move |tx, permit| {
                let StartConversation { others, title } = &permit.ask;
                let via = Some(permit.app);
                let new = rows::New { id, title: title.as_deref(), direct: None, via, at: permit.now };
                start(tx, &new, permit.person, others)?;
                // On a grant for chosen conversations the app's own new one is among the chosen: it began it.
                if permit.limits.chosen_only {
                    rows::choose(tx, permit.grant, id)?;
                }
                let touched = Touched { conversation: Some(id), count: 1, ..Touched::default() };
                let record = Record::write(tx, permit, touched)?;
                let json = json(record.tx, id, permit.now)?.ok_or(Refusal::NotFound)?;
                Ok((json, record.close()))
            })
            .await?;
        self.hand_out(committed, Started { id, conversation })
    }
}

/// Stores a new conversation of `person` and her friends. False: the two opened theirs in the meantime.
pub(super) fn start(
    tx: &mut Tx<'_>,
    new: &rows::New<'_>,
    person: PersonId,
    others: &[PersonId],
) -> Result<bool, Refusal> {
    let title = new.title.map(model::person_name).transpose();
    let title = title.map_err(|invalid| Refusal::Invalid(format!("the title is not right: {invalid}")))?;
    if others.len() + 1 > CONVERSATION_PEOPLE_MAX {
        return Err(Refusal::TooMany(CONVERSATION_PEOPLE_MAX));
    }
    if others.is_empty() || others.contains(&person) {
        return Err(Refusal::NotFriends);
    }
    for other in others {
        if !crate::tables::friends::are_friends(tx, person, *other)? {
            return Err(Refusal::NotFriends);
        }
    }
    let inserted = rows::insert(tx, &rows::New { title: title.as_deref(), ..*new }, person, others)?;
    if inserted {
        events::happened(tx, new.id, What::Conversation, new.at)?;
    }
    Ok(inserted)
}
