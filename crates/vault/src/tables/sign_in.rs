//! Signing in: with a password, and a code where she has set one up; and proving again that it is her.
//!
//! Invariant: a wrong handle costs the same work and gives the same answer as a wrong password. Hashing takes long, so a
//! session begins only if the password that was compared is still hers in the transaction that begins it, and a code is
//! used up in that same transaction.

use super::attempts::{Count, Counted};
use super::browsers::{self, Visit};
use super::ids::id;
use super::notices::{self, Notice};
use super::passwords::{Hasher, is_dated};
use super::second_factor::{self, Code};
use super::secret::{Secret, SecretKind};
use super::sessions;
use crate::engine::{Reads, Tx, params};
use crate::{Own, Refusal, Vault};
use factors::password::CHARS_MAX;
use model::{Handle, PersonId, Time, World};

/// How long she has for the code after the password, in seconds: 5 minutes.
pub const HALF_S: i64 = 300;

/// The cookies of a browser in which she is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookies {
    /// Opens her session.
    pub session: String,
    /// By which the browser is known the next time. Opens nothing.
    pub browser: String,
}

impl std::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookies")
    }
}

/// What became of a right password.
#[derive(Clone, PartialEq, Eq)]
pub enum SignIn {
    /// She is signed in.
    Done(Cookies),
    /// She has a second factor, and is signed in with [`Vault::sign_in_code`], which wants this back.
    Half(String),
}

impl SignIn {
    /// The cookies, if she is signed in.
    pub fn cookies(self) -> Option<Cookies> {
        if let SignIn::Done(cookies) = self { Some(cookies) } else { None }
    }
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, SignIn::Done(_)) { "Done" } else { "Half" })
    }
}

/// A person who may be the one that signs in.
struct Candidate {
    person: PersonId,
    stored: Option<String>,
    browser: Option<[u8; 32]>,
}

/// Begins a session. `first`: the account was made just now.
pub(crate) fn begin(
    tx: &mut Tx<'_>,
    world: &World,
    person: PersonId,
    visit: &Visit,
    first: bool,
) -> Result<Cookies, Refusal> {
    let (browser, token) = browsers::note(tx, world, person, visit, first)?;
    let cookie = Secret::new(SecretKind::Session, world);
    sessions::insert(tx, world, person, &cookie, (&visit.agent, &token))?;
    tracing::info!(%person, "signed in");
    Ok(Cookies { session: cookie.into_clear(), browser })
}

/// The password that was compared is hers now: she may have changed it, or been erased, meanwhile.
pub(crate) fn still(tx: &mut Tx<'_>, person: PersonId, stored: Option<&str>) -> Result<(), Refusal> {
    let sql = "update persons set password = password where id = $1 and password = $2";
    let same = tx.execute(sql, params![person.as_bytes(), stored])?;
    if same == 0 { Err(Refusal::Password) } else { Ok(()) }
}

/// What waits for a code, if it has not waited too long.
fn half(db: &mut impl Reads, token: &[u8; 32], now: Time) -> Result<PersonId, Refusal> {
    let sql = "select person from halves where token = $1 and ends_at > $2";
    db.one(sql, params![token, now.micros()], |row| id(row, 0))?.ok_or(Refusal::SignedOut)
}

