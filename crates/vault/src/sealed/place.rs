//! What the rule needs to know of a conversation, for one person and one app, in one row.

use crate::Fault;
use crate::engine::{Reads, params};
use model::{AppId, ConversationId, GrantId, PersonId, Place};

/// A conversation as the rule sees it, and its newest seq.
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) last_seq: i64,
}

const FIND: &str = "select p.left_at, c.started_via, c.locks, c.last_seq, \
    (select count(*) from grant_conversations g where g.grant_id = $1 and g.conversation = c.id) \
    from conversations c join participants p on p.conversation = c.id where c.id = $2 and p.person = $3";

/// Looks the conversation up; `None` when the person was never in it.
pub(super) fn find(
    db: &mut impl Reads,
    conversation: ConversationId,
    person: PersonId,
    app: AppId,
    grant: GrantId,
) -> Result<Option<Found>, Fault> {
    db.one(FIND, params![grant.as_bytes(), conversation.as_bytes(), person.as_bytes()], |row| {
        Ok(Found {
            place: Place {
                participant: row.opt_int(0)?.is_none(),
                started: row.opt_blob(1)? == Some(app.as_bytes().as_slice()),
                locked: row.int(2)? != 0,
                chosen: row.int(4)? != 0,
            },
            last_seq: row.int(3)?,
        })
    })
}
