//! Staff: whoever runs the server may read a person's things only after a record with the reason, which the person sees.
//!
//! Invariant: a `Staff` is made by a transaction that committed that record, and reads the things of that person alone.

use super::page::{JsonPage, Page};
use crate::engine::{Reads, Tx, params};
use crate::tables::friends::{Face, face};
use crate::tables::ids::{array32, id};
use crate::tables::notices::{self, Notice};
use crate::tables::recoveries::{self, RecoveryLink};
use crate::tables::{people, queue};
use crate::{Refusal, Vault};
use ledger::commitment::{SaltKey, commit_staff};
use ledger::entry::Entry;
use ledger::record::{StaffAct, StaffRecord};
use model::{ConversationId, Handle, PersonId, World};

/// Leave of staff to read one person's things, after the record.
#[derive(Debug)]
pub struct Staff {
    person: PersonId,
}

impl Staff {
    /// Whose things.
    pub fn person(&self) -> PersonId {
        self.person
    }
}

/// One of the person's conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffConversation {
    /// Which.
    pub id: ConversationId,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Who is in it, herself among them.
    pub participants: Vec<Face>,
}

const CONVERSATIONS: &str = "select c.id, c.title from participants p join conversations c on c.id = p.conversation \
    where p.person = $1 and p.left_at is null order by c.created_at, c.id";

const PARTICIPANTS: &str = "select p.id, p.handle, p.name from participants o join persons p on p.id = o.person \
    where o.conversation = $1 and o.left_at is null order by o.joined_at, p.name, p.id";

fn reason(why: &str) -> Result<String, Refusal> {
    let why = why.trim().to_owned();
    if why.is_empty() || why.chars().count() > 500 || why.contains('\0') {
        return Err(Refusal::Invalid("say why, in 1 to 500 characters; the person will read it".into()));
    }
    Ok(why)
}

/// Records what staff is about to do with a person's things, and why, and tells her.
fn note(
    tx: &mut Tx<'_>,
    world: &World,
    handle: &Handle,
    (what, why): (StaffAct, &str),
) -> Result<PersonId, Refusal> {
    let (person, now) = (people::by_handle(tx, handle)?.ok_or(Refusal::NotFound)?, world.now());
    let sql = "update person_counts set staff_acts = staff_acts + 1 where person = $1 returning staff_acts, salt_key";
    let numbered = tx.one(sql, params![person.as_bytes()], |row| Ok((row.int(0)?, array32(row, 1)?)))?;
    let (n, salt_key) = numbered.ok_or(Refusal::NotFound)?;
    let number = super::record::unsigned(n);
    let at = now.to_string();
    let record = StaffRecord { person: person.to_string(), n: number, what, why: why.to_owned(), at };
    let entry = Entry::Staff(commit_staff(&record, &SaltKey(salt_key).staff(number))?);
    let leaf = queue::push(tx, queue::STAFF_EVENT, person.as_bytes(), n, &entry, now)?;
    let sql = "insert into staff_events (person, n, record, leaf) values ($1, $2, $3, $4)";
    tx.put(sql, params![person.as_bytes(), n, &record.render()?, leaf])?;
    let why = why.to_owned();
    let notice = match what {
        StaffAct::Export => Notice::StaffExport { why },
        StaffAct::Report => Notice::StaffReport { why },
        StaffAct::Recovery => Notice::StaffRecovery { why },
    };
    notices::add(tx, world, person, &notice)?;
    Ok(person)
}

impl Vault {
    /// Records that staff is about to export a person's things, and why; then they may.
    pub async fn staff_export(&self, handle: &Handle, why: &str) -> Result<Staff, Refusal> {
        Ok(Staff { person: self.staff_note(handle, StaffAct::Export, why).await? })
    }

    /// Makes a link that sets a new password, in the transaction that records it and tells her. She has a day to stop it.
    pub async fn staff_recovery(&self, handle: &Handle, why: &str) -> Result<RecoveryLink, Refusal> {
        let (world, handle, why) = (self.world.clone(), handle.clone(), reason(why)?);
        self.engine
            .write("staff_recovery", move |tx| -> Result<_, Refusal> {
                let person = note(tx, &world, &handle, (StaffAct::Recovery, &why))?;
                Ok(recoveries::insert(tx, &world, person)?)
            })
            .await
    }

    pub(super) async fn staff_note(
        &self,
        handle: &Handle,
        what: StaffAct,
        why: &str,
    ) -> Result<PersonId, Refusal> {
        let why = reason(why)?;
        let (world, handle) = (self.world.clone(), handle.clone());
        self.engine.write("staff_note", move |tx| note(tx, &world, &handle, (what, &why))).await
    }

    /// The person's conversations, in the order in which they began.
    pub async fn staff_conversations(&self, staff: &Staff) -> Result<Vec<StaffConversation>, Refusal> {
        let person = staff.person;
        self.engine
            .read("staff_conversations", move |snap| -> Result<_, Refusal> {
                let mut found = snap.all(CONVERSATIONS, params![person.as_bytes()], |row| {
                    let title = row.opt_text(1)?.map(str::to_owned);
                    Ok(StaffConversation { id: id(row, 0)?, title, participants: Vec::new() })
                })?;
                for one in &mut found {
                    one.participants = snap.all(PARTICIPANTS, params![one.id.as_bytes()], face)?;
                }
                Ok(found)
            })
            .await
    }

    /// A page of one of the person's conversations, as she herself would get it.
    pub async fn staff_page(
        &self,
        staff: &Staff,
        conversation: ConversationId,
        page: Page,
    ) -> Result<JsonPage, Refusal> {
        self.json_page(staff.person, conversation, page).await
    }
}
