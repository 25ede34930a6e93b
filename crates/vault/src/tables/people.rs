//! People: who has an account, who is a guest of an import.
//!
//! Invariant: no two people have handles that look alike (`Handle::skeleton`). A guest has no handle and no password.

use super::friends::{Face, befriend};
use super::ids::id;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use model::{Handle, PersonId, Time, World};

/// A person as the operator lists her.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Person {
    /// Her id.
    pub id: PersonId,
    /// Her handle; a guest has none.
    pub handle: Option<String>,
    /// Her name.
    pub name: String,
    /// Whether she can sign in.
    pub can_sign_in: bool,
    /// Since when.
    pub created_at: Time,
}

/// Who has this handle.
pub(crate) fn by_handle(db: &mut impl Reads, handle: &Handle) -> Result<Option<PersonId>, Fault> {
    db.one("select id from persons where handle = $1", params![handle.as_str()], |row| id(row, 0))
}

/// What is done to the things of a new person is counted from here on, and salted with a key of hers.
fn counted(tx: &mut Tx<'_>, world: &World, person: PersonId) -> Result<(), Fault> {
    let sql = "insert into person_counts (person, salt_key) values ($1, $2)";
    tx.put(sql, params![person.as_bytes(), &world.random::<32>()])
}

/// Stores a person with a handle.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    world: &World,
    person: PersonId,
    (handle, name): (&Handle, &str),
    password: Option<&str>,
) -> Result<(), Refusal> {
    let name = model::person_name(name).map_err(|invalid| Refusal::Invalid(invalid.to_string()))?;
    let added = tx.execute(
        "insert into persons (id, handle, skeleton, name, password, created_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        params![
            person.as_bytes(),
            handle.as_str(),
            &handle.skeleton(),
            &name,
            password,
            world.now().micros()
        ],
    )?;
    if added == 0 {
        return Err(Refusal::HandleTaken);
    }
    Ok(counted(tx, world, person)?)
}

impl Vault {
    /// Adds a person. Without a password she cannot sign in until she has one.
    pub async fn person_add(
        &self,
        handle: &Handle,
        name: &str,
        password: Option<String>,
    ) -> Result<PersonId, Refusal> {
        let password = match password {
            Some(clear) => Some(self.hash_password(clear, handle.as_str(), name).await?),
            None => None,
        };
        let (world, handle, name) = (self.world.clone(), handle.clone(), name.to_owned());
        let person = PersonId::new(&world);
        self.engine
            .write("person_add", move |tx| -> Result<PersonId, Refusal> {
                insert(tx, &world, person, (&handle, &name), password.as_deref())?;
                Ok(person)
            })
            .await
    }

    /// Everyone with an account, and every guest, by handle and name.
    pub async fn person_list(&self) -> Result<Vec<Person>, Refusal> {
        self.engine
            .read("person_list", move |snap| -> Result<_, Refusal> {
                let sql =
                    "select id, handle, name, password, created_at from persons order by handle, name, id";
                Ok(snap.all(sql, params![], |row| {
                    Ok(Person {
                        id: id(row, 0)?,
                        handle: row.opt_text(1)?.map(str::to_owned),
                        name: row.text(2)?.to_owned(),
                        can_sign_in: row.opt_text(3)?.is_some(),
                        created_at: Time::from_micros(row.int(4)?),
                    })
                })?)
            })
            .await
    }

    /// Who has this handle.
    pub async fn person_by_handle(&self, handle: &Handle) -> Result<PersonId, Refusal> {
        let handle = handle.clone();
        self.engine
            .read("person_by_handle", move |snap| by_handle(snap, &handle)?.ok_or(Refusal::NotFound))
            .await
    }

    /// How a person is called.
    pub async fn person_face(&self, person: PersonId) -> Result<Face, Refusal> {
        self.engine
            .read("person_face", move |snap| -> Result<_, Refusal> {
                let sql = "select id, handle, name from persons where id = $1";
                snap.one(sql, params![person.as_bytes()], super::friends::face)?.ok_or(Refusal::NotFound)
            })
            .await
    }

    /// Makes two people friends, for the operator who moves a community here.
    pub async fn person_befriend(&self, one: &Handle, other: &Handle) -> Result<(), Refusal> {
        let (now, one, other) = (self.world.now(), one.clone(), other.clone());
        self.engine
            .write("person_befriend", move |tx| -> Result<(), Refusal> {
                let one = by_handle(tx, &one)?.ok_or(Refusal::NotFound)?;
                let other = by_handle(tx, &other)?.ok_or(Refusal::NotFound)?;
                if one == other {
                    return Err(Refusal::Invalid("nobody is a friend of herself".into()));
                }
                Ok(befriend(tx, one, other, now)?)
            })
            .await
    }

    /// The guests with these keys and names in the imports of a person, in the same order; made where they are new.
    pub async fn person_guests(
        &self,
        of: PersonId,
        guests: Vec<(String, String)>,
    ) -> Result<Vec<PersonId>, Refusal> {
        let world = self.world.clone();
        self.engine
            .write("person_guests", move |tx| -> Result<Vec<PersonId>, Refusal> {
                Ok(guests
                    .iter()
                    .map(|(key, name)| guest(tx, &world, of, (key, name)))
                    .collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn guest(tx: &mut Tx<'_>, world: &World, of: PersonId, (key, name): (&str, &str)) -> Result<PersonId, Fault> {
    let sql = "select id from persons where guest_of = $1 and guest_key = $2";
    if let Some(guest) = tx.one(sql, params![of.as_bytes(), key], |row| id(row, 0))? {
        return Ok(guest);
    }
    let guest = PersonId::new(world);
    tx.put(
        "insert into persons (id, name, guest_of, guest_key, created_at) values ($1, $2, $3, $4, $5)",
        params![guest.as_bytes(), name, of.as_bytes(), key, world.now().micros()],
    )?;
    counted(tx, world, guest)?;
    Ok(guest)
}
