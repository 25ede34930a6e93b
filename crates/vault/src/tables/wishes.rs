//! The wishes of the one at the other end: keep my words out, let no app in, hide me from apps.
//!
//! Invariant: a wish counts from the next request on; the gate's predicates read these columns each time.

use super::events::{self, What};
use crate::engine::{Reads, Tx, params};
use crate::{Own, Refusal, Vault};
use model::ConversationId;

/// What a person wishes in every conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wishes {
    /// Her words stay out of other people's apps.
    pub words_out: bool,
    /// Apps of her friends do not find her among their friends.
    pub hidden: bool,
}

impl Vault {
    /// What she wishes in every conversation.
    pub async fn wishes(&self, own: &Own) -> Result<Wishes, Refusal> {
        let me = own.person();
        self.engine
            .read("wishes", move |snap| -> Result<Wishes, Refusal> {
                let sql = "select words_out, hidden from persons where id = $1";
                let found = snap.one(sql, params![me.as_bytes()], |row| {
                    Ok(Wishes { words_out: row.int(0)? != 0, hidden: row.int(1)? != 0 })
                })?;
                found.ok_or(Refusal::SignedOut)
            })
            .await
    }

    /// Keeps her words in one conversation out of other people's apps, or lets them in again.
    pub async fn wish_words_out(
        &self,
        own: &Own,
        conversation: ConversationId,
        on: bool,
    ) -> Result<(), Refusal> {
        let (me, now) = (own.person(), self.world.now());
        self.engine
            .write("wish_words_out", move |tx| -> Result<(), Refusal> {
                let changed = tx.execute(
                    "update participants set words_out = $1 where conversation = $2 and person = $3 and left_at is null",
                    params![on, conversation.as_bytes(), me.as_bytes()],
                )?;
                if changed == 0 {
                    return Err(Refusal::NotFound);
                }
                Ok(events::happened(tx, conversation, What::Conversation, now)?)
            })
            .await
    }

    /// Lets no app into a conversation, or takes that back. While anyone in it wishes so, it holds.
    pub async fn wish_lock(&self, own: &Own, conversation: ConversationId, on: bool) -> Result<(), Refusal> {
        let (me, now) = (own.person(), self.world.now());
        self.engine
            .write("wish_lock", move |tx| -> Result<(), Refusal> {
                let was = tx.one(
                    "select locked from participants where conversation = $1 and person = $2 and left_at is null",
                    params![conversation.as_bytes(), me.as_bytes()],
                    |row| row.int(0),
                )?;
                was.ok_or(Refusal::NotFound)?;
                let changed = tx.execute(
                    "update participants set locked = $1 where conversation = $2 and person = $3 and locked <> $1",
                    params![on, conversation.as_bytes(), me.as_bytes()],
                )?;
                if changed > 0 {
                    let step: i64 = if on { 1 } else { -1 };
                    tx.put(
                        "update conversations set locks = locks + $1 where id = $2",
                        params![step, conversation.as_bytes()],
                    )?;
                    let what = if on { What::Locked } else { What::Conversation };
                    events::happened(tx, conversation, what, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Keeps her words out of other people's apps in every conversation, and hides her from the friends list that
    /// apps of her friends can ask for.
    pub async fn wish_everywhere(&self, own: &Own, words_out: bool, hidden: bool) -> Result<(), Refusal> {
        let (me, now) = (own.person(), self.world.now());
        self.engine
            .write("wish_everywhere", move |tx: &mut Tx<'_>| -> Result<(), Refusal> {
                let sql = "update persons set words_out = $1 where id = $2 and words_out <> $1";
                let changed = tx.execute(sql, params![words_out, me.as_bytes()])?;
                tx.put("update persons set hidden = $1 where id = $2", params![hidden, me.as_bytes()])?;
                if changed > 0 {
                    events::happened_everywhere(tx, me, now)?;
                }
                Ok(())
            })
            .await
    }
}
