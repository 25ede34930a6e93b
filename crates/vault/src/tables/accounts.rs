//! Signing up and in with a password.
//!
//! Invariant: a wrong handle costs the same work and gives the same answer as a wrong password. Hashing takes long, so a
//! session begins only if the password that was compared is still hers in the transaction that begins it.

use super::ids::id;
use super::passwords::{hash, is_dated, verify};
use super::people::insert;
use super::secret::{Secret, SecretKind};
use super::sessions;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use factors::password::CHARS_MAX;
use model::{Handle, PersonId};

/// The password that was compared is hers now: she may have changed it, or been erased, meanwhile.
fn still(tx: &mut Tx<'_>, person: PersonId, stored: Option<&str>) -> Result<(), Refusal> {
    let sql = "update persons set password = password where id = $1 and password = $2";
    let same = tx.execute(sql, params![person.as_bytes(), stored])?;
    if same == 0 { Err(Refusal::Password) } else { Ok(()) }
}

/// Whose password fits, and the hash that it was compared with.
struct Compared {
    handle: String,
    name: String,
    password: Option<String>,
}

impl Vault {
    /// Makes an account and signs it in. The session cookie comes back.
    pub async fn sign_up(
        &self,
        handle: &Handle,
        name: &str,
        password: String,
        agent: &str,
    ) -> Result<String, Refusal> {
        let password = self.hash_password(password, handle.as_str(), name).await?;
        let (world, handle, name, agent) =
            (self.world.clone(), handle.clone(), name.to_owned(), agent.to_owned());
        let person = PersonId::new(&world);
        self.engine
            .write("sign_up", move |tx| -> Result<String, Refusal> {
                insert(tx, &world, person, (&handle, &name), Some(&password))?;
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::insert(tx, &world, person, &cookie, &agent)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// Signs a person in. The session cookie comes back.
    pub async fn sign_in(&self, handle: &str, password: String, agent: &str) -> Result<String, Refusal> {
        let place = self.hashing_place()?;
        let found = match Handle::parse(handle) {
            Ok(handle) => {
                self.engine
                    .read("sign_in", move |snap| -> Result<_, Refusal> {
                        let sql = "select id, password from persons where handle = $1";
                        Ok(snap.one(sql, params![handle.as_str()], |row| {
                            Ok((id::<PersonId>(row, 0)?, row.opt_text(1)?.map(str::to_owned)))
                        })?)
                    })
                    .await?
            }
            Err(_) => None,
        };
        let (person, stored) = found.map_or((None, None), |(person, stored)| (Some(person), stored));
        let too_long = password.chars().count() > CHARS_MAX;
        let (compared, salt) = (stored.clone(), self.world.random::<16>());
        let work = move || -> Result<(bool, Option<String>), Fault> {
            let fits = !too_long & verify(&password, compared.as_deref());
            let dated = fits && compared.is_some_and(|stored| is_dated(&stored));
            Ok((fits, if dated { Some(hash(&password, &salt)?) } else { None }))
        };
        let (fits, renewed) = self.off_thread(place, work).await??;
        let person = person.filter(|_| fits).ok_or(Refusal::Password)?;
        let (world, agent) = (self.world.clone(), agent.to_owned());
        self.engine
            .write("sign_in", move |tx| -> Result<String, Refusal> {
                still(tx, person, stored.as_deref())?;
                if let Some(renewed) = &renewed {
                    let sql = "update persons set password = $1 where id = $2";
                    tx.put(sql, params![renewed, person.as_bytes()])?;
                }
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::insert(tx, &world, person, &cookie, &agent)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// Compares a password with hers.
    async fn compared(&self, person: PersonId, clear: String) -> Result<Compared, Refusal> {
        let place = self.hashing_place()?;
        let found = self
            .engine
            .read("password_of", move |snap| -> Result<_, Refusal> {
                let sql = "select handle, name, password from persons where id = $1";
                let found = snap.one(sql, params![person.as_bytes()], |row| {
                    let text = |found: Option<&str>| found.unwrap_or_default().to_owned();
                    let (handle, name) = (text(row.opt_text(0)?), text(row.opt_text(1)?));
                    Ok(Compared { handle, name, password: row.opt_text(2)?.map(str::to_owned) })
                })?;
                found.ok_or(Refusal::SignedOut)
            })
            .await?;
        let stored = found.password.clone();
        let fits = self.off_thread(place, move || verify(&clear, stored.as_deref())).await?;
        if fits { Ok(found) } else { Err(Refusal::Password) }
    }

    /// She proves again that it is her. The session goes on under the new cookie that comes back.
    pub async fn sign_in_again(&self, own: &Own, password: String) -> Result<String, Refusal> {
        let (person, session) = (own.person(), own.session());
        let stored = self.compared(person, password).await?.password;
        let (world, now) = (self.world.clone(), self.world.now());
        self.engine
            .write("sign_in_again", move |tx| -> Result<String, Refusal> {
                still(tx, person, stored.as_deref())?;
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::renew(tx, session, &cookie, now)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// Sets a new password after the old one was given again, and ends her other sessions.
    pub async fn password_change(&self, own: &Own, old: String, new: String) -> Result<(), Refusal> {
        let (person, session) = (own.person(), own.session());
        let Compared { handle, name, password: stored } = self.compared(person, old).await?;
        let password = self.hash_password(new, &handle, &name).await?;
        let now = self.world.now();
        self.engine
            .write("password_change", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                let sql = "update persons set password = $1 where id = $2 and password = $3";
                if tx.execute(sql, params![&password, person.as_bytes(), stored.as_deref()])? == 0 {
                    return Err(Refusal::Password);
                }
                Ok(sessions::end_others(tx, person, session, now)?)
            })
            .await
    }

    /// Changes the name by which others see her.
    pub async fn rename(&self, own: &Own, name: &str) -> Result<(), Refusal> {
        let name = model::person_name(name).map_err(|e| Refusal::Invalid(e.to_string()))?;
        let person = own.person();
        self.engine
            .write("rename", move |tx| -> Result<(), Refusal> {
                Ok(tx.put("update persons set name = $1 where id = $2", params![&name, person.as_bytes()])?)
            })
            .await
    }
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
