//! Making an account, and changing its name and password.

use super::attempts::{self, Count};
use super::browsers::Visit;
use super::notices::{self, Notice};
use super::people::insert;
use super::sessions;
use super::sign_in::{Cookies, begin};
use crate::engine::{Reads, params};
use crate::{Own, Refusal, Vault};
use model::{Handle, PersonId};

impl Vault {
    /// Makes an account and signs it in.
    pub async fn sign_up(
        &self,
        handle: &Handle,
        name: &str,
        password: String,
        visit: impl Into<Visit>,
    ) -> Result<Cookies, Refusal> {
        let visit = visit.into();
        let password = self.hash_password(password, handle.as_str(), name).await?;
        let (world, now, handle, name) =
            (self.world.clone(), self.world.now(), handle.clone(), name.to_owned());
        let person = PersonId::new(&world);
        self.engine
            .write("sign_up", move |tx| -> Result<Cookies, Refusal> {
                attempts::enter(tx, &Count::account(visit.from), now)?;
                insert(tx, &world, person, (&handle, &name), Some(&password))?;
                begin(tx, &world, person, &visit, true)
            })
            .await
    }

    /// Sets a new password after the old one was given again, and ends her other sessions. Who has none yet gives none.
    pub async fn password_change(
        &self,
        own: &Own,
        old: String,
        new: String,
        visit: impl Into<Visit>,
    ) -> Result<(), Refusal> {
        let (person, session, now, world) =
            (own.person(), own.session(), self.world.now(), self.world.clone());
        let facts = self
            .engine
            .read("password_change", move |snap| -> Result<_, Refusal> {
                let sql = "select handle, name, password from persons where id = $1";
                let found = snap.one(sql, params![person.as_bytes()], |row| {
                    Ok((
                        row.opt_text(0)?.map(str::to_owned),
                        row.text(1)?.to_owned(),
                        row.opt_text(2)?.is_some(),
                    ))
                })?;
                found.ok_or(Refusal::SignedOut)
            })
            .await?;
        let (handle, name, has_one) = facts;
        let _ = self.count(Count::hashed(person)).await?;
        // The rules come first: who breaks them has not tried the old password.
        let password = self.hash_password(new, &handle.unwrap_or_default(), &name).await?;
        let proved = match has_one {
            true => Some(self.prove_password(own, old, &visit.into()).await?),
            false => None,
        };
        self.engine
            .write("password_change", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                let before = proved.as_ref().map(|(stored, _)| stored.as_str());
                let sql = "update persons set password = $1 where id = $2 and coalesce(password, '') = $3";
                if tx.execute(sql, params![&password, person.as_bytes(), before.unwrap_or("")])? == 0 {
                    return Err(Refusal::Password);
                }
                if let Some((_, counts)) = &proved {
                    counts.leave(tx)?;
                }
                // A link that waits to set another one is worth nothing any more.
                tx.put("delete from recoveries where person = $1", params![person.as_bytes()])?;
                notices::add(tx, &world, person, &Notice::PasswordChanged {})?;
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