/// Forgets those who never came with a code, at most so many. How many.
pub(crate) fn purge_halves(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, crate::Fault> {
    let sql = "delete from halves where token in (select token from halves where ends_at <= $1 limit $2)";
    tx.execute(sql, params![now.micros(), most])
}

impl Vault {
    /// Signs a person in.
    pub async fn sign_in(
        &self,
        handle: &str,
        password: String,
        visit: impl Into<Visit>,
    ) -> Result<SignIn, Refusal> {
        let (visit, now) = (visit.into(), self.world.now());
        let place = self.hashing_place()?;
        let candidate = self.candidate(handle, &visit).await?;
        let browser = candidate.as_ref().and_then(|one| one.browser.as_ref());
        let counts = Count::password(handle, visit.from, browser);
        let counts = self.count(counts).await?;
        let too_long = password.chars().count() > CHARS_MAX;
        let compared = candidate.as_ref().and_then(|one| one.stored.clone());
        let salt = self.world.random::<16>();
        let work = move |hasher: &Hasher<'_>| {
            let fits = !too_long & hasher.verify(&password, compared.as_deref());
            let renew = fits && compared.as_deref().is_some_and(is_dated);
            let renewed = renew.then(|| hasher.hash(&password, &salt));
            (fits, renewed)
        };
        let (fits, renewed) = self.off_thread(place, work).await?;
        let person = candidate.as_ref().map(|one| one.person);
        let Some(Candidate { person, stored, .. }) = candidate.filter(|_| fits) else {
            let person = person.map(tracing::field::display);
            tracing::info!(person, "a password was wrong");
            return Err(Refusal::Password);
        };
        let (world, renewed) = (self.world.clone(), renewed.transpose()?);
        self.engine
            .write("sign_in", move |tx| -> Result<SignIn, Refusal> {
                still(tx, person, stored.as_deref())?;
                counts.leave(tx)?;
                if let Some(renewed) = &renewed {
                    let sql = "update persons set password = $1 where id = $2";
                    tx.put(sql, params![renewed, person.as_bytes()])?;
                }
                if !second_factor::is_on(tx, person)? {
                    return begin(tx, &world, person, &visit, false).map(SignIn::Done);
                }
                let token = Secret::new(SecretKind::Half, &world);
                let sql = "insert into halves (token, person, ends_at) values ($1, $2, $3)";
                let ends_at = now.plus_seconds(HALF_S).micros();
                tx.put(sql, params![&token.hash(), person.as_bytes(), ends_at])?;
                Ok(SignIn::Half(token.into_clear()))
            })
            .await
    }

    /// Who has this handle, and whether this browser is hers.
    async fn candidate(&self, handle: &str, visit: &Visit) -> Result<Option<Candidate>, Refusal> {
        let handle = Handle::parse(handle).ok();
        let (now, token) = (self.world.now(), visit.token());
        self.engine
            .read("sign_in", move |snap| -> Result<_, Refusal> {
                let sql = "select id, password from persons where handle = $1";
                // What is no handle is looked for all the same, and where there is nobody her browser: the work tells nothing.
                let handle = handle.as_ref().map_or("", Handle::as_str);
                let found = snap.one(sql, params![handle], |row| {
                    Ok((id::<PersonId>(row, 0)?, row.opt_text(1)?.map(str::to_owned)))
                })?;
                let person = found.as_ref().map_or(PersonId::from_bytes([0; 16]), |(person, _)| *person);
                let browser = browsers::known(snap, person, token, now)?;
                Ok(found.map(|(person, stored)| Candidate { person, stored, browser }))
            })
            .await
    }

    /// Signs in who has given her password, with a one-time or a recovery code. [`Refusal::SignedOut`]: it took too long.
    pub async fn sign_in_code(
        &self,
        half_sign_in: &str,
        code: &str,
        visit: Visit,
    ) -> Result<Cookies, Refusal> {
        let token = Secret::read(SecretKind::Half, half_sign_in).ok_or(Refusal::SignedOut)?.hash();
        let now = self.world.now();
        let person = self.engine.read("half", move |snap| half(snap, &token, now)).await?;
        let (code, counts) = self.code(person, code, &visit).await?;
        let world = self.world.clone();
        self.engine
            .write("sign_in_code", move |tx| -> Result<Cookies, Refusal> {
                let sql = "delete from halves where token = $1 and person = $2";
                if tx.execute(sql, params![&token, person.as_bytes()])? == 0 {
                    return Err(Refusal::SignedOut);
                }
                second_factor::spend(tx, &world, person, &code)?;
                counts.leave(tx)?;
                begin(tx, &world, person, &visit, false)
            })
            .await
    }

    /// Whether a code is right, counted as an attempt. It is used up by `second_factor::spend`.
    pub(crate) async fn code(
        &self,
        person: PersonId,
        typed: &str,
        visit: &Visit,
    ) -> Result<(Code, Counted), Refusal> {
        let (now, token) = (self.world.now(), visit.token());
        let place = self.hashing_place()?;
        let (browser, known) = self
            .engine
            .read("code", move |snap| -> Result<_, Refusal> {
                Ok((browsers::known(snap, person, token, now)?, second_factor::known(snap, person)?))
            })
            .await?;
        let counts = self.count(Count::code(person, visit.from, browser.as_ref())).await?;
        let typed = typed.to_owned();
        let held = self.off_thread(place, move |hasher| known.holds(hasher, &typed, now)).await?;
        if held.is_none() {
            tracing::info!(%person, "a code was wrong");
            if browser.is_none() {
                let world = self.world.clone();
                let tell = move |tx: &mut Tx<'_>| -> Result<(), Refusal> {
                    Ok(notices::add(tx, &world, person, &Notice::CodeWrong {})?)
                };
                self.engine.write("code_wrong", tell).await?;
            }
        }
        Ok((held.ok_or(Refusal::Code)?, counts))
    }

    /// She proves again that it is her: with her password, and a code where she has a second factor. The session goes on
    /// under the new cookie that comes back.
    pub async fn sign_in_again(
        &self,
        own: &Own,
        password: String,
        code: &str,
        visit: impl Into<Visit>,
    ) -> Result<String, Refusal> {
        let (person, session, visit) = (own.person(), own.session(), visit.into());
        let (stored, counts) = self.prove_password(own, password, &visit).await?;
        let code = match self.engine.read("is_on", move |snap| Ok(second_factor::is_on(snap, person)?)).await
        {
            Err(refusal) => return Err(refusal),
            Ok(true) => Some(self.code(person, code, &visit).await?),
            Ok(false) => None,
        };
        let (world, now) = (self.world.clone(), self.world.now());
        self.engine
            .write("sign_in_again", move |tx| -> Result<String, Refusal> {
                still(tx, person, Some(&stored))?;
                counts.leave(tx)?;
                match &code {
                    Some((code, counts)) => {
                        second_factor::spend(tx, &world, person, code)?;
                        counts.leave(tx)?;
                    }
                    // She may have set it up meanwhile.
                    None if second_factor::is_on(tx, person)? => return Err(Refusal::Code),
                    None => {}
                }
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::renew(tx, session, &cookie, now)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// Her password was given again and is right: as it is stored, and as it was counted.
    pub(crate) async fn prove_password(
        &self,
        own: &Own,
        password: String,
        visit: &Visit,
    ) -> Result<(String, Counted), Refusal> {
        let (person, now, token) = (own.person(), self.world.now(), visit.token());
        let place = self.hashing_place()?;
        let (handle, stored, browser) = self
            .engine
            .read("password_of", move |snap| -> Result<_, Refusal> {
                let sql = "select handle, password from persons where id = $1";
                let found = snap.one(sql, params![person.as_bytes()], |row| {
                    Ok((row.opt_text(0)?.map(str::to_owned), row.opt_text(1)?.map(str::to_owned)))
                })?;
                let (handle, stored) = found.ok_or(Refusal::SignedOut)?;
                Ok((handle.unwrap_or_default(), stored, browsers::known(snap, person, token, now)?))
            })
            .await?;
        let counts = self.count(Count::password(&handle, visit.from, browser.as_ref())).await?;
        let compared = stored.clone();
        let fits =
            self.off_thread(place, move |hasher| hasher.verify(&password, compared.as_deref())).await?;
        if !fits {
            tracing::info!(%person, "a password was wrong");
        }
        Ok((stored.filter(|_| fits).ok_or(Refusal::Password)?, counts))
    }
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
