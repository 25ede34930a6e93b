//! Erasing a person: what she wrote, what was recorded about her, and the keys that tie the log to her.
//!
//! Invariant: the log keeps its entries, which are commitments; with the salt keys gone they can be tied to nobody. Seqs of
//! conversations keep their places, as deleted messages.

use super::counted::uncounted;
use crate::engine::{Reads, Tx, params};
use crate::tables::events::{self, What};
use crate::tables::ids::id;
use crate::tables::map::{self, Home};
use crate::tables::{friends, grants, people};
use crate::{Refusal, Vault};
use ledger::record::{GrantActor, GrantEvent};
use model::{ConversationId, GrantId, GrantState, Handle, PersonId, Time};

/// What hangs on one grant, in the order in which it can go.
const OF_GRANT: [&str; 13] = [
    "update ledger_entries set home = null, n = null \
     where idx in (select x.leaf from access x where x.grant_id = $1 and x.leaf is not null)",
    "delete from access where grant_id = $1",
    "delete from grant_events where grant_id = $1",
    "delete from grant_conversations where grant_id = $1",
    "delete from access_tokens where family in (select f.id from token_families f where f.grant_id = $1)",
    "delete from refresh_tokens where family in (select f.id from token_families f where f.grant_id = $1)",
    "delete from codes where family in (select f.id from token_families f where f.grant_id = $1)",
    "delete from token_families where grant_id = $1",
    "delete from webhook_signals where grant_id = $1",
    "delete from webhook_lanes where grant_id = $1",
    "delete from webhook_deliveries where grant_id = $1",
    "delete from grant_lapses where grant_id = $1",
    "delete from grants where id = $1",
];

/// What lets her in goes first: nobody signs in, or lets an app in, while the rest goes.
const DOORS: [&str; 8] = [
    "update persons set password = null where id = $1",
    "delete from recoveries where person = $1",
    "delete from halves where person = $1",
    "delete from passkeys where person = $1",
    "delete from totp where person = $1",
    "delete from recovery_codes where person = $1",
    "delete from browsers where person = $1",
    "delete from sessions where person = $1",
];

/// What hangs on the person herself. Conversations of imports that nobody else with an account is in lose every word.
const OF_PERSON: [&str; 14] = [
    "delete from alerts where person = $1",
    "delete from staff_events where person = $1",
    "delete from notices where person = $1",
    "delete from devices where person = $1",
    "delete from logouts where person = $1",
    "update messages set body = '', deleted_at = coalesce(deleted_at, sent_at) where author = $1",
    "update messages set body = '', deleted_at = coalesce(deleted_at, sent_at) where author in \
     (select g.id from persons g where g.guest_of = $1)",
    "delete from hidden_messages where person = $1",
    "delete from import_messages where conversation in (select t.conversation from import_threads t where t.person = $1)",
    "delete from import_threads where person = $1",
    "delete from sends where owner = $1",
    "delete from friends where person = $1 or friend = $1",
    "update persons set name = 'Someone', guest_key = null where guest_of = $1",
    "update persons set handle = null, skeleton = null, name = 'Erased person', hidden = 1, words_out = 1 \
     where id = $1",
];

fn erase(tx: &mut Tx<'_>, person: PersonId, zeros: &[u8; 32], at: Time) -> Result<(), Refusal> {
    shut(tx, person, at)?;
    let grants = grants::select(tx, "g.person = $1", params![person.as_bytes()])?;
    let homes = grants.iter().map(|grant| Home::Grant(grant.id)).chain([Home::Person(person)]);
    map::take_out(tx, &homes.collect::<Vec<_>>())?;
    for grant in &grants {
        let grant: GrantId = grant.id;
        for sql in OF_GRANT {
            tx.put(sql, params![grant.as_bytes()])?;
        }
        tx.put("delete from sends where owner = $1", params![grant.as_bytes()])?;
    }
    let sql = "select conversation from participants where person = $1 and left_at is null";
    for conversation in tx.all(sql, params![person.as_bytes()], |row| id::<ConversationId>(row, 0))? {
        // Her place is held first, as a wish for a lock holds it, so that the lock she takes along is the one that counts.
        let sql = "update participants set left_at = $1 where conversation = $2 and person = $3";
        tx.put(sql, params![at.micros(), conversation.as_bytes(), person.as_bytes()])?;
        let sql = "update conversations set locks = locks - (select p.locked from participants p \
                   where p.conversation = $1 and p.person = $2), direct = null where id = $1";
        tx.put(sql, params![conversation.as_bytes(), person.as_bytes()])?;
        let sql = "update participants set locked = 0 where conversation = $1 and person = $2";
        tx.put(sql, params![conversation.as_bytes(), person.as_bytes()])?;
        let sql = "delete from events where conversation = $1 and person = $2";
        tx.put(sql, params![conversation.as_bytes(), person.as_bytes()])?;
        events::happened(tx, conversation, What::Conversation, at)?;
    }
    friends::requests_over(tx, person, at)?;
    for sql in OF_PERSON {
        tx.put(sql, params![person.as_bytes()])?;
    }
    tx.put("update person_counts set salt_key = $1 where person = $2", params![zeros, person.as_bytes()])?;
    Ok(())
}

/// How often the rest is begun again where something of hers came in meanwhile.
const TRIES: usize = 100;

/// Shuts everyone out, and ends her grants: from here on nothing new is recorded about her.
fn shut(tx: &mut Tx<'_>, person: PersonId, at: Time) -> Result<(), Refusal> {
    for sql in DOORS {
        tx.put(sql, params![person.as_bytes()])?;
    }
    for grant in grants::select(tx, "g.person = $1", params![person.as_bytes()])? {
        // The end is an entry in the log like any other; its salt goes with the grant.
        if grant.state != GrantState::Ended {
            let why = (GrantEvent::Ended, GrantActor::Person);
            grants::set_state(tx, grant.id, GrantState::Ended, why, at)?;
        }
    }
    Ok(())
}

impl Vault {
    /// Erases a person for good. Stopped on the way, it has shut everyone out, and can be asked for again.
    pub async fn person_erase(&self, handle: &Handle) -> Result<(), Refusal> {
        let (now, handle) = (self.world.now(), handle.clone());
        let person = self
            .engine
            .write("person_erase_shut", move |tx| -> Result<PersonId, Refusal> {
                let person = people::by_handle(tx, &handle)?.ok_or(Refusal::NotFound)?;
                shut(tx, person, now).map(|()| person)
            })
            .await?;
        for _ in 0..TRIES {
            // What apps did counts for them in the map for ever; that it was with her is forgotten.
            self.map_catch_up(false).await?;
            let erased = self.engine.write("person_erase", move |tx| -> Result<(), Refusal> {
                if uncounted(tx, person)? {
                    return Err(Refusal::Changed);
                }
                erase(tx, person, &[0; 32], now)
            });
            match erased.await {
                Err(Refusal::Changed) => {}
                Ok(()) => return self.wipe().await,
                refused => return refused,
            }
        }
        Err(Refusal::Conflict("the log is too busy to erase anyone just now; try again in a minute".into()))
    }

    /// Has the copies go that the database's own log still holds. A reader at this very moment may keep them; then they
    /// go with the next commits.
    async fn wipe(&self) -> Result<(), Refusal> {
        self.engine.wipe_log();
        // The log is emptied after a commit, when that was answered: the next answer says that it was.
        for _ in 0..2 {
            let nothing = |tx: &mut Tx<'_>| tx.one("select 1 from ledger_head", params![], |_| Ok(()));
            self.engine.write("person_erase_wipe", nothing).await?;
        }
        Ok(())
    }
}
