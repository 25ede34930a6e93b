//! How a message is stored and told: as ready JSON, with author and app put in when it is told.
//!
//! The stored body is `"id":…,"conversation":…,"seq":…,"sent_at":…,"content":{…}`, without braces: all that never
//! changes. Telling it is copying it and adding `"from"` and `"via"`, whose names may have changed since.
//! Invariant: a body in memory never shows its words in a `Debug`.

use crate::engine::{Reads, Row, params};
use crate::{AppFacts, Fault, Refusal};
use model::{AppId, Content, ConversationId, MessageId, PersonId, Time};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Who wrote a message, or which app sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Author<Id> {
    /// Whose.
    pub id: Id,
    /// The handle; a guest has none, and an app neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The name as it is today.
    pub name: String,
}

/// A message in full, for the person's own pages.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its number in the conversation.
    pub seq: i64,
    /// Who wrote it.
    pub from: Author<PersonId>,
    /// The app that sent it, if an app did.
    pub via: Option<Author<AppId>>,
    /// When.
    pub sent_at: Time,
    /// What it says; nothing when it was deleted.
    pub content: Option<Content>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({} #{}, {:?})", self.conversation, self.seq, self.content)
    }
}

/// The stored body of a new message.
pub(super) fn write(
    id: MessageId,
    conversation: ConversationId,
    seq: i64,
    sent_at: Time,
    content: &Content,
) -> Result<String, Refusal> {
    let content = serde_json::to_string(content).map_err(|e| Fault::Shape(e.to_string()))?;
    let mut body = String::with_capacity(content.len() + 160);
    let written = write!(
        body,
        r#""id":"{id}","conversation":"{conversation}","seq":{seq},"sent_at":"{sent_at}","content":{content}"#
    );
    written.map_err(|e| Fault::Shape(e.to_string()))?;
    Ok(body)
}

/// What is read back of a stored body; the rest stands in columns.
#[derive(Deserialize)]
pub(super) struct Stored {
    pub(super) content: Content,
}

/// Reads a stored body back.
pub(super) fn read(body: &str) -> Result<Stored, Fault> {
    serde_json::from_str(&format!("{{{body}}}")).map_err(|e| Fault::Shape(format!("a stored message: {e}")))
}

/// Names as JSON, looked up once each: a page has few authors and many messages.
#[derive(Default)]
pub(super) struct Names {
    persons: Vec<(PersonId, String)>,
    apps: Vec<(AppId, String)>,
}

impl Names {
    /// This one need not be looked up.
    pub(super) fn known(app: &AppFacts) -> Result<Self, Fault> {
        let json = json_of(&AppName { id: app.id, name: &app.name })?;
        Ok(Names { persons: Vec::new(), apps: vec![(app.id, json)] })
    }

    /// `{"id":"per_…","handle":"ada","name":"Ada"}`.
    pub(super) fn person(&mut self, db: &mut impl Reads, id: PersonId) -> Result<&str, Fault> {
        let at = match self.persons.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None => {
                let json = db.one(
                    "select handle, name from persons where id = $1",
                    params![id.as_bytes()],
                    |row| json_of(&PersonName::of_row(id, row, 0)?),
                )?;
                // An erased person leaves an id without a name.
                let json = match json {
                    Some(json) => json,
                    None => json_of(&PersonName { id, handle: None, name: String::new() })?,
                };
                self.persons.push((id, json));
                self.persons.len() - 1
            }
        };
        Ok(&self.persons[at].1)
    }

    /// `{"id":"app_…","name":"Jukebox"}`.
    pub(super) fn app(&mut self, db: &mut impl Reads, id: AppId) -> Result<&str, Fault> {
        let at = match self.apps.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None => {
                let name = db.one("select name from apps where id = $1", params![id.as_bytes()], |row| {
                    Ok(row.text(0)?.to_owned())
                })?;
                let json = json_of(&AppName { id, name: name.as_deref().unwrap_or_default() })?;
                self.apps.push((id, json));
                self.apps.len() - 1
            }
        };
        Ok(&self.apps[at].1)
    }

    /// Tells a message: appends its JSON to `out`.
    pub(super) fn tell(
        &mut self,
        db: &mut impl Reads,
        out: &mut String,
        body: &str,
        author: PersonId,
        via: Option<AppId>,
    ) -> Result<(), Fault> {
        out.push('{');
        out.push_str(body);
        out.push_str(r#","from":"#);
        out.push_str(self.person(db, author)?);
        if let Some(via) = via {
            out.push_str(r#","via":"#);
            out.push_str(self.app(db, via)?);
        }
        out.push('}');
        Ok(())
    }
}

/// What a person is called, as JSON says it.
#[derive(Serialize)]
pub(super) struct PersonName {
    id: PersonId,
    handle: Option<String>,
    name: String,
}

impl PersonName {
    /// Of a row with handle and name in two columns from this one on.
    pub(super) fn of_row(id: PersonId, row: &Row<'_>, column: usize) -> Result<Self, Fault> {
        let handle = row.opt_text(column)?.map(str::to_owned);
        Ok(PersonName { id, handle, name: row.text(column + 1)?.to_owned() })
    }
}

#[derive(Serialize)]
struct AppName<'a> {
    id: AppId,
    name: &'a str,
}

fn json_of(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|e| Fault::Shape(e.to_string()))
}
